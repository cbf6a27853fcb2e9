-- Internal notes: author, mentions, whose they are, who deletes them.
begin;
set local search_path = public, extensions;
select plan(106);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('internal notes ' || label)::uuid $$;
insert into auth.users (id, email, raw_user_meta_data)
select pg_temp.id(n), n || '@notes.example', jsonb_build_object('name', initcap(n), 'avatar_url', 'https://a.example/' || n)
from unnest(array['ann', 'ben', 'ada', 'olo', 'out', 'max']) n;
insert into workspaces (id, name) values (pg_temp.id('home'), 'Home'), (pg_temp.id('away'), 'Away');
insert into workspace_members (workspace_id, user_id, role, handle) values
  (pg_temp.id('home'), pg_temp.id('ann'), 'agent', 'ann'), (pg_temp.id('home'), pg_temp.id('ben'), 'agent', 'Ben.Bo-1'),
  (pg_temp.id('home'), pg_temp.id('ada'), 'admin', 'ada'), (pg_temp.id('home'), pg_temp.id('olo'), 'owner', 'olo_o'),
  (pg_temp.id('away'), pg_temp.id('out'), 'owner', 'out'), (pg_temp.id('home'), pg_temp.id('max'), 'agent', 'max'),
    (pg_temp.id('away'), pg_temp.id('max'), 'agent', 'max');
insert into api_keys (id, workspace_id, name, prefix, key_hash, scopes)
select pg_temp.id(name), pg_temp.id('home'), name, 'lb_notes000', sha256(convert_to('internal notes ' || name, 'UTF8')),
  scopes::text[]
from (values ('writer', '{notes:write}'), ('reader', '{notes:read}'), ('everything', '{*}'),
  ('contacts', '{contacts:read,contacts:write}')) k (name, scopes);
insert into contacts (id, workspace_id, name) select pg_temp.id(place || ' contact'), pg_temp.id(place),
  'Contact' from unnest(array['home', 'away']) place;
insert into conversations (id, workspace_id, contact_id)
select pg_temp.id(place || ' conversation'), pg_temp.id(place), pg_temp.id(place || ' contact')
  from unnest(array['home', 'away']) place;

create function pg_temp.call(who text, operation text, args jsonb, scope text) returns jsonb language sql as $$
  select jsonb_build_object('status', status, 'headers', headers, 'data', body::jsonb -> 'data')
  from private.call(
    case when who in ('writer', 'reader', 'everything', 'contacts') then jsonb_build_object('type', 'api_key', 'hash',
      encode(sha256(convert_to('internal notes ' || who, 'UTF8')), 'hex'))
      else jsonb_build_object('type', 'member', 'user_id', pg_temp.id(who), 'workspace_id',
        pg_temp.id(case who when 'out' then 'away' else 'home' end)) end,
    scope, operation, args)
$$;
create function pg_temp.write(who text, content text, entity text default 'home contact') returns jsonb language sql as $$
  select pg_temp.call(who, 'create_note', jsonb_build_object('content', content, 'entity_id', pg_temp.id(entity),
    'entity_type', case when entity like '%contact' then 'lead' else split_part(entity, ' ', 2) end), 'notes:write')
$$;
create function pg_temp.read(who text, entity text default 'home contact') returns jsonb language sql as $$
  select pg_temp.call(who, 'list_notes', jsonb_build_object('entity_id', pg_temp.id(entity),
    'entity_type', case when entity like '%contact' then 'lead' else split_part(entity, ' ', 2) end), 'notes:read') -> 'data'
$$;
create function pg_temp.remove(who text, note uuid) returns text language plpgsql as $$
begin
  return pg_temp.call(who, 'delete_note', jsonb_build_object('note_id', note), 'notes:write') ->> 'status';
exception when others then
  return sqlstate || ' ' || sqlerrm;
end
$$;

-- The author -----------------------------------------------------------------------------------

create temp table written as select pg_temp.write('ann', 'First') as a;
select is(a -> 'data', jsonb_build_object('id', n.id, 'content', 'First', 'entity_type', 'lead', 'entity_id',
  pg_temp.id('home contact'),
    'author_user_id', pg_temp.id('ann'), 'created_at', to_json(now()), 'author',
      '{"name": "Ann", "avatar_url": "https://a.example/ann"}'::jsonb, 'mentions', '[]'::jsonb),
  'a note of a member') from written, internal_notes n where n.workspace_id = pg_temp.id('home');
select is(array[a ->> 'status', a #>> '{headers,Location}'], array['201', '/functions/v1/internal-notes/' || (a #>> '{data,id}')],
  'made, and where') from written;
select is(pg_temp.write(who, 'By a key') -> 'data' -> 'author_user_id', 'null', format('a note of the key %s has no user', who))
  from unnest(array['writer', 'everything']) who;
select is(pg_temp.write('writer', 'By a key') #> '{data,author}', '{"name": "writer", "avatar_url": null}', 'but the key''s name');
select is(pg_temp.write('ann', 'On a conversation', 'home conversation') #>> '{data,entity_type}', 'conversation',
  'a note on a conversation');
update profiles set name = 'Anna' where user_id = pg_temp.id('ann');
select is(pg_temp.read('ben', 'home conversation') #>> '{0,author,name}', 'Anna', 'the author''s name is today''s');
-- Nobody signs with another name, whichever way the row comes.
do $$ begin perform set_config('request.jwt.claims', jsonb_build_object('sub', pg_temp.id('ann'))::text, true); end $$;
insert into internal_notes (id, workspace_id, contact_id, content, author_user_id, mentions)
values (pg_temp.id('forged'), pg_temp.id('home'), pg_temp.id('home contact'), 'Forged', pg_temp.id('ada'),
  array[pg_temp.id('olo')]);
select results_eq($$ select author_user_id, mentions from internal_notes where id = pg_temp.id('forged') $$,
  $$ values (pg_temp.id('ann'), '{}'::uuid[]) $$,
  'the author is who writes, the mentions are those in the text');
do $$ begin perform set_config('request.jwt.claims', '', true); end $$;
insert into internal_notes (id, workspace_id, contact_id, content, author_user_id) values (pg_temp.id('service'),
  pg_temp.id('home'), pg_temp.id('home contact'), 'By the service for Ada', pg_temp.id('ada'));
select is((select author_user_id from internal_notes where id = pg_temp.id('service')), pg_temp.id('ada'),
  'the service names whom it writes for');
delete from internal_notes where workspace_id = pg_temp.id('home');

-- Mentions ---------------------------------------------------------------------------------------

create function pg_temp.mentioned(content text) returns text language sql as $$
  select coalesce(string_agg(n, ' ' order by n), '-') from unnest(array['ann', 'ben', 'ada', 'olo', 'out', 'max']) n
  where pg_temp.id(n) = any (private.mentioned_members(pg_temp.id('home'), content))
$$;
select is(pg_temp.mentioned(content), expected, format('mentioned in %s: %s', to_json(content), expected))
from (values
  ('@ann', 'ann'), ('Ask @ann', 'ann'), ('@ann, please', 'ann'), ('(@ann)', 'ann'), ('@ann!', 'ann'), (E'Hi\n@ann\n', 'ann'),
    ('@ann.', 'ann'), ('@ANN', 'ann'), ('@Ann:', 'ann'),
  ('@ann @ada', 'ada ann'), ('@ann,@ada', 'ada ann'), ('@ann@ada', 'ann'), ('@ann @ann', 'ann'), ('@ben.bo-1', 'ben'),
    ('@Ben.Bo-1.', 'ben'), ('@BEN.BO-1-', 'ben'), ('@olo_o', 'olo'),
  ('@ben', '-'), ('@ben.bo', '-'), ('@annie', '-'), ('@ann_', '-'), ('@ann-x', '-'), ('ann', '-'), ('@', '-'), ('@@', '-'),
    ('@nobody', '-'), ('', '-'),
  ('ann@ada', '-'), ('me@ann.example', '-'), ('x.@ann', '-'), ('@out', '-'), ('@max', 'max'), ('→@ann', 'ann'), ('«@ann»', 'ann'),
    ('@ann…', 'ann')
) as v (content, expected);
select is(pg_temp.write('ann', 'Ask @ada and @ben.bo-1, not @out') #> '{data,mentions}',
  (select jsonb_agg(u order by u) from unnest(array[pg_temp.id('ada'), pg_temp.id('ben')]) u), 'a note knows whom it mentions');

-- The timeline -------------------------------------------------------------------------------------

delete from internal_notes where workspace_id = pg_temp.id('home');
insert into internal_notes (workspace_id, contact_id, content, created_at)
select pg_temp.id('home'), pg_temp.id('home contact'), n::text, '2026-01-01'::timestamptz + make_interval(mins => n)
  from unnest(array[3, 1, 2]) n;
select pg_temp.write('ann', 'Elsewhere', 'home conversation');
select is(jsonb_path_query_array(pg_temp.read(who), '$[*].content'), '["1", "2", "3"]',
  format('oldest first, those of the contact alone, for %s', who))
from unnest(array['ann', 'ada', 'reader', 'everything']) who;
select is(jsonb_path_query_array(pg_temp.read('ann', 'home conversation'), '$[*].content'), '["Elsewhere"]',
  'those of the conversation');

-- What can have notes -------------------------------------------------------------------------------

select throws_ok(format('select pg_temp.write(''ann'', ''Hi'', %L)', entity), 'PT404', 'entity_not_found',
  format('no note on %s', entity))
from unnest(array['away contact', 'away conversation', 'no contact', 'no conversation', 'home deal']) entity;
select throws_ok(format('select pg_temp.read(''ann'', %L)', entity), 'PT404', 'entity_not_found', format('no notes of %s', entity))
from unnest(array['away contact', 'away conversation', 'no contact', 'home deal']) entity;
select throws_ok($$ insert into internal_notes (workspace_id, contact_id, content) values (pg_temp.id('home'),
  pg_temp.id('away contact'), 'Hi') $$,
  'PT404', 'entity_not_found', 'not even the service mixes workspaces');
select throws_ok(format('insert into internal_notes (workspace_id, contact_id, conversation_id, content) values (pg_temp.id(''home''), %s, %s, %L)', contact, conversation, content), code, null, what)
from (values
  ('pg_temp.id(''home contact'')', 'pg_temp.id(''home conversation'')', 'Hi', '23514', 'a note is on one thing'),
  ('null', 'null', 'Hi', 'PT404', 'and not on nothing'),
  ('pg_temp.id(''home contact'')', 'null', '', '23514', 'it is not empty'),
  ('pg_temp.id(''home contact'')', 'null', repeat('x', 10001), '23514', 'and has no more than 10,000 characters')) v (contact,
    conversation, content, code, what);
select lives_ok(format('insert into internal_notes (workspace_id, contact_id, content) values (pg_temp.id(''home''), pg_temp.id(''home contact''), %L)', repeat('日', 10000)),
  'which may be any characters');

-- Who may -------------------------------------------------------------------------------------------

select throws_ok($$ select pg_temp.write('reader', 'Hi') $$, 'PT403', 'insufficient_scope', 'a key that reads notes writes none');
select throws_ok($$ select pg_temp.read('writer') $$, 'PT403', 'insufficient_scope', 'a key that writes notes reads none');
select throws_ok($$ select pg_temp.write('contacts', 'Hi') $$, 'PT403', 'insufficient_scope', 'a key for contacts neither');

-- Author × who deletes.
select is(
  pg_temp.remove(deleter, (pg_temp.write(author, 'To delete') #>> '{data,id}')::uuid),
  case when deleter in (author, 'ada', 'olo') then '204' when deleter = 'out' then 'PT404 note_not_found' when deleter = 'reader'
    then 'PT403 insufficient_scope' else 'PT403 not_note_author' end,
  format('a note of %s, deleted by %s', author, deleter))
from unnest(array['ann', 'ada', 'writer', 'everything']) author, unnest(array['ann', 'ben', 'ada', 'olo', 'writer', 'everything',
  'reader', 'out']) deleter;
select is((select count(*) from internal_notes where content = 'To delete' and workspace_id = pg_temp.id('home')),
  (4 * 8 - 4 * 2 - 3)::bigint, 'those that were refused are all there');
select is(pg_temp.remove('ada', pg_temp.id('no note')), 'PT404 note_not_found', 'a note that is not');
-- Whose author is gone is an admin's to delete.
create temp table orphan as select (pg_temp.write('ben', 'Orphan') #>> '{data,id}')::uuid as id;
delete from auth.users where id = pg_temp.id('ben');
select is(pg_temp.read('ann') -> -1 -> 'author', '{"name": null, "avatar_url": null}', 'a note outlives its author');
select is(pg_temp.remove('ann', id), 'PT403 not_note_author', 'but is not everybody''s') from orphan;
select is(pg_temp.remove('ada', id), '204', 'only an admin''s') from orphan;
delete from contacts where id = pg_temp.id('home contact');
select is((select count(*) from internal_notes where workspace_id = pg_temp.id('home')), 0::bigint,
  'notes go with what they are on');

select * from finish();
rollback;
