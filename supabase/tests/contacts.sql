-- Contacts: what the triggers keep, whoever writes.
begin;
set local search_path = public, extensions;
select plan(148);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('contacts ' || label)::uuid $$;
insert into workspaces (id, name) values (pg_temp.id('workspace'), 'Workspace'), (pg_temp.id('other'), 'Other');
update workspaces set stages = '{first,second}' where id = pg_temp.id('other');

-- A contact of the workspace, from its columns as JSON; the whole row comes back.
create function pg_temp.add(given jsonb) returns contacts language plpgsql as $$
declare
  row contacts;
  columns text := (select string_agg(quote_ident(key), ', ') from jsonb_object_keys(given) key);
begin
  execute format('insert into contacts (workspace_id, %1$s) select %2$L, %1$s from jsonb_populate_record(null::contacts, %3$L) returning *',
    columns, pg_temp.id('workspace'), given) into row;
  return row;
end
$$;
create function pg_temp.change(contact uuid, given jsonb) returns contacts language plpgsql as $$
declare
  row contacts;
  columns text := (select string_agg(format('%1$I = g.%1$I', key), ', ') from jsonb_object_keys(given) key);
begin
  execute format('update contacts c set %s from jsonb_populate_record(null::contacts, %L) g where c.id = %L returning c.*',
    columns, given, contact) into row;
  return row;
end
$$;

-- whatsapp_contact_id, phone_key ---------------------------------------------------------------

select is((pg_temp.add('{"phone": "+34600111222"}')).whatsapp_contact_id, '34600111222',
  'the WhatsApp id is the digits of the phone');
select is((pg_temp.add('{"name": "Nobody"}')).whatsapp_contact_id, null, 'without a phone there is none');
select is((pg_temp.change((pg_temp.add('{"phone": "+34600111223"}')).id, '{"phone": "+34600111224"}')).whatsapp_contact_id,
  '34600111224',
  'it follows a new phone');
select is((pg_temp.change((pg_temp.add('{"phone": "+34600111225"}')).id, '{"phone": null}')).whatsapp_contact_id, null,
  'and a cleared one');
select is((pg_temp.add('{"phone": "+34600111226", "whatsapp_contact_id": "1", "phone_key": "1"}')).phone_key, '34600111226',
  'what an insert says about them does not count');
select throws_ok(format('select pg_temp.add(%L)', jsonb_build_object('phone', phone)), '23514', null,
  format('%s is no E.164', phone))
from unnest(array['34600111222', '+34 600 111 222', '+0600111222', '+34600', '+3460011122233344', '+', '']) phone;

-- Variants -----------------------------------------------------------------------------------

create temp table variants (country text, one text, other text) on commit drop;
insert into variants values
  ('Brazil', '+5511912345678', '+551112345678'), ('Mexico', '+5215512345678', '+525512345678'), ('Argentina', '+5491112345678',
    '+541112345678');
create function pg_temp.first_then(first text, second text) returns text language plpgsql as $$
begin
  perform pg_temp.add(jsonb_build_object('phone', first));
  perform pg_temp.add(jsonb_build_object('phone', second));
  raise exception using errcode = 'ZZ999';
exception
  when unique_violation then return 'same';
  when sqlstate 'ZZ999' then return 'different';
end
$$;
select is(pg_temp.first_then(one, other), 'same', country || ': the long number first') from variants;
select is(pg_temp.first_then(other, one), 'same', country || ': the short number first') from variants;
select is(pg_temp.first_then(one, one), 'same', country || ': the very same number') from variants;
select is(pg_temp.first_then(one, two), 'different', format('%s and %s are two people', one, two))
from (values
  ('+5511912345678', '+5521912345678'), -- another area
  ('+5511812345678', '+551112345678'),  -- thirteen digits, but no ninth digit
  ('+5511912345678', '+5511912345679'),
  ('+5225512345678', '+525512345678'),  -- 522 is no 521
  ('+5481112345678', '+541112345678'),  -- 548 is no 549
  ('+15215512345', '+525512345')        -- other countries have no variants
) as pairs (one, two);
do $$ begin perform pg_temp.add(jsonb_build_object('phone', one, 'name', country)) from variants; end $$;
select is((select whatsapp_contact_id from contacts where workspace_id = pg_temp.id('workspace') and name = v.country),
  substr(one, 2),
  v.country || ': the number that came first stays as it is') from variants v;
select is((select c.name from contacts c where c.id = private.contact_by_phone(pg_temp.id('workspace'), substr(other, 2))), country,
  country || ': and is found by the other') from variants;
select throws_ok(
  format('select pg_temp.change((pg_temp.add(''{"name": "X"}'')).id, %L)', jsonb_build_object('phone', other)), '23505', null,
  country || ': nobody takes the other over') from variants;
select lives_ok(format('insert into contacts (workspace_id, phone) values (pg_temp.id(''other''), %L)', one),
  country || ': another workspace has its own contact') from variants;
insert into contact_identities (workspace_id, contact_id, channel, external_id)
select workspace_id, id, 'whatsapp', '541100000000' from contacts where workspace_id = pg_temp.id('workspace') and name = 'Brazil';
select is((select c.name from contacts c where c.id = private.contact_by_phone(pg_temp.id('workspace'), '5491100000000')), 'Brazil',
  'a contact is found by the variant of an identity');
select is(private.contact_by_phone(pg_temp.id('other'), '5491100000000'), null, 'but not from another workspace');
select throws_ok(
  $$ insert into contact_identities (workspace_id, contact_id, channel, external_id)
     select workspace_id, id, 'whatsapp', '541100000000' from contacts where name = 'Mexico'
       and workspace_id = pg_temp.id('workspace') $$,
  '23505', null, 'an identity belongs to one contact');

-- The name and where it comes from ----------------------------------------------------------------

create temp table named as select (pg_temp.add('{"profile_name": "Profile"}')).*;
select is(name || ' ' || name_source, 'Profile profile', 'without a name the profile''s is taken') from named;
create function pg_temp.named(given jsonb) returns text language sql
as $$ select concat_ws(' ', coalesce(c.name, 'nobody'), c.name_source) from named n, pg_temp.change(n.id, given) c $$;
select is(pg_temp.named('{"profile_name": "Profile 2"}'), 'Profile 2 profile', 'it follows the profile');
select is(pg_temp.named('{"name": "Person"}'), 'Person person', 'a person sets a name');
select is(pg_temp.named('{"profile_name": "Profile 3"}'), 'Person person', 'which the profile never overwrites');
select is(pg_temp.named('{"name": null}'), 'Profile 3 profile', 'a person clears it: it is the profile''s at once');
select is(pg_temp.named('{"profile_name": "Profile 5"}'), 'Profile 5 profile', 'and follows it again');
select is(pg_temp.named('{"name": "Person", "profile_name": "Profile 4"}'), 'Person person',
  'of both at once the person''s counts');
select is((pg_temp.add('{"name": "Person", "profile_name": "Profile"}')).name, 'Person', 'also from the beginning');
select is((pg_temp.add('{"name": "Person", "name_source": "profile"}')).name_source, 'person',
  'a name that is given is a person''s');
select is((pg_temp.add('{"notes": "-"}')).name_source, 'profile', 'nobody has a name yet');

-- Tags ⇄ flags --------------------------------------------------------------------------------

create function pg_temp.consent(c contacts) returns text language sql
as $$ select concat_ws(' ', array_to_string(c.tags, ','), case when c.opted_out then '+out' end,
  case when c.do_not_call then '+dnc' end) $$;

select is(pg_temp.consent(pg_temp.add(given)), expected, format('new with %s', given))
from (values
  ('{"tags": []}'::jsonb, ''),
  ('{"tags": ["VIP"]}', 'VIP'),
  ('{"tags": ["opt-out"]}', 'opt-out +out'),
  ('{"tags": ["Opt-Out"]}', 'opt-out +out'),
  ('{"tags": [" OPT-OUT "]}', 'opt-out +out'),
  ('{"tags": ["Do Not Call"]}', 'Do Not Call +dnc'),
  ('{"tags": ["do not call"]}', 'Do Not Call +dnc'),
  ('{"tags": ["DO NOT CALL"]}', 'Do Not Call +dnc'),
  ('{"tags": ["opt-out", "VIP", "do not call"]}', 'opt-out,VIP,Do Not Call +out +dnc'),
  ('{"opted_out": true}', 'opt-out +out'),
  ('{"do_not_call": true}', 'Do Not Call +dnc'),
  ('{"opted_out": true, "do_not_call": true}', 'opt-out,Do Not Call +out +dnc'),
  ('{"opted_out": true, "tags": ["VIP"]}', 'VIP,opt-out +out'),
  ('{"opted_out": true, "tags": ["Opt-out", "opt-out"]}', 'opt-out +out'),
  ('{"opted_out": false, "tags": ["opt-out"]}', 'opt-out +out'), -- a consent that is in doubt is none
  ('{"do_not_call": false, "tags": ["Do Not Call"]}', 'Do Not Call +dnc'),
  ('{"tags": ["a", "", " a ", "A", "b", "a", null]}', 'a,A,b'),
  ('{"tags": ["do-not-call", "optout"]}', 'do-not-call,optout')
) as cases (given, expected);

-- From every state, with every way of saying it.
create temp table consents (flag text, tag text, short text) on commit drop;
insert into consents values ('opted_out', 'opt-out', '+out'), ('do_not_call', 'Do Not Call', '+dnc');
select is(
  pg_temp.consent(pg_temp.change((pg_temp.add(jsonb_build_object('tags', case when was then array['VIP', tag]
    else array['VIP'] end))).id,
    case how
      when 'flag' then jsonb_build_object(flag, becomes)
      when 'tags' then jsonb_build_object('tags', case when becomes then array['VIP', upper(tag)] else array['VIP'] end)
      when 'both' then jsonb_build_object(flag, becomes, 'tags', case when becomes then array['VIP', tag] else array['VIP'] end)
      when 'flag against tags' then jsonb_build_object(flag, becomes, 'tags', case when becomes then array['VIP'] else array['VIP',
        tag] end)
    end)),
  case when case how
      -- A flag that changes wins; one that says what was true before leaves it to the tags.
      when 'flag against tags' then (was <> becomes) = becomes
      else becomes end
    then 'VIP,' || tag || ' ' || short else 'VIP' end,
  format('%s: %s → %s by %s', tag, was, becomes, how))
from consents, unnest(array[true, false]) was, unnest(array[true, false]) becomes,
  unnest(array['flag', 'tags', 'both', 'flag against tags']) how;
select is(pg_temp.consent(pg_temp.change((pg_temp.add('{"tags": ["opt-out", "Do Not Call", "VIP"]}')).id, '{"opted_out": false}')),
  'Do Not Call,VIP +dnc', 'one consent changes without the other');
select is(pg_temp.consent(pg_temp.change((pg_temp.add('{"tags": ["opt-out"]}')).id, '{"company": "Acme"}')), 'opt-out +out',
  'other changes leave them alone');

-- Completeness, search text, stage ------------------------------------------------------------------

select is((pg_temp.add(given)).completeness::int, percent, format('%s %% with %s', percent, given))
from (values
  ('{"notes": "-"}'::jsonb, 0), ('{"name": "N"}', 20), ('{"profile_name": "N"}', 20), ('{"email": "a@b.example"}', 20),
  ('{"company": "C"}', 20), ('{"company": ""}', 0), ('{"avatar_url": "https://a.example/a.png"}', 20), ('{"phone": "+34600222001"}',
    20),
  ('{"name": "N", "phone": "+34600222002", "email": "a@b.example", "company": "C"}', 80),
  ('{"name": "N", "phone": "+34600222003", "email": "a@b.example", "company": "C", "avatar_url": "https://a.example/a.png"}', 100),
  ('{"name": "N", "completeness": 100}', 20)
) as cases (given, percent);
select is((pg_temp.change((pg_temp.add('{"name": "N"}')).id, given)).completeness::int, percent, format('from 20 to %s %% with %s',
  percent, given))
from (values ('{"email": "a@b.example"}'::jsonb, 40), ('{"name": null}', 0), ('{"status": "lost"}', 20),
  ('{"phone": "+34600222004"}', 40)) as cases (given, percent);
select is((pg_temp.add('{"name": "Núñez", "phone": "+34600222005", "email": "A@B.example", "company": "ÇA", "notes": "Été"}')).search_text,
  E'\nnunez\na@b.example\nca\n34600222005\n ete', 'the search text is all that is searched, folded');
select is((pg_temp.change((pg_temp.add('{"profile_name": "Old"}')).id, '{"profile_name": "New"}')).search_text, E'\nnew\n\n\n\n ',
  'it follows the profile');

select is((pg_temp.add('{"name": "N"}')).stage, 'inquiry', 'a contact begins at the first stage');
select is((pg_temp.add('{"stage": "closing"}')).stage, 'closing', 'or at the one given');
select throws_ok($$ select pg_temp.add('{"stage": "second"}') $$, 'PT422', 'validation_failed', 'which is one of the workspace''s');
select throws_ok($$ select pg_temp.change((pg_temp.add('{"name": "N"}')).id, '{"stage": "Closing"}') $$, 'PT422',
  'validation_failed',
  'spelled as there, also when it changes');
select is((pg_temp.change((pg_temp.add('{"stage": "closing"}')).id, '{"stage": null}')).stage, 'inquiry', 'no stage is the first');
select results_eq($$ insert into contacts (workspace_id, stage) values (pg_temp.id('other'), null),
  (pg_temp.id('other'), 'second') returning stage $$,
  array['first', 'second'], 'each workspace has its own list');
update workspaces set stages = '{second,third}' where id = pg_temp.id('other');
select results_eq($$ update contacts set company = 'C', stage = stage where workspace_id = pg_temp.id('other') and stage = 'first'
  and phone is null returning stage $$,
  array['first'], 'a stage that has left the list does not keep a contact from being written');
select throws_ok($$ update contacts set stage = 'first' where workspace_id = pg_temp.id('other') and stage = 'second' $$,
  'PT422', 'validation_failed', 'but is given to nobody any more');

-- version, updated_at ---------------------------------------------------------------------------

create temp table versioned as select (pg_temp.add('{"name": "N", "tags": ["VIP"], "updated_at": "2026-01-01T00:00:00Z"}')).*;
create function pg_temp.versioned(given jsonb) returns text language sql
as $$ select format('%s %s', c.version, case when c.updated_at = now() then 'now' when c.updated_at = '2026-01-01T00:00:00Z'
  then 'then' end)
  from versioned v, pg_temp.change(v.id, given) c $$;
select is(version, 1, 'a contact begins at version 1') from versioned;
select is(pg_temp.versioned('{"name": "N"}'), '1 then', 'an update that changes nothing is no change');
select is(pg_temp.versioned('{"tags": [" VIP "]}'), '1 then', 'nor is one that changes nothing once it is cleaned');
select is(pg_temp.versioned('{"company": "C"}'), '2 now', 'a change raises the version');
select is(pg_temp.versioned('{"version": 9}'), '3 now', 'by one, whatever the update says');
truncate versioned;
insert into versioned select (pg_temp.add('{"name": "C", "updated_at": "2026-01-01T00:00:00Z"}')).*;
select is(pg_temp.versioned(c), '1 then', 'what is computed is no edit: ' || c::text)
from unnest('{"{\"auto_status\": \"churned\"}","{\"is_at_risk\": true}","{\"sentiment\": \"negative\"}","{\"score\": 9}","{\"grade\": \"A\"}"}'::jsonb[]) c;
select is(pg_temp.versioned('{"score": 10, "company": "C"}'), '2 now', 'but what comes with it may be');

-- message_count, last_contact_at, channels ----------------------------------------------------------

-- The days of 2026-01-02, on which nobody becomes active.
insert into private.clock (shift) values (timestamptz '2026-01-02T00:00:00Z' - now());
insert into workspace_settings (workspace_id, active_min_messages) select id, 1000 from workspaces
on conflict (workspace_id) do update set active_min_messages = 1000;
create temp table talker as select (pg_temp.add('{"name": "Talker"}')).*;
create temp table silent as select (pg_temp.add('{"name": "Silent"}')).*;
insert into conversations (id, workspace_id, contact_id) select pg_temp.id('thread'), workspace_id, id from talker;
create function pg_temp.say(variadic said text[]) returns text language plpgsql as $$
begin
  insert into messages (workspace_id, conversation_id, contact_id, direction, sender_type, type, status, sent_at, channel)
  select t.workspace_id, pg_temp.id('thread'), t.id, 'inbound', 'contact', 'text', 'received', split_part(s, ' ', 1)::timestamptz,
    split_part(s, ' ', 2)
  from talker t, unnest(said) s;
  return (select format('%s messages, last %s, by %s', a.message_count, to_char(a.last_contact_at at time zone 'UTC', 'MM-DD'),
      array_to_string(array(select unnest(c.channels) order by 1), ','))
    from contacts c join talker t using (id) join contact_activity a on a.contact_id = c.id);
end
$$;
select is(pg_temp.say('2026-01-02 whatsapp'), '1 messages, last 01-02, by whatsapp', 'a message counts');
select is(pg_temp.say('2026-01-05 whatsapp', '2026-01-03 web', '2026-01-04 web'), '4 messages, last 01-05, by web,whatsapp',
  'so does each of many');
select is(pg_temp.say('2026-01-01 whatsapp'), '5 messages, last 01-05, by web,whatsapp',
  'an old one that comes late is not the last');
select is((select a.message_count from contact_activity a join silent on id = a.contact_id), 0, 'others are not counted along');
select is((select c.version from contacts c join talker using (id)), 3, 'a new channel is a change of the contact, a message is not');
insert into messages (workspace_id, conversation_id, contact_id, direction, sender_type, type, status, sent_at)
select workspace_id, pg_temp.id('thread'), id, 'outbound', 'agent', 'text', 'sent', '2026-01-06' from talker;
select is(pg_temp.say(variadic '{}'), '6 messages, last 01-06, by web,whatsapp', 'what is sent counts too');

-- What goes with a contact ---------------------------------------------------------------------------

insert into internal_notes (workspace_id, contact_id, content) select workspace_id, id, 'Note' from talker;
insert into contact_identities (workspace_id, contact_id, channel, external_id) select workspace_id, id, 'web',
  'visitor' from talker;
delete from contacts c using talker where c.id = talker.id;
select is_empty(
  $$ select 'conversation' from conversations join talker t on t.id = contact_id union all
     select 'message' from messages join talker t on t.id = contact_id union all
     select 'activity' from contact_activity join talker t on t.id = contact_id union all
     select 'note' from internal_notes join talker t on t.id = contact_id union all
     select 'identity' from contact_identities
       join talker t on t.id = contact_id $$, 'a deleted contact leaves nothing of its own');
select throws_ok($$ insert into contact_identities (workspace_id, contact_id, channel, external_id)
  values (pg_temp.id('workspace'), pg_temp.id('nobody'), 'web', 'ghost') $$, '23503', null, 'nobody has no identity');

select * from finish();
rollback;
