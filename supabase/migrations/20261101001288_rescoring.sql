-- Rules that change count for the past as well: a job goes through all contacts. And what a change
-- would do is found out the same way, by the same functions, before it is made.

create function private.start_rescoring(workspace uuid, signals uuid[]) returns void
language plpgsql
-- Definer: jobs are the service's.
security definer set search_path = ''
as $$
declare
  overtaken jsonb;
  job uuid;
begin
  -- One that is still to come does what an earlier one has not got to, too.
  with gone as (
    delete from private.batch_jobs b where b.id in (
      select r.id from private.batch_jobs r
      where r.workspace_id = workspace and r.kind = 'rescore' and r.status = 'running' for update skip locked)
    returning b.args
  )
  select jsonb_agg(s) into overtaken from gone g cross join jsonb_array_elements(g.args -> 'signals') s;
  job := private.start_batch_job('rescore', workspace, jsonb_build_object('signals', (
    select coalesce(jsonb_agg(distinct s), '[]')
    from (select to_jsonb(unnest(signals)) union select jsonb_array_elements(overtaken)) as u (s))));
  update private.batch_jobs b
  set total = (select coalesce(sum(k.contacts), 0) from private.contact_counts(workspace, true) k) where b.id = job;
end
$$;
comment on function private.start_rescoring(uuid, uuid[]) is
  'The rules of a workspace have changed: a job brings all its contacts up to date. signals: whose keywords are to be looked for in the past anew.';

create function private.signals_changed() returns trigger
language plpgsql
-- Definer: see private.start_rescoring.
security definer set search_path = ''
as $$
declare
  change record;
begin
  for change in
    select c.workspace_id, array_agg(c.id) as signals
    from changed c join public.workspaces w on w.id = c.workspace_id group by c.workspace_id order by 1
  loop
    perform private.start_rescoring(change.workspace_id, change.signals);
  end loop;
  return null;
end
$$;
comment on function private.signals_changed() is 'Trigger, its transition table named changed: what signals count now, they count for the past.';

create trigger scoring_signals_800_rescore_insert after insert on public.scoring_signals
  referencing new table as changed for each statement execute function private.signals_changed();
create trigger scoring_signals_800_rescore_update after update on public.scoring_signals
  referencing new table as changed for each statement execute function private.signals_changed();
create trigger scoring_signals_800_rescore_delete after delete on public.scoring_signals
  referencing old table as changed for each statement execute function private.signals_changed();

create function private.rules_changed() returns trigger
language plpgsql
-- Definer: see private.start_rescoring.
security definer set search_path = ''
as $$
begin
  perform private.start_rescoring(new.workspace_id, '{}');
  return null;
end
$$;
comment on function private.rules_changed() is 'Trigger: grades, weights, windows and VIPs that are set anew count for everybody.';

create trigger workspace_settings_800_first_rules after insert on public.workspace_settings
  for each row when (new.score_weights <> '{}' or num_nonnulls(new.grade_a, new.grade_b, new.grade_c, new.grade_d, new.grade_e,
    new.inactive_after_days, new.churned_after_days, new.hot_lead_days, new.active_min_messages, new.active_window_days,
    new.vip_min_value, new.vip_min_score) > 0)
  execute function private.rules_changed();
create trigger workspace_settings_800_rules after update on public.workspace_settings
  for each row when ((new.score_weights, new.grade_a, new.grade_b, new.grade_c, new.grade_d, new.grade_e,
      new.inactive_after_days, new.churned_after_days, new.hot_lead_days, new.active_min_messages, new.active_window_days,
      new.vip_min_value, new.vip_min_score)
    is distinct from (old.score_weights, old.grade_a, old.grade_b, old.grade_c, old.grade_d, old.grade_e,
      old.inactive_after_days, old.churned_after_days, old.hot_lead_days, old.active_min_messages, old.active_window_days,
      old.vip_min_value, old.vip_min_score))
  execute function private.rules_changed();

-- Batches --------------------------------------------------------------------------------------

-- The contacts of a batch, and where the next one goes on.
create type private.contact_batch as (contacts uuid[], state jsonb);

create function private.next_contacts(job private.batch_jobs, reads_messages boolean) returns private.contact_batch
language plpgsql stable
set search_path = '' set enable_seqscan = off
as $$
declare
  batch private.contact_batch;
begin
  with ahead as (
    select c.id, c.created_at, row_number() over (order by c.created_at, c.id) as n,
      sum(coalesce(a.message_count, 0)) over (order by c.created_at, c.id) as messages
    from (
      select t.id, t.created_at from public.contacts t
      where t.workspace_id = job.workspace_id
        and (t.created_at, t.id) > (coalesce((job.state ->> 'after_at')::timestamptz, '-infinity'),
          coalesce((job.state ->> 'after_id')::uuid, '00000000-0000-0000-0000-000000000000'))
      order by t.created_at, t.id limit 1000
    ) as c left join public.contact_activity a on a.contact_id = c.id
  ), taken as (
    -- So many that a batch takes well below a second, but one at least.
    select * from ahead where n = 1 or not reads_messages or messages <= 3000
  )
  select array_agg(t.id order by t.n), job.state || jsonb_build_object('seen', coalesce((job.state ->> 'seen')::int, 0) + count(*),
    'after_at', (array_agg(t.created_at order by t.n desc))[1], 'after_id', (array_agg(t.id order by t.n desc))[1])
  into batch from taken t;
  return batch;
end
$$;
comment on function private.next_contacts(private.batch_jobs, boolean) is
  'The next contacts of a workspace, oldest first, for a job whose state holds after_at, after_id and how many it has seen; contacts null: no more. reads_messages: fewer of those that have written much.';

create function private.messages_of(contacts uuid[]) returns uuid[]
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  return array(select m.id from public.messages m where m.contact_id = any (contacts) and m.direction = 'inbound');
end
$$;
comment on function private.messages_of(uuid[]) is 'What the contacts have written.';

create function private.reread_messages(workspace uuid, contacts uuid[], signals uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  shown private.shown_signal[] := private.shown_signals(private.messages_of(contacts), workspace, private.with_overviews(array(
    select q from public.scoring_signals s join private.signal_queries q on q.signal_id = s.id
    where s.id = any (signals) and s.is_active and s.workspace_id = workspace)));
begin
  delete from public.score_events e
  where e.contact_id = any (contacts) and e.signal_id = any (signals) and (
    not exists (select from public.scoring_signals s where s.id = e.signal_id)
    or e.message_id is not null
      and exists (select from public.scoring_signals s where s.id = e.signal_id and s.kind = 'keyword')
      and not exists (select from unnest(shown) n where n.message_id = e.message_id and n.signal_id = e.signal_id));
  perform private.keep_shown(workspace, shown);
end
$$;
comment on function private.reread_messages(uuid, uuid[], uuid[]) is
  'The ledger of contacts, which are locked, says of these signals what their messages show by now; of deleted ones nothing.';

create function private.await_earlier(since xid8) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  for turn in 1..20 loop
    if pg_snapshot_xmin(pg_current_snapshot()) >= since then
      return true;
    end if;
    perform pg_sleep(0.01);
  end loop;
  return false;
end
$$;
comment on function private.await_earlier(xid8) is
  'Waits until all transactions that write and are older than that one have ended, but no longer than a fifth of a second; whether they have.';

create function private.rescore_contacts(workspace uuid, contacts uuid[], signals uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  if cardinality(signals) > 0 then
    perform private.reread_messages(workspace, contacts, signals);
  end if;
  perform private.follow_contacts(contacts);
  perform private.follow_vip_rule(contacts, private.workspace_settings(workspace));
end
$$;
comment on function private.rescore_contacts(uuid, uuid[], uuid[]) is
  'Contacts of a workspace, which are locked, are what the rules as they are now make of them. signals: whose keywords are looked for anew.';

create function private.rescore_batch(job private.batch_jobs) returns jsonb
language plpgsql
-- Definer: a batch runs in the name of who changed the rules, who need not be allowed all of it.
security definer set search_path = ''
as $$
declare
  signals uuid[] := array(select jsonb_array_elements_text(job.args -> 'signals')::uuid);
  since xid8 := coalesce(job.state ->> 'since', pg_current_xact_id()::text)::xid8;
  batch private.contact_batch;
begin
  -- Whoever stores something now may have read the old rules: seen by a batch it has to be, or by them.
  if not job.state ? 'after_at' and not private.await_earlier(since) then
    return job.state || jsonb_build_object('since', since);
  end if;
  batch := private.next_contacts(job, cardinality(signals) > 0);
  if batch.contacts is null then
    return batch.state || '{"done": true}';
  end if;
  perform from public.contacts c where c.id = any (batch.contacts) order by c.id for no key update;
  perform private.rescore_contacts(job.workspace_id, batch.contacts, signals);
  return batch.state;
end
$$;
comment on function private.rescore_batch(private.batch_jobs) is
  'Batches of a rescoring: by the rules as they are when the batch runs. The first waits for whoever began by the old ones.';

create function private.join_rescoring(contacts uuid[]) returns void
language plpgsql
-- Definer: jobs are the service's.
security definer set search_path = '' set plan_cache_mode = force_generic_plan
as $$
declare
  workspace uuid := (select min(c.workspace_id::text) from public.contacts c where c.id = any (contacts))::uuid;
  running jsonb[] := array(
    select b.args -> 'signals' from private.batch_jobs b
    where b.workspace_id = workspace and b.kind = 'rescore' and b.status = 'running');
begin
  if cardinality(running) > 0 then
    perform private.rescore_contacts(workspace, contacts,
      array(select distinct s::uuid from unnest(running) as r (signals) cross join jsonb_array_elements_text(r.signals) s));
  else
    perform private.follow_contacts(contacts);
  end if;
end
$$;
comment on function private.join_rescoring(uuid[]) is
  'Contacts of one workspace, locked, that have got what was another''s: scores and statuses; and if their workspace is being rescored, all that it is about, for it may have come by before.';

-- Before it is done ----------------------------------------------------------------------------

create function private.write_signal_changes(workspace uuid, changes jsonb) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  change jsonb;
  s public.scoring_signals;
  changed uuid[] := '{}';
begin
  for change in select jsonb_array_elements(changes) loop
    select * into s from public.scoring_signals t where t.id = (change ->> 'id')::uuid and t.workspace_id = workspace;
    if change ? 'id' and s.id is null then
      perform private.refuse(404, 'signal_not_found', 'There is no such scoring signal.');
    end if;
    if s.id is null then
      s := jsonb_populate_record(null::public.scoring_signals, '{"keywords": [], "buying_intent": false, "is_active": true, "version": 1}'
        || change || jsonb_build_object('id', private.uuid_v7(), 'workspace_id', workspace, 'created_at', now(), 'updated_at', now()));
      insert into public.scoring_signals select s.*;
    elsif (change ->> 'is_deleted')::boolean then
      delete from public.scoring_signals t where t.id = s.id;
    else
      s := jsonb_populate_record(s, change - '{id,is_deleted}'::text[]);
      update public.scoring_signals t
      set name = s.name, kind = s.kind, category = s.category, points = s.points, keywords = s.keywords, language = s.language, action = s.action,
        description = s.description, buying_intent = s.buying_intent, cap = s.cap, half_life_days = s.half_life_days,
        cooldown_hours = s.cooldown_hours, is_active = s.is_active
      where t.id = s.id;
    end if;
    changed := changed || s.id;
  end loop;
  return changed;
end
$$;
comment on function private.write_signal_changes(uuid, jsonb) is
  '[{ id?, …fields, is_deleted? }] → written as signals are; returns whose. 404 signal_not_found, 422 as triggers refuse.';

create function private.tried_rules(workspace uuid, args jsonb) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  s public.workspace_settings;
  changed uuid[];
  tried jsonb;
begin
  -- The very change is made and taken back: what would be refused is, and the rules are what they would be.
  begin
    insert into public.workspace_settings (workspace_id) values (workspace) on conflict (workspace_id) do nothing;
    select * into s from public.workspace_settings t where t.workspace_id = workspace;
    s := jsonb_populate_record(s, private.given_settings(jsonb_build_object('grades', coalesce(args -> 'grades', '{}'))));
    s.score_weights := jsonb_strip_nulls(s.score_weights || coalesce(args -> 'weights', '{}'));
    perform private.write_settings(s);
    changed := private.write_signal_changes(workspace, coalesce(args -> 'signals', '[]'));
    tried := jsonb_build_object('rules', to_jsonb(private.scoring_rules(workspace)), 'replaced', (
        select coalesce(jsonb_agg(t.id), '[]') from public.scoring_signals t where t.id = any (changed) and t.kind = 'keyword'), 'queries', (
      select coalesce(jsonb_agg(to_jsonb(q)), '[]')
      from public.scoring_signals t join private.signal_queries q on q.signal_id = t.id where t.id = any (changed) and t.is_active));
    raise sqlstate 'LB003';
  exception when sqlstate 'LB003' then
    return tried;
  end;
end
$$;
comment on function private.tried_rules(uuid, jsonb) is
  '{ signals?, weights?, grades? } → { rules (private.scoring_rules), replaced (ids of the signals), queries (theirs) } as they would be; nothing is written.';

create function private.simulate_batch(job private.batch_jobs) returns jsonb
language plpgsql stable
-- Definer: as private.rescore_batch.
security definer set search_path = ''
as $$
declare
  rules private.scoring_rules := jsonb_populate_record(null::private.scoring_rules, job.args -> 'rules');
  replaced uuid[] := array(select jsonb_array_elements_text(job.args -> 'replaced')::uuid);
  queries private.signal_queries[] := private.with_overviews(array(
    select q from jsonb_populate_recordset(null::private.signal_queries, job.args -> 'queries') q));
  batch private.contact_batch := private.next_contacts(job, cardinality(replaced) > 0);
  state jsonb := batch.state;
begin
  if batch.contacts is null then
    return state || '{"done": true}';
  end if;
  return (
    with compared as (
      select c.id, c.name, o.score as old_score, n.score as new_score, o.grade as old_grade, n.grade as new_grade
      from private.contact_scores(batch.contacts, private.scoring_rules(job.workspace_id), private.now()) o
      join private.contact_scores(batch.contacts, rules, private.now(), replaced,
        case when cardinality(queries) > 0 then private.shown_signals(private.messages_of(batch.contacts), job.workspace_id, queries)
          else '{}' end) n using (contact_id)
      join public.contacts c on c.id = contact_id
      where o.grade is distinct from n.grade
    )
    select state || jsonb_build_object(
      'changed', coalesce((state ->> 'changed')::int, 0) + (select count(*) from compared),
      'by_change', (
        select coalesce(jsonb_object_agg(u.change, u.contacts), '{}')
        from (
          select b.change, sum(b.contacts) as contacts
          from (
            select concat(coalesce(c.old_grade::text, '-'), coalesce(c.new_grade::text, '-')) as change, count(*) as contacts from compared c group by 1
            union all
            select e.key, e.value::bigint from jsonb_each_text(coalesce(state -> 'by_change', '{}')) e
          ) as b group by b.change
        ) as u),
      'examples', (
        select coalesce(jsonb_agg(x.example), '[]')
        from (
          select jsonb_array_elements(coalesce(state -> 'examples', '[]')) as example
          union all
          select jsonb_build_object('contact_id', c.id, 'name', c.name, 'old_score', c.old_score, 'new_score', c.new_score,
            'old_grade', c.old_grade, 'new_grade', c.new_grade) from compared c
          limit 20
        ) as x)));
end
$$;
comment on function private.simulate_batch(private.batch_jobs) is
  'Batches of a simulation: the grades of the next contacts by the rules as they are and by those of the job; writes nothing but its state.';
