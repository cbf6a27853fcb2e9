-- Conversations: one a contact and channel, what messages do to it, and its documented view.
begin;
set local search_path = public, extensions;
select plan(38);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('conversations ' || label)::uuid $$;
insert into auth.users (id, email) values (pg_temp.id('ann'), 'ann@conversations.example');
insert into workspaces (id, name) values (pg_temp.id('workspace'), 'Workspace');
insert into workspace_members (workspace_id, user_id, handle) values (pg_temp.id('workspace'), pg_temp.id('ann'), 'ann');

-- Opens a conversation with somebody new; its state comes back.
create function pg_temp.state(conversation uuid) returns text language sql as $$
  select concat_ws(' ', status, phase, case when ai_enabled then 'ai' else 'no ai' end, bot_status, 'epoch', control_epoch,
    'ended ' || to_char(resolved_at at time zone 'UTC', 'HH24:MI'))
  from conversations where id = conversation
$$;
create function pg_temp.open(label text, given jsonb default '{}') returns text language plpgsql as $$
begin
  insert into contacts (id, workspace_id, name, is_contractor)
  values (pg_temp.id('contact ' || label), pg_temp.id('workspace'), label, coalesce((given ->> 'is_contractor')::boolean, false));
  insert into conversations (id, workspace_id, contact_id) values (pg_temp.id(label), pg_temp.id('workspace'),
    pg_temp.id('contact ' || label));
  return pg_temp.state(pg_temp.id(label));
end
$$;
-- Messages in one statement, each as 'in 12:00' or 'out 12:00'; the state afterwards comes back.
create function pg_temp.say(label text, variadic said text[]) returns text language plpgsql as $$
begin
  insert into messages (workspace_id, conversation_id, contact_id, direction, sender_type, type, status, sent_at)
  select pg_temp.id('workspace'), pg_temp.id(label), pg_temp.id('contact ' || label),
    case split_part(s, ' ', 1) when 'in' then 'inbound' else 'outbound' end::message_direction,
    case split_part(s, ' ', 1) when 'in' then 'contact' else 'agent' end::sender_type, 'text',
    case split_part(s, ' ', 1) when 'in' then 'received' else 'sent' end::message_status,
      ('2026-01-01 ' || split_part(s, ' ', 2) || '+00')::timestamptz
  from unnest(said) s;
  return pg_temp.state(pg_temp.id(label));
end
$$;
create function pg_temp.resolve(label text, at text) returns void language sql as $$
  update conversations set status = 'resolved', phase = 'resolved', ai_enabled = false, bot_status = 'agent',
    resolved_at = ('2026-01-01 ' || at || '+00')::timestamptz
  where id = pg_temp.id(label)
$$;
create function pg_temp.counters(label text) returns text language sql as $$
  select concat_ws(' ', message_count, 'messages', unread_count, 'unread, last', to_char(last_message_at at time zone 'UTC',
    'HH24:MI'),
    'inbound', to_char(last_inbound_at at time zone 'UTC', 'HH24:MI'))
  from conversations where id = pg_temp.id(label)
$$;

-- One ------------------------------------------------------------------------------------------

select is(pg_temp.open('one'), 'active automated ai active epoch 1', 'a conversation begins with the bot');
select throws_ok($$ insert into conversations (workspace_id, contact_id) values (pg_temp.id('workspace'),
  pg_temp.id('contact one')) $$,
  '23505', null, 'there is one with a contact');
select lives_ok($$ insert into conversations (workspace_id, contact_id, channel) values (pg_temp.id('workspace'),
  pg_temp.id('contact one'), 'web') $$,
  'on each channel');
select throws_ok($$ insert into conversations (workspace_id, contact_id, channel) values (pg_temp.id('workspace'),
  pg_temp.id('contact one'), 'Web Chat') $$,
  '23514', null, 'a channel is a word');
select pg_temp.resolve('one', '12:00');
select throws_ok($$ insert into conversations (workspace_id, contact_id) values (pg_temp.id('workspace'),
  pg_temp.id('contact one')) $$,
  '23505', null, 'a resolved one is reopened, not doubled');
select is(pg_temp.open('contractor', '{"is_contractor": true}'), 'active waiting no ai agent epoch 1',
  'a contractor''s begins with a person');
select throws_ok($$ insert into conversations (workspace_id, contact_id) values (pg_temp.id('workspace'), pg_temp.id('nobody')) $$,
  '23503', null, 'there is none with nobody');
select throws_ok(format('update conversations set %s where id = pg_temp.id(''contractor'')', change), '23514', null,
  format('refused: %s', change))
from unnest(array[$$status = 'resolved'$$, $$phase = 'resolved'$$, 'unread_count = -1']) change;
select lives_ok($$ update conversations set status = 'resolved', phase = 'resolved' where id = pg_temp.id('contractor') $$,
  'status and phase are resolved together');
update conversations set assigned_to = pg_temp.id('ann') where id = pg_temp.id('contractor');
delete from workspace_members where user_id = pg_temp.id('ann');
select is((select assigned_to from conversations where id = pg_temp.id('contractor')), null,
  'who leaves the workspace leaves the conversation');

-- Messages ---------------------------------------------------------------------------------------

select pg_temp.open('talk');
select is(pg_temp.counters('talk'), '0 messages 0 unread, last inbound', 'nothing said');
select pg_temp.say('talk', 'in 10:00');
select is(pg_temp.counters('talk'), '1 messages 1 unread, last 10:00 inbound 10:00', 'an inbound message');
select pg_temp.say('talk', 'out 10:05');
select is(pg_temp.counters('talk'), '2 messages 1 unread, last 10:05 inbound 10:00', 'an outbound one is not unread');
select pg_temp.say('talk', 'in 10:09', 'out 10:07', 'in 10:08', 'in 09:00');
select is(pg_temp.counters('talk'), '6 messages 4 unread, last 10:09 inbound 10:09', 'several at once, in any order');
select pg_temp.say('talk', 'in 08:00');
select is(pg_temp.counters('talk'), '7 messages 5 unread, last 10:09 inbound 10:09', 'one that comes late');
select pg_temp.open('quiet');
insert into messages (workspace_id, conversation_id, contact_id, direction, sender_type, type, status, sent_at)
select pg_temp.id('workspace'), pg_temp.id(label), pg_temp.id('contact ' || label), 'inbound', 'contact', 'text', 'received',
  '2026-01-01 11:00+00'
from unnest(array['talk', 'quiet', 'quiet']) label;
select is(pg_temp.counters(label), expected, format('one batch for two conversations: %s', label))
from (values ('talk', '8 messages 6 unread, last 11:00 inbound 11:00'),
  ('quiet', '2 messages 2 unread, last 11:00 inbound 11:00')) v (label, expected);
select is((select message_count from contact_activity where contact_id = pg_temp.id('contact quiet')), 2, 'the contact counts along');

-- Reopening ------------------------------------------------------------------------------------------

select pg_temp.open('again');
update conversations set phase = 'live', ai_enabled = false, bot_status = 'agent' where id = pg_temp.id('again');
select is(pg_temp.say('again', 'in 10:00'), 'active live no ai agent epoch 2',
  'a message to a person changes nothing of the control');
select pg_temp.resolve('again', '12:00:30.5');
select is(pg_temp.say('again', 'out 12:30'), 'resolved resolved no ai agent epoch 3 ended 12:00',
  'an outbound message does not reopen');
select is(pg_temp.say('again', 'in 11:59', 'in 12:00:29'), 'resolved resolved no ai agent epoch 3 ended 12:00',
  'nor one that was written before');
select is(pg_temp.counters('again'), '4 messages 3 unread, last 12:30 inbound 12:00', 'though it counts');
select is(pg_temp.say('again', 'in 12:00:30'), 'active automated ai active epoch 4',
  'one of the same second, as WhatsApp''s times are whole ones');
select is(pg_temp.say('again', 'in 12:01'), 'active automated ai active epoch 4', 'the next changes nothing any more');
select pg_temp.resolve('again', '13:00');
select is(pg_temp.say('again', 'in 12:59', 'in 13:02', 'out 13:03', 'in 13:01'), 'active automated ai active epoch 6',
  'a batch with a later one reopens, once');
select pg_temp.resolve('again', '14:00');
update conversations set resolved_at = null where id = pg_temp.id('again');
select is(pg_temp.say('again', 'in 01:00'), 'active automated ai active epoch 8',
  'resolved nobody knows when: any message reopens');
select pg_temp.resolve('contractor', '12:00');
select is(pg_temp.say('contractor', 'in 12:01'), 'active waiting no ai agent epoch 3', 'a contractor''s is reopened for a person');
select pg_temp.resolve('quiet', '12:00');
update contacts set is_contractor = true where id = pg_temp.id('contact quiet');
select is(pg_temp.say('quiet', 'in 12:01'), 'active waiting no ai agent epoch 3', 'who has become one meanwhile, too');

-- whatsapp_conversations ------------------------------------------------------------------------------

select results_eq(
  $$ select attname::text collate "default" from pg_attribute where attrelid = 'whatsapp_conversations'::regclass and attnum > 0
    order by attnum limit 6 $$,
  array['id', 'workspace_id', 'contact_id', 'contact_name', 'status', 'ai_enabled'], 'the documented columns');
insert into contacts (id, workspace_id, phone) values (pg_temp.id('contact digits'), pg_temp.id('workspace'), '+34600111222');
insert into conversations (id, workspace_id, contact_id) values (pg_temp.id('digits'), pg_temp.id('workspace'),
  pg_temp.id('contact digits'));
create function pg_temp.documented(label text) returns text language sql as $$
  select concat_ws(' ', coalesce(contact_id, '-'), coalesce(contact_name, '-'), status, ai_enabled,
    contact_record_id = pg_temp.id('contact ' || label))
  from whatsapp_conversations where id = pg_temp.id(label)
$$;
select is(pg_temp.documented('digits'), '34600111222 +34600111222 active t t',
  'contact_id is the digits, a contact without a name shows the phone');
update contacts set name = 'Named', phone = '+34600111333' where id = pg_temp.id('contact digits');
select is(pg_temp.documented('digits'), '34600111333 Named active t t', 'both follow the contact');
select is(pg_temp.documented('talk'), '- talk active t t', 'without a phone there are no digits');
select is(pg_temp.documented('one'), '- one resolved f t', 'a resolved one is there as well');
select is((select count(*) from whatsapp_conversations where workspace_id = pg_temp.id('workspace')
  and contact_record_id = pg_temp.id('contact one')), 1::bigint,
  'other channels are not');

-- What a conversation takes along ---------------------------------------------------------------------

insert into internal_notes (workspace_id, conversation_id, content) values (pg_temp.id('workspace'), pg_temp.id('talk'), 'Note');
delete from conversations where id = pg_temp.id('talk');
select is((select count(*) from messages where conversation_id = pg_temp.id('talk')) + (select count(*) from internal_notes
  where conversation_id = pg_temp.id('talk')),
  0::bigint, 'a deleted conversation takes its messages and notes along');
select is((select message_count from contact_activity where contact_id = pg_temp.id('contact talk')), 8, 'the contact stays');

select * from finish();
rollback;
