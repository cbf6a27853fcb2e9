-- Handoff: the contact's one conversation, opened for an agent, or the way to the search.
begin;
set local search_path = public, extensions;
select plan(42);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('handoff ' || label)::uuid $$;
insert into auth.users (id, email) values (pg_temp.id('agent'), 'agent@handoff.example');
insert into workspaces (id, name) values (pg_temp.id('workspace'), 'Workspace');
insert into workspace_members (workspace_id, user_id, handle) values (pg_temp.id('workspace'), pg_temp.id('agent'), 'agent');
insert into api_keys (id, workspace_id, name, prefix, key_hash, scopes)
select pg_temp.id(scope), pg_temp.id('workspace'), scope, 'lb_handoff0', sha256(convert_to('handoff ' || scope, 'UTF8')),
  array[scope]
from unnest(array['conversations:write', 'contacts:read']) scope;
insert into contacts (id, workspace_id, name, phone, is_contractor) values
  (pg_temp.id('ana'), pg_temp.id('workspace'), 'Ana', '+34600111222', false),
  (pg_temp.id('bea'), pg_temp.id('workspace'), null, '+5511912345678', false),
  (pg_temp.id('cid'), pg_temp.id('workspace'), 'Cid', '+34600111224', true),
  (pg_temp.id('dan'), pg_temp.id('workspace'), 'Dan', null, false),
  (pg_temp.id('eva'), pg_temp.id('workspace'), 'Eva', '+34600111226', false);

create function pg_temp.handoff(args jsonb, who text default 'agent') returns jsonb language sql as $$
  select jsonb_build_object('status', status, 'headers', headers) || (body::jsonb -> 'data')
  from private.call(
    case who when 'agent' then jsonb_build_object('type', 'member', 'user_id', pg_temp.id(who))
      else jsonb_build_object('type', 'api_key', 'hash', encode(sha256(convert_to('handoff ' || who, 'UTF8')), 'hex')) end,
    'conversations:write', 'handoff', args)
$$;
create function pg_temp.to(who text) returns jsonb language sql as $$ select jsonb_build_object('contact_id', pg_temp.id(who)) $$;
create function pg_temp.conversation(who text) returns uuid language sql
as $$ select id from conversations where contact_id = pg_temp.id(who) and channel = 'whatsapp' $$;

-- The first, the second -----------------------------------------------------------------------------

create temp table first_answer as select pg_temp.handoff(pg_temp.to('ana')) as a;
select is(a - 'headers', jsonb_build_object('status', 200, 'created', true, 'fallback', false,
  'redirect_url', '/dashboard/whatsapp/inbox?chat=' || pg_temp.conversation('ana'), 'conversation', jsonb_build_object(
    'id', pg_temp.conversation('ana'), 'channel', 'whatsapp',
    'contact', jsonb_build_object('id', pg_temp.id('ana'), 'name', 'Ana', 'phone', '+34600111222'),
    'contact_id', '34600111222', 'contact_name', 'Ana', 'status', 'active', 'phase', 'automated', 'ai_enabled', true,
    'bot_status', 'active', 'control_epoch', 1, 'assigned_to', null, 'unread_count', 0, 'last_message_at', null,
    'window_expires_at', null, 'created_at', to_json(now()), 'resolved_at', null)), 'the first makes the conversation')
      from first_answer;
select is(a -> 'headers', jsonb_build_object('Location', a ->> 'redirect_url'), 'the way to the inbox is the location, too')
  from first_answer;
select is(pg_temp.handoff(given), jsonb_set(a, '{created}', 'false'), format('the next gets the same: %s', given))
from first_answer, unnest(array[pg_temp.to('ana'), '{"phone": "+34600111222"}', '{"phone": "34 600-111-222"}']) given;
select is(pg_temp.handoff(pg_temp.to('ana'), 'conversations:write'), jsonb_set(a, '{created}', 'false'),
  'a key for conversations alone as well') from first_answer;
select is((select count(*) from conversations where contact_id = pg_temp.id('ana')), 1::bigint, 'there is one');
select results_eq($$ select actor_type, actor_id, action from activity_log where entity_id = pg_temp.conversation('ana') $$,
  $$ values ('member', pg_temp.id('agent'), 'conversation.created') $$, 'and is on record once, as the agent''s');
select is(pg_temp.handoff('{"phone": "+551112345678"}') #>> '{conversation,contact_name}', '+5511912345678',
  'a contact is found by a variant of the number');
select is(pg_temp.handoff(pg_temp.to('dan')) -> 'conversation' -> 'contact_id', 'null',
  'a contact without a number has a conversation, without digits');
select is(pg_temp.handoff(pg_temp.to('cid')) #>> array['conversation', field], value, format('a contractor''s %s is %s', field,
  value))
from (values ('phase', 'waiting'), ('ai_enabled', 'false'), ('bot_status', 'agent'), ('status', 'active')) v (field, value);
select is(pg_temp.handoff(pg_temp.to('ana') || jsonb_build_object('dashboard_url', url)) ->> 'redirect_url',
  'https://app.example/x/dashboard/whatsapp/inbox?chat=' || pg_temp.conversation('ana'), format('under %s', url))
from unnest(array['https://app.example/x', 'https://app.example/x/']) url;

-- Who may not, what is not there --------------------------------------------------------------------

select throws_ok(format('select pg_temp.handoff(%L)', given), 'PT404', 'contact_not_found', format('nobody is %s', given))
from unnest(array[pg_temp.to('nobody'), '{"phone": "+34600999999"}', '{"phone": ""}', '{}']) given;
select throws_ok($$ select pg_temp.handoff(pg_temp.to('ana'), 'contacts:read') $$, 'PT403', 'insufficient_scope',
  'a key that reads contacts opens no conversation');

-- Another channel is another conversation.
insert into conversations (workspace_id, contact_id, channel) values (pg_temp.id('workspace'), pg_temp.id('eva'), 'web');
select is(pg_temp.handoff(pg_temp.to('eva')) - 'conversation' - 'headers' - 'redirect_url',
  '{"status": 200, "created": true, "fallback": false}',
  'a web chat is not the WhatsApp thread');

-- Reopening -------------------------------------------------------------------------------------------

create function pg_temp.state(who text) returns text language sql as $$
  select concat_ws(' ', status, phase, case when ai_enabled then 'ai' else 'no ai' end, bot_status, 'epoch', control_epoch,
    resolved_at)
  from conversations where id = pg_temp.conversation(who)
$$;
update conversations set status = 'resolved', phase = 'resolved', resolved_at = now() where id = pg_temp.conversation('bea');
select is(pg_temp.handoff(pg_temp.to('bea')) ->> 'created', 'false', 'a resolved one is not made anew');
select is(pg_temp.state('bea'), 'active automated ai active epoch 3', 'it is active again, with the bot');
update conversations set status = 'resolved', phase = 'resolved', ai_enabled = false, bot_status = 'agent', resolved_at = now()
where id = pg_temp.conversation('bea');
select is(pg_temp.handoff(pg_temp.to('bea')) #>> '{conversation,phase}', 'automated', 'also if that was off');
select is(pg_temp.state('bea'), 'active automated ai active epoch 5', 'which is on again');
update conversations set phase = 'waiting' where id = pg_temp.conversation('bea');
select is(pg_temp.handoff(pg_temp.to('bea')) #>> '{conversation,phase}', 'waiting', 'one that is active keeps its phase');
select is(pg_temp.state('bea'), 'active waiting ai active epoch 6', 'and its epoch');
insert into messages (workspace_id, conversation_id, contact_id, direction, sender_type, type, status, sent_at)
values (pg_temp.id('workspace'), pg_temp.conversation('bea'), pg_temp.id('bea'), 'inbound', 'contact', 'text', 'received',
  '2026-01-01T10:00:00Z');
select is(pg_temp.handoff(pg_temp.to('bea')) #>> array['conversation', field], value, format('%s after a message', field))
from (values ('unread_count', '1'), ('last_message_at', '2026-01-01T10:00:00+00:00'),
  ('window_expires_at', '2026-01-02T10:00:00+00:00')) v (field, value);

-- When the conversation cannot be had -------------------------------------------------------------------

create function pg_temp.fail() returns trigger language plpgsql as $$
begin
  raise exception using errcode = current_setting('handoff.fails_with'), message = 'no conversation today';
end
$$;
delete from conversations where contact_id in (pg_temp.id('ana'), pg_temp.id('dan'));
create trigger aaa_fail before insert or update on conversations for each row execute function pg_temp.fail();
set local handoff.fails_with = 'XX000';
select is(pg_temp.handoff(pg_temp.to('ana')), jsonb_build_object('status', 200, 'conversation', null, 'created', false, 'fallback',
  true,
  'redirect_url', '/dashboard/whatsapp/inbox?search=34600111222',
  'headers', '{"Location": "/dashboard/whatsapp/inbox?search=34600111222"}'::jsonb), 'the agent gets the search for the digits');
select is(pg_temp.handoff(pg_temp.to('ana'), 'conversations:write') ->> 'fallback', 'true', 'so does a key');
select is(pg_temp.handoff('{"phone": "+34600111222", "dashboard_url": "https://app.example/"}') ->> 'redirect_url',
  'https://app.example/dashboard/whatsapp/inbox?search=34600111222', 'by number, in the dashboard');
select is(pg_temp.handoff(pg_temp.to('dan')) ->> 'redirect_url', '/dashboard/whatsapp/inbox?search=',
  'without digits the search is empty');
select is(pg_temp.conversation('ana'), null, 'nothing is left half done');
select throws_ok($$ select pg_temp.handoff(pg_temp.to('nobody')) $$, 'PT404', 'contact_not_found', 'nobody is still nobody');
select is(pg_temp.handoff(pg_temp.to('cid')) ->> 'fallback', 'false', 'a conversation that is there needs nothing made');
create function pg_temp.failing_with(state text) returns text language plpgsql as $$
begin
  perform set_config('handoff.fails_with', state, true);
  return pg_temp.handoff(pg_temp.to('ana')) ->> 'fallback';
exception when query_canceled or others then
  return sqlstate;
end
$$;
select is(pg_temp.failing_with(state), state, format('%s is for another try, not for the search', state))
  from unnest(array['40001', '40P01', '57014']) state;
drop trigger aaa_fail on conversations;
select is(pg_temp.handoff(pg_temp.to('ana')) ->> 'created', 'true', 'and when it can be had again, it is');

select * from finish();
rollback;
