-- Who holds a conversation: bot or person, and which person.

create function private.conversation_control() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  -- The epoch is this trigger's: a bot that was told another one must never be believed again.
  new.control_epoch := old.control_epoch + case
    when (new.phase, new.ai_enabled, new.bot_status) <> (old.phase, old.ai_enabled, old.bot_status)
      or new.control_epoch > old.control_epoch then 1 else 0 end;
  if new.phase <> old.phase then
    new.resolved_at := case when new.phase = 'resolved' then coalesce(new.resolved_at, now()) end;
    new.escalated_at := case when new.phase = 'waiting' then coalesce(new.escalated_at, now()) end;
  end if;
  return new;
end
$$;
comment on function private.conversation_control() is
  'Trigger: control_epoch rises by one whenever bot and person change places, whoever writes, and never falls; resolved_at and escalated_at go with the phase.';

create trigger conversations_200_control
  before update of phase, ai_enabled, bot_status, control_epoch on public.conversations
  for each row execute function private.conversation_control();

create function private.bot_in_control(conversation public.conversations) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return conversation.phase = 'automated' and conversation.ai_enabled and conversation.bot_status = 'active';
end
$$;
comment on function private.bot_in_control(public.conversations) is 'Whether the bot may write.';

create function private.lock_conversation(conversation uuid) returns public.conversations
language plpgsql
set search_path = ''
as $$
declare
  v public.conversations;
begin
  select * into v from public.conversations t where t.id = conversation for no key update;
  if v.id is null then
    perform private.refuse(404, 'conversation_not_found', 'There is no such conversation.');
  end if;
  return v;
end
$$;
comment on function private.lock_conversation(uuid) is 'The conversation, locked; 404 conversation_not_found.';

create function private.take_control(conversation uuid, to_whom text) returns public.conversations
language plpgsql
set search_path = ''
as $$
declare
  v public.conversations := private.lock_conversation(conversation);
  to_bot boolean := to_whom = 'bot';
begin
  if to_bot and (select c.is_contractor from public.contacts c where c.id = v.contact_id) then
    perform private.refuse(409, 'contractor_conversation', 'Contractors talk to a person, never to the bot.');
  end if;
  update public.conversations t
  set status = 'active', ai_enabled = to_bot,
    phase = case when to_bot then 'automated' else 'live' end::public.conversation_phase,
    bot_status = case when to_bot then 'active' else 'agent' end::public.bot_status
  where t.id = v.id and (t.phase, t.ai_enabled, t.bot_status) <> (
    case when to_bot then 'automated' else 'live' end::public.conversation_phase, to_bot,
    case when to_bot then 'active' else 'agent' end::public.bot_status)
  returning * into v;
  return case when found then v else private.lock_conversation(conversation) end;
end
$$;
comment on function private.take_control(uuid, text) is
  'Gives the conversation to a person or the bot (''person'', ''bot''), opening it if it was resolved; its epoch rises unless it was theirs. Returns it, locked. 404 conversation_not_found, 409 contractor_conversation.';

create function private.reopen_conversation(conversation uuid) returns public.conversations
language plpgsql
set search_path = ''
as $$
declare
  v public.conversations := private.lock_conversation(conversation);
begin
  if v.status <> 'resolved' then
    return v;
  end if;
  perform private.reopen_conversations(array[conversation]);
  return private.lock_conversation(conversation);
end
$$;
comment on function private.reopen_conversation(uuid) is
  'Opens a resolved conversation as conversations begin: with the bot, a contractor''s for a person. Returns it, locked. 404 conversation_not_found.';

-- Which person --------------------------------------------------------------------------------

-- A contact and its conversations have one person who is responsible, whichever of them was
-- assigned: what the router gives to somebody is in that somebody's inbox.

create function private.conversation_assigned() returns trigger
language plpgsql
-- Definer: who may assign conversations need not be allowed to change contacts.
security definer set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    new.assigned_to := coalesce(new.assigned_to,
      (select c.assigned_to from public.contacts c where c.id = new.contact_id));
    return new;
  end if;
  update public.contacts c set assigned_to = new.assigned_to
  where c.id = new.contact_id and c.assigned_to is distinct from new.assigned_to;
  return null;
end
$$;
comment on function private.conversation_assigned() is
  'Trigger: a new conversation is its contact''s person''s; a contact is given to whom its conversation is given to.';

create trigger conversations_110_assigned before insert on public.conversations
  for each row execute function private.conversation_assigned();
create trigger conversations_600_assigned after update on public.conversations
  for each row when (old.assigned_to is distinct from new.assigned_to)
  execute function private.conversation_assigned();

create function private.conversations_follow_contacts() returns trigger
language plpgsql
-- Definer: who may assign contacts need not be allowed to change conversations.
security definer set search_path = ''
as $$
begin
  -- Every batch of messages gets here, hardly one with an assignment.
  if not exists (select from inserted) then
    return null;
  end if;
  update public.conversations v set assigned_to = a.assigned_to
  from inserted a
  where v.contact_id = a.contact_id and v.assigned_to is distinct from a.assigned_to;
  return null;
end
$$;
comment on function private.conversations_follow_contacts() is 'Trigger: conversations are given to whom their contact is given to.';

create trigger contact_assignments_500_conversations after insert on public.contact_assignments
  referencing new table as inserted for each statement execute function private.conversations_follow_contacts();

-- Audit ---------------------------------------------------------------------------------------

create function private.control_action(before public.conversations, after public.conversations) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return 'conversation.' || case
    when after.phase <> before.phase then case
      when after.phase = 'resolved' then 'resolved'
      when before.phase = 'resolved' then 'reopened'
      when after.phase = 'live' then 'accepted'
      when after.phase = 'waiting' then 'agent_requested'
      else 'bot_resumed' end
    when after.bot_status <> before.bot_status then case after.bot_status
      when 'active' then 'bot_resumed' when 'paused' then 'bot_paused' else 'bot_replaced' end
    when after.ai_enabled <> before.ai_enabled then case when after.ai_enabled then 'bot_resumed' else 'bot_paused' end
    when after.assigned_to is null then 'unassigned'
    else 'assigned' end;
end
$$;
comment on function private.control_action(public.conversations, public.conversations) is
  'What a change of phase, bot or assignment is called in the activity log.';

create function private.log_control() returns trigger
language plpgsql
-- Definer: nobody but triggers writes the log.
security definer set search_path = ''
as $$
declare
  actor private.actor := private.current_actor();
begin
  insert into public.activity_log (workspace_id, actor_type, actor_id, action, entity_type, entity_id, changes)
  select new.workspace_id, actor.type, actor.id, private.control_action(old, new), 'conversation', new.id,
    private.row_changes(to_jsonb(old), to_jsonb(new), array(
      select key from jsonb_object_keys(to_jsonb(new)) key
      where key not in ('status', 'phase', 'ai_enabled', 'bot_status', 'assigned_to')))
  -- A workspace that is itself being deleted takes its log with it.
  where exists (select from public.workspaces w where w.id = new.workspace_id);
  return null;
end
$$;
comment on function private.log_control() is 'Trigger: who passed the conversation to whom, whichever way it was written.';

-- By row, since only the condition can keep the many updates of counters cheap.
create trigger conversations_710_log_control after update on public.conversations
  for each row when ((old.phase, old.ai_enabled, old.bot_status, old.assigned_to)
    is distinct from (new.phase, new.ai_enabled, new.bot_status, new.assigned_to))
  execute function private.log_control();

create function private.contractor_to_person() returns trigger
language plpgsql
-- Definer: whoever may say so need not be allowed to change conversations.
security definer set search_path = ''
as $$
begin
  -- What that means for them, private.keep_contractors_from_bot knows.
  update public.conversations v set phase = v.phase where v.contact_id = new.id and v.phase = 'automated';
  return null;
end
$$;
comment on function private.contractor_to_person() is 'Trigger: who turns out to be a contractor is taken from the bot.';

create trigger contacts_740_contractor after update of is_contractor on public.contacts
  for each row when (new.is_contractor and not old.is_contractor) execute function private.contractor_to_person();
