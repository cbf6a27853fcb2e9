-- Pipelines: the ordered stages that deals go through, each with its probability of being won.

create table public.pipelines (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  name text not null check (char_length(name) between 1 and 100),
  is_default boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- For references that hold the workspace together with the id.
  constraint pipelines_id_workspace_key unique (id, workspace_id)
);
create unique index pipelines_name_key on public.pipelines (workspace_id, lower(name));
create unique index pipelines_default_key on public.pipelines (workspace_id) where is_default;
comment on table public.pipelines is 'What deals go through; one of a workspace is its default, where deals begin unless told otherwise.';

create table public.pipeline_stages (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null,
  pipeline_id uuid not null,
  name text not null check (char_length(name) between 1 and 100),
  position int not null check (position > 0),
  probability smallint not null check (probability between 0 and 100),
  created_at timestamptz not null default now(),
  constraint pipeline_stages_pipeline_fkey foreign key (pipeline_id, workspace_id)
    references public.pipelines (id, workspace_id) on delete cascade,
  constraint pipeline_stages_id_workspace_key unique (id, workspace_id),
  -- Deferrable: checked when the statement that reorders them is through, not row by row.
  constraint pipeline_stages_position_key unique (pipeline_id, position) deferrable initially immediate
);
create index pipeline_stages_pipeline_idx on public.pipeline_stages (pipeline_id, workspace_id);
comment on table public.pipeline_stages is 'The stages of a pipeline, in the order of their positions.';
comment on column public.pipeline_stages.probability is 'Percent of the deals in this stage that are won, unless a deal has its own.';

create trigger pipelines_900_touch before update on public.pipelines
  for each row execute function private.touch_updated_at();

create function private.add_default_pipelines() returns trigger
language plpgsql
-- Definer: whoever makes a workspace has no rights in it yet.
security definer set search_path = ''
as $$
begin
  with made as (
    insert into public.pipelines (workspace_id, name, is_default) select i.id, 'Sales', true from inserted i
    returning id, workspace_id
  )
  insert into public.pipeline_stages (workspace_id, pipeline_id, name, position, probability)
  select m.workspace_id, m.id, s.name, s.position, s.probability
  from made m
  cross join (values ('New', 1, 10), ('Qualified', 2, 25), ('Proposal', 3, 50), ('Negotiation', 4, 75))
    as s (name, position, probability);
  return null;
end
$$;
comment on function private.add_default_pipelines() is 'Trigger: every workspace has a pipeline from the beginning.';

create trigger workspaces_600_pipeline after insert on public.workspaces
  referencing new table as inserted for each statement execute function private.add_default_pipelines();

create function private.log_pipelines() returns trigger
language plpgsql
-- Definer: nobody but triggers writes the log.
security definer set search_path = ''
as $$
declare
  actor private.actor := private.current_actor();
  pipeline public.pipelines := case tg_op when 'DELETE' then old else new end;
begin
  -- The pipeline that a workspace begins with is no news, and what goes with its workspace has no log.
  if tg_op = 'INSERT' and pipeline.is_default
    or tg_op = 'DELETE' and not exists (select from public.workspaces w where w.id = pipeline.workspace_id) then
    return null;
  end if;
  insert into public.activity_log (workspace_id, actor_type, actor_id, action, entity_type, entity_id, changes)
  values (pipeline.workspace_id, actor.type, actor.id,
    case tg_op when 'INSERT' then 'pipeline.created' when 'DELETE' then 'pipeline.deleted' else 'pipeline.updated' end,
    'pipeline', pipeline.id,
    case tg_op when 'UPDATE' then private.row_changes(to_jsonb(old), to_jsonb(new), '{updated_at}') else '{}' end);
  return null;
end
$$;
comment on function private.log_pipelines() is 'Trigger: pipelines made, changed and deleted go into the activity log.';

create trigger pipelines_700_log after insert or update or delete on public.pipelines
  for each row execute function private.log_pipelines();

create function private.first_stage(workspace uuid) returns uuid
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select s.id from public.pipelines p join public.pipeline_stages s on s.pipeline_id = p.id
    where p.workspace_id = workspace and p.is_default
    order by s.position limit 1
  );
end
$$;
comment on function private.first_stage(uuid) is 'Where a deal begins unless told otherwise: the first stage of the workspace''s default pipeline.';
