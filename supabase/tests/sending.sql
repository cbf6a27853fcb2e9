-- The operations that send: what is stored and queued, what is refused, from which number, by whom.
begin;
set local search_path = public, extensions;
select plan(114);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('sending ' || label)::uuid $$;
insert into auth.users (id, email) values (pg_temp.id('agent'), 'agent@sending.example'), (pg_temp.id('admin'), 'admin@sending.example'),
  (pg_temp.id('outsider'), 'outsider@sending.example');
insert into workspaces (id, name) values (pg_temp.id('workspace'), 'Workspace'), (pg_temp.id('elsewhere'), 'Elsewhere');
insert into workspace_members (workspace_id, user_id, role, handle) values
  (pg_temp.id('workspace'), pg_temp.id('agent'), 'agent', 'agent'), (pg_temp.id('workspace'), pg_temp.id('admin'), 'admin', 'admin'),
  (pg_temp.id('elsewhere'), pg_temp.id('outsider'), 'owner', 'outsider');
insert into api_keys (id, workspace_id, name, prefix, key_hash, scopes)
select pg_temp.id(scope), pg_temp.id('workspace'), scope, 'lb_sending0', sha256(convert_to('sending ' || scope, 'UTF8')), array[scope]
from unnest(array['conversations:write', 'conversations:read']) scope;
insert into whatsapp_numbers (phone_number_id, workspace_id, waba_id, display_phone_number) values
  ('910000000000001', pg_temp.id('workspace'), '919', '1'), ('910000000000002', pg_temp.id('workspace'), '919', '2'),
  ('910000000000009', pg_temp.id('elsewhere'), '999', '9');
insert into private.whatsapp_tokens (phone_number_id, sealed) values ('910000000000001', '\x01'), ('910000000000009', '\x09');
insert into contacts (id, workspace_id, name, phone)
select pg_temp.id(name), pg_temp.id('workspace'), name, '+3460011122' || n from unnest('{ana,bea,cid,eva}'::text[]) with ordinality c (name, n);
insert into conversations (id, workspace_id, contact_id, channel)
select pg_temp.id('with ' || name), pg_temp.id('workspace'), pg_temp.id(name), case name when 'eva' then 'web' else 'whatsapp' end
from unnest('{ana,bea,cid,eva}'::text[]) name;

create function pg_temp.hear(label text, who text, number text default '910000000000001', at timestamptz default now()) returns void
language sql as $$
  insert into messages (id, workspace_id, conversation_id, contact_id, direction, sender_type, channel, type, body, status,
    phone_number_id, wa_message_id, sent_at)
  select pg_temp.id(label), v.workspace_id, v.id, v.contact_id, 'inbound', 'contact', v.channel, 'text', label, 'received', number,
    'wamid.' || label, at
  from conversations v where v.id = pg_temp.id('with ' || who);
  update conversations set phone_number_id = number where id = pg_temp.id('with ' || who);
$$;
select pg_temp.hear('hello', 'ana', at => now() - interval '1 minute'), pg_temp.hear('web', 'eva');

create function pg_temp.call(operation text, args jsonb, who text default 'agent', scope text default 'conversations:write')
returns jsonb language sql as $$
  select jsonb_build_object('status', status) || coalesce(body::jsonb, '{}') from private.call(
    case when who in ('agent', 'admin', 'outsider') then jsonb_build_object('type', 'member', 'user_id', pg_temp.id(who))
      else jsonb_build_object('type', 'api_key', 'hash', encode(sha256(convert_to('sending ' || who, 'UTF8')), 'hex')) end,
    scope, operation, args)
$$;
create function pg_temp.send(who text, args jsonb, by text default 'agent') returns jsonb language sql as $$
  select pg_temp.call('send_message', jsonb_build_object('conversation_id', pg_temp.id('with ' || who)) || args, by) #> '{data,message}'
$$;
create function pg_temp.text(body text, more jsonb default '{}') returns jsonb language sql
as $$ select jsonb_build_object('type', 'text', 'text', jsonb_build_object('body', body)) || more $$;
-- What a refusal says: status, code, extra members.
create function pg_temp.refusal(statement text) returns jsonb language plpgsql as $$
declare
  said text; hint text;
begin
  execute statement;
  return null;
exception when others then
  get stacked diagnostics said = message_text, hint = pg_exception_hint;
  return jsonb_build_object('is', right(sqlstate, 3) || ' ' || said) || coalesce(nullif(hint, '')::jsonb, '{}');
end
$$;
create function pg_temp.refused(who text, args jsonb, by text default 'agent') returns jsonb language sql
as $$ select pg_temp.refusal(format('select pg_temp.send(%L, %L, %L)', who, args, by)) $$;
create function pg_temp.state(who text) returns text language sql as $$
  select concat_ws(' ', status, phase, bot_status, 'epoch', control_epoch) from conversations where id = pg_temp.id('with ' || who)
$$;
create function pg_temp.queue(who text) returns setof jsonb language sql as $$
  select o.request || jsonb_build_object('kind', o.kind, 'from', o.phone_number_id) from private.outbox o
  where o.conversation_id = pg_temp.id('with ' || who) order by o.seq
$$;

-- Stored and queued ---------------------------------------------------------------------------------

create temp table first as select pg_temp.send('ana', pg_temp.text('Hi')) as m;
select is(m - '{id,sentiment,sentiment_score}'::text[], jsonb_build_object('conversation_id', pg_temp.id('with ana'), 'direction',
  'outbound', 'sender_type', 'agent', 'sender_id', pg_temp.id('agent'), 'channel', 'whatsapp', 'type', 'text', 'body', 'Hi',
  'payload', '{}'::jsonb, 'reply_to', null, 'wa_message_id', null, 'status', 'queued', 'error', null, 'reactions', '[]'::jsonb,
  'sentiment_language', null, 'media', null, 'sent_at', to_jsonb(now()), 'delivered_at', null, 'read_at', null, 'edited_at', null, 'revoked_at', null,
  'created_at', to_jsonb(now())), 'the answer is the message') from first;
select results_eq($$ select id, message_id, workspace_id, conversation_id, phone_number_id, kind, request, state from private.outbox $$,
  $$ select (m ->> 'id')::uuid, (m ->> 'id')::uuid, pg_temp.id('workspace'), pg_temp.id('with ana'), '910000000000001', 'message',
    '{"type": "text", "text": {"body": "Hi"}}'::jsonb, 'queued' from first $$, 'what is queued has its id');
select is(pg_temp.state('ana'), 'active live agent epoch 2', 'a person who writes has the conversation');
select is((select count(*) from messages where conversation_id = pg_temp.id('with ana')), 2::bigint, 'once');
select is(pg_temp.send('ana', pg_temp.text('Again')) ->> 'body', 'Again', 'they go on writing');
select is(pg_temp.state('ana'), 'active live agent epoch 2', 'and keep it');
select is(pg_temp.send('ana', pg_temp.text('By key'), 'conversations:write') ->> 'sender_id', pg_temp.id('conversations:write')::text,
  'a key that may only write sees what it wrote');
select throws_ok($$ select pg_temp.send('ana', pg_temp.text('No'), 'conversations:read') $$, 'PT403', 'insufficient_scope',
  'one that may only read does not write');
select is(jsonb_build_object('type', m -> 'type', 'body', m -> 'body', 'payload', m -> 'payload',
    'media', (m #>> '{media,whatsapp_media_id}') || ', ' || (m #>> '{media,file_name}')),
  jsonb_build_object('type', given -> 'type', 'body', body, 'payload', given - 'type', 'media', media),
  format('a message of type %s', given ->> 'type'))
from (values
  ('{"type": "document", "document": {"id": "901", "filename": "b.pdf", "caption": "Look"}}'::jsonb, 'Look', '901, b.pdf'),
  ('{"type": "image", "image": {"link": "https://a.example/b.png"}}', null, null),
  ('{"type": "template", "template": {"name": "a", "language": {"code": "es"}}}', null, null),
  ('{"type": "interactive", "interactive": {"type": "button", "body": {"text": "Sure?"}, "action": {}}}', 'Sure?', null),
  ('{"type": "location", "location": {"latitude": 1, "longitude": 2}}', null, null),
  ('{"type": "contacts", "contacts": [{"name": {"formatted_name": "A"}}]}', null, null)
) as k (given, body, media), pg_temp.send('ana', given) as m;
update messages set revoked_at = now(), media = '{"id": "901"}' where body = 'Look';
select is(row_to_json(r)::jsonb - '{id,conversation_id}'::text[] @> '{"body": null, "payload": {}, "media": null}', true,
  'a message that was taken back shows nothing any more') from private.message_records r
where r.id = (select id from messages where body = 'Look');

-- Quotes and reactions ----------------------------------------------------------------------------

delete from private.outbox;
select is(pg_temp.send('ana', pg_temp.text('Re', jsonb_build_object('reply_to', given))) ->> 'reply_to', 'wamid.hello',
  'an answer names a message by its id or wamid') from unnest(array[pg_temp.id('hello')::text, upper(pg_temp.id('hello')::text), 'wamid.hello']) given;
select is(q -> 'context', '{"message_id": "wamid.hello"}', 'and quotes it') from pg_temp.queue('ana') q;
select is(pg_temp.refused('ana', pg_temp.text('Re', jsonb_build_object('reply_to', given))) #>> '{errors,0,code}', code,
  format('%s: %s', given, code))
from (values (pg_temp.id('web')::text, 'unknown_message'), ('wamid.web', 'unknown_message'), ('wamid.none', 'unknown_message'),
  ((select m ->> 'id' from first), 'not_sent')) q (given, code);
create function pg_temp.reaction(name text, emoji text) returns jsonb language sql
as $$ select jsonb_build_object('type', 'reaction', 'reaction', jsonb_build_object('message_id', name, 'emoji', emoji)) $$;
delete from private.outbox;
select is(pg_temp.send('ana', pg_temp.reaction(pg_temp.id('hello')::text, '👍')) ->> 'id', pg_temp.id('hello')::text,
  'a reaction answers with the message that it is about');
select is(pg_temp.send('ana', pg_temp.reaction('wamid.hello', '')) -> 'reactions', '[]', 'which does not show it yet');
select results_eq($$ select pg_temp.queue('ana') $$, $$ values
  ('{"type": "reaction", "reaction": {"message_id": "wamid.hello", "emoji": "👍"}, "kind": "reaction", "from": "910000000000001"}'::jsonb),
  ('{"type": "reaction", "reaction": {"message_id": "wamid.hello", "emoji": ""}, "kind": "reaction", "from": "910000000000001"}') $$,
  'both are queued');
select is(pg_temp.refused('ana', pg_temp.reaction('wamid.none', '👍')) -> 'errors' -> 0 ->> 'path', '/reaction/message_id',
  'there is no reacting to what is not there');
select pg_temp.hear('heard', 'cid');
select is(pg_temp.send('cid', pg_temp.reaction('wamid.heard', '👍')) ->> 'body', 'heard', 'reacting');
select is(pg_temp.state('cid'), 'active automated active epoch 1', 'does not take the conversation from the bot');

-- Refusals ----------------------------------------------------------------------------------------

select is(pg_temp.refused('bea', pg_temp.text('Hi')), jsonb_build_object('is', '409 send_refused', 'reasons', array['window_closed'],
  'window_expires_at', null, 'template_required', true, 'retry_at', null), 'outside the window only a template may go');
select is(pg_temp.send('bea', '{"type": "template", "template": {"name": "a", "language": {"code": "es"}}}') ->> 'status', 'queued',
  'which may');
select is(pg_temp.refused('nobody', pg_temp.text('Hi')) ->> 'is', '404 conversation_not_found', 'into nothing nothing is sent');
select is(pg_temp.refused('ana', pg_temp.text('Hi'), 'outsider') ->> 'is', '404 conversation_not_found',
  'a conversation of another workspace is not there');
update contacts set opted_out = true where id = pg_temp.id('ana');
select is(pg_temp.refused('ana', pg_temp.text('Hi', '{"automated": true}')) -> 'reasons', '["opted_out"]',
  'what is sent by itself respects who opted out');
select is(pg_temp.send('ana', pg_temp.text('Hi')) ->> 'status', 'queued', 'a person may still write');
update contacts set opted_out = false where id = pg_temp.id('ana');
select is(pg_temp.refused('eva', pg_temp.text('Hi')) -> 'reasons', '["no_whatsapp"]', 'a web chat is not on WhatsApp');
select is((select count(*) from private.outbox where conversation_id = pg_temp.id('with eva')), 0::bigint,
  'what is refused is not queued');

-- The control fence -------------------------------------------------------------------------------

create function pg_temp.bot(epoch int) returns jsonb language sql
as $$ select pg_temp.text('Beep', jsonb_build_object('sender', 'bot', 'control_epoch', epoch)) $$;
update contacts set opted_out = true where id = pg_temp.id('cid');
select is(pg_temp.refused('cid', pg_temp.bot(1) || '{"automated": false}') -> 'reasons', '["opted_out"]',
  'a bot is nobody in person, whatever it says');
update contacts set opted_out = false where id = pg_temp.id('cid');
select is(pg_temp.send('cid', pg_temp.bot(1)) ->> 'sender_type', 'bot', 'a bot in control writes');
select is(pg_temp.send('cid', pg_temp.reaction('wamid.heard', given) || more) ->> 'body', 'heard', 'and reacts, as a campaign does')
from (values ('🤖', '{"sender": "bot", "control_epoch": 1}'::jsonb), ('📣', '{"automated": true}')) r (given, more);
select is(pg_temp.state('cid'), 'active automated active epoch 1', 'and stays in control');
select is(pg_temp.refused('cid', pg_temp.bot(2)), '{"is": "409 stale_control", "control_epoch": 1, "phase": "automated"}',
  'another epoch is not believed, not even a later one');
select is(pg_temp.refused('cid', pg_temp.bot(null)) ->> 'is', '409 stale_control', 'nor is none');
select is(pg_temp.send('cid', pg_temp.text('I', '{"automated": true}')) ->> 'sender_type', 'agent', 'a campaign in an agent''s name');
select is(pg_temp.state('cid'), 'active automated active epoch 1', 'leaves the conversation with whom it is');
select is(pg_temp.send('cid', pg_temp.text('I')) ->> 'sender_type', 'agent', 'a person writes');
select is(pg_temp.refused('cid', pg_temp.bot(1)), '{"is": "409 stale_control", "control_epoch": 2, "phase": "live"}',
  'and the bot is too late');
select is(pg_temp.refused('cid', pg_temp.bot(2)) ->> 'is', '409 stale_control', 'knowing the epoch is not being in control');
select is(pg_temp.refused('cid', pg_temp.bot(2) || '{"automated": false}') ->> 'is', '409 stale_control', 'nor is saying otherwise');
select is(pg_temp.refusal(format('select pg_temp.call(%L, %L)', 'send_typing', pg_temp.bot(1) || jsonb_build_object('conversation_id',
  pg_temp.id('with cid')))) ->> 'is', '409 stale_control', 'it does not even seem to type');
update conversations set status = 'resolved', phase = 'resolved' where id = pg_temp.id('with cid');
select is(pg_temp.send('cid', pg_temp.text('One more thing')) ->> 'status', 'queued', 'a person writes into what was resolved');
select matches(pg_temp.state('cid'), '^active live agent epoch ', 'which opens it again');

-- What waited is asked again before it goes.
delete from private.outbox where conversation_id <> pg_temp.id('with cid');
update contacts set opted_out = true where id = pg_temp.id('cid');
create temp table claimed as select * from private.claim_outbox(10);
select is(jsonb_agg(body #>> '{reaction,emoji}'), '["👍"]', 'one is sent at a time') from claimed;
select private.finish_outbox(id, attempts, '{"accepted": "wamid.reaction"}') from claimed;
select is((select count(*) from private.claim_outbox(10)), 1::bigint, 'then the next');
select results_eq($$ select request #>> '{reaction,emoji}', state, error ->> 'code' from private.outbox where kind = 'reaction' order by seq $$,
  $$ values ('👍', 'accepted', null), ('🤖', 'failed', 'stale_control'), ('📣', 'failed', 'opted_out') $$,
  'not what a bot thought of it before a person came, nor what nobody thought in person');
select results_eq($$ select body, sender_type::text, status::text, error ->> 'code' from messages
    where conversation_id = pg_temp.id('with cid') and direction = 'outbound' order by id $$,
  $$ values ('Beep', 'bot', 'failed', 'stale_control'), ('I', 'agent', 'failed', 'opted_out'), ('I', 'agent', 'sending', null),
    ('One more thing', 'agent', 'queued', null) $$,
  'not what a bot said before a person came, nor what nobody wrote in person to who has opted out');
delete from private.outbox;
select is(pg_temp.send('ana', pg_temp.text('In time', '{"automated": true}')) ->> 'status', 'queued', 'before the quiet hours');
select is(pg_temp.send('ana', pg_temp.text('In person')) ->> 'status', 'queued', 'both are sent');
update workspaces set quiet_hours_start = (now() at time zone time_zone - interval '1 hour')::time,
  quiet_hours_end = (now() at time zone time_zone + interval '1 hour')::time where id = pg_temp.id('workspace');
select is((select count(*) from private.claim_outbox(10)), 1::bigint, 'in them one is');
select results_eq($$ select body, status::text, error ->> 'code' from messages where body in ('In time', 'In person') order by id $$,
  $$ values ('In time', 'failed', 'quiet_hours'), ('In person', 'sending', null) $$, 'not the one that nobody wrote in person');
update workspaces set quiet_hours_start = null, quiet_hours_end = null where id = pg_temp.id('workspace');
delete from private.outbox;
insert into contacts (id, workspace_id, name) values (pg_temp.id('dan'), pg_temp.id('workspace'), 'dan');
insert into conversations (id, workspace_id, contact_id) values (pg_temp.id('with dan'), pg_temp.id('workspace'), pg_temp.id('dan'));
update contacts set is_contractor = true where id = pg_temp.id('dan');
select is(pg_temp.state('dan'), 'active waiting agent epoch 2', 'who turns out to be a contractor is taken from the bot');
update conversations set phase = 'automated', ai_enabled = true, bot_status = 'active' where id = pg_temp.id('with dan');
select is(pg_temp.state('dan'), 'active waiting agent epoch 2', 'and not given back, whoever writes it');

-- Numbers -----------------------------------------------------------------------------------------

select is(pg_temp.refused('ana', pg_temp.text('Hi', jsonb_build_object('phone_number_id', given))) - 'window_expires_at', said, given)
from (values
  ('910000000000009', '{"is": "422 validation_failed", "errors": [{"path": "/phone_number_id", "code": "unknown_number", "message": "The workspace has no such WhatsApp number."}]}'::jsonb),
  ('1', '{"is": "422 validation_failed", "errors": [{"path": "/phone_number_id", "code": "unknown_number", "message": "The workspace has no such WhatsApp number."}]}'),
  ('910000000000002', '{"is": "409 send_refused", "reasons": ["no_number"], "template_required": false, "retry_at": null}')
) n (given, said);
create function pg_temp.from_where(args jsonb default '{}') returns text language plpgsql as $$
declare
  sent uuid := (pg_temp.send('ana', pg_temp.text('From') || args) ->> 'id')::uuid;
begin
  return (select o.phone_number_id from private.outbox o where o.id = sent);
end
$$;
update conversations set phone_number_id = '910000000000002' where id = pg_temp.id('with ana');
select is(pg_temp.from_where(), '910000000000001', 'where the usual number cannot send the only one that can does');
insert into private.whatsapp_tokens (phone_number_id, sealed) values ('910000000000002', '\x02');
select is(pg_temp.from_where(), '910000000000002', 'the number that the person wrote to');
select is(pg_temp.from_where('{"phone_number_id": "910000000000001"}'), '910000000000001', 'or the one asked for');
select is(pg_temp.from_where('{"reply_to": "wamid.hello"}'), '910000000000001', 'an answer goes where the question came');
select is(pg_temp.refused('ana', pg_temp.reaction('wamid.hello', '👍') || '{"phone_number_id": "910000000000002"}') #>> '{errors,0,path}',
  '/phone_number_id', 'under another number WhatsApp knows no message to react to');
update conversations set phone_number_id = null where id = pg_temp.id('with ana');
select is(pg_temp.refused('ana', pg_temp.text('Hi')) #>> '{errors,0,code}', 'required', 'of several one has to be named');
delete from private.whatsapp_tokens where phone_number_id = '910000000000001';
select is(pg_temp.refused('ana', pg_temp.reaction('wamid.hello', '👍')) -> 'reasons', '["no_number"]',
  'nor when that of the message cannot send');
delete from private.whatsapp_tokens where phone_number_id = '910000000000002';
select is(pg_temp.refused('ana', pg_temp.text('Hi')) -> 'reasons', '["no_number"]', 'without any nothing is sent');
insert into private.whatsapp_tokens (phone_number_id, sealed) values ('910000000000001', '\x01');

-- Read and typing ---------------------------------------------------------------------------------

create function pg_temp.on(operation text, who text, args jsonb default '{}') returns jsonb language sql as $$
  select pg_temp.call(operation, jsonb_build_object('conversation_id', pg_temp.id('with ' || who)) || args)
$$;
delete from private.outbox;
update conversations set read_until = null, unread_count = 1 where id = pg_temp.id('with ana');
select pg_temp.hear('question', 'ana');
select is(pg_temp.on('mark_read', 'ana') #> '{data,unread_count}', '0', 'nothing is unread any more');
select results_eq($$ select pg_temp.queue('ana') $$, $$ values
  ('{"status": "read", "message_id": "wamid.question", "kind": "read", "from": "910000000000001"}'::jsonb) $$,
  'and the person is told of their last message');
select is(pg_temp.on('mark_read', 'ana') -> 'status', '200', 'reading it again');
select is((select count(*) from pg_temp.queue('ana')), 1::bigint, 'tells nobody anything');
savepoint two_numbers;
insert into private.whatsapp_tokens (phone_number_id, sealed) values ('910000000000002', '\x02');
select pg_temp.hear('to one', 'ana', at => now() + interval '1 second'), pg_temp.hear('to one too', 'ana', at => now() + interval '2 seconds'),
  pg_temp.hear('to two', 'ana', '910000000000002', now() + interval '3 seconds'),
  pg_temp.hear('as cid', 'ana', at => now() + interval '1 second');
update messages set contact_external_id = case body when 'as cid' then '34600111223' else '34600111221' end
where conversation_id = pg_temp.id('with ana') and direction = 'inbound';
select is(pg_temp.on('mark_read', 'ana') #> '{data,unread_count}', '0', 'who writes to two numbers');
select is((select jsonb_object_agg(q ->> 'message_id', q -> 'from') from pg_temp.queue('ana') q), '{"wamid.question": "910000000000001",
  "wamid.to one too": "910000000000001", "wamid.to two": "910000000000002", "wamid.as cid": "910000000000001"}', 'is told in each chat, as is who was another contact');
rollback to savepoint two_numbers;
-- WhatsApp's times are whole seconds: two messages may have the same, and one of them be read before the other comes.
savepoint same_second;
select pg_temp.hear('same second', 'ana');
select is((select unread_count from conversations where id = pg_temp.id('with ana')), 1, 'what comes later in the second that was read is unread');
select is(pg_temp.on('mark_read', 'ana') #> '{data,unread_count}', '0', 'until it is read');
select is((select jsonb_agg(q -> 'message_id') from pg_temp.queue('ana') q), '["wamid.question", "wamid.same second"]', 'which the person is told');
select is(pg_temp.on('mark_read', 'ana') #> '{data,unread_count}', '0', 'reading it again');
select is((select count(*) from pg_temp.queue('ana')), 2::bigint, 'tells nobody anything');
rollback to savepoint same_second;
select pg_temp.hear('news', 'ana', at => now() + interval '1 second');
select is(pg_temp.on('mark_read', 'ana', '{"receipt": false}') #> '{data,unread_count}', '0', 'one may read in secret');
select is((select count(*) from pg_temp.queue('ana')), 1::bigint, 'so that nobody is told');
select ok((select read_until >= now() + interval '1 second' from conversations where id = pg_temp.id('with ana')),
  'read is what there is, also what is ahead of our clock');
select is(pg_temp.on('mark_read', 'eva') -> 'status', '200', 'a web chat can be read');
select is(pg_temp.on('mark_read', 'bea') -> 'status', '200', 'so can one in which nobody wrote');
savepoint overtaken;
select pg_temp.hear('overtaken', 'bea', at => now() - interval '1 second');
select is((select unread_count from conversations where id = pg_temp.id('with bea')), 1, 'what was on its way then is unread');
rollback to savepoint overtaken;
select throws_ok($$ select pg_temp.on('mark_read', 'nobody') $$, 'PT404', 'conversation_not_found', 'but not one that is not there');
delete from private.outbox;
select is(pg_temp.on('send_typing', 'ana'), jsonb_build_object('status', 202, 'data', jsonb_build_object('expires_at',
  now() + interval '25 seconds')), 'typing is shown for 25 seconds');
select results_eq($$ select request, expires_at from private.outbox where conversation_id = pg_temp.id('with ana') $$, $$ values
  ('{"status": "read", "message_id": "wamid.news", "typing_indicator": {"type": "text"}}'::jsonb, now() + interval '25 seconds') $$,
  'as an answer to the last message');
select throws_ok($$ select pg_temp.on('send_typing', 'bea') $$, 'PT404', 'message_not_found', 'to nothing there is no answer');
select is(pg_temp.state('ana'), 'active live agent epoch 2', 'neither changes who has the conversation');

-- Numbers as such ---------------------------------------------------------------------------------

create function pg_temp.register(number text, who text default 'admin', more jsonb default '{}') returns jsonb language sql as $$
  select pg_temp.call('register_whatsapp_number', jsonb_build_object('phone_number_id', number, 'display_phone_number', '+1 604',
    'verified_name', 'Acme', 'sealed_token', 'AQI=') || more, who, 'settings:write')
$$;
select is(pg_temp.register('910000000000003') #- '{data,created_at}', '{"status": 201, "data": {"phone_number_id": "910000000000003",
  "waba_id": null, "display_phone_number": "+1 604", "verified_name": "Acme", "can_send": true, "messages_per_second": 80,
  "history_phase": null, "history_progress": null}}', 'a number is registered');
select is((select sealed from private.whatsapp_tokens where phone_number_id = '910000000000003'), '\x0102', 'with its token, sealed');
select is(pg_temp.register('910000000000003', more => '{"sealed_token": "Aw==", "verified_name": "Acme Inc"}')
  #- '{data,created_at}', '{"status": 200, "data": {"phone_number_id": "910000000000003",
  "waba_id": null, "display_phone_number": "+1 604", "verified_name": "Acme Inc", "can_send": true, "messages_per_second": 80,
  "history_phase": null, "history_progress": null}}', 'again: the same number');
select is((select sealed from private.whatsapp_tokens where phone_number_id = '910000000000003'), '\x03', 'with the new token');
select is(pg_temp.register('910000000000003', more => given) #>> '{data,messages_per_second}', '1000', why)
from (values ('{"throughput": "HIGH"}'::jsonb, 'it sends as fast as WhatsApp says'), ('{}', 'also when WhatsApp does not say so again'))
  as r (given, why);
-- What Meta signs tells whose account it is of; who registers is not asked.
select private.ingest_whatsapp(jsonb_build_object('entry', jsonb_build_array(jsonb_build_object('id', account, 'changes',
  jsonb_build_array(jsonb_build_object('field', 'messages', 'value', jsonb_build_object('metadata',
    jsonb_build_object('phone_number_id', '910000000000003'), 'messages', jsonb_build_array(jsonb_build_object('from', '34600' || account,
      'id', 'wamid.account.' || account, 'timestamp', '1790000001', 'type', 'text'))))))))::text)
from unnest(array['919919', '919920']) account;
select is(pg_temp.register('910000000000003', more => '{"waba_id": "1"}') #> '{data,waba_id}', '"919919"', 'the account is the one it is delivered for');
select throws_ok($$ select pg_temp.register('910000000000003', 'outsider') $$, 'PT409', 'number_taken', 'it is nobody else''s');
select throws_ok($$ select pg_temp.register('910000000000004', 'agent') $$, 'PT403', 'insufficient_role', 'agents register none');
select is((select workspace_id from whatsapp_numbers where phone_number_id = '910000000000003'), pg_temp.id('workspace'),
  'it stays where it is');
select is((select jsonb_agg(n ->> 'phone_number_id' || ' ' || (n ->> 'can_send') order by n ->> 'phone_number_id')
  from jsonb_array_elements(pg_temp.call('list_whatsapp_numbers', '{}', 'agent', 'settings:read') -> 'data') n),
  '["910000000000001 true", "910000000000002 false", "910000000000003 true"]', 'the list has the workspace''s numbers');
create function pg_temp.remove(number text, who text default 'admin') returns jsonb language sql as $$
  select pg_temp.call('remove_whatsapp_number', jsonb_build_object('phone_number_id', number), who, 'settings:write')
$$;
select throws_ok($$ select pg_temp.remove('910000000000003', 'outsider') $$, 'PT404', 'number_not_found',
  'nobody removes another workspace''s');
select is(pg_temp.remove('910000000000001'), '{"status": 204}', 'one''s own is removed');
select is((select count(*) from private.whatsapp_tokens where phone_number_id = '910000000000001'), 0::bigint, 'with its token');
select ok((select count(*) > 2 from messages where phone_number_id = '910000000000001'), 'its messages stay');
select throws_ok($$ select pg_temp.remove('910000000000001') $$, 'PT404', 'number_not_found', 'once');

select * from finish();
rollback;
