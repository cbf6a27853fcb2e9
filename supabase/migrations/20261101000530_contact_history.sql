-- Every change of a contact's stage, status and sale status: from what to what, by whom, when.

create table public.contact_history (
  id uuid primary key default private.uuid_v7(),
  -- No reference of its own: the contact's says as much, and every change would lock the row of its workspace.
  workspace_id uuid not null,
  contact_id uuid not null references public.contacts (id) on delete cascade,
  field text not null check (field in ('stage', 'status', 'sale_status')),
  old_value text not null,
  new_value text not null,
  actor_type text not null check (actor_type in ('member', 'api_key', 'system')),
  actor_id uuid,
  by_merge boolean not null default false,
  changed_at timestamptz not null default private.now()
);
create index contact_history_contact_idx on public.contact_history (contact_id, field, changed_at, id);
create index contact_history_workspace_idx on public.contact_history (workspace_id, changed_at, id);
comment on table public.contact_history is
  'Changes of contacts'' stage, status and sale status, written by a trigger. What a contact began with is the old value of the first, or still there.';

comment on column public.contact_history.by_merge is
  'A merge or its undo wrote it: what the one contact was, the other became. Nothing that happened then.';

create function private.log_contact_history() returns trigger
language plpgsql
-- Definer: nobody but this trigger writes the history.
-- A session plans this once, perhaps for a single row: a nested loop would then take minutes over
-- ten thousand. Joins are set here because callers' settings hold in triggers as well.
security definer set search_path = '' set enable_nestloop = off set enable_hashjoin = on
as $$
declare
  actor private.actor := private.current_actor();
begin
  insert into public.contact_history (workspace_id, contact_id, field, old_value, new_value, actor_type, actor_id, by_merge)
  select c.workspace_id, c.id, c.field, c.old_value, c.new_value, actor.type, actor.id, private.is_merging()
  from (
    select n.workspace_id, n.id, unnest(array['stage', 'status', 'sale_status']) as field,
      unnest(array[o.stage, o.status::text, o.sale_status::text]) as old_value,
      unnest(array[n.stage, n.status::text, n.sale_status::text]) as new_value
    from inserted n join deleted o on o.id = n.id
    -- First of all: most updates change none of them.
    where (o.stage, o.status, o.sale_status) <> (n.stage, n.status, n.sale_status)
  ) as c
  where c.old_value <> c.new_value;
  return null;
end
$$;
comment on function private.log_contact_history() is 'Trigger: changes of stage, status and sale status are kept, one statement a batch.';

create trigger contacts_705_log_history after update on public.contacts
  referencing old table as deleted new table as inserted for each statement execute function private.log_contact_history();
