-- The API's operations on scores: the ledger, simulations, explanations.

create function private.signal_of(signal uuid) returns setof public.scoring_signals
language plpgsql stable
-- Definer: whoever may see what counts for a contact may see by which rule.
security definer set search_path = '' set plan_cache_mode = force_generic_plan
as $$
begin
  return query select * from public.scoring_signals s where s.id = signal;
end
$$;
comment on function private.signal_of(uuid) is 'A signal; no row if it has been deleted. The caller answers for whose it is.';

create view private.score_event_records with (security_invoker = true) as
select e.id, e.contact_id, e.signal_id, s.name as signal, coalesce(s.kind, 'manual') as kind, coalesce(s.category, 'manual') as category,
  coalesce(e.points, s.points) as points, e.reason, e.message_id, e.note_id, e.call_id, e.occurred_at, e.created_at
from public.score_events e left join lateral private.signal_of(e.signal_id) s on true
where e.points is not null or s.id is not null;
comment on view private.score_event_records is 'The score event as the API shows it; without those of signals that have been deleted.';

create function private.score_event_conditions(workspace uuid, filter jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
begin
  return private.filter_conditions(workspace, filter, jsonb_build_object(
      'contact_id', private.contact_filter(filter, 'contacts:read'), 'signal_id', 't.signal_id = %1$L::uuid'))
    || 't.id in (select r.id from private.score_event_records r where r.id = t.id)'::text;
end
$$;
comment on function private.score_event_conditions(uuid, jsonb) is '{ contact_id, signal_id? } → SQL conditions on score_events t. 404 contact_not_found.';

create function api.list_score_events(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:read');
  filter jsonb := coalesce(args -> 'filter', '{}');
begin
  return private.keyset_page('public.score_events', 'private.score_event_records', private.score_event_conditions(workspace, filter),
    't.occurred_at', true, concat_ws(' ', 'list_score_events', workspace, filter), args);
end
$$;
comment on function api.list_score_events(jsonb) is
  '{ filter: { contact_id, signal_id? }, limit?, cursor? } → a page of what counts for the contact, latest first. 400 invalid_cursor, 404 contact_not_found.';

create function private.check_evidence(contact uuid, given jsonb) returns void
language plpgsql stable
-- Definer: whoever reports need not be allowed to read what is said. The caller has checked the contact.
security definer set search_path = ''
as $$
begin
  if given ? 'message_id' and not exists (
      select from public.messages m where m.id = (given ->> 'message_id')::uuid and m.contact_id = contact) then
    perform private.refuse_field('/message_id', 'unknown_message', 'The contact has no such message.');
  end if;
  if given ? 'note_id' and not exists (
      select from public.internal_notes n where n.id = (given ->> 'note_id')::uuid and n.workspace_id = (
        select c.workspace_id from public.contacts c where c.id = contact)) then
    perform private.refuse_field('/note_id', 'unknown_note', 'There is no such note.');
  end if;
  if given ? 'call_id' and not exists (
      select from public.calls k where k.id = (given ->> 'call_id')::uuid and k.contact_id = contact) then
    perform private.refuse_field('/call_id', 'unknown_call', 'The contact has no such call.');
  end if;
end
$$;
comment on function private.check_evidence(uuid, jsonb) is '{ message_id?, note_id?, call_id? } have to be of the contact: 422.';

create function private.add_score_event(contact uuid, given jsonb, at timestamptz) returns uuid[]
language plpgsql
-- Definer: the ledger is written by functions alone. The caller has checked the contact.
security definer set search_path = ''
as $$
declare
  workspace uuid := (select c.workspace_id from public.contacts c where c.id = contact);
  actor private.actor := private.current_actor();
  s public.scoring_signals;
  event uuid;
begin
  if given ? 'action' then
    return private.record_action(contact, given ->> 'action', at, given);
  end if;
  if given ? 'signal_id' then
    select * into s from public.scoring_signals t
    where t.id = (given ->> 'signal_id')::uuid and t.workspace_id = workspace and t.is_active;
    if s.id is null then
      perform private.refuse_field('/signal_id', 'unknown_signal', 'There is no such active scoring signal.');
    elsif s.kind = 'keyword' then
      perform private.refuse_field('/signal_id', 'contradictory', 'A signal of kind keyword is shown by messages alone.');
    end if;
  end if;
  insert into public.score_events as e (workspace_id, contact_id, signal_id, points, reason, message_id, note_id, call_id,
    actor_type, actor_id, occurred_at)
  values (workspace, contact, s.id, case when s.id is null then (given ->> 'points')::int end, given ->> 'reason',
    (given ->> 'message_id')::uuid, (given ->> 'note_id')::uuid, (given ->> 'call_id')::uuid, actor.type, actor.id, at)
  -- Who tells twice what a message shows is told what is known.
  on conflict on constraint score_events_message_key do update set reason = coalesce(e.reason, excluded.reason)
  returning id into event;
  perform private.follow_contacts(array[contact]);
  perform private.open_deals_for(array[contact], format('"%s" was seen.', s.name)) where s.buying_intent;
  return array[event];
end
$$;
comment on function private.add_score_event(uuid, jsonb, timestamptz) is
  'What somebody saw a contact do or say ({ action | signal_id | points, reason?, message_id?, note_id?, call_id? }) goes into the ledger; returns the events.';

create function api.record_score_event(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  given jsonb := jsonb_strip_nulls(args -> 'event');
  contact uuid := private.lock_contact(given, array['contacts:write']);
  events uuid[];
begin
  if (given ->> 'occurred_at')::timestamptz > private.now() + interval '5 minutes' then
    perform private.refuse_field('/occurred_at', 'in_the_future', 'It cannot have happened in the future.');
  end if;
  perform private.check_evidence(contact, given);
  events := private.add_score_event(contact, given, coalesce((given ->> 'occurred_at')::timestamptz, private.now()));
  return (
    select row(201, private.data(json_build_object('contact_id', c.id, 'score', c.score, 'grade', c.grade, 'events', (
        select coalesce(json_agg(row_to_json(r) order by r.id), '[]') from private.score_event_records r where r.id = any (events)))), null)::private.answer
    from public.contacts c where c.id = contact
  );
end
$$;
comment on function api.record_score_event(jsonb) is
  '{ event: { contact_id, action | signal_id | points, reason?, message_id?, note_id?, call_id?, occurred_at? } } → 201 { contact_id, score, grade, events (none if no active signal is about the action) }. 404 contact_not_found, 422.';

-- Simulations ----------------------------------------------------------------------------------

create function private.simulation_answer(workspace uuid, job uuid) returns private.answer
language plpgsql stable
-- Definer: jobs are the service's.
security definer set search_path = ''
as $$
declare
  answer private.answer;
begin
  answer := (
    select row(case j.status when 'running' then 202 else 200 end, private.data(json_build_object('id', j.id, 'status', j.status,
      'contacts', j.total, 'done', coalesce((j.state ->> 'seen')::int, 0), 'changed', coalesce((j.state ->> 'changed')::int, 0),
      'by_change', (
        select coalesce(json_agg(json_build_object('from', nullif(left(e.key, 1), '-'), 'to', nullif(right(e.key, 1), '-'),
          'contacts', e.value::int) order by e.key), '[]')
        from jsonb_each_text(coalesce(j.state -> 'by_change', '{}')) e),
      'examples', coalesce(j.state -> 'examples', '[]'), 'error', case when j.status = 'failed' then j.error end)), null)::private.answer
    from private.batch_jobs j where j.id = job and j.kind = 'simulate' and j.workspace_id = workspace);
  if answer.status is null then
    perform private.refuse(404, 'simulation_not_found', 'There is no such simulation.');
  end if;
  return answer;
end
$$;
comment on function private.simulation_answer(uuid, uuid) is 'How far a simulation is and what it has found, 202 while it is running. 404 simulation_not_found.';

create function private.start_simulation(workspace uuid, args jsonb) returns uuid
language plpgsql
-- Definer: jobs are the service's.
security definer set search_path = ''
as $$
declare
  job uuid := private.start_batch_job('simulate', workspace, private.tried_rules(workspace, args));
begin
  update private.batch_jobs b
  set total = (select coalesce(sum(k.contacts), 0) from private.contact_counts(workspace, true) k) where b.id = job;
  return job;
end
$$;
comment on function private.start_simulation(uuid, jsonb) is 'Makes the job that finds out what changed rules would do; the caller has checked the rights.';

create function api.simulate_scoring(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('settings:write');
  job uuid;
begin
  -- Its examples are people.
  perform private.require_scope('contacts:read');
  -- A statement of its own: in the one that makes it the job is not to be seen yet.
  job := private.start_simulation(workspace, args);
  return private.simulation_answer(workspace, job);
end
$$;
comment on function api.simulate_scoring(jsonb) is
  '{ signals?: [{ id?, …fields, is_deleted? }], weights?, grades? } → 202 { id, … }: a job finds out whose grades would change; nothing else is written. 404 signal_not_found, 422 what the change itself would be refused for.';

create function api.get_simulation(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
begin
  perform private.require_scope('contacts:read');
  -- Who starts one reads it by the same call.
  return private.simulation_answer(private.current_workspace('settings:read', 'settings:write'), (args ->> 'id')::uuid);
end
$$;
comment on function api.get_simulation(jsonb) is '{ id } → how far a simulation is and what it has found. 404 simulation_not_found.';

create function private.rescoring_answer(workspace uuid) returns private.answer
language plpgsql stable
-- Definer: jobs are the service's.
security definer set search_path = ''
as $$
begin
  return (
    select row(200, private.data(json_build_object('status', case j.status when 'completed' then 'idle' else coalesce(j.status, 'idle') end,
      'contacts', coalesce(j.total, 0), 'done', coalesce((j.state ->> 'seen')::int, 0), 'finished_at', j.finished_at)), null)::private.answer
    from (select) as one
    left join lateral (
      select * from private.batch_jobs b where b.workspace_id = workspace and b.kind = 'rescore'
      -- One that is still at work is not done because another, which was asked for later, is.
      order by b.status = 'running' desc, b.id desc limit 1) as j on true
  );
end
$$;
comment on function private.rescoring_answer(uuid) is 'How far the latest rescoring is.';

create function api.rescoring(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
begin
  return private.rescoring_answer(private.current_workspace('settings:read'));
end
$$;
comment on function api.rescoring(jsonb) is '{} → { status: idle | running | failed, contacts, done, finished_at } of the rescoring that the latest change of a rule set off.';

-- Explanations ---------------------------------------------------------------------------------

create function private.signal_evidence(contact uuid, signal uuid) returns json
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(json_agg(json_build_object('event_id', e.id, 'points', coalesce(e.points, s.points), 'occurred_at', e.occurred_at,
      'reason', e.reason, 'note_id', e.note_id, 'call_id', e.call_id,
      'message', case when m.id is not null then json_build_object('id', m.id, 'type', m.type, 'body', left(m.body, 500), 'sent_at', m.sent_at) end)
      order by e.occurred_at desc, e.id desc), '[]')
    from (
      select * from public.score_events t
      where t.contact_id = contact and t.signal_id is not distinct from signal order by t.occurred_at desc, t.id desc limit 5
    ) as e
    left join public.scoring_signals s on s.id = e.signal_id
    left join public.messages m on m.id = e.message_id
  );
end
$$;
comment on function private.signal_evidence(uuid, uuid) is 'The latest five events of a signal (null: given points) of a contact, each with its evidence.';

create function private.explained_signals(contact uuid, workspace uuid) returns json
language plpgsql stable
-- Definer: whoever may see scores may see what they are made of. The caller has checked the contact.
security definer set search_path = ''
as $$
begin
  return (
    select coalesce(json_agg(json_build_object('signal_id', x.signal_id, 'name', s.name, 'kind', coalesce(s.kind, 'manual'),
      'category', x.category, 'weight', trim_scale(x.weight), 'events', x.events, 'counted', x.counted,
      'points', trim_scale(x.points), 'capped', x.is_capped, 'total', trim_scale(x.total), 'buying_intent', x.buying_intent,
      'evidence', private.signal_evidence(contact, x.signal_id)) order by abs(x.total) desc, s.name), '[]')
    from private.signal_sums(array[contact], private.scoring_rules(workspace), private.now()) x
    left join public.scoring_signals s on s.id = x.signal_id
  );
end
$$;
comment on function private.explained_signals(uuid, uuid) is 'What a contact''s score is made of, signal by signal, the weightiest first, with the evidence.';

create function private.explained_status(contact uuid) returns jsonb
language plpgsql stable
-- Definer: as private.explained_signals.
security definer set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'auto_status', jsonb_build_object('value', l.auto_status, 'reason', l.reason, 'next_change_at', l.next_at, 'facts',
        jsonb_build_object('message_count', a.message_count, 'last_inbound_at', a.last_inbound_at, 'converted_at', a.converted_at,
          'shows_intent', a.shows_intent, 'inactive_after_days', r.inactive_after_days, 'churned_after_days', r.churned_after_days,
          'active_min_messages', r.active_min_messages, 'active_window_days', r.active_window_days, 'hot_lead_days', r.hot_lead_days)),
      'at_risk', jsonb_build_object('value', l.is_at_risk, 'reasons', l.risks),
      'vip', jsonb_build_object('value', c.is_vip, 'reason', case when c.vip_source = 'person' then 'set_by_person' when c.is_vip then 'rule' end,
        'min_value', trim_scale(r.vip_min_value), 'min_score', r.vip_min_score),
      'sentiment', jsonb_build_object('level', c.sentiment, 'score', trim_scale(a.sentiment_score), 'messages', a.sentiment_count,
        'last_score', trim_scale(a.last_sentiment_score), 'last_at', a.last_sentiment_at))
    from public.contacts c
    join public.contact_activity a on a.contact_id = c.id
    cross join lateral private.workspace_settings(c.workspace_id) r
    cross join lateral private.lifecycle(
      a.converted_at, a.shows_intent, a.message_count, a.last_inbound_at, a.last_sentiment_score, r, private.now()) l
    where c.id = contact
  );
end
$$;
comment on function private.explained_status(uuid) is 'Why a contact has its automatic status, is at risk, a VIP, and of what mood: the rule and the facts.';

create function api.contact_explanation(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  contact uuid := private.require_contact(args, array['contacts:read']);
  workspace uuid := private.current_workspace('contacts:read');
begin
  perform private.require_scope('conversations:read');
  return (
    select row(200, private.data((jsonb_build_object('contact_id', c.id, 'score', c.score, 'grade', c.grade,
      'thresholds', jsonb_build_object('A', r.grade_a, 'B', r.grade_b, 'C', r.grade_c, 'D', r.grade_d, 'E', r.grade_e),
      'signals', private.explained_signals(contact, workspace)) || private.explained_status(contact))::json), null)::private.answer
    from public.contacts c cross join lateral private.workspace_settings(c.workspace_id) r where c.id = contact
  );
end
$$;
comment on function api.contact_explanation(jsonb) is
  '{ contact_id } → why the contact has its score, grade, automatic status and flags, with the messages that are the evidence. 403 without conversations:read, 404 contact_not_found.';
