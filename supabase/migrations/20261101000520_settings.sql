-- A workspace's settings: what it has chosen, what holds where it has chosen nothing, what fits together.
--
-- A column of null means the default, which stands in private.effective_settings alone: a workspace
-- that never chose follows when a default is changed. What concerned a workspace before there were
-- settings (country, stages, time zone, quiet hours, routing) stays in public.workspaces.

create table public.workspace_settings (
  workspace_id uuid primary key references public.workspaces (id) on delete cascade,
  currency text,
  inactive_after_days int,
  churned_after_days int,
  hot_lead_days int,
  stale_deal_days int,
  active_min_messages int,
  active_window_days int,
  grade_a int,
  grade_b int,
  grade_c int,
  grade_d int,
  grade_e int,
  score_weights jsonb not null default '{}',
  vip_min_value numeric(14, 2),
  vip_min_score int,
  auto_create_deals boolean,
  auto_close_won boolean,
  task_on_topic_exhaustion boolean,
  version int not null default 1,
  updated_at timestamptz not null default now()
);
comment on table public.workspace_settings is
  'What a workspace has chosen; null: the default. private.workspace_settings() tells what holds. A workspace that has chosen nothing may have no row.';
comment on column public.workspace_settings.currency is 'ISO 4217; of contacts.value and of deals that name none.';
comment on column public.workspace_settings.inactive_after_days is 'Days without a message after which a contact is inactive.';
comment on column public.workspace_settings.churned_after_days is 'Days without a message after which a converted contact has churned.';
comment on column public.workspace_settings.hot_lead_days is 'For how many days after its last message a qualified lead is hot.';
comment on column public.workspace_settings.stale_deal_days is 'Days without any activity after which an open deal is stale.';
comment on column public.workspace_settings.active_min_messages is 'How many messages make a contact active.';
comment on column public.workspace_settings.active_window_days is 'How recent the last message of an active contact is.';
comment on column public.workspace_settings.grade_a is 'The least score of grade A; below grade_e it is F.';
comment on column public.workspace_settings.score_weights is
  '{ category of scoring signals: what its points are multiplied with }; a category that is not named weighs 1.';
comment on column public.workspace_settings.vip_min_value is 'The value from which a contact is a VIP; null: the value makes nobody one. vip_min_score: the same of the score.';
comment on column public.workspace_settings.version is 'Rises with every change, also of the settings in public.workspaces; the ETag of the API.';

create function private.effective_settings(chosen public.workspace_settings) returns public.workspace_settings
language plpgsql immutable
set search_path = ''
as $$
begin
  chosen.currency := coalesce(chosen.currency, 'USD');
  chosen.inactive_after_days := coalesce(chosen.inactive_after_days, 30);
  chosen.churned_after_days := coalesce(chosen.churned_after_days, 90);
  chosen.hot_lead_days := coalesce(chosen.hot_lead_days, 7);
  chosen.stale_deal_days := coalesce(chosen.stale_deal_days, 30);
  chosen.active_min_messages := coalesce(chosen.active_min_messages, 3);
  chosen.active_window_days := coalesce(chosen.active_window_days, 14);
  chosen.grade_a := coalesce(chosen.grade_a, 80);
  chosen.grade_b := coalesce(chosen.grade_b, 60);
  chosen.grade_c := coalesce(chosen.grade_c, 40);
  chosen.grade_d := coalesce(chosen.grade_d, 20);
  chosen.grade_e := coalesce(chosen.grade_e, 1);
  chosen.score_weights := '{"intent": 1, "engagement": 1, "fit": 1, "sentiment": 1}'::jsonb
    || coalesce(chosen.score_weights, '{}');
  chosen.auto_create_deals := coalesce(chosen.auto_create_deals, true);
  chosen.auto_close_won := coalesce(chosen.auto_close_won, true);
  chosen.task_on_topic_exhaustion := coalesce(chosen.task_on_topic_exhaustion, false);
  return chosen;
end
$$;
comment on function private.effective_settings(public.workspace_settings) is
  'What a workspace has chosen → what holds: the one place of the defaults.';

create function private.workspace_settings(workspace uuid) returns public.workspace_settings
language plpgsql stable
-- Definer: rules go by the settings whatever rights the caller has on them.
security definer set search_path = '' set plan_cache_mode = force_generic_plan
as $$
declare
  chosen public.workspace_settings;
begin
  select * into chosen from public.workspace_settings s where s.workspace_id = workspace;
  chosen.workspace_id := workspace;
  return private.effective_settings(chosen);
end
$$;
comment on function private.workspace_settings(uuid) is
  'What holds in a workspace, defaults filled in: one look-up by key. (private.workspace_settings(w)).stale_deal_days';

-- What fits together ----------------------------------------------------------------------------

create function private.weight_errors(weights jsonb) returns table (path text, code text, message text)
language plpgsql immutable
set search_path = ''
as $$
begin
  if jsonb_typeof(weights) <> 'object' then
    return query select '/weights', 'invalid_type', 'weights has to be an object.';
    return;
  end if;
  return query
  select '/weights', 'too_many', 'There can be 50 categories at most.'
  where (select count(*) from jsonb_object_keys(weights)) > 50
  union all
  select '/weights/' || replace(replace(left(w.key, 100), '~', '~0'), '/', '~1'), said.code, said.message
  from jsonb_each(weights) w
  cross join lateral (
    select 'invalid_format' as code, 'A category is up to 32 lower-case letters, digits and underscores, a letter first.' as message
    where w.key !~ '^[a-z][a-z0-9_]{0,31}$'
    union all
    select 'invalid_type', 'A weight is a number.' where jsonb_typeof(w.value) <> 'number'
    union all
    select case when w.value < '0' then 'too_small' else 'too_big' end, 'A weight is from 0 to 10.'
    where jsonb_typeof(w.value) = 'number' and (w.value #>> '{}')::numeric not between 0 and 10
  ) as said;
end
$$;
comment on function private.weight_errors(jsonb) is 'What is wrong with the weights of score categories; no row if nothing is.';

create function private.settings_errors(s public.workspace_settings) returns table (path text, code text, message text)
language plpgsql immutable
set search_path = ''
as $$
begin
  return query
  select '/' || r.path, case when r.value < r.least then 'too_small' else 'too_big' end,
    format('%s has to be from %s to %s.', split_part(r.path, '/', 2), r.least, r.most)
  from (values
    ('lifecycle/inactive_after_days', s.inactive_after_days, 1, 3650),
    ('lifecycle/churned_after_days', s.churned_after_days, 1, 3650),
    ('lifecycle/hot_lead_days', s.hot_lead_days, 1, 3650),
    ('lifecycle/stale_deal_days', s.stale_deal_days, 1, 3650),
    ('status_rules/active_min_messages', s.active_min_messages, 1, 1000),
    ('status_rules/active_window_days', s.active_window_days, 1, 3650),
    ('vip/min_score', s.vip_min_score, -1000000, 1000000),
    ('grades/A', s.grade_a, -1000000, 1000000),
    ('grades/B', s.grade_b, -1000000, 1000000),
    ('grades/C', s.grade_c, -1000000, 1000000),
    ('grades/D', s.grade_d, -1000000, 1000000),
    ('grades/E', s.grade_e, -1000000, 1000000)
  ) as r (path, value, least, most)
  where r.value not between r.least and r.most
  union all
  select '/' || c.path, 'contradictory', c.message
  from (values
    ('lifecycle/churned_after_days', s.churned_after_days < s.inactive_after_days, format(
      'Who churns has been inactive before: churned_after_days (%s) cannot be below inactive_after_days (%s).',
      s.churned_after_days, s.inactive_after_days)),
    ('lifecycle/hot_lead_days', s.hot_lead_days > s.inactive_after_days, format(
      'An inactive lead is not hot: hot_lead_days (%s) cannot be above inactive_after_days (%s).',
      s.hot_lead_days, s.inactive_after_days)),
    ('status_rules/active_window_days', s.active_window_days > s.inactive_after_days, format(
      'Nobody is active and inactive: active_window_days (%s) cannot be above inactive_after_days (%s).',
      s.active_window_days, s.inactive_after_days)),
    ('grades/B', s.grade_b >= s.grade_a, format('Thresholds fall from A to E: B (%s) has to be below A (%s).', s.grade_b, s.grade_a)),
    ('grades/C', s.grade_c >= s.grade_b, format('Thresholds fall from A to E: C (%s) has to be below B (%s).', s.grade_c, s.grade_b)),
    ('grades/D', s.grade_d >= s.grade_c, format('Thresholds fall from A to E: D (%s) has to be below C (%s).', s.grade_d, s.grade_c)),
    ('grades/E', s.grade_e >= s.grade_d, format('Thresholds fall from A to E: E (%s) has to be below D (%s).', s.grade_e, s.grade_d))
  ) as c (path, is_wrong, message)
  where c.is_wrong
  union all
  select '/vip/min_value', 'too_small', 'min_value has to be above 0.' where s.vip_min_value <= 0
  union all
  select '/general/currency', 'unknown_currency', 'A currency is three capital letters of ISO 4217, such as EUR.'
  where s.currency !~ '^[A-Z]{3}$'
  union all
  select * from private.weight_errors(s.score_weights);
end
$$;
comment on function private.settings_errors(public.workspace_settings) is
  'What is out of range or contradictory in settings that would hold: path (section and field), code, sentence; no row if nothing is.';

create function private.workspace_errors(w public.workspaces) returns table (path text, code text, message text)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select '/general/time_zone', 'unknown_time_zone', 'A time zone is a name of the IANA list, such as America/Vancouver.'
  where not exists (select from pg_catalog.pg_timezone_names z where z.name = w.time_zone)
  union all
  select '/general/stages', 'repeated', 'A stage can be in the list once only.'
  where (select count(distinct s) < count(*) from unnest(w.stages) s)
  union all
  select '/general/stages', 'invalid_value', 'A stage has 1 to 64 characters, none of them blank at its ends.'
  where exists (select from unnest(w.stages) s where char_length(s) not between 1 and 64 or s <> btrim(s))
  union all
  select '/quiet_hours/' || missing, 'required', 'Quiet hours have a start and an end, or neither.'
  from (values ('start', w.quiet_hours_start, w.quiet_hours_end), ('end', w.quiet_hours_end, w.quiet_hours_start))
    as h (missing, given, other)
  where given is null and other is not null
  union all
  select '/quiet_hours/end', 'contradictory', 'Quiet hours cannot end when they begin.'
  where w.quiet_hours_start = w.quiet_hours_end;
end
$$;
comment on function private.workspace_errors(public.workspaces) is 'The same of the settings that stand in public.workspaces.';

create function private.refuse_fields(errors jsonb) returns void
language plpgsql
set search_path = ''
as $$
begin
  if jsonb_array_length(errors) > 0 then
    perform private.refuse(422, 'validation_failed', errors #>> '{0,message}', jsonb_build_object('errors', errors));
  end if;
end
$$;
comment on function private.refuse_fields(jsonb) is
  'Raises 422 validation_failed with [{ path, code, message }]; nothing for an empty list.';

create function private.check_settings() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.refuse_fields((
    select coalesce(jsonb_agg(to_jsonb(e) order by e.path, e.code), '[]')
    from private.settings_errors(private.effective_settings(new)) e));
  if tg_op = 'UPDATE' and new is distinct from old then
    new.version := old.version + 1;
    new.updated_at := now();
  end if;
  return new;
end
$$;
comment on function private.check_settings() is 'Trigger: refuses settings that do not fit together, with the reason per field; version and updated_at.';

create trigger workspace_settings_100_check before insert or update on public.workspace_settings
  for each row execute function private.check_settings();

create function private.check_workspace() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.refuse_fields((
    select coalesce(jsonb_agg(to_jsonb(e) order by e.path, e.code), '[]') from private.workspace_errors(new) e));
  return new;
end
$$;
comment on function private.check_workspace() is 'Trigger: the same for the settings that stand in public.workspaces.';

create trigger workspaces_100_check
  before insert or update of time_zone, stages, quiet_hours_start, quiet_hours_end on public.workspaces
  for each row execute function private.check_workspace();

-- Audit and version -----------------------------------------------------------------------------

create function private.log_settings() returns trigger
language plpgsql
-- Definer: nobody but triggers writes the log.
security definer set search_path = ''
as $$
declare
  actor private.actor := private.current_actor();
  unchosen public.workspace_settings;
begin
  if tg_op = 'UPDATE' then
    unchosen := old;
  end if;
  insert into public.activity_log (workspace_id, actor_type, actor_id, action, entity_type, entity_id, changes)
  select new.workspace_id, actor.type, actor.id, 'settings.updated', 'workspace', new.workspace_id, changed
  from private.row_changes(to_jsonb(private.effective_settings(unchosen)), to_jsonb(private.effective_settings(new)),
    '{workspace_id,version,updated_at}') as changed
  where changed <> '{}';
  return null;
end
$$;
comment on function private.log_settings() is 'Trigger: what holds now and what held before goes into the activity log.';

create trigger workspace_settings_700_log after insert or update on public.workspace_settings
  for each row execute function private.log_settings();

create function private.log_workspace() returns trigger
language plpgsql
-- Definer: nobody but triggers writes the log.
security definer set search_path = ''
as $$
declare
  actor private.actor := private.current_actor();
  changed jsonb := private.row_changes(to_jsonb(old), to_jsonb(new), '{updated_at}');
begin
  if changed <> '{}' then
    insert into public.activity_log (workspace_id, actor_type, actor_id, action, entity_type, entity_id, changes)
    values (new.id, actor.type, actor.id, 'settings.updated', 'workspace', new.id, changed);
    insert into public.workspace_settings as s (workspace_id) values (new.id)
    on conflict (workspace_id) do update set version = s.version + 1;
  end if;
  return null;
end
$$;
comment on function private.log_workspace() is 'Trigger: changed settings of public.workspaces are logged, and change the version of all.';

create trigger workspaces_700_log after update on public.workspaces
  for each row execute function private.log_workspace();
