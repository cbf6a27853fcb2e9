-- What of the outbox is sent now: due lanes, rates of numbers and pairs, leases; and the sweep.

create function private.expire_outbox_leases(at_most int) returns void
language plpgsql
set search_path = ''
as $$
declare
  item private.outbox;
begin
  for item in
    select * from private.outbox o where o.state = 'sending' and o.lease_until <= now()
    order by o.lease_until limit at_most for update skip locked
  loop
    if item.signal then
      perform private.settle_outbox(item, 'queued', null, now());
    else
      perform private.settle_outbox(item, 'unknown', jsonb_build_object('code', 'no_answer',
        'title', 'Perhaps sent', 'details', 'The process that was sending it ended before WhatsApp answered.'));
    end if;
  end loop;
end
$$;
comment on function private.expire_outbox_leases(int) is
  'Items whose worker is gone: messages are unknown, signals, which may come twice, go again.';

create function private.due_outbox_numbers() returns table (phone_number_id text, due_at timestamptz, sealed_token bytea, free_at timestamptz)
language plpgsql stable
-- One step of the index a number, however long its queue is.
set search_path = '' set enable_seqscan = off
as $$
begin
  return query
  with recursive numbers as (
    (select l.phone_number_id, l.due_at from private.outbox_lanes l
      where l.due_at is not null order by l.phone_number_id, l.due_at limit 1)
    union all
    select following.phone_number_id, following.due_at
    from numbers n
    cross join lateral (
      select l.phone_number_id, l.due_at from private.outbox_lanes l
      where l.due_at is not null and l.phone_number_id > n.phone_number_id
      order by l.phone_number_id, l.due_at limit 1) as following
  )
  select n.phone_number_id, n.due_at, t.sealed,
    -- A tenth of a second's worth may go at once.
    coalesce(r.full_until, '-infinity') - interval '100 milliseconds'
  from numbers n
  left join private.whatsapp_tokens t on t.phone_number_id = n.phone_number_id
  left join private.outbox_rates r on r.phone_number_id = n.phone_number_id;
end
$$;
comment on function private.due_outbox_numbers() is
  'The numbers with something to send: when their first is due, and when their rate lets them send.';

create function private.outbox_wait_ms() returns int
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select case when min(at) is not null
      then ceil(least(greatest(extract(epoch from min(at) - now()) * 1000, 0), 86400000)) end
    from (
      select greatest(d.due_at, d.free_at) as at from private.due_outbox_numbers() d
      union all
      (select o.lease_until from private.outbox o where o.state = 'sending' order by o.lease_until limit 1)
    ) as next);
end
$$;
comment on function private.outbox_wait_ms() is
  'Milliseconds until private.claim_outbox has something to do: 0 = now, null = nothing waits.';

create function private.lock_number_slots(number text, at_most int) returns int
language plpgsql
set search_path = ''
as $$
declare
  rate int := (select n.messages_per_second from public.whatsapp_numbers n where n.phone_number_id = number);
  used timestamptz;
begin
  insert into private.outbox_rates (phone_number_id) values (number) on conflict (phone_number_id) do nothing;
  -- Another worker is at it: it takes what there is.
  select greatest(r.full_until, now()) into used
  from private.outbox_rates r where r.phone_number_id = number for update skip locked;
  -- Least and greatest leave nulls out: without this, who waits for nothing would take all.
  if used is null or rate is null then
    return 0;
  end if;
  return greatest(least(at_most, floor(extract(epoch from now() + interval '100 milliseconds' - used) * rate) + 1), 0);
end
$$;
comment on function private.lock_number_slots(text, int) is
  'How many messages the number may send now, at_most that many; until the transaction ends nobody else sends from it.';

create function private.use_number_slots(number text, slots int) returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.outbox_rates r
  set full_until = greatest(r.full_until, now()) + slots * interval '1 second' / n.messages_per_second
  from public.whatsapp_numbers n
  where r.phone_number_id = number and n.phone_number_id = number;
end
$$;
comment on function private.use_number_slots(text, int) is 'Counts messages as sent from a number whose slots the caller has locked.';

create function private.graph_body(item private.outbox) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  recipient private.whatsapp_address;
begin
  if item.signal then
    return '{"messaging_product": "whatsapp"}' || item.request;
  end if;
  -- To somebody else's chat a reaction means nothing: that message is not in it.
  recipient := private.whatsapp_recipient(item.conversation_id, case when item.kind = 'reaction' then item.message_id end);
  -- With a user id in `to` WhatsApp would accept the message and never deliver it.
  return case when recipient.wa_id is not null or recipient.bsuid is not null then
    '{"messaging_product": "whatsapp", "recipient_type": "individual"}'
      || case when recipient.wa_id is not null then jsonb_build_object('to', '+' || recipient.wa_id)
        else jsonb_build_object('recipient', recipient.bsuid) end
      || item.request || jsonb_build_object('biz_opaque_callback_data', item.id) end;
end
$$;
comment on function private.graph_body(private.outbox) is
  'The body of POST /messages; null if the contact has no WhatsApp id and no number.';

create function private.overtaken(item private.outbox) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return case
    -- The epoch alone does not say: a merge leaves the conversation with who has it, and may leave the epoch.
    when item.control_epoch is not null and not exists (
      select from public.conversations v join public.contacts c on c.id = v.contact_id
      where v.id = item.conversation_id and (v.control_epoch = item.control_epoch and private.bot_in_control(v)
        -- "I have asked a colleague": said before it asked, and nobody else speaks yet.
        or v.control_epoch = item.control_epoch + 1 and v.phase = 'waiting' and not c.is_contractor))
      then '{"code": "stale_control", "title": "Bot not in control", "details": "The conversation changed hands before the message was sent."}'::jsonb
    when item.automated and (
      select c.opted_out from public.conversations v join public.contacts c on c.id = v.contact_id where v.id = item.conversation_id)
      then '{"code": "opted_out", "title": "Opted out", "details": "The person asked for no more messages before this one was sent."}'
    when item.automated and (
      select private.quiet_until(now(), w.time_zone, w.quiet_hours_start, w.quiet_hours_end) is not null
      from public.workspaces w where w.id = item.workspace_id)
      then '{"code": "quiet_hours", "title": "Quiet hours", "details": "The quiet hours began before the message was sent."}'
  end;
end
$$;
comment on function private.overtaken(private.outbox) is
  'Why what was allowed when it was queued may not be sent any more: { code, title, details }; null if it may.';

create function private.unsendable(item private.outbox, sealed_token bytea) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return case
    when item.expires_at <= now() then '{"code": "expired", "title": "Not sent in time", "details": "WhatsApp could not be reached, or took nothing more from this number, until its time was over."}'
    -- The number may be another workspace's by now: with its token nothing of ours is sent.
    when sealed_token is null or not private.can_send_from(item.phone_number_id, item.workspace_id) then '{"code": "no_number", "title": "Number removed", "details": "The WhatsApp number was removed before the message was sent."}'
    else private.overtaken(item)
  end;
end
$$;
comment on function private.unsendable(private.outbox, bytea) is
  'Why an item fails instead of being sent with that token: { code, title, details }; null if it may be sent.';

create function private.next_in_lane(lane private.outbox_lanes, sealed_token bytea) returns private.outbox
language plpgsql
set search_path = ''
as $$
declare
  first uuid;
  item private.outbox;
  problem jsonb;
  failing uuid[] := '{}';
  problems jsonb[] := '{}';
begin
  -- Some only: behind thousands that can no longer be sent the other lanes would wait for the claim.
  for first in
    select o.id from private.outbox o
    where o.conversation_id = lane.conversation_id and o.phone_number_id = lane.phone_number_id
      and o.signal = lane.signal and o.state = 'queued'
    order by o.seq limit 100
  loop
    -- Locked by its id: skipping to the next one would turn the order round.
    select * into item from private.outbox o where o.id = first for update skip locked;
    exit when item.state is distinct from 'queued';
    problem := private.unsendable(item, sealed_token);
    exit when problem is null;
    failing := array_append(failing, item.id);
    problems := array_append(problems, problem);
  end loop;
  -- All at once: each leaves a dead entry in the index, which every search for the first walks over.
  if cardinality(failing) > 0 then
    perform private.settle_outbox_items(failing, problems, 'failed');
  end if;
  return case when problem is null and item.state = 'queued' then item end;
end
$$;
comment on function private.next_in_lane(private.outbox_lanes, bytea) is
  'The first of the lane that can be sent; null if there is none, or none among the first hundred, or somebody else is at it. What can no longer be sent fails.';

create function private.claim_lane(lane private.outbox_lanes, sealed_token bytea, lease interval) returns private.outbox
language plpgsql
set search_path = ''
as $$
declare
  item private.outbox := private.next_in_lane(lane, sealed_token);
begin
  if item.id is null then
    -- Should more of it have to fail, then behind the lanes that have been due for longer.
    perform private.wake_lane(lane, null, now());
    return null;
  end if;
  update private.outbox o
  set state = 'sending', attempts = o.attempts + 1, attempted_at = now(), lease_until = now() + lease
  where o.id = item.id returning * into item;
  update private.outbox_lanes l
  set sending = item.id, due_at = null,
    full_until = case when l.signal then l.full_until else greatest(l.full_until, now()) + interval '6 seconds' end
  where (l.conversation_id, l.phone_number_id, l.signal) = (lane.conversation_id, lane.phone_number_id, lane.signal);
  return item;
end
$$;
comment on function private.claim_lane(private.outbox_lanes, bytea, interval) is
  'The next of a lane, which the caller has locked, as being sent; null if there is none.';

create function private.show_sending(item private.outbox, request jsonb) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.messages m
  set status = 'sending', contact_external_id = coalesce(ltrim(request ->> 'to', '+'), request ->> 'recipient')
  where m.id = item.message_id and m.status = 'queued';
end
$$;
comment on function private.show_sending(private.outbox, jsonb) is
  'The message of an item is being sent, to whom private.graph_body says.';

create function private.claim_outbox(at_most int, lease interval default '60 seconds')
returns table (id uuid, phone_number_id text, access_token bytea, body jsonb, kind text, attempts int)
language plpgsql
set search_path = ''
as $$
declare
  number record;
  lane private.outbox_lanes;
  item private.outbox;
  request jsonb;
  free int := at_most;
  slots int;
  used int;
  fruitless int := 0;
begin
  perform private.expire_outbox_leases(at_most);
  for number in
    select * from private.due_outbox_numbers() d where d.due_at <= now() and d.free_at <= now() order by d.due_at
  loop
    -- A claim ends however much has to fail; these lanes are behind the others in the next one.
    exit when free <= 0 or fruitless >= 4 * at_most;
    -- Of a number without a token nothing is sent; what waits there fails.
    slots := case when number.sealed_token is null then free else private.lock_number_slots(number.phone_number_id, free) end;
    continue when slots = 0;
    used := 0;
    for lane in
      select * from private.outbox_lanes l
      where l.phone_number_id = number.phone_number_id and l.due_at <= now()
      order by l.due_at limit slots for update skip locked
    loop
      item := private.claim_lane(lane, number.sealed_token, lease);
      if item.id is null then
        fruitless := fruitless + 1;
        continue;
      end if;
      request := private.graph_body(item);
      if request is null then
        perform private.settle_outbox(item, 'failed', '{"code": "no_whatsapp", "title": "No recipient", "details": "The contact has no WhatsApp id and no phone number."}');
        continue;
      end if;
      used := used + 1;
      if item.kind = 'message' then
        perform private.show_sending(item, request);
      end if;
      return query select item.id, item.phone_number_id, number.sealed_token, request, item.kind, item.attempts;
    end loop;
    perform private.use_number_slots(number.phone_number_id, used);
    free := free - used;
  end loop;
end
$$;
comment on function private.claim_outbox(int, interval) is
  'What is to be sent now, at most one a lane, longest due first: sealed token and body of POST /{phone_number_id}/messages. The caller has each until its lease ends and says with private.finish_outbox what became of it.';

create function private.sweep_outbox() returns int
language plpgsql
set search_path = ''
as $$
declare
  swept int;
begin
  -- An unknown one may be told about by a status as long as WhatsApp tries to deliver.
  delete from private.outbox o
  where o.state not in ('queued', 'sending')
    and o.created_at < now() - case when o.state = 'unknown' then interval '30 days' else interval '3 days' end
    and o.created_at < now() - interval '3 days';
  get diagnostics swept = row_count;
  -- Whose item was deleted while it was being sent would wait for it for ever.
  perform private.wake_lane(l, l.sending) from private.outbox_lanes l
  where l.sending is not null and not exists (
    select from private.outbox o where o.id = l.sending and o.state = 'sending');
  delete from private.outbox_lanes l where l.due_at is null and l.sending is null and l.full_until < now();
  delete from private.outbox_rates r where r.full_until < now() - interval '1 hour';
  return swept;
end
$$;
comment on function private.sweep_outbox() is 'Forgets what is finished: unknown items after 30 days, others after three; returns how many.';
