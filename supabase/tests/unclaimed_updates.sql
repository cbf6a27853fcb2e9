-- What came for numbers that nobody had registered: kept a change a row, stored one by one once the
-- number is registered, and without the people who are deleted meanwhile.
begin;
set local search_path = public, extensions;
select plan(19);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('unclaimed updates ' || label)::uuid $$;
insert into workspaces (id, name) values (pg_temp.id('home'), 'Home'), (pg_temp.id('away'), 'Away');
create function pg_temp.change(number text, parts jsonb, field text default 'messages') returns jsonb language sql as $$
  select jsonb_build_object('field', field, 'value', jsonb_build_object('metadata', jsonb_build_object('phone_number_id', number)) || parts)
$$;
create function pg_temp.said(body text, sender text default '34600111222') returns jsonb language sql as $$
  select jsonb_build_object('from', sender, 'id', 'wamid.UNCLAIMED.' || body, 'timestamp', '1790000001', 'type', 'text',
    'text', jsonb_build_object('body', body))
$$;
create function pg_temp.said_to(number text, variadic said jsonb[]) returns jsonb language sql
as $$ select pg_temp.change(number, jsonb_build_object('messages', said)) $$;
create function pg_temp.deliver(variadic changes jsonb[]) returns jsonb language sql as $$
  select private.ingest_whatsapp(jsonb_build_object('entry', jsonb_build_array(
    jsonb_build_object('id', '886000000000001', 'changes', changes)))::text,
    '{"34600111222": "ES", "5511912345678": "BR", "447400123456": "GB", "33612345678": "FR"}')
$$;
create function pg_temp.register(number text, place text default 'home') returns void language sql as $$
  insert into whatsapp_numbers (phone_number_id, workspace_id, display_phone_number) values (number, pg_temp.id(place), '34910000001')
$$;
create function pg_temp.kept(number text) returns private.unclaimed_updates language sql
as $$ select u from private.unclaimed_updates u where phone_number_id = number $$;
create function pg_temp.stored() returns text language sql as $$
  select string_agg(body, ' ' order by body) from messages where workspace_id in (pg_temp.id('home'), pg_temp.id('away'))
$$;

-- Countries ---------------------------------------------------------------------------------------

select pg_temp.deliver(
  pg_temp.said_to('986000000000011', pg_temp.said('a')),
  pg_temp.said_to('986000000000012', pg_temp.said('b', '5511912345678')),
  pg_temp.change('986000000000013', '{"history": [{"threads": [{"id": "447400123456", "messages": []}]}]}', 'history'),
  pg_temp.change('986000000000014', '{"state_sync": [{"type": "contact", "contact": {"phone_number": "+33 6 12 34 56 78"}}]}', 'smb_app_state_sync'),
  pg_temp.change('986000000000015', '{"anything": 1}', 'odd'));
select is((pg_temp.kept('98600000000001' || n)).countries, countries, what)
from (values (1, '{"34600111222": "ES"}'::jsonb, 'a change is kept with the countries of its own people'),
  (2, '{"5511912345678": "BR"}', 'and not with those of the others in the delivery'),
  (3, '{"447400123456": "GB"}', 'of a thread'), (4, '{"33612345678": "FR"}', 'of a number as people write them'),
  (5, '{}', 'of nobody')) v (n, countries, what);
delete from private.unclaimed_updates;

-- One by one ----------------------------------------------------------------------------------------

select pg_temp.deliver(pg_temp.said_to('986000000000001', pg_temp.said(body))) from unnest('{first,slow,third}'::text[]) body;
select pg_temp.deliver(pg_temp.said_to('986000000000002', pg_temp.said('other', '5511912345678')),
  pg_temp.said_to('986000000000003', pg_temp.said('nobodys', '447400123456')));
select pg_temp.register('986000000000001'), pg_temp.register('986000000000002', 'away');
select is(private.updates_due(), true, 'updates are due once their number is registered');

create function pg_temp.be_slow() returns trigger language plpgsql as $$ begin perform pg_sleep(60); return new; end $$;
create trigger aaa_slow before insert on messages for each row when (new.body = 'slow') execute function pg_temp.be_slow();
set local statement_timeout = '2s';
select lives_ok($$ select private.claim_unclaimed_update() $$, 'one a statement');
select lives_ok($$ select private.claim_unclaimed_update() $$, 'whose time is its own');
select private.claim_unclaimed_update();
select private.claim_unclaimed_update();
set local statement_timeout = 0;
select is(pg_temp.stored(), 'first other third', 'what takes too long keeps up nobody');
select is(private.claim_unclaimed_update(), false, 'and is not tried again at once');
select is(private.updates_due(), false, 'nor called for');
select results_eq($$ select phone_number_id, attempts, due_at > now() from private.unclaimed_updates order by 1 $$,
  $$ values ('986000000000001', 1, true), ('986000000000003', 0, false) $$, 'it waits, as does what is nobody''s');

-- Sweeping ------------------------------------------------------------------------------------------

update private.unclaimed_updates set received_at = now() - interval '31 days';
select is((private.sweep() ->> 'unclaimed_updates')::int, 1, 'after a month what is nobody''s goes');
select is((pg_temp.kept('986000000000001')).attempts, 1, 'what has an owner stays');
drop trigger aaa_slow on messages;
update private.unclaimed_updates set due_at = now();
select is(private.updates_due() and private.claim_unclaimed_update() and pg_temp.stored() = 'first other slow third', true,
  'until it is stored');
select is((pg_temp.kept('986000000000001')).id, null, 'once');

-- Deleted people --------------------------------------------------------------------------------------

select pg_temp.deliver(pg_temp.said_to('986000000000004', pg_temp.said('hers'), pg_temp.said('his', '5511912345678')),
  pg_temp.said_to('986000000000005', pg_temp.said('alone')),
  pg_temp.said_to('986000000000006', pg_temp.said('elsewhere')));
select pg_temp.register('986000000000004'), pg_temp.register('986000000000005'), pg_temp.register('986000000000006', 'away');
create temp table deletion as select private.start_batch_job('bulk_delete', pg_temp.id('home'), '{"history": "erase"}') as id;
select private.keep_erasure_keys(id, array['34600111222']), private.erase_loose_ends(j)
from deletion join private.batch_jobs j using (id);
select is((pg_temp.kept('986000000000004')).body #> '{entry,0,changes,0,value,messages}',
  jsonb_build_array(pg_temp.said('his', '5511912345678')), 'a deleted person''s messages go, somebody else''s beside them stay');
select is((pg_temp.kept('986000000000004')).countries, '{"5511912345678": "BR"}', 'with their country');
select results_eq($$ select phone_number_id from private.unclaimed_updates where phone_number_id > '986000000000003' order by 1 $$,
  $$ values ('986000000000004'), ('986000000000006') $$, 'nothing is kept of a person alone; another workspace''s update stays');

select * from finish();
rollback;
