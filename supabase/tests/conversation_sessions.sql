-- Sessions of conversations: opened, first answered, resolved, by the events' own times.
begin;
set local search_path = public, extensions;
select plan(29);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('conversation sessions ' || label)::uuid $$;
insert into workspaces (id, name) values (pg_temp.id('home'), 'Home');

create function pg_temp.thread(label text) returns void language sql as $$
  insert into contacts (id, workspace_id) values (pg_temp.id('contact ' || label), pg_temp.id('home'));
  insert into conversations (id, workspace_id, contact_id)
  values (pg_temp.id(label), pg_temp.id('home'), pg_temp.id('contact ' || label));
$$;
-- 'contact 10:00', 'agent 10:05:07', 'history 9:00' (handed over from a chat history), all in one statement.
create function pg_temp.say(label text, variadic said text[]) returns void language sql as $$
  insert into messages (workspace_id, conversation_id, contact_id, direction, sender_type, type, status, from_history, sent_at)
  select v.workspace_id, v.id, v.contact_id, case when who in ('contact', 'history') then 'inbound' else 'outbound' end::message_direction,
    case who when 'history' then 'contact' else who end::sender_type, 'text',
    case when who in ('contact', 'history') then 'received' else 'sent' end::message_status, who = 'history',
    ('2026-01-01 ' || split_part(s, ' ', 2) || '+00')::timestamptz
  from unnest(said) s, split_part(s, ' ', 1) who, conversations v where v.id = pg_temp.id(label)
$$;
create function pg_temp.resolve(label text, at text) returns void language sql as $$
  update conversations set status = 'resolved', phase = 'resolved', resolved_at = ('2026-01-01 ' || at || '+00')::timestamptz
  where id = pg_temp.id(label)
$$;
-- '10:00:00 10:05:00 -' = opened, answered, resolved; one session a row, those that nobody opened left out.
create function pg_temp.sessions(label text) returns setof text language sql as $$
  select concat_ws(' ', to_char(opened_at, 'HH24:MI:SS'), coalesce(to_char(answered_at, 'HH24:MI:SS'), '-'),
    coalesce(to_char(resolved_at, 'HH24:MI:SS'), '-'))
  from private.conversation_sessions where conversation_id = pg_temp.id(label) and opened_at is not null order by since
$$;
set local timezone = 'UTC';

create view pg_temp.rows as select id, since, reopened_at, opened_at, answered_at, resolved_at, conversation_id
  from private.conversation_sessions where workspace_id = pg_temp.id('home');

-- One session ------------------------------------------------------------------------------------

select pg_temp.thread('plain');
select pg_temp.say('plain', 'bot 9:00', 'history 9:30');
select is_empty('select from private.conversation_sessions where conversation_id = pg_temp.id(''plain'')',
  'what the team says, and what was said long ago, opens nothing');
select pg_temp.say('plain', 'contact 10:00');
select results_eq($$ select pg_temp.sessions('plain') $$, array['10:00:00 - -'], 'the first message of the person does');
create temp table untouched as select ctid as place from private.conversation_sessions where conversation_id = pg_temp.id('plain');
select pg_temp.say('plain', 'contact 10:01', 'contact 10:00', 'system 10:01', 'history 8:00');
select is_empty($$ select from untouched u, private.conversation_sessions s
  where s.conversation_id = pg_temp.id('plain') and s.ctid <> u.place $$, 'further messages and systems'' write nothing');
select pg_temp.say('plain', 'agent 10:06');
select pg_temp.say('plain', 'bot 10:08', 'business 10:09');
select results_eq($$ select pg_temp.sessions('plain') $$, array['10:00:00 10:06:00 -'], 'the first answer counts');
select pg_temp.say('plain', 'business 10:04');
select results_eq($$ select pg_temp.sessions('plain') $$, array['10:00:00 10:04:00 -'], 'also one that is told of later');
select pg_temp.say('plain', 'contact 8:59');
select results_eq($$ select pg_temp.sessions('plain') $$, array['08:59:00 09:00:00 -'],
  'an earlier message opens earlier, and what was said then is its answer');
select pg_temp.resolve('plain', '11:00:00.5');
select results_eq($$ select pg_temp.sessions('plain') $$, array['08:59:00 09:00:00 11:00:00'], 'resolving ends it');
select is((select count(*) from private.conversation_sessions where conversation_id = pg_temp.id('plain')), 2::bigint,
  'what comes next has its place');

-- After it ----------------------------------------------------------------------------------------

select pg_temp.say('plain', 'contact 10:30');
select is((select status::text from conversations where id = pg_temp.id('plain')), 'resolved', 'what was said before does not reopen');
select results_eq($$ select pg_temp.sessions('plain') $$, array['08:59:00 09:00:00 11:00:00'], 'nor does it open a session');
select pg_temp.say('plain', 'contact 11:00:00', 'agent 10:59', 'bot 11:20');
select results_eq($$ select pg_temp.sessions('plain') $$, array['08:59:00 09:00:00 11:00:00', '11:00:00 11:20:00 -'],
  'a message of the second of the resolution opens the next, whose answer comes after it');
select pg_temp.say('plain', 'agent 11:00:00.4');
select results_eq($$ select pg_temp.sessions('plain') $$, array['08:59:00 09:00:00 11:00:00', '11:00:00 11:20:00 -'],
  'what was written just before the resolution is no answer to what reopened it');
select pg_temp.resolve('plain', '12:00');
select pg_temp.say('plain', 'contact 13:00');
select pg_temp.say('plain', 'contact 12:30', 'contact 8:30', 'agent 8:31');
select results_eq($$ select pg_temp.sessions('plain') $$,
  array['08:30:00 08:31:00 11:00:00', '11:00:00 11:20:00 12:00:00', '12:30:00 - -'], 'messages find their session by their own time');

-- By hand -----------------------------------------------------------------------------------------

select pg_temp.thread('hand');
select pg_temp.say('hand', 'agent 9:00');
select pg_temp.resolve('hand', '9:30');
select is_empty($$ select pg_temp.sessions('hand') $$, 'nobody had written');
select private.reopen_conversation(pg_temp.id('hand'));
select is((select (opened_at, reopened_at) = (now(), now()) from private.conversation_sessions
  where conversation_id = pg_temp.id('hand') and since > '-infinity'), true, 'who reopens by hand opens a session');
select pg_temp.say('hand', 'contact 9:20');
select is((select to_char(opened_at, 'HH24:MI') || to_char(resolved_at, ' HH24:MI') from private.conversation_sessions
  where conversation_id = pg_temp.id('hand') and since = '-infinity'), '09:20 09:30', 'a message of before opens the one of before');
select pg_temp.say('hand', 'contact 10:00', 'agent 10:01');
select is((select to_char(opened_at, 'HH24:MI') || to_char(answered_at, ' HH24:MI') from private.conversation_sessions
  where conversation_id = pg_temp.id('hand') and since > '-infinity'), '10:00 10:01', 'and one of since, if it was earlier, opens earlier');
select pg_temp.thread('app');
select pg_temp.say('app', 'contact 9:00');
select pg_temp.resolve('app', '9:30');
select pg_temp.say('app', 'business 10:00');
select is((select status::text from conversations where id = pg_temp.id('app')), 'active', 'an answer in the app reopens');
select results_eq($$ select pg_temp.sessions('app') $$, array['09:00:00 - 09:30:00'], 'but nobody waits until the person writes');
select pg_temp.say('app', 'contact 10:02', 'agent 10:03');
select results_eq($$ select pg_temp.sessions('app') $$, array['09:00:00 - 09:30:00', '10:02:00 10:03:00 -'], 'then somebody does');
insert into conversations (id, workspace_id, contact_id, channel, status, phase)
values (pg_temp.id('old'), pg_temp.id('home'), pg_temp.id('contact app'), 'web', 'resolved', 'resolved');
select pg_temp.say('old', 'contact 9:00', 'agent 9:01');
select results_eq($$ select pg_temp.sessions('old') $$, array['09:00:00 09:01:00 -'], 'one that came resolved, nobody knows when, has one');

-- Merging -------------------------------------------------------------------------------------------

create temp table before as table pg_temp.rows;
select pg_temp.thread('twin');
select pg_temp.say('twin', 'contact 7:00', 'agent 10:50', 'contact 11:50');
select pg_temp.resolve('twin', '11:55');
insert into before select * from pg_temp.rows where conversation_id = pg_temp.id('twin');
create temp table merged as select private.merge_contact(pg_temp.id('contact plain'), pg_temp.id('contact twin')) as id;
select results_eq($$ select pg_temp.sessions('plain') $$,
  array['07:00:00 08:31:00 11:00:00', '11:00:00 11:20:00 11:55:00', '12:30:00 - -'],
  'two threads that are one have the resolutions and messages of both');
select lives_ok($$ select private.undo_merge(pg_temp.id('home'), id) from merged $$, 'which is taken back');
select set_eq('table pg_temp.rows', 'table before', 'to the last row');

select pg_temp.thread('ended');
select pg_temp.say('ended', 'contact 9:00');
select pg_temp.resolve('ended', '9:30');
select pg_temp.thread('going');
select pg_temp.say('going', 'contact 9:10');
create temp table apart as select * from pg_temp.rows where conversation_id in (pg_temp.id('ended'), pg_temp.id('going'));
insert into before table apart;
create temp table joined as select private.merge_contact(pg_temp.id('contact ended'), pg_temp.id('contact going')) as id;
select is((select status::text from conversations where id = pg_temp.id('ended')), 'active', 'a merge with one that is open opens');
select results_eq($$ select pg_temp.sessions('ended') $$, array['09:00:00 - 09:30:00'], 'which nobody did by hand');
select private.undo_merge(pg_temp.id('home'), id) from joined;
select set_eq($$ select * from pg_temp.rows where conversation_id in (pg_temp.id('ended'), pg_temp.id('going')) $$, 'table apart',
  'nor is anything of it left');

-- From nothing --------------------------------------------------------------------------------------

update private.conversation_sessions set opened_at = null, answered_at = now(), resolved_at = null
where workspace_id = pg_temp.id('home');
delete from private.conversation_sessions where since = '-infinity' and workspace_id = pg_temp.id('home');
select private.settle_sessions(array(select id from conversations where workspace_id = pg_temp.id('home')));
select bag_eq('select since, reopened_at, opened_at, answered_at, resolved_at, conversation_id from pg_temp.rows',
  'select since, reopened_at, opened_at, answered_at, resolved_at, conversation_id from before',
  'resolutions and messages are all it takes');
delete from contacts where id = pg_temp.id('contact plain');
select is_empty('select from private.conversation_sessions where conversation_id = pg_temp.id(''plain'')', 'they go with the contact');

select * from finish();
rollback;
