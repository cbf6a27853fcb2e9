-- The activity log: who did what to which entity, with the exact change, and nothing else.
begin;
set local search_path = public, extensions;
select plan(63);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('activity log ' || label)::uuid $$;
create function pg_temp.act_as(who text) returns void language sql as $$
  select set_config('request.jwt.claims', case who
    when 'key' then jsonb_build_object('role', 'authenticated', 'api_key_id', pg_temp.id(who))::text
    when 'system' then ''
    else jsonb_build_object('role', 'authenticated', 'sub', pg_temp.id(who))::text end, true)
$$;
-- What the log has since it was asked last, as '{action, actor, changes}' each.
create function pg_temp.logged() returns jsonb language sql as $$
  with gone as (delete from activity_log where workspace_id in (pg_temp.id('workspace'), pg_temp.id('doomed')) returning *)
  select coalesce(jsonb_agg(jsonb_build_array(action, entity_type, actor_type, changes) order by action, changes::text), '[]')
    from gone
$$;
create function pg_temp.changed(changes text) returns jsonb language sql
as $$ select jsonb_build_array(jsonb_build_array('contact.updated', 'contact', 'member', changes::jsonb)) $$;

insert into auth.users (id, email) values (pg_temp.id('ann'), 'ann@activity.example');
insert into workspaces (id, name) values (pg_temp.id('workspace'), 'Workspace'), (pg_temp.id('doomed'), 'Doomed');
insert into workspace_members (workspace_id, user_id, handle) values (pg_temp.id('workspace'), pg_temp.id('ann'), 'ann');

-- Created, by each kind of actor -----------------------------------------------------------------

select pg_temp.act_as('system');
insert into contacts (id, workspace_id, name) values (pg_temp.id('contact'), pg_temp.id('workspace'), 'Contact');
select results_eq(
  $$ select actor_type, actor_id, action, entity_type, entity_id, changes, created_at from activity_log
    where workspace_id = pg_temp.id('workspace') $$,
  $$ values ('system', null::uuid, 'contact.created', 'contact', pg_temp.id('contact'), '{}'::jsonb, now()) $$,
    'the system made a contact');
delete from activity_log where workspace_id = pg_temp.id('workspace');
select pg_temp.act_as('key');
insert into contacts (id, workspace_id, name) values (pg_temp.id('second'), pg_temp.id('workspace'), 'Second'),
  (pg_temp.id('third'), pg_temp.id('workspace'), 'Third');
select set_eq(
  $$ select actor_type, actor_id, action, entity_id from activity_log where workspace_id = pg_temp.id('workspace') $$,
  $$ values ('api_key', pg_temp.id('key'), 'contact.created', pg_temp.id('second')), ('api_key', pg_temp.id('key'),
    'contact.created', pg_temp.id('third')) $$,
  'a key made two in one statement');
delete from activity_log where workspace_id = pg_temp.id('workspace');
select pg_temp.act_as('ann');
update contacts set company = 'Acme' where id = pg_temp.id('contact');
select results_eq(
  $$ select actor_type, actor_id, action, entity_type, entity_id, changes from activity_log
    where workspace_id = pg_temp.id('workspace') $$,
  $$ values ('member', pg_temp.id('ann'), 'contact.updated', 'contact', pg_temp.id('contact'),
    '{"company": {"from": null, "to": "Acme"}}'::jsonb) $$,
  'a member changed one');
delete from activity_log where workspace_id = pg_temp.id('workspace');

-- Changed: each field that people write, exactly ---------------------------------------------------

create function pg_temp.change(assignments text) returns jsonb language plpgsql as $$
begin
  execute format('update contacts set %s where id = %L', assignments, pg_temp.id('contact'));
  return pg_temp.logged();
end
$$;
create temp table changes (assignments text, expected text) on commit drop;
insert into changes values
  ($$name = 'Renamed'$$, '{"name": {"from": "Contact", "to": "Renamed"}}'),
  ($$phone = '+34600111222'$$, '{"phone": {"from": null, "to": "+34600111222"}}'),
  ($$email = 'a@b.example'$$, '{"email": {"from": null, "to": "a@b.example"}}'),
  ($$company = 'Else'$$, '{"company": {"from": "Acme", "to": "Else"}}'),
  ($$source = 'import'$$, '{"source": {"from": "manual", "to": "import"}}'),
  ($$channels = '{web}'$$, '{"channels": {"from": [], "to": ["web"]}}'),
  ($$status = 'qualified'$$, '{"status": {"from": "new", "to": "qualified"}}'),
  ($$sale_status = 'signed'$$, '{"sale_status": {"from": "none", "to": "signed"}}'),
  ($$stage = 'closing'$$, '{"stage": {"from": "inquiry", "to": "closing"}}'),
  ($$value = 12.5$$, '{"value": {"from": null, "to": 12.50}}'),
  ($$tags = '{VIP}'$$, '{"tags": {"from": [], "to": ["VIP"]}}'),
  ($$notes = 'Note'$$, '{"notes": {"from": null, "to": "Note"}}'),
  ($$custom = '{"a": 1}'$$, '{"custom": {"from": {}, "to": {"a": 1}}}'),
  ($$assigned_to = pg_temp.id('ann')$$, format('{"assigned_to": {"from": null, "to": "%s"}}', pg_temp.id('ann'))),
  ('is_vip = true', '{"is_vip": {"from": false, "to": true}}'),
  ('is_mystery_shopper = true', '{"is_mystery_shopper": {"from": false, "to": true}}'),
  ('is_contractor = true', '{"is_contractor": {"from": false, "to": true}}'),
  ('opted_out = true', '{"opted_out": {"from": false, "to": true}, "tags": {"from": ["VIP"], "to": ["VIP", "opt-out"]}}'),
  ('do_not_call = true',
    '{"do_not_call": {"from": false, "to": true}, "tags": {"from": ["VIP", "opt-out"], "to": ["VIP", "opt-out", "Do Not Call"]}}'),
  ($$avatar_url = 'https://a.example'$$, '{"avatar_url": {"from": null, "to": "https://a.example"}}'),
  ($$tags = '{VIP}'$$,
    '{"tags": {"from": ["VIP", "opt-out", "Do Not Call"], "to": ["VIP"]}, "opted_out": {"from": true, "to": false}, "do_not_call": {"from": true, "to": false}}'),
  ($$name = 'Again', status = 'lost', phone = null$$,
    '{"name": {"from": "Renamed", "to": "Again"}, "status": {"from": "qualified", "to": "lost"}, "phone": {"from": "+34600111222", "to": null}}');
select is(pg_temp.change(assignments), pg_temp.changed(expected), format('set %s', assignments)) from changes;
select is(
  (select array_agg(a.attname::text order by a.attname) from pg_attribute a
   where a.attrelid = 'contacts'::regclass and has_column_privilege('authenticated', a.attrelid, a.attnum, 'update')
     and not exists (select from changes where assignments like a.attname || ' =%')),
  array['country'], 'of the fields that people write only the country, which follows the phone, is not on record');

-- Not changed: what the system keeps by itself -----------------------------------------------------

select is(pg_temp.change(assignments), '[]', format('set %s: no line', assignments))
from unnest(array['name = name', $$tags = '{" VIP "}'$$, 'assigned_to = assigned_to', 'call_count = 3', 'score = 7', $$grade = 'A'$$, $$sentiment = 'positive'$$,
    $$auto_status = 'active'$$,
  'is_at_risk = true', $$profile_name = 'Profile'$$, $$country = 'ES'$$]) assignments;
select is(pg_temp.change($$company = 'Beside', call_count = 99, score = 9, profile_name = 'P'$$),
  pg_temp.changed('{"company": {"from": "Else", "to": "Beside"}}'),
  'nor are they shown beside what people change');
insert into conversations (id, workspace_id, contact_id) values (pg_temp.id('thread'), pg_temp.id('workspace'),
  pg_temp.id('contact'));
select is(pg_temp.logged(), '[["conversation.created", "conversation", "member", {}]]', 'a new conversation is on record');
insert into messages (workspace_id, conversation_id, contact_id, direction, sender_type, type, status, channel)
values (pg_temp.id('workspace'), pg_temp.id('thread'), pg_temp.id('contact'), 'inbound', 'contact', 'text', 'received', 'web');
select is(pg_temp.logged(), '[]', 'a message is not, nor are the counters that follow it');

-- A profile name that becomes the name is a change of the name, by the system.
select pg_temp.act_as('system');
update contacts set name = null where id = pg_temp.id('second');
delete from activity_log where workspace_id = pg_temp.id('workspace');
update contacts set profile_name = 'Profile' where id = pg_temp.id('second');
select is(pg_temp.logged(), '[["contact.updated", "contact", "system", {"name": {"from": null, "to": "Profile"}}]]',
  'a name taken from the profile');

-- Many at once: those that change, each with its own change.
update contacts set status = 'qualified', company = case when id = pg_temp.id('third') then 'Third' end
where workspace_id = pg_temp.id('workspace') and id in (pg_temp.id('second'), pg_temp.id('third'));
select is(pg_temp.logged(),
  '[["contact.updated", "contact", "system", {"status": {"from": "new", "to": "qualified"}, "company": {"from": null, "to": "Third"}}],
    ["contact.updated", "contact", "system", {"status": {"from": "new", "to": "qualified"}}]]',
  'a bulk update');
update contacts set status = 'qualified' where workspace_id = pg_temp.id('workspace');
select is(jsonb_array_length(pg_temp.logged()), 1, 'of three only the one that was not qualified yet');

-- Notes, deletions ----------------------------------------------------------------------------------

select pg_temp.act_as('ann');
insert into internal_notes (id, workspace_id, contact_id, content) values (pg_temp.id('note'), pg_temp.id('workspace'),
  pg_temp.id('contact'), 'Secret');
select is(pg_temp.logged(), jsonb_build_array(jsonb_build_array('note.created', 'contact', 'member', jsonb_build_object('note_id',
  pg_temp.id('note')))),
  'a note on a contact, without its text');
insert into internal_notes (id, workspace_id, conversation_id, content) values (pg_temp.id('note 2'), pg_temp.id('workspace'),
  pg_temp.id('thread'), 'Secret');
select is(pg_temp.logged(), jsonb_build_array(jsonb_build_array('note.created', 'conversation', 'member',
  jsonb_build_object('note_id', pg_temp.id('note 2')))),
  'a note on a conversation');
delete from internal_notes where id = pg_temp.id('note');
select is(pg_temp.logged(), jsonb_build_array(jsonb_build_array('note.deleted', 'contact', 'member', jsonb_build_object('note_id',
  pg_temp.id('note')))),
  'a note deleted');
delete from contacts where id in (pg_temp.id('second'), pg_temp.id('third'));
select is(pg_temp.logged(), '[["contact.deleted", "contact", "member", {}], ["contact.deleted", "contact", "member", {}]]',
  'two contacts deleted');
delete from contacts where id = pg_temp.id('contact');
select is(jsonb_path_query_array(pg_temp.logged(), '$[*][0]'), '["contact.deleted", "note.deleted"]',
  'a contact deleted with its note');

insert into contacts (workspace_id, name) values (pg_temp.id('doomed'), 'Doomed');
delete from workspaces where id = pg_temp.id('doomed');
select is(pg_temp.logged(), '[]', 'a deleted workspace takes its log along');

-- Append-only ---------------------------------------------------------------------------------------

insert into contacts (workspace_id, name) values (pg_temp.id('workspace'), 'Contact');
create function pg_temp.attempt(role text, statement text) returns text language plpgsql as $$
begin
  perform set_config('role', role, true);
  execute statement;
  raise exception using errcode = 'ZZ999';
exception
  when insufficient_privilege then return 'denied';
  when sqlstate 'ZZ999' then return 'done';
end
$$;
select is(pg_temp.attempt(role, statement), 'denied', format('%s: %s', role, statement))
from unnest(array['anon', 'authenticated', 'service_role']) role,
  unnest(array['update activity_log set action = action', 'delete from activity_log', 'truncate activity_log']) statement;
select is(pg_temp.attempt(role, $$insert into activity_log (workspace_id, actor_type, action, entity_type, entity_id)
    values (pg_temp.id('workspace'), 'member', 'contact.created', 'contact', pg_temp.id('contact'))$$), 'denied',
      role || ' makes up no line')
from unnest(array['anon', 'authenticated']) role;
select is(pg_temp.attempt('service_role', 'select from activity_log'), 'done', 'the service reads it');

-- In the order in which things happened, although one transaction has one time ------------------------

select pg_temp.logged();
do $$
begin
  for n in 1..20 loop
    insert into contacts (workspace_id, name) values (pg_temp.id('workspace'), n::text);
  end loop;
end
$$;
select results_eq(
  $$ select c.name::int from activity_log a join contacts c on c.id = a.entity_id
     where a.workspace_id = pg_temp.id('workspace') order by a.created_at, a.id $$,
  $$ select generate_series(1, 20) $$, 'the ids of the log rise');

-- A session plans the triggers' statements at the first row it writes, then writes many.
insert into contacts (workspace_id, name) select pg_temp.id('workspace'), n::text from generate_series(1, 2000) n;
select performs_ok($$ update contacts set company = 'Many' where workspace_id = pg_temp.id('workspace') $$, 4000,
  'two thousand changes after one take no longer than two thousand');

select * from finish();
rollback;
