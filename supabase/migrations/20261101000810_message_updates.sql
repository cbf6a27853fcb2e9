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
    select hashtext(ids.id) & 255 as bucket, bool_or(ids.awaits) as awaits
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

-- Statuses ------------------------------------------------------------------------------------

-- One status as it was told. opaque: the biz_opaque_callback_data that we sent with the message.
create type private.status_update as (
  wa_message_id text, phone_number_id text, status public.message_status, status_at timestamptz, error jsonb, pricing jsonb,
  opaque text);

-- What all statuses of one message say together; id: the message, null while it is not stored.
create type private.status_sum as (
  id uuid, wa_message_id text, phone_number_id text, status public.message_status, sent_at timestamptz,
  delivered_at timestamptz, read_at timestamptz, played_at timestamptz, failed_at timestamptz, error jsonb, pricing jsonb);

create function private.sum_statuses(statuses private.status_update[]) returns private.status_sum[]
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  return array(
    select row(
      (select m.id from public.messages m
        where m.wa_message_id = s.wa_message_id and m.phone_number_id = s.phone_number_id and m.direction = 'outbound'),
      s.wa_message_id, s.phone_number_id, max(s.status),
      min(s.status_at) filter (where s.status = 'sent'),
      min(s.status_at) filter (where s.status = 'delivered'),
      min(s.status_at) filter (where s.status = 'read'),
      min(s.status_at) filter (where s.status = 'played'),
      min(s.status_at) filter (where s.status = 'failed'),
      (array_agg(s.error order by s.status_at, s.error) filter (where s.status = 'failed'))[1],
      (array_agg(s.pricing order by s.pricing desc) filter (where s.pricing is not null))[1])::private.status_sum
    from unnest(statuses) s
    group by s.wa_message_id, s.phone_number_id);
end
$$;
comment on function private.sum_statuses(private.status_update[]) is 'Statuses, one line a message.';

create function private.apply_message_statuses(sums private.status_sum[]) returns int
language plpgsql
-- From the sums to the messages and in the order of their ids: two batches that lock the same
-- messages do it in the same order.
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  applied int;
begin
  -- What all its statuses together say does not depend on their order: the highest rank wins, each
  -- keeps its earliest time, failed stays failed with its earliest error.
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
  from (select * from unnest(sums) u where u.id is not null order by u.id) as s
  where m.id = s.id;
  get diagnostics applied = row_count;
  return applied;
end
$$;
comment on function private.apply_message_statuses(private.status_sum[]) is
  'Applies statuses to the outbound messages that are stored; returns how many messages.';

create function private.keep_pending_statuses(statuses private.status_update[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into public.whatsapp_pending_statuses as p (phone_number_id, wa_message_id, status, status_at, error, pricing)
  select s.phone_number_id, s.wa_message_id, s.status, min(s.status_at), (array_agg(s.error order by s.status_at, s.error))[1],
    (array_agg(s.pricing order by s.pricing desc) filter (where s.pricing is not null))[1]
  from unnest(statuses) s
  group by 1, 2, 3
  order by 2, 1, 3
  on conflict (wa_message_id, phone_number_id, status) do update
  set error = case when excluded.status_at < p.status_at then excluded.error
      when excluded.status_at = p.status_at then least(p.error, excluded.error) else p.error end,
    status_at = least(p.status_at, excluded.status_at),
    pricing = greatest(p.pricing, excluded.pricing);
end
$$;
comment on function private.keep_pending_statuses(private.status_update[]) is 'Keeps statuses until their message is stored.';

create function private.orphan_statuses(statuses private.status_update[], sums private.status_sum[]) returns private.status_update[]
language plpgsql immutable
set search_path = ''
as $$
begin
  -- Nearly all messages are stored when their statuses come.
  if not exists (select from unnest(sums) s where s.id is null) then
    return '{}';
  end if;
  return array(
    select u from unnest(statuses) u join unnest(sums) s using (wa_message_id, phone_number_id) where s.id is null);
end
$$;
comment on function private.orphan_statuses(private.status_update[], private.status_sum[]) is
  'Of statuses with their sums those whose message is not stored.';

create function private.keep_message_statuses(statuses private.status_update[], sums private.status_sum[] default null) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  orphans private.status_update[];
  applied int;
begin
  sums := coalesce(sums, private.sum_statuses(statuses));
  orphans := private.orphan_statuses(statuses, sums);
  if cardinality(orphans) > 0 then
    -- Whoever stores one of their messages has committed then, or waits until we have.
    perform private.lock_wa_messages('{}', array(select o.wa_message_id from unnest(orphans) o)
      || private.reactions_told_of(orphans));
    perform private.accept_outbox_by_statuses(orphans);
    sums := private.sum_statuses(statuses);
    orphans := private.orphan_statuses(statuses, sums);
  end if;
  applied := private.apply_message_statuses(sums);
  if cardinality(orphans) > 0 then
    perform private.keep_pending_statuses(orphans);
    perform private.drop_failed_reactions(array(select o.wa_message_id from unnest(orphans) o where o.status = 'failed'));
  end if;
  return jsonb_build_object('applied', applied, 'pending', cardinality(orphans));
end
$$;
comment on function private.keep_message_statuses(private.status_update[], private.status_sum[]) is
  'Applies the statuses and keeps those whose message is not stored yet; returns { applied: messages, pending: statuses }. sums: private.sum_statuses of them, if known.';

-- Reactions, edits, revokes -------------------------------------------------------------------

create function private.show_message_changes(wa_message_ids text[]) returns int
language plpgsql
-- No nested loop over all changes: the messages are few and found by their key, and their changes by
-- it, too. What is compared with `is not distinct from` is looked up by no index: that of the
-- workspaces is as good while each has few changes, and reads all of them ever after.
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  shown int;
begin
  -- What is read anew counts for its contact, and contacts are locked before their messages.
  perform private.lock_with_activity(array(
    select o.contact_id from public.messages o
    where o.wa_message_id = any (wa_message_ids) and o.direction = 'inbound' and exists (
      select from public.message_changes c
      where c.target_wa_message_id = o.wa_message_id and c.phone_number_id = o.phone_number_id
        and c.workspace_id is not distinct from o.workspace_id and c.kind <> 'reaction')));
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
          where c.target_wa_message_id = o.wa_message_id and c.phone_number_id = o.phone_number_id
            and c.workspace_id is not distinct from o.workspace_id and c.kind = 'reaction'
          order by c.contact_id, c.happened_at desc, c.wa_message_id desc
        ) as r where r.emoji is not null) as reactions,
      edited.content as edit, edited.happened_at as edited_at,
      (select min(c.happened_at) from public.message_changes c
        where c.target_wa_message_id = o.wa_message_id and c.phone_number_id = o.phone_number_id
        and c.workspace_id is not distinct from o.workspace_id and c.kind = 'revoke') as revoked_at
    from public.messages o
    left join lateral (
      select c.content, c.happened_at from public.message_changes c
      where c.target_wa_message_id = o.wa_message_id and c.phone_number_id = o.phone_number_id
        and c.workspace_id is not distinct from o.workspace_id and c.kind = 'edit'
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

create function private.drop_failed_reactions(wa_message_ids text[]) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  targets text[];
begin
  if cardinality(wa_message_ids) = 0 then
    return;
  end if;
  with dropped as (
    delete from public.message_changes c
    using public.whatsapp_pending_statuses p
    where p.wa_message_id = any (wa_message_ids) and p.status = 'failed'
      and c.wa_message_id = p.wa_message_id and c.phone_number_id = p.phone_number_id
      and c.kind = 'reaction' and c.contact_id is null
    returning c.target_wa_message_id
  )
  select array_agg(d.target_wa_message_id) into targets from dropped d;
  if targets is not null then
    perform private.show_message_changes(targets);
  end if;
end
$$;
comment on function private.drop_failed_reactions(text[]) is
  'Reactions of ours that WhatsApp took and then could not deliver: the person sees what we had shown before, and so do we. Statuses of reactions stay pending, for they are no messages.';

-- What waited for a message -------------------------------------------------------------------

create function private.apply_waiting() returns trigger
language plpgsql
-- Definer: the waiting statuses are the service's.
security definer set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  outbound text[] := array(select i.wa_message_id from inserted i where i.direction = 'outbound' and i.wa_message_id is not null);
  changed text[];
  waiting private.status_update[];
begin
  perform private.lock_wa_messages(array(select i.wa_message_id from inserted i), '{}');
  changed := array(
    select i.wa_message_id from inserted i
    where (select c.id from public.message_changes c
      where c.target_wa_message_id = i.wa_message_id and c.phone_number_id = i.phone_number_id
        and c.workspace_id is not distinct from i.workspace_id limit 1) is not null);
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
    select array_agg(row(w.wa_message_id, w.phone_number_id, w.status, w.status_at, w.error, w.pricing, null)::private.status_update)
    into waiting from matched w;
    if waiting is not null then
      perform private.apply_message_statuses(private.sum_statuses(waiting));
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
  waiting private.status_update[];
begin
  with matched as (
    delete from public.whatsapp_pending_statuses p
    where p.wa_message_id = new.wa_message_id and p.phone_number_id = new.phone_number_id
    returning p.wa_message_id, p.phone_number_id, p.status, p.status_at, p.error, p.pricing
  )
  select array_agg(row(w.wa_message_id, w.phone_number_id, w.status, w.status_at, w.error, w.pricing, null)::private.status_update)
    into waiting from matched w;
  if waiting is not null then
    perform private.apply_message_statuses(private.sum_statuses(waiting));
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
