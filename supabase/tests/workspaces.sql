-- private.create_workspace, and profiles of auth users.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(9);

insert into auth.users (id, email, raw_user_meta_data) values
  ('00000000-0000-4000-8000-0000000000a1', 'ann@acme.example', '{"name": "Ann Owner"}'),
  ('00000000-0000-4000-8000-0000000000a2', 'ben@acme.example', '{}');
select is((select p.name from profiles p where p.user_id = '00000000-0000-4000-8000-0000000000a1'), 'Ann Owner',
  'whoever signs up has a profile');
select is((select p.name from profiles p where p.user_id = '00000000-0000-4000-8000-0000000000a2'), 'ben',
  'also without a name');
select private.add_profile('00000000-0000-4000-8000-0000000000a1', 'x@acme.example', '{"name": "Other"}');
select is((select p.name from profiles p where p.user_id = '00000000-0000-4000-8000-0000000000a1'), 'Ann Owner',
  'which is not made twice');
delete from profiles where user_id = '00000000-0000-4000-8000-0000000000a2';
select private.add_profile(u.id, u.email, u.raw_user_meta_data) from auth.users u;
select is((select p.name from profiles p where p.user_id = '00000000-0000-4000-8000-0000000000a2'), 'ben',
  'who signed up before has one as well');

create temporary table made as
  select private.create_workspace('Acme', 'ca', '00000000-0000-4000-8000-0000000000a1') as id;
select is((select w.name || ' ' || w.default_country from workspaces w join made using (id)), 'Acme CA', 'a workspace is made');
select is((select array_agg(m.user_id || ' ' || m.role || ' ' || m.handle) from workspace_members m join made on id = workspace_id),
  array['00000000-0000-4000-8000-0000000000a1 owner AnnOwner'], 'with its owner');
select throws_ok(format('select private.create_workspace(%L, %L, %L)', 'Nobody''s', 'CA', owner), 'P0002',
  'no user has signed up under that id or address', format('not for %s', coalesce(owner, 'an unknown address')))
from (values (null), ('00000000-0000-4000-8000-0000000000a9')) as v (owner);
select is((select count(*) from workspaces w where w.name = 'Nobody''s'), 0::bigint, 'and none is left behind');

select * from finish();
rollback;
