-- Two contacts that are one person become one.

create table public.contact_merges (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  primary_id uuid not null references public.contacts (id) on delete cascade,
  duplicate_id uuid not null,
  actor_type text not null check (actor_type in ('member', 'api_key', 'system')),
  actor_id uuid,
  duplicate jsonb not null,
  merged_at timestamptz not null default now()
);
create index contact_merges_primary_id_idx on public.contact_merges (primary_id);
create index contact_merges_duplicate_id_idx on public.contact_merges (duplicate_id);
create index contact_merges_workspace_id_idx on public.contact_merges (workspace_id);
comment on table public.contact_merges is 'Which contact went up in which: the old id still leads to the new one.';
comment on column public.contact_merges.duplicate is 'The contact as it was.';

create function private.current_contact(workspace uuid, contact uuid) returns uuid
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce(
    (select c.id from public.contacts c where c.id = contact and c.workspace_id = workspace),
    (select m.primary_id from public.contact_merges m
      where m.duplicate_id = contact and m.workspace_id = workspace
      order by m.merged_at desc, m.id desc limit 1));
end
$$;
comment on function private.current_contact(uuid, uuid) is
  'A contact''s id, also one that it had before a merge → the id it has now; null if there is none in the workspace.';

create function private.move_references(target regclass, from_id uuid, to_id uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  reference record;
begin
  -- From the catalogue, so that no later table can be forgotten.
  for reference in
    select r.conrelid::regclass as relation, a.attname as attribute
    from pg_catalog.pg_constraint r
    join pg_catalog.pg_attribute a on a.attrelid = r.conrelid and a.attnum = any (r.conkey)
    where r.confrelid = target and r.contype = 'f' and cardinality(r.conkey) = 1
  loop
    execute format('update %s set %I = $2 where %2$I = $1', reference.relation, reference.attribute) using from_id, to_id;
  end loop;
end
$$;
comment on function private.move_references(regclass, uuid, uuid) is
  'Everything that refers to one row of a table refers to another of it from now on.';

create function private.merge_conversation(kept uuid, other uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  k public.conversations;
  o public.conversations;
begin
  -- Nobody may store a message in the one that goes while its messages are moved.
  perform from public.conversations v where v.id in (kept, other) order by v.id for update;
  select * into k from public.conversations v where v.id = kept;
  select * into o from public.conversations v where v.id = other;
  update public.messages set conversation_id = kept, contact_id = k.contact_id where conversation_id = other;
  perform private.move_references('public.conversations', other, kept);
  delete from public.conversations where id = other;
  update public.conversations v
  set message_count = k.message_count + o.message_count,
    last_message_at = greatest(k.last_message_at, o.last_message_at),
    phone_number_id = case
      when k.last_inbound_at = o.last_inbound_at then greatest(k.phone_number_id, o.phone_number_id)
      when coalesce(k.last_inbound_at, '-infinity') > coalesce(o.last_inbound_at, '-infinity') then k.phone_number_id
      else o.phone_number_id end,
    last_inbound_at = greatest(k.last_inbound_at, o.last_inbound_at),
    read_until = greatest(k.read_until, o.read_until),
    escalated_at = greatest(k.escalated_at, o.escalated_at),
    unread_count = (
      select count(*) from public.messages m
      where m.conversation_id = kept and m.direction = 'inbound' and not m.from_history
        and m.sent_at > coalesce(greatest(k.read_until, o.read_until), '-infinity')),
    created_at = least(k.created_at, o.created_at),
    assigned_to = coalesce(k.assigned_to, o.assigned_to),
    -- Open if either is, with a person if either is: the bot does not talk over anybody.
    control_epoch = greatest(k.control_epoch, o.control_epoch),
    status = least(k.status, o.status),
    phase = case when 'live' in (k.phase, o.phase) then 'live' when 'waiting' in (k.phase, o.phase) then 'waiting'
      when 'automated' in (k.phase, o.phase) then 'automated' else 'resolved' end::public.conversation_phase,
    resolved_at = case when least(k.status, o.status) = 'resolved' then greatest(k.resolved_at, o.resolved_at) end,
    ai_enabled = k.ai_enabled and o.ai_enabled,
    bot_status = greatest(k.bot_status, o.bot_status)
  where v.id = kept;
end
$$;
comment on function private.merge_conversation(uuid, uuid) is
  'The second conversation goes up in the first, whose contact its messages are of from now on.';

create function private.merge_contact(kept uuid, other uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  k public.contacts;
  o public.contacts;
  said public.contact_activity;
  thread record;
  actor private.actor := private.current_actor();
begin
  perform from public.contacts c where c.id in (kept, other) order by c.id for update;
  select * into k from public.contacts c where c.id = kept;
  select * into o from public.contacts c where c.id = other;
  said := private.unite_contact_activity(kept, other);
  for thread in
    select a.id as kept_id, b.id as other_id
    from public.conversations b
    left join public.conversations a on a.contact_id = kept and a.channel = b.channel
    where b.contact_id = other order by b.id
  loop
    continue when thread.kept_id is null;
    perform private.merge_conversation(thread.kept_id, thread.other_id);
  end loop;
  perform private.move_consents(other, kept);
  perform private.move_references('public.contacts', other, kept);
  -- Of two reactions of what is now one person only the later counts.
  perform private.show_message_changes(array(
    select distinct h.target_wa_message_id from public.message_changes h where h.contact_id = kept and h.kind = 'reaction'));
  delete from public.contacts where id = other;
  insert into public.contact_merges (workspace_id, primary_id, duplicate_id, actor_type, actor_id, duplicate)
  values (k.workspace_id, kept, other, actor.type, actor.id, (to_jsonb(said) - 'contact_id') || to_jsonb(o) - '{search_text,phone_key}'::text[]);
  insert into public.activity_log (workspace_id, actor_type, actor_id, action, entity_type, entity_id, changes)
  values (k.workspace_id, actor.type, actor.id, 'contact.merged', 'contact', kept, jsonb_build_object('duplicate_id', other));
  perform private.unite_contact_fields(k, o);
  -- They are of another contact now, perhaps of a contractor.
  update public.conversations v set phase = v.phase where v.contact_id = kept and v.phase = 'automated';
end
$$;
comment on function private.merge_contact(uuid, uuid) is
  'The second contact goes up in the first, with everything that refers to it. Of the fields the first''s count, empty ones are filled from the second.';

create function private.unite_contact_activity(kept uuid, other uuid) returns public.contact_activity
language plpgsql
set search_path = ''
as $$
declare
  o public.contact_activity;
begin
  perform from public.contact_activity a where a.contact_id in (kept, other) order by a.contact_id for update;
  -- Gone before references are moved: a contact has one row, so the other's cannot become its second.
  delete from public.contact_activity a where a.contact_id = other returning * into o;
  update public.contact_activity k
  set message_count = k.message_count + o.message_count,
    last_contact_at = greatest(k.last_contact_at, o.last_contact_at),
    profile_name = case when private.is_later(o.profile_name_at, o.profile_name, k.profile_name_at, k.profile_name)
      then o.profile_name else k.profile_name end,
    profile_name_at = greatest(k.profile_name_at, o.profile_name_at),
    username = case when private.is_later(o.username_at, o.username, k.username_at, k.username)
      then o.username else k.username end,
    username_at = greatest(k.username_at, o.username_at)
  where k.contact_id = kept;
  return o;
end
$$;
comment on function private.unite_contact_activity(uuid, uuid) is
  'What was said with the second contact counts as said with the first; the second''s row is removed and returned.';

create function private.unite_contact_fields(k public.contacts, o public.contacts) returns void
language plpgsql
set search_path = ''
as $$
declare
  latest_profile text := (select a.profile_name from public.contact_activity a where a.contact_id = k.id);
  -- A name taken out of the phone book compares as in private.store_whatsapp_facts.
  later_phonebook boolean := private.is_later(
    o.phonebook_name_at, coalesce(o.phonebook_name, '~'), k.phonebook_name_at, coalesce(k.phonebook_name, '~'));
begin
  update public.contacts c
  set name = case
      when k.name_source = 'person' then k.name
      when o.name_source = 'person' then o.name
      else c.name end,
    profile_name = coalesce(latest_profile, k.profile_name),
    phonebook_name = case when later_phonebook then o.phonebook_name else k.phonebook_name end,
    phonebook_name_at = greatest(k.phonebook_name_at, o.phonebook_name_at),
    phone = coalesce(k.phone, o.phone),
    -- The country is the phone's.
    country = case when k.phone is null then coalesce(o.country, k.country) else k.country end,
    email = coalesce(k.email, o.email),
    company = coalesce(k.company, o.company),
    notes = coalesce(k.notes, o.notes),
    value = coalesce(k.value, o.value),
    avatar_url = coalesce(k.avatar_url, o.avatar_url),
    assigned_to = coalesce(k.assigned_to, o.assigned_to),
    sale_status = case when k.sale_status = 'none' then o.sale_status else k.sale_status end,
    custom = o.custom || k.custom,
    tags = private.consent_tags(private.clean_tags(k.tags || o.tags), c.opted_out, c.do_not_call),
    channels = array(select distinct unnest(k.channels || o.channels) order by 1),
    is_vip = k.is_vip or o.is_vip,
    is_mystery_shopper = k.is_mystery_shopper or o.is_mystery_shopper,
    is_contractor = k.is_contractor or o.is_contractor,
    call_count = k.call_count + o.call_count,
    created_at = least(k.created_at, o.created_at)
  where c.id = k.id;
end
$$;
comment on function private.unite_contact_fields(public.contacts, public.contacts) is
  'Writes to the first contact what it and the second (gone already) are together.';

create function private.merge_contacts(contact_ids uuid[]) returns uuid
language plpgsql
set search_path = ''
as $$
declare
  ordered uuid[];
  other uuid;
begin
  -- Locked in one order whoever merges; then the one that people have worked with is kept, else the oldest.
  perform from public.contacts c where c.id = any (contact_ids) order by c.id for update;
  perform from public.contact_activity a where a.contact_id = any (contact_ids) order by a.contact_id for update;
  ordered := array(
    select c.id from public.contacts c where c.id = any (contact_ids)
    -- Ids are made in the order of time; created_at moves with every merge.
    order by c.source = 'chat', c.name_source = 'profile', c.id);
  foreach other in array ordered[2:] loop
    perform private.merge_contact(ordered[1], other);
  end loop;
  return ordered[1];
end
$$;
comment on function private.merge_contacts(uuid[]) is
  'Contacts that WhatsApp says are one person → one, which is returned: of those that people have made, else of all, the first.';
