-- Meetings, survey answers and calls: what they belong to, through merges and deletions.
begin;
set local search_path = public, extensions;
select plan(14);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('meetings ' || label)::uuid $$;
insert into auth.users (id, email) select pg_temp.id(n), n || '@meetings.example' from unnest(array['ann', 'out']) n;
insert into workspaces (id, name) values (pg_temp.id('home'), 'Home'), (pg_temp.id('away'), 'Away');
insert into workspace_members (workspace_id, user_id, role, handle) values
  (pg_temp.id('home'), pg_temp.id('ann'), 'agent', 'ann'), (pg_temp.id('away'), pg_temp.id('out'), 'owner', 'out');
insert into contacts (id, workspace_id, name) select pg_temp.id(n), pg_temp.id('home'), n from unnest(array['one', 'two']) n;
insert into contacts (id, workspace_id, name) values (pg_temp.id('foreign'), pg_temp.id('away'), 'foreign');
insert into meetings (id, workspace_id, contact_id, title, starts_at, host_user_id)
values (pg_temp.id('meeting'), pg_temp.id('home'), pg_temp.id('two'), 'Visit', now(), pg_temp.id('ann'));
insert into surveys (id, workspace_id, name, questions) values (pg_temp.id('survey'), pg_temp.id('home'), 'Survey',
  '[{"id": "q", "text": "Well?", "type": "rating", "scale": 3, "required": false}]');
insert into survey_responses (id, workspace_id, survey_id, contact_id, meeting_id, answers) values
  (pg_temp.id('response'), pg_temp.id('home'), pg_temp.id('survey'), pg_temp.id('two'), pg_temp.id('meeting'), '[]');
insert into calls (workspace_id, contact_id, direction, status, started_at)
values (pg_temp.id('home'), pg_temp.id('two'), 'inbound', 'completed', now());

select throws_ok($$ update meetings set contact_id = pg_temp.id('foreign') $$, 'PT404', 'contact_not_found', 'a meeting stays in its workspace');
select throws_ok($$ update meetings set host_user_id = pg_temp.id('out') $$, 'PT422', 'validation_failed', 'and is hosted by one of its members');
select throws_ok($$ update meetings set ends_at = starts_at $$, 'PT422', 'validation_failed', 'it ends after it begins');
select throws_ok($$ insert into survey_responses (workspace_id, survey_id, contact_id, answers)
  values (pg_temp.id('away'), pg_temp.id('survey'), pg_temp.id('foreign'), '[]') $$, '23503', null, 'answers are of their survey''s workspace');
select is(private.answer_error('{"type": "rating", "scale": 3}', value::jsonb) is null, good, format('a rating of %s', value))
from (values ('1', true), ('3', true), ('4', false), ('1.5', false), ('"2"', false)) v (value, good);

select private.merge_contact(pg_temp.id('one'), pg_temp.id('two'));
select is((select array[m.contact_id, r.contact_id, r.meeting_id, l.contact_id] from meetings m, survey_responses r, calls l
    where m.id = pg_temp.id('meeting') and r.id = pg_temp.id('response') and l.workspace_id = pg_temp.id('home')),
  array[pg_temp.id('one'), pg_temp.id('one'), pg_temp.id('meeting'), pg_temp.id('one')], 'a merge takes all of them along');
select is((select call_count from contacts where id = pg_temp.id('one')), 1, 'and the count of calls');
delete from auth.users where id = pg_temp.id('ann');
select is((select host_user_id from meetings where id = pg_temp.id('meeting')), null, 'a meeting outlives its host''s account');
delete from contacts where id = pg_temp.id('one');
select is_empty($$ select id from meetings where workspace_id = pg_temp.id('home')
  union all select id from survey_responses where workspace_id = pg_temp.id('home')
  union all select id from calls where workspace_id = pg_temp.id('home') $$, 'all of them go with the contact');
delete from workspaces where id = pg_temp.id('home');
select is_empty($$ select id from surveys where workspace_id = pg_temp.id('home') $$, 'surveys go with the workspace');

select * from finish();
rollback;
