-- Who is responsible: assigned_by and assigned_at, the log of assignments, the router.
begin;
set local search_path = public, extensions;
select plan(43);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('contact assignments ' || label)::uuid $$;
create function pg_temp.label(id uuid) returns text language sql
as $$ select label from unnest(array['workspace', 'other', 'ann', 'ben', 'eve', 'oda', 'key']) label
  where pg_temp.id(label) = id $$;
-- Whoever acts from here on: a member, a key, or nobody (the system).
create function pg_temp.act_as(who text) returns void language sql as $$
  select set_config('request.jwt.claims', case
    when who = 'key' then jsonb_build_object('role', 'authenticated', 'api_key_id', pg_temp.id(who))::text
    when who = 'system' then ''
    else jsonb_build_object('role', 'authenticated', 'sub', pg_temp.id(who))::text end, true)
$$;
-- A contact's assignment, e.g. 'ann by key now'.
create function pg_temp.assignment(contact text) returns text language sql as $$
  select concat_ws(' ', coalesce(pg_temp.label(assigned_to), 'nobody'), 'by ' || pg_temp.label(assigned_by),
    case when assigned_at = now() then 'now' else to_char(assigned_at, 'YYYY') end)
  from contacts where id = pg_temp.id(contact)
$$;
-- What the log has since it was asked last, e.g. 'ann → ben by key (api_key)'.
create function pg_temp.logged() returns text language sql as $$
  with gone as (
    delete from contact_assignments where workspace_id in (pg_temp.id('workspace'), pg_temp.id('other')) returning *)
  select string_agg(line, ', ' order by line) from (
    select format('%s → %s by %s (%s)', coalesce(pg_temp.label(assigned_from), 'nobody'), coalesce(pg_temp.label(assigned_to),
      'nobody'),
      coalesce(pg_temp.label(assigned_by), 'nobody'), assigned_by_type) from gone) as lines (line)
$$;

insert into auth.users (id, email) select pg_temp.id(name), name || '@assignments.example'
  from unnest(array['ann', 'ben', 'eve', 'oda']) name;
insert into workspaces (id, name) values (pg_temp.id('workspace'), 'Workspace'), (pg_temp.id('other'), 'Other');
insert into workspace_members (workspace_id, user_id, handle) select pg_temp.id('workspace'), pg_temp.id(name),
  name from unnest(array['ann', 'ben', 'eve']) name;
insert into workspace_members (workspace_id, user_id, handle) values (pg_temp.id('other'), pg_temp.id('oda'), 'oda');
insert into api_keys (id, workspace_id, name, prefix, key_hash, scopes)
values (pg_temp.id('key'), pg_temp.id('workspace'), 'key', 'lb_assign00', sha256('contact assignments'), '{*}');
insert into contacts (id, workspace_id, name) select pg_temp.id('contact ' || n), pg_temp.id('workspace'), 'Contact ' || n
  from generate_series(1, 8) n;

select is(pg_temp.assignment('contact 1') || coalesce(pg_temp.logged(), ''), 'nobody', 'a new contact is nobody''s');

select pg_temp.act_as('ann');
update contacts set assigned_to = pg_temp.id('ben') where id = pg_temp.id('contact 1');
select is(pg_temp.assignment('contact 1'), 'ben by ann now', 'a member assigns');
select is(pg_temp.logged(), 'nobody → ben by ann (member)', 'and is on record');
select pg_temp.act_as('key');
update contacts set assigned_to = pg_temp.id('eve') where id = pg_temp.id('contact 1');
select is(pg_temp.assignment('contact 1'), 'eve by key now', 'a key assigns');
select is(pg_temp.logged(), 'ben → eve by key (api_key)', 'and is on record');
select pg_temp.act_as('system');
update contacts set assigned_to = pg_temp.id('ann') where id = pg_temp.id('contact 1');
select is(pg_temp.assignment('contact 1'), 'ann by workspace now', 'without a caller it is the workspace itself');
select is(pg_temp.logged(), 'eve → ann by workspace (system)', 'and on record as the system');

select pg_temp.act_as('ben');
update contacts set assigned_to = pg_temp.id('ann') where id = pg_temp.id('contact 1');
select is(pg_temp.assignment('contact 1'), 'ann by workspace now', 'assigning to the same again is no assignment');
update contacts set name = 'Renamed' where id = pg_temp.id('contact 1');
select is(pg_temp.logged(), null, 'and leaves no line, like other changes');
update contacts set assigned_to = null where id = pg_temp.id('contact 1');
select is(pg_temp.assignment('contact 1'), 'nobody', 'what is taken back has neither by nor at');
select is(pg_temp.logged(), 'ann → nobody by ben (member)', 'but who took it is on record');

insert into contacts (id, workspace_id, name, assigned_to, assigned_by, assigned_at)
values (pg_temp.id('born'), pg_temp.id('workspace'), 'Born', pg_temp.id('eve'), pg_temp.id('eve'), '2020-01-01');
select is(pg_temp.assignment('born'), 'eve by ben now', 'a contact can be born assigned; by and at are not taken from the insert');
select is(pg_temp.logged(), 'nobody → eve by ben (member)', 'and that is on record');
update contacts set assigned_to = case when id = pg_temp.id('contact 1') then pg_temp.id('ann') else pg_temp.id('eve') end
where id in (pg_temp.id('contact 1'), pg_temp.id('contact 2'), pg_temp.id('born'));
select is(pg_temp.logged(), 'nobody → ann by ben (member), nobody → eve by ben (member)',
  'of many at once each that changes has its line');

select throws_ok(format('update contacts set assigned_to = pg_temp.id(%L) where id = pg_temp.id(''contact 1'')', who), 'PT422',
  'validation_failed',
  who || ' is no member of the workspace') from unnest(array['oda', 'nobody']) who;
select throws_ok($$ insert into contacts (workspace_id, assigned_to) values (pg_temp.id('workspace'), pg_temp.id('oda')) $$,
  'PT422', 'validation_failed',
  'nor for a new contact');
select is(pg_temp.logged(), null, 'a refusal leaves no line');

delete from workspace_members where user_id = pg_temp.id('eve');
select is(pg_temp.assignment('born') || ', ' || pg_temp.assignment('contact 2'), 'nobody, nobody',
  'who leaves the workspace leaves the contacts');
select is(pg_temp.logged(), 'eve → nobody by ben (member), eve → nobody by ben (member)', 'on record, too');
delete from auth.users where id = pg_temp.id('ann');
select is(pg_temp.assignment('contact 1'), 'nobody', 'so does whose account is deleted');
delete from contacts where id = pg_temp.id('contact 1');
select is(pg_temp.logged(), null, 'a deleted contact takes its lines along');

-- The router ------------------------------------------------------------------------------------

select pg_temp.act_as('system');
insert into auth.users (id, email) values (pg_temp.id('ann'), 'ann@assignments.example');
insert into workspace_members (workspace_id, user_id, handle) select pg_temp.id('workspace'), pg_temp.id(name),
  name from unnest(array['ann', 'eve']) name;
insert into member_presence (workspace_id, user_id) select workspace_id, user_id from workspace_members
  where workspace_id = pg_temp.id('workspace');
-- Routes new contacts one after the other and says whom they went to.
create function pg_temp.route(contacts int) returns text language plpgsql as $$
declare
  contact uuid;
  routed int;
  answer text[] := '{}';
begin
  for n in 1..contacts loop
    insert into public.contacts (workspace_id, name) values (pg_temp.id('workspace'), 'Routed') returning id into contact;
    routed := private.route_contacts(array[contact]);
    answer := answer || (select format('%s:%s', coalesce(pg_temp.label(c.assigned_to), '-'), routed) from public.contacts c
      where c.id = contact);
  end loop;
  return array_to_string(answer, ' ');
end
$$;
select is(pg_temp.route(2), '-:0 -:0', 'routing is off at first');
update workspaces set routing = 'round_robin' where id = pg_temp.id('workspace');
-- By the order of their ids, as nobody has had one yet.
create temp table turn as select string_agg(n || ':1', ' ' order by pg_temp.id(n)) as once
  from unnest(array['ann', 'ben', 'eve']) n;
select is(pg_temp.route(6), once || ' ' || once, 'everybody online in turn') from turn;
select is(pg_temp.logged(),
  'nobody → ann by workspace (system), nobody → ann by workspace (system), nobody → ben by workspace (system), '
  'nobody → ben by workspace (system), nobody → eve by workspace (system), nobody → eve by workspace (system)',
    'each on record as the system''s');
update member_presence set state = 'away' where user_id = pg_temp.id('ann');
select unalike(pg_temp.route(3), '%ann%', 'who is away gets nothing');
update member_presence set state = 'offline' where user_id = pg_temp.id('ann');
select unalike(pg_temp.route(3), '%ann%', 'nor who is offline');
update member_presence set state = 'online', last_seen_at = now() - interval '121 seconds' where user_id = pg_temp.id('ann');
select unalike(pg_temp.route(3), '%ann%', 'nor who was last seen more than two minutes ago');
delete from member_presence where user_id = pg_temp.id('ann');
select unalike(pg_temp.route(3), '%ann%', 'nor who was never here');
insert into member_presence (workspace_id, user_id, last_seen_at) values (pg_temp.id('workspace'), pg_temp.id('ann'),
  now() - interval '119 seconds');
select is(pg_temp.route(1), 'ann:1', 'back again, it is the turn of who has waited longest');
delete from member_presence where user_id = pg_temp.id('ben');

update workspace_members m set capacity = (select count(*) from contacts c where c.assigned_to = m.user_id)
  where user_id = pg_temp.id('eve');
select is(pg_temp.route(3), 'ann:1 ann:1 ann:1', 'who has as much as the capacity allows gets no more');
update contacts set status = 'lost' where id = (select id from contacts where assigned_to = pg_temp.id('eve') limit 1);
select is(pg_temp.route(2), 'eve:1 ann:1', 'a lost contact makes room');
update contacts set status = 'converted' where id = (select id from contacts where assigned_to = pg_temp.id('eve')
  and status <> 'lost' limit 1);
select is(pg_temp.route(2), 'eve:1 ann:1', 'so does a converted one');
update contacts set status = 'qualified' where id = (select id from contacts where assigned_to = pg_temp.id('eve')
  and status = 'new' limit 1);
select is(pg_temp.route(2), 'ann:1 ann:1', 'a qualified one does not');
update workspace_members set capacity = 0 where workspace_id = pg_temp.id('workspace');
select is(pg_temp.route(2), '-:0 -:0', 'when nobody has room left, the contact waits');
update workspace_members set capacity = 100 where workspace_id = pg_temp.id('workspace');

select is(private.route_contacts(array[pg_temp.id('contact 3'), pg_temp.id('contact 4'), pg_temp.id('nobody')]), 2,
  'of a list those that exist are routed');
select is((select count(distinct assigned_to) from contacts where id in (pg_temp.id('contact 3'), pg_temp.id('contact 4'))),
  2::bigint, 'to two people');
update contacts set assigned_to = pg_temp.id('ben') where id = pg_temp.id('contact 5');
select is(private.route_contacts(array[pg_temp.id('contact 5')]), 0, 'who has somebody keeps them');
select is(pg_temp.assignment('contact 5'), 'ben by workspace now', 'indeed');
select is(private.route_contacts('{}'), 0, 'nothing to route');
-- The other workspace is off and its member online.
insert into member_presence (workspace_id, user_id) values (pg_temp.id('other'), pg_temp.id('oda'));
insert into contacts (id, workspace_id, name) values (pg_temp.id('abroad'), pg_temp.id('other'), 'Abroad');
select is(private.route_contacts(array[pg_temp.id('abroad')]), 0, 'each workspace decides for itself');
update workspaces set routing = 'round_robin' where id = pg_temp.id('other');
select is(private.route_contacts(array[pg_temp.id('abroad')]), 1, 'now it is on there');
select is(pg_temp.assignment('abroad'), 'oda by other now', 'and its own member gets it');

select * from finish();
rollback;
