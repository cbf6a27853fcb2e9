-- WhatsApp's webhook: every delivery kept as it came, then spread over the tables, set by set.

create table private.webhook_deliveries (
  id uuid primary key default private.uuid_v7(),
  received_at timestamptz not null default now(),
  body text,
  raw bytea,
  status text not null check (status in ('processed', 'partly_failed', 'rejected')),
  detail jsonb not null default '{}',
  constraint webhook_deliveries_content check (num_nonnulls(body, raw) = 1)
);
create index webhook_deliveries_received_idx on private.webhook_deliveries (received_at);
alter table private.webhook_deliveries enable row level security;
comment on table private.webhook_deliveries is
  'Every signed POST as it came: body as text, raw bytes where a text cannot hold them: no JSON, U+0000, half of a surrogate pair. Nothing can be asked for again, so this is what a replay would start from. Swept after 30 days.';

create table private.webhook_failures (
  id uuid primary key default private.uuid_v7(),
  delivery_id uuid not null references private.webhook_deliveries (id) on delete cascade,
  item jsonb not null,
  error text not null,
  created_at timestamptz not null default now()
);
create index webhook_failures_delivery_id_idx on private.webhook_failures (delivery_id);
alter table private.webhook_failures enable row level security;
comment on table private.webhook_failures is 'Updates that could not be stored though their neighbours could; never seen by clients.';

create function private.unknown_whatsapp_senders(messages private.whatsapp_message[]) returns private.whatsapp_message[]
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  return array(
    select m from unnest(messages) m
    where m.wa_id is not null and (
        select i.id from public.contact_identities i
        where i.workspace_id = m.workspace_id and i.channel = 'whatsapp' and i.external_id = m.wa_id) is null
      or m.bsuid is not null and (
        select i.id from public.contact_identities i
        where i.workspace_id = m.workspace_id and i.channel = 'whatsapp_bsuid' and i.external_id = m.bsuid) is null);
end
$$;
comment on function private.unknown_whatsapp_senders(private.whatsapp_message[]) is
  'The messages whose sender has an id that no contact is known by yet: few, once a workspace is running.';

create function private.create_whatsapp_contacts(messages private.whatsapp_message[], countries jsonb) returns uuid[]
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  created uuid[];
  more uuid[];
begin
  -- Everything is inserted in the order of its key and `on conflict do nothing`: concurrent batches
  -- about the same people wait for each other, then go on with what the first one made.
  with people as (
    select distinct on (m.workspace_id, m.wa_id) m.*
    from unnest(messages) m
    where m.wa_id is not null and (
      select i.id from public.contact_identities i
      where i.workspace_id = m.workspace_id and i.channel = 'whatsapp' and i.external_id = m.wa_id) is null
    order by m.workspace_id, m.wa_id, m.happened_at desc
  ), made as (
    insert into public.contacts
      (workspace_id, phone, country, profile_name, profile_name_at, source, channels, created_at)
    select p.workspace_id, '+' || p.wa_id, countries ->> p.wa_id, p.profile_name,
      case when p.profile_name is not null then p.happened_at end, 'chat', array['whatsapp'], now()
    from people p
    -- An id that cannot be a phone number makes a contact without one, below.
    where p.wa_id ~ '^[1-9][0-9]{5,14}$'
      and private.contact_by_phone(p.workspace_id, p.wa_id) is null
      and (
        select i.id from public.contact_identities i
        where i.workspace_id = p.workspace_id and i.channel = 'whatsapp_bsuid' and i.external_id = p.bsuid) is null
    order by p.workspace_id, private.phone_key(p.wa_id)
    on conflict (workspace_id, phone_key) do nothing
    returning id
  )
  select coalesce(array_agg(id), '{}') into created from made;

  with linked as (
    insert into public.contact_identities (workspace_id, contact_id, channel, external_id)
    select p.workspace_id, p.contact_id, 'whatsapp', p.wa_id
    from (
      select distinct on (m.workspace_id, m.wa_id) m.workspace_id, m.wa_id,
        coalesce(private.contact_by_phone(m.workspace_id, m.wa_id), known.contact_id) as contact_id
      from unnest(messages) m
      left join lateral (
        select i.contact_id from public.contact_identities i
        where i.workspace_id = m.workspace_id and i.channel = 'whatsapp_bsuid' and i.external_id = m.bsuid
        limit 1) as known on true
      where m.wa_id is not null
      order by m.workspace_id, m.wa_id, known.contact_id
    ) as p
    where p.contact_id is not null
    order by p.workspace_id, p.wa_id
    on conflict (workspace_id, channel, external_id) do nothing
    returning contact_id, external_id as wa_id
  ), numbers as (
    select distinct on (contact_id) contact_id, wa_id from linked
    where wa_id ~ '^[1-9][0-9]{5,14}$' order by contact_id, wa_id
  )
  -- Who was known by a business-scoped id alone has a number from now on.
  update public.contacts c
  set phone = '+' || n.wa_id, country = countries ->> n.wa_id
  from numbers n
  where c.id = n.contact_id and c.phone is null;

  insert into public.contact_identities (workspace_id, contact_id, channel, external_id)
  select distinct on (m.workspace_id, m.bsuid) m.workspace_id, known.contact_id, 'whatsapp_bsuid', m.bsuid
  from unnest(messages) m
  cross join lateral (
    select i.contact_id from public.contact_identities i
    where i.workspace_id = m.workspace_id and i.channel = 'whatsapp' and i.external_id = m.wa_id
    limit 1) as known
  where m.bsuid is not null
  order by m.workspace_id, m.bsuid, known.contact_id
  on conflict (workspace_id, channel, external_id) do nothing;

  -- Who is known by an id alone: the identity decides the race, its winner makes the contact.
  with people as (
    select distinct on (m.workspace_id, channel, external_id)
      m.workspace_id, id.channel, id.external_id, m.profile_name, m.happened_at
    from unnest(messages) m
    cross join lateral (
      select case when m.wa_id is null then 'whatsapp_bsuid' else 'whatsapp' end as channel,
        coalesce(m.wa_id, m.bsuid) as external_id) as id
    order by m.workspace_id, channel, external_id, m.happened_at desc
  ), won as (
    insert into public.contact_identities (workspace_id, contact_id, channel, external_id)
    select p.workspace_id, private.uuid_v7(), p.channel, p.external_id
    from people p
    where (
      select i.id from public.contact_identities i
      where i.workspace_id = p.workspace_id and i.channel = p.channel and i.external_id = p.external_id) is null
    order by p.workspace_id, p.channel, p.external_id
    on conflict (workspace_id, channel, external_id) do nothing
    returning workspace_id, contact_id, channel, external_id
  ), made as (
    insert into public.contacts (id, workspace_id, profile_name, profile_name_at, source, channels)
    select w.contact_id, w.workspace_id, p.profile_name,
      case when p.profile_name is not null then p.happened_at end, 'chat', array['whatsapp']
    from won w join people p using (workspace_id, channel, external_id)
    returning id
  )
  select coalesce(array_agg(id), '{}') into more from made;
  return created || more;
end
$$;
comment on function private.create_whatsapp_contacts(private.whatsapp_message[], jsonb) is
  'Makes the contacts and identities that the senders of the messages lack; returns the new contacts. countries: { wa_id: ISO country }.';

create function private.store_whatsapp_messages(messages private.whatsapp_message[]) returns int
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  stored int;
begin
  insert into public.conversations (workspace_id, contact_id)
  select distinct m.workspace_id, sender.contact_id
  from unnest(messages) m
  cross join lateral (
    select i.contact_id from public.contact_identities i
    where i.workspace_id = m.workspace_id
      and i.channel = case when m.wa_id is null then 'whatsapp_bsuid' else 'whatsapp' end
      and i.external_id = coalesce(m.wa_id, m.bsuid)
    limit 1) as sender
  where (
    select v.id from public.conversations v where v.contact_id = sender.contact_id and v.channel = 'whatsapp') is null
  order by sender.contact_id
  on conflict (contact_id, channel) do nothing;

  insert into public.messages (workspace_id, conversation_id, contact_id, direction, sender_type, sender_name,
    type, body, payload, reply_to, phone_number_id, wa_message_id, status, media, sent_at)
  select m.workspace_id, thread.id, thread.contact_id, 'inbound', 'contact', m.profile_name,
    coalesce(m.message ->> 'type', 'unknown'), private.whatsapp_body(m.message),
    case when m.message ->> 'type' = 'text' and jsonb_typeof(m.message #> '{text,body}') = 'string'
      then m.message - 'text' else m.message end
      - '{id,from,from_user_id,from_parent_user_id,timestamp,type}'::text[],
    m.message #>> '{context,id}', m.phone_number_id, m.message ->> 'id', 'received',
    private.whatsapp_media(m.message), m.happened_at
  from unnest(messages) m
  cross join lateral (
    select i.contact_id from public.contact_identities i
    where i.workspace_id = m.workspace_id
      and i.channel = case when m.wa_id is null then 'whatsapp_bsuid' else 'whatsapp' end
      and i.external_id = coalesce(m.wa_id, m.bsuid)
    limit 1) as sender
  cross join lateral (
    select v.id, v.contact_id from public.conversations v
    where v.contact_id = sender.contact_id and v.channel = 'whatsapp'
    limit 1) as thread
  order by m.message ->> 'id'
  on conflict (wa_message_id, phone_number_id) do nothing;
  get diagnostics stored = row_count;
  return stored;
end
$$;
comment on function private.store_whatsapp_messages(private.whatsapp_message[]) is
  'Stores the messages in their conversations, each once; returns how many were new.';

create function private.store_whatsapp_events(changes private.whatsapp_change[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  stored int;
begin
  with items as (
    select c.*, c.value as item, null as type from unnest(changes) c where c.field <> 'messages'
    union all
    select c.*, m, m ->> 'type'
    from unnest(changes) c cross join jsonb_array_elements(private.json_list(c.value -> 'messages')) as m
    where c.field = 'messages' and (c.phone_number_id is null or m ->> 'type' in ('reaction', 'edit', 'revoke', 'system')
      or char_length(m ->> 'id') not between 1 and 512 or m ->> 'id' is null
      or (coalesce(m ->> 'from', '') !~ '^[0-9]{5,20}$' and coalesce(char_length(m ->> 'from_user_id'), 0) not between 1 and 256))
    union all
    select c.*, s, 'status:' || coalesce(s ->> 'status', 'unknown')
    from unnest(changes) c cross join jsonb_array_elements(private.json_list(c.value -> 'statuses')) as s
    where c.field = 'messages' and (c.phone_number_id is null
      or coalesce(s ->> 'status', '') not in ('sent', 'delivered', 'read', 'played', 'failed')
      or s ->> 'id' is null or char_length(s ->> 'id') not between 1 and 512)
    union all
    select c.*, rest, 'other'
    from unnest(changes) c
    cross join lateral (
      select case when jsonb_typeof(c.value) = 'object'
        then c.value - '{messages,statuses,contacts,metadata,messaging_product}'::text[] else c.value end as rest) as r
    where c.field = 'messages' and rest is distinct from '{}'
  )
  insert into public.whatsapp_events
    (workspace_id, waba_id, phone_number_id, field, type, payload, dedupe_key, occurred_at)
  select workspace_id, waba_id, phone_number_id, left(field, 200), left(type, 200), coalesce(item, 'null'),
    -- An account may be restricted twice for the same reason: only the time tells the one from the other.
    sha256(convert_to(concat_ws(E'\n', waba_id, phone_number_id, field, type, item::text,
      case when field <> 'messages' then entry_time::text end), 'UTF8')),
    coalesce(case when jsonb_typeof(item) = 'object' then private.whatsapp_time(item -> 'timestamp') end,
      private.whatsapp_time(entry_time))
  from items
  order by 7
  on conflict (dedupe_key) do nothing;
  get diagnostics stored = row_count;
  return stored;
end
$$;
comment on function private.store_whatsapp_events(private.whatsapp_change[]) is
  'Keeps what is neither message nor status, known or not, each once; returns how many were new.';

create function private.process_whatsapp(body jsonb, countries jsonb) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  changes private.whatsapp_change[] := array(select c from private.whatsapp_changes(body) c);
  messages private.whatsapp_message[] := array(select m from private.whatsapp_messages(changes) m);
  statuses jsonb := private.whatsapp_statuses(changes);
  strangers private.whatsapp_message[] := private.unknown_whatsapp_senders(messages);
  created uuid[] := '{}';
  detail jsonb;
begin
  if cardinality(messages) > 0 then
    if cardinality(strangers) > 0 then
      created := private.create_whatsapp_contacts(strangers, countries);
    end if;
    detail := jsonb_build_object('messages', private.store_whatsapp_messages(messages));
    if cardinality(created) > 0 then
      perform private.route_contacts(created);
    end if;
  end if;
  return coalesce(detail, jsonb_build_object('messages', 0))
    || case when statuses is null then '{}' else jsonb_build_object('statuses', private.keep_message_statuses(statuses)) end
    || jsonb_build_object('contacts', cardinality(created), 'events', private.store_whatsapp_events(changes),
      'unknown_numbers', (
        select coalesce(jsonb_agg(distinct c.phone_number_id), '[]')
        from unnest(changes) c where c.workspace_id is null and c.phone_number_id is not null));
end
$$;
comment on function private.process_whatsapp(jsonb, jsonb) is
  'Spreads a delivery over the tables, a constant number of statements whatever its size; doing it again changes nothing.';

create function private.process_whatsapp_singly(body jsonb, countries jsonb) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  item jsonb;
  failures jsonb := '[]';
begin
  for item in select i from private.whatsapp_items(body) i loop
    begin
      perform private.process_whatsapp(item, countries);
    exception
      when serialization_failure or deadlock_detected or query_canceled or insufficient_resources
        or operator_intervention then raise;
      when others then
        failures := failures || jsonb_build_object('item', item, 'error', sqlstate || ' ' || sqlerrm);
    end;
  end loop;
  return failures;
end
$$;
comment on function private.process_whatsapp_singly(jsonb, jsonb) is
  'The slow way after a batch has failed: update by update, so that a bad one costs no other; returns the bad ones.';

create function private.ingest_whatsapp(body text, countries jsonb default '{}', raw bytea default null) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  delivery uuid := private.uuid_v7();
  parsed jsonb := body::jsonb;
  detail jsonb;
  failures jsonb := '[]';
begin
  begin
    detail := private.process_whatsapp(parsed, countries);
  exception
    -- What may succeed at the next try is left to the caller, who tries again.
    when serialization_failure or deadlock_detected or query_canceled or insufficient_resources
      or operator_intervention then raise;
    when others then
      detail := jsonb_build_object('batch_error', sqlstate || ' ' || sqlerrm);
      failures := private.process_whatsapp_singly(parsed, countries);
  end;
  insert into private.webhook_deliveries (id, body, raw, status, detail)
  values (delivery, case when raw is null then body end, raw, case when failures = '[]' then 'processed' else 'partly_failed' end, detail);
  insert into private.webhook_failures (delivery_id, item, error)
  select delivery, f -> 'item', f ->> 'error' from jsonb_array_elements(failures) f;
  return jsonb_build_object('delivery_id', delivery) || detail || jsonb_build_object('failed', jsonb_array_length(failures));
end
$$;
comment on function private.ingest_whatsapp(text, jsonb, bytea) is
  'One delivery (JSON text) and all its updates in one transaction. countries: { wa_id: ISO country }; raw: the bytes that came, where the text is not all of them. Returns { delivery_id, messages, statuses, contacts, events, unknown_numbers, failed }.';

create function private.record_rejected_delivery(raw bytea, reason text) returns uuid
language sql
set search_path = ''
as $$
  insert into private.webhook_deliveries (raw, status, detail)
  values (raw, 'rejected', jsonb_build_object('reason', reason)) returning id
$$;
comment on function private.record_rejected_delivery(bytea, text) is 'Keeps a signed body that is not JSON; returns the delivery''s id.';
