-- The activity log: who did what to which entity, when, with the change.

create table public.activity_log (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  actor_type text not null check (actor_type in ('member', 'api_key', 'system')),
  actor_id uuid,
  action text not null check (action ~ '^[a-z_]+\.[a-z_]+$'),
  entity_type text not null,
  entity_id uuid not null,
  changes jsonb not null default '{}',
  created_at timestamptz not null default now()
);
create index activity_log_workspace_idx on public.activity_log (workspace_id, created_at desc, id desc);
create index activity_log_entity_idx on public.activity_log (workspace_id, entity_id, created_at desc, id desc);
-- What was a person's and is gone is found by the line that says so.
create index activity_log_deleted_idx on public.activity_log (workspace_id, (changes ->> 'contact_id'))
  where action in ('deal.deleted', 'meeting.deleted');
comment on table public.activity_log is 'Append-only audit trail, written by triggers; nobody has the right to change or delete a line.';
comment on column public.activity_log.changes is 'Changed fields: { field: { "from": …, "to": … } }; or ids: { contact_id } of a deal or meeting that was deleted.';

-- What two rows of a table differ in, without the columns the system keeps by itself.
create function private.row_changes(before jsonb, after jsonb, ignored text[]) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_object_agg(a.key, jsonb_build_object('from', before -> a.key, 'to', a.value)), '{}')
    from jsonb_each(after) a
    where a.value is distinct from before -> a.key and not a.key = any (ignored)
  );
end
$$;
comment on function private.row_changes(jsonb, jsonb, text[]) is 'Two rows as jsonb → { field: { from, to } } of the fields that differ and are not ignored.';

create function private.log_rows() returns trigger
language plpgsql
-- Definer: nobody but triggers writes the log.
security definer set search_path = ''
as $$
declare
  actor private.actor := private.current_actor();
begin
  insert into public.activity_log (workspace_id, actor_type, actor_id, action, entity_type, entity_id, changes)
  select r.workspace_id, actor.type, actor.id, tg_argv[0], tg_argv[1], r.id,
    case when tg_nargs > 2 then jsonb_build_object(tg_argv[2], to_jsonb(r) -> tg_argv[2]) else '{}' end
  from changed r
  -- A workspace that is itself being deleted takes its log with it.
  where tg_op <> 'DELETE' or exists (select from public.workspaces w where w.id = r.workspace_id);
  return null;
end
$$;
comment on function private.log_rows() is
  'Trigger (action, entity type, perhaps a column to be kept), its transition table named changed: a line a row that was inserted or deleted, one statement a batch.';

create function private.log_updates() returns trigger
language plpgsql
-- Definer: nobody but triggers writes the log.
-- A session plans this once, perhaps for a single row: a nested loop would then take minutes over
-- ten thousand. Joins are set here because callers' settings hold in triggers as well.
security definer set search_path = '' set enable_nestloop = off set enable_hashjoin = on
as $$
declare
  actor private.actor := private.current_actor();
begin
  insert into public.activity_log (workspace_id, actor_type, actor_id, action, entity_type, entity_id, changes)
  select r.workspace_id, actor.type, actor.id, tg_argv[0], tg_argv[1], r.id, r.changes
  from (
    select n.workspace_id, n.id, private.row_changes(to_jsonb(o), to_jsonb(n), tg_argv[2]::text[]) as changes
    from inserted n join deleted o on o.id = n.id
  ) as r
  where r.changes <> '{}';
  return null;
end
$$;
comment on function private.log_updates() is
  'Trigger (action, entity type, array of ignored columns), its transition tables named deleted and inserted: a line a row that changed, one statement a batch.';
