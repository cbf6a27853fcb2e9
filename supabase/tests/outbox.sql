-- The outbox: stored, then sent, each once, in order, no faster than WhatsApp takes it; and what is
-- known of what became of it.
begin;
set local search_path = public, extensions;
select plan(156);

create function pg_temp.keep(statuses jsonb) returns jsonb language sql as $$
  select private.keep_message_statuses(array(select s from jsonb_populate_recordset(null::private.status_update, statuses) s))
$$;

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('outbox ' || label)::uuid $$;
insert into workspaces (id, name) values (pg_temp.id('workspace'), 'Workspace'), (pg_temp.id('elsewhere'), 'Elsewhere');
insert into whatsapp_numbers (phone_number_id, workspace_id, display_phone_number) values
  ('900000000000001', pg_temp.id('workspace'), '1'), ('900000000000002', pg_temp.id('workspace'), '2'),
  ('900000000000009', pg_temp.id('elsewhere'), '9');
insert into private.whatsapp_tokens (phone_number_id, sealed)
select phone_number_id, convert_to('sealed ' || phone_number_id, 'UTF8') from whatsapp_numbers where phone_number_id like '90000000000000_';
insert into contacts (id, workspace_id, name, phone)
select pg_temp.id(name), pg_temp.id('workspace'), name, phone
from (values ('ana', '+34600111222'), ('bea', '+5511912345678'), ('cid', null), ('dan', null)) c (name, phone);
insert into contact_identities (workspace_id, contact_id, channel, external_id) values
  (pg_temp.id('workspace'), pg_temp.id('bea'), 'whatsapp', '551112345678'),
  (pg_temp.id('workspace'), pg_temp.id('cid'), 'whatsapp_bsuid', 'ES.70010020030');
insert into conversations (id, workspace_id, contact_id)
select pg_temp.id('with ' || name), pg_temp.id('workspace'), pg_temp.id(name) from unnest('{ana,bea,cid,dan}'::text[]) name;

-- Time stands still in a transaction: what is written is moved into the past instead.
create function pg_temp.pass(by interval) returns void language sql as $$
  update private.outbox_lanes set due_at = due_at - by, full_until = full_until - by;
  update private.outbox_rates set full_until = full_until - by;
  update private.outbox set next_attempt_at = next_attempt_at - by, attempted_at = attempted_at - by,
    lease_until = lease_until - by, expires_at = expires_at - by, created_at = created_at - by;
$$;
create function pg_temp.say(label text, who text, number text default '900000000000001') returns void language sql as $$
  insert into messages (id, workspace_id, conversation_id, contact_id, direction, sender_type, type, body, status, phone_number_id)
  values (pg_temp.id(label), pg_temp.id('workspace'), pg_temp.id('with ' || who), pg_temp.id(who), 'outbound', 'agent', 'text',
    label, 'queued', number);
  select private.enqueue_outbox(pg_temp.id(label), pg_temp.id('workspace'), pg_temp.id('with ' || who), pg_temp.id(label), number,
    'message', jsonb_build_object('type', 'text', 'text', jsonb_build_object('body', label)));
$$;
create function pg_temp.signal(label text, who text, kind text, lasts interval) returns void language sql as $$
  select private.enqueue_outbox(pg_temp.id(label), pg_temp.id('workspace'), pg_temp.id('with ' || who), null, '900000000000001',
    kind, jsonb_build_object('status', 'read', 'message_id', label), now() + lasts)
$$;
-- The labels of what is claimed, in its order.
create function pg_temp.claim(at_most int default 64, lease interval default '60 seconds') returns text language sql as $$
  select string_agg(coalesce(c.body #>> '{text,body}', c.body #>> '{reaction,emoji}', c.body ->> 'message_id'), ' ' order by n)
  from private.claim_outbox(at_most, lease) with ordinality as c (id, phone_number_id, access_token, body, kind, attempts, n)
$$;
create function pg_temp.finish(label text, outcome jsonb) returns void language sql
as $$ select private.finish_outbox(o.id, o.attempts, outcome) from private.outbox o where o.id = pg_temp.id(label) $$;
create function pg_temp.sent(label text) returns void language sql
as $$ select pg_temp.finish(label, jsonb_build_object('accepted', 'wamid.' || label)) $$;
-- State of the item, then of its message.
create function pg_temp.state(label text) returns text language sql as $$
  select concat_ws(' ', o.state, m.status, m.wa_message_id, coalesce(m.error ->> 'code', m.error ->> 'details'))
  from private.outbox o left join messages m on m.id = o.id where o.id = pg_temp.id(label)
$$;
create function pg_temp.clear() returns void language sql as $$
  delete from private.outbox; delete from private.outbox_lanes; delete from private.outbox_rates;
$$;

-- From stored to sent -----------------------------------------------------------------------------

select is(private.outbox_wait_ms(), null, 'an empty outbox waits for nothing');
select is(pg_temp.claim(), null, 'and gives nothing');
select pg_temp.say('one', 'ana');
select is(pg_temp.state('one'), 'queued queued', 'what is said is queued');
select is(private.outbox_wait_ms(), 0, 'and due at once');
select results_eq('select * from private.claim_outbox(10)', $$ values (pg_temp.id('one'), '900000000000001',
  convert_to('sealed 900000000000001', 'UTF8'), jsonb_build_object('messaging_product', 'whatsapp', 'recipient_type', 'individual',
    'to', '+34600111222', 'type', 'text', 'text', '{"body": "one"}'::jsonb, 'biz_opaque_callback_data', pg_temp.id('one')),
  'message', 1) $$, 'a worker gets the body as WhatsApp takes it, and the sealed token');
select is(pg_temp.state('one'), 'sending sending', 'it is being sent');
select is(pg_temp.claim(), null, 'by one worker');
select is(private.outbox_wait_ms(), 60000, 'until its lease ends');
select pg_temp.sent('one');
select is(pg_temp.state('one'), 'accepted sent wamid.one', 'WhatsApp took it and named it');
select is(private.outbox_wait_ms(), null, 'nothing is left to do');
select pg_temp.sent('one');
select pg_temp.finish('one', '{"accepted": "wamid.other"}');
select pg_temp.finish('one', '{"failed": {"code": 1}}');
select is(pg_temp.state('one'), 'accepted sent wamid.one', 'said again, or otherwise, it changes nothing');
update messages set status = 'read' where id = pg_temp.id('one');
update private.outbox set state = 'unknown' where id = pg_temp.id('one');
select pg_temp.sent('one');
select is(pg_temp.state('one'), 'accepted read wamid.one', 'a status that went further stays');
select lives_ok($$ select pg_temp.sent('nothing'), pg_temp.finish('nothing', '{"unknown": {}}') $$,
  'what is not there any more is no fault');

-- Who gets it -------------------------------------------------------------------------------------

select pg_temp.clear();
select pg_temp.say('to ' || who, who) from unnest('{bea,cid,dan}'::text[]) who;
select results_eq($$ select body ->> 'to', body ->> 'recipient' from private.claim_outbox(10) order by 1 $$,
  $$ values ('+551112345678', null), (null, 'ES.70010020030') $$,
  'the id that WhatsApp knows, not the number as typed; a user id where there is no number');
select is(pg_temp.state('to dan'), 'failed failed no_whatsapp', 'who has neither cannot be sent to');
select ok((select failed_at = now() from messages where id = pg_temp.id('to dan')), 'and the message says when it failed');
savepoint two_chats;
select pg_temp.clear();
insert into contact_identities (workspace_id, contact_id, channel, external_id)
select pg_temp.id('workspace'), pg_temp.id('ana'), 'whatsapp', '3460011122' || n from generate_series(2, 3) n;
insert into messages (id, workspace_id, conversation_id, contact_id, direction, sender_type, type, body, status, phone_number_id,
  wa_message_id, contact_external_id, sent_at)
select pg_temp.id('heard ' || n), pg_temp.id('workspace'), pg_temp.id('with ana'), pg_temp.id('ana'), 'inbound', 'contact', 'text', n,
  'received', '900000000000001', 'wamid.heard ' || n, '3460011122' || n, now() - n * interval '1 minute'
from generate_series(2, 3) n;
select private.enqueue_outbox(pg_temp.id('reaction'), pg_temp.id('workspace'), pg_temp.id('with ana'), pg_temp.id('heard 3'),
  '900000000000001', 'reaction', '{"type": "reaction", "reaction": {"message_id": "wamid.heard 3", "emoji": "👍"}}');
select is((select body ->> 'to' from private.claim_outbox(10)), '+34600111223', 'a reaction goes to who wrote that message, not to who wrote last');
update contact_identities set moved_at = now() where external_id = '34600111222';
select is(private.graph_body(o) ->> 'to', '+34600111222', 'or to the number that they have taken since') from private.outbox o;
rollback to savepoint two_chats;

-- Order -------------------------------------------------------------------------------------------

select pg_temp.clear();
select pg_temp.say('a1', 'ana'), pg_temp.say('a2', 'ana'), pg_temp.say('a3', 'ana'), pg_temp.say('b1', 'bea'),
  pg_temp.say('a4', 'ana', '900000000000002');
select is(pg_temp.claim(), 'a1 b1 a4', 'one at a time from a number to a person, the others beside it');
select is(pg_temp.claim(), null, 'the next waits for its answer');
select pg_temp.finish('a1', '{"refused": {"http_status": 500, "code": 131000}}');
select is(pg_temp.state('a1'), 'queued queued', 'a passing fault puts it back');
select is(pg_temp.claim(), null, 'and what was said later does not overtake it');
select pg_temp.say('a5', 'ana');
select is(pg_temp.claim(), null, 'nor what is said now');
select pg_temp.pass('1 second');
select is(pg_temp.claim(), 'a1', 'it goes first');
select pg_temp.say('a6', 'ana');
select is(pg_temp.claim(), null, 'what is said meanwhile waits');
select pg_temp.finish('a1', '{"unknown": {"code": "no_answer"}}');
select is(pg_temp.claim(), 'a2', 'what is over, however it ended, holds nobody up');
select pg_temp.finish('a2', '{"failed": {"code": 131047}}');
select is(pg_temp.claim(), 'a3', 'a failure neither');
select pg_temp.sent('a3');
select is(pg_temp.claim(), 'a5', 'and so on');

-- At most so many, the longest due first.
select pg_temp.clear();
select pg_temp.say('late', 'ana');
select pg_temp.pass('2 seconds');
select pg_temp.say('later', 'bea');
select pg_temp.pass('2 seconds');
select pg_temp.say('latest', 'cid');
select is(pg_temp.claim(2), 'late later', 'no more than asked for, the longest due first');
select is(pg_temp.claim(2), 'latest', 'then the rest');

-- What Graph says ---------------------------------------------------------------------------------

select is(private.graph_error_kind(status, code), kind, format('HTTP %s, code %s: %s', status, code, kind))
from (values
  (400, 131056, 'retry'), (429, 130429, 'retry'), (400, 131057, 'retry'), (500, 131000, 'retry'), (500, 131016, 'retry'),
  (500, 2, 'retry'), (500, 1, 'retry'), (400, 4, 'retry'), (400, 80007, 'retry'), (503, 133004, 'retry'),
  (400, 131047, 'final'), (400, 131026, 'final'), (400, 131048, 'final'), (400, 131064, 'final'), (400, 131049, 'final'),
  (400, 131050, 'final'), (400, 130403, 'final'), (400, 131051, 'final'), (400, 131052, 'final'), (400, 131053, 'final'),
  (400, 131062, 'final'), (400, 132000, 'final'), (404, 132001, 'final'), (400, 132005, 'final'), (400, 132007, 'final'),
  (400, 132012, 'final'), (400, 132015, 'final'), (400, 132016, 'final'), (401, 190, 'final'), (401, 0, 'final'),
  (500, 999999, 'final'), (429, null, 'retry'), (408, null, 'retry'), (400, null, 'final'), (404, null, 'final'),
  (302, null, 'final'), (500, null, 'unknown'), (502, null, 'unknown'), (200, null, 'unknown'), (null, null, 'unknown')
) as k (status, code, kind);

select pg_temp.clear();
select pg_temp.say('final', 'ana'), pg_temp.claim();
select pg_temp.finish('final', '{"refused": {"http_status": 400, "code": 131047, "title": "Re-engagement message"}}');
select is(pg_temp.state('final'), 'failed failed 131047', 'a final error fails, and the message shows it');
select is((select error from messages where id = pg_temp.id('final')),
  '{"http_status": 400, "code": 131047, "title": "Re-engagement message"}', 'whole');
select pg_temp.say('page', 'ana'), pg_temp.claim();
select pg_temp.finish('page', '{"refused": {"http_status": 502, "details": "a page"}}');
select is(pg_temp.state('page'), 'unknown unknown a page', 'after an answer from in between nobody knows');
select is(pg_temp.claim(), null, 'and it is not sent again');

-- Back-off: 1, 4, 16 … seconds, an hour at most, eight attempts.
select pg_temp.clear();
select pg_temp.say('patient', 'ana');
create function pg_temp.attempts() returns int[] language plpgsql as $$
declare
  waits int[] := '{}';
begin
  for attempt in 1..20 loop
    if pg_temp.claim() is distinct from 'patient' then
      raise exception 'attempt % was not made', attempt;
    end if;
    perform pg_temp.finish('patient', '{"refused": {"http_status": 400, "code": 131056}}');
    exit when pg_temp.state('patient') not like 'queued%';
    waits := waits || private.outbox_wait_ms() / 1000;
    perform pg_temp.pass(waits[attempt] * interval '1 second' - interval '1 millisecond');
    if pg_temp.claim() is not null then
      raise exception 'attempt % came early', attempt + 1;
    end if;
    perform pg_temp.pass('1 millisecond');
  end loop;
  return waits;
end
$$;
select is(pg_temp.attempts(), array[1, 4, 16, 64, 256, 1024, 3600], 'the pauses are powers of four');
select is(pg_temp.state('patient'), 'failed failed 131056', 'after eight attempts it has failed');
select pg_temp.say('told', 'ana'), pg_temp.claim();
select pg_temp.finish('told', '{"refused": {"http_status": 429, "code": 130429}, "after_seconds": 90}');
select is(private.outbox_wait_ms(), 90000, 'a pause that WhatsApp asks for is kept');
select pg_temp.pass('90 seconds'), pg_temp.claim();
select pg_temp.finish('told', '{"retry": {"code": "unreachable"}, "after_seconds": 90000}');
select is(pg_temp.state('told'), 'failed failed unreachable', 'but not past its time');
select pg_temp.say('fast', 'ana'), pg_temp.claim();
select private.finish_outbox(pg_temp.id('fast'), 1, '{"retry": {"code": "unreachable"}}', '20 milliseconds');
select is(private.outbox_wait_ms(), 20, 'the unit of the pauses can be shorter');
select pg_temp.pass('20 milliseconds'), pg_temp.claim();
select private.finish_outbox(pg_temp.id('fast'), 1, '{"retry": {"code": "unreachable"}}');
select is(pg_temp.state('fast'), 'sending sending', 'the end of an attempt that is told twice is not that of the next');
select private.finish_outbox(pg_temp.id('fast'), 2, '{"retry": {"code": "unreachable"}}');
select is(pg_temp.state('fast'), 'queued queued', 'which has its own');
select pg_temp.pass('25 hours');
select is(pg_temp.claim(), null, 'a day later nothing is sent any more');
select is(pg_temp.state('fast'), 'failed failed expired', 'and the message says so');

-- Lost answers ------------------------------------------------------------------------------------

select pg_temp.clear();
select pg_temp.say('lost', 'ana'), pg_temp.claim();
select pg_temp.pass('59 seconds'), pg_temp.claim();
select is(pg_temp.state('lost'), 'sending sending', 'a lease holds');
select pg_temp.pass('1 second');
select is(pg_temp.claim(), null, 'when it ends the message is not sent again');
select is(pg_temp.state('lost'), 'unknown unknown no_answer', 'since nobody knows whether it was');
create function pg_temp.orphans(statuses jsonb) returns private.status_update[] language sql as $$
  select array(select s from jsonb_populate_recordset(null::private.status_update, statuses) s)
$$;
select is(private.accept_outbox_by_statuses(pg_temp.orphans(jsonb_build_array(jsonb_build_object(
  'wa_message_id', 'wamid.X', 'phone_number_id', given.number, 'opaque', given.opaque)))), 0, format('%s tells nothing', given.why))
from (values
  ('900000000000009', pg_temp.id('lost')::text, 'another number'), ('900000000000001', 'job-42', 'opaque data of others'),
  ('900000000000001', null, 'none'), ('900000000000001', pg_temp.id('nothing')::text, 'an id that is not there')
) given (number, opaque, why);
select is(pg_temp.state('lost'), 'unknown unknown no_answer', 'and changes nothing');
create function pg_temp.status_of(variadic labels text[]) returns int language sql as $$
  select private.accept_outbox_by_statuses(pg_temp.orphans(jsonb_agg(jsonb_build_object(
    'wa_message_id', 'wamid.' || label, 'phone_number_id', '900000000000001', 'opaque', pg_temp.id(label), 'status', 'delivered'))))
  from unnest(labels) label
$$;
select is(pg_temp.status_of('lost', 'lost', 'lost'), 1, 'three statuses with our data tell once that it was sent');
select is(pg_temp.state('lost'), 'accepted sent wamid.lost', 'its wamid is known, the doubt gone');
select is(pg_temp.status_of('lost'), 0, 'later ones have nothing to tell');
select pg_temp.say('early', 'ana'), pg_temp.claim();
select is(pg_temp.status_of('early'), 1, 'a status may come before the answer');
select pg_temp.finish('early', '{"refused": {"http_status": 500, "code": 131000}}');
select is(pg_temp.state('early'), 'accepted sent wamid.early', 'and what the worker thinks then does not count');
select pg_temp.say('again', 'ana'), pg_temp.claim(), pg_temp.finish('again', '{"retry": {"code": "unreachable"}}');
select is(pg_temp.status_of('again'), 1, 'it may even come while the next try waits');
select pg_temp.pass('1 hour');
select is(pg_temp.claim(), null, 'which is not made then');
select pg_temp.say('slow', 'ana'), pg_temp.claim(), pg_temp.pass('60 seconds'), pg_temp.claim();
select pg_temp.finish('slow', '{"refused": {"http_status": 400, "code": 131026}}');
select is(pg_temp.state('slow'), 'failed failed 131026', 'an answer that comes after the lease is still an answer');
select pg_temp.say('m1', 'ana'), pg_temp.say('m2', 'bea'), pg_temp.claim();
select is(pg_temp.status_of('m1', 'm2'), 2, 'one statement for many');

-- Statuses that came first wait for the wamid.
select pg_temp.say('orphan', 'ana'), pg_temp.claim();
select pg_temp.keep('[{"wa_message_id": "wamid.orphan", "phone_number_id": "900000000000001", "status": "delivered",
  "status_at": "2026-01-01T10:00:00Z"}]');
select pg_temp.sent('orphan');
select is(pg_temp.state('orphan'), 'accepted delivered wamid.orphan', 'and are applied with it');

-- Reactions and signals ---------------------------------------------------------------------------

select pg_temp.clear();
insert into messages (id, workspace_id, conversation_id, contact_id, direction, sender_type, type, body, status, phone_number_id,
  wa_message_id)
values (pg_temp.id('hello'), pg_temp.id('workspace'), pg_temp.id('with ana'), pg_temp.id('ana'), 'inbound', 'contact', 'text',
  'Hello', 'received', '900000000000001', 'wamid.HELLO');
create function pg_temp.react(label text, emoji text) returns void language sql as $$
  select private.enqueue_outbox(pg_temp.id(label), pg_temp.id('workspace'), pg_temp.id('with ana'), pg_temp.id('hello'),
    '900000000000001', 'reaction', jsonb_build_object('type', 'reaction', 'reaction', jsonb_build_object(
      'message_id', 'wamid.HELLO', 'emoji', emoji)))
$$;
select pg_temp.react('like', '👍'), pg_temp.react('unlike', '');
select is(pg_temp.claim(), '👍', 'a reaction goes as it is');
select is((select status::text from messages where id = pg_temp.id('hello')), 'received', 'the message that it is about stays');
select pg_temp.sent('like'), pg_temp.claim(), pg_temp.sent('unlike');
select results_eq($$ select wa_message_id, target_wa_message_id, contact_id, kind, content, happened_at from message_changes
  where workspace_id = pg_temp.id('workspace') order by wa_message_id $$,
  $$ values ('wamid.like', 'wamid.HELLO', null::uuid, 'reaction', '{"emoji": "👍"}'::jsonb, now()),
    ('wamid.unlike', 'wamid.HELLO', null, 'reaction', '{}', now()) $$, 'once taken it is a change of ours');
select is((select reactions from messages where id = pg_temp.id('hello')), '[]', 'taken back it is not shown');
select pg_temp.react('warm', '❤️'), pg_temp.claim(), pg_temp.sent('warm');
select is((select reactions - 'reacted_at' from (select reactions -> 0 as reactions from messages where id = pg_temp.id('hello')) m),
  '{"emoji": "❤️", "from": "business"}', 'the one that stands is');
select pg_temp.react('refused', '👎'), pg_temp.claim(), pg_temp.finish('refused', '{"failed": {"code": 131026}}');
select is((select count(*) from message_changes where workspace_id = pg_temp.id('workspace')), 3::bigint, 'a refused one is none');
select is((select status::text from messages where id = pg_temp.id('hello')), 'received', 'and costs the message nothing');
-- The messages that statuses of a reaction make others change, which have to be locked with the rest.
create function pg_temp.told_of(label text, status text) returns text[] language sql as $$
  select private.reactions_told_of(pg_temp.orphans(jsonb_build_array(jsonb_build_object('wa_message_id', 'wamid.' || label,
    'phone_number_id', '900000000000001', 'status', status, 'status_at', now(), 'opaque', pg_temp.id(label)))))
$$;
select pg_temp.react('grin', '😀'), pg_temp.claim();
select is(pg_temp.told_of('grin', 'sent'), '{wamid.HELLO}', 'a status that comes before the answer shows a reaction');
select pg_temp.sent('grin');
select is(pg_temp.told_of('grin', 'delivered'), '{}', 'one that comes after it changes nothing');
select is(pg_temp.told_of('grin', 'failed'), '{wamid.HELLO}', 'unless it takes it back');
create function pg_temp.undelivered(label text) returns jsonb language sql as $$
  select pg_temp.keep(jsonb_build_array(jsonb_build_object('wa_message_id', 'wamid.' || label, 'phone_number_id', '900000000000001',
    'status', 'failed', 'status_at', now(), 'error', '{"code": 131009}'::jsonb, 'opaque', pg_temp.id(label))))
$$;
select pg_temp.undelivered('grin');
select pg_temp.react('wow', '😮'), pg_temp.claim(), pg_temp.sent('wow'), pg_temp.undelivered('wow');
select is((select reactions #>> '{0,emoji}' from messages where id = pg_temp.id('hello')), '❤️',
  'one that was taken and then not delivered leaves what had been shown before');
select pg_temp.react('wrong', '😡'), pg_temp.claim(), pg_temp.undelivered('wrong'), pg_temp.sent('wrong'), pg_temp.undelivered('wrong');
select is((select reactions #>> '{0,emoji}' from messages where id = pg_temp.id('hello')), '❤️',
  'also where the status is quicker than the answer, and comes again');

select pg_temp.clear();
select pg_temp.say('text', 'ana'), pg_temp.signal('seen', 'ana', 'read', '1 day'), pg_temp.signal('types', 'ana', 'typing', '25 seconds');
select is((select jsonb_agg(body order by body ->> 'message_id') from private.claim_outbox(64) where kind <> 'message'),
  '[{"messaging_product": "whatsapp", "status": "read", "message_id": "seen"}]', 'a receipt does not wait for messages');
select pg_temp.pass('60 seconds');
select is(pg_temp.claim(), 'seen', 'and goes again when nobody answered: it does no harm');
select pg_temp.finish('seen', '{"unknown": {"code": "no_answer"}}');
select is((select state from private.outbox where id = pg_temp.id('seen')), 'queued', 'as when its answer is lost');
select pg_temp.pass('1 minute');
select is(pg_temp.claim(), 'seen', 'and again');
select pg_temp.finish('seen', '{"accepted": null}');
select is(pg_temp.state('seen'), 'accepted', 'until it is taken');
select is(pg_temp.claim(), null, 'typing that is over is not shown');
select is(pg_temp.state('types'), 'failed', 'it has failed');

-- A bot that asks for a person has said so before.
select pg_temp.clear();
select pg_temp.say('last words', 'cid'), pg_temp.say('too late', 'dan');
update private.outbox o set control_epoch = v.control_epoch, automated = true from conversations v where v.id = o.conversation_id;
update conversations set phase = 'waiting' where id in (pg_temp.id('with cid'), pg_temp.id('with dan'));
update conversations set phase = 'live' where id = pg_temp.id('with dan');
select is(pg_temp.claim() || ', ' || pg_temp.state('too late'), 'last words, failed failed stale_control',
  'a bot''s last words go while nobody else speaks, and not over a person''s');

-- A merge may leave the epoch that the bot was told with a conversation that a person has.
select pg_temp.clear();
select pg_temp.say('bot''s', 'dan'), pg_temp.say('person''s', 'ana');
update conversations set phase = 'live', ai_enabled = false, bot_status = 'agent' where id = pg_temp.id('with dan');
update private.outbox o set control_epoch = v.control_epoch from conversations v where v.id = o.conversation_id and o.id = pg_temp.id('bot''s');
select is(coalesce(pg_temp.claim(), '') || ', ' || pg_temp.state('bot''s'), 'person''s, failed failed stale_control',
  'what a bot said is not sent while a person has the conversation, whatever the epoch');

-- Rates -------------------------------------------------------------------------------------------

select pg_temp.clear();
select pg_temp.say('pair ' || n, 'ana') from generate_series(1, 50) n;
create function pg_temp.send_all() returns int language plpgsql as $$
declare
  done int := 0;
  item uuid;
begin
  loop
    item := (select id from private.claim_outbox(1));
    exit when item is null;
    done := done + 1;
    perform private.finish_outbox(item, 1, jsonb_build_object('accepted', 'wamid.' || item));
    update private.outbox_rates set full_until = '-infinity';
  end loop;
  return done;
end
$$;
select is(pg_temp.send_all(), 45, 'a person gets 45 messages at once');
select is(private.outbox_wait_ms(), 6000, 'and the next in six seconds');
select pg_temp.signal('while full', 'ana', 'read', '1 day');
select is(pg_temp.claim(), 'while full', 'which a receipt need not wait for');
select pg_temp.pass('5999 milliseconds');
select is(pg_temp.send_all(), 0, 'not earlier');
select pg_temp.pass('1 millisecond');
select is(pg_temp.send_all(), 1, 'then one');
select pg_temp.say('idle', 'bea'), pg_temp.pass('12 seconds');
select is(pg_temp.send_all(), 3, 'two in twelve seconds, and whoever else is written to');

select pg_temp.clear();
insert into contacts (id, workspace_id, phone)
select pg_temp.id('crowd ' || n), pg_temp.id('workspace'), '+4479460' || lpad(n::text, 5, '0') from generate_series(1, 30) n;
insert into conversations (id, workspace_id, contact_id)
select pg_temp.id('with crowd ' || n), pg_temp.id('workspace'), pg_temp.id('crowd ' || n) from generate_series(1, 30) n;
select pg_temp.say('rate ' || n, 'crowd ' || n) from generate_series(1, 30) n;
select pg_temp.say('beside', 'ana', '900000000000002');
select is((select count(*) from private.claim_outbox(64)), 10::bigint, 'nine at once at 80 a second, and one of another number');
select is(pg_temp.claim(), null, 'no more in the same moment');
select is(private.outbox_wait_ms(), 13, 'in an eightieth of a second');
select pg_temp.pass('50 milliseconds');
select is((select count(*) from private.claim_outbox(64)), 4::bigint, 'four in a twentieth of a second');
select pg_temp.pass('10 seconds');
select is((select count(*) from private.claim_outbox(64)), 9::bigint, 'what was not used is not saved up');
update whatsapp_numbers set messages_per_second = 1000 where phone_number_id = '900000000000001';
select pg_temp.pass('10 seconds');
select is((select count(*) from private.claim_outbox(64)), 8::bigint, 'all that is left, at a thousand');

-- What can no longer be sent ----------------------------------------------------------------------

-- Thousands that a bot said before a person came. What fails leaves dead entries in the index of the queue, which
-- whoever looks for the first walks over, so they are counted too.
select pg_temp.clear();
insert into messages (id, workspace_id, conversation_id, contact_id, direction, sender_type, type, body, status, phone_number_id)
select pg_temp.id('stale ' || n), pg_temp.id('workspace'), pg_temp.id('with ana'), pg_temp.id('ana'), 'outbound', 'bot', 'text',
  'stale ' || n, 'queued', '900000000000001' from generate_series(1, 2000) n;
insert into private.outbox (id, workspace_id, conversation_id, message_id, phone_number_id, kind, request, control_epoch)
select pg_temp.id('stale ' || n), pg_temp.id('workspace'), pg_temp.id('with ana'), pg_temp.id('stale ' || n), '900000000000001',
  'message', '{"type": "text"}', 0 from generate_series(1, 2000) n;
select pg_temp.say('behind them', 'ana'), pg_temp.say('beside them', 'bea');
update private.outbox_lanes set due_at = due_at - interval '1 second' where conversation_id = pg_temp.id('with ana');
create temp table walked as select pg_stat_get_xact_tuples_returned('private.outbox_queue_idx'::regclass) as entries;
select is(pg_temp.claim(), 'beside them', 'whoever is written to beside them does not wait for them');
select is((select array[count(*), count(*) filter (where m.failed_at = now() and m.error ->> 'code' = 'stale_control')]
  from private.outbox o join messages m on m.id = o.id where o.state = 'failed' and m.status = 'failed'), '{100,100}',
  'a hundred of them fail at a time');
select cmp_ok(pg_stat_get_xact_tuples_returned('private.outbox_queue_idx'::regclass) - entries, '<', 1000::bigint,
  'and are looked at once or twice') from walked;
select is(private.outbox_wait_ms(), 0, 'the others fail at once');
select ok((select due_at = now() from private.outbox_lanes where conversation_id = pg_temp.id('with ana')),
  'behind those who waited longer');
create function pg_temp.claims_until_one_comes() returns text language plpgsql as $$
declare
  came text;
begin
  for n in 1..100 loop
    came := pg_temp.claim();
    if came is not null then
      return n || ' ' || came;
    end if;
  end loop;
end
$$;
select is(pg_temp.claims_until_one_comes(), '20 behind them', 'then the first that may be sent is');
select is((select count(*) from messages where status = 'failed' and body like 'stale %'), 2000::bigint, 'and none of them was');
select pg_temp.sent('behind them');
select is(private.outbox_wait_ms(), 60000, 'nothing is left of them');

-- Numbers and contacts that go --------------------------------------------------------------------

select pg_temp.clear();
select pg_temp.say('r1', 'ana', '900000000000002'), pg_temp.say('r2', 'ana', '900000000000002'), pg_temp.say('r3', 'ana');
delete from whatsapp_numbers where phone_number_id = '900000000000002';
select is(pg_temp.claim(), 'r3', 'from a number that was removed nothing is sent');
select is(pg_temp.state('r1') || ', ' || pg_temp.state('r2'), 'failed failed no_number, failed failed no_number',
  'what waited there has failed');
select pg_temp.say('other''s', 'bea', '900000000000009');
select is(coalesce(pg_temp.claim(), '') || pg_temp.state('other''s'), 'failed failed no_number',
  'nor is anything sent from a number that another workspace has registered meanwhile');

select pg_temp.say('r4', 'ana'), pg_temp.say('r5', 'bea'), pg_temp.say('r6', 'ana');
update messages set conversation_id = pg_temp.id('with bea') where conversation_id = pg_temp.id('with ana');
update private.outbox set conversation_id = pg_temp.id('with bea') where conversation_id = pg_temp.id('with ana');
select is(pg_temp.claim(), 'r4', 'what waits for one that was merged goes on in the order it was said');
select is((select body ->> 'to' from private.outbox o, private.graph_body(o) body where o.id = pg_temp.id('r6')), '+551112345678',
  'to whom it is now');
select pg_temp.sent('r3');
select is(pg_temp.state('r3'), 'accepted sent wamid.r3', 'what was under way is told about as ever');
delete from conversations where id = pg_temp.id('with ana');
select pg_temp.sent('r4');
select is(pg_temp.claim(), 'r5', 'and nothing stands still');

-- Housekeeping ------------------------------------------------------------------------------------

select pg_temp.clear();
select pg_temp.say('k ' || state, 'bea') from unnest('{accepted,failed,unknown,queued}'::text[]) state;
update private.outbox o set state = s from unnest('{accepted,failed,unknown}'::text[]) s where o.id = pg_temp.id('k ' || s);
select pg_temp.pass('2 days');
select is(private.sweep_outbox(), 0, 'what is finished stays for statuses that come late');
select pg_temp.pass('2 days');
select is(private.sweep_outbox(), 2, 'for three days');
select pg_temp.pass('27 days');
select is((private.sweep() ->> 'outbox')::int, 1, 'what is unknown for thirty');
select is(pg_temp.state('k queued'), 'queued queued', 'and what waits until it is dealt with');
select pg_temp.claim(), pg_temp.pass('2 hours');
select private.sweep_outbox();
select is((select count(*) from private.outbox_lanes) + (select count(*) from private.outbox_rates), 0::bigint,
  'lanes and rates of the past go too');
select pg_temp.say('deleted', 'bea'), pg_temp.say('after', 'bea'), pg_temp.claim();
delete from messages where id = pg_temp.id('deleted');
select is(pg_temp.claim(), null, 'a lane whose message was deleted on its way waits');
select private.sweep_outbox();
select is(pg_temp.claim(), 'after', 'until the next sweep');

select * from finish();
rollback;
