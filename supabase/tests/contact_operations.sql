-- api.create_contact, api.update_contact, api.get_contact, api.contact_tags, api.list_activity.
begin;
set local search_path = public, extensions;
select plan(82);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('contact operations ' || label)::uuid $$;
insert into auth.users (id, email) values (pg_temp.id('ann'), 'ann@operations.example');
insert into workspaces (id, name) values (pg_temp.id('workspace'), 'Workspace');
insert into workspace_members (workspace_id, user_id, handle) values (pg_temp.id('workspace'), pg_temp.id('ann'), 'ann');
insert into api_keys (id, workspace_id, name, prefix, key_hash, scopes)
select pg_temp.id(name), pg_temp.id('workspace'), name, 'lb_operatio', sha256(convert_to('contact operations ' || name, 'UTF8')),
  scopes::text[]
from (values ('key', '{contacts:read,contacts:write}'), ('writer', '{contacts:write}'), ('reader', '{contacts:read}')) k (name,
  scopes);

create function pg_temp.call(operation text, args jsonb, scope text default 'contacts:write',
  who text default 'ann') returns jsonb language sql as $$
  select jsonb_build_object('status', status, 'headers', headers, 'data', body::jsonb -> 'data', 'next_cursor',
    body::jsonb -> 'next_cursor')
  from private.call(
    case who when 'ann' then jsonb_build_object('type', 'member', 'user_id', pg_temp.id(who))
      else jsonb_build_object('type', 'api_key', 'hash', encode(sha256(convert_to('contact operations ' || who, 'UTF8')),
        'hex')) end,
    scope, operation, args)
$$;
create function pg_temp.create(contact jsonb, on_conflict text default null,
  who text default 'ann') returns jsonb language sql as $$
  select pg_temp.call('create_contact', jsonb_strip_nulls(jsonb_build_object('on_conflict', on_conflict))
    || jsonb_build_object('contact', contact), who => who)
$$;
create function pg_temp.named(contact text) returns uuid language sql as $$
  select id from contacts c where c.workspace_id = pg_temp.id('workspace') and c.name = contact
$$;
create function pg_temp.update(contact text, set jsonb, more jsonb default '{}') returns jsonb language sql as $$
  select pg_temp.call('update_contact', jsonb_build_object('contact_id', pg_temp.named(contact), 'set', set) || more)
$$;
-- What a refusal says, e.g. 'PT409 contact_exists {"contact_id": …}'.
create function pg_temp.refusal(statement text) returns text language plpgsql as $$
declare
  hint text;
begin
  execute statement;
  return 'none';
exception when others then
  get stacked diagnostics hint = pg_exception_hint;
  return trim(format('%s %s %s', sqlstate, sqlerrm, hint));
end
$$;

-- Create -----------------------------------------------------------------------------------------

create temp table made as select pg_temp.create('{"name": "Ana", "phone": "+34600111222", "country": "ES"}') as a;
select is(a -> 'data', jsonb_build_object('id', pg_temp.named('Ana'), 'name', 'Ana', 'phone', '+34600111222', 'whatsapp_contact_id',
  '34600111222', 'email', null, 'company', null,
  'source', 'manual', 'channels', '[]'::jsonb, 'status', 'new', 'auto_status', 'new', 'sale_status', 'none', 'stage', 'inquiry',
    'value', null, 'score', 0, 'grade', null, 'sentiment', 'neutral',
  'sentiment_score', 0, 'tags', '[]'::jsonb, 'notes', null, 'custom', '{}'::jsonb, 'assigned_to', null, 'assigned_by', null,
    'assigned_at', null, 'is_vip', false, 'is_at_risk', false,
  'is_mystery_shopper', false, 'is_contractor', false, 'opted_out', false, 'do_not_call', false, 'completeness', 40, 'avatar_url',
    null, 'country', 'ES', 'message_count', 0, 'call_count', 0,
  'last_contact_at', null, 'created_at', to_json(now()), 'updated_at', to_json(now())), 'a new contact, field by field') from made;
select is(a - 'data' - 'next_cursor', jsonb_build_object('status', 201, 'headers', jsonb_build_object('ETag', '"1"', 'Location',
  '/functions/v1/get-contact?contact_id=' || pg_temp.named('Ana'))), 'made, where, in what version') from made;
create temp table everything as
  select '{"name": "All", "phone": "+34600111000", "email": "a@b.example", "company": "C", "source": "lead_form", "status": "qualified", "sale_status": "signed", "stage": "closing",
  "value": 12.5, "tags": ["a"], "notes": "N", "custom": {"k": [1]}, "is_vip": true, "is_mystery_shopper": true, "is_contractor": true, "opted_out": true, "do_not_call": true, "avatar_url": "https://a.example", "channels": ["web"],
  "country": "ES"}'::jsonb || jsonb_build_object('assigned_to', pg_temp.id('ann')) as given;
select is(data - array(select jsonb_object_keys(data) except select jsonb_object_keys(given)),
  given || '{"tags": ["a", "opt-out", "Do Not Call"]}', 'with everything that can be given')
from everything, lateral (select pg_temp.create(given) -> 'data' as data) a;
select is(pg_temp.create('{"name": "By key"}', who => 'key') #>> '{data,source}', 'api', 'one that a key makes comes from the API');
select is(pg_temp.create('{"name": "By writer"}', who => 'writer') #>> '{data,name}', 'By writer',
  'a key that may only write sees what it made');
select is(pg_temp.create('{"name": "Nulls", "status": null, "tags": null, "custom": null, "source": null, "stage": null, "is_vip": null}') -> 'data' @>
  '{"status": "new", "tags": [], "custom": {}, "source": "manual", "stage": "inquiry", "is_vip": false}', true,
    'null is the beginning, where there must be something');
select is(pg_temp.refusal(format('select pg_temp.create(%L)', jsonb_build_object('phone', phone))),
  concat_ws(' ', 'PT409 contact_exists', jsonb_build_object('contact_id', pg_temp.named(name))), format('%s exists', phone))
from (values ('+34600111222', 'Ana')) v (phone, name);
select pg_temp.create('{"name": "Bia", "phone": "+5511912345678", "country": "BR"}');
select is(pg_temp.refusal($$ select pg_temp.create('{"phone": "+551112345678"}') $$), concat_ws(' ', 'PT409 contact_exists',
  jsonb_build_object('contact_id', pg_temp.named('Bia'))), 'so does a variant');
select is(pg_temp.refusal(format('select pg_temp.create(%L)', given)), refusal, format('refused: %s', given))
from (values ('{"stage": "nowhere"}'::jsonb,
  'PT422 validation_failed {"errors": [{"code": "unknown_stage", "path": "/stage", "message": "The workspace''s stages are inquiry, comparing, closing, in_progress, follow_up."}]}'),
  (jsonb_build_object('assigned_to', pg_temp.id('nobody')),
    'PT422 validation_failed {"errors": [{"code": "not_a_member", "path": "/assigned_to", "message": "A contact can only be assigned to a member of its workspace."}]}')) v (given, refusal);

-- Create many ----------------------------------------------------------------------------------------

create temp table many as
  select n, a from private.call(jsonb_build_object('type', 'member', 'user_id', pg_temp.id('ann')), 'contacts:write', 'create_contacts',
    '{"items": [{"name": "Many 1", "phone": "+34600333001"}, {"name": "Not Ana", "phone": "+34600111222"}, {"name": "Not Bia", "phone": "+551112345678"},
      {"name": "Many 2", "phone": "+5511912345679"}, {"name": "Not 2", "phone": "+551112345679"},
      {"name": "Not 1", "phone": "+34600333001"}, {"name": "Many 3", "status": null}]}') as c,
    jsonb_array_elements(c.body::jsonb) with ordinality as e (a, n);
select is(jsonb_agg(case when a <> 'null' then jsonb_build_array(a -> 'status', (a ->> 'body')::jsonb #> '{data,name}') end order by n),
  '[[201, "Many 1"], null, null, [201, "Many 2"], null, null, [201, "Many 3"]]', 'each that is nobody''s, in the order of the list') from many;
select is(a, jsonb_build_object('status', 201, 'body', a -> 'body', 'headers', jsonb_build_object('ETag', '"1"', 'Location',
  '/functions/v1/get-contact?contact_id=' || pg_temp.named('Many 2'))), 'as one that is made alone') from many where n = 4;
select is(array(select name from contacts where workspace_id = pg_temp.id('workspace') and name ~ '^(Many|Not) ' order by name),
  '{Many 1,Many 2,Many 3}', 'and no other');
select is(pg_temp.refusal($$ select pg_temp.call('create_contacts', '{"items": [{"name": "Read"}]}', 'contacts:read', 'reader') $$),
  'PT403 insufficient_scope', 'not for a reader');

-- Create or update ----------------------------------------------------------------------------------

create temp table upserted as
  select pg_temp.create('{"phone": "+551112345678", "country": "AR", "company": "Bia SA", "tags": ["VIP"]}', 'update') as a;
select is(jsonb_build_array(a -> 'status', a #> '{data,name}', a #> '{data,phone}', a #> '{data,country}', a #> '{data,company}',
  a #> '{data,tags}', a #> '{headers}'),
  '[200, "Bia", "+5511912345678", "BR", "Bia SA", ["VIP"], {"ETag": "\"2\""}]',
    'what is given is written, what is not stays, the number too') from upserted;
select is(pg_temp.create('{"phone": "+34600999000", "name": "New"}', 'update') ->> 'status', '201', 'who is not there is made');
-- A consent that is given is kept, whatever tags come with it.
select is(pg_temp.create(given, 'update') #>> '{data,opted_out}', opted_out, format('%s opted out: %s', given, opted_out))
from (values ('{"phone": "+5511912345678", "opted_out": true}'::jsonb, 'true'),
  ('{"phone": "+5511912345678", "opted_out": true, "tags": ["VIP"]}', 'true'), ('{"phone": "+5511912345678", "company": "X"}',
  'true'),
  ('{"phone": "+5511912345678", "tags": ["VIP", "OPT-OUT"]}', 'true'),
    ('{"phone": "+5511912345678", "opted_out": false, "tags": ["opt-out"]}', 'false'),
    ('{"phone": "+5511912345678", "tags": ["opt-out"]}', 'true'),
  ('{"phone": "+5511912345678", "tags": []}', 'false')) v (given, opted_out);

-- Update --------------------------------------------------------------------------------------------

select is(pg_temp.update('Ana',
  '{"company": "Acme", "value": 1200.50}') -> 'data' @> '{"company": "Acme", "value": 1200.5, "name": "Ana", "phone": "+34600111222", "country": "ES"}', true, 'what is given is written, the rest stays');
select is(pg_temp.update('Ana', '{}') #>> '{headers,ETag}', '"2"', 'nothing given, nothing changed');
create temp table cleared as select pg_temp.update('All', (select jsonb_object_agg(key, null) from everything,
  jsonb_object_keys(given) key where key <> 'name')) -> 'data' as data;
select is(data - array(select jsonb_object_keys(data) except select jsonb_object_keys(given)),
  '{"name": "All", "phone": null, "email": null, "company": null, "source": "manual", "status": "new", "sale_status": "none",
  "stage": "inquiry", "value": null, "tags": [], "notes": null, "custom": {}, "is_vip": false, "is_mystery_shopper": false, "is_contractor": false, "opted_out": false, "do_not_call": false, "avatar_url": null, "channels": [],
  "country": null, "assigned_to": null}', 'null clears, each to its beginning') from cleared, everything;
select is(pg_temp.update('Ana', '{"phone": null}') -> 'data' @> '{"phone": null, "whatsapp_contact_id": null, "country": null}',
  true, 'a number that is cleared takes its country along');
select is(pg_temp.update('Ana', '{"phone": "+34600111222", "country": "ES"}') #>> '{data,country}', 'ES',
  'and a new one brings its own');
select is(pg_temp.update('Bia', '{"phone": "+551112345678"}') #>> '{data,phone}', '+551112345678',
  'one''s own number can be written the other way');
select is(pg_temp.refusal($$ select pg_temp.update('Ana', '{"phone": "+5511912345678"}') $$), concat_ws(' ', 'PT409 contact_exists',
  jsonb_build_object('contact_id', pg_temp.named('Bia'))), 'another''s cannot');
insert into contact_identities (workspace_id, contact_id, channel, external_id) values (pg_temp.id('workspace'),
  pg_temp.named('Bia'), 'whatsapp', '34600777777');
select is(pg_temp.refusal($$ select pg_temp.update('Ana', '{"phone": "+34600777777"}') $$), concat_ws(' ', 'PT409 contact_exists',
  jsonb_build_object('contact_id', pg_temp.named('Bia'))), 'nor one that another writes from');
select is(pg_temp.refusal(format('select pg_temp.call(''update_contact'', %L)', jsonb_build_object('contact_id',
  pg_temp.id('nobody'), 'set', '{}'::jsonb))), 'PT404 contact_not_found', 'nobody');
select is(pg_temp.refusal(format('select pg_temp.call(''update_contact'', %L, who => ''reader'')', jsonb_build_object('contact_id',
  pg_temp.named('Ana'), 'set', '{}'::jsonb))), 'PT403 insufficient_scope {"required_scope": "contacts:write"}', 'a key that reads');
update workspaces set stages = '{begin,end}' where id = pg_temp.id('workspace');
select is(pg_temp.update('Ana', '{"notes": "Still at an old stage"}') #>> '{data,stage}', 'inquiry',
  'a stage that has left the list is nobody''s fault');

-- Tags.
select is(pg_temp.update('Ana', set, more) -> 'data' -> 'tags', tags, format('%s %s → %s', set, more, tags))
from (values
  ('{"tags": ["a", "b"]}'::jsonb, '{}'::jsonb, '["a", "b"]'::jsonb), ('{}', '{"add_tags": ["c", "a", " c "]}', '["a", "b", "c"]'),
    ('{}', '{"remove_tags": ["b", "z"]}', '["a", "c"]'),
  ('{}', '{"add_tags": ["d"], "remove_tags": ["a", "d"]}', '["c"]'), ('{"tags": ["x"]}', '{"add_tags": ["y"]}', '["x", "y"]'),
    ('{"tags": ["x", "z"]}', '{"remove_tags": ["x"]}', '["z"]'),
  ('{}', '{"add_tags": ["Opt-Out"]}', '["z", "opt-out"]'), ('{}', '{"remove_tags": ["OPT-OUT"]}', '["z"]'),
    ('{"do_not_call": true}', '{"add_tags": ["w"]}', '["z", "w", "Do Not Call"]'),
  ('{"opted_out": true, "tags": ["v"], "do_not_call": true}', '{}', '["v", "opt-out", "Do Not Call"]'),
    ('{"opted_out": false}', '{}', '["v", "Do Not Call"]'), ('{"tags": null}', '{}', '[]')) v (set, more, tags);

-- If-Match.
select pg_temp.update('Ana', '{"company": "Current"}');
create temp table version as select version, format('"%s"', version) as etag from contacts where id = pg_temp.named('Ana');
select is(pg_temp.refusal(format('select pg_temp.update(''Ana'', ''{}'', %L)', jsonb_build_object('if_match', if_match))),
  case when holds then 'none' else concat_ws(' ', 'PT412 precondition_failed', jsonb_build_object('etag', etag)) end,
  format('If-Match of version %s: %s', version, if_match))
from version, lateral (values (etag, true), ('*', true), (' * ', true), ('"0", ' || etag, true), (etag || ' , "0"', true),
  ('"0"', false), ('W/' || etag, false), (version::text, false), ('', false), ('"*"', false)) v (if_match, holds);

-- Get -------------------------------------------------------------------------------------------------

insert into conversations (id, workspace_id, contact_id) values (pg_temp.id('thread'), pg_temp.id('workspace'),
  pg_temp.named('Bia'));
insert into internal_notes (workspace_id, contact_id, content, created_at)
select pg_temp.id('workspace'), pg_temp.named('Bia'), n::text, '2026-01-01'::timestamptz + make_interval(mins => n)
  from generate_series(1, 12) n;
create function pg_temp.get(args jsonb, who text default 'ann') returns jsonb language sql as $$ select pg_temp.call('get_contact',
  args, 'contacts:read', who) $$;
create temp table got as select pg_temp.get('{"phone": "+5511912345678"}') as a;
select is(a #>> '{data,id}', pg_temp.named('Bia')::text, 'a contact is found by a variant of the number') from got;
select is(a #>> '{headers,ETag}', (select format('"%s"', version) from contacts where id = pg_temp.named('Bia')),
  'with its version') from got;
select is(a #>> '{data,conversation,id}', pg_temp.id('thread')::text, 'its open conversation') from got;
select is(jsonb_path_query_array(a, '$.data.latest_notes[*].content'), '["12", "11", "10", "9", "8", "7", "6", "5", "4", "3"]',
  'its ten latest notes') from got;
select is(jsonb_path_query_array(a, '$.data.identities[*].external_id'), '["34600777777"]', 'its identities') from got;
select is(pg_temp.get('{"phone": "+34600777777"}') #>> '{data,name}', 'Bia', 'and by one of those');
update conversations set status = 'resolved', phase = 'resolved' where id = pg_temp.id('thread');
select is(pg_temp.get('{"phone": "+5511912345678"}') #> '{data,conversation}', 'null', 'one that is resolved is not open');
select is(pg_temp.get('{"phone": "+5511912345678"}', 'reader') #> '{data,latest_notes}', '[]',
  'a key that may not read notes gets none');
select is(pg_temp.refusal(format('select pg_temp.get(%L)', args)), 'PT404 contact_not_found', format('nobody is %s', args))
from unnest(array[jsonb_build_object('contact_id', pg_temp.id('nobody')), '{"phone": "+34600000000"}', '{"phone": "x"}',
  '{}']) args;

-- Tags and the log ---------------------------------------------------------------------------------------

select pg_temp.update('Ana', '{"tags": ["x", "y"]}'); select pg_temp.update('Bia', '{"tags": ["y", "opt-out"]}');
select is(pg_temp.call('contact_tags', '{}', 'contacts:read') -> 'data',
  '[{"tag": "y", "count": 2}, {"tag": "opt-out", "count": 1}, {"tag": "x", "count": 1}]', 'tags, the most used first');
create function pg_temp.log(args jsonb default '{}') returns jsonb language sql as $$ select pg_temp.call('list_activity', args,
  'contacts:read', 'reader') $$;
delete from activity_log where workspace_id = pg_temp.id('workspace');
insert into activity_log (id, workspace_id, actor_type, action, entity_type, entity_id, created_at)
select pg_temp.id('line ' || n), pg_temp.id('workspace'), 'system', 'test.n_' || chr(96 + n), case when n % 2 = 0 then 'contact'
  else 'conversation' end, pg_temp.id('entity ' || n % 3),
  '2026-01-01'::timestamptz + make_interval(secs => n / 3) from generate_series(1, 9) n;
create function pg_temp.walk(args jsonb) returns text language plpgsql as $$
declare
  answer jsonb;
  walked text := '';
begin
  loop
    answer := pg_temp.log(args);
    walked := walked || coalesce((select string_agg(right(item ->> 'action', 1), '' order by n)
      from jsonb_array_elements(answer -> 'data') with ordinality as d (item, n)), '') || '|';
    args := args || jsonb_build_object('cursor', answer -> 'next_cursor');
    exit when answer ->> 'next_cursor' is null;
  end loop;
  return walked;
end
$$;
create temp table newest as select string_agg(right(action, 1), '' order by created_at desc, id desc) as all_of_them
  from activity_log where workspace_id = pg_temp.id('workspace');
select is(replace(pg_temp.walk(jsonb_build_object('limit', page)), '|', ''), all_of_them,
  format('the log by %s: newest first, each once', page)) from newest, unnest(array[1, 2, 4, 9, 50]) page;
select is(pg_temp.walk(args), (select string_agg(right(action, 1), '' order by created_at desc, id desc) from activity_log
  where workspace_id = pg_temp.id('workspace') and
    (entity_type = coalesce(replace(args ->> 'entity_type', 'lead', 'contact'), entity_type))
      and entity_id = coalesce((args ->> 'entity_id')::uuid, entity_id)) || '|', format('the log of %s', args))
from unnest(array['{"entity_type": "contact"}', '{"entity_type": "lead"}', '{"entity_type": "conversation"}',
  jsonb_build_object('entity_id', pg_temp.id('entity 1')),
  jsonb_build_object('entity_id', pg_temp.id('entity 0'), 'entity_type', 'contact')]) args;
select is(pg_temp.log('{"limit": 1, "entity_type": "contact"}') #> '{data,0}', jsonb_build_object('id', pg_temp.id('line 8'),
  'actor', '{"type": "system", "id": null}'::jsonb, 'action', 'test.n_h', 'entity_type', 'contact',
  'entity_id', pg_temp.id('entity 2'), 'changes', '{}'::jsonb, 'created_at', '2026-01-01T00:00:02+00:00'), 'a line');
select throws_ok(format('select pg_temp.log(%L)', change || jsonb_build_object('cursor',
  pg_temp.log('{"limit": 1}') -> 'next_cursor')), 'PT400', 'invalid_cursor', format('a cursor of the whole log is not one of %s',
  change))
from unnest(array['{"entity_type": "contact"}', jsonb_build_object('entity_id', pg_temp.id('entity 1'))]) change;

select * from finish();
rollback;
