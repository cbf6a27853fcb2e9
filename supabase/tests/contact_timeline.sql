-- The timeline: each branch a range of an index, however much there is; the order; whose it is.
begin;
set local search_path = public, extensions;
select plan(17);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('timeline ' || label)::uuid $$;
insert into auth.users (id, email) select pg_temp.id(n), n || '@timeline.example' from unnest(array['ann', 'out']) n;
insert into workspaces (id, name) values (pg_temp.id('home'), 'Home'), (pg_temp.id('away'), 'Away');
insert into workspace_members (workspace_id, user_id, role, handle) values
  (pg_temp.id('home'), pg_temp.id('ann'), 'agent', 'ann'), (pg_temp.id('away'), pg_temp.id('out'), 'owner', 'out');
insert into contacts (id, workspace_id, name) select pg_temp.id(n), pg_temp.id('home'), n from unnest(array['talker', 'quiet']) n;
insert into conversations (id, workspace_id, contact_id)
select pg_temp.id(n || ' thread'), pg_temp.id('home'), pg_temp.id(n) from unnest(array['talker', 'quiet']) n;

-- A hundred thousand messages; what they do to contacts is not what is measured.
alter table messages disable trigger user;
insert into messages (workspace_id, conversation_id, contact_id, direction, sender_type, type, body, status, sent_at)
select pg_temp.id('home'), pg_temp.id('talker thread'), pg_temp.id('talker'), 'inbound', 'contact', 'text', 'Message ' || n, 'received',
  '2026-01-01'::timestamptz + make_interval(secs => n)
from generate_series(1, 100000) n;
alter table messages enable trigger user;
insert into contact_history (workspace_id, contact_id, field, old_value, new_value, actor_type, changed_at)
select pg_temp.id('home'), pg_temp.id('talker'), f, 'a', 'b', 'system', '2026-01-01'::timestamptz + make_interval(hours => n)
from generate_series(1, 100) n, unnest(array['stage', 'status', 'sale_status']) f;
insert into deals (workspace_id, contact_id, title, created_at) select pg_temp.id('home'), pg_temp.id('talker'), 'Deal ' || n,
  '2026-01-01'::timestamptz + make_interval(hours => n) from generate_series(1, 100) n;
-- So many of somebody else that reading all of them would cost.
alter table deals disable trigger user;
insert into deals (workspace_id, contact_id, stage_id, title, currency)
select pg_temp.id('home'), pg_temp.id('quiet'), private.first_stage(pg_temp.id('home')), 'Deal ' || n, 'USD' from generate_series(1, 20000) n;
alter table deals enable trigger user;
analyze messages; analyze contact_history; analyze deals;

create function pg_temp.page(who text, contact text, args jsonb default '{}') returns jsonb language sql as $$
  select body::jsonb from private.call(jsonb_build_object('type', 'member', 'user_id', pg_temp.id(who)), 'contacts:read',
    'contact_timeline', jsonb_build_object('contact_id', pg_temp.id(contact)) || args)
$$;

-- The plan, as a member has it ---------------------------------------------------------------------

create temp table plans (page text, plan jsonb) on commit drop;
create function pg_temp.explain(page text, after jsonb) returns void language plpgsql as $$
declare
  plan jsonb;
begin
  perform set_config('request.jwt.claims', jsonb_build_object('role', 'authenticated', 'sub', pg_temp.id('ann'))::text, true),
    set_config('role', 'authenticated', true);
  execute 'explain (analyze, buffers, format json) '
    || private.timeline_query(pg_temp.id('talker'), private.timeline_branches(null), after, 51) into plan;
  perform set_config('role', 'none', true), set_config('request.jwt.claims', '', true);
  insert into plans values (page, plan -> 0);
end
$$;
select pg_temp.explain('first', null);
select pg_temp.explain('in the middle', jsonb_build_array('message 2026-01-01 13:53:20+00', pg_temp.id('x')));
select pg_temp.explain('behind all messages', jsonb_build_array('message 2026-01-01 00:00:01+00', '00000000-0000-0000-0000-000000000000'));
create temp view nodes as
  select p.page, n from plans p, jsonb_path_query(p.plan, '$.**{0 to last} ? (exists(@."Node Type"))') n;
select is_empty($$ select page, n ->> 'Relation Name' from nodes
    where n ->> 'Node Type' = 'Seq Scan' and n ->> 'Relation Name' in ('messages', 'contact_history', 'deals') $$,
  'no page reads a table from end to end');
select is((select array_agg(distinct n ->> 'Index Name') from nodes where n ->> 'Relation Name' = 'messages' and n ->> 'Node Type' like 'Index%'
    and n ->> 'Index Name' <> 'messages_pkey'), array['messages_contact_idx'], 'messages are a range of the index of their contact');
select cmp_ok((select max((n ->> 'Actual Rows')::numeric) from nodes where page = p and n ->> 'Relation Name' = 'messages'), '<=', 51::numeric,
  format('the page %s reads a page of messages, no more', p)) from unnest(array['first', 'in the middle', 'behind all messages']) p;
select is((select coalesce(max((n ->> 'Rows Removed by Filter')::numeric), 0) from nodes where n ->> 'Relation Name' = 'messages'),
  0::numeric, 'and throws none away');
select cmp_ok((select max((n ->> 'Actual Rows')::numeric) from nodes where n ->> 'Relation Name' = 'contact_history'), '<=', 51::numeric,
  'nor of changes');
select cmp_ok((select max((plan #>> '{Plan,Shared Hit Blocks}')::int + (plan #>> '{Plan,Shared Read Blocks}')::int) from plans), '<', 3000,
  'a page touches some blocks, not thousands');

-- What a page holds -------------------------------------------------------------------------------------

select is(jsonb_path_query_array(pg_temp.page('ann', 'talker', '{"limit": 5}'), '$.data[*].kind'),
  '["status_change", "stage_change", "sale_status_change", "deal_opened", "status_change"]', 'newest first, at one time by kind');
create temp table walked (n int, entry jsonb) on commit drop;
do $$
declare
  cursor text;
  answer jsonb;
  pages int := 0;
begin
  loop
    answer := pg_temp.page('ann', 'talker', '{"limit": 37, "kinds": ["deal_opened", "sale_status_change", "stage_change", "status_change"]}'
      || case when cursor is null then '{}' else jsonb_build_object('cursor', cursor) end);
    insert into walked select pages, e from jsonb_array_elements(answer -> 'data') e;
    cursor := answer ->> 'next_cursor';
    pages := pages + 1;
    exit when cursor is null or pages > 20;
  end loop;
end
$$;
select is((select count(*) from walked), 400::bigint, 'page by page all entries');
select is((select count(distinct (entry ->> 'kind', entry ->> 'id')) from walked), 400::bigint, 'each once');
select is((select array_agg(array[entry ->> 'at', entry ->> 'kind'] order by at) from (select entry, row_number() over () as at from walked) w),
  (select array_agg(array[entry ->> 'at', entry ->> 'kind'] order by (entry ->> 'at')::timestamptz desc, entry ->> 'kind' collate "C" desc)
    from walked), 'in their order over pages, four at each moment');
select is((select count(distinct n) from walked), 11::bigint, 'on full pages');

-- Whose it is ---------------------------------------------------------------------------------------------

select throws_ok($$ select pg_temp.page('out', 'talker') $$, 'PT404', 'contact_not_found', 'nobody reads another workspace''s');
insert into internal_notes (workspace_id, contact_id, content) values (pg_temp.id('home'), pg_temp.id('quiet'), 'Note');
select is(jsonb_array_length(pg_temp.page('ann', 'quiet', '{"kinds": ["note", "message", "stage_change"]}') -> 'data'), 1, 'one contact''s entries are not another''s');
select set_eq($$ select (unnest(private.timeline_branches(null))).kind $$,
  array['message', 'call', 'note', 'stage_change', 'status_change', 'sale_status_change', 'assignment', 'consent', 'merge',
    'deal_opened', 'deal_closed', 'meeting', 'survey_response', 'score_event'], 'the kinds are those of the contract');
select is_empty($$
    select c.conrelid::regclass from pg_constraint c join pg_class r on r.oid = c.conrelid
    where c.contype = 'f' and c.confrelid = 'contacts'::regclass and r.relnamespace = 'public'::regnamespace
      and c.conrelid not in ('contact_activity'::regclass, 'contact_identities'::regclass, 'message_changes'::regclass,
        'conversations'::regclass)
      and not exists (select from unnest(private.timeline_branches(null)) b where b.relation::regclass = c.conrelid) $$,
  'whatever is held on a contact is in it, but for who the contact is and what is shown in messages');

select * from finish();
rollback;
