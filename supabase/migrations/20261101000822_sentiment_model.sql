-- A language model in the words' place, where one is configured: which messages it has yet to read,
-- and what it made of them. The words' reading stands until then, and whenever the model fails.

create table private.sentiment_model (
  is_on boolean primary key default true check (is_on)
);
alter table private.sentiment_model enable row level security;
comment on table private.sentiment_model is
  'A row while the workers have a language model: only then are messages queued for it.';

create table private.sentiment_queue (
  message_id uuid primary key references public.messages (id) on delete cascade,
  attempts int not null default 0,
  next_attempt_at timestamptz not null default now()
);
create index sentiment_queue_due_idx on private.sentiment_queue (next_attempt_at);
alter table private.sentiment_queue enable row level security;
comment on table private.sentiment_queue is 'Messages that a language model has yet to read.';
comment on column private.sentiment_queue.next_attempt_at is
  'When it is due; while it is being read, when whoever reads it counts as dead.';

create function private.queue_sentiment() returns trigger
language plpgsql
-- Definer: whoever may store a message need not be allowed to queue it.
security definer set search_path = ''
as $$
begin
  if exists (select from private.sentiment_model) then
    insert into private.sentiment_queue (message_id)
    select n.id from written n
    where n.direction = 'inbound' and n.body <> '' and n.revoked_at is null
    on conflict do nothing;
  end if;
  return null;
end
$$;
comment on function private.queue_sentiment() is 'Trigger: what people write is to be read by the language model, if there is one.';

create trigger messages_740_sentiment_insert after insert on public.messages
  referencing new table as written for each statement execute function private.queue_sentiment();

create function private.queue_edited_sentiment() returns trigger
language plpgsql
-- Definer: as private.queue_sentiment.
security definer set search_path = ''
as $$
begin
  if exists (select from private.sentiment_model) then
    insert into private.sentiment_queue (message_id) values (new.id)
    -- Who is at it has read another text.
    on conflict (message_id) do update set attempts = 0, next_attempt_at = now();
  end if;
  return null;
end
$$;
comment on function private.queue_edited_sentiment() is 'Trigger: an edited message is read anew.';

create trigger messages_740_sentiment_update after update of body on public.messages
  for each row when (old.body is distinct from new.body and new.direction = 'inbound' and new.body <> '' and new.revoked_at is null)
  execute function private.queue_edited_sentiment();

create function private.use_sentiment_model(configured boolean) returns void
language plpgsql
set search_path = ''
as $$
begin
  if configured then
    insert into private.sentiment_model default values on conflict do nothing;
  else
    delete from private.sentiment_model;
    delete from private.sentiment_queue;
  end if;
end
$$;
comment on function private.use_sentiment_model(boolean) is
  'Told by the worker whether it has a language model: what comes from now on is queued for it, or nothing any more.';

create function private.sentiment_due(configured boolean) returns boolean
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
begin
  return configured <> exists (select from private.sentiment_model)
    or configured and exists (select from private.sentiment_queue q where q.next_attempt_at <= now());
end
$$;
comment on function private.sentiment_due(boolean) is
  'Whether the worker has something to do, which knows whether there is a language model.';

create function private.claim_sentiment(at_most int, lease interval default '2 minutes')
returns table (id uuid, body text, attempt int, signals jsonb)
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  due uuid[] := array(
    select q.message_id from private.sentiment_queue q
    where q.next_attempt_at <= now() order by q.next_attempt_at limit at_most for update skip locked);
begin
  delete from private.sentiment_queue q using public.messages m
  where q.message_id = any (due) and m.id = q.message_id and m.revoked_at is not null;
  return query
  update private.sentiment_queue q set attempts = q.attempts + 1, next_attempt_at = now() + lease
  from public.messages m
  where q.message_id = any (due) and m.id = q.message_id
  returning m.id, m.body, q.attempts, (
    select coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'look_for', s.description) order by s.id), '[]')
    from public.scoring_signals s where s.workspace_id = m.workspace_id and s.kind = 'ai' and s.is_active);
end
$$;
comment on function private.claim_sentiment(int, interval) is
  'Messages for the language model to read, for the caller alone until the lease ends; signals: [{ id, look_for }], what else their workspace has it look for.';

create function private.finish_sentiment(readings jsonb, failed jsonb) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Contacts are locked before their messages.
  perform private.lock_with_activity(array(
    select m.contact_id from jsonb_array_elements(readings) r join public.messages m on m.id = (r ->> 'id')::uuid));
  -- An edit has begun a new count of attempts: what was read is no longer what is written.
  with finished as (
    delete from private.sentiment_queue q using jsonb_array_elements(readings) r
    where q.message_id = (r ->> 'id')::uuid and q.attempts = (r ->> 'attempt')::int
    returning q.message_id, (r ->> 'score')::numeric(4, 3) as score, r ->> 'language' as language
  )
  update public.messages m
  set sentiment_score = f.score, sentiment = private.sentiment_level(f.score), sentiment_language = f.language,
    sentiment_source = 'model'
  from finished f
  where m.id = f.message_id and m.revoked_at is null;
  perform private.keep_seen(readings);
  -- 10 s, 40 s, then the words' reading stands.
  delete from private.sentiment_queue q using jsonb_array_elements(failed) f
  where q.message_id = (f ->> 'id')::uuid and q.attempts = (f ->> 'attempt')::int and q.attempts >= 3;
  update private.sentiment_queue q
  set next_attempt_at = now() + 10 * power(4, q.attempts - 1) * interval '1 second'
  from jsonb_array_elements(failed) f
  where q.message_id = (f ->> 'id')::uuid and q.attempts = (f ->> 'attempt')::int;
end
$$;
comment on function private.finish_sentiment(jsonb, jsonb) is
  'What the language model made of claimed messages: [{ id, attempt, score, language, signals? (ids of those that it saw) }]; and of which it made nothing: [{ id, attempt }].';
