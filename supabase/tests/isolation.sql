-- Two workspaces hold twins: the same people under other ids. Whatever is asked through private.call,
-- in particular of the functions that run as their owner and so past the policies, answers with the
-- caller's own twins and nothing of the other's.
begin;
set local search_path = public, extensions;
select plan(144);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('isolation ' || label)::uuid $$;

-- The answer of an operation, called with a key of every scope or, for `admin`, as the owner.
create function pg_temp.call(place text, operation text, args jsonb default '{}', scope text default 'contacts:read') returns jsonb
language sql as $$
  select jsonb_build_object('status', status, 'body', body::jsonb, 'headers', headers)
  from private.call(
    case when scope = 'admin' then jsonb_build_object('type', 'member', 'user_id', pg_temp.id(place || ' owner'))
      else jsonb_build_object('type', 'api_key', 'hash', encode(sha256(convert_to('isolation ' || place, 'UTF8')), 'hex')) end,
    scope, operation, args)
$$;

insert into auth.users (id, email)
select pg_temp.id(place || ' ' || who), who || '@' || place || '.example'
from unnest(array['home', 'away']) place, unnest(array['owner', 'agent']) who;
insert into workspaces (id, name, default_country) values (pg_temp.id('home'), 'Home', 'ES'), (pg_temp.id('away'), 'Away', 'BR');
insert into workspace_members (workspace_id, user_id, role, handle)
select pg_temp.id(place), pg_temp.id(place || ' ' || who), who::member_role, who
from unnest(array['home', 'away']) place, unnest(array['owner', 'agent']) who;
insert into api_keys (id, workspace_id, name, prefix, key_hash, scopes)
select pg_temp.id(place || ' key'), pg_temp.id(place), place || ' key', 'lb_isolate0',
  sha256(convert_to('isolation ' || place, 'UTF8')), '{*}'
from unnest(array['home', 'away']) place;

create temp table twins (label text, place text, id uuid) on commit drop;
insert into twins select n, place, pg_temp.id(place || ' ' || n)
from unnest(array['home', 'away']) place, unnest(array['one', 'two', 'three']) n;
insert into contacts (id, workspace_id, name, phone, email, company, source, channels, status, auto_status, sale_status, stage,
  value, score, grade, sentiment, tags, notes, assigned_to, is_vip, is_at_risk, is_mystery_shopper, is_contractor, opted_out,
  do_not_call, call_count, created_at)
select t.id, pg_temp.id(t.place), 'Twin ' || t.label, p.phone, t.label || '@twins.example', 'Twins', 'broadcast', '{web}',
  'qualified', 'active', 'signed', 'closing', 100, 10, 'B', 'positive', array['twin', t.label], 'Seen together',
  pg_temp.id(t.place || ' agent'), true, true, true, true, true, true, 4, '2026-02-01'
from twins t join (values ('one', '+34600000001'), ('two', '+34600000002'), ('three', '+34600000003')) p (label,
  phone) using (label);
update contact_activity a set last_contact_at = '2026-03-01' from twins t where a.contact_id = t.id;
-- Only the other workspace knows this one.
insert into contacts (id, workspace_id, name, phone, tags, created_at)
values (pg_temp.id('away single'), pg_temp.id('away'), 'Single', '+5511911111111', '{single}', '2020-01-01');
insert into conversations (id, workspace_id, contact_id)
select pg_temp.id(place || ' conversation'), pg_temp.id(place), id from twins where label = 'one';
insert into internal_notes (id, workspace_id, contact_id, content, author_user_id)
select pg_temp.id(place || ' note'), pg_temp.id(place), id, place, pg_temp.id(place || ' owner') from twins where label = 'one';

-- Which twins an answer holds: 'home one, home two'.
create function pg_temp.twins_in(answer jsonb) returns text language sql as $$
  select string_agg(coalesce(t.place || ' ' || t.label, 'stranger'), ', ' order by t.place, t.label)
  from jsonb_array_elements(answer -> 'body' -> 'data') item left join twins t on t.id = (item ->> 'id')::uuid
$$;

-- Every filter, alone ----------------------------------------------------------------------------

create temp table filters (filter jsonb) on commit drop;
insert into filters values
  ('{}'), ('{"search": "twin"}'), ('{"search": "+34 600 000"}'), ('{"search": "t"}'), ('{"search": "seen together"}'),
  ('{"status": ["qualified"]}'), ('{"auto_status": ["active"]}'), ('{"source": ["broadcast"]}'), ('{"channel": ["web"]}'),
  ('{"stage": ["closing"]}'), ('{"sale_status": ["signed"]}'), ('{"grade": ["B"]}'), ('{"sentiment": ["positive"]}'),
  ('{"tags": ["twin"]}'), ('{"tags_all": ["twin", "opt-out"]}'), ('{"created_from": "2026-02-01T00:00:00Z"}'),
  ('{"created_to": "2026-02-01T00:00:00Z"}'), ('{"last_contact_from": "2026-02-28T00:00:00Z"}'),
  ('{"last_contact_to": "2026-03-02T00:00:00Z"}'), ('{"has_email": true}'), ('{"call_count_min": 4}'),
  ('{"call_count_max": 4, "tags": ["twin"]}'), ('{"score_min": 10}'), ('{"score_max": 10, "tags": ["twin"]}'),
  ('{"value_min": 100}'), ('{"value_max": 100}'), ('{"is_vip": true}'), ('{"is_at_risk": true}'),
  ('{"is_mystery_shopper": true}'), ('{"is_contractor": true}'), ('{"opted_out": true}'), ('{"do_not_call": true}');
select is(
  pg_temp.twins_in(pg_temp.call(place, 'list_contacts', jsonb_build_object('filter', filter))),
  replace('place one, place three, place two', 'place', place)
    || case when place = 'away' and filter in ('{}', '{"created_to": "2026-02-01T00:00:00Z"}') then ', stranger' else '' end,
  format('%s lists its own with %s', place, filter))
from filters, unnest(array['home', 'away']) place;
select is((pg_temp.call('home', 'list_contacts', jsonb_build_object('filter', filter, 'count', 'exact', 'limit',
  1)) #>> '{body,total}')::int, 3,
  format('home counts its own with %s', filter))
from filters;
select is(pg_temp.twins_in(pg_temp.call('home', 'list_contacts',
    jsonb_build_object('filter', jsonb_build_object('assigned_to', pg_temp.id(place || ' agent'))))),
  case place when 'home' then 'home one, home three, home two' end, format('assigned to the agent of %s: %s', place, place))
from unnest(array['home', 'away']) place;
select is(pg_temp.twins_in(pg_temp.call('home', 'list_contacts', '{"filter": {"tags": ["single"]}}')), null,
  'a tag of the other workspace finds nobody');
-- Text that tries to leave its quotes.
select is(pg_temp.twins_in(pg_temp.call('home', 'list_contacts', jsonb_build_object('filter', filter))), null,
  format('nobody is found by %s', filter))
from (values ('{"search": "'') or true or c.name like (''"}'::jsonb), ('{"tags": ["x''} or true --"]}'),
  ('{"stage": ["'' or ''''=''"]}')) as f (filter);

-- Every sort, page by page -------------------------------------------------------------------------

create function pg_temp.walk(place text, sort text) returns text language plpgsql as $$
declare
  answer jsonb;
  cursor text;
  walked jsonb := '[]';
begin
  for turn in 1..20 loop
    answer := pg_temp.call(place, 'list_contacts', jsonb_strip_nulls(jsonb_build_object('sort', sort, 'limit', 1, 'cursor',
      cursor)));
    walked := walked || (answer #> '{body,data}');
    cursor := answer #>> '{body,next_cursor}';
    exit when cursor is null;
  end loop;
  return pg_temp.twins_in(jsonb_build_object('body', jsonb_build_object('data', walked)));
end
$$;
select is(pg_temp.walk('home', direction || sort), 'home one, home three, home two', format('home pages through its own by %s%s',
  direction, sort))
from unnest(array['created_at', 'last_contact_at', 'updated_at', 'name', 'value', 'score']) sort, unnest(array['', '-']) direction;

-- Cursors ------------------------------------------------------------------------------------------

create function pg_temp.cursor_of(place text, operation text, args jsonb default '{}') returns text language sql
as $$ select pg_temp.call(place, operation, args || '{"limit": 1}') #>> '{body,next_cursor}' $$;
create function pg_temp.follow(place text, operation text, cursor text, args jsonb default '{}') returns jsonb language sql
as $$ select pg_temp.call(place, operation, args || jsonb_build_object('limit', 1, 'cursor', cursor)) $$;
select is(pg_temp.twins_in(pg_temp.follow('home', 'list_contacts', pg_temp.cursor_of('home', 'list_contacts', '{"sort": "name"}'),
  '{"sort": "name"}')),
  'home three', 'a cursor of one''s own goes on');
select throws_ok($$ select pg_temp.follow('home', 'list_contacts', pg_temp.cursor_of('away', 'list_contacts')) $$,
  'PT400', 'invalid_cursor', 'a cursor of the other workspace is refused');
select throws_ok($$ select pg_temp.follow('home', 'list_activity', pg_temp.cursor_of('away', 'list_activity')) $$,
  'PT400', 'invalid_cursor', 'so is one of its log');
select throws_ok($$ select pg_temp.follow('home', 'list_activity', pg_temp.cursor_of('home', 'list_contacts')) $$,
  'PT400', 'invalid_cursor', 'and one of another operation');

-- One by one ----------------------------------------------------------------------------------------

select is(pg_temp.call(place, 'workspace') #> '{body,data}' ->> 'name', initcap(place), place || ' is told its own name')
  from unnest(array['home', 'away']) place;
select is(pg_temp.call('home', 'contact_kpis', '{"include_test": true}') #>> '{body,data,total_contacts}', '3', 'home has three');
select is(pg_temp.call('away', 'contact_kpis', '{"include_test": true}') #>> '{body,data,total_contacts}', '4', 'away has four');
select is(pg_temp.call('home', 'contact_tags') #> '{body,data}',
  '[{"tag": "Do Not Call", "count": 3}, {"tag": "opt-out", "count": 3}, {"tag": "twin", "count": 3}, {"tag": "one", "count": 1},
    {"tag": "three", "count": 1}, {"tag": "two", "count": 1}]', 'home counts its own tags');
select is(pg_temp.call('home', 'get_contact', '{"phone": "+34600000001"}') #>> '{body,data,id}', pg_temp.id('home one')::text,
  'a number that both know is one''s own contact');

-- Ids and numbers of the other workspace do not exist.
create temp table strangers (operation text, scope text, args jsonb, code text) on commit drop;
insert into strangers values
  ('get_contact', 'contacts:read', jsonb_build_object('contact_id', pg_temp.id('away one')), 'contact_not_found'),
  ('get_contact', 'contacts:read', '{"phone": "+5511911111111"}', 'contact_not_found'),
  ('update_contact', 'contacts:write', jsonb_build_object('contact_id', pg_temp.id('away one'), 'set', '{"name": "Mine"}'::jsonb),
    'contact_not_found'),
  ('handoff', 'conversations:write', jsonb_build_object('contact_id', pg_temp.id('away one')), 'contact_not_found'),
  ('handoff', 'conversations:write', '{"phone": "+5511911111111"}', 'contact_not_found'),
  ('list_notes', 'notes:read', jsonb_build_object('entity_type', 'lead', 'entity_id', pg_temp.id('away one')), 'entity_not_found'),
  ('list_notes', 'notes:read', jsonb_build_object('entity_type', 'conversation', 'entity_id', pg_temp.id('away conversation')),
    'entity_not_found'),
  ('create_note', 'notes:write', jsonb_build_object('entity_type', 'lead', 'entity_id', pg_temp.id('away one'), 'content', 'Hi'),
    'entity_not_found'),
  ('create_note', 'notes:write', jsonb_build_object('entity_type', 'conversation', 'entity_id', pg_temp.id('away conversation'),
    'content', 'Hi'), 'entity_not_found'),
  ('delete_note', 'notes:write', jsonb_build_object('note_id', pg_temp.id('away note')), 'note_not_found'),
  ('delete_note', 'admin', jsonb_build_object('note_id', pg_temp.id('away note')), 'note_not_found'),
  ('delete_api_key', 'admin', jsonb_build_object('key_id', pg_temp.id('away key')), 'api_key_not_found');
select throws_ok(format('select pg_temp.call(''home'', %L, %L, %L)', operation, args, scope), 'PT404', code,
  format('404 for %s %s', operation, args))
from strangers;
select is((select array_agg(content order by content) from internal_notes where id in (pg_temp.id('home note'),
  pg_temp.id('away note'))),
  array['away', 'home'], 'both notes are still there');

select is(pg_temp.call('home', 'list_notes', jsonb_build_object('entity_type', 'lead', 'entity_id', pg_temp.id('home one')),
  'notes:read') #>> '{body,data,0,content}',
  'home', 'one''s own note is read');
select is(jsonb_path_query_array(pg_temp.call('home', 'list_api_keys', '{}', 'admin') -> 'body', '$.data[*].name'), '["home key"]',
  'home lists its own key');
select is((pg_temp.call('home', 'list_activity',
  '{"limit": 200}') #> '{body,data}') @> jsonb_build_array(jsonb_build_object('entity_id', id)), place = 'home',
  format('the log of home knows %s one: %s', place, place = 'home')) from twins where label = 'one';
select is(jsonb_array_length(pg_temp.call('home', 'list_activity', jsonb_build_object('entity_id',
  pg_temp.id('away one'))) #> '{body,data}'), 0,
  'nor does it by that one''s id');
select throws_ok(
  $$ select pg_temp.call('home', 'update_contact', jsonb_build_object('contact_id', pg_temp.id('home one'),
       'set', jsonb_build_object('assigned_to', pg_temp.id('away agent'))), 'contacts:write') $$,
  'PT422', 'validation_failed', 'nothing is assigned to the other workspace''s agent');
-- The last, since it makes a contact.
select is(pg_temp.call('home', 'create_contact', '{"contact": {"phone": "+5511911111111"}}', 'contacts:write') ->> 'status', '201',
  'a number of the other workspace is free here');

select * from finish();
rollback;
