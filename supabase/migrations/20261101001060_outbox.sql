-- The outbox: what is to go to WhatsApp is stored together with its message and sent afterwards.
--
-- A lane is what goes from a number into a conversation; messages and signals (read receipts, typing)
-- have one each. A lane sends one at a time, in order, and knows when its next is due. So claiming
-- looks at lanes that are due and at their first items, however many wait behind them, and what
-- writers and workers lock is one lane. No two of them wait for a row that all need.

create table private.outbox (
  id uuid primary key,
  seq bigint not null generated always as identity,
  workspace_id uuid not null,
  conversation_id uuid not null references public.conversations (id) on delete cascade,
  message_id uuid references public.messages (id) on delete cascade,
  phone_number_id text not null,
  kind text not null check (kind in ('message', 'reaction', 'read', 'typing')),
  signal boolean not null generated always as (kind in ('read', 'typing')) stored,
  request jsonb not null,
  automated boolean not null default false,
  control_epoch int,
  state text not null default 'queued' check (state in ('queued', 'sending', 'accepted', 'failed', 'unknown')),
  attempts int not null default 0,
  next_attempt_at timestamptz not null default now(),
  attempted_at timestamptz,
  lease_until timestamptz,
  wa_message_id text,
  error jsonb,
  expires_at timestamptz not null default now() + interval '24 hours',
  created_at timestamptz not null default now(),
  constraint outbox_lease check ((state = 'sending') = (lease_until is not null))
);
create index outbox_queue_idx on private.outbox (conversation_id, phone_number_id, signal, seq) where state = 'queued';
create index outbox_lease_idx on private.outbox (lease_until) where state = 'sending';
create index outbox_conversation_id_idx on private.outbox (conversation_id);
create index outbox_message_id_idx on private.outbox (message_id);
create index outbox_finished_idx on private.outbox (created_at) where state not in ('queued', 'sending');
alter table private.outbox enable row level security;
comment on column private.outbox.automated is 'Written by nobody in person: not sent to who opts out meanwhile.';
comment on column private.outbox.control_epoch is 'A bot''s: not sent once the conversation has changed hands.';
comment on table private.outbox is
  'What goes to WhatsApp. id travels along as biz_opaque_callback_data, so that a status can tell that a message whose answer was lost has been sent. Swept after days.';
comment on column private.outbox.id is 'The message''s id for kind message.';
comment on column private.outbox.message_id is 'The message itself, or the one that a reaction is about.';
comment on column private.outbox.request is 'What is sent, without the recipient, who is looked up when it is sent.';
comment on column private.outbox.state is
  'unknown: no answer came, so it may have been sent and is never sent again. A status may still tell.';
comment on column private.outbox.lease_until is 'Until when the worker that has it may take; then nobody knows what became of it.';

create table private.outbox_lanes (
  conversation_id uuid not null,
  phone_number_id text not null,
  signal boolean not null,
  due_at timestamptz,
  sending uuid,
  full_until timestamptz not null default '-infinity',
  primary key (conversation_id, phone_number_id, signal),
  constraint outbox_lanes_one_at_a_time check (sending is null or due_at is null)
);
create index outbox_lanes_due_idx on private.outbox_lanes (phone_number_id, due_at) where due_at is not null;
alter table private.outbox_lanes enable row level security;
comment on table private.outbox_lanes is 'Who sends next in a conversation, and when. It outlives its conversation until the next sweep.';
comment on column private.outbox_lanes.due_at is 'When the first that waits may be tried; null: nothing waits, or one is being sent.';
comment on column private.outbox_lanes.full_until is 'When all that was sent is paid for at one message in six seconds (GCRA).';

-- Unlogged: after a crash a number may send a tenth of a second early.
create unlogged table private.outbox_rates (
  phone_number_id text primary key,
  full_until timestamptz not null default '-infinity'
);
alter table private.outbox_rates enable row level security;
comment on table private.outbox_rates is 'When all that a number has sent is paid for at its messages a second (GCRA).';

-- Lanes ---------------------------------------------------------------------------------------

create function private.pair_free_at(full_until timestamptz) returns timestamptz
language plpgsql immutable
set search_path = ''
as $$
begin
  -- WhatsApp takes 45 messages at once from a number to a person, then one in six seconds.
  return full_until - 44 * interval '6 seconds';
end
$$;
comment on function private.pair_free_at(timestamptz) is 'When a lane that is full until then may send again.';

create function private.wake_lane(
  lane private.outbox_lanes, finished uuid default null, not_before timestamptz default '-infinity') returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Locked before the queue is read: whoever adds to it has committed by then, or waits for us.
  perform from private.outbox_lanes l
  where (l.conversation_id, l.phone_number_id, l.signal) = (lane.conversation_id, lane.phone_number_id, lane.signal)
  for update;
  update private.outbox_lanes l
  set sending = nullif(l.sending, finished),
    due_at = case when nullif(l.sending, finished) is null then (
      select greatest(o.next_attempt_at, private.pair_free_at(l.full_until), not_before)
      from private.outbox o
      where o.conversation_id = lane.conversation_id and o.phone_number_id = lane.phone_number_id
        and o.signal = lane.signal and o.state = 'queued'
      order by o.seq limit 1) end
  where (l.conversation_id, l.phone_number_id, l.signal) = (lane.conversation_id, lane.phone_number_id, lane.signal);
end
$$;
comment on function private.wake_lane(private.outbox_lanes, uuid, timestamptz) is
  'Says anew when the lane is due, not_before if anything waits; finished: the item that it is not sending any longer.';

create function private.lane_of(item private.outbox) returns private.outbox_lanes
language plpgsql immutable
set search_path = ''
as $$
begin
  return row(item.conversation_id, item.phone_number_id, item.signal, null, null, null)::private.outbox_lanes;
end
$$;
comment on function private.lane_of(private.outbox) is 'The key of the lane that an item is in.';

create function private.enqueue_outbox(
  id uuid, workspace_id uuid, conversation_id uuid, message_id uuid, phone_number_id text, kind text, request jsonb,
  expires_at timestamptz default now() + interval '24 hours') returns void
language plpgsql
set search_path = ''
as $$
begin
  -- The lane first: its lock makes the order of the sequence the order of the commits.
  insert into private.outbox_lanes as l (conversation_id, phone_number_id, signal, due_at)
  values (enqueue_outbox.conversation_id, enqueue_outbox.phone_number_id, enqueue_outbox.kind in ('read', 'typing'), now())
  on conflict on constraint outbox_lanes_pkey do update
  -- Locked even where there is nothing to change.
  set due_at = greatest(excluded.due_at, private.pair_free_at(l.full_until))
  where l.sending is null and l.due_at is null;
  insert into private.outbox (id, workspace_id, conversation_id, message_id, phone_number_id, kind, request, expires_at)
  values (enqueue_outbox.id, enqueue_outbox.workspace_id, enqueue_outbox.conversation_id, enqueue_outbox.message_id,
    enqueue_outbox.phone_number_id, enqueue_outbox.kind, enqueue_outbox.request, enqueue_outbox.expires_at);
end
$$;
comment on function private.enqueue_outbox(uuid, uuid, uuid, uuid, text, text, jsonb, timestamptz) is
  'Stores what is to be sent: behind what waits in the same lane, and not after expires_at.';

create function private.move_between_lanes() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  insert into private.outbox_lanes as l (conversation_id, phone_number_id, signal, full_until)
  select new.conversation_id, f.phone_number_id, f.signal, f.full_until
  from private.outbox_lanes f
  where (f.conversation_id, f.phone_number_id, f.signal) = (old.conversation_id, old.phone_number_id, old.signal)
  on conflict on constraint outbox_lanes_pkey do update set full_until = greatest(l.full_until, excluded.full_until);
  perform private.wake_lane(private.lane_of(old), old.id);
  perform private.wake_lane(private.lane_of(new));
  return null;
end
$$;
comment on function private.move_between_lanes() is
  'Trigger: what waits in a conversation that goes up in another one goes on there.';

create trigger outbox_700_lanes after update of conversation_id on private.outbox
  for each row when (old.conversation_id <> new.conversation_id) execute function private.move_between_lanes();

-- What became of it ---------------------------------------------------------------------------

create function private.graph_error_kind(http_status int, code int) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return case
    -- Faults of the moment, maintenance, calls, throughput and pair limits.
    when code in (1, 2, 4, 80007, 130429, 131000, 131016, 131056, 131057, 133004) then 'retry'
    -- Graph said no: the window, the recipient, the template, the token, a spam limit. Asking again would not
    -- help, and after 131049 and its like it would harm.
    when code is not null then 'final'
    when http_status in (408, 429) then 'retry'
    when http_status between 300 and 499 then 'final'
    -- Not Graph's own words: something in between answered, and may have passed the message on.
    else 'unknown'
  end;
end
$$;
comment on function private.graph_error_kind(int, int) is
  'What to do after an answer that accepts nothing: retry (not sent, may go better later), final (not sent, never will be) or unknown (perhaps sent). code: Graph''s own, null if the answer has none.';

create function private.settle_outbox_items(ids uuid[], errors jsonb[], state text, retry_at timestamptz default null) returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.outbox o
  set state = settle_outbox_items.state, error = e.error, lease_until = null,
    next_attempt_at = coalesce(retry_at, o.next_attempt_at)
  from unnest(ids, errors) as e (id, error)
  where o.id = e.id;
  -- A message's item has its id.
  perform from public.messages m where m.id = any (ids) order by m.id for no key update;
  update public.messages m
  set status = settle_outbox_items.state::public.message_status,
    error = case when settle_outbox_items.state <> 'queued' then e.error end,
    failed_at = case when settle_outbox_items.state = 'failed' then now() end
  from unnest(ids, errors) as e (id, error)
  where m.id = e.id and m.status in ('queued', 'sending', 'unknown');
end
$$;
comment on function private.settle_outbox_items(uuid[], jsonb[], text, timestamptz) is
  'Items and their messages are failed, each with its error, or unknown, or queued again for retry_at. Their lanes are not told.';

create function private.settle_outbox(item private.outbox, state text, error jsonb, retry_at timestamptz default null) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.settle_outbox_items(array[item.id], array[error], state, retry_at);
  perform private.wake_lane(private.lane_of(item), item.id);
end
$$;
comment on function private.settle_outbox(private.outbox, text, jsonb, timestamptz) is
  'An attempt is over without success: failed, unknown, or queued again for retry_at. The lane goes on.';

create function private.accept_outbox_items(items jsonb) returns int
language plpgsql
set search_path = ''
as $$
declare
  ids uuid[];
  targets text[];
begin
  -- Before any row: statuses that wait for these wamids are applied by whoever comes second.
  targets := array(
    select o.request #>> '{reaction,message_id}' from private.outbox o
    where o.id = any (array(select (i ->> 'id')::uuid from jsonb_array_elements(items) i)) and o.kind = 'reaction');
  perform private.lock_wa_messages(array(select i ->> 'wa_message_id' from jsonb_array_elements(items) i), targets);
  ids := array(
    select o.id from private.outbox o
    where o.id = any (array(select (i ->> 'id')::uuid from jsonb_array_elements(items) i)) and o.state <> 'accepted'
    order by o.id for update);
  if cardinality(ids) = 0 then
    return 0;
  end if;
  update private.outbox o
  set state = 'accepted', wa_message_id = i.wa_message_id, error = null, lease_until = null
  from jsonb_to_recordset(items) as i (id uuid, wa_message_id text)
  where o.id = any (ids) and i.id = o.id;

  perform from public.messages m
  where m.id in (select o.message_id from private.outbox o where o.id = any (ids) and o.kind = 'message')
  order by m.id for update;
  update public.messages m
  set wa_message_id = coalesce(m.wa_message_id, o.wa_message_id),
    status = case when m.status in ('queued', 'sending', 'unknown') then 'sent' else m.status end,
    error = case when m.status = 'unknown' then null else m.error end
  from private.outbox o
  where o.id = any (ids) and o.kind = 'message' and m.id = o.message_id;

  insert into public.message_changes
    (workspace_id, phone_number_id, wa_message_id, target_wa_message_id, kind, content, happened_at)
  select o.workspace_id, o.phone_number_id, o.wa_message_id, o.request #>> '{reaction,message_id}', 'reaction',
    case when o.request #>> '{reaction,emoji}' = '' then '{}'
      else jsonb_build_object('emoji', o.request #> '{reaction,emoji}') end, o.created_at
  from private.outbox o
  where o.id = any (ids) and o.kind = 'reaction' and o.wa_message_id is not null
  order by o.wa_message_id
  on conflict (wa_message_id, phone_number_id) do nothing;
  if cardinality(targets) > 0 then
    -- A status may have been quicker than the answer.
    perform private.drop_failed_reactions(array(select i ->> 'wa_message_id' from jsonb_array_elements(items) i));
    perform private.show_message_changes(targets);
  end if;

  perform private.wake_lane(private.lane_of(o), o.id)
  from (
    select * from private.outbox where id = any (ids) order by conversation_id, phone_number_id, signal
  ) as o;
  return cardinality(ids);
end
$$;
comment on function private.accept_outbox_items(jsonb) is
  'WhatsApp has taken them: [{ id, wa_message_id }] → how many of them were not known as accepted. Also right for what was thought unknown, failed or still queued.';

create function private.accept_outbox(id uuid, wa_message_id text) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.accept_outbox_items(jsonb_build_array(
    jsonb_build_object('id', accept_outbox.id, 'wa_message_id', accept_outbox.wa_message_id)));
end
$$;
comment on function private.accept_outbox(uuid, text) is
  'WhatsApp has taken the item and named it so (null: a signal, which gets no name). Doing it again changes nothing.';

create function private.items_told_of(orphans private.status_update[], out item private.outbox, out wa_message_id text)
returns setof record
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  return query
  select distinct on ((told.item).id) told.item, s.wa_message_id
  from unnest(orphans) as s
  -- Looked up one by one: joined, all items of everybody may be read.
  cross join lateral (
    select o as item from private.outbox o
    where o.id = case when s.opaque ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then s.opaque::uuid end
      and o.phone_number_id = s.phone_number_id and not o.signal and o.state <> 'accepted'
    offset 0) as told
  where s.wa_message_id is not null
  order by (told.item).id, s.wa_message_id;
end
$$;
comment on function private.items_told_of(private.status_update[]) is
  'Of statuses whose wamid is not stored: the items of their number that their opaque data names, which proves that they were sent, and the wamid.';

create function private.accept_outbox_by_statuses(orphans private.status_update[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  items jsonb := (
    select jsonb_agg(jsonb_build_object('id', (t.item).id, 'wa_message_id', t.wa_message_id))
    from private.items_told_of(orphans) as t);
begin
  return case when items is null then 0 else private.accept_outbox_items(items) end;
end
$$;
comment on function private.accept_outbox_by_statuses(private.status_update[]) is
  'Accepts private.items_told_of; returns how many.';

create function private.reactions_told_of(orphans private.status_update[]) returns text[]
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  return array(
    select (t.item).request #>> '{reaction,message_id}' from private.items_told_of(orphans) as t where (t.item).kind = 'reaction'
    union all
    select c.target_wa_message_id from unnest(orphans) as s
    join public.message_changes c on c.wa_message_id = s.wa_message_id and c.phone_number_id = s.phone_number_id
    where s.status = 'failed' and c.kind = 'reaction' and c.contact_id is null);
end
$$;
comment on function private.reactions_told_of(private.status_update[]) is
  'Of statuses whose wamid is not stored: the messages to which we have reacted, where they tell that the reaction was sent or that it failed.';

create function private.retry_outbox(item private.outbox, error jsonb, after_seconds numeric, unit interval) returns void
language plpgsql
set search_path = ''
as $$
declare
  retry_at timestamptz := now() + greatest(
    coalesce(after_seconds, 0) * interval '1 second', least(4 ^ (item.attempts - 1), 3600) * unit);
begin
  if item.attempts >= 8 or retry_at > item.expires_at then
    perform private.settle_outbox(item, 'failed', error);
  else
    perform private.settle_outbox(item, 'queued', error, retry_at);
  end if;
end
$$;
comment on function private.retry_outbox(private.outbox, jsonb, numeric, interval) is
  'Queues a failed attempt again: after 1, 4, 16, … units, an hour''s worth at most, and not before after_seconds; failed after eight attempts or when its time is over.';

create function private.finish_outbox(id uuid, attempt int, outcome jsonb, unit interval default '1 second') returns void
language plpgsql
set search_path = ''
as $$
declare
  item private.outbox;
  refused jsonb := outcome -> 'refused';
  verdict text := case when outcome ? 'refused'
      then private.graph_error_kind((refused ->> 'http_status')::int, (refused ->> 'code')::int)
    when outcome ? 'retry' then 'retry' when outcome ? 'failed' then 'final' else 'unknown' end;
  error jsonb := coalesce(refused, outcome -> 'retry', outcome -> 'failed', outcome -> 'unknown');
begin
  if outcome ? 'accepted' then
    perform private.accept_outbox(finish_outbox.id, outcome ->> 'accepted');
    return;
  end if;
  select * into item from private.outbox o where o.id = finish_outbox.id for update;
  -- A status may have been quicker. Whose lease ended meanwhile still knows better than nobody. Who says it
  -- once more, the answer of Postgres having been lost, must not take the next attempt for theirs.
  if item.id is null or item.state not in ('sending', 'unknown') or item.attempts <> attempt then
    return;
  end if;
  if verdict = 'retry' or (verdict = 'unknown' and item.signal) then
    perform private.retry_outbox(item, error, (outcome ->> 'after_seconds')::numeric, unit);
  else
    perform private.settle_outbox(item, case verdict when 'final' then 'failed' else 'unknown' end, error);
  end if;
end
$$;
comment on function private.finish_outbox(uuid, int, jsonb, interval) is
  'What became of an attempt, counted as private.claim_outbox did: { accepted: wamid | null }, { refused: Graph''s error } (private.graph_error_kind decides), { retry | failed | unknown: error }, each with after_seconds if the answer named it. Errors: { code, title, details, http_status?, subcode? }. unit: what the back-off is a multiple of.';
