-- What the database does with the rows of an import that HTTP cannot show: what it refuses itself
-- costs one row, jobs that fail end their import, and what is old is swept.
begin;
set local search_path = public, extensions;
select plan(18);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('imports ' || label)::uuid $$;
insert into workspaces (id, name) values (pg_temp.id('workspace'), 'Workspace');

create function pg_temp.import(label text, conflict import_conflict default 'update') returns uuid language sql as $$
  insert into contact_imports (id, workspace_id, status, size_bytes, on_conflict, dry_run, columns, rows, actor_type)
  values (pg_temp.id(label), pg_temp.id('workspace'), 'running', 0, conflict, false,
    '[{"column": "Stage of it", "field": "stage"}]', 0, 'system') returning id
$$;
create function pg_temp.job(label text, state jsonb) returns void language sql as $$
  with made as (
    insert into private.batch_jobs (workspace_id, kind, args, state, claims)
    values (pg_temp.id('workspace'), 'import', jsonb_build_object('import_id', pg_temp.id(label)), state, '{}') returning id)
  update contact_imports set job_id = (select id from made) where id = pg_temp.id(label)
$$;
create function pg_temp.run(label text) returns text language sql as $$
  -- As if the rest after a failure were over.
  update private.batch_jobs b set due_at = now() from contact_imports i where i.id = pg_temp.id(label) and b.id = i.job_id;
  select r.status from contact_imports i, private.run_batch(i.job_id) r where i.id = pg_temp.id(label)
$$;
create function pg_temp.counts(label text) returns int[] language sql as $$
  select array[rows, created, updated, skipped, failed] from contact_imports where id = pg_temp.id(label)
$$;

-- A row that the database refuses ---------------------------------------------------------------
select pg_temp.import('refused');
insert into private.import_rows (import_id, "row", phone, data)
select pg_temp.id('refused'), n, '+3460000' || (1000 + n),
  case n when 7 then '{"name": "forbidden"}' when 90 then '{"stage": "elsewhere"}' else jsonb_build_object('name', 'Row ' || n) end
from generate_series(1, 100) n;
update contact_imports set rows = 100 where id = pg_temp.id('refused');
alter table contacts add constraint not_this_name check (name <> 'forbidden');
select pg_temp.job('refused', '{"phase": "write", "row": 0}');
select is(pg_temp.run('refused'), 'running', 'a batch with rows that are refused is done');
select is(pg_temp.counts('refused'), '{100,98,0,0,2}', 'and costs those rows alone');
select results_eq(
  $$ select "row", column_name, code, message from private.import_errors where import_id = pg_temp.id('refused') order by 1 $$,
  $$ values (7, null, 'invalid_value', 'The database cannot hold the row.'),
    (90, 'Stage of it', 'unknown_stage', 'The workspace''s stages are inquiry, comparing, closing, in_progress, follow_up.') $$,
  'which are told with the reason, in words of ours');
select is((select count(*) from contacts where workspace_id = pg_temp.id('workspace')), 98::bigint, 'their neighbours are there');
select is((select count(*) from private.import_changes where import_id = pg_temp.id('refused') and created), 98::bigint,
  'each with its note for a revert');
select is(pg_temp.run('refused'), 'running', 'after the last row');
select is((select status from contact_imports where id = pg_temp.id('refused')), 'completed', 'the import is complete');
select is(pg_temp.run('refused'), 'completed', 'then its file is dropped');
select is_empty($$ select from private.import_rows where import_id = pg_temp.id('refused') $$, 'to the last row');

-- Somebody comes between two rows of one contact --------------------------------------------------
select pg_temp.import('between');
insert into private.import_rows (import_id, "row", phone, data)
select pg_temp.id('between'), n, '+3460000200' || n % 2, jsonb_build_object('status', case when n < 3 then 'new' else 'lost' end)
from generate_series(1, 4) n;
select private.write_import(i, 1, 2) from contact_imports i where i.id = pg_temp.id('between');
update contacts set notes = 'Mine' where phone = '+34600002001';
select private.write_import(i, 3, 4) from contact_imports i where i.id = pg_temp.id('between');
select results_eq(
  $$ select c.phone from contacts c where c.id = any (private.touched_contacts(pg_temp.id('between'),
    array(select h.contact_id from private.import_changes h where h.import_id = pg_temp.id('between')))) $$,
  array['+34600002001'], 'what somebody wrote between two batches is theirs, what later rows wrote is not');
delete from contacts where phone in ('+34600002000', '+34600002001');

-- A job that fails ------------------------------------------------------------------------------
select pg_temp.import('failing');
update contact_imports set rows = 10, created = 4, skipped = 1 where id = pg_temp.id('failing');
insert into private.import_chunks (upload_id, n, bytes) values (pg_temp.id('failing'), 0, 'phone');
insert into private.import_rows (import_id, "row", phone, data) values (pg_temp.id('failing'), 1, '+34600001001', '{}');
select pg_temp.job('failing', '{"phase": "write", "row": "no number"}');
select pg_temp.run('failing') from generate_series(1, 5);
select is((select row(status, error ->> 'code', finished_at is not null)::text from contact_imports where id = pg_temp.id('failing')),
  '(failed,internal_error,t)', 'an import whose job fails has failed');
select is(pg_temp.counts('failing'), '{10,4,0,1,5}', 'what was written counts, the rest has failed');
select is_empty($$ select from private.import_rows where import_id = pg_temp.id('failing')
  union all select from private.import_chunks where upload_id = pg_temp.id('failing') $$, 'and its file is dropped');

-- What is old -----------------------------------------------------------------------------------
insert into private.import_chunks (upload_id, n, bytes, created_at) values
  (pg_temp.id('broken'), 0, '', now() - interval '61 minutes'), (pg_temp.id('coming'), 0, '', now() - interval '59 minutes'),
  (pg_temp.import('reading'), 0, '', now() - interval '5 hours');
insert into private.import_rows (import_id, "row", phone, data) values (pg_temp.id('gone'), 1, '+34600001001', '{}');
update contact_imports set finished_at = now() - interval '29 days' where id = pg_temp.id('refused');
select private.sweep();
select set_eq($$ select upload_id from private.import_chunks $$, array[pg_temp.id('coming'), pg_temp.id('reading')],
  'an upload that broke off goes after an hour; what is being read stays');
select is_empty($$ select from private.import_rows where import_id = pg_temp.id('gone') $$, 'rows without an import go');
select is((select count(*) from private.import_changes), 98::bigint, 'notes stay for thirty days');
update contact_imports set finished_at = now() - interval '31 days' where id = pg_temp.id('refused');
select private.sweep();
select is_empty($$ select from private.import_changes union all select from private.import_errors $$, 'and then go, with the errors');

-- Erasing a contact -----------------------------------------------------------------------------
select pg_temp.import('erased');
insert into private.import_changes (import_id, "row", contact_id, created, version, changes)
select pg_temp.id('erased'), 1, id, false, 1, '{"name": {"from": "Person", "to": "x"}}' from contacts where name = 'Row 1';
delete from contacts where name = 'Row 1';
select is_empty($$ select from private.import_changes $$, 'what an import noted of a contact goes with it');

select * from finish();
rollback;
