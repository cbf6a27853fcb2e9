-- Moods are read when messages are stored and again when they change. What a contact's messages say
-- together is in contact_activity: new ones are added with their other effects (000805), here is
-- what changes later.

create function private.read_message() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  reading private.sentiment_reading;
begin
  -- What was taken back, and what we said ourselves, is nobody's mood.
  if new.direction = 'inbound' and new.revoked_at is null then
    reading := private.read_sentiment(new.body);
  end if;
  new.sentiment_score := coalesce(reading.score, 0);
  new.sentiment := private.sentiment_level(new.sentiment_score);
  new.sentiment_language := reading.language;
  new.sentiment_source := case when reading.is_read then 'words' end;
  return new;
end
$$;
comment on function private.read_message() is 'Trigger: the mood of an inbound message is what its words say.';

-- A row at a time and before it is written: to write it a second time would cost more than reading.
create trigger messages_100_sentiment_insert before insert on public.messages
  for each row when (new.direction = 'inbound' and new.body is not null) execute function private.read_message();
create trigger messages_100_sentiment_update before update of body, direction, revoked_at on public.messages
  for each row when (old.body is distinct from new.body or old.direction <> new.direction
    or (old.revoked_at is null) <> (new.revoked_at is null))
  execute function private.read_message();

create function private.lock_with_activity(contacts uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  if cardinality(contacts) > 0 then
    perform from public.contacts c where c.id = any (contacts) order by c.id for no key update;
    perform from public.contact_activity a where a.contact_id = any (contacts) order by a.contact_id for no key update;
  end if;
end
$$;
comment on function private.lock_with_activity(uuid[]) is 'Locks the contacts and then their activity, each in the order of the ids.';

create function private.recount_sentiment(contacts uuid[]) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  -- Whoever stores a message of theirs has committed then, or waits until we have.
  perform private.lock_with_activity(contacts);
  update public.contact_activity a
  set sentiment_sum = coalesce(s.total, 0), sentiment_count = s.messages,
    last_sentiment_score = s.latest[1], last_sentiment_at = s.at
  from unnest(contacts) as given (id)
  cross join lateral (
    select sum(m.sentiment_score) as total, count(*) as messages, max(m.sent_at) as at,
      array_agg(m.sentiment_score order by m.sent_at desc, m.sentiment_score) as latest
    from public.messages m where m.contact_id = given.id and m.sentiment_source is not null) as s
  where a.contact_id = given.id;
  perform private.write_activity(contacts);
end
$$;
comment on function private.recount_sentiment(uuid[]) is
  'The moods of the contacts, from all their messages anew: equal to what the triggers keep.';

create function private.correct_sentiment() returns trigger
language plpgsql
-- Definer: whoever may change a message need not be allowed to change what is known of its contact.
security definer set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  perform private.lock_with_activity(array[new.contact_id]);
  update public.contact_activity a
  set sentiment_sum = a.sentiment_sum - case when old.sentiment_source is not null then old.sentiment_score else 0 end
      + case when new.sentiment_source is not null then new.sentiment_score else 0 end,
    sentiment_count = a.sentiment_count - (old.sentiment_source is not null)::int + (new.sentiment_source is not null)::int,
    (last_sentiment_score, last_sentiment_at) = (
      select m.sentiment_score, m.sent_at from public.messages m
      where m.contact_id = new.contact_id and m.sentiment_source is not null
      order by m.sent_at desc, m.sentiment_score limit 1)
  where a.contact_id = new.contact_id;
  -- Whoever was last upset is at risk.
  perform private.follow_contacts(array[new.contact_id]);
  return null;
end
$$;
comment on function private.correct_sentiment() is
  'Trigger: a message that is read anew counts for its contact as it is now. Which contact it is of, merges see to.';

create trigger messages_720_sentiment after update of body, direction, revoked_at, sentiment_score, sentiment_source, sent_at
  on public.messages for each row
  when ((old.sentiment_score, old.sentiment_source, old.sent_at) is distinct from (new.sentiment_score, new.sentiment_source, new.sent_at))
  execute function private.correct_sentiment();

create function private.forget_messages() returns trigger
language plpgsql
-- Definer: whoever may delete a message need not be allowed to change what is known of its contact.
security definer set search_path = ''
as $$
declare
  -- Of a contact that goes with its messages nothing is to be counted.
  concerned uuid[] := array(
    select distinct d.contact_id from deleted d join public.contacts c on c.id = d.contact_id
    where d.direction = 'inbound');
begin
  if cardinality(concerned) > 0 then
    perform private.recount_sentiment(concerned);
    perform private.recount_inbound(concerned);
    perform private.follow_contacts(concerned);
  end if;
  return null;
end
$$;
comment on function private.forget_messages() is 'Trigger: messages that are deleted count no more, for the mood, the status and the risk.';

create trigger messages_720_forget after delete on public.messages
  referencing old table as deleted for each statement execute function private.forget_messages();
