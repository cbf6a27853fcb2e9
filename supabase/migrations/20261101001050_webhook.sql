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

create table private.unclaimed_updates (
  id uuid primary key default private.uuid_v7(),
  phone_number_id text not null,
  waba_id text,
  body jsonb not null,
  countries jsonb not null,
  dedupe_key bytea not null unique,
  received_at timestamptz not null default now(),
  attempts int not null default 0,
  due_at timestamptz not null default now()
);
create index unclaimed_updates_due_idx on private.unclaimed_updates (phone_number_id, due_at, id);
create index unclaimed_updates_received_idx on private.unclaimed_updates (received_at);
alter table private.unclaimed_updates enable row level security;
comment on table private.unclaimed_updates is
  'What came for numbers that nobody had registered: deliveries of one change, stored as if they came now once the number is registered. Swept after 30 days if it is not.';
comment on column private.unclaimed_updates.countries is 'Of the ids in body; of nobody else.';
comment on column private.unclaimed_updates.due_at is 'What could not be stored waits, longer each time, so that it keeps up nobody.';

create function private.countries_in(body jsonb, countries jsonb) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_object_agg(c.key, c.value), '{}') from jsonb_each(countries) c
    -- A phone book has numbers as people write them.
    where c.key in (
      select private.digits(v #>> '{}') from jsonb_path_query(body, 'strict $.**') as v
      where jsonb_typeof(v) in ('string', 'number') and char_length(v #>> '{}') <= 64));
end
$$;
comment on function private.countries_in(jsonb, jsonb) is 'Of { wa_id: ISO country } those whose ids are in some JSON.';

create function private.keep_unclaimed(changes private.whatsapp_change[], countries jsonb) returns int
language plpgsql
set search_path = ''
as $$
declare
  kept int;
begin
  if not exists (select from unnest(changes) c where c.workspace_id is null and c.phone_number_id is not null) then
    return 0;
  end if;
  insert into private.unclaimed_updates (phone_number_id, waba_id, body, countries, dedupe_key)
  select u.phone_number_id, u.waba_id, u.body, private.countries_in(u.body, keep_unclaimed.countries), sha256(convert_to(u.body::text, 'UTF8'))
  from (
    select c.n, c.phone_number_id, c.waba_id, jsonb_build_object('entry', jsonb_build_array(jsonb_build_object(
      'id', c.waba_id, 'time', c.entry_time,
      'changes', jsonb_build_array(jsonb_build_object('field', c.field, 'value', c.value))))) as body
    from unnest(changes) c where c.workspace_id is null and c.phone_number_id is not null
  ) as u
  order by 5
  on conflict (dedupe_key) do nothing;
  get diagnostics kept = row_count;
  return kept;
end
$$;
comment on function private.keep_unclaimed(private.whatsapp_change[], jsonb) is
  'Keeps the changes of numbers that nobody has registered; returns how many were new.';

create function private.has_more_than(changes private.whatsapp_change[], known int) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(bool_or(c.field <> 'messages' or c.workspace_id is null or c.shows_account or jsonb_typeof(c.value) is distinct from 'object'
        or c.value - '{messages,statuses,contacts,metadata,messaging_product}'::text[] <> '{}'), false)
      or coalesce(sum(
        case when jsonb_typeof(c.value -> 'messages') = 'array' then jsonb_array_length(c.value -> 'messages') else 0 end
        + case when jsonb_typeof(c.value -> 'statuses') = 'array' then jsonb_array_length(c.value -> 'statuses') else 0 end), 0) > known
    from unnest(changes) c);
end
$$;
comment on function private.has_more_than(private.whatsapp_change[], int) is
  'Whether a delivery says more than that many messages and statuses of registered numbers whose account is known.';

-- What a delivery says, read. about: those of the messages that change another one; changed: the
-- wamids of all that may be changed. further: it says more than messages and statuses of registered
-- numbers.
create type private.whatsapp_news as (
  changes private.whatsapp_change[], messages private.whatsapp_message[], about private.whatsapp_message[], changed text[],
  statuses private.status_update[], sums private.status_sum[], calls private.whatsapp_call[], facts private.whatsapp_fact[],
  moves private.whatsapp_person[], further boolean);

create function private.read_whatsapp(body jsonb) returns private.whatsapp_news
language plpgsql stable
set search_path = ''
as $$
declare
  changes private.whatsapp_change[] := array(select c from private.whatsapp_changes(body) c);
  messages private.whatsapp_message[] := array(select m from private.whatsapp_inbound(changes) m);
  about private.whatsapp_message[];
  statuses private.status_update[] := private.whatsapp_statuses(changes);
  sums private.status_sum[] := private.sum_statuses(statuses);
  orphans private.status_update[] := private.orphan_statuses(statuses, sums);
  calls private.whatsapp_call[] := '{}';
  facts private.whatsapp_fact[] := '{}';
  moves private.whatsapp_person[] := '{}';
  -- Nearly all deliveries are ordinary messages and statuses, and cost no more than these.
  further boolean := private.has_more_than(changes, cardinality(messages) + cardinality(statuses));
begin
  if further then
    messages := messages || array(select m from private.whatsapp_app_messages(changes) m);
    calls := array(select k from private.whatsapp_calls(changes) k);
    facts := array(select f from private.whatsapp_facts(changes) f);
    moves := array(select p from private.whatsapp_moves(changes) p);
  end if;
  about := array(select m from unnest(messages) m where private.is_message_change(m.message));
  return row(changes, messages, about, array(select private.whatsapp_target(a.message) from unnest(about) a)
      || case when cardinality(orphans) > 0 then private.reactions_told_of(orphans) end,
    statuses, sums, calls, facts, moves, further)::private.whatsapp_news;
end
$$;
comment on function private.read_whatsapp(jsonb) is 'A delivery''s JSON, or a list of them → what it says.';

create function private.further_people(news private.whatsapp_news) returns uuid[]
language plpgsql stable
set search_path = ''
as $$
begin
  if cardinality(news.calls) = 0 and cardinality(news.facts) = 0 and cardinality(news.about) = 0 then
    return '{}';
  end if;
  return array_remove(array(
    select private.whatsapp_contact(k.workspace_id, k.wa_id, k.bsuid, null) as contact_id from unnest(news.calls) k
    union select private.fact_contact(f) from unnest(news.facts) f
    -- Looked up one by one: joined, all messages of everybody may be read.
    union select (
      select m.contact_id from public.messages m
      where m.wa_message_id = private.whatsapp_target(a.message) and m.phone_number_id = a.phone_number_id)
    from unnest(news.about) a
    order by 1), null);
end
$$;
comment on function private.further_people(private.whatsapp_news) is
  'The contacts that calls, consents and phone book names are of, and the messages that are changed: whoever writes a message twice refers to its contact anew.';

create function private.lock_for_news(news private.whatsapp_news, held uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Of messages alone most change no contact (private.lock_for_messages).
  if cardinality(news.facts) = 0 and cardinality(news.about) = 0 and cardinality(news.calls) = 0 then
    return;
  end if;
  if held is null then
    held := private.lock_senders(news.messages, private.further_people(news));
    perform private.assert_held(private.locate_messages(news.messages), held);
  end if;
  -- No foreign key tells that one of them went up in another contact while we waited for its lock.
  if not private.further_people(news) <@ held then
    perform private.start_over();
  end if;
end
$$;
comment on function private.lock_for_news(private.whatsapp_news, uuid[]) is
  'Locks all contacts of what changes them step by step (consents, then messages, what changes messages, calls), unless they are held already: null, or the contacts. Starts over if one is not.';

create function private.lock_changed_messages(news private.whatsapp_news) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  -- Each of the two locks what it writes to in the order of the ids, but not what the other one does.
  if cardinality(news.changed) > 0 and cardinality(news.statuses) > 0 then
    perform from public.messages m
    where m.id = any (array(
      select s.id from unnest(news.sums) s where s.id is not null
      union select t.id from public.messages t where t.wa_message_id = any (news.changed)))
    order by m.id for no key update;
  end if;
end
$$;
comment on function private.lock_changed_messages(private.whatsapp_news) is
  'Locks the messages that statuses and others that change them are about, if there are both.';

create function private.store_whatsapp_news(news private.whatsapp_news, held uuid[]) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  detail jsonb := '{"messages": 0}';
begin
  perform private.lock_for_news(news, held);
  if cardinality(news.facts) > 0 then
    perform private.store_whatsapp_facts(news.facts);
  end if;
  if cardinality(news.messages) > cardinality(news.about) then
    detail := jsonb_build_object('messages', private.store_whatsapp_messages(
      case when cardinality(news.about) = 0 then news.messages
        else array(select m from unnest(news.messages) m where not private.is_message_change(m.message)) end));
  end if;
  perform private.lock_changed_messages(news);
  if cardinality(news.about) > 0 then
    detail := detail || jsonb_build_object('changes', private.store_message_changes(news.about));
  end if;
  if cardinality(news.calls) > 0 then
    detail := detail || jsonb_build_object('calls', private.store_whatsapp_calls(news.calls));
  end if;
  if cardinality(news.statuses) > 0 then
    detail := detail || jsonb_build_object('statuses', private.keep_message_statuses(news.statuses, news.sums));
  end if;
  return detail;
end
$$;
comment on function private.store_whatsapp_news(private.whatsapp_news, uuid[]) is
  'Stores what people wrote, called and want, and what became of what was written to them; returns how much was new. held: contacts that are locked, if any were.';

create function private.process_whatsapp(body jsonb, countries jsonb) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  news private.whatsapp_news := private.read_whatsapp(body);
  people private.whatsapp_person[];
  created uuid[] := '{}';
  held uuid[];
  detail jsonb;
  events int := 0;
begin
  -- Locks in the order that everybody keeps: messages' ids, people's ids, rows.
  if cardinality(news.messages) > 0 or cardinality(news.statuses) > 0 then
    perform private.lock_wa_messages(array(select m.message ->> 'id' from unnest(news.messages) m),
      news.changed || array(select s.wa_message_id from unnest(news.sums) s where s.id is null));
  end if;
  news.messages := private.locate_messages(news.messages);
  people := private.whatsapp_people(news.messages, news.calls, news.facts, news.moves, news.changes);
  if cardinality(people) > 0 then
    select * into created, held from private.resolve_whatsapp_people(people, countries, news.messages, private.further_people(news));
    news.messages := private.locate_messages(news.messages);
    held := created || held;
    perform private.assert_held(news.messages, held);
  end if;
  news.about := private.locate_messages(news.about);
  detail := private.store_whatsapp_news(news, held);
  if news.further then
    perform private.keep_unclaimed(news.changes, countries);
    events := private.store_whatsapp_events(array(
      select c from unnest(news.changes) c where c.workspace_id is not null or c.phone_number_id is null));
    -- After its events: they may be about a number whose account this very delivery shows.
    perform private.store_number_updates(news.changes);
  end if;
  if cardinality(created) > 0 then
    perform private.route_contacts(created);
  end if;
  return detail || jsonb_build_object('contacts', cardinality(created), 'events', events, 'unknown_numbers', (
    select coalesce(jsonb_agg(distinct c.phone_number_id), '[]')
    from unnest(news.changes) c where c.workspace_id is null and c.phone_number_id is not null));
end
$$;
comment on function private.process_whatsapp(jsonb, jsonb) is
  'Spreads a delivery over the tables, a constant number of statements whatever its size; doing it again changes nothing.';

create function private.process_whatsapp_again(body jsonb, countries jsonb) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  remaining jsonb := body;
begin
  for attempt in 1..6 loop
    begin
      return private.process_whatsapp(remaining, countries);
    exception when foreign_key_violation then
      -- A contact of ours went up in another one, was parted from it or deleted, between our finding
      -- it and our writing to it: found anew, the message goes where the contact is now. Was it
      -- deleted together with this very message, nothing is left to store.
      remaining := private.without_forgotten(body);
    end;
  end loop;
  -- It is not the delivery's fault: the caller tries again, or WhatsApp does.
  raise serialization_failure using message = 'contacts of the delivery keep being merged';
end
$$;
comment on function private.process_whatsapp_again(jsonb, jsonb) is
  'private.process_whatsapp, again and with no lock in hand where a contact was merged meanwhile. 40001 if that does not end.';

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
      perform private.process_whatsapp_again(item, countries);
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
-- Plans are made once a session: on this path planning costs more than running. One made while a
-- table had a page would read all of it ever after.
set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  delivery uuid := private.uuid_v7();
  remaining text;
  parsed jsonb;
  detail jsonb;
  failures jsonb := '[]';
begin
  remaining := private.without_forgotten(body);
  parsed := remaining::jsonb;
  begin
    detail := private.process_whatsapp_again(parsed, countries);
  exception
    -- What may succeed at the next try is left to the caller, who tries again.
    when serialization_failure or deadlock_detected or query_canceled or insufficient_resources
      or operator_intervention then raise;
    when others then
      detail := jsonb_build_object('batch_error', sqlstate || ' ' || sqlerrm);
      failures := private.process_whatsapp_singly(parsed, countries);
  end;
  insert into private.webhook_deliveries (id, body, raw, status, detail)
  values (delivery, case when raw is null or remaining <> body then remaining end,
    case when remaining = body then raw end, case when failures = '[]' then 'processed' else 'partly_failed' end, detail);
  insert into private.webhook_failures (delivery_id, item, error)
  select delivery, f -> 'item', f ->> 'error' from jsonb_array_elements(failures) f;
  return jsonb_build_object('delivery_id', delivery) || detail || jsonb_build_object('failed', jsonb_array_length(failures));
end
$$;
comment on function private.ingest_whatsapp(text, jsonb, bytea) is
  'One delivery (JSON text) and all its updates in one transaction. countries: { wa_id: ISO country }; raw: the bytes that came, where the text is not all of them. Returns { delivery_id, messages, changes?, calls?, statuses?, contacts, events, unknown_numbers, failed }.';

create function private.ingest_whatsapp_deliveries(sequence text, countries jsonb) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  bodies text[] := string_to_array(sequence, e'\x1e');
  together jsonb;
  detail jsonb;
begin
  if cardinality(bodies) = 1 then
    perform private.ingest_whatsapp(sequence, countries);
    return;
  end if;
  -- Each is JSON by itself, so together they are a list.
  together := ('[' || array_to_string(bodies, ',') || ']')::jsonb;
  if private.forgotten_in(together) <> '{}' then
    bodies := array(
      select private.without_forgotten(given) from unnest(bodies) with ordinality as g (given, n) order by n);
    together := ('[' || array_to_string(bodies, ',') || ']')::jsonb;
  end if;
  detail := private.process_whatsapp_again(together, countries);
  insert into private.webhook_deliveries (body, status, detail)
  select given, 'processed', detail from unnest(bodies) given;
end
$$;
comment on function private.ingest_whatsapp_deliveries(text, jsonb) is
  'Several deliveries (JSON texts separated by U+001E, which JSON does not hold) that came at the same time, stored as one. If there is more than one and any of them cannot be stored, none is: the caller stores each by itself, so that none waits with the locks of another.';

create function private.record_rejected_delivery(raw bytea, reason text) returns uuid
language sql
set search_path = ''
as $$
  insert into private.webhook_deliveries (raw, status, detail)
  values (raw, 'rejected', jsonb_build_object('reason', reason)) returning id
$$;
comment on function private.record_rejected_delivery(bytea, text) is 'Keeps a signed body that is not JSON; returns the delivery''s id.';

create function private.next_unclaimed_update() returns private.unclaimed_updates
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  update_ private.unclaimed_updates;
begin
  -- Of each number the first only: what follows is about the same people, and would wait for it.
  select u.* into update_
  from public.whatsapp_numbers w
  cross join lateral (
    select f.id from private.unclaimed_updates f
    where f.phone_number_id = w.phone_number_id and f.due_at <= now()
    order by f.due_at, f.id limit 1) as first
  join private.unclaimed_updates u on u.id = first.id
  order by u.due_at, u.id limit 1 for update of u skip locked;
  return update_;
end
$$;
comment on function private.next_unclaimed_update() is
  'The update that is to be stored next of those whose number has been registered, locked; null: none, or others are at them.';

create function private.claim_unclaimed_update() returns boolean
language plpgsql
set search_path = ''
as $$
declare
  update_ private.unclaimed_updates := private.next_unclaimed_update();
begin
  if update_.id is null then
    return false;
  end if;
  begin
    perform private.ingest_whatsapp(update_.body::text, update_.countries);
    delete from private.unclaimed_updates u where u.id = update_.id;
  exception
    -- Its time is up, most likely, and the others' has not begun. What it says is not for the log.
    when query_canceled or others then
      raise warning 'unclaimed update % cannot be stored: %', update_.id, sqlstate;
      update private.unclaimed_updates u
      set attempts = u.attempts + 1, due_at = now() + least(interval '1 hour', interval '10 seconds' * 2 ^ least(u.attempts, 10))
      where u.id = update_.id;
  end;
  return true;
end
$$;
comment on function private.claim_unclaimed_update() is
  'Stores one delivery that came for a number before that was registered, or puts it off if that fails; false: none is due. Its own transaction, for a delivery may take as long as a statement may.';
