-- Batches: each is whole together with the note of how far its job is; jobs take turns, run in the
-- name of who asked, and end when they fail too often.
begin;
set local search_path = public, extensions;
select plan(37);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('batches ' || label)::uuid $$;
insert into workspaces (id, name) values (pg_temp.id('workspace'), 'Workspace');
insert into contacts (id, workspace_id, name)
select pg_temp.id('contact ' || n), pg_temp.id('workspace'), 'Contact ' || n from generate_series(1, 2500) n;

-- A kind that renames a part of the contacts a batch, and whose trouble is asked for in its arguments.
create function private.rename_batch(job private.batch_jobs) returns jsonb
language plpgsql set search_path = '' as $$
declare
  nth int := coalesce((job.state ->> 'part')::int, 0);
begin
  update public.contacts c set name = job.args ->> 'name'
  from private.batch_job_parts p where p.job_id = job.id and p.part = nth and c.id = any (p.ids);
  if job.args ->> 'refuse' = nth::text then
    perform private.refuse(422, 'unknown_stage', 'No such stage.');
  elsif job.args ->> 'break' = nth::text then
    perform 1 / 0;
  elsif job.args ->> 'step' = nth::text then
    return null;
  end if;
  return jsonb_build_object('part', nth + 1, 'done', nth + 1 >= (job.total + 999) / 1000);
end
$$;
create function pg_temp.start(args jsonb, ids text default $$select id from public.contacts where workspace_id = md5('batches workspace')::uuid$$)
returns uuid language sql as $$ select private.start_batch_job('rename', pg_temp.id('workspace'), args, ids) $$;
create function pg_temp.named(called text) returns bigint language sql
as $$ select count(*) from contacts where workspace_id = pg_temp.id('workspace') and name = called $$;
create function pg_temp.run(job uuid) returns text language sql as $$ select status from private.run_batch(job) $$;
create function pg_temp.job(job uuid) returns private.batch_jobs language sql as $$ select * from private.batch_jobs where id = job $$;
create temp table made (label text primary key, job uuid);

select is(private.batches_due(), false, 'nothing is due without a job');
select is((select b::text from private.run_batch() b), '(,,,f)', 'and there is nothing to run');

-- One job ------------------------------------------------------------------------------------
set local request.jwt.claims = '{"sub": "11111111-1111-4111-8111-111111111111"}';
insert into made select 'first', pg_temp.start('{"name": "First"}');
reset request.jwt.claims;

create function pg_temp.made(label text) returns uuid language sql as $$ select job from made m where m.label = made.label $$;
select is((pg_temp.job(pg_temp.made('first'))).total, 2500, 'a job knows how many contacts it is about');
select results_eq($$ select part, cardinality(ids) from private.batch_job_parts where job_id = pg_temp.made('first') order by part $$,
  $$ values (0, 1000), (1, 1000), (2, 500) $$, 'they are kept in parts of 1,000');
select is((select array_agg(id) from (select unnest(ids) as id from private.batch_job_parts where job_id = pg_temp.made('first') order by part) u),
  (select array_agg(id order by id) from contacts where workspace_id = pg_temp.id('workspace')), 'each once, in the order of their ids');
select ok(private.batches_due(), 'a job is due at once');
select is(array_position(private.due_jobs(), 'batches') is not null, true, 'and the workers are told');
select is(pg_temp.run(pg_temp.made('first')), 'running', 'a batch');
select is(pg_temp.named('First'), 1000::bigint, 'does its part');
select is((pg_temp.job(pg_temp.made('first'))).state, '{"part": 1, "done": false}', 'and notes it');
select is((select count(*) from activity_log where workspace_id = pg_temp.id('workspace') and action = 'contact.updated'
  and actor_type = 'member' and actor_id = '11111111-1111-4111-8111-111111111111'), 1000::bigint, 'in the name of who asked');
select is((select b::text from private.run_batch() b), format('(%s,rename,running,f)', pg_temp.made('first')), 'whoever looks for work finds it');
select is(pg_temp.run(pg_temp.made('first')), 'completed', 'the last batch ends it');
select is(pg_temp.named('First'), 2500::bigint, 'with every contact');
select ok((pg_temp.job(pg_temp.made('first'))).finished_at is not null, 'it knows when');
select is_empty($$ select from private.batch_job_parts where job_id = pg_temp.made('first') $$, 'and forgets whom it was about');
select is(pg_temp.run(pg_temp.made('first')), 'completed', 'what has ended is not run again');
select is(pg_temp.run(pg_temp.id('none')), null, 'what is not there has no status');
select is(private.batches_due(), false, 'nothing is due any more');

-- Failures -----------------------------------------------------------------------------------
insert into made select 'broken', pg_temp.start('{"name": "Broken", "break": "1"}');
select is(pg_temp.run(pg_temp.made('broken')), 'running', 'a job that will break');
select is(pg_temp.run(pg_temp.made('broken')), 'running', 'its broken batch will be tried again');
select is(pg_temp.named('Broken'), 1000::bigint, 'and has changed nothing');
select is((pg_temp.job(pg_temp.made('broken'))).state, '{"part": 1, "done": false}', 'nor is it noted as done');
select ok((pg_temp.job(pg_temp.made('broken'))).due_at > now(), 'it rests');
select is((select b::text from private.run_batch() b), '(,,,f)', 'so nobody takes it meanwhile');
select is(pg_temp.run(pg_temp.made('broken')), 'resting', 'not even who made it');
select is((pg_temp.job(pg_temp.made('broken'))).attempts, 1, 'which is no failure');
create function pg_temp.later(job uuid) returns text language plpgsql as $$
begin
  update private.batch_jobs set due_at = now() where id = job;
  return pg_temp.run(job);
end
$$;
select results_eq($$ select pg_temp.later(pg_temp.made('broken')) from generate_series(1, 4) $$,
  $$ values ('running'), ('running'), ('running'), ('failed') $$, 'the fifth failure in a row ends it');
select is(pg_temp.run(pg_temp.made('broken')), 'failed', 'and nobody runs it any more');
select is((pg_temp.job(pg_temp.made('broken'))).error, '{"code": "internal_error", "detail": "The batch failed for a reason of our own."}',
  'without text of the database');
select is_empty($$ select from private.batch_job_parts where job_id = pg_temp.made('broken') $$, 'it forgets whom it was about, too');
insert into made select 'refused', pg_temp.start('{"name": "Refused", "refuse": "0"}');
select is(pg_temp.run(pg_temp.made('refused')), 'running', 'a refused batch is tried again');
select is((pg_temp.job(pg_temp.made('refused'))).error, '{"code": "unknown_stage", "detail": "No such stage."}', 'and says why');

-- Steps of others, and turns -----------------------------------------------------------------
update private.batch_jobs set status = 'failed' where id = pg_temp.made('refused');
insert into made select 'step', pg_temp.start('{"name": "Step", "step": "0"}');
select is((select b::text from private.run_batch() b), format('(%s,rename,running,t)', pg_temp.made('step')),
  'what SQL cannot do is left to who asks');
insert into made select 'other', pg_temp.start('{"name": "Other"}');
select private.record_batch(pg_temp.made('step'), '{"part": 1}');
update private.batch_jobs set due_at = now() - interval '2 s' where id = pg_temp.made('other');
update private.batch_jobs set due_at = now() - interval '1 s' where id = pg_temp.made('step');
select is((select id from private.run_batch()), pg_temp.made('other'), 'what has waited longest goes first');
select is((select id from private.run_batch()), pg_temp.made('step'), 'then the others have their turn');

update private.batch_jobs set status = 'completed', finished_at = now() - interval '31 days' where id = pg_temp.made('first');
select is(private.sweep_batch_jobs(), 1, 'what ended a month ago is swept');

select * from finish();
rollback;
