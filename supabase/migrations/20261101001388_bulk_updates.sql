-- One change to many contacts: by ids or by a filter, in batches.

create function private.with_tags(tags text[], args jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
declare
  given jsonb := args -> 'set';
  list text[] := private.clean_tags(case when given ? 'tags'
    then array(select jsonb_array_elements_text(private.json_list(given -> 'tags'))) else tags end
    || array(select jsonb_array_elements_text(private.json_list(args -> 'add_tags'))));
  removed text[] := private.clean_tags(array(select jsonb_array_elements_text(private.json_list(args -> 'remove_tags'))));
begin
  list := array(select t from unnest(list) with ordinality as l (t, n) where not t = any (removed) order by n);
  -- A flag given beside the tags is meant.
  return private.consent_tags(list, coalesce((given ->> 'opted_out')::boolean, 'opt-out' = any (list)),
    coalesce((given ->> 'do_not_call')::boolean, 'Do Not Call' = any (list)));
end
$$;
comment on function private.with_tags(text[], jsonb) is 'Tags after { set: { tags, opted_out, do_not_call }, add_tags, remove_tags }.';

create function private.hold_current(workspace uuid, contacts uuid[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  asked uuid[];
begin
  loop
    begin
      asked := private.current_contacts(workspace, contacts);
      perform from public.contacts c where c.id = any (asked) order by c.id for no key update;
      if private.current_contacts(workspace, contacts) = asked then
        return asked;
      end if;
      -- Let go, since whom they were merged with while we waited may have to be locked before them.
      raise sqlstate 'LB002';
    exception when sqlstate 'LB002' then
      null;
    end;
  end loop;
end
$$;
comment on function private.hold_current(uuid, uuid[]) is
  'Ids, also from before a merge → the contacts that they are now, locked to be written.';

create function private.update_contacts(workspace uuid, contacts uuid[], args jsonb) returns int
language plpgsql
set search_path = ''
as $$
declare
  changes_tags boolean := args ?| '{add_tags,remove_tags}' or (args -> 'set') ? 'tags';
  held uuid[] := private.hold_current(workspace, contacts);
  changed int;
begin
  with wanted as materialized (
    select c.id, c.version, private.given_contact((args -> 'set') - 'tags', c) as g,
      case when changes_tags then private.with_tags(c.tags, args) else c.tags end as tags
    from public.contacts c where c.id = any (held)
  ), written as (
    update public.contacts c
    set company = (w.g).company, source = (w.g).source, status = (w.g).status, sale_status = (w.g).sale_status,
      stage = (w.g).stage, value = (w.g).value, assigned_to = (w.g).assigned_to, is_vip = (w.g).is_vip,
      is_mystery_shopper = (w.g).is_mystery_shopper, is_contractor = (w.g).is_contractor,
      opted_out = (w.g).opted_out, do_not_call = (w.g).do_not_call, tags = w.tags
    from wanted w
    where c.id = w.id
      and (c.company, c.source, c.status, c.sale_status, c.stage, c.value, c.assigned_to, c.is_vip, c.is_mystery_shopper,
          c.is_contractor, c.opted_out, c.do_not_call, c.tags)
        is distinct from ((w.g).company, (w.g).source, (w.g).status, (w.g).sale_status, (w.g).stage, (w.g).value,
          (w.g).assigned_to, (w.g).is_vip, (w.g).is_mystery_shopper, (w.g).is_contractor, (w.g).opted_out, (w.g).do_not_call, w.tags)
      -- One whose tags are full stays as it is: it must not cost the others theirs.
      and cardinality(array_remove(array_remove(w.tags, 'opt-out'), 'Do Not Call')) <= 100
    returning c.version <> w.version as is_changed
  )
  -- A value that was cleared follows the deals again, and may be what it was.
  select count(*) filter (where r.is_changed) into changed from written r;
  return changed;
end
$$;
comment on function private.update_contacts(uuid, uuid[], jsonb) is
  'Writes { set, add_tags, remove_tags } into contacts of the workspace in one statement; returns how many really changed.';

create function private.bulk_update_batch(job private.batch_jobs) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  next int := coalesce((job.state ->> 'part')::int, 0);
  ids uuid[] := (select p.ids from private.batch_job_parts p where p.job_id = job.id and p.part = next);
begin
  return jsonb_build_object('part', next + 1, 'done', (next + 1) * 1000 >= job.total, 'updated',
    coalesce((job.state ->> 'updated')::int, 0)
      + case when ids is null then 0 else private.update_contacts(job.workspace_id, ids, job.args) end);
end
$$;
comment on function private.bulk_update_batch(private.batch_jobs) is 'A batch of the kind bulk_update: the next thousand contacts.';

create function private.bulk_update_answer(job uuid) returns private.answer
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select row(case j.status when 'running' then 202 else 200 end, private.data(json_build_object('job_id', j.id,
        'status', j.status, 'matched', j.total, 'updated', coalesce((j.state ->> 'updated')::int, 0),
        'error', case when j.status = 'failed' then j.error end)), null)::private.answer
    from private.batch_jobs j where j.id = job);
end
$$;
comment on function private.bulk_update_answer(uuid) is 'How far a bulk update is, 202 while it runs.';

create function private.refuse_bad_bulk_update(workspace uuid, given jsonb) returns void
language plpgsql stable
set search_path = ''
as $$
declare
  stages text[] := (select w.stages from public.workspaces w where w.id = workspace);
begin
  -- What the triggers would refuse of each contact, before anything is written.
  if not coalesce(given ->> 'stage', stages[1]) = any (stages) then
    perform private.refuse_field('/set/stage', 'unknown_stage', format('The workspace''s stages are %s.', array_to_string(stages, ', ')));
  end if;
  if given ->> 'assigned_to' is not null and not exists (
    select from public.workspace_members m where m.workspace_id = workspace and m.user_id = (given ->> 'assigned_to')::uuid) then
    perform private.refuse_field('/set/assigned_to', 'not_a_member', 'A contact can only be assigned to a member of its workspace.');
  end if;
end
$$;
comment on function private.refuse_bad_bulk_update(uuid, jsonb) is '422 for a stage or an assignee that the workspace does not have.';

create function api.bulk_update_contacts(args jsonb) returns private.answer
language plpgsql
-- Definer: jobs are the service's to write. The workspace is in every query.
security definer set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:write');
  change jsonb := args - '{contact_ids,filter,filter_id}'::text[];
  job uuid;
begin
  perform private.refuse_bad_bulk_update(workspace, args -> 'set');
  job := private.start_batch_job('bulk_update', workspace, change, private.people_asked_for(workspace, args));
  return private.bulk_update_answer(job);
end
$$;
comment on function api.bulk_update_contacts(jsonb) is
  '{ contact_ids | filter, filter_id; set, add_tags?, remove_tags? } → 202 { job_id, status, matched, updated, error }: the contacts are fixed, a job changes them. 403 insufficient_scope, 404 filter_not_found.';

create function api.get_bulk_update(args jsonb) returns private.answer
language plpgsql stable
-- Definer: callers have no right to the service's tables.
security definer set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:write');
  job uuid := (args ->> 'job_id')::uuid;
begin
  if not exists (
    select from private.batch_jobs j
    where j.id = job and j.workspace_id = workspace and j.kind = 'bulk_update') then
    perform private.refuse(404, 'job_not_found', 'There is no such job.');
  end if;
  return private.bulk_update_answer(job);
end
$$;
comment on function api.get_bulk_update(jsonb) is '{ job_id } → how far a bulk update is. 404 job_not_found.';
