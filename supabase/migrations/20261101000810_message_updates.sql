-- What happens to a message after it was said: statuses, reactions, edits and revokes. Each may come
-- before the message that it names, and in any order.

create function private.lock_wa_messages(storing text[], awaiting text[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  b record;
begin
  -- Buckets, in their order: a batch needs few locks and two batches cannot deadlock. Those who
  -- store do not stand in each other's way.
  for b in
    select abs(hashtext(ids.id)) % 256 as bucket, bool_or(ids.awaits) as awaits
    from (
      select unnest(storing) as id, false as awaits
      union all
      select unnest(awaiting), true
    ) as ids
    where ids.id is not null
    group by 1 order by 1
  loop
    if b.awaits then
      perform pg_advisory_xact_lock(hashtext('wa_message'), b.bucket);
    else
      perform pg_advisory_xact_lock_shared(hashtext('wa_message'), b.bucket);
    end if;
  end loop;
end
$$;
comment on function private.lock_wa_messages(text[], text[]) is
  'Taken by who stores messages (their wamids) and by who has something about messages that may not be stored yet, so that one of the two always sees the other. Before any row is locked.';

create function private.lock_wa_messages(wa_message_ids text[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.lock_wa_messages('{}', wa_message_ids);
end
$$;
comment on function private.lock_wa_messages(text[]) is 'The same for who does both.';

-- Statuses ------------------------------------------------------------------------------------

create function private.apply_message_statuses(statuses jsonb) returns int
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_seqscan = off set enable_nestloop = off set enable_mergejoin = off set enable_hashjoin = on
as $$
declare
  ids uuid[];
  applied int;
begin
  ids := array(
    select found.id
    from jsonb_array_elements(statuses) s
    cross join lateral (
      select m.id from public.messages m
      where m.wa_message_id = s ->> 'wa_message_id' and m.phone_number_id = s ->> 'phone_number_id'
        and m.direction = 'outbound'
      limit 1) as found);
  perform from public.messages m where m.id = any (ids) order by m.id for no key update;
  -- One row a message: what all its statuses together say does not depend on their order. The
  -- highest rank wins, each keeps its earliest time, failed stays failed with its earliest error.
  with merged as (
    select s.wa_message_id, s.phone_number_id, max(s.status) as status,
      min(s.status_at) filter (where s.status = 'sent') as sent_at,
      min(s.status_at) filter (where s.status = 'delivered') as delivered_at,
      min(s.status_at) filter (where s.status = 'read') as read_at,
      min(s.status_at) filter (where s.status = 'played') as played_at,
      min(s.status_at) filter (where s.status = 'failed') as failed_at,
      (array_agg(s.error order by s.status_at, s.error) filter (where s.status = 'failed'))[1] as error,
      (array_agg(s.pricing order by s.pricing desc) filter (where s.pricing is not null))[1] as pricing
    from jsonb_to_recordset(statuses) as s (
      wa_message_id text, phone_number_id text, status public.message_status, status_at timestamptz, error jsonb, pricing jsonb)
    group by 1, 2
  ), changed as (
    update public.messages m
    set status = greatest(m.status, s.status),
      sent_status_at = least(m.sent_status_at, s.sent_at),
      delivered_at = least(m.delivered_at, s.delivered_at),
      read_at = least(m.read_at, s.read_at),
      played_at = least(m.played_at, s.played_at),
      error = case
        when s.failed_at < m.failed_at or m.failed_at is null and s.failed_at is not null then s.error
        when s.failed_at = m.failed_at then least(m.error, s.error)
        -- What we wrote about a message that we had no answer for is no longer so.
        when m.status = 'unknown' then null
        else m.error end,
      failed_at = least(m.failed_at, s.failed_at),
      -- The price is the same in all statuses that have one; should it not be, the fuller one counts.
      pricing = greatest(m.pricing, s.pricing)
    from merged s
    where m.id = any (ids) and m.wa_message_id = s.wa_message_id and m.phone_number_id = s.phone_number_id
    returning 1
  )
  select count(*) into applied from changed;
  return applied;
end
$$;
comment on function private.apply_message_statuses(jsonb) is
  'Applies [{ wa_message_id, phone_number_id, status, status_at, error, pricing }] to the outbound messages that are stored; returns how many changed.';

create function private.orphan_statuses(statuses jsonb) returns jsonb
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  return (
    select jsonb_agg(s)
    from jsonb_array_elements(statuses) s
    where (
      select m.id from public.messages m
      where m.wa_message_id = s ->> 'wa_message_id' and m.phone_number_id = s ->> 'phone_number_id'
        and m.direction = 'outbound') is null
  );
end
$$;
comment on function private.orphan_statuses(jsonb) is 'Those of the statuses whose message is not stored; null when there is none.';

create function private.keep_message_statuses(statuses jsonb) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  orphans jsonb := private.orphan_statuses(statuses);
  applied int;
begin
  if orphans is not null then
    -- Whoever stores one of their messages has committed then, or waits until we have.
    perform private.lock_wa_messages('{}', array(select o ->> 'wa_message_id' from jsonb_array_elements(orphans) o));
    perform private.accept_outbox_by_statuses(orphans);
    orphans := private.orphan_statuses(orphans);
  end if;
  -- After the orphans: a message that was stored meanwhile gets its statuses here. The other way
  -- round they would be neither applied nor kept.
  applied := private.apply_message_statuses(statuses);
  if orphans is not null then
    insert into public.whatsapp_pending_statuses as p (phone_number_id, wa_message_id, status, status_at, error, pricing)
    select o.phone_number_id, o.wa_message_id, o.status, min(o.status_at), (array_agg(o.error order by o.status_at, o.error))[1],
      (array_agg(o.pricing order by o.pricing desc) filter (where o.pricing is not null))[1]
    from jsonb_to_recordset(orphans) as o (
      wa_message_id text, phone_number_id text, status public.message_status, status_at timestamptz, error jsonb, pricing jsonb)
    group by 1, 2, 3
    order by 2, 1, 3
    on conflict (wa_message_id, phone_number_id, status) do update
    set error = case when excluded.status_at < p.status_at then excluded.error
        when excluded.status_at = p.status_at then least(p.error, excluded.error) else p.error end,
      status_at = least(p.status_at, excluded.status_at),
      pricing = greatest(p.pricing, excluded.pricing);
  end if;
  return jsonb_build_object('applied', applied, 'pending', coalesce(jsonb_array_length(orphans), 0));
end
$$;
comment on function private.keep_message_statuses(jsonb) is
  'Applies the statuses and keeps those whose message is not stored yet; the same shape as private.apply_message_statuses, and each may say its `opaque`, the biz_opaque_callback_data that we sent.';

-- Reactions, edits, revokes -------------------------------------------------------------------

create function private.show_message_changes(wa_message_ids text[]) returns int
language plpgsql
-- No nested loop over all changes: the messages are few and found by their key.
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  shown int;
begin
  perform from public.messages m where m.wa_message_id = any (wa_message_ids) order by m.id for no key update;
  update public.messages m
  set reactions = s.reactions,
    edited_at = s.edited_at,
    revoked_at = s.revoked_at,
    type = coalesce(s.edit ->> 'type', m.type),
    body = case when s.edit is null then m.body else s.edit ->> 'body' end,
    payload = coalesce(s.edit -> 'payload', m.payload),
    media = case when s.edit is null then m.media else nullif(s.edit -> 'media', 'null') end
  from (
    select o.id,
      (select coalesce(jsonb_agg(jsonb_build_object('emoji', r.emoji, 'from', r.side, 'reacted_at', r.happened_at)
            order by r.happened_at, r.side, r.emoji), '[]')
        from (
          -- Of one person's reactions the latest counts, also when it takes the reaction back.
          select distinct on (c.contact_id) c.content ->> 'emoji' as emoji, c.happened_at,
            case when c.contact_id is null then 'business' else 'contact' end as side
          from public.message_changes c
          where c.target_wa_message_id = o.wa_message_id and c.phone_number_id = o.phone_number_id and c.kind = 'reaction'
          order by c.contact_id, c.happened_at desc, c.wa_message_id desc
        ) as r where r.emoji is not null) as reactions,
      edited.content as edit, edited.happened_at as edited_at,
      (select min(c.happened_at) from public.message_changes c
        where c.target_wa_message_id = o.wa_message_id and c.phone_number_id = o.phone_number_id and c.kind = 'revoke') as revoked_at
    from public.messages o
    left join lateral (
      select c.content, c.happened_at from public.message_changes c
      where c.target_wa_message_id = o.wa_message_id and c.phone_number_id = o.phone_number_id and c.kind = 'edit'
      order by c.happened_at desc, c.wa_message_id desc limit 1) as edited on true
    where o.wa_message_id = any (wa_message_ids)
  ) as s
  where m.id = s.id;
  get diagnostics shown = row_count;
  return shown;
end
$$;
comment on function private.show_message_changes(text[]) is
  'Brings the stored ones of the messages up to date with their reactions, edits and revokes, whose order does not matter; returns how many are stored.';

-- What waited for a message -------------------------------------------------------------------

create function private.apply_waiting() returns trigger
language plpgsql
-- Definer: the waiting statuses are the service's.
security definer set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  outbound text[] := array(select i.wa_message_id from inserted i where i.direction = 'outbound' and i.wa_message_id is not null);
  changed text[];
  waiting jsonb;
begin
  perform private.lock_wa_messages(array(select i.wa_message_id from inserted i), '{}');
  changed := array(
    select i.wa_message_id from inserted i
    where (select c.id from public.message_changes c
      where c.target_wa_message_id = i.wa_message_id and c.phone_number_id = i.phone_number_id limit 1) is not null);
  if cardinality(changed) > 0 then
    perform private.show_message_changes(changed);
  end if;
  if cardinality(outbound) > 0 then
    with matched as (
      delete from public.whatsapp_pending_statuses p
      where p.wa_message_id = any (outbound)
        and exists (select from inserted i where i.wa_message_id = p.wa_message_id and i.phone_number_id = p.phone_number_id)
      returning p.wa_message_id, p.phone_number_id, p.status, p.status_at, p.error, p.pricing
    )
    select jsonb_agg(to_jsonb(matched)) into waiting from matched;
    if waiting is not null then
      perform private.apply_message_statuses(waiting);
    end if;
  end if;
  return null;
end
$$;
comment on function private.apply_waiting() is
  'Trigger: statuses, reactions, edits and revokes that came before their message are applied once it has its wamid.';

create trigger messages_710_waiting_insert after insert on public.messages
  referencing new table as inserted for each statement execute function private.apply_waiting();

create function private.apply_waiting_to_answered() returns trigger
language plpgsql
-- Definer: the waiting statuses are the service's.
security definer set search_path = ''
as $$
declare
  waiting jsonb;
begin
  with matched as (
    delete from public.whatsapp_pending_statuses p
    where p.wa_message_id = new.wa_message_id and p.phone_number_id = new.phone_number_id
    returning p.wa_message_id, p.phone_number_id, p.status, p.status_at, p.error, p.pricing
  )
  select jsonb_agg(to_jsonb(matched)) into waiting from matched;
  if waiting is not null then
    perform private.apply_message_statuses(waiting);
  end if;
  perform private.show_message_changes(array[new.wa_message_id]);
  return null;
end
$$;
comment on function private.apply_waiting_to_answered() is
  'Trigger: a message that we sent has got its wamid; who sets it holds private.lock_wa_messages.';

create trigger messages_710_waiting_update after update of wa_message_id on public.messages
  for each row when (old.wa_message_id is null and new.wa_message_id is not null)
  execute function private.apply_waiting_to_answered();
