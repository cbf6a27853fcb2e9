-- What messages do to the contacts and conversations that they are of.

-- What the messages of one conversation in a batch say together: said now, not handed over from a
-- chat history, but for the counts, the mood and when the person was heard of (heard_at).
create type private.message_sum as (
  contact_id uuid, conversation_id uuid, messages int, channel text, last_at timestamptz,
  inbound_at timestamptz[], last_inbound_at timestamptz, heard_at timestamptz, phone_number_id text,
  profile_name text, profile_name_at timestamptz, username text, username_at timestamptz, business_at timestamptz,
  sentiment_sum numeric, sentiment_count int, last_sentiment_score numeric, last_sentiment_at timestamptz);

create function private.is_later(at timestamptz, value text, than timestamptz, other text) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return coalesce(at > than or at = than and value < other, at is not null and than is null);
end
$$;
comment on function private.is_later(timestamptz, text, timestamptz, text) is
  'Whether the first value goes before the second: said later, or in the same second and smaller, so that arrival does not decide. No time: never said.';

create function private.later_sentiment(score numeric, at timestamptz, other_score numeric, other_at timestamptz) returns numeric
language plpgsql immutable
set search_path = ''
as $$
begin
  return case
    when at is null or other_at > at then other_score
    when other_at = at then least(score, other_score)
    else score end;
end
$$;
comment on function private.later_sentiment(numeric, timestamptz, numeric, timestamptz) is
  'Of two moods the one said later; of one second the lower, so that arrival does not decide. No time: never said.';

create function private.sum_messages(ids uuid[]) returns private.message_sum[]
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  return array(
    select row(m.contact_id, m.conversation_id, count(*),
      -- A group's thread is another conversation, not another channel.
      min(case m.channel when 'whatsapp_group' then 'whatsapp' else m.channel end), max(m.sent_at),
      array_agg(m.sent_at) filter (where m.direction = 'inbound' and not m.from_history),
      max(m.sent_at) filter (where m.direction = 'inbound' and not m.from_history),
      max(m.sent_at) filter (where m.direction = 'inbound'),
      (array_agg(m.phone_number_id order by m.sent_at desc, m.phone_number_id desc)
        filter (where m.direction = 'inbound' and not m.from_history))[1],
      (array_agg(m.sender_name order by m.sent_at desc, m.sender_name)
        filter (where m.sender_name is not null and not m.from_history))[1],
      max(m.sent_at) filter (where m.sender_name is not null and not m.from_history),
      (array_agg(m.sender_username order by m.sent_at desc, m.sender_username)
        filter (where m.sender_username is not null and not m.from_history))[1],
      max(m.sent_at) filter (where m.sender_username is not null and not m.from_history),
      max(m.sent_at) filter (where m.sender_type = 'business' and not m.from_history),
      sum(m.sentiment_score) filter (where m.sentiment_source is not null), count(m.sentiment_source),
      (array_agg(m.sentiment_score order by m.sent_at desc, m.sentiment_score) filter (where m.sentiment_source is not null))[1],
      max(m.sent_at) filter (where m.sentiment_source is not null))::private.message_sum
    from unnest(ids) as given (id)
    join public.messages m on m.id = given.id
    group by m.contact_id, m.conversation_id);
end
$$;
comment on function private.sum_messages(uuid[]) is 'What stored messages say together, conversation by conversation.';

create function private.count_unread(conversation uuid, read_until timestamptz) returns int
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
begin
  return (
    select count(*) from public.messages m
    where m.conversation_id = conversation and m.direction = 'inbound' and not m.from_history
      and m.sent_at > coalesce(count_unread.read_until, '-infinity'));
end
$$;
comment on function private.count_unread(uuid, timestamptz) is
  'How many messages of a conversation nobody has read who has read until then (null: nothing). WhatsApp''s times are whole seconds: what came in that very second is taken as read.';

create function private.answer_in_app(sums private.message_sum[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.conversations v
  set read_until = greatest(v.read_until, s.business_at),
    unread_count = private.count_unread(v.id, greatest(v.read_until, s.business_at))
  from unnest(sums) s
  where v.id = s.conversation_id and s.business_at is not null;

  update public.conversations v
  set status = 'active', phase = 'live', ai_enabled = false, bot_status = 'agent'
  from unnest(sums) s
  where v.id = s.conversation_id and s.business_at is not null
    and (v.phase in ('automated', 'waiting') and s.business_at >= date_trunc('second', private.last_resolution(v.id))
      or private.reopens(v, s.business_at));
end
$$;
comment on function private.answer_in_app(private.message_sum[]) is
  'Who answers in WhatsApp''s own app has read what came before, and takes over from the bot, unless the conversation was resolved since and has begun anew.';

create function private.reopen_conversations(ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.conversations v
  set status = 'active', phase = 'automated', ai_enabled = true, bot_status = 'active'
  where v.id = any (ids);
end
$$;
comment on function private.reopen_conversations(uuid[]) is 'Resolved conversations begin anew as all do: with the bot, but for contractors.';

-- What a batch's messages say of one contact.
create type private.contact_sum as (
  contact_id uuid, messages int, last_at timestamptz, heard_at timestamptz, channels text[],
  profile_name text, profile_name_at timestamptz, username text, username_at timestamptz,
  sentiment_sum numeric, sentiment_count int, last_sentiment_score numeric, last_sentiment_at timestamptz);

create function private.sum_contacts(sums private.message_sum[]) returns private.contact_sum[]
language plpgsql immutable
set search_path = ''
as $$
begin
  return array(
    select row(s.contact_id, sum(s.messages), max(s.last_at), max(s.heard_at), array_agg(distinct s.channel),
      (array_agg(s.profile_name order by s.profile_name_at desc nulls last, s.profile_name))[1], max(s.profile_name_at),
      (array_agg(s.username order by s.username_at desc nulls last, s.username))[1], max(s.username_at),
      sum(s.sentiment_sum), sum(s.sentiment_count),
      (array_agg(s.last_sentiment_score order by s.last_sentiment_at desc nulls last, s.last_sentiment_score))[1],
      max(s.last_sentiment_at))::private.contact_sum
    from unnest(sums) s
    group by s.contact_id order by s.contact_id);
end
$$;
comment on function private.sum_contacts(private.message_sum[]) is
  'The sums of conversations → those of their contacts, in the order of the ids.';

create function private.show_activity(contacts uuid[]) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  -- Never waits: contacts are locked before their activity, which we hold, and whoever is at one may
  -- be waiting for us. Those are brought up to date once they are through.
  locked uuid[] := array(select c.id from public.contacts c where c.id = any (contacts) order by c.id for no key update skip locked);
begin
  perform private.write_activity(locked);
  if cardinality(locked) < cardinality(contacts) then
    perform private.put_off(array(select unnest(contacts) except all select unnest(locked)));
  end if;
end
$$;
comment on function private.show_activity(uuid[]) is
  'Contacts whose activity is locked show its mood, automatic status and risk: lists filter by them, so they are in the contact''s indexes. Whom somebody else is at is put off.';

create function private.follow_activity(sums private.contact_sum[]) returns void
language plpgsql
-- After the activity was written and in a statement of its own, so that it sees what whoever held
-- the activity meanwhile has made of the contact. Should that be another name than the one we found
-- and bring again, the contact is locked only here: seldom, and a deadlock is tried again.
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  named uuid[];
  outdated uuid[];
begin
  -- First of all: most messages change nothing, and an update of no row still asks every trigger.
  select array_agg(c.id) filter (where
      coalesce(s.profile_name <> c.profile_name, s.profile_name is not null) or not c.channels @> s.channels),
    array_agg(c.id) filter (where
      (c.sentiment, c.auto_status, c.is_at_risk) <> (private.sentiment_level(a.sentiment_score), a.auto_status, a.is_at_risk))
  into named, outdated
  from unnest(sums) s
  join public.contact_activity a on a.contact_id = s.contact_id
  join public.contacts c on c.id = s.contact_id;
  if named is not null then
    update public.contacts c
    set profile_name = coalesce(s.profile_name, c.profile_name),
      channels = case when c.channels @> s.channels then c.channels
        else array(select distinct unnest(c.channels || s.channels) order by 1) end
    from (select * from unnest(sums) u order by u.contact_id) as s
    where c.id = s.contact_id and c.id = any (named);
  end if;
  if outdated is not null then
    perform private.show_activity(outdated);
  end if;
end
$$;
comment on function private.follow_activity(private.contact_sum[]) is
  'Contacts take over the latest profile name and the channels, and show what is computed of their activity; those that do already are not written.';

create function private.rules_of(contacts uuid[]) returns setof public.workspace_settings
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  return query
  -- As a row of its own: (…).* would ask once a column.
  select s.*
  from (
    select distinct a.workspace_id from unnest(contacts) as c (id) join public.contact_activity a on a.contact_id = c.id
  ) as w
  cross join lateral private.workspace_settings(w.workspace_id) s;
end
$$;
comment on function private.rules_of(uuid[]) is 'The settings that hold for contacts: one row a workspace.';

create function private.lock_changing(sums private.contact_sum[], scored uuid[]) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  perform from unnest(sums) s join public.contacts c on c.id = s.contact_id
  -- Scores are written to those that are scored, and whoever locks some of a batch locks them all.
  where cardinality(scored) > 0
    or coalesce(s.profile_name <> c.profile_name, s.profile_name is not null) or not c.channels @> s.channels
  order by c.id for no key update of c;
end
$$;
comment on function private.lock_changing(private.contact_sum[], uuid[]) is
  'Locks the contacts that their messages change: before their activity, as everybody does, but no more of them than need be. Mood and automatic status wait for nobody (private.show_activity).';

create function private.apply_contact_sums(sums private.contact_sum[], are_new boolean, scored uuid[] default '{}') returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  concerned uuid[] := array(select s.contact_id from unnest(sums) s);
  rules public.workspace_settings[] := array(select r from private.rules_of(concerned) r);
  changed private.contact_sum[];
  scores private.contact_score[];
begin
  perform private.lock_changing(sums, scored);
  -- In the order of their ids, all at once: in which one an update goes is the planner's choice, and
  -- what a contact shows is copied to its activity.
  perform from public.contact_activity a where a.contact_id = any (concerned) order by a.contact_id for no key update;
  if cardinality(scored) > 0 then
    scores := private.follow_scores(scored);
  end if;
  with written as (
    update public.contact_activity a
    set message_count = a.message_count + case when are_new then s.messages else 0 end,
      last_contact_at = greatest(a.last_contact_at, s.last_at),
      last_inbound_at = greatest(a.last_inbound_at, s.heard_at),
      -- By the event's own time: an old message that comes late does not bring an old name back.
      profile_name = case when private.is_later(s.profile_name_at, s.profile_name, a.profile_name_at, a.profile_name)
        then s.profile_name else a.profile_name end,
      profile_name_at = greatest(a.profile_name_at, s.profile_name_at),
      username = case when private.is_later(s.username_at, s.username, a.username_at, a.username)
        then s.username else a.username end,
      username_at = greatest(a.username_at, s.username_at),
      sentiment_sum = a.sentiment_sum + case when are_new then coalesce(s.sentiment_sum, 0) else 0 end,
      sentiment_count = a.sentiment_count + case when are_new then coalesce(s.sentiment_count, 0) else 0 end,
      last_sentiment_score = private.later_sentiment(
        a.last_sentiment_score, a.last_sentiment_at, s.last_sentiment_score, s.last_sentiment_at),
      last_sentiment_at = greatest(a.last_sentiment_at, s.last_sentiment_at),
      shows_intent = a.shows_intent or coalesce(s.shows_intent, false),
      (auto_status, is_at_risk, due_at) = (
        -- Only ever earlier: when it is due, it is looked at anew, and no message has to say that it is later.
        select l.auto_status, l.is_at_risk, least(a.due_at, l.next_at, s.next_at)
        from private.lifecycle(a.converted_at, a.shows_intent or coalesce(s.shows_intent, false),
          a.message_count + case when are_new then s.messages else 0 end, greatest(a.last_inbound_at, s.heard_at),
          private.later_sentiment(a.last_sentiment_score, a.last_sentiment_at, s.last_sentiment_score, s.last_sentiment_at),
          r, private.now()) l)
    from (
      select u.*, x.shows_intent, x.next_at
      from unnest(sums) u left join unnest(scores) x on x.contact_id = u.contact_id
    ) as s
    cross join unnest(rules) r
    where a.contact_id = s.contact_id and r.workspace_id = a.workspace_id
    returning a.contact_id, case when s.profile_name is not null then a.profile_name end as profile_name, s.channels
  )
  select array_agg(row(w.contact_id, null, null, null, w.channels, w.profile_name, null, null, null, null, null, null, null)::private.contact_sum)
  into changed from written w;
  perform private.follow_activity(changed);
end
$$;
comment on function private.apply_contact_sums(private.contact_sum[], boolean, uuid[]) is
  'Counter, last contact, names, mood, scores and automatic status of contacts follow their messages. scored: whose messages have shown signals.';

create function private.answered_in_app_at(conversation uuid, at timestamptz) returns boolean
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
begin
  return exists (
    select from public.messages m
    where m.conversation_id = conversation and m.sent_at = at and m.sender_type = 'business' and not m.from_history);
end
$$;
comment on function private.answered_in_app_at(uuid, timestamptz) is 'Whether somebody answered in WhatsApp''s own app in that second.';

create function private.apply_message_sums(sums private.message_sum[], are_new boolean, scored uuid[] default '{}') returns void
language plpgsql
-- From the sums to the rows, contacts before conversations and in the order of their ids: two
-- batches about the same people wait for each other instead of deadlocking.
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  was_resolved boolean;
begin
  perform private.apply_contact_sums(private.sum_contacts(sums), are_new, scored);

  with changed as (
    update public.conversations v
    set message_count = v.message_count + case when are_new then s.messages else 0 end,
      last_message_at = greatest(v.last_message_at, s.last_at),
      unread_count = v.unread_count + (
        select count(*) from unnest(s.inbound_at) as i (at)
        where i.at > coalesce(v.read_until, '-infinity')
          -- WhatsApp's times are whole seconds. What the team read, it read before this came; who answers in
          -- the app has read all of the second, whichever of the two we hear of first.
          or i.at = v.read_until and not private.answered_in_app_at(v.id, i.at)),
      phone_number_id = case
        when v.last_inbound_at is null or s.last_inbound_at > v.last_inbound_at then coalesce(s.phone_number_id, v.phone_number_id)
        when s.last_inbound_at = v.last_inbound_at then greatest(v.phone_number_id, s.phone_number_id)
        else v.phone_number_id end,
      last_inbound_at = greatest(v.last_inbound_at, s.last_inbound_at)
    from (select * from unnest(sums) u order by u.conversation_id) as s
    where v.id = s.conversation_id
    returning v.status
  )
  select bool_or(status = 'resolved') into was_resolved from changed;
  if was_resolved then
    -- A later inbound message reopens; one that merely arrives late does not.
    perform private.reopen_conversations(array(
      select v.id from unnest(sums) s join public.conversations v on v.id = s.conversation_id
      where private.reopens(v, s.last_inbound_at)));
  end if;
  if exists (select from unnest(sums) s where s.business_at is not null) then
    perform private.answer_in_app(sums);
  end if;
end
$$;
comment on function private.apply_message_sums(private.message_sum[], boolean, uuid[]) is
  'Counters, last contact, channels, names, window and unread of contacts and conversations follow their messages, by the events'' own times. are_new: false when they were counted before and are only now known to be said live. scored: contacts whose messages have shown signals.';

create function private.message_effects() returns trigger
language plpgsql
-- Definer: whoever may store a message need not be allowed to change contacts.
security definer set search_path = ''
as $$
declare
  ids uuid[] := array(select i.id from inserted i);
  scored uuid[] := private.score_messages(ids);
begin
  perform private.apply_message_sums(private.sum_messages(ids), true, scored);
  if cardinality(scored) > 0 then
    perform private.open_shown_deals(ids);
  end if;
  return null;
end
$$;
comment on function private.message_effects() is 'Trigger: contacts and conversations follow the messages.';

create trigger messages_700_effects after insert on public.messages
  referencing new table as inserted for each statement execute function private.message_effects();
