-- private.ingest_whatsapp with what WhatsApp sends: every type of message, every kind of sender.
begin;
set local search_path = public, extensions;
select plan(127);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('webhook ' || label)::uuid $$;
insert into workspaces (id, name) values (pg_temp.id('home'), 'Home'), (pg_temp.id('away'), 'Away');
insert into whatsapp_numbers (phone_number_id, workspace_id, waba_id, display_phone_number) values
  ('985000000000001', pg_temp.id('home'), '885000000000001', '34910000001'),
  ('985000000000002', pg_temp.id('away'), '885000000000002', '34910000002');

-- A change of the field messages to the number of a workspace.
create function pg_temp.change(value jsonb, place text default 'home',
  field text default 'messages') returns jsonb language sql as $$
  select jsonb_build_object('field', field, 'value', jsonb_build_object('messaging_product', 'whatsapp', 'metadata',
    jsonb_build_object(
    'display_phone_number', '34910000001',
    'phone_number_id', case place when 'home' then '985000000000001' when 'away' then '985000000000002' else '985000000000009' end))
      || value)
$$;
-- One delivery of changes; the answer without the delivery's id, which is kept aside.
create temp table deliveries (n serial, id uuid) on commit drop;
create function pg_temp.deliver(variadic changes jsonb[]) returns jsonb language plpgsql as $$
declare
  answer jsonb := private.ingest_whatsapp(
    jsonb_build_object('object', 'whatsapp_business_account', 'entry', jsonb_build_array(jsonb_build_object('id', '885000000000001',
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
  select jsonb_build_object('from', sender, 'id', 'wamid.WEBHOOK.' || wamid, 'timestamp', '1790000001') || given
$$;
create function pg_temp.messages(variadic messages jsonb[]) returns jsonb language sql as $$ select jsonb_build_object('messages',
  messages) $$;
create function pg_temp.person(wa_id text, name text, bsuid text default null) returns jsonb language sql as $$
  select jsonb_strip_nulls(jsonb_build_object('wa_id', wa_id, 'user_id', bsuid, 'profile',
    case when name is not null then jsonb_build_object('name', name) end))
$$;
create function pg_temp.found(wamid text) returns messages language sql as $$ select m from messages m
  where wa_message_id = 'wamid.WEBHOOK.' || wamid $$;
-- Whose message it is: the workspace and the contact's name and number.
create function pg_temp.whose(wamid text) returns text language sql as $$
  select concat_ws(' ', (select w.name from workspaces w where w.id = c.workspace_id), coalesce(c.name, '?'), c.phone)
  from contacts c where c.id = (pg_temp.found(wamid)).contact_id
$$;

-- A first message -------------------------------------------------------------------------------

select is(
  pg_temp.deliver(pg_temp.change(pg_temp.messages(pg_temp.message('A1')) || jsonb_build_object('contacts',
    jsonb_build_array(pg_temp.person('34600111222', 'Ana', 'ES.7'))))),
  '{"messages": 1, "contacts": 1, "events": 0, "failed": 0, "unknown_numbers": []}', 'a first message');
select results_eq(
  $$ select c.workspace_id, name, name_source, c.profile_name, phone, whatsapp_contact_id, source::text, channels, country,
    status::text, message_count,
       last_contact_at, stage from contacts c join contact_activity a on a.contact_id = c.id
     where c.id = (pg_temp.found('A1')).contact_id $$,
  $$ values (pg_temp.id('home'), 'Ana', 'profile', 'Ana', '+34600111222', '34600111222', 'chat', '{whatsapp}'::text[], 'ES', 'new',
    1,
       '2026-09-21 14:13:21+00'::timestamptz, 'inquiry') $$, 'makes the contact');
select set_eq($$ select channel, external_id from contact_identities where contact_id = (pg_temp.found('A1')).contact_id $$,
  $$ values ('whatsapp', '34600111222'), ('whatsapp_bsuid', 'ES.7') $$, 'with both ids');
select results_eq(
  $$ select workspace_id, contact_id, channel, status::text, phase::text, unread_count, message_count, last_inbound_at
     from conversations where id = (pg_temp.found('A1')).conversation_id $$,
  $$ values (pg_temp.id('home'), (pg_temp.found('A1')).contact_id, 'whatsapp', 'active', 'automated', 1, 1,
    '2026-09-21 14:13:21+00'::timestamptz) $$,
  'and the conversation');
select is(to_jsonb(m) - '{id,workspace_id,conversation_id,contact_id,created_at}'::text[],
  '{"direction": "inbound", "sender_type": "contact", "sender_id": null, "sender_name": "Ana", "channel": "whatsapp", "type": "text",
    "body": "Hola", "payload": {}, "reply_to": null, "phone_number_id": "985000000000001", "wa_message_id": "wamid.WEBHOOK.A1", "sender_username": null, "contact_external_id": "34600111222",
    "status": "received", "error": null, "reactions": [], "sentiment": "neutral", "sentiment_score": 0, "sentiment_language": "es", "sentiment_source": "words", "media": null,
    "sent_at": "2026-09-21T14:13:21+00:00", "sent_status_at": null, "pricing": null, "from_history": false, "delivered_at": null, "read_at": null, "played_at": null, "failed_at": null,
    "edited_at": null, "revoked_at": null}', 'and is kept, with the event''s own time') from pg_temp.found('A1') m;
select is((select array_agg(action order by action) from activity_log where workspace_id = pg_temp.id('home')
  and actor_type = 'system'),
  array['contact.created', 'conversation.created'], 'on record as the system''s');

-- Every type ----------------------------------------------------------------------------------------

create temp table types (label text, given jsonb, body text, media jsonb, reply_to text) on commit drop;
insert into types values
  ('text', '{"type": "text", "text": {"body": "Hola"}}', 'Hola', null, null),
  ('empty text', '{"type": "text", "text": {"body": ""}}', '', null, null),
  ('text in a group', '{"type": "text", "group_id": "GRP1", "text": {"body": "hi"}}', 'hi', null, null),
  ('text with a preview', '{"type": "text", "text": {"body": "hi", "preview_url": true}}', 'hi', null, null),
  ('quoting text', '{"type": "text", "text": {"body": "hi"}, "context": {"from": "34910000001", "id": "wamid.OUT1"}}', 'hi', null,
    'wamid.OUT1'),
  ('forwarded text', '{"type": "text", "text": {"body": "hi"}, "context": {"forwarded": true}}', 'hi', null, null),
  ('text from an ad', '{"type": "text", "text": {"body": "hi"}, "referral": {"source_type": "ad", "source_id": "1200"}}', 'hi',
    null, null),
  ('image', '{"type": "image", "image": {"id": "901", "mime_type": "image/jpeg", "sha256": "q1w=", "caption": "Look", "url": "https://lookaside.fbsbx.com/x"}}',
    'Look', '{"id": "901", "mime_type": "image/jpeg", "sha256": "q1w="}', null),
  ('image alone', '{"type": "image", "image": {"id": "901", "mime_type": "image/jpeg", "sha256": "q1w="}}', null,
    '{"id": "901", "mime_type": "image/jpeg", "sha256": "q1w="}', null),
  ('video', '{"type": "video", "video": {"id": "902", "mime_type": "video/mp4", "sha256": "a=", "caption": "Look"}}', 'Look',
    '{"id": "902", "mime_type": "video/mp4", "sha256": "a="}', null),
  ('audio', '{"type": "audio", "audio": {"id": "903", "mime_type": "audio/ogg; codecs=opus", "sha256": "a=", "voice": true}}', null,
    '{"id": "903", "mime_type": "audio/ogg; codecs=opus", "sha256": "a=", "voice": true}', null),
  ('document',
    '{"type": "document", "document": {"id": "904", "mime_type": "application/pdf", "sha256": "a=", "filename": "f.pdf", "caption": "Bill"}}', 'Bill',
    '{"id": "904", "mime_type": "application/pdf", "sha256": "a=", "filename": "f.pdf"}', null),
  ('sticker', '{"type": "sticker", "sticker": {"id": "905", "mime_type": "image/webp", "sha256": "a=", "animated": false}}', null,
    '{"id": "905", "mime_type": "image/webp", "sha256": "a=", "animated": false}', null),
  ('location', '{"type": "location", "location": {"latitude": 40.41, "longitude": -3.7, "name": "Sol", "address": "Madrid"}}', null,
    null, null),
  ('contacts', '{"type": "contacts", "contacts": [{"origin": "other", "vcard": "BEGIN:VCARD"}]}', null, null, null),
  ('button reply',
    '{"type": "interactive", "context": {"id": "wamid.OUT1"}, "interactive": {"type": "button_reply", "button_reply": {"id": "yes", "title": "Sí"}}}', 'Sí', null, 'wamid.OUT1'),
  ('list reply',
    '{"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"id": "r1", "title": "Row", "description": "More"}}}', 'Row', null, null),
  ('flow', '{"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": "{}"}}}', 'Sent', null, null),
  ('call permission',
    '{"type": "interactive", "interactive": {"type": "call_permission_reply", "call_permission_reply": {"response": "accept"}}}',
    null, null, null),
  ('button', '{"type": "button", "button": {"payload": "CONFIRM", "text": "Confirmar"}}', 'Confirmar', null, null),
  ('order', '{"type": "order", "order": {"catalog_id": "77", "text": "Two, please", "product_items": [{"product_retailer_id": "SKU1", "quantity": 2}]}}', 'Two, please', null, null),
  ('order without words', '{"type": "order", "order": {"catalog_id": "77", "product_items": []}}', null, null, null),
  ('unsupported',
    '{"type": "unsupported", "unsupported": {"type": "poll_creation"}, "errors": [{"code": 131051, "title": "Message type unknown"}]}', null, null, null),
  ('unsupported, bare', '{"type": "unsupported", "errors": [{"code": 131060}]}', null, null, null),
  ('unknown', '{"type": "unknown", "errors": [{"code": 501, "details": "Message type is not currently supported"}]}', null, null,
    null),
  ('request_welcome', '{"type": "request_welcome"}', null, null, null),
  ('a type of tomorrow', '{"type": "hologram", "hologram": {"caption": "Wow", "id": "1"}}', 'Wow', null, null),
  ('a type of odd shape', '{"type": "image", "image": "none"}', null, null, null),
  ('a text without text', '{"type": "text"}', null, null, null),
  ('a text of odd shape', '{"type": "text", "text": "hi"}', null, null, null);
select is(pg_temp.deliver(pg_temp.change(pg_temp.messages(variadic (select array_agg(pg_temp.message(label, given)) from types)))),
  jsonb_build_object('messages', (select count(*) from types), 'contacts', 0, 'events', 0, 'failed', 0, 'unknown_numbers',
    '[]'::jsonb), 'one of each, in one delivery');
select is(to_jsonb(array[m.type, m.body, m.reply_to]) || jsonb_build_array(m.media),
  to_jsonb(array[t.given ->> 'type', t.body, t.reply_to]) || jsonb_build_array(t.media),
  t.label || ': type, what is read of it, what it answers, its media')
from types t, pg_temp.found(t.label) m;
-- Nothing of a message is lost: what is not in a column is in the payload.
select is(m.payload, case when t.label in ('text', 'empty text', 'text in a group', 'quoting text', 'forwarded text',
  'text from an ad') then t.given - 'text' else t.given end - 'type',
  t.label || ': its payload')
from types t, pg_temp.found(t.label) m where t.label <> 'text with a preview';
select is((pg_temp.deliver(pg_temp.change(pg_temp.messages(pg_temp.message('no type', '{"body": "?"}')))) ->> 'messages')
  || (pg_temp.found('no type')).type, '1unknown',
  'one without a type');
select is(pg_temp.deliver(pg_temp.change(pg_temp.messages(pg_temp.message('beside', '{"type": "text"}'))
  || '{"errors": [{"code": 131051, "title": "Unsupported"}]}')),
  '{"messages": 1, "contacts": 0, "events": 1, "failed": 0, "unknown_numbers": []}', 'one with errors beside it: both are kept');

-- What names another message is no message of its own, and may come before that message.
create temp table about on commit drop as
  select given ->> 'type' as type, given, target, content from (values
    ('{"type": "reaction", "reaction": {"message_id": "wamid.OUT1", "emoji": "👍"}}'::jsonb, 'wamid.OUT1', '{"emoji": "👍"}'::jsonb),
    ('{"type": "edit", "edit": {"original_message_id": "wamid.A1", "message": {"type": "text", "text": {"body": "fixed"}}}}',
      'wamid.A1', '{"type": "text", "body": "fixed", "payload": {}, "media": null}'),
    ('{"type": "revoke", "revoke": {"original_message_id": "wamid.A1"}}', 'wamid.A1', '{}')) as v (given, target, content);
select is(pg_temp.deliver(pg_temp.change(pg_temp.messages(variadic (select array_agg(pg_temp.message(type, given)) from about)))),
  '{"messages": 0, "changes": 3, "contacts": 0, "events": 0, "failed": 0, "unknown_numbers": []}',
  'reaction, edit and revoke are changes');
select results_eq($$ select workspace_id, phone_number_id, contact_id, target_wa_message_id, content, happened_at
    from message_changes c where c.wa_message_id = 'wamid.WEBHOOK.' || $$ || quote_literal(a.type) || $$ and c.kind = $$ || quote_literal(a.type),
  $$ values (pg_temp.id('home'), '985000000000001', (pg_temp.found('A1')).contact_id, $$ || quote_literal(a.target) || ', '
    || quote_literal(a.content) || $$::jsonb, '2026-09-21T14:13:21+00:00'::timestamptz) $$,
  a.type || ' is kept, whose it is and when') from about a;
select is(pg_temp.deliver(pg_temp.change(pg_temp.messages(pg_temp.message('reaction',
  (select given from about where type = 'reaction'))))), '{"messages": 0, "changes": 0, "contacts": 0, "events": 0, "failed": 0, "unknown_numbers": []}',
  'each once');
select is(pg_temp.deliver(pg_temp.change(pg_temp.messages(pg_temp.message('system',
  '{"type": "system", "system": {"type": "user_changed_number", "wa_id": "34600999888"}}')))),
  '{"messages": 0, "contacts": 0, "events": 1, "failed": 0, "unknown_numbers": []}', 'a system message is kept as an event');
select is(pg_temp.whose('A1'), 'Home Ana +34600999888', 'and a new number is the contact''s');

-- Once ---------------------------------------------------------------------------------------------

create function pg_temp.counters() returns text language sql as $$
  select format('%s messages, %s unread, %s of the contact', v.message_count, v.unread_count, a.message_count)
  from conversations v join contact_activity a on a.contact_id = v.contact_id where v.id = (pg_temp.found('A1')).conversation_id
$$;
create temp table before as select pg_temp.counters() as counters;
select is(pg_temp.deliver(pg_temp.change(pg_temp.messages(pg_temp.message('A1')))) ->> 'messages', '0', 'a message comes again');
select is(pg_temp.counters(), counters, 'and counts no second time') from before;
select is(pg_temp.deliver(pg_temp.change(pg_temp.messages(pg_temp.message('twice'), pg_temp.message('twice'))),
  pg_temp.change(pg_temp.messages(pg_temp.message('twice'), pg_temp.message('A1')))) ->> 'messages',
  '1', 'thrice in one delivery');
select is((pg_temp.deliver(pg_temp.change(pg_temp.messages(pg_temp.message('A1',
  '{"type": "text", "text": {"body": "Else"}}')))) ->> 'messages') || (pg_temp.found('A1')).body, '0Hola', 'what came first stays');
select is(pg_temp.deliver(pg_temp.change(pg_temp.messages(pg_temp.message('A1')), 'away')) ->> 'messages', '1',
  'the same id at another number is another message');
delete from messages where wa_message_id = 'wamid.WEBHOOK.A1' and workspace_id = pg_temp.id('away');

-- Who writes ----------------------------------------------------------------------------------------

create function pg_temp.from(wamid text, sender text, name text default null, bsuid text default null,
  at text default '1790000001') returns jsonb language sql as $$
  select pg_temp.deliver(pg_temp.change(pg_temp.messages(
      jsonb_strip_nulls(jsonb_build_object('from', sender, 'from_user_id', bsuid, 'id', 'wamid.WEBHOOK.' || wamid, 'timestamp', at,
        'type', 'text', 'text', '{"body": "Hi"}'::jsonb)))
    || jsonb_build_object('contacts', jsonb_build_array(pg_temp.person(sender, name, bsuid)))))
$$;
insert into contacts (workspace_id, name, phone) values
  (pg_temp.id('home'), 'Bia', '+5511912345678'), (pg_temp.id('home'), 'Max', '+525512345678'),
    (pg_temp.id('home'), 'Ari', '+5491112345678'),
  (pg_temp.id('away'), 'Abroad', '+34600111333');
select is(pg_temp.from(sender, sender, 'Profile') ->> 'contacts', '0', format('%s is somebody known', sender))
  from unnest(array['551112345678', '5215512345678', '541112345678']) sender;
select is(pg_temp.whose(sender), expected, format('%s is %s, whose number and name stay as they are', sender, expected))
from (values ('551112345678', 'Home Bia +5511912345678'), ('5215512345678', 'Home Max +525512345678'),
  ('541112345678', 'Home Ari +5491112345678')) v (sender, expected);
select is((select external_id from contact_identities where contact_id = (pg_temp.found('551112345678')).contact_id),
  '551112345678', 'the WhatsApp id is kept as it came');
select is((pg_temp.from('BR2', '5511912345678') ->> 'contacts') || pg_temp.whose('BR2'), '0Home Bia +5511912345678',
  'both ids are that one''s');
select is(pg_temp.deliver(pg_temp.change(pg_temp.messages(pg_temp.message('V1', sender => '5511988887777'),
  pg_temp.message('V2', sender => '551188887777')))) ->> 'contacts', '1',
  'two variants of a new number make one contact');
select is((pg_temp.found('V1')).contact_id, (pg_temp.found('V2')).contact_id, 'and one conversation');
select is((pg_temp.from('own', '34600111333') ->> 'contacts') || pg_temp.whose('own'), '1Home ? +34600111333',
  'a number that only another workspace knows is new here');
select is(pg_temp.whose('long'), 'Home Long', 'an id that is no phone number makes a contact without one') from pg_temp.from('long',
  '12345678901234567890', 'Long');
select is((pg_temp.from('long2', '12345678901234567890') ->> 'contacts'), '0', 'who is known the next time');

-- By a business-scoped id alone.
select is((pg_temp.from('B1', null, 'Incognita', 'ES.100') ->> 'contacts') || pg_temp.whose('B1'), '1Home Incognita',
  'a sender without a number');
select is((pg_temp.from('B2', null, null, 'ES.100') ->> 'contacts') || pg_temp.whose('B2'), '0Home Incognita',
  'is known by the id');
select is(pg_temp.deliver(pg_temp.change(pg_temp.messages(pg_temp.message('B3') - 'from' || '{"from_user_id": "ES.101"}',
  pg_temp.message('B4') - 'from' || '{"from_user_id": "ES.101"}'))) ->> 'contacts',
  '1', 'also twice in a delivery');
select is((pg_temp.from('B5', '34600111444', null, 'ES.100') ->> 'contacts') || pg_temp.whose('B5'), '0Home Incognita +34600111444',
  'once the number comes with the id, it is the contact''s');
select is((pg_temp.from('B6', '34600111444') ->> 'contacts') || pg_temp.whose('B6'), '0Home Incognita +34600111444',
  'and then it is enough');
select is((pg_temp.from('B7', null, null, 'ES.7') ->> 'contacts') || pg_temp.whose('B7'), '0Home Ana +34600999888',
  'an id that came with a number is known without it');
select is((pg_temp.from('B8', '34600111222', null, 'ES.8') ->> 'contacts') || pg_temp.whose('B8'), '0Home Ana +34600999888',
  'a number that comes with a new id');
select is((pg_temp.from('B9', null, null, 'ES.8') ->> 'contacts') || pg_temp.whose('B9'), '0Home Ana +34600999888',
  'then both ids are known');
select is(pg_temp.whose(wamid), 'Home Incognita +34600111444', wamid || ' is with the same contact still')
  from unnest(array['B1', 'B2']) wamid;
select is((select count(*) from contact_identities i where not exists (select from contacts c where c.id = i.contact_id)),
  0::bigint, 'no identity is without a contact');
select is(pg_temp.deliver(pg_temp.change(pg_temp.messages(pg_temp.message('nobody') - 'from',
  pg_temp.message('odd', sender => 'me@example.com')))),
  '{"messages": 0, "contacts": 0, "events": 2, "failed": 0, "unknown_numbers": []}', 'messages from nobody are kept as events');

-- contacts[] goes with messages[] by id.
select is(pg_temp.deliver(pg_temp.change(pg_temp.messages(pg_temp.message('N1', sender => '34600222001'),
  pg_temp.message('N2', sender => '34600222002'), pg_temp.message('N3', sender => '34600222003'),
    pg_temp.message('N4') - 'from' || '{"from_user_id": "ES.204"}')
  || jsonb_build_object('contacts', jsonb_build_array(pg_temp.person(null, 'Four', 'ES.204'), pg_temp.person('34600222003', null),
    pg_temp.person('34600222002', 'Two'), pg_temp.person('34600222001', 'One'))))) ->> 'contacts', '4', 'four people in any order');
select is(pg_temp.whose(wamid), expected, format('%s is %s', wamid, expected))
from (values ('N1', 'Home One +34600222001'), ('N2', 'Home Two +34600222002'), ('N3', 'Home ? +34600222003'),
  ('N4', 'Home Four')) v (wamid, expected);
select is(pg_temp.deliver(pg_temp.change(pg_temp.messages(pg_temp.message('N5', sender => '34600222005'))
  || '{"contacts": [null, 7, "x", {}, {"wa_id": "34600222005"}, {"wa_id": "34600222005", "profile": {}}]}')) ->> 'failed',
  '0', 'contacts[] of every odd shape');
select is(pg_temp.whose('N5'), 'Home ? +34600222005', 'name nobody');

-- Names, by the time at which they were said.
select pg_temp.from('T1', '34600333001', 'Second', at => '1790000200');
select pg_temp.from('T2', '34600333001', 'First', at => '1790000100');
select is(pg_temp.whose('T1'), 'Home Second +34600333001', 'an old message that comes late does not bring an old name back');
select pg_temp.from('T3', '34600333001', null, at => '1790000300');
select is(pg_temp.whose('T1'), 'Home Second +34600333001', 'nor does one without a name take it');
select pg_temp.from('T4', '34600333001', 'Third', at => '1790000400');
select is(pg_temp.whose('T1'), 'Home Third +34600333001', 'a later one changes it');
select is((pg_temp.found('T2')).sender_name, 'First', 'each message keeps the name it came with');
update contacts set name = 'Person' where id = (pg_temp.found('T1')).contact_id;
select pg_temp.from('T5', '34600333001', 'Fourth', at => '1790000500');
select is(pg_temp.whose('T1'), 'Home Person +34600333001', 'but not what a person has called the contact');
select pg_temp.from('T6', '34600333002', repeat('n', 300));
select is(pg_temp.whose('T6'), 'Home ' || repeat('n', 200) || ' +34600333002', 'a name is cut where it must be');
select is((pg_temp.from('T7', '34600333003', '   ') ->> 'failed') || pg_temp.whose('T7'), '0Home ? +34600333003',
  'and a blank one is none');

-- Times ----------------------------------------------------------------------------------------------

select pg_temp.deliver(pg_temp.change(pg_temp.messages(variadic (
  select array_agg(pg_temp.message('at ' || given::text, jsonb_build_object('type', 'text', 'timestamp', given), '34600444001'))
    from jsonb_array_elements('["1790000001", 1790000001, "later", null, -1, 1.5, {}, "99999999999999"]') given))));
select is((pg_temp.found('at ' || given)).sent_at, expected, format('the time of %s', given))
from (values ('"1790000001"', '2026-09-21T14:13:21Z'::timestamptz), ('1790000001', '2026-09-21T14:13:21Z'), ('"later"', now()),
  ('null', now()), ('-1', now()), ('1.5', now()), ('{}', now()),
  ('"99999999999999"', now())) v (given, expected);

select * from finish();
rollback;
