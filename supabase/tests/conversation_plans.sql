-- By which index an inbox is found.
begin;
set local search_path = public, extensions;
select plan(12);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('conversation plans ' || label)::uuid $$;
insert into workspaces (id, name) select pg_temp.id('workspace ' || n), 'Workspace' from generate_series(0, 20) n;
insert into auth.users (id, email) values (pg_temp.id('ada'), 'ada@inbox.example');
insert into workspace_members (workspace_id, user_id, handle) values (pg_temp.id('workspace 0'), pg_temp.id('ada'), 'ada');
-- Four fifths in one workspace; few wait, are unread, or are somebody's.
insert into contacts (id, workspace_id, name, created_at)
select pg_temp.id('contact ' || n), pg_temp.id('workspace ' || case when n % 5 = 0 then n % 20 + 1 else 0 end), 'Person ' || n, now()
from generate_series(1, 6000) n;
insert into conversations (id, workspace_id, contact_id, phase, unread_count, assigned_to, last_message_at)
select c.id, c.workspace_id, c.id, case when n % 97 = 1 then 'waiting' else 'automated' end::conversation_phase,
  case when n % 101 = 1 then 2 else 0 end, case when n % 103 = 1 and n % 5 <> 0 then pg_temp.id('ada') end,
  '2026-01-01'::timestamptz + n * interval '1 minute'
from generate_series(1, 6000) n join contacts c on c.id = pg_temp.id('contact ' || n);
analyze conversations;
select set_config('request.jwt.claims', jsonb_build_object('sub', pg_temp.id('ada'))::text, true);

create function pg_temp.plan_of(filter jsonb, after jsonb) returns text language plpgsql as $$
declare
  line text;
  lines text := '';
begin
  for line in execute 'explain (costs off) ' || private.conversation_query(pg_temp.id('workspace 0'), filter, after, 51) loop
    lines := lines || line || E'\n';
  end loop;
  return lines;
end
$$;
create temp table plans as
select filter, index, after is not null as deep, pg_temp.plan_of(filter, after) as plan
from (values ('{}'::jsonb, 'conversations_recent_idx'), ('{"view": "mine"}', 'conversations_assigned_idx'),
    ('{"unread": true}', 'conversations_unread_idx'), ('{"phase": ["waiting"]}', 'conversations_waiting_idx')) f (filter, index),
  unnest(array[null, jsonb_build_array('2026-01-03', pg_temp.id('contact 7'))]) after;
select is(array[plan ~ ('Index Scan Backward using ' || index), plan ~ 'Seq Scan on conversations|Sort|Bitmap'], array[true, false],
  format('%s%s: along its index', filter, case when deep then ', deep' else '' end)) from plans;
select ok(plan ~ 'Index Cond: [^\n]*ROW\(', format('%s: a deep page is a range', filter)) from plans where deep;
select * from finish();
rollback;
