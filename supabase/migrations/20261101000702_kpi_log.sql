-- How many contacts there were at a past moment: what a reader of the KPIs was told then.
--
-- Folding, which takes deltas away, moves them into a log that is only ever appended to. Beside it
-- stand its sums by day and by minute (UTC), so that a moment is some sums and the deltas of less
-- than a minute. They are appended too: a row that folding had to wait for would be a queue, and a
-- deadlock, since writers fold while they hold contacts. No row says whose it is about.

create table private.kpi_log (
  workspace_id uuid not null,
  at timestamptz not null,
  status public.contact_status not null,
  is_test boolean not null,
  stage text not null,
  delta bigint not null
);
create index kpi_log_idx on private.kpi_log (workspace_id, at);
alter table private.kpi_log enable row level security;
comment on table private.kpi_log is
  'The changes of the number of contacts that were taken from private.contact_kpi_deltas: they count at their moment, deleted contacts included. No foreign key: for the same reason; they go with the workspace.';

create table private.kpi_log_sums (
  workspace_id uuid not null,
  unit text not null check (unit in ('day', 'minute')),
  since timestamptz not null,
  status public.contact_status not null,
  is_test boolean not null,
  stage text not null,
  delta bigint not null
);
create index kpi_log_sums_idx on private.kpi_log_sums (workspace_id, unit, since);
alter table private.kpi_log_sums enable row level security;
comment on table private.kpi_log_sums is
  'What private.kpi_log holds of a day or a minute (UTC), in as many rows as it was written in; sweeping makes one of them.';

create function private.fold_contact_kpis(workspace uuid, at_most int default 5000) returns int
language plpgsql
set search_path = ''
as $$
declare
  folded int;
begin
  with picked as (
    -- Skip locked: whoever folds at the same time takes other rows.
    select ctid from private.contact_kpi_deltas
    where workspace_id = workspace limit at_most for update skip locked
  ), gone as (
    delete from private.contact_kpi_deltas d using picked p where d.ctid = p.ctid
    returning d.status, d.is_test, d.stage, d.delta, d.at
  ), kept as (
    select g.* from gone g
    where g.at is not null and exists (select from public.workspaces w where w.id = workspace)
  ), logged as (
    insert into private.kpi_log (workspace_id, at, status, is_test, stage, delta)
    select workspace, at, status, is_test, stage, sum(delta) from kept group by 2, 3, 4, 5 having sum(delta) <> 0
  ), summed as (
    insert into private.kpi_log_sums (workspace_id, unit, since, status, is_test, stage, delta)
    select workspace, u.unit, date_trunc(u.unit, k.at, 'UTC'), k.status, k.is_test, k.stage, sum(k.delta)
    from kept k cross join unnest(array['day', 'minute']) as u (unit)
    group by 2, 3, 4, 5, 6 having sum(k.delta) <> 0
  ), carried as (
    insert into private.contact_kpi_deltas (workspace_id, status, is_test, stage, delta)
    select workspace, status, is_test, stage, sum(delta) from gone group by 2, 3, 4 having sum(delta) <> 0
  )
  select count(*) into folded from gone;
  return folded;
end
$$;
comment on function private.fold_contact_kpis(uuid, int) is
  'Moves up to that many deltas of a workspace into the log and leaves their sums; returns how many rows it took.';

create function private.compact_kpi_sums(workspace uuid, after timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  with picked as (
    select ctid from private.kpi_log_sums s
    where s.workspace_id = workspace and s.unit in ('day', 'minute') and s.since >= date_trunc('day', after, 'UTC')
    for update skip locked
  ), gone as (
    delete from private.kpi_log_sums s using picked p where s.ctid = p.ctid
    returning s.unit, s.since, s.status, s.is_test, s.stage, s.delta
  )
  insert into private.kpi_log_sums (workspace_id, unit, since, status, is_test, stage, delta)
  select workspace, unit, since, status, is_test, stage, sum(delta) from gone
  group by 2, 3, 4, 5, 6 having sum(delta) <> 0;
end
$$;
comment on function private.compact_kpi_sums(uuid, timestamptz) is
  'Makes one row of those that sum up the same day or minute, from that day on.';

create function private.sweep_contact_kpis() returns bigint
language plpgsql
set search_path = ''
as $$
declare
  busy record;
  folded bigint := 0;
begin
  for busy in
    select d.workspace_id, min(d.at) as since from private.contact_kpi_deltas d group by 1
  loop
    folded := folded + private.fold_contact_kpis(busy.workspace_id, 100000);
    -- Writers fold as well: of what they left since the last sweep, nothing is older than a day.
    perform private.compact_kpi_sums(busy.workspace_id, busy.since - interval '1 day') where busy.since is not null;
  end loop;
  return folded;
end
$$;
comment on function private.sweep_contact_kpis() is 'Folds the deltas of every workspace; returns how many rows were taken.';

create function private.contact_counts_at(workspace uuid, include_test boolean, moment timestamptz)
returns table (status public.contact_status, stage text, contacts bigint)
language plpgsql stable
set search_path = ''
as $$
declare
  day timestamptz := date_trunc('day', moment, 'UTC');
  minute timestamptz := date_trunc('minute', moment, 'UTC');
begin
  return query
  select p.status, p.stage, sum(p.delta)::bigint
  from (
    select s.status, s.stage, s.is_test, s.delta from private.kpi_log_sums s
    where s.workspace_id = workspace and s.unit = 'day' and s.since < day
    union all
    select s.status, s.stage, s.is_test, s.delta from private.kpi_log_sums s
    where s.workspace_id = workspace and s.unit = 'minute' and s.since >= day and s.since < minute
    union all
    select l.status, l.stage, l.is_test, l.delta from private.kpi_log l
    where l.workspace_id = workspace and l.at >= minute and l.at <= moment
    union all
    select d.status, d.stage, d.is_test, d.delta from private.contact_kpi_deltas d
    where d.workspace_id = workspace and d.at <= moment
  ) as p
  where include_test or not p.is_test
  group by 1, 2 having sum(p.delta) <> 0;
end
$$;
comment on function private.contact_counts_at(uuid, boolean, timestamptz) is
  'Contacts by status and stage at a past moment, those only that somebody was of; without mystery shoppers, of then, unless asked for.';

create function private.forget_kpi_log() returns trigger
language plpgsql
-- Definer: nobody but this trigger and folding writes the log.
security definer set search_path = ''
as $$
begin
  delete from private.kpi_log l using deleted d where l.workspace_id = d.id;
  delete from private.kpi_log_sums s using deleted d where s.workspace_id = d.id;
  return null;
end
$$;
comment on function private.forget_kpi_log() is 'Trigger: the log goes with its workspace.';

create trigger workspaces_720_kpi_log after delete on public.workspaces
  referencing old table as deleted for each statement execute function private.forget_kpi_log();
