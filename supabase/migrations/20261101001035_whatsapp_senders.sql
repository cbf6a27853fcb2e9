-- Whom a delivery is about: its messages' contacts where all ids are known, and for
-- private.resolve_whatsapp_people the people of whom something is new.

create function private.whatsapp_people(messages private.whatsapp_message[], calls private.whatsapp_call[],
  facts private.whatsapp_fact[], moves private.whatsapp_person[], changes private.whatsapp_change[])
returns private.whatsapp_person[]
language plpgsql stable
set search_path = ''
as $$
begin
  return array(
    select row(m.workspace_id, m.wa_id, m.bsuid, m.parent_bsuid, null, null, null, true,
      case when not m.from_history then m.profile_name end, m.happened_at)::private.whatsapp_person
    from unnest(messages) m where m.contact_id is null
    union all
    select row(k.workspace_id, k.wa_id, k.bsuid, null, null, null, null, true, k.profile_name, k.happened_at)::private.whatsapp_person
    from unnest(calls) k where private.whatsapp_contact(k.workspace_id, k.wa_id, k.bsuid, null) is null
    union all
    -- Whoever is taken out of the phone book is nobody for that.
    select row(f.workspace_id, f.wa_id, f.bsuid, null, null, null, null, f.kind <> 'phonebook' or f.granted, null, null)::private.whatsapp_person
    from unnest(facts) f where private.whatsapp_contact(f.workspace_id, f.wa_id, f.bsuid, null) is null
    union all
    select l from unnest(private.new_links(array(select w from private.whatsapp_links(changes) w))) l
    union all
    select p from unnest(moves) p);
end
$$;
comment on function private.whatsapp_people(
    private.whatsapp_message[], private.whatsapp_call[], private.whatsapp_fact[], private.whatsapp_person[], private.whatsapp_change[]) is
  'The people of a delivery of whom something is new: an id, or that two ids are one person''s.';

create function private.locate_messages(messages private.whatsapp_message[]) returns private.whatsapp_message[]
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  return array(
    select row(m.workspace_id, m.phone_number_id, m.wa_id, m.bsuid, m.parent_bsuid, m.profile_name, m.username, m.happened_at,
      m.message, m.outbound, m.from_history, case
        when (m.wa_id is null or f.by_wa_id is not null) and (m.bsuid is null or f.by_bsuid is not null)
          and (m.parent_bsuid is null or f.by_parent is not null)
          and coalesce(f.by_bsuid = f.by_wa_id, true) and coalesce(f.by_parent = coalesce(f.by_wa_id, f.by_bsuid), true)
        then coalesce(f.by_wa_id, f.by_bsuid, f.by_parent) end)::private.whatsapp_message
    from unnest(messages) m
    cross join lateral (
      select
        (select i.contact_id from public.contact_identities i
          where i.workspace_id = m.workspace_id and i.channel = 'whatsapp' and i.external_id = m.wa_id) as by_wa_id,
        (select i.contact_id from public.contact_identities i
          where i.workspace_id = m.workspace_id and i.channel = 'whatsapp_bsuid' and i.external_id = m.bsuid) as by_bsuid,
        (select i.contact_id from public.contact_identities i
          where i.workspace_id = m.workspace_id and i.channel = 'whatsapp_parent_bsuid'
            and i.external_id = m.parent_bsuid) as by_parent
      offset 0
    ) as f);
end
$$;
comment on function private.locate_messages(private.whatsapp_message[]) is
  'The messages with their contacts, as private.whatsapp_contact finds them, where all ids of a person are one contact''s.';

create function private.lock_senders(messages private.whatsapp_message[], further uuid[] default '{}', numbers_change boolean default false)
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  contacts uuid[] := array(
    select f from unnest(further) f where f is not null union select m.contact_id from unnest(messages) m where m.contact_id is not null);
  locked int;
begin
  if numbers_change then
    -- To change a number is to wait for all who refer to the contact. One who has just stored a
    -- message of it wants its activity next, which we must not have in hand by then.
    perform from public.contacts c where c.id = any (contacts) order by c.id for update;
  else
    perform from public.contacts c where c.id = any (contacts) order by c.id for no key update;
  end if;
  get diagnostics locked = row_count;
  perform from public.contact_activity a where a.contact_id = any (contacts) order by a.contact_id for no key update;
  -- One that goes while we wait for another, or comes back, is not among those locked.
  if locked < cardinality(contacts) then
    perform private.start_over();
  end if;
  return contacts;
end
$$;
comment on function private.lock_senders(private.whatsapp_message[], uuid[], boolean) is
  'Locks the contacts of messages, and further ones, all at once and in the order of their ids: whoever locks some first and others later waits for a merge that waits for them. Starts over if one of them went while we waited; returns them. numbers_change: their phones may be written.';

create function private.assert_held(messages private.whatsapp_message[], held uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  if exists (select from unnest(messages) m where m.contact_id <> all (held)) then
    perform private.start_over();
  end if;
end
$$;
comment on function private.assert_held(private.whatsapp_message[], uuid[]) is
  'Messages that were located after the contacts were locked: starts over if one is of a contact that is not among these, because a merge was undone while we waited.';

create function private.start_over() returns void
language plpgsql
set search_path = ''
as $$
begin
  raise foreign_key_violation using message = 'whose an id is has changed';
end
$$;
comment on function private.start_over() is
  'Ends an attempt to store a delivery and gives its locks back (private.process_whatsapp_again): a merge, or its undoing, came before.';

create function private.new_links(links private.whatsapp_person[]) returns private.whatsapp_person[]
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  return array(
    select l from unnest(links) l
    cross join lateral (
      select
        (select i.contact_id from public.contact_identities i
          where i.workspace_id = l.workspace_id and i.channel = 'whatsapp' and i.external_id = l.wa_id) as by_wa_id,
        (select i.contact_id from public.contact_identities i
          where i.workspace_id = l.workspace_id and i.channel = 'whatsapp_bsuid' and i.external_id = l.bsuid) as by_bsuid
      offset 0
    ) as f
    -- Nearly always these two, and known.
    where case when l.parent_bsuid is null and l.wa_id is not null and l.bsuid is not null then
        f.by_wa_id is distinct from f.by_bsuid
        -- Both unknown is news until it is kept. Looked up: of `not exists` a hash of all links may be made.
        or f.by_wa_id is null and (
          select true from private.identity_links k
          where k.workspace_id = l.workspace_id and k.channel = 'whatsapp' and k.external_id = l.wa_id
            and k.other_channel = 'whatsapp_bsuid' and k.other_id = l.bsuid) is null
      else private.whatsapp_contact(l.workspace_id, l.wa_id, l.bsuid, l.parent_bsuid) is null end);
end
$$;
comment on function private.new_links(private.whatsapp_person[]) is 'Those of the links that are not known yet.';
