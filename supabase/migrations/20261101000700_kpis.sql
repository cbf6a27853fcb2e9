-- The counts behind the KPIs: right at the next read after a commit, and nothing queues.
--
-- A counter row would make every writer wait for the one before. Writers append what they changed
-- instead; a reader adds up; now and then a writer folds what is there into fewer rows. Folding
-- deletes and inserts in one transaction, so that every snapshot sees the same sum.

create table private.contact_kpi_deltas (
  workspace_id uuid not null,
  status public.contact_status not null,
  is_test boolean not null,
  delta bigint not null,
  stage text not null,
  at timestamptz
);
create index contact_kpi_deltas_idx on private.contact_kpi_deltas (workspace_id);
alter table private.contact_kpi_deltas enable row level security;
comment on table private.contact_kpi_deltas is
  'Changes of the number of contacts by status and stage; is_test = mystery shoppers. Their sum is the count. No foreign key: a lock on the workspace''s row at every write would be paid for nothing, sums of deleted workspaces fold to zero.';
comment on column private.contact_kpi_deltas.at is
  'When it was written, to the end of its statement rather than the start of its transaction, to be near the commit; null: a sum of what private.kpi_log has already.';

create function private.statement_time() returns timestamptz
language plpgsql
set search_path = ''
as $$
begin
  return private.now() + (clock_timestamp() - now());
end
$$;
comment on function private.statement_time() is
  'What time it is by the rules'' clock, where private.now() says when the transaction began.';

create function private.count_contacts() returns trigger
language plpgsql
-- Definer: nobody but this trigger writes the deltas.
security definer set search_path = ''
as $$
declare
  workspace uuid;
  moment timestamptz := private.statement_time();
begin
  if tg_op = 'INSERT' then
    insert into private.contact_kpi_deltas (workspace_id, status, is_test, stage, delta, at)
    select workspace_id, status, is_mystery_shopper, stage, count(*), moment from inserted group by 1, 2, 3, 4;
    select i.workspace_id into workspace from inserted i limit 1;
  elsif tg_op = 'DELETE' then
    insert into private.contact_kpi_deltas (workspace_id, status, is_test, stage, delta, at)
    select workspace_id, status, is_mystery_shopper, stage, -count(*), moment from deleted group by 1, 2, 3, 4;
    select d.workspace_id into workspace from deleted d limit 1;
  else
    -- Who stays what they were is taken away as often as added; no row is looked up by its id.
    insert into private.contact_kpi_deltas (workspace_id, status, is_test, stage, delta, at)
    select workspace_id, status, is_mystery_shopper, stage, sum(delta), moment
    from (
      select workspace_id, status, is_mystery_shopper, stage, 1 as delta from inserted
      union all
      select workspace_id, status, is_mystery_shopper, stage, -1 from deleted
    ) as moved
    group by 1, 2, 3, 4
    having sum(delta) <> 0;
    if found then
      select i.workspace_id into workspace from inserted i limit 1;
    end if;
  end if;
  -- About every 300th writing statement folds, so that a reader never adds up more than some hundreds.
  if workspace is not null and random() < 1.0 / 300 then
    perform private.fold_contact_kpis(workspace);
  end if;
  return null;
end
$$;
comment on function private.count_contacts() is 'Trigger: appends how the number of contacts by status and stage changed.';

create function private.uncount_contacts() returns trigger
language plpgsql
-- Definer: nobody but this trigger writes the deltas.
security definer set search_path = ''
as $$
declare
  moment timestamptz := private.statement_time();
begin
  insert into private.contact_kpi_deltas (workspace_id, status, is_test, stage, delta, at)
  select workspace_id, status, is_test, stage, -sum(delta), moment
  from private.contact_kpi_deltas group by 1, 2, 3, 4 having sum(delta) <> 0;
  return null;
end
$$;
comment on function private.uncount_contacts() is 'Trigger: truncating contacts takes all of them from the counts.';

create trigger contacts_720_count_insert after insert on public.contacts
  referencing new table as inserted for each statement execute function private.count_contacts();
create trigger contacts_720_count_update after update on public.contacts
  referencing old table as deleted new table as inserted for each statement execute function private.count_contacts();
create trigger contacts_720_count_delete after delete on public.contacts
  referencing old table as deleted for each statement execute function private.count_contacts();
create trigger contacts_720_count_truncate after truncate on public.contacts
  for each statement execute function private.uncount_contacts();

create function private.contact_counts(workspace uuid, include_test boolean) returns table (status public.contact_status, contacts bigint)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select s.status, coalesce(sum(d.delta), 0)::bigint
  from unnest(enum_range(null::public.contact_status)) as s (status)
  left join private.contact_kpi_deltas d
    on d.workspace_id = workspace and d.status = s.status and (include_test or not d.is_test)
  group by s.status;
end
$$;
comment on function private.contact_counts(uuid, boolean) is 'Contacts by status, every status present; without mystery shoppers unless asked for.';
