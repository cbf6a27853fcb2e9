-- API keys: made once and shown once, listed without their secret, refused from the moment they are deleted.
begin;
set local search_path = public, extensions;
select plan(39);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('api keys ' || label)::uuid $$;
insert into auth.users (id, email) select pg_temp.id(n), n || '@api-keys.example' from unnest(array['admin', 'owner', 'agent',
  'out']) n;
insert into workspaces (id, name) values (pg_temp.id('home'), 'Home'), (pg_temp.id('away'), 'Away');
insert into workspace_members (workspace_id, user_id, role, handle) values
  (pg_temp.id('home'), pg_temp.id('admin'), 'admin', 'admin'), (pg_temp.id('home'), pg_temp.id('owner'), 'owner', 'owner'),
  (pg_temp.id('home'), pg_temp.id('agent'), 'agent', 'agent'), (pg_temp.id('away'), pg_temp.id('out'), 'owner', 'out');

create function pg_temp.call(who text, operation text, args jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object('status', status, 'data', body::jsonb -> 'data')
  from private.call(jsonb_build_object('type', 'member', 'user_id', pg_temp.id(who)), 'admin', operation, args)
$$;
-- What a token may do.
create function pg_temp.use(token text, scope text) returns text language plpgsql as $$
begin
  return (select body::jsonb #>> '{data,name}' from private.call(
    jsonb_build_object('type', 'api_key', 'hash', encode(sha256(convert_to(token, 'UTF8')), 'hex')), scope, 'workspace', '{}'));
exception when others then
  return sqlstate || ' ' || sqlerrm;
end
$$;

-- Made ----------------------------------------------------------------------------------------

create temp table made as
  select a ->> 'status' as status, a -> 'data' as data, a #>> '{data,key}' as token
  from (select pg_temp.call('admin', 'create_api_key',
    '{"name": "Site", "scopes": ["notes:read", "contacts:read", "notes:read"]}') as a) answer;
select is(data - 'key', jsonb_build_object('id', k.id, 'name', 'Site', 'prefix', left(token, 11), 'scopes',
  '["contacts:read", "notes:read"]'::jsonb, 'rate_limit', 6000,
    'created_by', pg_temp.id('admin'), 'expires_at', null, 'last_used_at', null, 'created_at', to_json(now())),
      'a new key, each scope once') from made, api_keys k where k.workspace_id = pg_temp.id('home');
select is(status, '201', 'is made') from made;
select matches(token, '^lb_[A-Za-z0-9_-]{43}$', 'its token has 256 bits') from made;
select is(k.key_hash, sha256(convert_to(token, 'UTF8')), 'of which only the hash is kept') from made,
  api_keys k where k.workspace_id = pg_temp.id('home');
select is_empty($$ select from api_keys k, made where to_jsonb(k)::text like '%' || substr(token, 12) || '%' $$,
  'and nothing that would show it');
select is(pg_temp.use(token, 'contacts:read'), 'Home', 'it works at once') from made;
select is(pg_temp.use(token, 'contacts:write'), 'PT403 insufficient_scope', 'for its scopes') from made;
select is(pg_temp.use(overlay(token placing case substr(token, 20, 1) when 'x' then 'y' else 'x' end from 20), 'contacts:read'),
  'PT401 invalid_credentials', 'letter by letter') from made;
select is((pg_temp.call('owner', 'create_api_key', jsonb_build_object('name', 'Short', 'scopes', array['*'], 'expires_at',
  now() + interval '1 hour')) #>> '{data,expires_at}')::timestamptz,
  now() + interval '1 hour', 'an owner makes one that expires');
select isnt(pg_temp.call('admin', 'create_api_key', '{"name": "Site", "scopes": ["*"]}') #>> '{data,key}', token,
  'no two are the same') from made;
select throws_ok(format('select pg_temp.call(''admin'', ''create_api_key'', %L)', args), '23514', null,
  format('no key of %s', args))
from unnest(array['{"name": "K", "scopes": []}', '{"name": "K", "scopes": ["admin"]}', '{"name": "K", "scopes": ["contacts"]}',
  '{"name": "", "scopes": ["*"]}']) args;
select throws_ok(format('select pg_temp.call(''agent'', %L, %L)', operation, args), 'PT403', 'insufficient_role',
  format('an agent cannot: %s', operation))
from (values ('create_api_key', '{"name": "K", "scopes": ["notes:read"]}'), ('list_api_keys', '{}'),
  ('delete_api_key', '{}')) v (operation, args);
select is(pg_temp.use(token, 'admin'), 'PT403 insufficient_role', 'nor can a key') from made;

-- Listed --------------------------------------------------------------------------------------

update api_keys k set created_at = now() - interval '1 day' from made where k.id = (data ->> 'id')::uuid;
select is(jsonb_path_query_array(pg_temp.call('admin', 'list_api_keys'), '$.data[*].name') -> -1, '"Site"', 'the newest first');
select is(jsonb_array_length(pg_temp.call(who, 'list_api_keys') -> 'data'), n, format('%s sees %s keys', who, n))
  from (values ('admin', 3), ('owner', 3), ('out', 0)) v (who, n);
select set_eq($$ select jsonb_object_keys(pg_temp.call('admin', 'list_api_keys') #> '{data,0}') $$,
  array['id', 'name', 'prefix', 'scopes', 'rate_limit', 'created_by', 'expires_at', 'last_used_at', 'created_at'],
    'with all but the secret');

-- Deleted -------------------------------------------------------------------------------------

create function pg_temp.remove(who text, key uuid) returns text language plpgsql as $$
begin
  return pg_temp.call(who, 'delete_api_key', jsonb_build_object('key_id', key)) ->> 'status';
exception when others then
  return sqlstate || ' ' || sqlerrm;
end
$$;
select is(pg_temp.remove('out', (data ->> 'id')::uuid), 'PT404 api_key_not_found', 'another workspace''s key is not there')
  from made;
select is(pg_temp.use(token, 'contacts:read'), 'Home', 'and goes on working') from made;
select is(pg_temp.remove('owner', (data ->> 'id')::uuid), '204', 'any admin deletes it') from made;
select is(pg_temp.use(token, 'contacts:read'), 'PT401 invalid_credentials', 'the next call is refused') from made;
select is(pg_temp.remove('owner', (data ->> 'id')::uuid), 'PT404 api_key_not_found', 'it is not there any more') from made;
select is(jsonb_array_length(pg_temp.call('admin', 'list_api_keys') -> 'data'), 2, 'nor in the list');
select is(pg_temp.remove('admin', pg_temp.id('nothing')), 'PT404 api_key_not_found', 'no such key');
-- Its notes still say who wrote them.
insert into contacts (id, workspace_id, name) values (pg_temp.id('contact'), pg_temp.id('home'), 'Contact');
insert into internal_notes (workspace_id, contact_id, content, author_api_key_id) select pg_temp.id('home'), pg_temp.id('contact'),
  'Note', (data ->> 'id')::uuid from made;
select is((select body::jsonb #>> '{data,0,author,name}' from private.call(jsonb_build_object('type', 'member', 'user_id',
  pg_temp.id('agent')), 'notes:read', 'list_notes',
  jsonb_build_object('entity_type', 'lead', 'entity_id', pg_temp.id('contact')))), 'Site', 'what it wrote keeps its name');

-- The table itself ---------------------------------------------------------------------------------

select throws_ok(format('insert into api_keys (workspace_id, name, prefix, key_hash, scopes) values (pg_temp.id(''home''), ''K'', %L, %L, ''{*}'')', prefix, hash), '23514', null, what)
from (values ('lb_short', sha256('x'), 'a prefix has eleven characters'), ('xx_12345678', sha256('x'), 'and begins with lb_'),
  ('lb_12345678', '\x00'::bytea, 'a hash has 32 bytes')) v (prefix, hash, what);
select throws_ok($$ insert into api_keys (workspace_id, name, prefix, key_hash, scopes) select pg_temp.id('away'), 'K',
  'lb_12345678', key_hash, '{*}' from api_keys where workspace_id = pg_temp.id('home') $$,
  '23505', null, 'a token is one workspace''s');
select throws_ok(format('update api_keys set rate_limit = %s where workspace_id = pg_temp.id(''home'')', n), '23514', null,
  format('%s calls a minute', n)) from unnest(array[0, 1000001]) n;
delete from auth.users where id = pg_temp.id('owner');
select is((select created_by from api_keys where workspace_id = pg_temp.id('home') and name = 'Short'), null,
  'a key outlives who made it');
delete from workspaces where id = pg_temp.id('home');
select is((select count(*) from api_keys where workspace_id = pg_temp.id('home')), 0::bigint, 'but not its workspace');

select * from finish();
rollback;
