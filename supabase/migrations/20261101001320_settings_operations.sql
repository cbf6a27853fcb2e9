-- The API's operations on settings.

create function private.settings_record(workspace uuid) returns json
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select json_build_object(
      'general', json_build_object('name', w.name, 'default_country', w.default_country, 'currency', s.currency,
        'time_zone', w.time_zone, 'stages', w.stages, 'routing', w.routing,
        'deletion_history', w.deletion_history),
      'quiet_hours', json_build_object('start', to_char(w.quiet_hours_start, 'HH24:MI'), 'end', to_char(w.quiet_hours_end, 'HH24:MI')),
      'lifecycle', json_build_object('inactive_after_days', s.inactive_after_days, 'churned_after_days', s.churned_after_days,
        'hot_lead_days', s.hot_lead_days, 'stale_deal_days', s.stale_deal_days),
      'status_rules', json_build_object('active_min_messages', s.active_min_messages, 'active_window_days', s.active_window_days),
      'grades', json_build_object('A', s.grade_a, 'B', s.grade_b, 'C', s.grade_c, 'D', s.grade_d, 'E', s.grade_e),
      'weights', s.score_weights,
      'vip', json_build_object('min_value', trim_scale(s.vip_min_value), 'min_score', s.vip_min_score),
      'automation', json_build_object('auto_create_deals', s.auto_create_deals, 'auto_close_won', s.auto_close_won,
        'task_on_topic_exhaustion', s.task_on_topic_exhaustion))
    from public.workspaces w cross join lateral private.workspace_settings(w.id) s
    where w.id = workspace
  );
end
$$;
comment on function private.settings_record(uuid) is 'The settings as the API shows them, by section, defaults filled in.';

create function private.settings_answer(workspace uuid) returns private.answer
language plpgsql stable
set search_path = ''
as $$
begin
  return row(200, private.data(private.settings_record(workspace)), jsonb_build_object('ETag', private.etag(
    coalesce((select s.version from public.workspace_settings s where s.workspace_id = workspace), 1))))::private.answer;
end
$$;
comment on function private.settings_answer(uuid) is 'The settings as an answer, with their ETag.';

create function api.get_settings(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
begin
  return private.settings_answer(private.current_workspace('settings:read'));
end
$$;
comment on function api.get_settings(jsonb) is '{} → the workspace''s settings by section, defaults filled in.';

create function private.given_settings(given jsonb) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_object_agg(
      case section.key when 'quiet_hours' then 'quiet_hours_' || field.key when 'grades' then 'grade_' || lower(field.key) when 'vip' then 'vip_' || field.key
        else field.key end, field.value), '{}')
    from jsonb_each(given) section cross join lateral jsonb_each(section.value) field
    where section.key <> 'weights'
  );
end
$$;
comment on function private.given_settings(jsonb) is '{ section: { field: value } } → { column: value }, but for the weights, whose fields are no columns.';

create function private.write_workspace(w public.workspaces) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.workspaces t
  set name = w.name, default_country = w.default_country, time_zone = w.time_zone, stages = w.stages, routing = w.routing,
    deletion_history = w.deletion_history,
    quiet_hours_start = w.quiet_hours_start, quiet_hours_end = w.quiet_hours_end
  where t.id = w.id
    and (t.name, t.default_country, t.time_zone, t.stages, t.routing, t.deletion_history, t.quiet_hours_start, t.quiet_hours_end)
      is distinct from
        (w.name, w.default_country, w.time_zone, w.stages, w.routing, w.deletion_history, w.quiet_hours_start, w.quiet_hours_end);
end
$$;
comment on function private.write_workspace(public.workspaces) is 'Writes the settings that stand in public.workspaces, if they differ.';

create function private.write_settings(s public.workspace_settings) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.workspace_settings t
  set currency = s.currency, inactive_after_days = s.inactive_after_days, churned_after_days = s.churned_after_days,
    hot_lead_days = s.hot_lead_days, stale_deal_days = s.stale_deal_days, active_min_messages = s.active_min_messages,
    active_window_days = s.active_window_days, grade_a = s.grade_a, grade_b = s.grade_b, grade_c = s.grade_c,
    grade_d = s.grade_d, grade_e = s.grade_e, score_weights = s.score_weights, vip_min_value = s.vip_min_value,
    vip_min_score = s.vip_min_score, auto_create_deals = s.auto_create_deals,
    auto_close_won = s.auto_close_won, task_on_topic_exhaustion = s.task_on_topic_exhaustion
  where t.workspace_id = s.workspace_id and t is distinct from s;
end
$$;
comment on function private.write_settings(public.workspace_settings) is 'Writes the chosen settings, if they differ.';

create function private.refuse_settings(w public.workspaces, s public.workspace_settings) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  perform private.refuse_fields((
    select coalesce(jsonb_agg(to_jsonb(e) order by e.path, e.code), '[]')
    from (
      select * from private.workspace_errors(w)
      union all
      select * from private.settings_errors(private.effective_settings(s))
    ) as e));
end
$$;
comment on function private.refuse_settings(public.workspaces, public.workspace_settings) is
  'Raises 422 with everything that is wrong at once; the triggers, each of one table, would tell half of it.';

create function api.update_settings(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('settings:write');
  given jsonb := private.given_settings(args -> 'set');
  w public.workspaces;
  s public.workspace_settings;
begin
  select * into w from public.workspaces t where t.id = workspace for no key update;
  insert into public.workspace_settings (workspace_id) values (workspace) on conflict (workspace_id) do nothing;
  select * into s from public.workspace_settings t where t.workspace_id = workspace for no key update;
  if not private.matches_etag(args ->> 'if_match', private.etag(s.version)) then
    perform private.refuse(412, 'precondition_failed', 'The settings have changed since they were read.',
      jsonb_build_object('etag', private.etag(s.version)));
  end if;
  w := jsonb_populate_record(w, given);
  s := jsonb_populate_record(s, given);
  -- Null takes a category back to its default.
  s.score_weights := jsonb_strip_nulls(s.score_weights || coalesce(args #> '{set,weights}', '{}'));
  perform private.refuse_settings(w, s);
  perform private.write_workspace(w);
  perform private.write_settings(s);
  return private.settings_answer(workspace);
end
$$;
comment on function api.update_settings(jsonb) is
  '{ set: { section: { field: value, null: its default } }, if_match? } → the settings. 412 precondition_failed, 422 validation_failed.';
