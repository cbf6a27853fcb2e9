-- Contacts last contacted until a time, newest first: those who were met before they were created,
-- then a window of the last contacts before that time, then further down. All of it is one list.
begin;
set local search_path = public, extensions;
select plan(25);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('contacted until ' || label)::uuid $$;
insert into workspaces (id, name) select pg_temp.id('workspace ' || n), 'Workspace' from generate_series(0, 1) n;
-- One a minute, each contacted last up to a day later; every 40th long before it was created, every
-- 7th never.
insert into contacts (id, workspace_id, name, status, tags, created_at)
select pg_temp.id('contact ' || n), pg_temp.id('workspace ' || n % 10 / 9), 'Person ' || n, case when n % 90 = 1 then 'lost' else 'new' end::contact_status,
  case when n % 3 = 0 then '{third}' else '{}' end::text[], '2026-01-01'::timestamptz + n * interval '1 minute'
from generate_series(1, 20000) n;
update contact_activity a set last_contact_at = case
    when n % 40 = 0 then '2025-06-01'::timestamptz + n * interval '13 minutes'
    when n % 7 > 0 then '2026-01-01'::timestamptz + n * interval '1 minute' + n * 7919 % 1440 * interval '1 minute' end
from generate_series(1, 20000) n where a.contact_id = pg_temp.id('contact ' || n);
analyze contacts, contact_activity;

select is((select count(*) from contact_activity a join contacts c on c.id = a.contact_id and c.created_at <> a.contact_created_at), 0::bigint,
  'the time of creation is at hand');

-- The first three pages, put together.
create function pg_temp.paged(filter jsonb, rows int) returns uuid[] language plpgsql as $$
declare
  page record;
  after jsonb;
  ids uuid[] := '{}';
begin
  for n in 1..3 loop
    page := private.contact_ids(pg_temp.id('workspace 0'), filter, '-created_at', after, rows);
    ids := ids || page.ids;
    exit when cardinality(page.ids) < rows;
    after := jsonb_build_array(page.keys[rows], page.ids[rows]);
  end loop;
  return ids;
end
$$;
create function pg_temp.expected(filter jsonb, rows int) returns uuid[] language sql as $$
  select coalesce(array_agg(id order by created_at desc, id desc), '{}') from (
    select c.id, c.created_at from contacts c join contact_activity a on a.contact_id = c.id
    where c.workspace_id = pg_temp.id('workspace 0') and a.last_contact_at <= (filter ->> 'last_contact_to')::timestamptz
      and (not filter ? 'last_contact_from' or a.last_contact_at >= (filter ->> 'last_contact_from')::timestamptz)
      and (not filter ? 'created_to' or c.created_at <= (filter ->> 'created_to')::timestamptz)
      and (not filter ? 'status' or c.status = 'lost') and (not filter ? 'tags' or 'third' = any (c.tags))
      and (not filter ? 'search' or c.search_text like '%77%')
    order by c.created_at desc, c.id desc limit 3 * rows) as fit
$$;
select is((select min(n) from unnest(pg_temp.paged(filter, rows), pg_temp.expected(filter, rows)) with ordinality as u (page, fit, n)
  where page is distinct from fit), null, format('%s, %s a page: nobody stands in a wrong place', filter, rows))
from unnest(array[
    '{"last_contact_to": "2026-01-10T12:00:00Z"}', '{"last_contact_to": "2026-01-03T00:00:00Z"}',
    '{"last_contact_to": "2026-04-01T00:00:00Z"}', '{"last_contact_to": "2025-05-01T00:00:00Z"}',
    '{"last_contact_to": "2025-12-01T00:00:00Z"}',
    '{"last_contact_to": "2026-01-10T12:00:00Z", "status": ["lost"]}', '{"last_contact_to": "2026-01-10T12:00:00Z", "tags": ["third"]}',
    '{"last_contact_to": "2026-01-10T12:00:00Z", "last_contact_from": "2026-01-10T09:00:00Z"}',
    '{"last_contact_to": "2026-01-10T12:00:00Z", "created_to": "2026-01-06T00:00:00Z"}',
    '{"last_contact_to": "2026-01-10T12:00:00Z", "search": "77"}']::jsonb[]) filter, unnest('{17,180}'::int[]) rows;
select cmp_ok(cardinality(pg_temp.expected('{"last_contact_to": "2026-01-10T12:00:00Z"}', 180)), '=', 540, 'those pages are full');

-- How ------------------------------------------------------------------------------------------

create function pg_temp.walk_plan(ranges text[]) returns text language plpgsql as $$
declare
  line text;
  lines text := '';
begin
  for line in execute 'explain (costs off) ' || private.activity_query(pg_temp.id('workspace 0'),
      '{"last_contact_to": "2026-01-10T12:00:00Z", "tags": ["third"]}', null, ranges, 51) loop
    lines := lines || line || E'\n';
  end loop;
  return lines;
end
$$;
do $$
declare
  setting text;
begin
  execute replace(pg_get_functiondef('pg_temp.walk_plan'::regproc), 'walk_plan', 'pick_plan');
  foreach setting in array (select proconfig from pg_proc where oid = 'private.walk'::regproc) loop
    execute format('alter function pg_temp.walk_plan(text[]) set %s = %L', split_part(setting, '=', 1), btrim(split_part(setting, '=', 2), '"'));
  end loop;
  foreach setting in array (select proconfig from pg_proc where oid = 'private.pick'::regproc) loop
    execute format('alter function pg_temp.pick_plan(text[]) set %s = %L', split_part(setting, '=', 1), btrim(split_part(setting, '=', 2), '"'));
  end loop;
end
$$;
create temp table plans as
select pg_temp.walk_plan(array['a.contact_created_at - a.last_contact_at > interval ''1 hour'' and a.contact_created_at > ''2026-01-10T13:00:00Z''']) as before,
  pg_temp.pick_plan(array['coalesce(a.last_contact_at, ''-infinity''::timestamptz) >= ''2026-01-09T13:00:00Z''']) as until;
select is(array[before ~ 'Index Only Scan Backward using contact_activity_met_before_idx', before ~ 'Sort|Seq Scan|Bitmap'], array[true, false],
  'who was met before is read in order, in an index of few') from plans;
select is(array[until ~ 'Index Only Scan (Backward )?using contact_activity_last_contact_idx', until ~ 'Seq Scan'], array[true, false],
  'the others are sorted before any of them is looked at') from plans;

-- When it changes -----------------------------------------------------------------------------------

update contacts set created_at = '2025-12-24' where id = pg_temp.id('contact 7');
select is((select contact_created_at from contact_activity where contact_id = pg_temp.id('contact 7')), '2025-12-24'::timestamptz,
  'the time of creation follows');

select * from finish();
rollback;
