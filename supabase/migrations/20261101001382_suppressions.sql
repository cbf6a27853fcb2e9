-- Deleted people who had asked not to be written to or called stay so, whoever enters them again; who
-- was taken out of the app's phone book before they were a contact gets no older name from it.

create table private.suppressions (
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  hash bytea not null,
  kind text not null check (kind in ('marketing', 'calls', 'phonebook')),
  refused_at timestamptz not null,
  primary key (workspace_id, hash, kind)
);
alter table private.suppressions enable row level security;
comment on table private.suppressions is
  'What holds for people who are no contacts, by keyed hashes of their ids: deleted ones had asked not to be written to or called, and a later import must not make them reachable again; others were taken out of the app''s phone book.';

create function private.keep_suppressions(contacts uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.suppressions as s (workspace_id, hash, kind, refused_at)
  select c.workspace_id, h.hash, refused.kind, max(coalesce((private.latest_consent(c.id, refused.kind)).happened_at, now()))
  from public.contacts c
  cross join lateral (values ('marketing', c.opted_out), ('calls', c.do_not_call)) as refused (kind, is_so)
  cross join lateral private.erasure_hashes(array[c.phone_key] || array(
    select coalesce(i.phone_key, i.channel || ' ' || i.external_id) from public.contact_identities i where i.contact_id = c.id)) h
  where c.id = any (contacts) and refused.is_so
  group by 1, 2, 3
  order by 1, 2, 3
  on conflict (workspace_id, hash, kind) do update set refused_at = greatest(s.refused_at, excluded.refused_at);
end
$$;
comment on function private.keep_suppressions(uuid[]) is 'Remembers of contacts, about to be deleted, what they have asked not to get.';

create function private.suppress_phonebook_names(removals private.whatsapp_fact[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.suppressions as s (workspace_id, hash, kind, refused_at)
  select f.workspace_id, h.hash, 'phonebook', max(f.happened_at)
  from unnest(removals) f
  cross join lateral private.erasure_hashes(array[private.phone_key(f.wa_id), 'whatsapp_bsuid ' || f.bsuid]) h
  group by 1, 2
  order by 1, 2
  on conflict (workspace_id, hash, kind) do update set refused_at = greatest(s.refused_at, excluded.refused_at);
end
$$;
comment on function private.suppress_phonebook_names(private.whatsapp_fact[]) is
  'Remembers who was taken out of the phone book and is no contact: that they were in it may be told later.';

create function private.apply_suppressions(contacts uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  found_ record;
begin
  select jsonb_agg(jsonb_build_object('workspace_id', k.workspace_id, 'contact_id', k.contact_id, 'kind', s.kind,
      'granted', false, 'source', 'suppression', 'happened_at', s.refused_at)) filter (where s.kind <> 'phonebook') as consents,
    array_agg(k.contact_id) filter (where s.kind = 'phonebook') as unlisted,
    array_agg(s.refused_at) filter (where s.kind = 'phonebook') as unlisted_at
  into found_
  from (
    select c.workspace_id, c.id as contact_id, c.phone_key as key from public.contacts c
    where c.id = any (contacts) and c.phone_key is not null
    union
    select i.workspace_id, i.contact_id, coalesce(i.phone_key, i.channel || ' ' || i.external_id)
    from public.contact_identities i where i.contact_id = any (contacts)
  ) as k
  cross join lateral private.erasure_hashes(array[k.key]) h
  -- One look an id. A join reads all that is suppressed, however few ids there are.
  cross join lateral (
    select r.kind, r.refused_at from private.suppressions r where r.workspace_id = k.workspace_id and r.hash = h.hash offset 0) as s;
  if found_.consents is not null then
    perform private.record_consents(found_.consents);
  end if;
  perform private.name_by_phonebook(found_.unlisted, null, found_.unlisted_at);
end
$$;
comment on function private.apply_suppressions(uuid[]) is
  'Contacts whose number or id is suppressed have refused, or left the phone book, as of when they did; what is heard later counts.';

create function private.suppress_inserted() returns trigger
language plpgsql
-- Definer: nobody reads suppressions.
security definer set search_path = ''
as $$
begin
  -- Nobody who asked for no more messages was ever deleted: the usual case costs one look. Whoever
  -- comes back when a merge is undone has what was said before among their consents.
  if private.is_merging() or not exists (select from private.suppressions) then
    return null;
  end if;
  if tg_table_name = 'contacts' then
    perform private.apply_suppressions(array(select i.id from inserted i));
  else
    perform private.apply_suppressions(array(select distinct (to_jsonb(i) ->> 'contact_id')::uuid from inserted i));
  end if;
  return null;
end
$$;
comment on function private.suppress_inserted() is 'Trigger: new contacts and new ids of contacts are looked for among the suppressed.';

create trigger contacts_750_suppressed after insert on public.contacts
  referencing new table as inserted for each statement execute function private.suppress_inserted();
create trigger contact_identities_750_suppressed after insert on public.contact_identities
  referencing new table as inserted for each statement execute function private.suppress_inserted();

create function private.suppress_changed() returns trigger
language plpgsql
-- Definer: nobody reads suppressions.
security definer set search_path = ''
as $$
begin
  if not private.is_merging() then
    perform private.apply_suppressions(array[new.id]);
  end if;
  return null;
end
$$;
comment on function private.suppress_changed() is 'Trigger: a contact with another number is looked for among the suppressed.';

create trigger contacts_750_suppressed_phone after update of phone on public.contacts
  for each row when (new.phone_key is distinct from old.phone_key) execute function private.suppress_changed();
