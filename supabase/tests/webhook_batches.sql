-- private.ingest_whatsapp with what else WhatsApp sends: statuses, fields that are no messages, things of
-- odd shape, batches of all of them in which one is bad.
begin;
set local search_path = public, extensions;
select plan(82);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('webhook batches ' || label)::uuid $$;
insert into workspaces (id, name) values (pg_temp.id('home'), 'Home'), (pg_temp.id('away'), 'Away');
insert into whatsapp_numbers (phone_number_id, workspace_id, waba_id, display_phone_number) values
  ('984000000000001', pg_temp.id('home'), '884000000000001', '34910000001'),
  ('984000000000002', pg_temp.id('away'), '884000000000002', '34910000002');

-- A change of the field messages to the number of a workspace.
create function pg_temp.change(value jsonb, place text default 'home',
  field text default 'messages') returns jsonb language sql as $$
  select jsonb_build_object('field', field, 'value', jsonb_build_object('messaging_product', 'whatsapp', 'metadata',
    jsonb_build_object(
    'display_phone_number', '34910000001',
    'phone_number_id', case place when 'home' then '984000000000001' when 'away' then '984000000000002' else '984000000000009' end))
      || value)
$$;
-- One delivery of changes; the answer without the delivery's id, which is kept aside.
create temp table deliveries (n serial, id uuid) on commit drop;
create function pg_temp.deliver(variadic changes jsonb[]) returns jsonb language plpgsql as $$
declare
  answer jsonb := private.ingest_whatsapp(
    jsonb_build_object('object', 'whatsapp_business_account', 'entry', jsonb_build_array(jsonb_build_object('id', '884000000000001',
      'changes', changes)))::text,
    '{"34600111222": "ES", "5511912345678": "BR"}');
begin
  insert into deliveries (id) values ((answer ->> 'delivery_id')::uuid);
  return answer - 'delivery_id';
end
$$;
create function pg_temp.message(wamid text, given jsonb default '{"type": "text", "text": {"body": "Hola"}}',
  sender text default '34600111222') returns jsonb
language sql as $$
  select jsonb_build_object('from', sender, 'id', 'wamid.BATCH.' || wamid, 'timestamp', '1790000001') || given
$$;
create function pg_temp.messages(variadic messages jsonb[]) returns jsonb language sql as $$ select jsonb_build_object('messages',
  messages) $$;
create function pg_temp.person(wa_id text, name text, bsuid text default null) returns jsonb language sql as $$
  select jsonb_strip_nulls(jsonb_build_object('wa_id', wa_id, 'user_id', bsuid, 'profile',
    case when name is not null then jsonb_build_object('name', name) end))
$$;
create function pg_temp.found(wamid text) returns messages language sql as $$ select m from messages m
  where wa_message_id = 'wamid.BATCH.' || wamid $$;
-- Whose message it is: the workspace and the contact's name and number.
create function pg_temp.whose(wamid text) returns text language sql as $$
  select concat_ws(' ', (select w.name from workspaces w where w.id = c.workspace_id), coalesce(c.name, '?'), c.phone)
  from contacts c where c.id = (pg_temp.found(wamid)).contact_id
$$;

select pg_temp.deliver(pg_temp.change(pg_temp.messages(pg_temp.message('A1'))));

-- Statuses -------------------------------------------------------------------------------------------

create function pg_temp.status(wamid text, status text, at text default '1790000005') returns jsonb language sql as $$
  select jsonb_build_object('id', 'wamid.BATCH.' || wamid, 'status', status, 'timestamp', at, 'recipient_id', '34600111222')
$$;
create function pg_temp.statuses(variadic statuses jsonb[]) returns jsonb language sql as $$
  select pg_temp.deliver(pg_temp.change(jsonb_build_object('statuses', statuses))) $$;
create function pg_temp.send(wamid text) returns void language sql as $$
  insert into messages (workspace_id, conversation_id, contact_id, direction, sender_type, type, status, phone_number_id,
    wa_message_id)
  select workspace_id, conversation_id, contact_id, 'outbound', 'agent', 'text', 'sent', '984000000000001', 'wamid.BATCH.' || wamid
    from pg_temp.found('A1')
$$;
select pg_temp.send('OUT1');
select is(pg_temp.statuses(pg_temp.status('OUT1', 'read', '1790000009'), pg_temp.status('OUT1', 'delivered'),
  pg_temp.status('OUT2', 'delivered')) -> 'statuses', '{"applied": 1, "pending": 1}',
  'statuses in any order, one before its message');
select is((pg_temp.found('OUT1')).status::text || (pg_temp.found('OUT1')).delivered_at || (pg_temp.found('OUT1')).read_at,
  'read2026-09-21 14:13:25+002026-09-21 14:13:29+00', 'each at its time');
select pg_temp.send('OUT2');
select is((pg_temp.found('OUT2')).status::text, 'delivered', 'the message that comes after its status has it');
select is(pg_temp.statuses(pg_temp.status('OUT1', 'failed')
  || '{"errors": [{"code": 131049, "title": "Healthy ecosystem"}]}') ->> 'failed', '0', 'a message fails');
select is((pg_temp.found('OUT1')).status::text || ((pg_temp.found('OUT1')).error ->> 'code'), 'failed131049', 'and says why');
select is(pg_temp.statuses(pg_temp.status('OUT1', 'teleported'), pg_temp.status('OUT1', 'delivered') - 'id', '7', 'null',
  pg_temp.status('OUT2', 'read')),
  '{"messages": 0, "contacts": 0, "statuses": {"applied": 1, "pending": 0}, "events": 4, "failed": 0, "unknown_numbers": []}',
    'statuses that are none are kept as events, the others applied');
select is((pg_temp.found('A1')).status::text || (pg_temp.statuses(pg_temp.status('A1', 'read')) #>> '{statuses,applied}')
  || (pg_temp.found('A1')).status, 'received0received', 'an inbound message has none');

-- Batches --------------------------------------------------------------------------------------------

select is(pg_temp.deliver(pg_temp.change(pg_temp.messages(pg_temp.message('M1', sender => '34600555001'))),
  pg_temp.change(pg_temp.messages(pg_temp.message('M2', sender => '34600555001')), 'away'),
    pg_temp.change(pg_temp.messages(pg_temp.message('M3', sender => '34600555002')), 'away')),
  '{"messages": 3, "contacts": 3, "events": 0, "failed": 0, "unknown_numbers": []}', 'two numbers in one delivery');
select is(pg_temp.whose(wamid), expected, format('%s is of %s', wamid, expected))
from (values ('M1', 'Home ? +34600555001'), ('M2', 'Away ? +34600555001'), ('M3', 'Away ? +34600555002')) v (wamid, expected);
select is(private.ingest_whatsapp(jsonb_build_object('entry', jsonb_build_array(
    jsonb_build_object('id', '884000000000001', 'changes',
      jsonb_build_array(pg_temp.change(pg_temp.messages(pg_temp.message('E1', sender => '34600555003'))),
      pg_temp.change(jsonb_build_object('statuses', jsonb_build_array(pg_temp.status('OUT2', 'played')))))),
    jsonb_build_object('id', '884000000000002', 'changes',
      jsonb_build_array(pg_temp.change(pg_temp.messages(pg_temp.message('E2', sender => '34600555003')), 'away'))), '7', 'null',
      '{}'))::text) - 'delivery_id',
  '{"messages": 2, "contacts": 2, "statuses": {"applied": 1, "pending": 0}, "events": 0, "failed": 0, "unknown_numbers": []}',
    'every entry and every change is read');
select is(pg_temp.deliver(pg_temp.change(pg_temp.messages(pg_temp.message('U1')), 'nowhere'),
  pg_temp.change(pg_temp.messages(pg_temp.message('U2')))) - 'events',
  '{"messages": 1, "contacts": 0, "failed": 0, "unknown_numbers": ["984000000000009"]}', 'a number that is not registered');
select is((pg_temp.found('U1')).id, null, 'stores no message');
select ok(d.body like '%wamid.BATCH.U1%' and d.status = 'processed', 'but its delivery is kept') from private.webhook_deliveries d
  where d.id = (select id from deliveries order by n desc limit 1);

-- Fields that are no messages, known or not -------------------------------------------------------------

create temp table fields (field text, value jsonb, event jsonb) on commit drop;
insert into fields values
  ('history', '{"history": [{"metadata": {"phase": 0}, "threads": [], "more": 1}]}',
    '{"metadata": {"phase": 0}, "threads": [], "more": 1}'),
  ('calls', '{"calls": [{"id": "wacid.1", "event": "connect"}]}', '{"id": "wacid.1", "event": "connect"}'),
  ('user_preferences', '{"user_preferences": [{"wa_id": "34600111222", "category": "of_tomorrow", "value": "stop"}]}',
    '{"wa_id": "34600111222", "category": "of_tomorrow", "value": "stop"}'),
  ('tomorrow', '{"anything": true}', null);
select is(pg_temp.deliver(variadic (select array_agg(pg_temp.change(value, 'home', field)) from fields)),
  '{"messages": 0, "contacts": 0, "events": 4, "failed": 0, "unknown_numbers": []}',
  'other fields, and what is not understood of those that are known, are events');
select is((select count(*) from whatsapp_events e where e.workspace_id = pg_temp.id('home') and e.field = f.field
  and e.payload @> coalesce(f.event, f.value)), 1::bigint, f.field || ' as it came') from fields f;
select is(pg_temp.deliver(variadic (select array_agg(pg_temp.change(value, 'home', field)) from fields)) ->> 'events', '0',
  'each once');
select is(pg_temp.deliver(pg_temp.change('{"message_echoes": [{"from": "34910000001", "to": "34600111222", "id": "wamid.BATCH.ECHO",
    "timestamp": "1790000002", "type": "text", "text": {"body": "From the app"}}]}', 'home', 'smb_message_echoes')),
  '{"messages": 1, "contacts": 0, "events": 0, "failed": 0, "unknown_numbers": []}', 'an echo is a message');
select is((pg_temp.found('ECHO')).sender_type::text || (pg_temp.found('ECHO')).body, 'businessFrom the app', 'of the business');
select is(pg_temp.deliver('{"field": "account_update", "value": {"event": "ACCOUNT_RESTRICTION"}}') ->> 'events', '1',
  'one about the account');
select is((select workspace_id from whatsapp_events where field = 'account_update' and waba_id = '884000000000001'),
  pg_temp.id('home'), 'is of who has a number of it');
select is(pg_temp.deliver(pg_temp.change('{"user_actions": [{"action_type": "marketing_messages_link_click"}]}')) ->> 'events', '1',
  'actions without a message');

-- Whatever it is, it is acknowledged and nothing fails.
select is(private.ingest_whatsapp(body) - 'delivery_id',
  '{"messages": 0, "contacts": 0, "events": 0, "failed": 0, "unknown_numbers": []}', format('nothing in %s', body))
from unnest(array['{}', '[]', 'null', '7', '"x"', '{"entry": null}', '{"entry": {}}', '{"entry": [[], 7, null, {"changes": {}}]}',
  '{"entry": [{"changes": []}]}']) body;
select is(private.ingest_whatsapp(format('{"entry": [{"id": "884000000000001", "changes": [%s]}]}', change)) ->> 'failed', '0',
  format('nothing fails with %s', change))
from unnest(array['7', 'null', '{}', '{"field": "messages"}', '{"field": "messages", "value": 7}',
  '{"field": "messages", "value": [1]}', '{"field": "messages", "value": {}}', '{"field": 7, "value": "x"}',
  '{"field": "messages", "value": {"messages": 7, "statuses": "x", "contacts": null}}',
    '{"field": "messages", "value": {"messages": [7, null, "x", [], {}], "statuses": [7, null, {}]}}',
  '{"field": "messages", "value": {"metadata": 7, "messages": [{"id": 7, "from": 34600111222, "type": 7}]}}',
  '{"field": "messages", "value": {"metadata": {"phone_number_id": 984000000000001}, "messages": [{"id": 7, "from": 34600666001, "type": 7, "timestamp": "x", "7": 7}]}}']) change;
select throws_ok($$ select private.ingest_whatsapp('{') $$, '22P02', null, 'what is no JSON is the caller''s to record');

-- Kept as it came -----------------------------------------------------------------------------------

create temp table odd as select E'{ "a" : "\\u00e9\\/" ,\n"a":1.50, "entry": [] }' as body;
insert into deliveries (id) select (private.ingest_whatsapp(body) ->> 'delivery_id')::uuid from odd;
select results_eq('select d.body, d.raw, d.status from private.webhook_deliveries d where d.id = (select id from deliveries order by n desc limit 1)',
  'select body, null::bytea, ''processed'' from odd', 'a delivery is kept letter by letter');
insert into deliveries (id) select private.record_rejected_delivery('\x7bff00', 'not JSON');
select results_eq('select d.body, d.raw, d.status, d.detail from private.webhook_deliveries d where d.id = (select id from deliveries order by n desc limit 1)',
  $$ values (null::text, '\x7bff00'::bytea, 'rejected', '{"reason": "not JSON"}'::jsonb) $$, 'what is no JSON byte by byte');

-- One bad among many -----------------------------------------------------------------------------------

create function pg_temp.poison() returns trigger language plpgsql as $$
begin
  if new.wa_message_id like '%POISON%' then
    raise exception using errcode = current_setting('webhook.fails_with'), message = 'poisoned';
  end if;
  return new;
end
$$;
create trigger aaa_poison before insert or update on messages for each row execute function pg_temp.poison();
set local webhook.fails_with = '22000';
select is(pg_temp.deliver(
    pg_temp.change(pg_temp.messages(pg_temp.message('P1', sender => '34600777001'),
      pg_temp.message('POISON1', sender => '34600777002'), pg_temp.message('P2', sender => '34600777003'),
        pg_temp.message('P3', '{"type": "reaction", "reaction": {}}'))
      || jsonb_build_object('contacts', jsonb_build_array(pg_temp.person('34600777003', 'Three'), pg_temp.person('34600777001',
        'One')), 'statuses', jsonb_build_array(pg_temp.status('OUT2', 'played'), pg_temp.status('LATER', 'sent')))),
    pg_temp.change('{"anything": "else"}', 'away', 'tomorrow'),
      pg_temp.change(pg_temp.messages(pg_temp.message('P4', sender => '34600777001')), 'away')),
  '{"batch_error": "22000 poisoned", "failed": 1}', 'one item of a batch cannot be stored');
select results_eq(
  $$ select d.status, f.error, f.item #>> '{entry,0,changes,0,value,messages,0,id}',
    jsonb_array_length(f.item #> '{entry,0,changes,0,value,messages}')
     from private.webhook_failures f join private.webhook_deliveries d on d.id = f.delivery_id
       where d.id = (select id from deliveries order by n desc limit 1) $$,
  $$ values ('partly_failed', '22000 poisoned', 'wamid.BATCH.POISON1', 1) $$, 'it alone is among the failures, with the reason');
select is(pg_temp.whose(wamid), expected, format('%s is stored', wamid))
from (values ('P1', 'Home One +34600777001'), ('P2', 'Home Three +34600777003'), ('P4', 'Away ? +34600777001'),
  ('POISON1', null)) v (wamid, expected);
select is((pg_temp.found('OUT2')).status::text, 'played', 'so is a status');
select is((select count(*) from whatsapp_pending_statuses where wa_message_id = 'wamid.BATCH.LATER'), 1::bigint,
  'and one that waits');
select is((select count(*) from whatsapp_events where payload ->> 'id' = 'wamid.BATCH.P3' or payload ->> 'anything' = 'else'),
  2::bigint, 'and the events');
select is((select count(*) from contacts where phone = '+34600777002'), 0::bigint,
  'of the bad one there is nothing, not even its sender');
-- The failure is kept in the shape of a delivery: once the reason is gone it can be handed in again.
drop trigger aaa_poison on messages;
select is(private.ingest_whatsapp((select f.item from private.webhook_failures f where f.error = '22000 poisoned'
  and f.item::text like '%wamid.BATCH.POISON1%')::text) - 'delivery_id',
  '{"messages": 1, "contacts": 1, "events": 0, "failed": 0, "unknown_numbers": []}', 'what failed can be handed in again');
select is(pg_temp.whose('POISON1'), 'Home ? +34600777002', 'and is stored then');

create trigger aaa_poison before insert or update on messages for each row execute function pg_temp.poison();
create function pg_temp.failing_with(state text) returns text language plpgsql as $$
begin
  perform set_config('webhook.fails_with', state, true);
  return pg_temp.deliver(pg_temp.change(pg_temp.messages(pg_temp.message('POISON2'), pg_temp.message('P5')))) ->> 'failed';
exception when query_canceled or others then
  return sqlstate;
end
$$;
select is(pg_temp.failing_with(state), state, format('%s may go better at the next try: nothing is acknowledged', state))
  from unnest(array['40001', '40P01', '57014', '53100', '57P01']) state;
select is(pg_temp.failing_with('23503'), '40001', 'nor does what keeps losing its contact to merges: it is not the message''s fault');
select is(pg_temp.failing_with(state), '1', format('%s will not', state)) from unnest(array['23514', '22P02', 'XX000']) state;
select throws_ok(format('select private.ingest_whatsapp_deliveries(%L, ''{}'')', string_agg(
    jsonb_build_object('entry', jsonb_build_array(jsonb_build_object('id', '884', 'changes', jsonb_build_array(
      pg_temp.change(pg_temp.messages(pg_temp.message(wamid))))))) ::text, e'\x1e')), 'XX000', 'poisoned',
  'of several deliveries together none is stored where one cannot be')
from unnest('{P6,POISON3,P7}'::text[]) wamid;
select is(pg_temp.whose('P6'), null, 'they are for the caller to store one by one');
drop trigger aaa_poison on messages;

-- Routing ----------------------------------------------------------------------------------------------

insert into auth.users (id, email) values (pg_temp.id('agent'), 'agent@webhook-batches.example');
insert into workspace_members (workspace_id, user_id, handle) values (pg_temp.id('home'), pg_temp.id('agent'), 'agent');
insert into member_presence (workspace_id, user_id) values (pg_temp.id('home'), pg_temp.id('agent'));
update workspaces set routing = 'round_robin' where id = pg_temp.id('home');
select pg_temp.deliver(pg_temp.change(pg_temp.messages(pg_temp.message('R1', sender => '34600888001'),
  pg_temp.message('R2', sender => '34600888002'), pg_temp.message('R3', sender => '34600777001'),
    pg_temp.message('R4') - 'from' || '{"from_user_id": "ES.888"}')),
  pg_temp.change(pg_temp.messages(pg_temp.message('R5', sender => '34600888001')), 'away'));
select is((select assigned_to from contacts where id = (pg_temp.found(wamid)).contact_id),
  case when routed then pg_temp.id('agent') end, format('%s: %s', wamid, why))
from (values ('R1', true, 'a new contact goes to the agent online'), ('R2', true, 'each of them'),
  ('R4', true, 'known by an id alone as well'),
  ('R3', false, 'one that was there stays nobody''s'), ('R5', false, 'where routing is off nobody is assigned')) v (wamid, routed,
    why);
select is((select array_agg(distinct assigned_by_type) from contact_assignments where workspace_id = pg_temp.id('home')),
  array['system'], 'by the system');

-- The size of the work ----------------------------------------------------------------------------------

-- A thousand updates are the most that one delivery may hold.
select is(pg_temp.deliver(pg_temp.change(pg_temp.messages(variadic (select array_agg(pg_temp.message('L' || n, sender => '34600990'
  || lpad((n % 100)::text, 3, '0'))) from generate_series(1, 1000) n)))),
  '{"messages": 1000, "contacts": 100, "events": 0, "failed": 0, "unknown_numbers": []}',
    'a thousand messages of a hundred people');
select is((select array_agg(distinct message_count) from contact_activity join contacts c on c.id = contact_id
  where phone like '+34600990%'), array[10], 'each with their ten');

-- What happens to an account twice --------------------------------------------------------------

select private.ingest_whatsapp(format('{"entry": [{"id": "1900", "time": %s, "changes": [{"field": "account_update", "value": {"event": "ACCOUNT_RESTRICTION"}}]}]}', t))
from unnest(array[1790000001, 1790000001, 1790000900]) t;
select results_eq($$ select occurred_at from public.whatsapp_events where waba_id = '1900' order by 1 $$,
  $$ values (to_timestamp(1790000001)), (to_timestamp(1790000900)) $$, 'is kept twice, its redelivery once');

select * from finish();
rollback;
