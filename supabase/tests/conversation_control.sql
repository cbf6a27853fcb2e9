-- Who holds a conversation: the epoch that no writer forgets, hand-overs, the one who is responsible,
-- and what the log says of it.
begin;
set local search_path = public, extensions;
select plan(65);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('control ' || label)::uuid $$;
insert into auth.users (id, email) select pg_temp.id(n), n || '@control.example' from unnest(array['ann', 'ben', 'eve']) n;
insert into workspaces (id, name) values (pg_temp.id('here'), 'Here'), (pg_temp.id('there'), 'There');
insert into workspace_members (workspace_id, user_id, handle)
select pg_temp.id(case n when 'eve' then 'there' else 'here' end), pg_temp.id(n), n from unnest(array['ann', 'ben', 'eve']) n;
create function pg_temp.open(label text, contractor boolean default false) returns void language sql as $$
  insert into contacts (id, workspace_id, name, is_contractor) values (pg_temp.id('c ' || label), pg_temp.id('here'), label, contractor);
  insert into conversations (id, workspace_id, contact_id) values (pg_temp.id(label), pg_temp.id('here'), pg_temp.id('c ' || label))
$$;
create function pg_temp.state(label text) returns text language sql as $$
  select concat_ws(' ', phase, case when ai_enabled then 'ai' else 'no ai' end, bot_status, control_epoch,
    case when resolved_at is not null then 'ended' end, case when escalated_at is not null then 'escalated' end)
  from conversations where id = pg_temp.id(label)
$$;
create function pg_temp.write(label text, change text) returns text language plpgsql as $$
begin
  execute format('update conversations set %s where id = %L', change, pg_temp.id(label));
  return pg_temp.state(label);
end
$$;

-- The epoch --------------------------------------------------------------------------------------

select pg_temp.open('epoch');
select is(pg_temp.write('epoch', change), expected, change)
from (values
  ('unread_count = 3', 'automated ai active 1'),
  ($$phase = 'automated', ai_enabled = true$$, 'automated ai active 1'),
  ($$phase = 'waiting'$$, 'waiting ai active 2 escalated'),
  ($$phase = 'live', ai_enabled = false, bot_status = 'agent'$$, 'live no ai agent 3'),
  ($$bot_status = 'paused'$$, 'live no ai paused 4'),
  ('ai_enabled = true', 'live ai paused 5'),
  ('control_epoch = 1', 'live ai paused 5'),
  ($$phase = 'automated', control_epoch = 1$$, 'automated ai paused 6'),
  ($$phase = 'waiting', control_epoch = control_epoch + 1$$, 'waiting ai paused 7 escalated'),
  ('control_epoch = 2147483647', 'waiting ai paused 8 escalated'),
  ($$phase = 'resolved', status = 'resolved'$$, 'resolved ai paused 9 ended'),
  ($$phase = 'live', status = 'active'$$, 'live ai paused 10')) v (change, expected);

select pg_temp.open('hand');
create function pg_temp.take(label text, to_whom text) returns text language sql as $$
  select concat_ws(' ', t.status, t.phase, t.control_epoch, 'bot may ' || private.bot_in_control(t)) || ': ' || pg_temp.state(label)
  from private.take_control(pg_temp.id(label), to_whom) t
$$;
select is(pg_temp.take('hand', 'bot'), 'active automated 1 bot may true: automated ai active 1', 'whose it is keeps it');
select is(pg_temp.take('hand', 'person'), 'active live 2 bot may false: live no ai agent 2', 'a person takes it');
select is(pg_temp.take('hand', 'person'), 'active live 2 bot may false: live no ai agent 2', 'once');
select is(pg_temp.take('hand', 'bot'), 'active automated 3 bot may true: automated ai active 3', 'the bot takes it back');
select pg_temp.write('hand', $$bot_status = 'paused', ai_enabled = false$$);
select is(private.bot_in_control(v), false, 'paused, the bot may not write') from conversations v where id = pg_temp.id('hand');
select pg_temp.write('hand', $$phase = 'resolved', status = 'resolved'$$);
select is(pg_temp.take('hand', 'person'), 'active live 6 bot may false: live no ai agent 6', 'a person''s message opens what was resolved');
select throws_ok($$ select private.take_control(pg_temp.id('none'), 'person') $$, 'PT404', 'conversation_not_found', 'no conversation');
select pg_temp.open('supplier', true);
select throws_ok($$ select private.take_control(pg_temp.id('supplier'), 'bot') $$, 'PT409', 'contractor_conversation', 'never a contractor''s');
select is((private.reopen_conversation(pg_temp.id(label))).control_epoch, epoch, format('an open one is left alone: %s', label))
from (values ('hand', 6), ('supplier', 1)) v (label, epoch);
select pg_temp.write(label, $$phase = 'resolved', status = 'resolved'$$) from unnest(array['hand', 'supplier']) label;
select private.reopen_conversation(pg_temp.id(label)) from unnest(array['hand', 'supplier']) label;
select is(pg_temp.state('hand'), 'automated ai active 8', 'reopened it is the bot''s');
select is(pg_temp.state('supplier'), 'waiting no ai agent 3 escalated', 'a contractor''s waits for a person');

-- Who is responsible -----------------------------------------------------------------------------

create function pg_temp.whose(label text) returns text language sql as $$
  select concat_ws(' ', coalesce((select handle from workspace_members m where m.user_id = v.assigned_to), '-'),
    coalesce((select handle from workspace_members m where m.user_id = c.assigned_to), '-'))
  from conversations v join contacts c on c.id = v.contact_id where v.id = pg_temp.id(label)
$$;
select pg_temp.open('owned');
select is(pg_temp.whose('owned'), '- -', 'nobody''s');
update conversations set assigned_to = pg_temp.id('ann') where id = pg_temp.id('owned');
select is(pg_temp.whose('owned'), 'ann ann', 'a conversation takes its contact along');
update contacts set assigned_to = pg_temp.id('ben') where id = pg_temp.id('c owned');
select is(pg_temp.whose('owned'), 'ben ben', 'a contact takes its conversation along');
insert into conversations (id, workspace_id, contact_id, channel) values (pg_temp.id('web'), pg_temp.id('here'), pg_temp.id('c owned'), 'web');
select is(pg_temp.whose('web'), 'ben ben', 'a new conversation is its contact''s person''s');
update conversations set assigned_to = pg_temp.id('ann') where id = pg_temp.id('web');
select is(pg_temp.whose('owned'), 'ann ann', 'all conversations of a contact go together');
select results_eq(format($$ select assigned_from, assigned_to from contact_assignments where contact_id = %L order by id $$, pg_temp.id('c owned')),
  $$ values (null::uuid, pg_temp.id('ann')), (pg_temp.id('ann'), pg_temp.id('ben')), (pg_temp.id('ben'), pg_temp.id('ann')) $$,
  'each assignment is logged once');
select throws_ok($$ update conversations set assigned_to = pg_temp.id('eve') where id = pg_temp.id('owned') $$, '23503', null,
  'nobody of another workspace');
delete from workspace_members where user_id = pg_temp.id('ann');
select is(pg_temp.whose('owned'), '- -', 'who leaves leaves both');

-- The log ----------------------------------------------------------------------------------------

create function pg_temp.logged(label text) returns text language sql as $$
  select string_agg(split_part(action, '.', 2), ' ' order by id) from activity_log
  where entity_id = pg_temp.id(label) and action <> 'conversation.created'
$$;
select pg_temp.open('log');
select pg_temp.write('log', 'unread_count = 1');
select is(pg_temp.logged('log'), null, 'counters are no news');
select pg_temp.write('log', change) from unnest(array[$$bot_status = 'paused', ai_enabled = false$$, $$bot_status = 'active', ai_enabled = true$$,
  'ai_enabled = false', 'ai_enabled = true', $$phase = 'waiting'$$, $$phase = 'live', ai_enabled = false, bot_status = 'agent'$$,
  format('assigned_to = %L', pg_temp.id('ben')), 'assigned_to = null', $$phase = 'resolved', status = 'resolved'$$,
  $$phase = 'live', status = 'active'$$, $$phase = 'automated'$$, $$bot_status = 'paused'$$, $$bot_status = 'agent'$$]) change;
select is(pg_temp.logged('log'), 'bot_paused bot_resumed bot_paused bot_resumed agent_requested accepted assigned unassigned '
  'resolved reopened bot_resumed bot_paused bot_replaced', 'what happens has its name');
select is((select changes from activity_log where entity_id = pg_temp.id('log') and action = 'conversation.accepted'),
  '{"phase": {"from": "waiting", "to": "live"}, "ai_enabled": {"from": true, "to": false}, "bot_status": {"from": "active", "to": "agent"}}',
  'with the change');

-- Operations -------------------------------------------------------------------------------------

create function pg_temp.as(who text) returns void language sql as $$
  select set_config('request.jwt.claims', jsonb_build_object('role', 'authenticated', 'sub', pg_temp.id(who))::text, true),
    set_config('role', 'authenticated', true)
$$;
create function pg_temp.call(operation text, label text, given jsonb default '{}') returns text language plpgsql as $$
declare
  a private.answer;
begin
  execute format('select * from api.%I($1)', operation) into a using given || jsonb_build_object('conversation_id', pg_temp.id(label));
  return concat_ws(' ', a.status, a.body::jsonb #>> '{data,phase}', a.body::jsonb #>> '{data,bot_status}', a.body::jsonb #>> '{data,control_epoch}');
end
$$;
insert into workspace_members (workspace_id, user_id, handle) values (pg_temp.id('here'), pg_temp.id('ann'), 'ann');
select pg_temp.open(n) from unnest(array['op', 'bot', 'lead', 'known']) n;
update contacts set status = 'qualified' where id = pg_temp.id('c known');
select pg_temp.as('ann');
select is(pg_temp.call('request_agent', 'op'), '200 waiting active 2', 'a person is asked for');
select is(pg_temp.call('request_agent', 'op'), '200 waiting active 2', 'once');
select is(pg_temp.call('accept_conversation', 'op'), '200 live agent 3', 'and comes');
select is(pg_temp.whose('op'), 'ann ann', 'whose it is then');
select is(pg_temp.call('accept_conversation', 'op'), '200 live agent 3', 'to come again changes nothing');
select is(pg_temp.call('request_agent', 'op'), '200 live agent 3', 'with a person nobody is asked for');
select pg_temp.as('ben');
select throws_ok($$ select pg_temp.call('accept_conversation', 'op') $$, 'PT409', 'already_accepted', 'another comes too late');
select is(pg_temp.call('resolve_conversation', 'op'), '200 resolved agent 4', 'anybody ends it');
select is(pg_temp.call('resolve_conversation', 'op'), '200 resolved agent 4', 'once');
select throws_ok(format($$ select pg_temp.call(%L, 'op', %L) $$, operation, given), 'PT409', 'conversation_resolved',
  format('not when it is resolved: %s', operation))
from (values ('accept_conversation', '{}'), ('request_agent', '{}'), ('switch_bot', '{"action": "resume"}')) v (operation, given);
select is(pg_temp.call('reopen_conversation', 'op'), '200 automated active 5', 'reopened with the bot');
select is(pg_temp.call('switch_bot', 'bot', jsonb_build_object('action', action)), expected, format('%s, %s', n, action))
from (values (1, 'pause', '200 automated paused 2'), (2, 'pause', '200 automated paused 2'), (3, 'resume', '200 automated active 3'),
  (4, 'take_over', '200 live agent 4'), (5, 'pause', '200 live agent 4'), (6, 'resume', '200 automated active 5')) v (n, action, expected);
select pg_temp.call('resolve_conversation', 'lead'), pg_temp.call('resolve_conversation', 'known');
select is((select string_agg(status::text, ' ' order by name) from contacts where id in (pg_temp.id('c lead'), pg_temp.id('c known'))),
  'qualified contacted', 'a resolved conversation closes the lead, but not over what a person has set');
select throws_ok($$ select pg_temp.call('assign_conversation', 'op', jsonb_build_object('user_id', pg_temp.id('eve'))) $$,
  'PT422', 'validation_failed', 'nobody of another workspace is assigned');
select pg_temp.as('eve');
select throws_ok(format($$ select pg_temp.call(%L, 'op', '{"user_id": null, "action": "pause"}') $$, operation), 'PT404',
  'conversation_not_found', format('another workspace''s is not there: %s', operation))
from unnest(array['accept_conversation', 'request_agent', 'resolve_conversation', 'reopen_conversation', 'assign_conversation',
  'switch_bot', 'get_conversation', 'list_messages']) operation;
reset role;
select set_config('request.jwt.claims', '', true);

-- A workspace takes everything along, also what is assigned.
update conversations set assigned_to = pg_temp.id('ann') where id = pg_temp.id('op');
select lives_ok($$ delete from workspaces where id = pg_temp.id('here') $$, 'a workspace is deleted with conversations that are somebody''s');

select * from finish();
rollback;
