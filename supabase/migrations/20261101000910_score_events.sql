-- The ledger of scores: what a contact has done that signals count, each with its evidence, and what
-- it comes to. The rules stand in public.scoring_signals and the workspace's settings.

create table public.score_events (
  id uuid primary key default private.uuid_v7(),
  -- No reference of its own: the contact's says as much, and every event would lock the row of its workspace.
  workspace_id uuid not null,
  contact_id uuid not null references public.contacts (id) on delete cascade,
  -- No reference: what a deleted signal has counted is taken out contact by contact, with their scores.
  signal_id uuid,
  points int check (points between -1000 and 1000 and points <> 0),
  reason text check (char_length(reason) between 1 and 1000),
  message_id uuid references public.messages (id) on delete cascade,
  note_id uuid references public.internal_notes (id) on delete set null,
  call_id uuid references public.calls (id) on delete set null,
  actor_type text not null default 'system' check (actor_type in ('member', 'api_key', 'system')),
  actor_id uuid,
  occurred_at timestamptz not null,
  created_at timestamptz not null default now(),
  constraint score_events_points check ((signal_id is null) = (points is not null)),
  -- A message shows a signal once, however often it is read.
  constraint score_events_message_key unique (message_id, signal_id)
);
create index score_events_contact_idx on public.score_events (contact_id, occurred_at, id);
create index score_events_note_idx on public.score_events (note_id);
create index score_events_call_idx on public.score_events (call_id);
comment on table public.score_events is
  'What counts for the scores of contacts: signals that they showed, and points that somebody gave. The score is made of these alone.';
comment on column public.score_events.signal_id is 'The signal, whose points it counts as they are now; null: somebody gave the points.';
comment on column public.score_events.message_id is 'The evidence, as note_id and call_id are.';
comment on column public.score_events.occurred_at is 'The event''s own time: decay and cooldown go by it.';

-- Rules ----------------------------------------------------------------------------------------

create type private.scoring_rules as (
  workspace_id uuid, signals public.scoring_signals[], settings public.workspace_settings);

create function private.scoring_rules(workspace uuid) returns private.scoring_rules
language plpgsql stable
-- Definer: scores go by the rules whatever rights the caller has on them.
security definer set search_path = '' set plan_cache_mode = force_generic_plan
as $$
begin
  return row(workspace,
    array(select s from public.scoring_signals s where s.workspace_id = workspace and s.is_active order by s.id),
    private.workspace_settings(workspace))::private.scoring_rules;
end
$$;
comment on function private.scoring_rules(uuid) is 'What scores go by in a workspace: its active signals and its settings.';

create function private.grade_of(score int, settings public.workspace_settings) returns public.contact_grade
language plpgsql immutable
set search_path = ''
as $$
begin
  return case when score >= settings.grade_a then 'A' when score >= settings.grade_b then 'B' when score >= settings.grade_c then 'C'
    when score >= settings.grade_d then 'D' when score >= settings.grade_e then 'E' else 'F' end;
end
$$;
comment on function private.grade_of(int, public.workspace_settings) is 'The grade of a score by the workspace''s thresholds.';

-- What messages show ---------------------------------------------------------------------------

create type private.shown_signal as (contact_id uuid, message_id uuid, signal_id uuid, sent_at timestamptz);

create function private.shown_signals(messages uuid[], workspace uuid, queries private.signal_queries[]) returns private.shown_signal[]
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  return array(
    select row(m.contact_id, m.id, shown.id, m.sent_at)::private.shown_signal
    from unnest(messages) as given (id)
    join public.messages m on m.id = given.id
    cross join lateral unnest(private.signal_matches(m.body, m.sentiment_language, queries)) as shown (id)
    where m.workspace_id = workspace and m.direction = 'inbound' and m.body <> '' and m.revoked_at is null
    order by m.id, shown.id);
end
$$;
comment on function private.shown_signals(uuid[], uuid, private.signal_queries[]) is
  'Which signals a workspace''s stored messages show: those of people, by their words.';

create function private.keep_shown(workspace uuid, shown private.shown_signal[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into public.score_events (workspace_id, contact_id, signal_id, message_id, occurred_at)
  select workspace, s.contact_id, s.signal_id, s.message_id, s.sent_at from unnest(shown) s order by s.message_id, s.signal_id
  on conflict on constraint score_events_message_key do nothing;
end
$$;
comment on function private.keep_shown(uuid, private.shown_signal[]) is 'Writes what messages show into the ledger, each once.';

-- Scores ---------------------------------------------------------------------------------------

-- What one signal, or one gift of points, comes to. counted: events that count; at most one in each
-- of its cooldowns. next_at: when decay changes it.
create type private.signal_sum as (
  contact_id uuid, signal_id uuid, category text, weight numeric, events int, counted int, points numeric, is_capped boolean,
  total numeric, buying_intent boolean, next_at timestamptz);

create function private.signal_sums(
  contacts uuid[], rules private.scoring_rules, at timestamptz,
  replaced uuid[] default '{}', shown private.shown_signal[] default '{}') returns setof private.signal_sum
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
as $$
declare
  weights jsonb := (rules.settings).score_weights;
begin
  return query
  with events as (
    select e.contact_id, e.signal_id, e.points as given, e.occurred_at
    from public.score_events e
    where e.contact_id = any (contacts) and not (e.message_id is not null and e.signal_id = any (replaced))
    union all
    select s.contact_id, s.signal_id, null, s.sent_at from unnest(shown) s
  ), slots as (
    select e.contact_id, e.signal_id, s.category, s.cap, s.half_life_days, s.buying_intent, coalesce(e.given, s.points) as points,
      min(e.occurred_at) as occurred_at, count(*) as events, case when s.cooldown_hours is null then count(*) else 1 end as counted
    from events e left join unnest(rules.signals) s on s.id = e.signal_id
    where e.given is not null or s.id is not null
    -- Fixed windows: whatever order events come in, the same ones count.
    group by e.contact_id, e.signal_id, e.given, s.id, s.category, s.cap, s.half_life_days, s.buying_intent, s.points, s.cooldown_hours,
      case when s.cooldown_hours is null then extract(epoch from e.occurred_at)
        else floor(extract(epoch from e.occurred_at) / 3600 / s.cooldown_hours) end
  ), aged as (
    select t.*, greatest(floor(extract(epoch from at - t.occurred_at) / 86400), 0)::int as days from slots t
  ), decayed as (
    select a.*, round((a.points * a.counted
        * case when a.half_life_days is null then 1 else power(0.5::float8, a.days::float8 / a.half_life_days) end)::numeric, 3) as left_over
    from aged a
  ), summed as (
    select d.contact_id, d.signal_id, d.category, d.cap, d.buying_intent, sum(d.events)::int as events, sum(d.counted)::int as counted,
      coalesce(sum(d.left_over) filter (where not d.is_over), 0) as worth,
      min(d.occurred_at + make_interval(hours => 24 * (d.days + 1))) filter (where d.half_life_days is not null and not d.is_over) as next_at
    from (
      -- Below a tenth of a point nothing is left, or scores would have to be made anew for ever.
      select e.*, e.half_life_days is not null and abs(e.left_over) < 0.1 as is_over from decayed e
    ) as d
    group by d.contact_id, d.signal_id, d.category, d.cap, d.buying_intent
  )
  select s.contact_id, s.signal_id, coalesce(s.category, 'manual'), w.weight, s.events, s.counted, capped.points, capped.points <> s.worth,
    round(capped.points * w.weight, 3), coalesce(s.buying_intent, false), s.next_at
  from summed s
  cross join lateral (select coalesce((weights ->> coalesce(s.category, 'manual'))::numeric, 1) as weight) as w
  cross join lateral (select greatest(least(s.worth, s.cap), -s.cap) as points) as capped;
end
$$;
comment on function private.signal_sums(uuid[], private.scoring_rules, timestamptz, uuid[], private.shown_signal[]) is
  'What each signal comes to for the contacts at that time: points, halved with every half-life (in whole days), up to the cap, times the weight of the category. replaced, shown: of these signals not what the ledger says of messages, but what is given.';

create function private.contact_scores(
  contacts uuid[], rules private.scoring_rules, at timestamptz,
  replaced uuid[] default '{}', shown private.shown_signal[] default '{}') returns setof private.contact_score
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
as $$
begin
  return query
  select c.id, coalesce(s.score, 0), case when s.score is not null then private.grade_of(s.score, rules.settings) end,
    coalesce(s.shows_intent, false), s.next_at
  from unnest(contacts) as c (id)
  left join (
    select t.contact_id, greatest(least(round(sum(t.total)), 1000000), -1000000)::int as score, bool_or(t.buying_intent) as shows_intent,
      min(t.next_at) as next_at
    from private.signal_sums(contacts, rules, at, replaced, shown) t group by t.contact_id
  ) as s on s.contact_id = c.id;
end
$$;
comment on function private.contact_scores(uuid[], private.scoring_rules, timestamptz, uuid[], private.shown_signal[]) is
  'Score and grade of the contacts at that time; no grade as long as nothing counts for them. The rest as in private.signal_sums.';

create function private.write_scores(scores private.contact_score[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.contacts c set score = s.score, grade = s.grade
  from (select * from unnest(scores) u order by u.contact_id) as s
  where c.id = s.contact_id and (c.score, c.grade) is distinct from (s.score, s.grade);
end
$$;
comment on function private.write_scores(private.contact_score[]) is 'Contacts, which are locked, get their scores and grades; those that have them already are not written.';
