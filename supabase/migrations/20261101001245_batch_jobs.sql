-- Work over many contacts, in batches: each is one transaction together with the note of how far the
-- job is, so a batch that was killed never happened and the next one goes on from there.

create table private.batch_jobs (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  kind text not null check (kind ~ '^[a-z_]+$'),
  args jsonb not null,
  state jsonb not null default '{}',
  claims jsonb not null,
  status text not null default 'running' check (status in ('running', 'completed', 'failed')),
  total int not null default 0,
  attempts int not null default 0,
  error jsonb,
  due_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  finished_at timestamptz
);
create index batch_jobs_workspace_id_idx on private.batch_jobs (workspace_id);
create index batch_jobs_due_idx on private.batch_jobs (due_at) where status = 'running';
alter table private.batch_jobs enable row level security;
comment on table private.batch_jobs is
  'Work that goes in batches. A kind is a function private.<kind>_batch(job) that does one and returns the new state; who runs it holds the row''s lock, so nothing is left to clean up after a crash.';
comment on column private.batch_jobs.args is 'What to do; never changes.';
comment on column private.batch_jobs.state is 'How far it is, in the kind''s own terms; "done": true ends it.';
comment on column private.batch_jobs.claims is 'Of the caller who asked for it: every batch runs in their name.';
comment on column private.batch_jobs.total is 'How many contacts batch_job_parts names.';
comment on column private.batch_jobs.attempts is 'Failed ones since the last batch that went well.';
comment on column private.batch_jobs.error is '{ code, detail } of the last failure.';

create table private.batch_job_parts (
  job_id uuid not null references private.batch_jobs (id) on delete cascade,
  part int not null,
  ids uuid[] not null,
  primary key (job_id, part)
);
alter table private.batch_job_parts enable row level security;
comment on table private.batch_job_parts is
  'The contacts that a job is about, fixed when it was made: up to 1,000 in the order of their ids; part counts from 0. Removed when the job ends.';

create function private.start_batch_job(kind text, workspace uuid, args jsonb, ids_query text default null) returns uuid
language plpgsql
-- Definer: callers have no right to the service's tables.
security definer set search_path = ''
as $$
declare
  job uuid;
begin
  insert into private.batch_jobs (workspace_id, kind, args, claims)
  values (workspace, start_batch_job.kind, start_batch_job.args, coalesce(private.claims(), '{}')) returning id into job;
  if ids_query is not null then
    execute format($sql$
      insert into private.batch_job_parts (job_id, part, ids)
      select $1, n / 1000, array_agg(id order by id)
      from (select id, row_number() over (order by id) - 1 as n from (%s) as asked (id)) as numbered
      group by n / 1000 $sql$, ids_query) using job;
    update private.batch_jobs j
    set total = (select coalesce(sum(cardinality(p.ids)), 0) from private.batch_job_parts p where p.job_id = job)
    where j.id = job;
  end if;
  return job;
end
$$;
comment on function private.start_batch_job(text, uuid, jsonb, text) is
  'Makes a job in the caller''s name and returns its id. ids_query: SQL text that selects the ids (one column, each once) of the contacts it is about; the caller answers for what it selects.';

create function private.lock_batch_job(job uuid) returns private.batch_jobs
language plpgsql
set search_path = ''
as $$
declare
  j private.batch_jobs;
begin
  if job is null then
    select * into j from private.batch_jobs b
    where b.status = 'running' and b.due_at <= now() order by b.due_at limit 1 for update skip locked;
  else
    -- What rests after a failure is left to whoever looks for work when its time has come.
    select * into j from private.batch_jobs b
    where b.id = job and b.status = 'running' and (b.attempts = 0 or b.due_at <= clock_timestamp()) for update;
  end if;
  perform set_config('request.jwt.claims', j.claims::text, true) where j.id is not null;
  return j;
end
$$;
comment on function private.lock_batch_job(uuid) is
  'A running job, locked, and the transaction in the name of who asked for it: that one (waits for whoever runs it; but not while it rests after a failure), or for null the one that waits longest and that nobody runs. Null: there is none.';

create function private.record_batch(job uuid, state jsonb) returns text
language plpgsql
set search_path = ''
as $$
declare
  is_done boolean := coalesce((state ->> 'done')::boolean, false);
begin
  update private.batch_jobs b
  -- Behind the others that wait: jobs take turns.
  set state = record_batch.state, attempts = 0, error = null, updated_at = now(), due_at = now(),
    status = case when is_done then 'completed' else 'running' end,
    finished_at = case when is_done then clock_timestamp() end
  where b.id = job;
  if is_done then
    delete from private.batch_job_parts p where p.job_id = job;
  end if;
  return case when is_done then 'completed' else 'running' end;
end
$$;
comment on function private.record_batch(uuid, jsonb) is 'Notes how far a locked job is after a batch; returns its status.';

create function private.record_batch_failure(job uuid, code text, detail text) returns text
language plpgsql
set search_path = ''
as $$
declare
  most constant int := 5;
  result text;
begin
  update private.batch_jobs b
  set attempts = b.attempts + 1, updated_at = now(),
    error = jsonb_build_object('code', record_batch_failure.code, 'detail', record_batch_failure.detail),
    due_at = clock_timestamp() + interval '1 second' * 4 ^ b.attempts,
    status = case when b.attempts + 1 >= most then 'failed' else b.status end,
    finished_at = case when b.attempts + 1 >= most then clock_timestamp() end
  where b.id = job and b.status = 'running'
  returning b.status into result;
  if result = 'failed' then
    delete from private.batch_job_parts p where p.job_id = job;
  end if;
  return result;
end
$$;
comment on function private.record_batch_failure(uuid, text, text) is
  'Notes that a batch could not be done. It is tried again after 1, 4, 16 and 64 s; the fifth failure in a row ends the job. Returns its status.';

create function private.run_batch(job uuid default null, out id uuid, out kind text, out status text, out needs_step boolean)
language plpgsql
set search_path = ''
as $$
declare
  j private.batch_jobs := private.lock_batch_job(job);
  new_state jsonb;
  detail text;
begin
  id := coalesce(j.id, job);
  kind := j.kind;
  needs_step := false;
  if j.id is null then
    status := (select case b.status when 'running' then 'resting' else b.status end from private.batch_jobs b where b.id = job);
    return;
  end if;
  begin
    execute format('select private.%I($1)', j.kind || '_batch') into new_state using j;
    if new_state is null then
      needs_step := true;
      status := 'running';
    else
      status := private.record_batch(j.id, new_state);
    end if;
  exception when others or query_canceled then
    get stacked diagnostics detail = pg_exception_detail;
    -- What was refused says why; of everything else only the log gets to know.
    if sqlstate like 'PT%' then
      status := private.record_batch_failure(j.id, sqlerrm, detail);
    else
      raise warning 'a batch of job % (%) failed: % %', j.id, j.kind, sqlstate, sqlerrm;
      status := private.record_batch_failure(j.id, 'internal_error', 'The batch failed for a reason of our own.');
    end if;
  end;
end
$$;
comment on function private.run_batch(uuid) is
  'One batch of that job, or of any that is due. status null: there was none; needs_step: the next step is not SQL''s (_shared/batch_worker.ts); resting: nothing was done, since its last batch failed a moment ago.';

create function private.batches_due() returns boolean
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
begin
  return exists (select from private.batch_jobs b where b.status = 'running' and b.due_at <= now());
end
$$;
comment on function private.batches_due() is 'Whether any job has a batch to do.';

create function private.sweep_batch_jobs() returns int
language plpgsql
set search_path = ''
as $$
declare
  gone int;
begin
  delete from private.batch_jobs b where b.status <> 'running' and b.finished_at < now() - interval '30 days';
  get diagnostics gone = row_count;
  return gone;
end
$$;
comment on function private.sweep_batch_jobs() is 'Removes jobs that ended more than 30 days ago; returns how many.';
