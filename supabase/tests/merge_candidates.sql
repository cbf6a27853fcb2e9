-- Looking for duplicates goes by indexes, for one contact and for a page of all, in a session that
-- planned while the tables were empty as in a fresh one.
begin;
set local search_path = public, extensions;
select plan(9);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('merge candidates ' || label)::uuid $$;
insert into workspaces (id, name) values (pg_temp.id('home'), 'Home'), (pg_temp.id('away'), 'Away');
insert into auth.users (id, email) values (pg_temp.id('ada'), 'ada@merge-candidates.example');
insert into workspace_members (workspace_id, user_id, role, handle) values (pg_temp.id('home'), pg_temp.id('ada'), 'agent', 'ada');
insert into contacts (id, workspace_id, name, phone, email)
values (pg_temp.id('one'), pg_temp.id('home'), 'One', '+34600200001', 'one@example.com');

create function pg_temp.ask(args jsonb) returns jsonb language plpgsql
as $$
declare
  answer private.answer;
begin
  perform set_config('request.jwt.claims', json_build_object('role', 'authenticated', 'sub', pg_temp.id('ada'),
    'workspace_id', pg_temp.id('home'))::text, true), set_config('role', 'authenticated', true);
  answer := api.merge_candidates(args);
  perform set_config('role', 'none', true), set_config('request.jwt.claims', '', true);
  return answer.body::jsonb;
end
$$;
-- Plans are made here, and kept for the session.
select is(jsonb_array_length(pg_temp.ask(jsonb_build_object('contact_id', pg_temp.id('one'))) -> 'data'), 0, 'nobody but one');
select is(pg_temp.ask('{}') -> 'next_cursor', 'null', 'of one there is no second page');

-- A crowd: every tenth number is an identity's of somebody else, every twentieth address is shared.
insert into contacts (workspace_id, name, phone, email)
select pg_temp.id(case when n % 50 = 0 then 'away' else 'home' end), 'Crowd ' || n, '+346' || lpad(n::text, 8, '0'),
  'n' || (case when n % 20 = 0 then n - 1 else n end) || '@example.com'
from generate_series(10001, 40000) n;
insert into contact_identities (workspace_id, contact_id, channel, external_id)
select c.workspace_id, c.id, 'whatsapp', case when c.phone like '%7' then '3470' || right(c.phone, 7) else ltrim(c.phone, '+') end
from contacts c where c.name like 'Crowd%';
insert into contact_identities (workspace_id, contact_id, channel, external_id) values
  (pg_temp.id('home'), (select id from contacts where phone = '+34600010001'), 'phone', '34600200001');
insert into contacts (id, workspace_id, name, email) values (pg_temp.id('two'), pg_temp.id('home'), 'Two', 'ONE@example.com');
analyze contacts, contact_identities;

create function pg_temp.scans() returns bigint language sql
as $$
  select sum(seq_scan) from pg_stat_xact_user_tables
  where relname in ('contacts', 'contact_identities', 'contact_activity', 'contact_merges')
$$;
create temp table counted as select pg_temp.scans() as before;
create temp table of_one as select pg_temp.ask(jsonb_build_object('contact_id', pg_temp.id('one'))) as body;
select results_eq($$ select d #>> '{reasons,0,type}', (d ->> 'confidence')::int from of_one, jsonb_array_elements(body -> 'data') d $$,
  $$ values ('phone', 90), ('email', 60) $$, 'one''s duplicates in a crowd');
select is(pg_temp.scans(), (select before from counted), 'are found without reading a table through');
create temp table of_all as select pg_temp.ask('{"limit": 200}') as body;
select is(pg_temp.scans(), (select before from counted), 'neither is one for a page of all');
select ok((select jsonb_array_length(body -> 'data') between 1 and 200 and body ->> 'next_cursor' is not null from of_all), 'which has a next one');
discard plans;
create temp table again as select pg_temp.ask(jsonb_build_object('contact_id', pg_temp.id('one'))) as body, pg_temp.ask('{"limit": 200}') as all_of_them;
select is(pg_temp.scans(), (select before from counted), 'nor where the session has just begun');
select is((select body from again), (select body from of_one), 'with the same answer');
select is((select array_agg(distinct m.relation) from (
    select d -> side ->> 'id' as id from of_all, jsonb_array_elements(body -> 'data') d, unnest('{primary,duplicate}'::text[]) side) s
    join contacts c on c.id = s.id::uuid cross join lateral (select w.name as relation from workspaces w where w.id = c.workspace_id) m),
  '{Home}', 'and nobody of another workspace');

select * from finish();
rollback;
