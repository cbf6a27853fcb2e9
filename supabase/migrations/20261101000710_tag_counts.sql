-- How many contacts have a tag: kept as the counts behind the KPIs are, for the same reasons.

create table private.contact_tag_deltas (
  workspace_id uuid not null,
  tag text not null,
  delta bigint not null
);
create index contact_tag_deltas_idx on private.contact_tag_deltas (workspace_id, tag);
alter table private.contact_tag_deltas enable row level security;
comment on table private.contact_tag_deltas is
  'Changes of the number of contacts by tag. Their sum is the count. No foreign key: as in private.contact_kpi_deltas.';

create function private.fold_contact_tags(workspace uuid, at_most int default 5000) returns int
language sql
set search_path = ''
as $$
  with picked as (
    -- Skip locked: whoever folds at the same time takes other rows.
    select ctid from private.contact_tag_deltas
    where workspace_id = workspace limit at_most for update skip locked
  ), gone as (
    delete from private.contact_tag_deltas d using picked p where d.ctid = p.ctid
    returning d.tag, d.delta
  ), folded as (
    insert into private.contact_tag_deltas (workspace_id, tag, delta)
    select workspace, tag, sum(delta) from gone group by tag having sum(delta) <> 0
    returning 1
  )
  select count(*)::int from gone
$$;
comment on function private.fold_contact_tags(uuid, int) is 'Replaces up to that many deltas of a workspace by their sums; returns how many rows it took.';

create function private.count_tags() returns trigger
language plpgsql
-- Definer: nobody but this trigger writes the deltas.
security definer set search_path = ''
as $$
declare
  workspace uuid;
begin
  if tg_op = 'INSERT' then
    insert into private.contact_tag_deltas (workspace_id, tag, delta)
    select i.workspace_id, tag, count(*) from inserted i cross join unnest(i.tags) as tag group by 1, 2;
    select i.workspace_id into workspace from inserted i limit 1;
  elsif tg_op = 'DELETE' then
    insert into private.contact_tag_deltas (workspace_id, tag, delta)
    select d.workspace_id, tag, -count(*) from deleted d cross join unnest(d.tags) as tag group by 1, 2;
    select d.workspace_id into workspace from deleted d limit 1;
  else
    -- Tags that stay are taken away as often as added; no row is looked up by its id.
    insert into private.contact_tag_deltas (workspace_id, tag, delta)
    select workspace_id, tag, sum(delta)
    from (
      select i.workspace_id, tag, 1 as delta from inserted i cross join unnest(i.tags) as tag
      union all
      select d.workspace_id, tag, -1 from deleted d cross join unnest(d.tags) as tag
    ) as moved
    group by 1, 2
    having sum(delta) <> 0;
    if found then
      select i.workspace_id into workspace from inserted i limit 1;
    end if;
  end if;
  -- About every 300th writing statement folds, so that a reader never adds up much more than there are tags.
  if workspace is not null and random() < 1.0 / 300 then
    perform private.fold_contact_tags(workspace);
  end if;
  return null;
end
$$;
comment on function private.count_tags() is 'Trigger: appends how the number of contacts by tag changed.';

create function private.uncount_tags() returns trigger
language plpgsql
-- Definer: nobody but this trigger writes the deltas.
security definer set search_path = ''
as $$
begin
  delete from private.contact_tag_deltas;
  return null;
end
$$;
comment on function private.uncount_tags() is 'Trigger: truncating contacts empties the counts.';

create trigger contacts_730_count_tags_insert after insert on public.contacts
  referencing new table as inserted for each statement execute function private.count_tags();
create trigger contacts_730_count_tags_update after update on public.contacts
  referencing old table as deleted new table as inserted for each statement execute function private.count_tags();
create trigger contacts_730_count_tags_delete after delete on public.contacts
  referencing old table as deleted for each statement execute function private.count_tags();
create trigger contacts_730_count_tags_truncate after truncate on public.contacts
  for each statement execute function private.uncount_tags();

create function private.tag_counts(workspace uuid) returns table (tag text, contacts bigint)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select d.tag, sum(d.delta)::bigint from private.contact_tag_deltas d
  where d.workspace_id = workspace group by d.tag having sum(d.delta) <> 0;
end
$$;
comment on function private.tag_counts(uuid) is 'The tags of a workspace with how many contacts have each.';
