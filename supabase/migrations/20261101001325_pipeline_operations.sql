-- The API's operations on pipelines.

create view private.pipeline_records with (security_invoker = true) as
select p.id, p.name, p.is_default,
  (select coalesce(json_agg(json_build_object('id', s.id, 'name', s.name, 'probability', s.probability) order by s.position), '[]')
    from public.pipeline_stages s where s.pipeline_id = p.id) as stages,
  p.created_at, p.updated_at
from public.pipelines p;
comment on view private.pipeline_records is 'The pipeline as the API shows it, its stages in their order.';

create function api.list_pipelines(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select row(200, private.data_list(json_agg(row_to_json(p) order by p.is_default desc, p.created_at, p.id)::text), null)::private.answer
    from private.pipeline_records p
  );
end
$$;
comment on function api.list_pipelines(jsonb) is '{} → the workspace''s pipelines, the default first, then by age.';

create function private.refuse_stages(pipeline uuid, stages jsonb) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  perform private.refuse_fields((
    select coalesce(jsonb_agg(jsonb_build_object('path', format('/stages/%s/%s', e.n - 1, e.field), 'code', e.code, 'message', e.message)
      order by e.n), '[]')
    from (
      select g.n, 'id' as field, 'unknown_stage' as code, 'The pipeline has no such stage.' as message
      from jsonb_array_elements(stages) with ordinality as g (stage, n)
      where g.stage ->> 'id' is not null and not exists (
        select from public.pipeline_stages s where s.pipeline_id = pipeline and s.id = (g.stage ->> 'id')::uuid)
      union all
      select g.n, d.field, 'repeated', format('Two stages have the same %s.', d.field)
      from jsonb_array_elements(stages) with ordinality as g (stage, n)
      cross join lateral (values ('id'), ('name')) as d (field)
      where exists (
        select from jsonb_array_elements(stages) with ordinality as o (stage, n)
        where o.n < g.n and lower(o.stage ->> d.field) = lower(g.stage ->> d.field))
    ) as e));
end
$$;
comment on function private.refuse_stages(uuid, jsonb) is
  'Raises 422 for stages [{ id?, name, probability }] that are of another pipeline or stand there twice.';

create function private.write_stages(pipeline public.pipelines, stages jsonb) returns void
language plpgsql
set search_path = ''
as $$
declare
  removed uuid[] := array(
    select s.id from public.pipeline_stages s
    where s.pipeline_id = pipeline.id
      and not exists (select from jsonb_array_elements(stages) g where (g ->> 'id')::uuid = s.id));
begin
  perform private.refuse_stages(pipeline.id, stages);
  if exists (select from public.deals d where d.stage_id = any (removed)) then
    perform private.refuse(409, 'stage_in_use', 'Deals are in a stage that would be removed; move them first.');
  end if;
  delete from public.pipeline_stages s where s.id = any (removed);
  update public.pipeline_stages s
  set name = g.stage ->> 'name', position = g.n, probability = (g.stage ->> 'probability')::smallint
  from jsonb_array_elements(stages) with ordinality as g (stage, n) where s.id = (g.stage ->> 'id')::uuid;
  insert into public.pipeline_stages (workspace_id, pipeline_id, name, position, probability)
  select pipeline.workspace_id, pipeline.id, g.stage ->> 'name', g.n, (g.stage ->> 'probability')::smallint
  from jsonb_array_elements(stages) with ordinality as g (stage, n) where g.stage ->> 'id' is null;
end
$$;
comment on function private.write_stages(public.pipelines, jsonb) is
  'The stages of a locked pipeline become [{ id?, name, probability }] in that order: those with an id stay, others are new, those not named go. 409 stage_in_use, 422.';

create function private.pipeline_answer(status int, pipeline uuid) returns private.answer
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select row(pipeline_answer.status, private.data(row_to_json(p)), null)::private.answer
    from private.pipeline_records p where p.id = pipeline
  );
end
$$;
comment on function private.pipeline_answer(int, uuid) is 'A pipeline as an answer.';

create function private.make_default(pipeline public.pipelines) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.pipelines p set is_default = false where p.workspace_id = pipeline.workspace_id and p.is_default and p.id <> pipeline.id;
  update public.pipelines p set is_default = true where p.id = pipeline.id and not p.is_default;
end
$$;
comment on function private.make_default(public.pipelines) is 'The pipeline is the workspace''s default from now on.';

create function private.lock_pipelines(workspace uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform from public.pipelines p where p.workspace_id = workspace order by p.id for update;
end
$$;
comment on function private.lock_pipelines(uuid) is 'Whoever changes pipelines of a workspace waits for the one before: there is always one default.';

create function api.create_pipeline(args jsonb) returns private.answer
language plpgsql
-- Definer: pipelines are written here only, so that there always is a default and stages are whole.
security definer set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('settings:write');
  p public.pipelines;
  answer private.answer;
begin
  perform private.lock_pipelines(workspace);
  if (select count(*) from public.pipelines t where t.workspace_id = workspace) >= 50 then
    perform private.refuse(409, 'too_many_pipelines', 'A workspace has 50 pipelines at most.');
  end if;
  insert into public.pipelines (workspace_id, name) values (workspace, args ->> 'name') returning * into p;
  perform private.write_stages(p, args -> 'stages');
  if (args ->> 'is_default')::boolean then
    perform private.make_default(p);
  end if;
  answer := private.pipeline_answer(201, p.id);
  answer.headers := jsonb_build_object('Location', '/functions/v1/pipelines/' || p.id);
  return answer;
end
$$;
comment on function api.create_pipeline(jsonb) is
  '{ name, stages: [{ name, probability }], is_default? } → 201 the pipeline. 409 conflict for a name that is taken.';

create function private.require_pipeline(args jsonb, workspace uuid) returns public.pipelines
language plpgsql stable
set search_path = ''
as $$
declare
  p public.pipelines;
begin
  select * into p from public.pipelines t where t.id = (args ->> 'pipeline_id')::uuid and t.workspace_id = workspace;
  if p.id is null then
    perform private.refuse(404, 'pipeline_not_found', 'There is no such pipeline.');
  end if;
  return p;
end
$$;
comment on function private.require_pipeline(jsonb, uuid) is '{ pipeline_id } → the workspace''s pipeline; 404 pipeline_not_found.';

create function api.get_pipeline(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  p public.pipelines := private.require_pipeline(args, private.current_workspace('contacts:read'));
begin
  return private.pipeline_answer(200, p.id);
end
$$;
comment on function api.get_pipeline(jsonb) is '{ pipeline_id } → the pipeline. 404 pipeline_not_found.';

create function api.update_pipeline(args jsonb) returns private.answer
language plpgsql
-- Definer: see api.create_pipeline.
security definer set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('settings:write');
  given jsonb := args -> 'set';
  p public.pipelines;
begin
  perform private.lock_pipelines(workspace);
  p := private.require_pipeline(args, workspace);
  if p.is_default and given ->> 'is_default' = 'false' then
    perform private.refuse(409, 'default_pipeline', 'A workspace has a default pipeline: make another one the default instead.');
  end if;
  if given ? 'stages' then
    perform private.write_stages(p, given -> 'stages');
  end if;
  update public.pipelines t set name = coalesce(given ->> 'name', p.name) where t.id = p.id;
  if given ->> 'is_default' = 'true' then
    perform private.make_default(p);
  end if;
  return private.pipeline_answer(200, p.id);
end
$$;
comment on function api.update_pipeline(jsonb) is
  '{ pipeline_id, set: { name?, stages?, is_default? } } → the pipeline. 404 pipeline_not_found, 409 conflict, default_pipeline or stage_in_use.';

create function api.delete_pipeline(args jsonb) returns private.answer
language plpgsql
-- Definer: see api.create_pipeline.
security definer set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('settings:write');
  p public.pipelines;
begin
  perform private.lock_pipelines(workspace);
  p := private.require_pipeline(args, workspace);
  if p.is_default then
    perform private.refuse(409, 'default_pipeline', 'The default pipeline stays: make another one the default first.');
  end if;
  if exists (select from public.deals d join public.pipeline_stages s on s.id = d.stage_id where s.pipeline_id = p.id) then
    perform private.refuse(409, 'stage_in_use', 'Deals are in the pipeline; move them first.');
  end if;
  delete from public.pipelines t where t.id = p.id;
  return row(204, null, null)::private.answer;
end
$$;
comment on function api.delete_pipeline(jsonb) is '{ pipeline_id } → 204. 404 pipeline_not_found, 409 default_pipeline or stage_in_use.';
