-- Scores, grades and the automatic status follow what happens: set-based, whoever writes.

create function private.follow_scores(contacts uuid[]) returns private.contact_score[]
language plpgsql
set search_path = ''
as $$
declare
  workspace uuid;
  theirs uuid[];
  scores private.contact_score[] := '{}';
begin
  for workspace, theirs in
    select c.workspace_id, array_agg(c.id) from public.contacts c where c.id = any (contacts) group by c.workspace_id
  loop
    scores := scores || array(
      select s from private.contact_scores(theirs, private.scoring_rules(workspace), private.now()) s);
  end loop;
  perform private.write_scores(scores);
  return scores;
end
$$;
comment on function private.follow_scores(uuid[]) is
  'Contacts, which are locked so that nothing is scored meanwhile, get the scores and grades that the ledger makes of them; these are returned.';

create function private.follow_facts(scores private.contact_score[]) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  concerned uuid[] := array(select s.contact_id from unnest(scores) s);
begin
  update public.contact_activity a
  set converted_at = f.converted_at, shows_intent = f.shows_intent, auto_status = l.auto_status, is_at_risk = l.is_at_risk,
    due_at = least(l.next_at, f.next_at)
  from unnest(scores) s
  join public.contacts c on c.id = s.contact_id
  join public.contact_activity t on t.contact_id = s.contact_id
  join private.rules_of(concerned) r on r.workspace_id = c.workspace_id
  cross join lateral (
    select private.converted_at(c) as converted_at, s.shows_intent or private.is_intent(c.status, c.sale_status) as shows_intent, s.next_at) as f
  cross join lateral private.lifecycle(
    f.converted_at, f.shows_intent, t.message_count, t.last_inbound_at, t.last_sentiment_score, r, private.now()) l
  where a.contact_id = s.contact_id and (a.converted_at, a.shows_intent, a.auto_status, a.is_at_risk, a.due_at)
    is distinct from (f.converted_at, f.shows_intent, l.auto_status, l.is_at_risk, least(l.next_at, f.next_at));
  -- Whom somebody put off was due earlier than the activity says.
  delete from private.due_contacts d
  where d.contact_id = any (concerned)
    and (select a.due_at is null from public.contact_activity a where a.contact_id = d.contact_id);
  update private.due_contacts d
  set due_at = (select a.due_at from public.contact_activity a where a.contact_id = d.contact_id)
  where d.contact_id = any (concerned)
    and d.due_at <> (select a.due_at from public.contact_activity a where a.contact_id = d.contact_id);
end
$$;
comment on function private.follow_facts(private.contact_score[]) is
  'The automatic status of contacts, which are locked with their activity: from what people, deals and the ledger say of them by now.';

create function private.follow_contacts(contacts uuid[]) returns void
language plpgsql
-- Definer: whoever changes what it is made of need not be allowed to write what is computed. Whoever
-- writes many at once may have switched nested loops off, which holds in all that it sets off.
security definer set search_path = '' set enable_nestloop = on
as $$
begin
  if cardinality(contacts) > 0 then
    perform private.lock_with_activity(contacts);
    perform private.follow_facts(private.follow_scores(contacts));
    perform private.write_activity(contacts);
  end if;
end
$$;
comment on function private.follow_contacts(uuid[]) is
  'Score, grade, automatic status and risk of the contacts, from nothing but what is stored: equal to what the triggers keep. Locks contacts: called before conversations are locked.';

create function private.recount_inbound(contacts uuid[]) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  update public.contact_activity a set last_inbound_at = (
    select m.sent_at from public.messages m
    where m.contact_id = a.contact_id and m.direction = 'inbound' order by m.sent_at desc limit 1)
  where a.contact_id = any (contacts);
end
$$;
comment on function private.recount_inbound(uuid[]) is 'When the contacts, whose activity is locked, wrote last: from all their messages anew.';

-- Messages -------------------------------------------------------------------------------------

create function private.score_messages(messages uuid[]) returns uuid[]
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  workspace uuid;
  queries private.signal_queries[];
  shown private.shown_signal[];
  scored uuid[] := '{}';
begin
  for workspace in select distinct m.workspace_id from unnest(messages) as g (id) join public.messages m on m.id = g.id loop
    queries := private.workspace_queries(workspace);
    continue when cardinality(queries) = 0;
    shown := private.shown_signals(messages, workspace, queries);
    perform private.keep_shown(workspace, shown);
    scored := scored || array(select distinct s.contact_id from unnest(shown) s);
  end loop;
  return scored;
end
$$;
comment on function private.score_messages(uuid[]) is
  'What stored messages show goes into the ledger; returns the contacts of whom they show anything.';

create function private.open_shown_deals(messages uuid[]) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  intent record;
begin
  for intent in
    select s.name, array_agg(distinct e.contact_id) as contacts
    from unnest(messages) as g (id)
    join public.messages m on m.id = g.id
    join public.score_events e on e.message_id = m.id
    join public.scoring_signals s on s.id = e.signal_id
    where s.buying_intent and not m.from_history
    group by s.name order by s.name
  loop
    perform private.open_deals_for(intent.contacts, format('A message showed "%s".', intent.name));
  end loop;
end
$$;
comment on function private.open_shown_deals(uuid[]) is
  'Whoever shows buying intent in one of the messages gets a deal, where the workspace wants it. The contacts are locked.';

create function private.keep_seen(readings jsonb) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  seen uuid[] := array(select (r ->> 'id')::uuid from jsonb_array_elements(readings) r where r ? 'signals');
begin
  if cardinality(seen) = 0 then
    return;
  end if;
  perform private.lock_with_activity(array(select distinct m.contact_id from public.messages m where m.id = any (seen)));
  -- What it saw in a message before somebody edited it.
  delete from public.score_events e using public.scoring_signals s
  where e.message_id = any (seen) and s.id = e.signal_id and s.kind = 'ai' and e.actor_type = 'system';
  insert into public.score_events (workspace_id, contact_id, signal_id, message_id, occurred_at)
  select m.workspace_id, m.contact_id, s.id, m.id, m.sent_at
  from jsonb_array_elements(readings) r
  join public.messages m on m.id = (r ->> 'id')::uuid and m.revoked_at is null
  join public.scoring_signals s on s.workspace_id = m.workspace_id and s.kind = 'ai' and s.is_active
    and s.id in (select jsonb_array_elements_text(r -> 'signals')::uuid)
  where r ? 'signals'
  order by m.id, s.id
  on conflict on constraint score_events_message_key do nothing;
  perform private.follow_contacts(array(select distinct m.contact_id from public.messages m where m.id = any (seen)));
  perform private.open_shown_deals(seen);
end
$$;
comment on function private.keep_seen(jsonb) is
  'What a language model saw in messages ([{ id, signals: [id] }]) goes into the ledger, in the place of what it saw in them before.';

create function private.rescore_message() returns trigger
language plpgsql
-- Definer: whoever may change a message need not be allowed to write the ledger.
security definer set search_path = ''
as $$
declare
  scored uuid[];
begin
  perform from public.contacts c where c.id = new.contact_id for no key update;
  delete from public.score_events e using public.scoring_signals s
  where e.message_id = new.id and s.id = e.signal_id and s.kind = 'keyword';
  scored := private.score_messages(array[new.id]);
  perform private.follow_contacts(array[new.contact_id]);
  if cardinality(scored) > 0 then
    perform private.open_shown_deals(array[new.id]);
  end if;
  return null;
end
$$;
comment on function private.rescore_message() is 'Trigger: a message counts as what it says now.';

create trigger messages_730_score after update of body, revoked_at, direction, sentiment_language on public.messages
  for each row when ((old.body, old.revoked_at, old.direction, old.sentiment_language)
    is distinct from (new.body, new.revoked_at, new.direction, new.sentiment_language))
  execute function private.rescore_message();

-- The ledger -----------------------------------------------------------------------------------

create function private.follow_ledger() returns trigger
language plpgsql
-- Definer: see private.follow_contacts.
security definer set search_path = ''
as $$
begin
  -- Of a contact that goes with its ledger nothing is to be counted.
  perform private.follow_contacts(array(
    select distinct d.contact_id from deleted d join public.contacts c on c.id = d.contact_id));
  return null;
end
$$;
comment on function private.follow_ledger() is 'Trigger: what is taken out of the ledger, as with a message that is deleted, counts no more.';

create trigger score_events_700_follow after delete on public.score_events
  referencing old table as deleted for each statement execute function private.follow_ledger();

create function private.record_action(contact uuid, action text, at timestamptz, evidence jsonb default '{}') returns uuid[]
language plpgsql
-- Definer: whoever does something that counts need not be allowed to write the ledger.
security definer set search_path = ''
as $$
declare
  workspace uuid := (select c.workspace_id from public.contacts c where c.id = contact);
  actor private.actor := private.current_actor();
  signals public.scoring_signals[] := array(
    select s from public.scoring_signals s
    where s.workspace_id = workspace and s.kind = 'action' and s.action = record_action.action and s.is_active);
  events uuid[];
begin
  if cardinality(signals) = 0 then
    return '{}';
  end if;
  perform from public.contacts c where c.id = contact for no key update;
  with written as (
    insert into public.score_events (workspace_id, contact_id, signal_id, occurred_at, message_id, note_id, call_id, reason, actor_type, actor_id)
    select workspace, contact, s.id, at, (evidence ->> 'message_id')::uuid, (evidence ->> 'note_id')::uuid, (evidence ->> 'call_id')::uuid,
      evidence ->> 'reason', actor.type, actor.id
    from unnest(signals) s order by s.id
    on conflict on constraint score_events_message_key do nothing
    returning id
  )
  select coalesce(array_agg(w.id), '{}') into events from written w;
  perform private.follow_contacts(array[contact]);
  perform private.open_deals_for(array[contact], format('The contact did "%s".', action))
  where exists (select from unnest(signals) s where s.buying_intent);
  return events;
end
$$;
comment on function private.record_action(uuid, text, timestamptz, jsonb) is
  'A contact has done something (the action of signals): goes into the ledger with its evidence ({ message_id, note_id, call_id, reason }); returns the events, none if no signal is about it.';

create function private.score_action() returns trigger
language plpgsql
-- Definer: see private.record_action.
security definer set search_path = ''
as $$
declare
  row_ jsonb := to_jsonb(new);
begin
  perform private.record_action((row_ ->> tg_argv[1])::uuid, tg_argv[0], (row_ ->> tg_argv[2])::timestamptz,
    case tg_table_name when 'calls' then jsonb_build_object('call_id', new.id) else '{}' end);
  return null;
end
$$;
comment on function private.score_action() is
  'Trigger: a row that is an action of a contact. Arguments: the action, the columns of the contact and of the time.';

create trigger meetings_730_score after insert on public.meetings
  for each row execute function private.score_action('meeting_scheduled', 'contact_id', 'created_at');
create trigger survey_responses_730_score after insert on public.survey_responses
  for each row execute function private.score_action('form_submitted', 'contact_id', 'submitted_at');
create trigger calls_730_score after insert on public.calls
  for each row when (new.direction = 'inbound') execute function private.score_action('call_received', 'contact_id', 'started_at');
create trigger contacts_730_score after insert on public.contacts
  for each row when (new.source = 'lead_form') execute function private.score_action('form_submitted', 'id', 'created_at');

-- What people and deals say --------------------------------------------------------------------

create function private.follow_history() returns trigger
language plpgsql
-- Definer: see private.follow_contacts.
security definer set search_path = ''
as $$
begin
  perform private.follow_contacts(array(select distinct i.contact_id from inserted i where i.field in ('status', 'sale_status')));
  return null;
end
$$;
comment on function private.follow_history() is 'Trigger: who is qualified, bought or did not after all.';

create trigger contact_history_600_follow after insert on public.contact_history
  referencing new table as inserted for each statement execute function private.follow_history();

create function private.follow_deals() returns trigger
language plpgsql
-- Definer: see private.follow_contacts.
security definer set search_path = ''
as $$
declare
  concerned uuid[];
begin
  if tg_op = 'INSERT' then
    concerned := array(select distinct i.contact_id from inserted i where i.status = 'won');
  elsif tg_op = 'DELETE' then
    concerned := array(select distinct d.contact_id from deleted d where d.status = 'won');
  else
    concerned := array(
      select distinct r.contact_id
      from (
        select i.id, i.contact_id, i.closed_at from inserted i where i.status = 'won'
        union all
        select d.id, d.contact_id, d.closed_at from deleted d where d.status = 'won'
      ) as r
      group by r.id, r.contact_id, r.closed_at having count(*) = 1);
  end if;
  perform private.follow_contacts(concerned);
  return null;
end
$$;
comment on function private.follow_deals() is 'Trigger: who has won deals has bought.';

create trigger deals_650_follow_insert after insert on public.deals
  referencing new table as inserted for each statement execute function private.follow_deals();
create trigger deals_650_follow_update after update on public.deals
  referencing old table as deleted new table as inserted for each statement execute function private.follow_deals();
create trigger deals_650_follow_delete after delete on public.deals
  referencing old table as deleted for each statement execute function private.follow_deals();

-- Time -----------------------------------------------------------------------------------------

create function private.lock_waiting(contacts uuid[]) returns uuid[]
language plpgsql
-- Longer than a batch of the sweep takes, shorter than anybody minds.
set search_path = '' set lock_timeout = '300ms'
as $$
begin
  return array(select c.id from public.contacts c where c.id = any (contacts) order by c.id for no key update);
exception when lock_not_available then
  return null;
end
$$;
comment on function private.lock_waiting(uuid[]) is 'Contacts, locked, those of whom somebody is at as soon as they are through; null, with none locked, if that takes too long.';

create function private.follow_due(at_most int, workspace uuid default null) returns int
language plpgsql
-- Definer: reads bring about what time alone has changed.
security definer set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  due uuid[] := case
    when workspace is null then array(
      select d.contact_id from private.due_contacts d where d.due_at <= private.now() order by d.due_at limit at_most)
    else array(
      select d.contact_id from private.due_contacts d
      where d.workspace_id = workspace and d.due_at <= private.now() order by d.due_at limit at_most) end;
begin
  if cardinality(due) > 0 then
    -- Whoever is at one of them now makes it right as well, or leaves it due. Who reads wants to see it.
    due := coalesce(case when workspace is not null then private.lock_waiting(due) end, array(
      select c.id from public.contacts c where c.id = any (due) order by c.id for no key update skip locked));
    perform private.follow_contacts(due);
  end if;
  return cardinality(due);
end
$$;
comment on function private.follow_due(int, uuid) is
  'Brings contacts up to date whom time alone has changed (of all workspaces or of one), at most so many; returns how many. Those that somebody else is at are waited for in a workspace, where somebody reads, and left for later elsewhere.';

create function private.contacts_due() returns boolean
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
begin
  return exists (select from private.due_contacts d where d.due_at <= private.now());
end
$$;
comment on function private.contacts_due() is 'Whether time alone has changed anybody.';
