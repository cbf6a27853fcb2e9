-- The API's operations on imports.

create function private.revert_status(revert_job uuid) returns text
language plpgsql stable
-- Definer: callers have no right to the service's tables.
security definer set search_path = ''
as $$
begin
  return (select j.status from private.batch_jobs j where j.id = revert_job);
end
$$;
comment on function private.revert_status(uuid) is 'How a revert is getting on: running, completed or failed.';

create function private.first_import_errors(import uuid, is_revert boolean) returns jsonb
language plpgsql stable
-- Definer: callers have no right to the service's tables; they come here with an import that they see.
security definer set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
        'row', e."row", 'column', e.column_name, 'code', e.code, 'message', e.message)
      || case when e.is_revert then jsonb_build_object('contact_id', e.contact_id) else '{}' end order by e."row", e.n), '[]')
    from (
      select * from private.import_errors f
      where f.import_id = import and f.is_revert = first_import_errors.is_revert
      order by f."row", f.n limit 100) as e
  );
end
$$;
comment on function private.first_import_errors(uuid, boolean) is
  'The first 100 things that were wrong with a file, or that a revert has kept.';

create view private.import_records with (security_invoker = true) as
select i.id, i.status, i.file_name, i.size_bytes, i.on_conflict, i.dry_run, i.columns, i.progress,
  i.rows, i.created, i.updated, i.skipped, i.failed, i.error,
  case when i.revert_job_id is not null then json_build_object('status', private.revert_status(i.revert_job_id),
    'deleted', i.deleted, 'restored', i.restored, 'kept', i.kept) end as revert,
  json_build_object('type', i.actor_type, 'id', i.actor_id) as actor,
  i.created_at, i.finished_at, i.reverted_at
from public.contact_imports i;
comment on view private.import_records is 'The import as lists of the API show it.';

create function private.import_answer(status int, import uuid) returns private.answer
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select row(import_answer.status, private.data(row_to_json(detail)), null)::private.answer
    from private.import_records i
    cross join lateral (
      select i.*, private.first_import_errors(i.id, false) as errors, private.first_import_errors(i.id, true) as conflicts
    ) as detail
    where i.id = import
  );
end
$$;
comment on function private.import_answer(int, uuid) is 'An import as an answer, with the first 100 errors.';

create function private.require_import(args jsonb) returns uuid
language plpgsql stable
set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:write');
  import uuid := (
    select i.id from public.contact_imports i
    where i.id = (args ->> 'import_id')::uuid and i.workspace_id = workspace);
begin
  if import is null then
    perform private.refuse(404, 'import_not_found', 'There is no such import.');
  end if;
  return import;
end
$$;
comment on function private.require_import(jsonb) is '{ import_id } → the id of an import of the caller''s workspace; 404 import_not_found.';

create function private.store_import(args jsonb, workspace uuid) returns uuid
language plpgsql
-- Definer: callers have no right to write imports, nor to see their files.
security definer set search_path = ''
as $$
declare
  import uuid := (args ->> 'upload_id')::uuid;
  actor private.actor := private.current_actor();
begin
  if (select sum(octet_length(c.bytes)) from private.import_chunks c where c.upload_id = import)
    is distinct from (args ->> 'size')::bigint then
    perform private.refuse(400, 'incomplete_body', 'The file did not arrive whole. Send it again.');
  end if;
  insert into public.contact_imports (id, workspace_id, file_name, size_bytes, on_conflict, dry_run, columns, actor_type, actor_id)
  values (import, workspace, args ->> 'file_name', (args ->> 'size')::bigint, (args ->> 'on_conflict')::public.import_conflict,
    (args ->> 'dry_run')::boolean, args -> 'columns', actor.type, actor.id);
  update public.contact_imports i
  set job_id = private.start_batch_job('import', workspace,
    jsonb_build_object('import_id', import, 'size', args -> 'size', 'plan', args -> 'plan'))
  where i.id = import;
  return import;
end
$$;
comment on function private.store_import(jsonb, uuid) is 'Makes an import of an uploaded file, and its job.';

create function api.create_import(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  import uuid := private.store_import(args, private.current_workspace('contacts:write'));
begin
  return private.import_answer(202, import);
end
$$;
comment on function api.create_import(jsonb) is
  '{ upload_id, size, file_name?, on_conflict, dry_run, columns, plan } → 202 the import of a file that is in private.import_chunks.';

create function api.get_import(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
begin
  return private.import_answer(200, private.require_import(args));
end
$$;
comment on function api.get_import(jsonb) is '{ import_id } → the import. 404 import_not_found.';

create function api.list_imports(args jsonb) returns private.answer
language plpgsql stable
-- A plan for the first page and the others could not use the index for where a page begins.
set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  workspace uuid := private.current_workspace('contacts:write');
  page_size int := coalesce((args ->> 'limit')::int, 50);
  query text := concat_ws(' ', 'list_imports', workspace);
  after jsonb := private.decode_cursor(args ->> 'cursor', query);
  rows json[];
begin
  rows := array(
    select row_to_json(r) from private.import_records r
    join public.contact_imports i using (id)
    where i.workspace_id = workspace
      and (after is null or (i.created_at, i.id) < ((after ->> 0)::timestamptz, (after ->> 1)::uuid))
    order by i.created_at desc, i.id desc
    limit page_size + 1);
  return row(200, private.data_list(to_json(rows[:page_size])::text, case when cardinality(rows) > page_size then
      private.encode_cursor(query, rows[page_size] ->> 'created_at', (rows[page_size] ->> 'id')::uuid) end),
    null)::private.answer;
end
$$;
comment on function api.list_imports(jsonb) is '{ limit?, cursor? } → the workspace''s imports, newest first. 400 invalid_cursor.';

create function private.import_errors_page(import uuid, args jsonb) returns json
language plpgsql stable
-- Definer: callers have no right to the service's tables; they come here with an import that they see.
security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
begin
  return (
    select coalesce(json_agg(json_build_array(e."row", e.n, e.column_name, e.code, e.message, e.contact_id)), '[]')
    from (
      select * from private.import_errors f
      where f.import_id = import and f.is_revert = (args ->> 'of' = 'revert')
        and (f."row", f.n) > ((args ->> 'after_row')::int, (args ->> 'after_n')::int)
      order by f."row", f.n limit 2000) as e
  );
end
$$;
comment on function private.import_errors_page(uuid, jsonb) is 'See api.import_errors.';

create function api.import_errors(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
begin
  return row(200, private.data(private.import_errors_page(private.require_import(args), args)), null)::private.answer;
end
$$;
comment on function api.import_errors(jsonb) is
  '{ import_id, of: import or revert, after_row, after_n } → the next 2,000 errors as [row, n, column, code, message, contact id]; none: the end. 404 import_not_found.';

create function private.start_revert(import uuid) returns boolean
language plpgsql
-- Definer: callers have no right to write imports.
security definer set search_path = ''
as $$
declare
  i public.contact_imports;
begin
  select * into i from public.contact_imports t where t.id = import for no key update;
  if i.status in ('pending', 'running') then
    perform private.refuse(409, 'import_running', 'The import is still running.');
  elsif i.dry_run then
    perform private.refuse(409, 'import_not_revertible', 'A dry run has changed nothing.');
  elsif i.status <> 'reverted' and i.finished_at < now() - interval '30 days' then
    perform private.refuse(409, 'import_not_revertible', 'What the contacts were before is kept for 30 days only.');
  elsif i.status = 'reverted' or private.revert_status(i.revert_job_id) = 'running' then
    return false;
  end if;
  update public.contact_imports t
  set revert_job_id = private.start_batch_job('import_revert', i.workspace_id, jsonb_build_object('import_id', import))
  where t.id = import;
  return true;
end
$$;
comment on function private.start_revert(uuid) is
  'Makes the job that reverts an import, unless there is one. 409 import_running, import_not_revertible.';

create function api.revert_import(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  import uuid := private.require_import(args);
begin
  perform private.start_revert(import);
  return private.import_answer(202, import);
end
$$;
comment on function api.revert_import(jsonb) is
  '{ import_id } → 202 the import, whose revert goes on in batches. 404 import_not_found, 409 import_running, import_not_revertible.';
