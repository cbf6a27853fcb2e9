-- Statuses of sent messages: in whatever order they come, once or twice, one by one or in a batch,
-- before the message or after it, the end is the same.
begin;
set local search_path = public, extensions;
select plan(32);

create function pg_temp.keep(statuses jsonb) returns jsonb language sql as $$
  select private.keep_message_statuses(array(select s from jsonb_populate_recordset(null::private.status_update, statuses) s))
$$;

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('message statuses ' || label)::uuid $$;
insert into workspaces (id, name) values (pg_temp.id('workspace'), 'Workspace');
insert into contacts (id, workspace_id, name) values (pg_temp.id('contact'), pg_temp.id('workspace'), 'Contact');
insert into conversations (id, workspace_id, contact_id) values (pg_temp.id('thread'), pg_temp.id('workspace'),
  pg_temp.id('contact'));

create function pg_temp.send(wamids text[], direction text default 'outbound') returns void language sql as $$
  insert into messages (workspace_id, conversation_id, contact_id, direction, sender_type, type, status, phone_number_id,
    wa_message_id)
  select pg_temp.id('workspace'), pg_temp.id('thread'), pg_temp.id('contact'), direction::message_direction,
    case direction when 'outbound' then 'agent' else 'contact' end::sender_type, 'text',
    case direction when 'outbound' then 'sending' else 'received' end::message_status, '986000000000001', 'wamid.STATUS.' || wamid
  from unnest(wamids) wamid
$$;
-- A status as the webhook hands it on. Each has its own minute, e.g. delivered at 12:02.
create function pg_temp.status(wamid text, status text, later int default 0) returns jsonb language sql as $$
  select jsonb_build_object('wa_message_id', 'wamid.STATUS.' || wamid, 'phone_number_id', '986000000000001', 'status', status,
    'status_at', '2026-01-01T12:00:00Z'::timestamptz
      + make_interval(mins => array_position(array['sent', 'delivered', 'read', 'played', 'failed'], status) + later),
    'error', case status when 'failed' then '{"code": 131026}'::jsonb end)
$$;
create function pg_temp.state(wamid text) returns text language sql as $$
  select concat_ws(' ', status, 'd' || to_char(delivered_at at time zone 'UTC', 'MI'), 'r' || to_char(read_at at time zone 'UTC',
    'MI'),
    'p' || to_char(played_at at time zone 'UTC', 'MI'), 'f' || to_char(failed_at at time zone 'UTC', 'MI'), error ->> 'code')
  from messages where wa_message_id = 'wamid.STATUS.' || wamid
$$;

-- Every order of every set ------------------------------------------------------------------------

create temp table orders on commit drop as
  with recursive orders (statuses) as (
    select array[s] from unnest(array['sent', 'delivered', 'read', 'played', 'failed']) s
    union all
    select o.statuses || s from orders o, unnest(array['sent', 'delivered', 'read', 'played', 'failed']) s
      where not s = any (o.statuses)
  )
  select statuses, (select string_agg(s, ',' order by s) from unnest(statuses) s) as same from orders;
select is(count(*), 325::bigint, 'so many orders of 31 sets') from orders;

-- Runs every order in a way, each on a message of its own, all of them abreast; to what end each set comes.
create function pg_temp.ends(way text) returns table (same text, ends text) language plpgsql as $$
begin
  if way <> 'before the message' then
    perform pg_temp.send(array(select way || o.statuses::text from orders o));
  end if;
  if way = 'in one batch' then
    perform pg_temp.keep((
      select jsonb_agg(pg_temp.status(way || o.statuses::text, s) order by o.statuses, n) from orders o,
        unnest(o.statuses) with ordinality u (s, n)));
  else
    for n in 1..5 loop
      perform pg_temp.keep((
        select jsonb_agg(pg_temp.status(way || o.statuses::text, o.statuses[n], later)) from orders o
          where o.statuses[n] is not null))
      from unnest(case way when 'thrice' then array[5, 0, 7] else array[0] end) later;
    end loop;
  end if;
  if way = 'before the message' then
    perform pg_temp.send(array(select way || o.statuses::text from orders o));
  end if;
  return query select o.same, string_agg(distinct pg_temp.state(way || o.statuses::text), ' | ') from orders o group by 1;
end
$$;
create temp table expected (same text, ends text) on commit drop;
insert into expected
select distinct on (o.same) o.same,
  concat_ws(' ', (select s from unnest(array['failed', 'played', 'read', 'delivered', 'sent']) s
    where s = any (o.statuses) limit 1),
    case when 'delivered' = any (o.statuses) then 'd02' end, case when 'read' = any (o.statuses) then 'r03' end,
    case when 'played' = any (o.statuses) then 'p04' end, case when 'failed' = any (o.statuses) then 'f05 131026' end)
from orders o order by o.same;
select is((select ends from expected where same = 'delivered,failed,played,read,sent'), 'failed d02 r03 p04 f05 131026',
  'what is expected of all five');
select is((select ends from expected where same = 'read,sent'), 'read r03', 'what is expected of two');
select set_eq(format('select * from pg_temp.ends(%L)', way), 'table expected', format('%s: every order of a set ends the same',
  way))
from unnest(array['one by one', 'in one batch', 'before the message', 'thrice']) way;

-- One step at a time --------------------------------------------------------------------------------

select pg_temp.send('{step}');
create function pg_temp.step(status text, later int default 0) returns text language plpgsql as $$
begin
  perform pg_temp.keep(jsonb_build_array(pg_temp.status('step', status, later)));
  return pg_temp.state('step');
end
$$;
select is(pg_temp.state('step'), 'sending', 'queued on our side');
select is(pg_temp.step('read'), 'read r03', 'delivered may never come');
select is(pg_temp.step('sent'), 'read r03', 'a status does not go back');
select is(pg_temp.step('delivered'), 'read d02 r03', 'but leaves its time');
select is(pg_temp.step('delivered', 1), 'read d02 r03', 'the earliest');
select is(pg_temp.step('delivered', -1), 'read d01 r03', 'whichever comes first');
select is(pg_temp.step('failed'), 'failed d01 r03 f05 131026', 'failed');
select is(pg_temp.step('played'), 'failed d01 r03 p04 f05 131026', 'stays failed');
select is(pg_temp.step('sent'), 'failed d01 r03 p04 f05 131026', 'whatever comes');

-- What is waiting -------------------------------------------------------------------------------------

create function pg_temp.waiting(wamid text) returns text language sql as $$
  select coalesce(string_agg(format('%s %s', status, to_char(status_at at time zone 'UTC', 'MI')), ', ' order by status), 'nothing')
  from whatsapp_pending_statuses where wa_message_id = 'wamid.STATUS.' || wamid
$$;
select is(pg_temp.keep(jsonb_build_array(pg_temp.status('later', 'delivered'), pg_temp.status('step', 'sent'))),
  '{"applied": 1, "pending": 1}', 'one finds its message, one waits');
select is(pg_temp.waiting('later'), 'delivered 02', 'it waits');
select is(pg_temp.waiting('step'), 'nothing', 'the other does not');
select is(pg_temp.keep(jsonb_build_array(pg_temp.status('later', 'delivered', 3),
  pg_temp.status('later', 'failed'),
  pg_temp.status('later', 'failed', 1), pg_temp.status('later', 'delivered', -1))) ->> 'applied', '0', 'more of it');
select is(pg_temp.waiting('later'), 'delivered 01, failed 05', 'each status waits once, with its earliest time');
insert into messages (workspace_id, conversation_id, contact_id, direction, sender_type, type, status, phone_number_id,
  wa_message_id) values
  (pg_temp.id('workspace'), pg_temp.id('thread'), pg_temp.id('contact'), 'inbound', 'contact', 'text', 'received',
    '986000000000001', 'wamid.STATUS.later'),
  (pg_temp.id('workspace'), pg_temp.id('thread'), pg_temp.id('contact'), 'outbound', 'agent', 'text', 'sent', '986000000000001',
    'wamid.STATUS.beside');
select is(pg_temp.waiting('later'), 'delivered 01, failed 05', 'an inbound message is not what they wait for');
select is(pg_temp.state('later'), 'received', 'nor changed by them');
delete from messages where wa_message_id = 'wamid.STATUS.later';
insert into messages (workspace_id, conversation_id, contact_id, direction, sender_type, type, status, phone_number_id,
  wa_message_id)
values (pg_temp.id('workspace'), pg_temp.id('thread'), pg_temp.id('contact'), 'outbound', 'agent', 'text', 'sent',
  '986000000000002', 'wamid.STATUS.later');
select is(pg_temp.waiting('later') || ' ' || pg_temp.state('later'), 'delivered 01, failed 05 sent',
  'nor is the message of another number with that id');
delete from messages where wa_message_id = 'wamid.STATUS.later';
select pg_temp.send('{later}');
select is(pg_temp.state('later'), 'failed d01 f05 131026', 'the message comes and has them at once');
select is(pg_temp.waiting('later'), 'nothing', 'nothing waits any more');
select is(pg_temp.keep(jsonb_build_array(pg_temp.status('later', 'read'))), '{"applied": 1, "pending": 0}',
  'what comes now is applied');
-- A message that is stored before it has its wamid, as one is that is about to be sent.
select pg_temp.keep(jsonb_build_array(pg_temp.status('outbox', 'delivered')));
insert into messages (id, workspace_id, conversation_id, contact_id, direction, sender_type, type, status)
values (pg_temp.id('outbox'), pg_temp.id('workspace'), pg_temp.id('thread'), pg_temp.id('contact'), 'outbound', 'agent', 'text',
  'queued');
select is((select status::text from messages where id = pg_temp.id('outbox')), 'queued',
  'a message without a wamid waits for its own');

-- Both, in one batch: a message stored, statuses of others.
select pg_temp.send('{inbound}', 'inbound');
select is(pg_temp.keep(jsonb_build_array(pg_temp.status('inbound', 'read'))) ->> 'applied', '0',
  'an inbound message takes no status');
select is(pg_temp.state('inbound'), 'received', 'indeed');
select is(pg_temp.keep('[]'), '{"applied": 0, "pending": 0}', 'no statuses');
select is((select message_count from conversations where id = pg_temp.id('thread')),
  (select count(*)::int from messages where conversation_id = pg_temp.id('thread')) + 2,
  'statuses are no messages: only the two that were deleted differ');

select * from finish();
rollback;
