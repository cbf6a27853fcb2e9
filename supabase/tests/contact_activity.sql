-- contact_activity: a row for every contact, which messages write instead of the contact itself,
-- which two contacts bring together when they become one, and by which lists are sorted.
begin;
set local search_path = public, extensions;
select plan(44);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('contact activity ' || label)::uuid $$;
insert into workspaces (id, name) values (pg_temp.id('workspace'), 'Workspace'), (pg_temp.id('crowd'), 'Crowd');

-- The days of 2026-01-01, on which nobody becomes active.
insert into private.clock (shift) values (timestamptz '2026-01-01T00:00:00Z' - now());
insert into workspace_settings (workspace_id, active_min_messages) select id, 1000 from workspaces where id in (pg_temp.id('workspace'), pg_temp.id('crowd'))
on conflict (workspace_id) do update set active_min_messages = 1000;

-- One row each ----------------------------------------------------------------------------------

insert into contacts (id, workspace_id, name, phone)
select pg_temp.id(label), pg_temp.id('workspace'), null, phone
from (values ('ana', '+34600111001'), ('bea', '+34600111002'), ('cai', null)) v (label, phone);
insert into contacts (id, workspace_id, phone) values (pg_temp.id('refused'), pg_temp.id('workspace'), '+34600111001')
on conflict do nothing;
select set_eq('select to_jsonb(a) - ''{contact_created_at,facets,ranges,last_inbound_at,converted_at,shows_intent,auto_status,is_at_risk,due_at}''::text[] from contact_activity a join contacts c on c.id = contact_id and c.workspace_id = pg_temp.id(''workspace'')',
  array(select jsonb_build_object('contact_id', pg_temp.id(label), 'workspace_id', pg_temp.id('workspace'), 'message_count', 0,
    'last_contact_at', null, 'profile_name', null, 'profile_name_at', null, 'username', null, 'username_at', null,
    'sentiment_sum', 0.0, 'sentiment_count', 0, 'sentiment_score', 0, 'last_sentiment_score', null, 'last_sentiment_at', null)
    from unnest(array['ana', 'bea', 'cai']) label), 'contacts made together have a row each');
select is((select count(*) from contact_activity where contact_id = pg_temp.id('refused')), 0::bigint, 'one that was not made has none');
select is((select count(*) from contacts c left join contact_activity a on (a.contact_id, a.workspace_id) = (c.id, c.workspace_id)
  where a.contact_id is null), 0::bigint, 'nobody is without');

-- What a message writes -------------------------------------------------------------------------

-- Messages of one batch: 'ana 12:00 channel', with a profile name and a username if given.
create function pg_temp.say(who text, at text, profile text default null, username text default null, channel text default 'whatsapp')
returns text language plpgsql as $$
begin
  insert into conversations (id, workspace_id, contact_id, channel)
  values (pg_temp.id(who || channel), pg_temp.id('workspace'), pg_temp.id(who), channel) on conflict do nothing;
  insert into messages (workspace_id, conversation_id, contact_id, direction, sender_type, sender_name, sender_username, type,
    status, sent_at, channel)
  values (pg_temp.id('workspace'), pg_temp.id(who || channel), pg_temp.id(who), 'inbound', 'contact', profile, username, 'text',
    'received', ('2026-01-01 ' || at || '+00')::timestamptz, channel);
  return (
    select concat_ws(' ', a.message_count, to_char(a.last_contact_at at time zone 'UTC', 'HH24:MI'), coalesce(a.profile_name, '-'),
      coalesce(a.username, '-'), 'v' || c.version, coalesce(c.name, '-'))
    from contact_activity a join contacts c on c.id = a.contact_id where c.id = pg_temp.id(who));
end
$$;
select is(pg_temp.say('ana', '10:00', 'Ana', '@ana'), '1 10:00 Ana @ana v2 Ana', 'a channel and a name are news of the contact');
create temp table before as select ctid as place, version, updated_at from contacts where id = pg_temp.id('ana');
select is(pg_temp.say('ana', '11:00', 'Ana', '@ana'), '2 11:00 Ana @ana v2 Ana', 'a message alone is not');
select is(pg_temp.say('ana', '11:30'), '3 11:30 Ana @ana v2 Ana', 'nor without a name');
select is(pg_temp.say('ana', '11:40', null, '@a'), '4 11:40 Ana @a v2 Ana', 'nor with another username');
select is(pg_temp.say('ana', '09:00', 'Before', '@before'), '5 11:40 Ana @a v2 Ana', 'nor a name that was older');
select results_eq($$ select ctid, version, updated_at from contacts where id = pg_temp.id('ana') $$, 'table before', 'the row was not even written');
select is(pg_temp.say('ana', '12:00', 'Anna'), '6 12:00 Anna @a v3 Anna', 'a later name is a change');
select is(pg_temp.say('ana', '12:00', 'Zoe'), '7 12:00 Anna @a v3 Anna', 'of the same second the first in the alphabet counts');
select is(pg_temp.say('ana', '12:00', 'Aa'), '8 12:00 Aa @a v4 Aa', 'whatever came first');
select is(pg_temp.say('ana', '12:30', 'Aa', null, 'web'), '9 12:30 Aa @a v5 Aa', 'another channel is a change');
select is((select channels from contacts where id = pg_temp.id('ana')), '{web,whatsapp}'::text[], 'of the channels');
select is((select count(*) from activity_log where entity_id = pg_temp.id('ana') and action = 'contact.updated'), 4::bigint,
  'what changed the contact is on record, the rest is not');
select is((select message_count from contact_activity where contact_id = pg_temp.id('bea')), 0, 'others are left alone');

-- Calls -----------------------------------------------------------------------------------------

create function pg_temp.call(who text, at text) returns text language plpgsql as $$
begin
  insert into calls (workspace_id, contact_id, direction, status, started_at)
  values (pg_temp.id('workspace'), pg_temp.id(who), 'inbound', 'completed', ('2026-01-01 ' || at || '+00')::timestamptz);
  return (select format('%s calls, last %s', c.call_count, to_char(a.last_contact_at at time zone 'UTC', 'HH24:MI'))
    from contacts c join contact_activity a on a.contact_id = c.id where c.id = pg_temp.id(who));
end
$$;
select is(pg_temp.call('cai', '08:00'), '1 calls, last 08:00', 'a call is a contact');
select is(pg_temp.call('cai', '07:00'), '2 calls, last 08:00', 'an older one is not the last');
delete from calls where contact_id = pg_temp.id('cai');
select is((select format('%s %s', call_count, to_char(last_contact_at at time zone 'UTC', 'HH24:MI'))
  from contacts c join contact_activity a on a.contact_id = c.id where c.id = pg_temp.id('cai')), '0 08:00',
  'of removed calls the last contact stays');

-- Two that become one ---------------------------------------------------------------------------

select is(pg_temp.say('bea', '14:00', 'Bea', '@bea'), '1 14:00 Bea @bea v2 Bea', 'somebody else writes');
select is(pg_temp.say('bea', '11:00', null, '@b', 'web'), '2 14:00 Bea @bea v3 Bea', 'twice');
select is(private.merge_contacts(array[pg_temp.id('bea'), pg_temp.id('ana')]), pg_temp.id(kept), 'and is the same person')
from (values (case when pg_temp.id('ana') < pg_temp.id('bea') then 'ana' else 'bea' end)) v (kept);
create temp table merged as select * from contact_merges where workspace_id = pg_temp.id('workspace');
select is(to_jsonb(a) - '{contact_id,workspace_id,contact_created_at,facets,ranges,last_inbound_at,converted_at,shows_intent,auto_status,is_at_risk,due_at}'::text[], '{"message_count": 11, "last_contact_at": "2026-01-01T14:00:00+00:00",
  "profile_name": "Bea", "profile_name_at": "2026-01-01T14:00:00+00:00", "username": "@bea",
  "username_at": "2026-01-01T14:00:00+00:00", "sentiment_sum": 0, "sentiment_count": 0, "sentiment_score": 0,
  "last_sentiment_score": null, "last_sentiment_at": null}', 'what was said with both is one sum, with the later names')
from contact_activity a join merged on contact_id = primary_id;
select is((select c.profile_name from contacts c join merged on c.id = primary_id), 'Bea', 'which the contact has as well');
select is((select count(*) from messages join merged on contact_id = primary_id), 11::bigint, 'and is as many as there are');
select is((select count(*) from contact_activity join merged on contact_id = duplicate_id), 0::bigint, 'the other''s row is gone');
select is(duplicate ->> 'id' || ' ' || (duplicate ->> 'message_count') || ' ' || (duplicate ->> 'username'),
  duplicate_id || case when duplicate_id = pg_temp.id('bea') then ' 2 @bea' else ' 9 @a' end, 'and kept in the record of the merge')
from merged;
-- The other way round: the one that stays has the later names.
select is(pg_temp.say('cai', '10:00', 'Cai', '@cai'), '1 10:00 Cai @cai v5 Cai', 'a third, who was silent for longer');
-- Whom a person has named is kept.
update contacts set name = 'Caio' where id = pg_temp.id('cai');
select is(private.merge_contacts(array[pg_temp.id('cai'), (select primary_id from merged)]), pg_temp.id('cai'), 'is the same again');
select is((select concat_ws(' ', message_count, to_char(last_contact_at at time zone 'UTC', 'HH24:MI'), a.profile_name, username,
    c.profile_name)
  from contact_activity a join contacts c on c.id = contact_id where contact_id = pg_temp.id('cai')), '12 14:00 Bea @bea Bea',
  'the names are the latest whoever stays');
-- Lists -----------------------------------------------------------------------------------------

-- A small part of all contacts, as a workspace is.
insert into workspaces (id, name) select pg_temp.id('other ' || n), 'Other' from generate_series(1, 30) n;
insert into contacts (workspace_id, score) select pg_temp.id('other ' || n % 30 + 1), n % 7 from generate_series(1, 9000) n;
insert into contacts (id, workspace_id, name, score)
select pg_temp.id('crowd ' || n), pg_temp.id('crowd'), n::text, n % 7 from generate_series(1, 400) n;
update contact_activity set last_contact_at = '2026-01-01'::timestamptz + make_interval(secs => n / 2)
from generate_series(1, 400) n where contact_id = pg_temp.id('crowd ' || n);
update contact_activity set last_contact_at = '2026-01-01'::timestamptz + make_interval(secs => abs(hashtext(contact_id::text)) % 200)
where workspace_id in (select pg_temp.id('other ' || n) from generate_series(1, 30) n);
analyze contacts, contact_activity;

create function pg_temp.plan_of(sort text, filter jsonb default '{}', after jsonb default null) returns text language plpgsql as $$
declare
  line text;
  lines text := '';
begin
  for line in execute 'explain (costs off) ' || private.walk_query(pg_temp.id('crowd'), filter, sort, after, 51, 51, null) loop
    lines := lines || line || E'\n';
  end loop;
  return lines;
end
$$;
create temp table plans as
  select sort, after, pg_temp.plan_of(sort, '{}', after) as plan
  from unnest(array['last_contact_at', '-last_contact_at']) sort,
    unnest(array[null, jsonb_build_array('2026-01-01T00:02:00Z', pg_temp.id('crowd 7'))]) after;
select alike(plan, '%contact_activity_last_contact_idx%', format('%s after %s: by its index', sort, after)) from plans;
select unalike(plan, '%Sort%', format('%s after %s: already in order', sort, after)) from plans;
select alike(plan, '%Index Cond: ((workspace_id = %) AND (ROW(%',  format('%s: a page is a range of it', sort)) from plans
where after is not null;
select ok((private.estimated_rows(format('select from %s where %s', private.contact_source(pg_temp.id('crowd'), filter, null),
    private.contact_conditions(pg_temp.id('crowd'), filter, true))) between 100 and 300), 'half of them are expected where half of them are')
from (values ('{"last_contact_from": "2026-01-01T00:01:40Z"}'::jsonb)) v (filter);
select is(private.contact_source(pg_temp.id('crowd'), filter, sort), 'public.contacts c', format('%s with %s asks nothing of it', sort, filter))
from (values ('-created_at', '{}'::jsonb), ('score', '{"score_min": 3}'), (null, '{"search": "last_contact_from"}')) v (sort, filter);

select * from finish();
rollback;
