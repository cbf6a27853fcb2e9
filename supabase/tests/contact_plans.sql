-- By which index every kind of list is found: of the plans that private.walk and private.pick make.
begin;
set local search_path = public, extensions;
select plan(375);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('contact plans ' || label)::uuid $$;
insert into workspaces (id, name) select pg_temp.id('workspace ' || n), 'Workspace' from generate_series(0, 20) n;
insert into auth.users (id, email) select pg_temp.id('user ' || n), n || '@plans.example' from generate_series(1, 9) n;
insert into workspace_members (workspace_id, user_id, handle)
select pg_temp.id('workspace 0'), pg_temp.id('user ' || n), 'member' || n from generate_series(1, 9) n;
-- Four fifths in one workspace; every value of every filter, most of them rare.
insert into contacts (id, workspace_id, name, phone, email, company, notes, source, channels, status, auto_status, sale_status, stage,
  value, score, grade, sentiment, tags, assigned_to, is_vip, is_at_risk, is_mystery_shopper, is_contractor, opted_out, do_not_call,
  call_count, created_at, updated_at)
select pg_temp.id('contact ' || n), pg_temp.id('workspace ' || case when n % 5 = 0 then n % 20 + 1 else 0 end), 'Person ' || md5(n::text),
  '+4930' || 1000000 + n, case when n % 2 = 0 then md5(n::text) || '@plans.example' end, 'Company ' || n % 300, 'met ' || n % 700,
  case when n % 197 = 1 then 'api' else 'manual' end::contact_source, case when n % 199 = 1 then '{web}' else '{whatsapp}' end::text[],
  case when n % 193 = 1 then 'lost' else 'new' end::contact_status, case when n % 191 = 1 then 'churned' else 'new' end::contact_auto_status,
  case when n % 181 = 1 then 'sold' else 'none' end::contact_sale_status, case when n % 179 = 1 then 'closing' else 'inquiry' end,
  n % 5000, n % 1000, case when n % 173 = 1 then 'A' when n % 2 = 1 then 'C' end::contact_grade,
  case when n % 167 = 1 then 'negative' else 'neutral' end::sentiment_level,
  case when n % 211 = 1 then '{rare,common}' else '{common}' end::text[],
  case when n % 5 <> 0 and n % 307 = 1 then pg_temp.id('user 1') end, n % 307 = 1, n % 311 = 1, n % 313 = 1, n % 317 = 1, n % 331 = 1,
  n % 337 = 1, n % 40, '2026-01-01'::timestamptz + n * interval '1 minute', '2026-02-01'::timestamptz + n * 7919 % 15000 * interval '1 minute'
from generate_series(1, 15000) n;
update contact_activity a set last_contact_at = c.updated_at from contacts c where c.id = a.contact_id;
analyze contacts, contact_activity;

-- The plan of a query, under the settings of the function that runs it.
create function pg_temp.walk_plan(query text) returns text language plpgsql as $$
declare
  line text;
  lines text := '';
begin
  for line in execute 'explain (costs off) ' || query loop
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
    execute format('alter function pg_temp.walk_plan(text) set %s = %L', split_part(setting, '=', 1), btrim(split_part(setting, '=', 2), '"'));
  end loop;
  foreach setting in array (select proconfig from pg_proc where oid = 'private.pick'::regproc) loop
    execute format('alter function pg_temp.pick_plan(text) set %s = %L', split_part(setting, '=', 1), btrim(split_part(setting, '=', 2), '"'));
  end loop;
end
$$;
create function pg_temp.walked(filter jsonb, sort text, after jsonb default null) returns text language sql as $$
  select pg_temp.walk_plan(private.walk_query(pg_temp.id('workspace 0'), filter, sort, after, 1000, 51, null))
$$;
create function pg_temp.picked(filter jsonb, sort text, place text default 'workspace 0') returns text language sql as $$
  select pg_temp.pick_plan(private.pick_query(pg_temp.id(place), filter, sort, null, 51, null))
$$;

-- Walking ---------------------------------------------------------------------------------------

create temp table sorts (sort text, index text, after text) on commit drop;
insert into sorts values
  ('created_at', 'contacts_created_idx', '2026-01-02'), ('updated_at', 'contacts_updated_idx', '2026-01-02'),
  ('name', 'contacts_name_idx', 'person 7'), ('value', 'contacts_value_idx', '700'), ('score', 'contacts_score_idx', '70'),
  ('last_contact_at', 'contact_activity_last_contact_idx', '2026-02-03');
create temp table walks as
select direction || sort as sort, index, filter, pg_temp.walked(filter, direction || sort, next) as plan, next is not null as deep
from sorts, unnest(array['', '-']) direction, unnest(array[null, jsonb_build_array(after, pg_temp.id('contact 7'))]) next,
  unnest(array['{}', '{"status": ["lost"], "tags": ["rare"]}', '{"search": "per"}', '{"score_min": 900}']::jsonb[]) filter;
select is(
  array[plan ~ ('Index (Only )?Scan (Backward )?using ' || index), plan ~ 'Index Cond: .*workspace_id', plan ~ 'Seq Scan|Sort|Bitmap'],
  array[true, true, false], format('%s with %s%s: along its index', sort, filter, case when deep then ', deep' else '' end)) from walks;
select ok(plan ~ ('Index Cond: [^\n]*ROW\('), format('%s with %s: a deep page is a range', sort, filter)) from walks where deep;
select ok(plan ~ ('Index Only Scan (Backward )?using ' || index), format('%s: facets are read in the index', sort))
from walks where filter ? 'tags';
select ok(plan ~ 'Index Cond: .*score >= 900', format('%s: only the range is walked', sort)) from walks
where filter ? 'score_min' and sort like '%score';

-- Picking ---------------------------------------------------------------------------------------

create temp table picks (filter jsonb, index text) on commit drop;
insert into picks values
  ('{"status": ["lost"]}', 'contacts_filter_idx'), ('{"status": ["lost", "converted"]}', 'contacts_filter_idx'),
  ('{"auto_status": ["churned"]}', 'contacts_filter_idx'), ('{"source": ["api"]}', 'contacts_filter_idx'),
  ('{"channel": ["web"]}', 'contacts_filter_idx'), ('{"stage": ["closing"]}', 'contacts_filter_idx'),
  ('{"sale_status": ["sold"]}', 'contacts_filter_idx'), ('{"grade": ["A"]}', 'contacts_filter_idx'),
  ('{"sentiment": ["negative"]}', 'contacts_filter_idx'), ('{"tags": ["rare"]}', 'contacts_filter_idx'),
  ('{"tags": ["rare", "unknown"]}', 'contacts_filter_idx'), ('{"tags_all": ["rare", "common"]}', 'contacts_filter_idx'),
  ('{"is_vip": true}', 'contacts_filter_idx'), ('{"is_at_risk": true}', 'contacts_filter_idx'),
  ('{"is_mystery_shopper": true}', 'contacts_filter_idx'), ('{"is_contractor": true}', 'contacts_filter_idx'),
  ('{"opted_out": true}', 'contacts_filter_idx'), ('{"do_not_call": true}', 'contacts_filter_idx'),
  ('{"status": ["lost"], "grade": ["A"]}', 'contacts_filter_idx'), ('{"is_vip": true, "has_email": true}', 'contacts_filter_idx'),
  ('{"search": "q"}', 'contacts_search_idx'), ('{"search": "qx"}', 'contacts_search_idx'), ('{"search": "日"}', 'contacts_search_idx'),
  ('{"search": "met 1717"}', 'contacts_search_idx'), ('{"search": "company 299"}', 'contacts_search_idx'),
  ('{"search": "(30) 100-0777"}', 'contacts_search_idx'), ('{"search": "030 1000777"}', 'contacts_search_idx'),
  ('{"search": "abc", "status": ["new"]}', 'contacts_search_idx'), ('{"search": "met", "status": ["lost"]}', 'contacts_filter_idx'),
  ('{"tags": ["rare"], "assigned_to": "none"}', 'contacts_filter_idx'),
  ('{"created_from": "2026-01-11T09:00:00Z"}', 'contacts_created_idx'), ('{"created_to": "2026-01-01T01:00:00Z"}', 'contacts_created_idx'),
  ('{"score_min": 998}', 'contacts_score_idx'), ('{"value_min": 4990}', 'contacts_value_idx'), ('{"value_max": 3}', 'contacts_value_idx'),
  ('{"call_count_min": 39}', 'contacts_calls_idx'),
  ('{"last_contact_from": "2026-02-11T09:00:00Z"}', 'contact_activity_last_contact_idx'),
  ('{"last_contact_to": "2026-02-01T01:00:00Z"}', 'contact_activity_last_contact_idx'),
  (jsonb_build_object('assigned_to', pg_temp.id('user 1')), 'contacts_assigned_idx');
select is(array[plan ~ index, plan ~ 'workspace_id', plan ~ 'Seq Scan on contact'], array[true, true, false],
  format('%s by %s: found by %s', filter, sort, index))
from picks, unnest(array['-created_at', 'name', '-last_contact_at']) sort, lateral (select pg_temp.picked(filter, sort)) p (plan);
select ok(plan ~ 'Index Cond: .*workspace_id', format('%s: a small workspace is not searched among all', filter))
from picks, lateral (select pg_temp.picked(filter, 'name', 'workspace 3')) p (plan) where not filter ? 'last_contact_to';

select unalike(private.pick_query(pg_temp.id('workspace 0'), '{"search": "met", "status": ["lost"]}', 'name', null, 51), '%search_grams%',
  'what everybody has is not looked up');
select unalike(pg_temp.picked('{"tags": ["rare"], "assigned_to": "none"}', 'name'), '%Index Cond: %workspace_id = %', 'nor is the workspace of most');

-- Without it, the same would be found in another, slower way: the checks above see that.
savepoint complete;
drop index contacts_filter_idx, contacts_search_idx;
select unalike(pg_temp.picked(filter, 'name'), '%' || index || '%', format('%s: not without its index', filter))
from picks where filter in ('{"is_vip": true}', '{"search": "qx"}');
rollback to complete;

-- Which -----------------------------------------------------------------------------------------

select is(private.next_walk(fitting, 51, budget, by_facets, expected, total), next, format('%s of %s, facets %s, %s of %s expected: %s',
  fitting, budget, by_facets, expected, total, case when next is null then 'pick' else 'walk on' end))
from (values (5, 1000, false, 40, 10000, null), (5, 1000, false, 40, 10000000, 30600), (5, 1000, false, 10000, 10000, 30600),
  (0, 1000, false, 100, 1000000, null), (0, 1000, false, 30000, 1000000, 50000), (0, 5000, true, 30000, 1000000, 200000),
  (8, 5000, true, 0, 10000, null), (7, 5000, true, 0, 10000000, 109284),
  (11, 1500, true, 0, 100000, 20862), (10, 1500, true, 0, 100000, null)) v (fitting, budget, by_facets, expected, total, next);

select ok(private.estimated_contacts(pg_temp.id('workspace 0'), filter, private.gram_condition(filter ->> 'search')) between 10 and 1000,
  format('%s: some are expected', filter)) from unnest(array['{"status": ["lost"]}', '{"tags": ["rare"], "search": " "}']::jsonb[]) filter;

-- Grams -----------------------------------------------------------------------------------------

select is(private.needle_query(needle, beginning), query, format('%s%s', case when beginning then '…' else '' end, needle))
from (values ('a', false, '''a'':*'), ('ab', false, '''ab'':*'), ('abc', false, '(''abc'')'), ('maria', false, '(''mar''&''ria'')'),
  ('416683', false, '(''416''&''166''&''668''&''683'')'), ('ab', true, E'''\nab'':*'), ('abc', true, E'(''\nabc'')'),
  ('maria', true, E'(''\nmar''&''ria'')')) v (needle, beginning, query);
create temp table texts as
select private.search_text(name, email, company, digits, notes) as text
from (values ('Ana López', 'ana@x.example', 'Ñandú & Co', '16045551234', 'met at the fair'), ('李 Ö', null, null, null, null),
  (null, null, null, '49', null), ('日本語太郎', null, 'A', '4930123456', '…')) v (name, email, company, digits, notes);
create temp table needles as
select distinct text, substr(text, at, size) as needle, substr(text, at - 1, 1) = E'\n' as begins
from texts, generate_series(2, char_length(text)) at, generate_series(1, 15) size where substr(text, at, size) !~ '[\n ]';
select is_empty($$ select * from needles where not private.search_grams(text) @@ private.needle_query(needle, false)::tsquery $$,
  'whatever a text has is found by its grams');
select is_empty($$ select * from needles where begins and not private.search_grams(text) @@ private.needle_query(needle, true)::tsquery $$,
  'and what stands at a beginning as such');
select is_empty($$ select * from needles where not begins and char_length(needle) = 3 and position(E'\n' || needle in text) = 0
  and private.search_grams(text) @@ private.needle_query(needle, true)::tsquery $$, 'three letters that stand elsewhere are not');

-- Counting --------------------------------------------------------------------------------------

select is(private.exact_count(pg_temp.id('workspace 0'), filter), (
    select count(*) from contacts c join contact_activity a on a.contact_id = c.id where c.workspace_id = pg_temp.id('workspace 0') and case
      when filter ? 'status' and filter ? 'has_email' then c.status = 'lost' and c.email is null
      when filter ? 'status' then c.status = 'lost'
      when filter ? 'assigned_to' then c.assigned_to is null
      when filter ? 'is_vip' then not c.is_vip and c.created_at <= '2026-01-02'
      when filter ? 'tags' then 'rare' = any (c.tags)
      when filter ? 'channel' then c.channels && array(select jsonb_array_elements_text(filter -> 'channel'))
      when filter ? 'score_min' then c.score >= 997 and c.value <= 2000
      when filter ? 'search' then c.search_text like '%77%'
      else true end), format('%s are counted right', filter))
from unnest(array['{}', '{"status": ["lost"]}', '{"status": ["lost"], "has_email": false}', '{"assigned_to": "none"}',
  '{"is_vip": false, "created_to": "2026-01-02T00:00:00Z"}', '{"tags": ["rare"]}', '{"search": "77"}', '{"channel": ["web"]}', '{"channel": ["web", "fax"]}',
  '{"score_min": 997, "value_max": 2000}']::jsonb[]) filter;

-- Every value has a bit of its own, as private.exact_by_facets says.
select is(count(distinct private.facet(kind, value)), count(*), format('the bits of %s are different', kind))
from (
  select replace(t.typname, 'contact_', '') as kind, e.enumlabel as value
  from pg_enum e join pg_type t on t.oid = e.enumtypid
  where t.typname in ('contact_status', 'contact_auto_status', 'contact_source', 'contact_sale_status', 'contact_grade')
  union all
  select 'sentiment', s::text from unnest(enum_range(null::sentiment_level)) s
  union all
  select 'is', n from unnest('{is_vip,is_at_risk,is_mystery_shopper,is_contractor,opted_out,do_not_call,has_email,none}'::text[]) n
) as bits group by kind;
select is((select bit_or(f) from (select private.facet(replace(t.typname, 'contact_', ''), e.enumlabel) & (select bit_or(
    private.facet('is', n)) from unnest('{is_vip,none}'::text[]) n) as f
  from pg_enum e join pg_type t on t.oid = e.enumtypid
  where t.typname in ('contact_status', 'contact_auto_status', 'contact_source', 'contact_sale_status', 'contact_grade')) b), 0::bigint,
  'and no kind takes another''s');
select is_empty($$ select id from contacts c where (facets, ranges) <> (private.contact_facets(c), private.contact_ranges(score, value, call_count)) $$, 'contacts carry theirs');
select is_empty($$ select id from contacts c join contact_activity a on a.contact_id = c.id where (a.facets, a.ranges) <> (c.facets, c.ranges) $$,
  'and so does their activity');
update contacts set status = 'lost', tags = '{other}', score = 77, value = null, call_count = 5 where workspace_id = pg_temp.id('workspace 3');
select is_empty($$ select id from contacts c join contact_activity a on a.contact_id = c.id 
  where (a.facets, a.ranges) <> (private.contact_facets(c), private.contact_ranges(c.score, c.value, c.call_count)) $$,
  'also when they change');

select * from finish();
rollback;
