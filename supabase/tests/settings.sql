-- Settings: defaults, what fits together, one truth with public.workspaces, version and log.
begin;
set local search_path = public, extensions;
select plan(41);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('settings ' || label)::uuid $$;
insert into auth.users (id, email) select pg_temp.id(n), n || '@settings.example' from unnest(array['ada', 'ann', 'out']) n;
insert into workspaces (id, name) values (pg_temp.id('home'), 'Home'), (pg_temp.id('away'), 'Away');
insert into workspace_members (workspace_id, user_id, role, handle) values
  (pg_temp.id('home'), pg_temp.id('ada'), 'admin', 'ada'), (pg_temp.id('home'), pg_temp.id('ann'), 'agent', 'ann'),
  (pg_temp.id('away'), pg_temp.id('out'), 'owner', 'out');
create function pg_temp.call(who text, operation text, args jsonb, scope text) returns jsonb language sql as $$
  select jsonb_build_object('status', status, 'etag', headers ->> 'ETag', 'data', body::jsonb -> 'data')
  from private.call(jsonb_build_object('type', 'member', 'user_id', pg_temp.id(who)), scope, operation, args)
$$;
create function pg_temp.read(who text default 'ada') returns jsonb language sql as $$
  select pg_temp.call(who, 'get_settings', '{}', 'settings:read')
$$;
create function pg_temp.write(change jsonb, if_match text default null, who text default 'ada') returns jsonb language sql as $$
  select pg_temp.call(who, 'update_settings', jsonb_strip_nulls(jsonb_build_object('if_match', if_match))
    || jsonb_build_object('set', change), 'settings:write')
$$;
-- The paths and codes that a change is refused with.
create function pg_temp.refused(change jsonb) returns text language plpgsql as $$
declare
  hint text;
begin
  return pg_temp.write(change) ->> 'status';
exception when sqlstate 'PT422' then
  get stacked diagnostics hint = pg_exception_hint;
  return (select string_agg((e ->> 'path') || ' ' || (e ->> 'code'), ', ') from jsonb_array_elements(hint::jsonb -> 'errors') e);
end
$$;

-- Defaults -------------------------------------------------------------------------------------

select is_empty($$ select 1 from workspace_settings $$, 'a workspace that has chosen nothing has no row');
select is(pg_temp.read() -> 'data', '{
  "general": {"name": "Home", "default_country": "US", "currency": "USD", "time_zone": "UTC", "routing": "off", "deletion_history": "keep",
    "stages": ["inquiry", "comparing", "closing", "in_progress", "follow_up"]},
  "quiet_hours": {"start": null, "end": null},
  "lifecycle": {"inactive_after_days": 30, "churned_after_days": 90, "hot_lead_days": 7, "stale_deal_days": 30},
  "status_rules": {"active_min_messages": 3, "active_window_days": 14},
  "grades": {"A": 80, "B": 60, "C": 40, "D": 20, "E": 1},
  "weights": {"intent": 1, "engagement": 1, "fit": 1, "sentiment": 1},
  "vip": {"min_value": null, "min_score": null},
  "automation": {"auto_create_deals": true, "auto_close_won": true, "task_on_topic_exhaustion": false}}', 'and reads the defaults');
select is((private.workspace_settings(pg_temp.id('home'))).stale_deal_days, 30, 'rules read them too');
select is((private.workspace_settings(pg_temp.id('nowhere'))).grade_a, 80, 'also of a workspace that is none');
select is_empty($$ select path from private.settings_errors(private.effective_settings(null)) $$, 'the defaults fit together');

-- Writing --------------------------------------------------------------------------------------

create temp table first as select pg_temp.write('{"lifecycle": {"inactive_after_days": 20}, "weights": {"intent": 2.5, "own": 0},
  "quiet_hours": {"start": "22:00", "end": "08:00"}, "general": {"currency": "EUR"}, "grades": {"A": 90}}') as a;
select is(a -> 'data', pg_temp.read() -> 'data', 'a change answers what is read then') from first;
select is(jsonb_build_array(a #> '{data,lifecycle,inactive_after_days}', a #> '{data,weights}', a #> '{data,quiet_hours}',
    a #> '{data,general,currency}', a #> '{data,grades}'),
  '[20, {"intent": 2.5, "engagement": 1, "fit": 1, "sentiment": 1, "own": 0}, {"start": "22:00", "end": "08:00"}, "EUR",
    {"A": 90, "B": 60, "C": 40, "D": 20, "E": 1}]', 'what was given is written, all else stays') from first;
select is((select row(quiet_hours_start, quiet_hours_end)::text from workspaces where id = pg_temp.id('home')), '(22:00:00,08:00:00)',
  'quiet hours have one truth: the columns that the send guard reads');
select is((private.workspace_settings(pg_temp.id('away'))).inactive_after_days, 30, 'another workspace is as it was');
select is(pg_temp.write('{"lifecycle": {"inactive_after_days": null}, "weights": {"intent": null, "own": null},
    "quiet_hours": {"start": null, "end": null}, "general": {"currency": null}, "grades": {"A": null}}') -> 'data',
  pg_temp.read('out') -> 'data' || jsonb_build_object('general', pg_temp.read() #> '{data,general}'), 'null takes back to the defaults');
select is(pg_temp.read() #>> '{data,general,currency}', 'USD', 'the currency too');
select is((select row(inactive_after_days, score_weights, currency)::text from workspace_settings where workspace_id = pg_temp.id('home')),
  '(,{},)', 'a default is not written down: when it changes, who never chose follows');

-- What does not fit together ---------------------------------------------------------------------

select is(pg_temp.refused(change::jsonb), errors, format('%s → %s', change, errors))
from (values
  ('{"lifecycle": {"churned_after_days": 29}}', '/lifecycle/churned_after_days contradictory'),
  ('{"lifecycle": {"churned_after_days": 30}}', '200'),
  ('{"lifecycle": {"inactive_after_days": 91}}', '/lifecycle/churned_after_days contradictory'),
  ('{"lifecycle": {"inactive_after_days": 91, "churned_after_days": 91}}', '200'),
  ('{"lifecycle": {"inactive_after_days": 30, "churned_after_days": null, "hot_lead_days": 31}}', '/lifecycle/hot_lead_days contradictory'),
  ('{"lifecycle": {"inactive_after_days": 13}}', '/status_rules/active_window_days contradictory'),
  ('{"lifecycle": {"stale_deal_days": 0}, "status_rules": {"active_min_messages": 1001}}',
    '/lifecycle/stale_deal_days too_small, /status_rules/active_min_messages too_big'),
  ('{"grades": {"B": 80}}', '/grades/B contradictory'),
  ('{"grades": {"A": 10}}', '/grades/B contradictory'),
  ('{"grades": {"C": 70, "D": 70}}', '/grades/C contradictory, /grades/D contradictory'),
  ('{"grades": {"E": 20}}', '/grades/E contradictory'),
  ('{"grades": {"A": 5, "B": 4, "C": 3, "D": 2, "E": -1}}', '200'),
  ('{"grades": {"A": 1000001}}', '/grades/A too_big'),
  ('{"weights": {"intent": 10.5}}', '/weights/intent too_big'),
  ('{"weights": {"intent": -1, "A b": 1}}', '/weights/A b invalid_format, /weights/intent too_small'),
  ('{"general": {"currency": "eur"}}', '/general/currency unknown_currency'),
  ('{"general": {"time_zone": "Mars/Phobos", "stages": ["a", "b", "a"]}, "grades": {"E": 999}}',
    '/general/stages repeated, /general/time_zone unknown_time_zone, /grades/E contradictory'),
  ('{"general": {"stages": [" a"]}}', '/general/stages invalid_value'),
  ('{"quiet_hours": {"start": "22:00"}}', '/quiet_hours/end required'),
  ('{"quiet_hours": {"start": "22:00", "end": "22:00"}}', '/quiet_hours/end contradictory')
) as v (change, errors);
select throws_ok($$ update workspace_settings set churned_after_days = 1 $$, 'PT422', 'validation_failed',
  'whoever writes is refused, not the API alone');

-- Version and log ---------------------------------------------------------------------------------

create temp table before as select pg_temp.read() as r, (select count(*) from activity_log where workspace_id = pg_temp.id('home')) as lines;
select is(pg_temp.write('{}') ->> 'etag', r ->> 'etag', 'nothing given, nothing changed') from before;
update workspaces set name = 'House' where id = pg_temp.id('home');
select isnt(pg_temp.read() ->> 'etag', r ->> 'etag', 'a setting of the workspace changes the version of all') from before;
select throws_ok(format($$ select pg_temp.write('{"grades": {"A": 81}}', %L) $$, r ->> 'etag'), 'PT412', 'precondition_failed',
  'If-Match holds no more') from before;
select is(pg_temp.write('{"grades": {"A": 81}}', pg_temp.read() ->> 'etag') ->> 'status', '200', 'the present one does');
select is((select jsonb_agg(jsonb_build_array(action, entity_type, entity_id, actor_type, changes) order by id)
    from (select * from activity_log where workspace_id = pg_temp.id('home') order by id offset (select lines from before)) as l),
  jsonb_build_array(
    jsonb_build_array('settings.updated', 'workspace', pg_temp.id('home'), 'system', '{"name": {"from": "Home", "to": "House"}}'::jsonb),
    jsonb_build_array('settings.updated', 'workspace', pg_temp.id('home'), 'member', '{"grade_a": {"from": 5, "to": 81}}'::jsonb)),
  'the log tells who changed what from what holds to what holds');
select throws_ok($$ select pg_temp.write('{}', null, 'ann') $$, 'PT403', 'insufficient_role', 'agents read settings and write none');
select is(pg_temp.read('ann') ->> 'status', '200', 'as said');
delete from workspaces where id = pg_temp.id('home');
select is_empty($$ select 1 from workspace_settings where workspace_id = pg_temp.id('home') $$, 'they go with the workspace');

select * from finish();
rollback;
