-- Files of messages: which are fetched, by whom, how often, and what becomes of those that fail.
begin;
set local search_path = public, extensions;
select plan(47);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('message media ' || label)::uuid $$;
insert into workspaces (id, name) values (pg_temp.id('workspace'), 'Workspace');
insert into contacts (id, workspace_id, name) values (pg_temp.id('contact'), pg_temp.id('workspace'), 'Contact');
insert into conversations (id, workspace_id, contact_id) values (pg_temp.id('thread'), pg_temp.id('workspace'),
  pg_temp.id('contact'));
insert into whatsapp_numbers (phone_number_id, workspace_id, display_phone_number) values
  ('985000000000001', pg_temp.id('workspace'), '1'), ('985000000000002', pg_temp.id('workspace'), '2');
insert into private.whatsapp_tokens (phone_number_id, sealed) values ('985000000000001', '\x01');

create function pg_temp.store(name text, media jsonb, sender text default 'contact', number text default '985000000000001')
returns void language sql as $$
  insert into messages (id, workspace_id, conversation_id, contact_id, direction, sender_type, type, status, phone_number_id, media)
  values (pg_temp.id(name), pg_temp.id('workspace'), pg_temp.id('thread'), pg_temp.id('contact'),
    case sender when 'contact' then 'inbound' else 'outbound' end::message_direction, sender::sender_type,
    case when media is null then 'text' else 'image' end, 'received', number, media)
$$;
create function pg_temp.of(name text) returns message_media language sql as $$
  select * from message_media m where m.message_id = pg_temp.id(name)
$$;
create function pg_temp.claimed() returns text language sql as $$
  select coalesce(string_agg(c.whatsapp_media_id || ' #' || c.attempt, ', ' order by c.whatsapp_media_id), 'none')
  from private.claim_media(100) c
$$;
create function pg_temp.finish(name text, outcome jsonb) returns boolean language sql as $$
  select private.finish_media((pg_temp.of(name)).id, jsonb_build_object('attempt', (pg_temp.of(name)).attempts) || outcome)
$$;
-- Time passes: what waits is due.
create function pg_temp.later(name text) returns void language sql as $$
  update message_media set next_attempt_at = now() where message_id = pg_temp.id(name) and next_attempt_at < 'infinity'
$$;

-- Which --------------------------------------------------------------------------------------------

select pg_temp.store('image', '{"id": "901", "mime_type": "image/jpeg", "sha256": "q1w=", "filename": "../../a.jpg"}');
select is(jsonb_build_array(m.workspace_id, m.whatsapp_media_id, m.mime_type, m.sha256, m.file_name, m.status, m.attempts),
  jsonb_build_array(pg_temp.id('workspace'), '901', 'image/jpeg', 'q1w=', '../../a.jpg', 'pending', 0), 'an inbound file is to be fetched')
from pg_temp.of('image') m;
select is(m.storage_path, pg_temp.id('workspace') || '/' || m.id, 'its place is named by our own ids') from pg_temp.of('image') m;
select pg_temp.store('echo', '{"id": "902"}', 'business');
select isnt(pg_temp.of('echo'), null, 'so is one that the business sent in WhatsApp''s own app');
select pg_temp.store('agent', '{"id": "903"}', 'agent'), pg_temp.store('bot', '{"id": "904"}', 'bot');
select pg_temp.store('text', null), pg_temp.store('no id', '{"mime_type": "image/jpeg"}'), pg_temp.store('no number', '{"id": "905"}',
  number => null);
select pg_temp.store('path', '{"id": "../../me"}'), pg_temp.store('dots', '{"id": "1/2"}'), pg_temp.store('object', '{"id": {"a": 1}}'),
  pg_temp.store('list', '[1]');
select is(count(*), 2::bigint, 'neither what we sent, nor text, nor what has no usable id or number') from message_media
where workspace_id = pg_temp.id('workspace');

-- Claims -------------------------------------------------------------------------------------------

select is(private.media_due(), true, 'something is due');
select is(jsonb_build_array(c.phone_number_id, c.sealed_token, c.whatsapp_media_id, c.sha256, c.attempt),
  jsonb_build_array('985000000000001', '\x01'::bytea, '901', 'q1w=', 1), 'a claim has what fetching needs')
from private.claim_media(100) c where c.whatsapp_media_id = '901';
select is(pg_temp.claimed(), 'none', 'what is claimed is not claimed again');
select is(private.media_due(), false, 'nor is it due');
select is((pg_temp.of('image')).next_attempt_at, now() + interval '2 minutes', 'until the lease ends');
select pg_temp.later('image');
select is(pg_temp.claimed(), '901 #2', 'whoever claimed it died: somebody else does');

-- What came of it ----------------------------------------------------------------------------------

select is(private.finish_media((pg_temp.of('image')).id, '{"attempt": 1, "failed": {"code": "x", "title": "X"}}'), true, 'told late');
select is((pg_temp.of('image')).status, 'pending', 'a failure of an earlier attempt does not count');
select pg_temp.finish('image', '{"retry": {"code": "connection_failed", "title": "No answer."}}');
select is(jsonb_build_array(m.status, m.error ->> 'code', m.next_attempt_at), jsonb_build_array('pending', 'connection_failed', now() + interval '4 seconds'),
  'a passing fault: again after a while') from pg_temp.of('image') m;
create function pg_temp.wait_after(attempts int) returns numeric language plpgsql as $$
begin
  update message_media set attempts = wait_after.attempts where message_id = pg_temp.id('image');
  perform pg_temp.finish('image', '{"retry": {"code": "connection_failed"}}');
  return extract(epoch from (pg_temp.of('image')).next_attempt_at - now());
end
$$;
select is(array(select pg_temp.wait_after(n) from unnest(array[1, 2, 3, 4, 6, 7, 1000]) n),
  array[1, 4, 16, 64, 1024, 3600, 3600]::numeric[], 'each wait is longer, an hour at most');
select pg_temp.finish('image', '{"retry": {"code": "graph_error"}, "after_seconds": 7}');
select is((pg_temp.of('image')).next_attempt_at, now() + interval '7 seconds', 'or as long as WhatsApp said');
select pg_temp.finish('image', '{"retry": {"code": "graph_error"}, "after_seconds": 999999999}');
select is((pg_temp.of('image')).next_attempt_at, now() + interval '1 day', 'but not forever');

select pg_temp.finish('image', '{"stored": {"sha256": "ab", "size_bytes": 12, "mime_type": "image/png"}}');
select is(jsonb_build_array(m.status, m.sha256, m.size_bytes, m.mime_type, m.error, m.stored_at), jsonb_build_array('stored', 'ab', 12::bigint, 'image/jpeg', null, now()),
  'stored') from pg_temp.of('image') m;
select pg_temp.finish('image', '{"failed": {"code": "x"}}'), pg_temp.later('image');
select is((pg_temp.of('image')).status, 'stored', 'and stays so');
select is(pg_temp.claimed(), 'none', 'it is not fetched again');

select pg_temp.later('echo'), pg_temp.claimed();
select pg_temp.finish('echo', '{"failed": {"code": "media_gone", "title": "Gone."}}');
select is(jsonb_build_array(m.status, m.error), jsonb_build_array('failed', '{"code": "media_gone", "title": "Gone."}'::jsonb), 'a final fault is final')
from pg_temp.of('echo') m;
select pg_temp.later('echo');
select is(pg_temp.claimed(), 'none', 'it is not tried again');

create function pg_temp.mismatch(name text) returns text language plpgsql as $$
begin
  perform pg_temp.later(name), pg_temp.claimed();
  perform pg_temp.finish(name, '{"retry": {"code": "hash_mismatch"}}');
  return (pg_temp.of(name)).status;
end
$$;
select pg_temp.store('twisted', '{"id": "906"}');
select is(pg_temp.mismatch('twisted'), 'pending', 'wrong bytes once');
select is(pg_temp.mismatch('twisted'), 'pending', 'twice');
select pg_temp.later('twisted'), pg_temp.claimed(), pg_temp.finish('twisted', '{"retry": {"code": "connection_failed"}}');
select is((pg_temp.of('twisted')).status, 'pending', 'something else in between');
select is(pg_temp.mismatch('twisted'), 'failed', 'the third time it is given up');

select pg_temp.store('old', '{"id": "907"}');
update message_media set created_at = now() - interval '6 days 23 hours' where message_id = pg_temp.id('old');
select pg_temp.claimed(), pg_temp.finish('old', '{"retry": {"code": "graph_error"}}');
select is((pg_temp.of('old')).status, 'pending', 'for seven days it is tried');
update message_media set created_at = now() - interval '7 days 1 second' where message_id = pg_temp.id('old');
select pg_temp.later('old'), pg_temp.claimed(), pg_temp.finish('old', '{"retry": {"code": "graph_error"}}');
select is(jsonb_build_array(m.status, m.error ->> 'code'), jsonb_build_array('failed', 'graph_error'), 'then WhatsApp does not have it any more') from pg_temp.of('old') m;

-- A number without a token -------------------------------------------------------------------------

select pg_temp.store('waiting', '{"id": "908"}', number => '985000000000002');
select is(private.media_due(), true, 'nobody knows yet that its number has no token');
select is(pg_temp.claimed(), 'none', 'without a token nothing is fetched');
select is(jsonb_build_array(m.status, m.attempts, m.next_attempt_at), jsonb_build_array('pending', 0, 'infinity'::timestamptz), 'it waits') from pg_temp.of('waiting') m;
select is(private.media_due(), false, 'and is not looked at again and again');
insert into private.whatsapp_tokens (phone_number_id, sealed) values ('985000000000002', '');
select is(pg_temp.claimed(), '908 #1', 'until its number has a token');
update message_media set next_attempt_at = 'infinity' where message_id = pg_temp.id('waiting');
update private.whatsapp_tokens set sealed = '' where phone_number_id = '985000000000002';
select is(pg_temp.claimed(), '908 #2', 'or a new one');

select pg_temp.finish('waiting', '{"failed": {"code": "media_gone"}}');
update private.whatsapp_tokens set sealed = '\x04' where phone_number_id = '985000000000002';
select is(pg_temp.claimed(), '908 #3', 'what one token did not see the next one may');
select pg_temp.finish('waiting', '{"failed": {"code": "too_large"}}');
update private.whatsapp_tokens set sealed = '\x05' where phone_number_id = '985000000000002';
select is(pg_temp.claimed(), 'none', 'other faults are not the token''s');

-- Removal ------------------------------------------------------------------------------------------

create temp table gone on commit drop as select m.id, m.storage_path from message_media m
where m.message_id in (pg_temp.id('image'), pg_temp.id('waiting'));
delete from messages where id in (pg_temp.id('image'), pg_temp.id('waiting'));
select is(private.finish_media(id, '{"attempt": 2, "stored": {}}'), false, 'whoever fetches it meanwhile is told that it is not wanted')
from gone limit 1;
select is(private.media_due(), true, 'files without a message are to be removed');
select set_eq('select * from private.claim_media_removals(100)', 'select storage_path from gone', 'stored or not');
select is_empty('select * from private.claim_media_removals(100)', 'each by one worker');
select private.finish_media_removals(array(select storage_path from gone limit 1));
update private.media_removals set next_attempt_at = now();
select set_eq('select * from private.claim_media_removals(100)', 'select storage_path from gone offset 1',
  'one that was not removed comes again');
select private.finish_media_removals(array(select storage_path from gone));
select is(private.media_due(), false, 'nothing is left to do');

-- What the API shows -------------------------------------------------------------------------------

select is(private.message_media(pg_temp.id('text'))::jsonb, null, 'a text has no media');
select is(private.message_media(pg_temp.id('agent'))::jsonb,
  '{"id": null, "whatsapp_media_id": "903", "mime_type": null, "sha256": null, "file_name": null, "size_bytes": null, "status": null, "url": null}',
  'what we sent is not kept here');
select pg_temp.store('shown', '{"id": "909", "mime_type": "image/webp", "sha256": "cd", "filename": "f.webp"}');
select is(private.message_media(pg_temp.id('shown'))::jsonb, jsonb_build_object('id', (pg_temp.of('shown')).id,
  'whatsapp_media_id', '909', 'mime_type', 'image/webp', 'sha256', 'cd', 'file_name', 'f.webp', 'size_bytes', null,
  'status', 'pending', 'url', null), 'one that is not there yet has no address');
select pg_temp.claimed(), pg_temp.finish('shown', '{"stored": {"sha256": "ef", "size_bytes": 3}}');
select is(private.message_media(pg_temp.id('shown'))::jsonb, jsonb_build_object('id', (pg_temp.of('shown')).id,
  'whatsapp_media_id', '909', 'mime_type', 'image/webp', 'sha256', 'ef', 'file_name', 'f.webp', 'size_bytes', 3,
  'status', 'stored', 'url', '/functions/v1/media/' || (pg_temp.of('shown')).id), 'one that is has');

-- How cheap looking is -----------------------------------------------------------------------------

create function pg_temp.plan_of(statement text) returns setof text language plpgsql as $$
begin
  return query execute 'explain (costs off) ' || statement;
end
$$;
set local enable_seqscan = off;
select matches(string_agg(line, ' '), '^((?!Seq Scan).)*Index Only Scan using message_media_due_idx((?!Seq Scan).)*$',
  'whether a file is due is read from an index alone')
from pg_temp.plan_of($$select from public.message_media m where m.status = 'pending' and m.next_attempt_at <= now()$$) line;
select matches(string_agg(line, ' '), '^((?!Seq Scan).)*Index Only Scan using media_removals_due_idx((?!Seq Scan).)*$',
  'and whether one is to be removed')
from pg_temp.plan_of($$select from private.media_removals r where r.next_attempt_at <= now()$$) line;

select * from finish();
rollback;
