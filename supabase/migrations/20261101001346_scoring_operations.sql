-- The API's operations on scoring signals. What they do to scores: 001347.

create view private.scoring_signal_records with (security_invoker = true) as
select s.id, s.name, s.kind, s.category, s.points, s.keywords, s.language, s.action, s.description, s.buying_intent, s.cap,
  s.half_life_days, s.cooldown_hours, s.is_active, s.created_at, s.updated_at
from public.scoring_signals s;
comment on view private.scoring_signal_records is 'The signal as the API shows it.';

create function private.scoring_signal_conditions(workspace uuid, filter jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
begin
  return private.filter_conditions(workspace, filter, '{
    "kind": "t.kind = any (%2$L::text[])",
    "category": "t.category = any (%2$L::text[])",
    "language": "t.language = any (%2$L::text[])",
    "action": "t.action = any (%2$L::text[])",
    "is_active": "t.is_active = %1$L::boolean",
    "buying_intent": "t.buying_intent = %1$L::boolean"}');
end
$$;
comment on function private.scoring_signal_conditions(uuid, jsonb) is
  'The filter of the list of signals ({ parameter: value }, lists as arrays) → SQL conditions on signals t in that workspace.';

create function api.list_scoring_signals(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('settings:read');
  filter jsonb := coalesce(args -> 'filter', '{}');
  sort text := coalesce(args ->> 'sort', 'name');
begin
  return private.keyset_page('public.scoring_signals', 'private.scoring_signal_records',
    private.scoring_signal_conditions(workspace, filter),
    case ltrim(sort, '-') when 'created_at' then 't.created_at' when 'points' then 't.points' else 'lower(t.name)' end,
    sort like '-%', concat_ws(' ', 'list_scoring_signals', workspace, filter, sort, private.claims() ->> 'sub'), args);
end
$$;
comment on function api.list_scoring_signals(jsonb) is
  '{ filter: { kind?, category?, language?, action?, is_active?, buying_intent? }, sort? (name, created_at, points, - for descending), limit?, cursor? } → a page of signals. 400 invalid_cursor.';

create function private.scoring_signal_answer(status int, signal uuid) returns private.answer
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select row(scoring_signal_answer.status, private.data(row_to_json(r)),
      jsonb_build_object('ETag', private.etag(s.version)))::private.answer
    from private.scoring_signal_records r join public.scoring_signals s using (id) where r.id = signal
  );
end
$$;
comment on function private.scoring_signal_answer(int, uuid) is 'A signal as an answer, with its ETag.';

create function private.refuse_unknown_signal() returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.refuse(404, 'signal_not_found', 'There is no such scoring signal.');
end
$$;
comment on function private.refuse_unknown_signal() is 'Raises 404 signal_not_found.';

create function api.get_scoring_signal(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  answer private.answer := private.scoring_signal_answer(200, (args ->> 'signal_id')::uuid);
begin
  if answer.status is null then
    perform private.refuse_unknown_signal();
  end if;
  return answer;
end
$$;
comment on function api.get_scoring_signal(jsonb) is '{ signal_id } → the signal. 404 signal_not_found.';

create function private.lock_signal(args jsonb) returns public.scoring_signals
language plpgsql
set search_path = ''
as $$
declare
  s public.scoring_signals;
begin
  select * into s from public.scoring_signals t where t.id = (args ->> 'signal_id')::uuid for no key update;
  if s.id is null then
    perform private.refuse_unknown_signal();
  end if;
  if not private.matches_etag(args ->> 'if_match', private.etag(s.version)) then
    perform private.refuse(412, 'precondition_failed', 'The signal has changed since it was read.',
      jsonb_build_object('etag', private.etag(s.version)));
  end if;
  return s;
end
$$;
comment on function private.lock_signal(jsonb) is '{ signal_id, if_match? } → the signal, locked. 404 signal_not_found, 412 precondition_failed.';

create function private.given_signal(given jsonb, current public.scoring_signals) returns public.scoring_signals
language plpgsql immutable
set search_path = ''
as $$
begin
  return jsonb_populate_record(current, case when current.id is null
    then '{"keywords": [], "buying_intent": false, "is_active": true}'::jsonb else '{}' end || given);
end
$$;
comment on function private.given_signal(jsonb, public.scoring_signals) is
  'A signal with the given fields of the API written over it; of none, a new one.';

create function private.add_signals(workspace uuid, given jsonb) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  added uuid[];
begin
  with made as (
    insert into public.scoring_signals (workspace_id, name, kind, category, points, keywords, language, action, description,
      buying_intent, cap, half_life_days, cooldown_hours, is_active)
    select workspace, s.name, s.kind, s.category, s.points, s.keywords, s.language, s.action, s.description, s.buying_intent,
      s.cap, s.half_life_days, s.cooldown_hours, s.is_active
    from jsonb_array_elements(given) as g (signal) cross join lateral private.given_signal(g.signal, null) s
    on conflict (workspace_id, lower(name)) do nothing
    returning id
  )
  select coalesce(array_agg(m.id), '{}') into added from made m;
  return added;
end
$$;
comment on function private.add_signals(uuid, jsonb) is
  'Makes signals [{ fields of the API }], but those whose names are taken; returns the ids of the new ones.';

create function api.create_scoring_signal(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  added uuid := (private.add_signals(private.current_workspace('settings:write'), jsonb_build_array(args -> 'signal')))[1];
  answer private.answer;
begin
  if added is null then
    perform private.refuse(409, 'conflict', 'Another signal has that name.');
  end if;
  answer := private.scoring_signal_answer(201, added);
  answer.headers := answer.headers || jsonb_build_object('Location', '/functions/v1/scoring-signals/' || added);
  return answer;
end
$$;
comment on function api.create_scoring_signal(jsonb) is
  '{ signal: { name, kind, category, points, … } } → 201 the signal. 409 conflict for a name that is taken, too_many_signals; 422 for what does not fit its kind.';

create function api.update_scoring_signal(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  s public.scoring_signals := private.lock_signal(args);
  n public.scoring_signals := private.given_signal(args -> 'set', s);
begin
  update public.scoring_signals t
  set name = n.name, kind = n.kind, category = n.category, points = n.points, keywords = n.keywords, language = n.language,
    action = n.action, description = n.description, buying_intent = n.buying_intent, cap = n.cap,
    half_life_days = n.half_life_days, cooldown_hours = n.cooldown_hours, is_active = n.is_active
  where t.id = s.id;
  return private.scoring_signal_answer(200, s.id);
end
$$;
comment on function api.update_scoring_signal(jsonb) is
  '{ signal_id, set, if_match? } → the signal. 404 signal_not_found, 409 conflict or too_many_signals, 412 precondition_failed, 422 for what does not fit its kind.';

create function api.delete_scoring_signal(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  s public.scoring_signals := private.lock_signal(args);
begin
  delete from public.scoring_signals t where t.id = s.id;
  return row(204, null, null)::private.answer;
end
$$;
comment on function api.delete_scoring_signal(jsonb) is '{ signal_id, if_match? } → 204. 404 signal_not_found, 412 precondition_failed.';

-- Templates ----------------------------------------------------------------------------------------

create function private.template_signals(business text) returns jsonb
language plpgsql stable
-- Definer: templates are the product's own data, which no role is granted.
security definer set search_path = ''
as $$
begin
  return (
    select jsonb_agg(to_jsonb(t) - 'business_types' || '{"language": null}' order by t.points desc, t.name)
    from private.scoring_templates t where business = any (t.business_types)
  );
end
$$;
comment on function private.template_signals(text) is
  'The signals of a kind of business, as they are given to make signals; the weightiest first.';

create function api.list_scoring_templates(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
begin
  perform private.current_workspace('settings:read');
  return row(200, private.data_list((
    select json_agg(json_build_object('business_type', b.name, 'signals', private.template_signals(b.name)) order by b.place)::text
    from unnest('{real_estate,retail,clinic,services,education,hospitality}'::text[]) with ordinality as b (name, place)
  )), null)::private.answer;
end
$$;
comment on function api.list_scoring_templates(jsonb) is '{} → all templates: business_type and the signals.';

create function api.apply_scoring_template(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  signals jsonb := private.template_signals(args ->> 'business_type');
  added uuid[] := private.add_signals(private.current_workspace('settings:write'), signals);
begin
  return (
    select row(200, private.data(json_build_object(
      'added', coalesce(json_agg(row_to_json(r) order by g.n) filter (where r.id is not null), '[]'),
      'kept', coalesce(json_agg(g.signal -> 'name' order by g.n) filter (where r.id is null), '[]'))), null)::private.answer
    from jsonb_array_elements(signals) with ordinality as g (signal, n)
    left join private.scoring_signal_records r on r.id = any (added) and r.name = g.signal ->> 'name'
  );
end
$$;
comment on function api.apply_scoring_template(jsonb) is
  '{ business_type } → { added: signals, kept: names that the workspace has already, as they are }. 409 too_many_signals.';
