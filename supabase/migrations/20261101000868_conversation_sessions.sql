-- How long people wait: when a conversation was opened, first answered, and resolved.
--
-- A resolution parts what is said before it from what is said after it. A session is what lies
-- between two of them, once the person has written or somebody has reopened by hand. It goes by the
-- events' own times, so that the order in which messages arrive does not decide:
--   opened   by the first message of the person, or by hand,
--   answered by the first message of an agent, the bot or the business since,
--   resolved where the next part begins.

create table private.conversation_sessions (
  id uuid primary key default private.uuid_v7(),
  -- No foreign key: the conversation's says as much.
  workspace_id uuid not null,
  conversation_id uuid not null references public.conversations (id) on delete cascade,
  since timestamptz not null default '-infinity',
  reopened_at timestamptz,
  opened_at timestamptz,
  answered_at timestamptz,
  resolved_at timestamptz,
  constraint conversation_sessions_since_key unique (conversation_id, since)
);
create index conversation_sessions_opened_idx on private.conversation_sessions (workspace_id, opened_at)
  where opened_at is not null;
alter table private.conversation_sessions enable row level security;
comment on table private.conversation_sessions is
  'Conversations from their opening to their resolution. Written under the lock of the conversation. since and reopened_at are facts, the rest is what messages make of them (private.settle_sessions).';
comment on column private.conversation_sessions.since is 'The resolution that it comes after; -infinity: none.';
comment on column private.conversation_sessions.reopened_at is 'When it was reopened by hand, before the person wrote.';
comment on column private.conversation_sessions.opened_at is 'null: nothing has begun since.';

-- A session that messages open earlier or answer earlier than was known.
create type private.told_session as (workspace_id uuid, conversation_id uuid, since timestamptz, opened_at timestamptz);

create function private.first_answer(conversation uuid, opened timestamptz, until timestamptz) returns timestamptz
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
begin
  return (
    select m.sent_at from public.messages m
    where m.conversation_id = conversation and m.sent_at >= opened and m.sent_at < coalesce(until, 'infinity')
      and m.direction = 'outbound' and m.sender_type in ('agent', 'bot', 'business') and not m.from_history
    order by m.sent_at, m.id limit 1);
end
$$;
comment on function private.first_answer(uuid, timestamptz, timestamptz) is
  'When a conversation was first answered from a time to before another; null: not.';

create function private.first_inbound(conversation uuid, since timestamptz, until timestamptz) returns timestamptz
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
begin
  return (
    select m.sent_at from public.messages m
    -- WhatsApp's times are whole seconds: see private.reopens.
    where m.conversation_id = conversation and m.sent_at >= date_trunc('second', since)
      and m.sent_at < coalesce(date_trunc('second', until), 'infinity') and m.direction = 'inbound' and not m.from_history
    order by m.sent_at, m.id limit 1);
end
$$;
comment on function private.first_inbound(uuid, timestamptz, timestamptz) is
  'When the person first wrote after a resolution (-infinity: none) and before the next; null: not.';

create function private.last_resolution(conversation uuid) returns timestamptz
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
begin
  return coalesce((
    select max(s.since) from private.conversation_sessions s where s.conversation_id = last_resolution.conversation), '-infinity');
end
$$;
comment on function private.last_resolution(uuid) is 'When a conversation was last resolved, also if it has begun anew since; -infinity: never.';

create function private.write_sessions(told private.told_session[]) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  insert into private.conversation_sessions as s (workspace_id, conversation_id, since, opened_at, answered_at, resolved_at)
  select t.workspace_id, t.conversation_id, t.since, t.opened_at,
    case when t.opened_at is not null
      then private.first_answer(t.conversation_id, greatest(t.since, t.opened_at), n.since) end,
    n.since
  from unnest(told) t
  cross join lateral (
    select min(n.since) as since from private.conversation_sessions n
    where n.conversation_id = t.conversation_id and n.since > t.since) as n
  on conflict (conversation_id, since) do update
  set opened_at = least(s.opened_at, excluded.opened_at),
    answered_at = case when least(s.opened_at, excluded.opened_at) is not null
      then private.first_answer(s.conversation_id, greatest(s.since, least(s.opened_at, excluded.opened_at)), s.resolved_at) end;
end
$$;
comment on function private.write_sessions(private.told_session[]) is
  'Sessions begin with what their messages say, if that is earlier than what was known, and are answered by what came first since.';

create function private.tell_sessions(messages uuid[]) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  told private.told_session[];
begin
  select array_agg(row(t.workspace_id, t.conversation_id, t.since, t.opened_at)::private.told_session) into told
  from (
    select m.workspace_id, m.conversation_id, coalesce(s.since, '-infinity') as since,
      min(m.sent_at) filter (where m.direction = 'inbound') as opened_at
    from public.messages m
    left join lateral (
      select c.since, c.opened_at, c.answered_at from private.conversation_sessions c
      where c.conversation_id = m.conversation_id
        and case m.direction when 'inbound' then date_trunc('second', c.since) else c.since end <= m.sent_at
      order by c.since desc limit 1) as s on true
    where m.id = any (messages) and case m.direction
      when 'inbound' then coalesce(m.sent_at < s.opened_at, true)
      else m.sent_at >= s.opened_at and coalesce(m.sent_at < s.answered_at, true) end
    group by 1, 2, 3) as t;
  if told is not null then
    perform private.write_sessions(told);
  end if;
end
$$;
comment on function private.tell_sessions(uuid[]) is
  'Messages begin or answer the sessions that they belong to by their time, if they were earlier than what was known.';

create function private.message_sessions() returns trigger
language plpgsql
-- Definer: nobody but triggers writes sessions.
security definer set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  -- Nearly all messages are of a session that has begun and been answered before them. Looked up
  -- one by one: a plan for nobody knows how many would read the sessions of everybody.
  concerned uuid[] := array(
    select i.id
    from inserted i
    left join lateral (
      select true as is_known from private.conversation_sessions s
      where s.conversation_id = i.conversation_id and s.opened_at <= i.sent_at
        and case i.direction
          when 'inbound' then s.resolved_at is null
          else coalesce(i.sent_at < s.answered_at, true) and coalesce(i.sent_at < s.resolved_at, true) end
      limit 1) as s on true
    where not i.from_history
      and case i.direction when 'inbound' then s.is_known is null
        else s.is_known and i.sender_type in ('agent', 'bot', 'business') end);
begin
  if cardinality(concerned) > 0 then
    perform private.tell_sessions(concerned);
  end if;
  return null;
end
$$;
comment on function private.message_sessions() is 'Trigger: messages that begin or answer a session are noted there; others write nothing.';

-- After private.message_effects, which locks the conversations and reopens them.
create trigger messages_720_sessions after insert on public.messages
  referencing new table as inserted for each statement execute function private.message_sessions();

create function private.is_reopened_by_message(v public.conversations, resolved timestamptz) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return exists (
    select from public.messages m
    where m.conversation_id = v.id and m.sent_at >= date_trunc('second', resolved) and not m.from_history
      and m.sender_type in ('contact', 'business'));
end
$$;
comment on function private.is_reopened_by_message(public.conversations, timestamptz) is
  'Whether the person, or the business in WhatsApp''s own app, has written since the resolution.';

create function private.session_boundaries() returns trigger
language plpgsql
-- Definer: nobody but triggers writes sessions.
security definer set search_path = ''
as $$
declare
  resolution timestamptz := coalesce(old.resolved_at, '-infinity');
begin
  if new.status = 'resolved' then
    update private.conversation_sessions s set resolved_at = new.resolved_at
    where s.conversation_id = new.id and s.since < new.resolved_at and coalesce(s.resolved_at > new.resolved_at, true);
    perform private.write_sessions(array[row(new.workspace_id, new.id, new.resolved_at, null)::private.told_session]);
  elsif not private.is_reopened_by_message(new, resolution) then
    perform private.write_sessions(array[row(new.workspace_id, new.id, resolution, now())::private.told_session]);
    update private.conversation_sessions s set reopened_at = now()
    where s.conversation_id = new.id and s.since = resolution;
  end if;
  return null;
end
$$;
comment on function private.session_boundaries() is
  'Trigger: a resolution ends a session; who reopens by hand begins one. Who is reopened by a message is seen with the message.';

create trigger conversations_720_sessions after update of status on public.conversations
  for each row when (old.status is distinct from new.status) execute function private.session_boundaries();

create function private.settle_sessions(conversations uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.conversation_sessions (workspace_id, conversation_id)
  select v.workspace_id, v.id from public.conversations v
  where v.id = any (conversations) and private.first_inbound(v.id, '-infinity',
    (select min(s.since) from private.conversation_sessions s where s.conversation_id = v.id)) is not null
  on conflict (conversation_id, since) do nothing;
  with parts as (
    select s.id, s.conversation_id, s.since, s.reopened_at, lead(s.since) over (partition by s.conversation_id order by s.since) as until
    from private.conversation_sessions s where s.conversation_id = any (conversations)
  ), begun as (
    select p.*, least(p.reopened_at, private.first_inbound(p.conversation_id, p.since, p.until)) as opened_at from parts p
  ), ended as (
    select b.*, case when b.opened_at is not null
      then private.first_answer(b.conversation_id, greatest(b.since, b.opened_at), b.until) end as answered_at from begun b
  )
  update private.conversation_sessions s
  set opened_at = e.opened_at, answered_at = e.answered_at, resolved_at = e.until
  from ended e
  where s.id = e.id and (s.opened_at, s.answered_at, s.resolved_at)
    is distinct from (e.opened_at, e.answered_at, e.until);
end
$$;
comment on function private.settle_sessions(uuid[]) is
  'The sessions of conversations as their resolutions and all their messages make them, whatever they were.';

create function private.merge_sessions(kept uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- That one of the two was open is no reopening by hand.
  update private.conversation_sessions s set reopened_at = null where s.conversation_id = kept and s.reopened_at = now();
  perform private.settle_sessions(array[kept]);
end
$$;
comment on function private.merge_sessions(uuid) is 'The sessions of a conversation that another has just gone up in, with the resolutions and messages of both.';
