-- api.list_contacts: every filter alone, search, every sort page by page, cursors, counts.
begin;
set local search_path = public, extensions;
select plan(339);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('list contacts ' || label)::uuid $$;
insert into auth.users (id, email) select pg_temp.id(n), n || '@list.example' from unnest(array['ann', 'ben']) n;
insert into workspaces (id, name) values (pg_temp.id('workspace'), 'Workspace'), (pg_temp.id('empty'), 'Empty'),
  (pg_temp.id('many'), 'Many');
insert into workspace_members (workspace_id, user_id, handle) select pg_temp.id('workspace'), pg_temp.id(n),
  n from unnest(array['ann', 'ben']) n;
insert into api_keys (workspace_id, name, prefix, key_hash, scopes)
select pg_temp.id(place), place, 'lb_listlist', sha256(convert_to('list contacts ' || place, 'UTF8')), '{contacts:read}'
  from unnest(array['empty', 'many']) place;

create function pg_temp.list(args jsonb, who text default 'ann') returns jsonb language sql as $$
  select body::jsonb from private.call(
    case when who in ('ann', 'ben') then jsonb_build_object('type', 'member', 'user_id', pg_temp.id(who))
      else jsonb_build_object('type', 'api_key', 'hash', encode(sha256(convert_to('list contacts ' || who, 'UTF8')), 'hex')) end,
    'contacts:read', 'list_contacts', args)
$$;
-- The names on a page, in their order by default of the alphabet.
create function pg_temp.names(answer jsonb) returns text language sql as $$
  select coalesce(string_agg(item ->> 'name', ' ' order by item ->> 'name'), '-') from jsonb_array_elements(answer -> 'data') item
$$;

-- Every filter ----------------------------------------------------------------------------------

-- Three contacts that differ in everything that can be filtered.
insert into contacts (workspace_id, name, email, source, channels, status, auto_status, sale_status, stage, value, score, grade,
  sentiment, tags, assigned_to,
  is_vip, is_at_risk, is_mystery_shopper, is_contractor, opted_out, do_not_call, call_count, created_at) values
  (pg_temp.id('workspace'), 'a', 'a@list.example', 'chat', '{whatsapp,web}', 'new', 'active', 'none', 'inquiry', 10, 1, 'A',
    'positive', '{red,blue}', pg_temp.id('ann'),
    true, false, true, false, true, false, 1, '2026-01-01T12:00:00Z'),
  (pg_temp.id('workspace'), 'b', null, 'import', '{web}', 'lost', 'churned', 'sold', 'closing', 20.5, 2, 'B', 'negative', '{red}',
    pg_temp.id('ben'),
    false, true, false, true, false, true, 2, '2026-01-02T12:00:00Z'),
  (pg_temp.id('workspace'), 'c', null, 'manual', '{}', 'qualified', 'inactive', 'pending', 'follow_up', null, 3, null, 'neutral', '{}',
    null,
    false, false, false, false, false, false, 0, '2026-01-03T12:00:00Z');
update contact_activity a set last_contact_at = c.created_at
from contacts c where c.id = a.contact_id and c.workspace_id = pg_temp.id('workspace') and c.name in ('a', 'b');
create temp table filters (filter jsonb, expected text) on commit drop;
insert into filters values
  ('{}', 'a b c'),
  ('{"status": ["new"]}', 'a'), ('{"status": ["new", "lost"]}', 'a b'), ('{"status": ["contacted"]}', '-'),
  ('{"auto_status": ["churned"]}', 'b'), ('{"auto_status": ["churned", "new", "inactive"]}', 'b c'),
  ('{"source": ["chat"]}', 'a'), ('{"source": ["import", "manual"]}', 'b c'), ('{"source": ["api"]}', '-'),
  ('{"channel": ["web"]}', 'a b'), ('{"channel": ["whatsapp"]}', 'a'), ('{"channel": ["telegram", "whatsapp"]}', 'a'),
    ('{"channel": ["telegram"]}', '-'),
  ('{"stage": ["closing"]}', 'b'), ('{"stage": ["inquiry", "follow_up"]}', 'a c'), ('{"stage": ["no such stage"]}', '-'),
  ('{"sale_status": ["sold"]}', 'b'), ('{"sale_status": ["none", "pending"]}', 'a c'),
  ('{"grade": ["A"]}', 'a'), ('{"grade": ["A", "B"]}', 'a b'), ('{"grade": ["F"]}', '-'),
  ('{"sentiment": ["neutral"]}', 'c'), ('{"sentiment": ["positive", "negative"]}', 'a b'),
  ('{"tags": ["red"]}', 'a b'), ('{"tags": ["blue", "green"]}', 'a'), ('{"tags": ["Red"]}', '-'), ('{"tags": ["opt-out"]}', 'a'),
  ('{"tags_all": ["red"]}', 'a b'), ('{"tags_all": ["red", "blue"]}', 'a'), ('{"tags_all": ["red", "green"]}', '-'),
    ('{"tags_all": ["Do Not Call", "red"]}', 'b'),
  ('{"created_from": "2026-01-02T12:00:00Z"}', 'b c'), ('{"created_from": "2026-01-02T12:00:00.000001Z"}', 'c'),
    ('{"created_from": "2026-01-02T13:00:00+01:00"}', 'b c'),
  ('{"created_to": "2026-01-02T12:00:00Z"}', 'a b'), ('{"created_to": "2026-01-02T11:59:59.999999Z"}', 'a'),
  ('{"created_from": "2026-01-02T00:00:00Z", "created_to": "2026-01-03T00:00:00Z"}', 'b'),
  ('{"last_contact_from": "2026-01-02T12:00:00Z"}', 'b'), ('{"last_contact_from": "2020-01-01T00:00:00Z"}', 'a b'),
  ('{"last_contact_to": "2026-01-01T12:00:00Z"}', 'a'), ('{"last_contact_to": "2030-01-01T00:00:00Z"}', 'a b'),
    ('{"last_contact_to": "2020-01-01T00:00:00Z"}', '-'),
  ('{"has_email": true}', 'a'), ('{"has_email": false}', 'b c'),
  ('{"call_count_min": 1}', 'a b'), ('{"call_count_min": 0}', 'a b c'), ('{"call_count_max": 1}', 'a c'),
    ('{"call_count_min": 1, "call_count_max": 1}', 'a'),
  ('{"score_min": 2}', 'b c'), ('{"score_max": 2}', 'a b'), ('{"score_min": 4}', '-'),
  ('{"value_min": 10}', 'a b'), ('{"value_min": 10.01}', 'b'), ('{"value_max": 20.5}', 'a b'), ('{"value_max": 10}', 'a'),
    ('{"value_min": 0}', 'a b'),
  ('{"assigned_to": "me"}', 'a'), ('{"assigned_to": "none"}', 'c'), (jsonb_build_object('assigned_to', pg_temp.id('ben')), 'b'),
    (jsonb_build_object('assigned_to', pg_temp.id('nobody')), '-'),
  ('{"is_vip": true}', 'a'), ('{"is_vip": false}', 'b c'), ('{"is_at_risk": true}', 'b'), ('{"is_at_risk": false}', 'a c'),
    ('{"is_mystery_shopper": true}', 'a'), ('{"is_mystery_shopper": false}', 'b c'),
  ('{"is_contractor": true}', 'b'), ('{"is_contractor": false}', 'a c'), ('{"opted_out": true}', 'a'),
    ('{"opted_out": false}', 'b c'), ('{"do_not_call": true}', 'b'), ('{"do_not_call": false}', 'a c'),
  ('{"status": ["new", "lost"], "tags": ["red"], "is_vip": true, "has_email": true, "score_max": 5, "search": "a"}', 'a'),
    ('{"status": ["new"], "is_vip": false}', '-');
select is(pg_temp.names(pg_temp.list(jsonb_build_object('filter', filter))), expected, format('%s: %s', filter, expected))
  from filters;
select is((pg_temp.list(jsonb_build_object('filter', filter, 'count', 'exact', 'limit', 1)) ->> 'total')::int,
  case expected when '-' then 0 else cardinality(string_to_array(expected, ' ')) end,
  format('counted: %s', filter)) from filters;
select is(pg_temp.names(pg_temp.list('{"filter": {"assigned_to": "me"}}', 'ben')), 'b', 'me is who asks');
select is(pg_temp.list('{"filter": {"assigned_to": "me"}}', 'empty') -> 'data', '[]', 'a key has nobody assigned to it');
select throws_ok(format('select pg_temp.list(%L)', jsonb_build_object('filter', filter)), 'PT422', 'validation_failed',
  format('%s is no filter', filter))
from unnest(array['{"colour": "red"}', '{"workspace_id": "x"}', '{"is_happy": true}', '{"id": "x"}']::jsonb[]) filter;
select is(pg_temp.list('{"filter": {}}') ? 'total', false, 'nothing is counted unless asked for');
select is(pg_temp.list('{"count": "none"}') ? 'total', false, 'none is none');
select is(jsonb_typeof(pg_temp.list('{"count": "estimated"}') -> 'total'), 'number', 'an estimate is a number');
select is(pg_temp.list('{"count": "exact"}', 'empty'), '{"data": [], "next_cursor": null, "total": 0}', 'an empty workspace');
-- Each is the contact as everywhere else.
select is(pg_temp.list('{"filter": {"tags": ["blue"]}}') #> '{data,0}', (
    select (body::jsonb -> 'data') - '{conversation,latest_notes,identities,latest_sentiment}'::text[] from private.call(jsonb_build_object('type',
      'member', 'user_id', pg_temp.id('ann')),
      'contacts:read', 'get_contact', jsonb_build_object('contact_id',
        (select id from contacts where workspace_id = pg_temp.id('workspace') and name = 'a')))),
  'what is listed is what get-contact shows');
select is(array(select jsonb_object_keys(pg_temp.list('{"limit": 1}') #> '{data,0}') order by 1),
  array(select unnest(array['id', 'name', 'phone', 'whatsapp_contact_id', 'email', 'company', 'source', 'channels', 'status',
    'auto_status', 'sale_status', 'stage', 'value', 'score', 'grade',
    'sentiment', 'sentiment_score', 'tags', 'notes', 'custom', 'assigned_to', 'assigned_by', 'assigned_at', 'is_vip', 'is_at_risk',
      'is_mystery_shopper', 'is_contractor', 'opted_out',
    'do_not_call', 'completeness', 'avatar_url', 'country', 'message_count', 'call_count', 'last_contact_at', 'created_at',
      'updated_at']) order by 1), 'with the documented fields and no other');
delete from contacts where workspace_id = pg_temp.id('workspace');

-- Search ----------------------------------------------------------------------------------------

insert into contacts (workspace_id, name, phone, email, company, notes) values
  (pg_temp.id('workspace'), 'José Müller', '+16045551234', 'jose@mueller.example', 'Straße 5 GmbH', null),
  (pg_temp.id('workspace'), 'Jane Doe', '+447911123456', 'jane.doe@acme.example', 'Acme & Sons',
    'Prefers mornings; call 2026-05-01'),
  (pg_temp.id('workspace'), '100% Juice', null, null, 'A_B C', E'back\\slash'),
  (pg_temp.id('workspace'), '1000 Juices', null, null, 'AxB C', 'backslash'),
  (pg_temp.id('workspace'), '山田太郎', '+819012345678', null, '日本電気', null),
  (pg_temp.id('workspace'), 'نور حداد', '+971501234567', null, 'شركة الحداد', null),
  (pg_temp.id('workspace'), 'O''Neil "Q"', null, null, 'Plumbers 24-7', '$1 \1 {x} [y]'),
  (pg_temp.id('workspace'), null, '+34600111222', null, null, null);
create function pg_temp.found(search text) returns text language sql as $$
  select coalesce(string_agg(coalesce(split_part(item ->> 'name', ' ', 1), 'nameless'), ' ' order by item ->> 'name' collate "C"),
    '-')
  from jsonb_array_elements(pg_temp.list(jsonb_build_object('filter', jsonb_build_object('search', search))) -> 'data') item
$$;
select is(pg_temp.found(search), expected, format('search %s: %s', to_json(search), expected))
from (values
  -- case and accents, both ways
  ('josé', 'José'), ('JOSÉ', 'José'), ('jose', 'José'), ('muller', 'José'), ('MÜLLER', 'José'), (E'Jose\u0301', 'José'),
    ('strasse', 'José'), ('Straße', 'José'), ('dóé', 'Jane'),
  -- parts, several words, in any order, over several fields
  ('ull', 'José'), ('doe jane', 'Jane'), ('jane acme', 'Jane'), ('  jane   doe ', 'Jane'), ('jane müller', '-'), ('@acme', 'Jane'),
    ('jane.doe@acme.example', 'Jane'), ('mornings', 'Jane'), ('& sons', 'Jane'), ('zzz', '-'),
  -- numbers, however they are punctuated
  ('6045551234', 'José'), ('+1 (604) 555-1234', 'José'), ('604.555', 'José'), ('(604) 555', 'José'), ('555-12', 'José'),
    ('55 51 23', 'José'), ('+44 7911', 'Jane'), ('1234', 'Jane José نور 山田太郎'), ('1234567', 'نور 山田太郎'),
    ('+34', 'Jane José نور 山田太郎 nameless'), ('+34 600', 'nameless'),
  ('604 999', '-'), ('0', '100% 1000 Jane José نور 山田太郎 nameless'),
  -- what looks like a number and is none
  ('24-7', 'O''Neil'), ('2026-05-01', 'Jane'), ('2026-05', 'Jane'), ('100%', '100%'), ('100', '100% 1000'), ('1000', '1000'),
  -- what means something to LIKE means itself
  ('%', '100%'), ('0%', '100%'), ('_', '100%'), ('a_b', '100%'), ('axb', '1000'), ('\', '100% O''Neil'), ('back\', '100%'),
    ('back\slash', '100%'), ('backslash', '1000'), ('\%', '-'), ('\1', 'O''Neil'),
  -- and to SQL and formats
  ('''', 'O''Neil'), ('o''neil', 'O''Neil'), ('"q"', 'O''Neil'), ('$1', 'O''Neil'), ('{x}', 'O''Neil'), ('[y]', 'O''Neil'),
    ('%s', '-'), ('%1$s', '-'), ('; drop table contacts', '-'), (''' or true --', '-'),
  -- one character
  ('z', '-'), ('q', 'O''Neil'), ('ü', '100% 1000 José O''Neil'), ('@', 'Jane José'), ('&', 'Jane'), ('5', 'Jane José نور 山田太郎'),
    ('.', 'Jane José'), ('-', 'Jane O''Neil'),
  -- other scripts
  ('山', '山田太郎'), ('山田', '山田太郎'), ('日本', '山田太郎'), ('電気 太郎', '山田太郎'), ('日中', '-'), ('نور', 'نور'), ('ح', 'نور'), ('حداد', 'نور'),
    ('الحداد نور', 'نور'), ('ж', '-'), ('😀', '-'),
  -- nothing to search for
  ('', '100% 1000 Jane José O''Neil نور 山田太郎 nameless'), ('   ', '100% 1000 Jane José O''Neil نور 山田太郎 nameless')
) as v (search, expected);
select is(pg_temp.found(repeat('long ', 1000)), '-', 'a very long search');
insert into contacts (workspace_id, name, phone) values
  (pg_temp.id('workspace'), 'Brasil', '+551187654321'), (pg_temp.id('workspace'), 'México', '+5215587654321'),
  (pg_temp.id('workspace'), 'Argentina', '+541187654321'), (pg_temp.id('workspace'), 'Berlin', '+4930901820');
select is(pg_temp.found(search), expected, format('the variants of a number are one: %s', search))
from (values
  ('+55 11 98765-4321', 'Brasil'), ('551187654321', 'Brasil'), ('+52 55 8765 4321', 'México'), ('5215587654321', 'México'),
  ('+54 9 11 8765-4321', 'Argentina'), ('541187654321', 'Argentina'), ('+55 11 98765-4322', '-'), ('+49 (0)30 901820', 'Berlin'),
  ('(0)30 901820', 'Berlin')
) as v (search, expected);
select is(pg_temp.list('{"filter": {"search": "5511987654321"}, "count": "exact"}') -> 'total', '1', 'they count once');
select is(pg_temp.found('r b l n i e 9'), 'Berlin', 'of many single letters each has to be there');
select is(pg_temp.found('be in rl'), 'Berlin', 'and of pairs');
select is(pg_temp.found('be in rl be be z'), '-', 'also the last');
select is((regexp_count(private.search_combination('a b c d ab cd ef gh abc', false, true), '&')), 0,
  'what is long enough is looked up alone');
select is((regexp_count(private.search_combination('a b c d ab cd ef gh', false, true), '&')), 2, 'of pairs three');
select is((regexp_count(private.search_combination('a b c d e f g h', false, true), '&')), 0, 'of letters one');
delete from contacts where workspace_id = pg_temp.id('workspace');

-- Every sort, page by page ---------------------------------------------------------------------------

-- Twenty-four contacts with ties and nulls in everything that can be sorted by.
insert into contacts (id, workspace_id, name, value, score, created_at, updated_at)
select pg_temp.id('sorted ' || n), pg_temp.id('many'), (array['Ana', 'ana', 'Bea', 'Ánxel', '日本', null, 'bea"; \',
  null])[n % 8 + 1],
  (array[0, null, 10.5, -3, 10.50, 99999999.99])[n % 6 + 1], (array[0, 5, 5, -1])[n % 4 + 1],
  '2026-01-01'::timestamptz + make_interval(secs => n % 3), '2026-01-01'::timestamptz + make_interval(secs => n % 7)
from generate_series(1, 24) n;
update contact_activity set last_contact_at =
  (array['2026-01-01T00:00:00Z', null, '2026-01-01T00:00:00.000001Z', '2026-02-01T00:00:00Z', null]::timestamptz[])[n % 5 + 1]
from generate_series(1, 24) n where contact_id = pg_temp.id('sorted ' || n);
create function pg_temp.walk(sort text, page int, filter jsonb default '{}') returns uuid[] language plpgsql as $$
declare
  answer jsonb;
  cursor text;
  walked uuid[] := '{}';
begin
  for turn in 1..30 loop
    answer := pg_temp.list(jsonb_strip_nulls(jsonb_build_object('sort', sort, 'limit', page, 'cursor', cursor, 'filter', filter)),
      'many');
    walked := walked || array(select (item ->> 'id')::uuid from jsonb_array_elements(answer -> 'data') with ordinality as d (item,
      n) order by n);
    cursor := answer ->> 'next_cursor';
    if jsonb_array_length(answer -> 'data') > page or (cursor is not null and jsonb_array_length(answer -> 'data') < page) then
      raise exception 'a page of % with % rows', page, jsonb_array_length(answer -> 'data');
    end if;
    exit when cursor is null;
  end loop;
  return walked;
end
$$;
-- The same order, said another way. No value sorts like 0, no name and no contact before all others.
create function pg_temp.sorted(sort text) returns uuid[] language sql as $$
  select case left(sort, 1) when '-' then array(select u from unnest(ids) with ordinality as o (u, n) order by n desc) else ids end
  from (select case ltrim(sort, '-')
    when 'created_at' then array(select id from contacts where workspace_id = pg_temp.id('many') order by created_at, id)
    when 'updated_at' then array(select id from contacts where workspace_id = pg_temp.id('many') order by updated_at, id)
    when 'last_contact_at' then array(select contact_id from contact_activity
      where workspace_id = pg_temp.id('many') order by last_contact_at nulls first, contact_id)
    when 'name' then array(select id from contacts where workspace_id = pg_temp.id('many') order by lower(name) nulls first, id)
    when 'value' then array(select id from contacts where workspace_id = pg_temp.id('many') order by case when value is null then 0
      else value end, id)
    when 'score' then array(select id from contacts where workspace_id = pg_temp.id('many') order by score, id) end as ids) s
$$;
select is(pg_temp.walk(direction || sort, page), pg_temp.sorted(direction || sort), format('%s%s by %s: all, once, in order',
  direction, sort, page))
from unnest(array['created_at', 'updated_at', 'last_contact_at', 'name', 'value', 'score']) sort, unnest(array['', '-']) direction,
  unnest(array[1, 2, 3, 24, 25]) page;
select is(pg_temp.walk(null, 5), pg_temp.sorted('-created_at'), 'without a sort the newest first');
select is(pg_temp.walk('name', 2, '{"score_min": 5}'), array(select id from unnest(pg_temp.sorted('name')) with ordinality as s (id,
  n) join contacts using (id) where score >= 5 order by n),
  'a filter and a sort together');
select is(jsonb_array_length(pg_temp.list('{}', 'many') -> 'data'), 24, 'fifty are a page unless a limit says else');

-- While rows come and go, those that stay are all seen once, and in order.
create function pg_temp.walk_while_writing(sort text) returns uuid[] language plpgsql as $$
declare
  answer jsonb;
  cursor text;
  walked uuid[] := '{}';
  turn int := 0;
begin
  loop
    answer := pg_temp.list(jsonb_strip_nulls(jsonb_build_object('sort', sort, 'limit', 4, 'cursor', cursor)), 'many');
    walked := walked || array(select (item ->> 'id')::uuid from jsonb_array_elements(answer -> 'data') with ordinality as d (item,
      n) order by n);
    cursor := answer ->> 'next_cursor';
    exit when cursor is null;
    turn := turn + 1;
    -- The row that the cursor names goes, as do strangers; others come at both ends.
    delete from contacts where id = walked[cardinality(walked)] or (workspace_id = pg_temp.id('many') and company = 'Passing'
      and turn % 2 = 0);
    insert into contacts (workspace_id, name, company, created_at, score) values
      (pg_temp.id('many'), '!', 'Passing', '2020-01-01', -99), (pg_temp.id('many'), 'zzzz', 'Passing', '2030-01-01', 99);
  end loop;
  -- Raised so that nothing of it stays.
  raise exception using errcode = 'ZZ999', message = walked::text;
exception when sqlstate 'ZZ999' then
  return sqlerrm::uuid[];
end
$$;
select is(array(select w from unnest(pg_temp.walk_while_writing(sort)) with ordinality as walked (w, n) where w = any (ids)
  order by n), ids, format('by %s while rows come and go', sort))
from unnest(array['-created_at', 'score', '-name']) sort, pg_temp.sorted(sort) ids;

-- Cursors ---------------------------------------------------------------------------------------------

create temp table given as select pg_temp.list('{"limit": 3, "sort": "name", "filter": {"score_min": 0}}',
  'many') ->> 'next_cursor' as cursor;
create function pg_temp.follow(cursor text, given jsonb) returns int language sql
as $$ select jsonb_array_length(pg_temp.list('{"limit": 3, "sort": "name", "filter": {"score_min": 0}}' || given
  || jsonb_build_object('cursor', cursor), 'many') -> 'data') $$;
select is(pg_temp.follow(cursor, '{}'), 3, 'a cursor goes on with the same query') from given;
select is(pg_temp.follow(cursor, '{"limit": 7}'), 7, 'with another size of page') from given;
select is(pg_temp.follow(cursor, '{"count": "exact"}'), 3, 'counted or not') from given;
select throws_ok(format('select pg_temp.follow(%L, %L)', cursor, change), 'PT400', 'invalid_cursor', format('not with %s', change))
from given, unnest(array['{"sort": "-name"}', '{"sort": "score"}', '{"filter": {}}', '{"filter": {"score_min": 1}}',
  '{"filter": {"score_min": 0, "is_vip": false}}']::jsonb[]) change;
select throws_ok(format('select pg_temp.follow(%L, ''{}'')', changed), 'PT400', 'invalid_cursor', what)
from given, lateral (values (overlay(cursor placing case substr(cursor, 30, 1) when 'A' then 'B' else 'A' end from 30),
  'one letter changed'), (left(cursor, -5), 'cut short'), (cursor || 'AAAA', 'longer'),
  ('', 'empty'), ('x', 'a letter'), ('%''"', 'no letters'), (private.encode_cursor('list_contacts', 'a', pg_temp.id('x')),
    'made for something else'), (reverse(cursor), 'backwards')) v (changed, what);

select * from finish();
rollback;
