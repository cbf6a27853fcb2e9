-- private.call: who is let in, with what rights the operation runs, and what it leaves behind.
begin;
set local search_path = public, extensions;
select plan(299);

-- Postgres lets a stable function change nothing.
select is_empty(
  $$ select proname from pg_proc where pronamespace = 'api'::regnamespace and provolatile <> 's' and proname !~
     '^(accept|apply|assign|bulk|close|create|delete|handoff|mark|merge|record|register|remove|reopen|request|resolve|revert|send|simulate|switch|undo|update)(_|$)' $$,
  'what GET asks for changes nothing, so that callers may share it');

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('gateway ' || label)::uuid $$;
create function pg_temp.key(label text) returns jsonb language sql
as $$ select jsonb_build_object('type', 'api_key', 'hash', encode(sha256(convert_to('gateway ' || label, 'UTF8')), 'hex')) $$;
create function pg_temp.member(who text, workspace text default null) returns jsonb language sql
as $$ select jsonb_strip_nulls(jsonb_build_object('type', 'member', 'user_id', pg_temp.id(who), 'workspace_id', workspace)) $$;
-- The name of the workspace that a caller reaches with a scope.
create function pg_temp.reached(credential jsonb, scope text default 'contacts:read') returns text language sql
as $$ select body::jsonb #>> '{data,name}' from private.call(credential, scope, 'workspace', '{}') $$;

insert into auth.users (id, email) select pg_temp.id(n), n || '@gateway.example' from unnest(array['agent', 'admin', 'owner',
  'both', 'loner']) n;
insert into workspaces (id, name) values (pg_temp.id('home'), 'Home'), (pg_temp.id('away'), 'Away');
insert into workspace_members (workspace_id, user_id, role, handle)
select pg_temp.id(place), pg_temp.id(who), role::member_role, who
from (values ('home', 'agent', 'agent'), ('home', 'admin', 'admin'), ('home', 'owner', 'owner'), ('home', 'both', 'agent'),
  ('away', 'both', 'owner')) m (place, who, role);

create temp table scopes (name text) on commit drop;
insert into scopes values ('contacts:read'), ('contacts:write'), ('contacts:delete'), ('conversations:read'),
  ('conversations:write'),
  ('notes:read'), ('notes:write'), ('settings:read'), ('settings:write');
insert into api_keys (id, workspace_id, name, prefix, key_hash, scopes, expires_at, revoked_at, rate_limit)
select pg_temp.id(k.name), pg_temp.id('home'), k.name, 'lb_gateway0', sha256(convert_to('gateway ' || k.name, 'UTF8')), k.scopes,
  k.expires_at, k.revoked_at, 77
from (
  select name, array[name] as scopes, null::timestamptz as expires_at, null::timestamptz as revoked_at from scopes
  union all values ('*', array['*'], null, null), ('two', array['notes:read', 'contacts:read'], null, null),
    ('lasting', array['*'], now() + interval '1 second', null), ('expired', array['*'], now(), null), ('revoked', array['*'], null,
      now())) k;

-- Credentials ---------------------------------------------------------------------------------

select is(pg_temp.reached(pg_temp.key('*')), 'Home', 'a key reaches its workspace');
select is(pg_temp.reached(pg_temp.key('lasting')), 'Home', 'so does one that expires in a second');
select is(pg_temp.reached(pg_temp.key('*') || jsonb_build_object('workspace_id', named)), 'Home', 'it may name it: ' || named)
from unnest(array[pg_temp.id('home')::text, upper(pg_temp.id('home')::text)]) named;
select throws_ok(format('select pg_temp.reached(pg_temp.key(''*'') || %L)', jsonb_build_object('workspace_id', named)), 'PT404',
  'workspace_not_found', 'but no other: ' || named)
from unnest(array[pg_temp.id('away')::text, pg_temp.id('nowhere')::text, 'home', '']) named;
select throws_ok(format('select pg_temp.reached(pg_temp.key(%L) || %L)', key, jsonb_build_object('workspace_id',
  pg_temp.id('away'))), 'PT401', 'invalid_credentials',
  format('a key that is %s learns nothing of workspaces', key)) from unnest(array['unknown', 'expired', 'revoked']) key;
select throws_ok(format('select pg_temp.reached(pg_temp.key(%L))', key), 'PT401', 'invalid_credentials', key || ' key')
from unnest(array['unknown', 'expired', 'revoked']) key;
select throws_ok($$ select pg_temp.reached('{"type": "api_key", "hash": ""}') $$, 'PT401', 'invalid_credentials', 'no hash at all');
select throws_ok($$ select pg_temp.reached('{"type": "api_key"}') $$, 'PT401', 'invalid_credentials', 'a hash left out');

select is(pg_temp.reached(pg_temp.member('agent')), 'Home', 'a member need not name the only workspace');
select is(pg_temp.reached(pg_temp.member('agent', pg_temp.id('home')::text)), 'Home', 'but may');
select is(pg_temp.reached(pg_temp.member('agent', upper(pg_temp.id('home')::text))), 'Home', 'in capitals too');
select is(pg_temp.reached(pg_temp.member('both', pg_temp.id(place)::text)), initcap(place), 'a member of several names ' || place)
from unnest(array['home', 'away']) place;
select throws_ok($$ select pg_temp.reached(pg_temp.member('both')) $$, 'PT400', 'workspace_required', 'a member of several has to');
select throws_ok($$ select pg_temp.reached(pg_temp.member('loner')) $$, 'PT403', 'no_workspace', 'a member of none');
select throws_ok($$ select pg_temp.reached(pg_temp.member('nobody')) $$, 'PT403', 'no_workspace', 'a user nobody knows');
select throws_ok(format('select pg_temp.reached(pg_temp.member(%L, %L))', who, workspace), 'PT404', 'workspace_not_found',
  format('%s names %s', who, workspace))
from unnest(array['agent', 'loner', 'nobody']) who, unnest(array[pg_temp.id('away')::text, 'home', '']) workspace;

-- Scopes: every key and every role × every scope ------------------------------------------------

create function pg_temp.outcome(credential jsonb, scope text) returns text language plpgsql as $$
begin
  return pg_temp.reached(credential, scope);
exception when others then
  return sqlstate || ' ' || sqlerrm;
end
$$;
select is(pg_temp.outcome(pg_temp.key(k.name), s.name),
  case when k.name in ('*', s.name) then 'Home' else 'PT403 insufficient_scope' end, format('the key of %s asked for %s', k.name,
    s.name))
from (select name from scopes union all values ('*')) k, scopes s;
select is(pg_temp.outcome(pg_temp.key('two'), s.name),
  case when s.name in ('notes:read', 'contacts:read') then 'Home' else 'PT403 insufficient_scope' end,
    format('the key of two scopes asked for %s', s.name))
from scopes s;
select is(pg_temp.outcome(pg_temp.key(k.name), 'admin'), 'PT403 insufficient_role', format('the key of %s asked for admin', k.name))
from (select name from scopes union all values ('*')) k;
select is(pg_temp.outcome(pg_temp.member(who), s.name),
  case when who in ('admin', 'owner') or s.name not in ('contacts:delete', 'settings:write', 'admin') then 'Home'
    else 'PT403 insufficient_role' end,
  format('%s asked for %s', who, s.name))
from unnest(array['agent', 'admin', 'owner']) who, (select name from scopes union all values ('admin')) s;
select is(pg_temp.outcome(pg_temp.member('owner'), scope), 'PT403 insufficient_role', format('%s is no scope', scope))
from unnest(array['*', 'everything', '']) scope;
select is(pg_temp.outcome(pg_temp.member('both', pg_temp.id('home')::text), 'admin'), 'PT403 insufficient_role',
  'a role is that of the workspace named');
select is(pg_temp.outcome(pg_temp.member('both', pg_temp.id('away')::text), 'admin'), 'Away', 'in each its own');

create function pg_temp.hint(credential jsonb, scope text) returns jsonb language plpgsql as $$
declare
  hint text;
begin
  perform pg_temp.reached(credential, scope);
  return null;
exception when others then
  get stacked diagnostics hint = pg_exception_hint;
  return hint;
end
$$;
select is(pg_temp.hint(pg_temp.key('notes:read'), 'notes:write'), '{"required_scope": "notes:write"}',
  'a refusal names the scope that is missing');

-- What comes with the answer --------------------------------------------------------------------

select results_eq($$ select rate_limit, principal_id from private.call(pg_temp.key('*'), 'contacts:read', 'workspace', '{}') $$,
  $$ values (77, 'key:' || pg_temp.id('*')) $$, 'a key''s own limit, counted on the key');
select results_eq($$ select rate_limit, principal_id from private.call(pg_temp.member('agent'), 'contacts:read', 'workspace',
  '{}') $$,
  $$ values (6000, format('member:%s:%s', pg_temp.id('agent'), pg_temp.id('home'))) $$,
    'a member''s limit, counted on the member in the workspace');
-- What time has changed first --------------------------------------------------------------------

insert into contacts (id, workspace_id) select pg_temp.id(n), pg_temp.id('home') from unnest(array['due', 'due too']) n;
select private.put_off(array[pg_temp.id('due'), pg_temp.id('due too')]);
create function pg_temp.status(at_most int) returns int language sql
as $$ select status from private.call(pg_temp.key('*'), 'contacts:read', 'workspace', '{}', null, null, at_most) $$;
select is(pg_temp.status(0), 200, 'none is waited for if asked so');
select is(pg_temp.status(1), 0, 'one of two was due: there may be more');
select is(pg_temp.status(2), 1, 'then the other: there are no more');
select is(pg_temp.status(2), 200, 'whoever has followed none runs the operation');
select is((select count(*)::int from private.due_contacts where workspace_id = pg_temp.id('home')), 0, 'and nobody is due any more');

set local timezone = 'Asia/Tokyo';
select matches((select body from private.call(pg_temp.key('*'), 'contacts:write', 'create_contact',
  '{"contact": {"name": "Tokyo"}}')),
  '"created_at":"[-0-9]+T[0-9:.]+\+00:00"', 'times are UTC whatever the session''s zone');
select is(current_setting('timezone'), 'Asia/Tokyo', 'which it keeps');
set local timezone = 'UTC';

-- The rights an operation runs with ---------------------------------------------------------------

create function api.probe(args jsonb) returns private.answer language plpgsql set search_path = '' as $$
begin
  if args ? 'fail' then
    raise exception using errcode = args ->> 'fail', message = 'failed';
  end if;
  if args ? 'run' then
    execute args ->> 'run';
  end if;
  return row(200, jsonb_build_object('user', current_user, 'claims', private.claims(),
    'rls', row_security_active('public.contacts'))::text, null)::private.answer;
end
$$;
revoke execute on function api.probe(jsonb) from public;
select throws_ok($$ select private.call(pg_temp.key('*'), 'contacts:read', 'probe', '{}') $$, '42501', null,
  'an operation that is not granted cannot be called');
grant execute on function api.probe(jsonb) to authenticated;
create function pg_temp.probe(credential jsonb, args jsonb default '{}') returns jsonb language sql
as $$ select body::jsonb from private.call(credential, 'contacts:read', 'probe', args) $$;
create temp table before as select current_user::text as who, current_setting('role') as role;
select is(pg_temp.probe(pg_temp.key('*')), jsonb_build_object('user', 'authenticated', 'rls', true,
  'claims', jsonb_build_object('role', 'authenticated', 'workspace_id', pg_temp.id('home'), 'api_key_id', pg_temp.id('*'))),
    'with a key''s claims, under row level security');
select is(pg_temp.probe(pg_temp.member('agent')), jsonb_build_object('user', 'authenticated', 'rls', true,
  'claims', jsonb_build_object('role', 'authenticated', 'workspace_id', pg_temp.id('home'), 'sub', pg_temp.id('agent'))),
    'with a member''s claims');
select is(array[current_user::text, current_setting('role')], array[who, role], 'afterwards the role is what it was') from before;
select is(private.claims(), null, 'and there are no claims');
select throws_ok($$ select pg_temp.probe(pg_temp.key('*'), '{"fail": "ZZ998"}') $$, 'ZZ998', 'failed', 'an operation fails');
select is(array[current_user::text, current_setting('role')], array[who, role], 'the role is what it was after that, too')
  from before;
select is(private.claims(), null, 'and there are no claims');
select throws_ok(format('select pg_temp.probe(pg_temp.key(''*''), %L)', jsonb_build_object('run', run)), '42501', null,
  format('an operation cannot: %s', run))
from unnest(array[
  'select * from private.secrets', 'select * from private.idempotency_keys', 'select key_hash from public.api_keys',
  'delete from public.activity_log', 'update public.contacts set score = 1', 'select private.sweep()',
  'select private.ingest_whatsapp(''{}'')', 'select private.fold_contact_kpis(null)',
  'select private.key_principal(null, null, null)', 'select * from private.call(null, null, null, null)',
  'insert into public.workspaces (name) values (''Mine'')', 'select * from auth.users', 'create table public.mine ()']) run;

-- The name of an operation is a name in schema api, nothing else.
select throws_ok(format('select private.call(pg_temp.key(''*''), ''contacts:read'', %L, ''{}'')', operation), '42883', null,
  format('no operation is called %s', operation))
from unnest(array['nothing', 'private.sweep', 'api.workspace', 'sweep', 'pg_catalog.now',
  'workspace($1); select private.sweep(); --',
  'workspace"($1) as a, api."workspace', 'WORKSPACE', 'workspace ', '../workspace', 'Workspace']) operation;
select throws_ok($$ select private.call(pg_temp.key('*'), 'contacts:read', '', '{}') $$, '42601', null, 'nor nothing at all');
select throws_ok($$ select private.call(pg_temp.key('*'), 'contacts:read', null, '{}') $$, '22004', null, 'nor null');

-- Idempotency ---------------------------------------------------------------------------------------

create function pg_temp.once(credential jsonb, operation text, args jsonb, key text, hash text default 'hash',
  scope text default 'contacts:write') returns jsonb
language sql as $$
  select jsonb_build_object('status', status, 'body', body::jsonb, 'headers', headers)
  from private.call(credential, scope, operation, args, key, hash)
$$;
create function pg_temp.people(name text) returns bigint language sql
as $$ select count(*) from contacts c where c.workspace_id = pg_temp.id('home') and c.name = people.name $$;

create temp table first_answer as
  select pg_temp.once(pg_temp.key('*'), 'create_contact', '{"contact": {"name": "Secret Person", "phone": "+34600111222"}}',
    'key 1') as a;
select is(a ->> 'status', '201', 'the first time it is done') from first_answer;
select is(a -> 'headers' ? 'Idempotency-Replayed', false, 'and does not claim to be a replay') from first_answer;
select is(pg_temp.once(pg_temp.key('*'), 'create_contact', '{"contact": {"name": "Secret Person", "phone": "+34600111222"}}',
  'key 1'),
  jsonb_set(a, '{headers,Idempotency-Replayed}', '"true"'), 'then the same answer comes again, marked, with its headers')
    from first_answer;
select is(pg_temp.people('Secret Person'), 1::bigint, 'and nothing is done again');
select throws_ok($$ select pg_temp.once(pg_temp.key('*'), 'create_contact', '{"contact": {"name": "Else"}}', 'key 1',
  'other hash') $$,
  'PT422', 'idempotency_key_reused', 'another request with the same key');
select is(pg_temp.people('Else'), 0::bigint, 'is not done');
select is(pg_temp.once(pg_temp.key(who), 'create_contact', '{"contact": {"name": "Two"}}', 'key 2') ->> 'status', '201',
  format('key 2 is new to %s', who))
from unnest(array['*', 'contacts:write']) who;
select is(pg_temp.once(pg_temp.member('both', pg_temp.id(place)::text), 'create_contact', '{"contact": {"name": "Two"}}',
  'key 2') ->> 'status', '201',
  format('and to a member in %s', place)) from unnest(array['home', 'away']) place;
select is(pg_temp.people('Two'), 3::bigint, 'each made one');

-- Refusals for the request's own sake are kept, others are not.
create temp table refusal as
  select pg_temp.once(pg_temp.key('*'), 'create_contact', '{"contact": {"phone": "+34600111222"}}', 'key 3') as a;
select is(a, jsonb_build_object('status', 409, 'headers', null, 'body', jsonb_build_object('code', 'contact_exists',
    'detail', 'A contact with this phone number exists already.',
    'contact_id', (select id from contacts where workspace_id = pg_temp.id('home') and name = 'Secret Person'))),
  'a refusal comes as an answer, since raising it would forget it') from refusal;
delete from contacts where workspace_id = pg_temp.id('home') and name = 'Secret Person';
select is(pg_temp.once(pg_temp.key('*'), 'create_contact', '{"contact": {"phone": "+34600111222"}}', 'key 3'),
  jsonb_set(a, '{headers}', '{"Idempotency-Replayed": "true"}'), 'and comes again, also when it would no longer be one')
    from refusal;
select is(pg_temp.once(pg_temp.key('*'), 'probe', jsonb_build_object('fail', state), 'refused ' || state) ->> 'status',
  right(state, 3), state || ' is kept')
from unnest(array['PT404', 'PT409', 'PT412', 'PT422']) state;
select throws_ok(format('select pg_temp.once(pg_temp.key(''*''), ''probe'', ''{"fail": "%s"}'', ''refused %1$s'')', state), state,
  'failed', state || ' is raised')
from unnest(array['PT400', 'PT401', 'PT403', 'PT429', 'PT503', '23505', '23514', '40001', '40P01', '42501', 'XX000']) state;
select is((select count(*) from private.idempotency_keys where principal_id = 'key:' || pg_temp.id('*')
    and key_hash in (select sha256(convert_to('refused ' || s, 'UTF8')) from unnest(array['PT400', 'PT401', 'PT403', 'PT429',
      'PT503', '23505', '40001', 'XX000']) s)),
  0::bigint, 'and not kept');
select is(pg_temp.once(pg_temp.key('*'), 'probe', '{}', 'refused 40001') ->> 'status', '200',
  'so that it may go better the next time');
select throws_ok($$ select pg_temp.once(pg_temp.key('contacts:read'), 'create_contact', '{"contact": {}}', 'key 4') $$,
  'PT403', 'insufficient_scope', 'who may not do it learns that first');
update api_keys set revoked_at = now() where id = pg_temp.id('contacts:write');
select throws_ok($$ select pg_temp.once(pg_temp.key('contacts:write'), 'create_contact', '{"contact": {"name": "Two"}}',
  'key 2') $$,
  'PT401', 'invalid_credentials', 'a revoked key does not even get its old answers');
-- What an operation did before it refused is undone.
select is(pg_temp.once(pg_temp.key('*'), 'probe', jsonb_build_object('run', format(
    $$ do $do$ begin insert into public.contacts (workspace_id, name) values ('%s',
      'Half'); raise exception using errcode = 'PT409', message = 'half'; end $do$ $$,
    pg_temp.id('home'))), 'key 5') #>> '{body,code}', 'half', 'a refusal after a write');
select is(pg_temp.people('Half'), 0::bigint, 'leaves nothing of the write');

-- At rest: neither the key nor the answer can be read.
select ok(a.answer::text !~ encode(convert_to(word, 'UTF8'), 'hex'), format('what is stored does not show %s', word))
from private.idempotency_keys a, unnest(array['Secret', '+34600111222', 'contact', 'status', 'Location', 'key 1']) word
where a.principal_id = 'key:' || pg_temp.id('*') and a.key_hash = sha256('key 1');
select is((select count(*) from private.idempotency_keys where request_hash = 'key 1' or key_hash = 'key 1'), 0::bigint,
  'nor the key itself');
select is(extensions.pgp_sym_decrypt(answer, 'key 1')::jsonb -> 'status', '201', 'the caller''s key opens it')
  from private.idempotency_keys
where principal_id = 'key:' || pg_temp.id('*') and key_hash = sha256('key 1');
select throws_ok(
  $$ select extensions.pgp_sym_decrypt(answer, 'key 2') from private.idempotency_keys
     where principal_id = 'key:' || pg_temp.id('*') and key_hash = sha256('key 1') $$, '39000', null, 'another does not');

-- For a day.
update private.idempotency_keys set created_at = now() - interval '23 hours 59 minutes' where principal_id = 'key:'
  || pg_temp.id('*');
select is(pg_temp.once(pg_temp.key('*'), 'create_contact', '{"contact": {"name": "Two"}}',
  'key 2') #>> '{headers,Idempotency-Replayed}', 'true',
  'after almost a day it still holds');
update private.idempotency_keys set created_at = now() - interval '24 hours 1 second' where principal_id = 'key:'
  || pg_temp.id('*');
select is(pg_temp.once(pg_temp.key('*'), 'create_contact', '{"contact": {"name": "New"}}', 'key 2', 'other hash') ->> 'status',
  '201',
  'after a day the key is free again, for another request too');
select is(pg_temp.once(pg_temp.key('*'), 'create_contact', '{"contact": {"name": "New"}}', 'key 2',
  'other hash') #>> '{headers,Idempotency-Replayed}', 'true',
  'which is then the first');
select private.sweep();
select is((select count(*) from private.idempotency_keys where principal_id = 'key:' || pg_temp.id('*')), 1::bigint,
  'sweeping leaves what is less than a day old');

-- Rate limits ---------------------------------------------------------------------------------------

select is(private.sync_rate_limits('[]'), '[]', 'nothing to count');
select is(private.sync_rate_limits(jsonb_build_array(
    jsonb_build_object('principal_id', 'key:' || pg_temp.id('*'), 'window', 1, 'count', 5),
    jsonb_build_object('principal_id', 'member:x', 'window', 1, 'count', 7))),
  jsonb_build_array(jsonb_build_object('principal_id', 'key:' || pg_temp.id('*'), 'window', 1, 'total', 5),
    jsonb_build_object('principal_id', 'member:x', 'window', 1, 'total', 7)), 'the first counts are the totals');
select is(private.sync_rate_limits('[{"principal_id": "member:x", "window": 1, "count": 3}, {"principal_id": "member:x", "window": 2, "count": 1}]'),
  '[{"principal_id": "member:x", "window": 1, "total": 10}, {"principal_id": "member:x", "window": 2, "total": 1}]',
    'more are added, each minute by itself');
select is(private.sync_rate_limits('[{"principal_id": "member:x", "window": 1, "count": 0}]'),
  '[{"principal_id": "member:x", "window": 1, "total": 10}]', 'zero asks only');
select is((select last_used_at from api_keys where id = pg_temp.id('*')), now(), 'a key that is used is stamped');
select is((select last_used_at from api_keys where id = pg_temp.id('two')), null, 'others are not');
update api_keys set last_used_at = now() - interval '59 seconds' where id = pg_temp.id('*');
select is((select count(*) from private.sync_rate_limits(jsonb_build_array(jsonb_build_object('principal_id',
  'key:' || pg_temp.id('*'), 'window', 2, 'count', 1)))), 1::bigint, 'used again within the minute');
select is((select last_used_at from api_keys where id = pg_temp.id('*')), now() - interval '59 seconds',
  'it is stamped once a minute at most');

-- Sweeping ------------------------------------------------------------------------------------------

insert into private.rate_limits (principal_id, window_minute, calls)
select 'sweep', floor(extract(epoch from now()) / 60) - ago, 1 from unnest(array[0, 4, 7]) ago;
insert into private.webhook_deliveries (id, body, status, received_at) values
  (pg_temp.id('old'), '{}', 'processed', now() - interval '31 days'), (pg_temp.id('young'), '{}', 'processed',
    now() - interval '29 days');
insert into whatsapp_pending_statuses (phone_number_id, wa_message_id, status, status_at, created_at) values
  ('1', 'wamid.GATEWAY.OLD', 'read', now(), now() - interval '31 days'), ('1', 'wamid.GATEWAY.YOUNG', 'read', now(),
    now() - interval '29 days');
select private.sweep();
select is((select count(*) from private.rate_limits where principal_id = 'sweep'), 2::bigint, 'minutes long past are swept');
select set_eq($$ select id from private.webhook_deliveries where id in (pg_temp.id('old'), pg_temp.id('young')) $$,
  array[pg_temp.id('young')], 'deliveries after 30 days');
select set_eq($$ select wa_message_id from whatsapp_pending_statuses where wa_message_id like 'wamid.GATEWAY.%' $$,
  array['wamid.GATEWAY.YOUNG'], 'and statuses nobody waited for');

-- Cursors -------------------------------------------------------------------------------------------

select is(private.decode_cursor(private.encode_cursor('query', key, pg_temp.id('x')), 'query'),
  jsonb_build_array(key, pg_temp.id('x')), format('a cursor keeps %s', to_json(key)))
from unnest(array['', 'Ana', '2026-01-01 00:00:00+00', '-infinity', '日本 "\', repeat('long ', 100)]) key;
select is(private.decode_cursor(null, 'query'), null, 'no cursor is none');
select matches(private.encode_cursor('query', '日本', pg_temp.id('x')), '^[A-Za-z0-9_-]+$', 'a cursor goes into a URL as it is');
select throws_ok(format('select private.decode_cursor(%L, %L)', cursor, query), 'PT400', 'invalid_cursor',
  format('no cursor of %s: %s', query, left(cursor, 30)))
from (values
  ('', 'query'), ('x', 'query'), ('garbage', 'query'), ('ungültig', 'query'), ('====', 'query'), ('a b', 'query'),
    (repeat('A', 5000), 'query'),
  (private.encode_cursor('query', 'a', pg_temp.id('x')), 'query '),
  (left(private.encode_cursor('query', 'a', pg_temp.id('x')), -4), 'query'),
  (private.encode_cursor('query', 'a', pg_temp.id('x')) || 'AAAA', 'query')) as c (cursor, query);
-- Each character but the last counts; of the last not every bit does.
create function pg_temp.accepted(cursor text) returns boolean language plpgsql as $$
begin
  return private.decode_cursor(cursor, 'query') is not null;
exception when sqlstate 'PT400' then
  return false;
end
$$;
select is_empty(
  $$ select n from private.encode_cursor('query', 'a', pg_temp.id('x')) as c (cursor), generate_series(1, char_length(cursor) - 1) n
     where pg_temp.accepted(overlay(cursor placing case substr(cursor, n, 1) when 'A' then 'B' else 'A' end from n for 1)) $$,
  'a cursor with one character changed is refused');

select * from finish();
rollback;
