-- The API's operations on conversations: lists, messages, lifecycle, and whether one may send.

create view private.message_records with (security_invoker = true) as
select id, conversation_id, direction, sender_type, sender_id, channel, type,
  -- What was taken back is kept, but no longer shown.
  case when revoked_at is null then body end as body,
  case when revoked_at is null then payload else '{}' end as payload,
  reply_to, wa_message_id, status, error, reactions, sentiment, trim_scale(sentiment_score) as sentiment_score, sentiment_language,
  case when revoked_at is null and media is not null then private.message_media(id) end as media,
  sent_at, delivered_at, read_at, edited_at, revoked_at, created_at
from public.messages;
comment on view private.message_records is 'The message as the API shows it, field by field in its order.';

-- Lists ---------------------------------------------------------------------------------------

create function private.conversation_conditions(workspace uuid, filter jsonb) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  conditions text[] := array[format('v.workspace_id = %L::uuid', workspace)];
  name text;
  value jsonb;
  list text[];
begin
  for name, value in select * from jsonb_each(filter) loop
    list := array(select jsonb_array_elements_text(private.json_list(value)));
    conditions := conditions || case name
      when 'view' then case value #>> '{}'
        when 'mine' then format('v.assigned_to = %L::uuid', private.claims() ->> 'sub')
        when 'unassigned' then 'v.assigned_to is null'
        when 'all' then 'true' end
      when 'status' then format('v.status = any (%L::public.conversation_status[])', list)
      when 'phase' then format('v.phase = any (%L::public.conversation_phase[])', list)
      when 'channel' then format('v.channel = any (%L::text[])', list)
      when 'unread' then case when value = 'true' then 'v.unread_count > 0' else 'v.unread_count = 0' end
      when 'search' then format('exists (select from public.contacts c where c.id = v.contact_id and %s)',
        private.contact_conditions(workspace, jsonb_build_object('search', value)))
    end;
    if conditions[cardinality(conditions)] is null then
      perform private.refuse_field('/' || name, 'unknown_parameter', format('There is no filter %s.', name));
    end if;
  end loop;
  return array_to_string(conditions, ' and ');
end
$$;
comment on function private.conversation_conditions(uuid, jsonb) is
  'The filter of the list of conversations ({ parameter: value }, lists as arrays) → an SQL condition on conversations v in that workspace.';

create function private.conversation_query(workspace uuid, filter jsonb, after jsonb, rows int) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return format($sql$
    select v.id, coalesce(v.last_message_at, v.created_at)::text as key,
      (select row_to_json(r)::text from private.conversation_records r where r.id = v.id) as record
    from public.conversations v
    where %s
    order by coalesce(v.last_message_at, v.created_at) desc, v.id desc
    limit %s
    $sql$,
    concat_ws(' and ', private.conversation_conditions(workspace, filter),
      case when after is not null then format('(coalesce(v.last_message_at, v.created_at), v.id) < (%L::timestamptz, %L::uuid)',
        after ->> 0, after ->> 1) end),
    rows);
end
$$;
comment on function private.conversation_query(uuid, jsonb, jsonb, int) is
  'The query (id, key, record) of the first rows who fit a filter and come after [key, id] (null: from the beginning), newest activity first.';

create function api.list_conversations(args jsonb) returns private.answer
language plpgsql stable
-- Definer: for the same reason as api.list_contacts, whose search this has. The workspace condition
-- stands in the query instead.
security definer set search_path = ''
as $$
declare
  filter jsonb := coalesce(args -> 'filter', '{}');
  page_size int := coalesce((args ->> 'limit')::int, 50);
  workspace uuid := private.current_workspace('conversations:read');
  -- Whose conversations `mine` are is part of the query.
  query text := concat_ws(' ', 'list_conversations', workspace, filter, private.claims() ->> 'sub');
  after jsonb := private.decode_cursor(args ->> 'cursor', query);
  records text[];
  keys text[];
  ids uuid[];
begin
  execute format('select array_agg(record), array_agg(key), array_agg(id) from (%s) as page',
    private.conversation_query(workspace, filter, after, page_size + 1))
  into records, keys, ids;
  return row(200, private.data_list(
      '[' || coalesce(array_to_string(records[:page_size], ','), '') || ']',
      case when cardinality(ids) > page_size then private.encode_cursor(query, keys[page_size], ids[page_size]) end),
    null)::private.answer;
end
$$;
comment on function api.list_conversations(jsonb) is
  '{ filter: { view?, status?, phase?, channel?, unread?, search? }, limit?, cursor? } → a page of conversations, newest activity first. 400 invalid_cursor.';

create function private.refuse_unseen_conversation(conversation uuid) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if not exists (select from public.conversations v where v.id = conversation) then
    perform private.refuse(404, 'conversation_not_found', 'There is no such conversation.');
  end if;
end
$$;
comment on function private.refuse_unseen_conversation(uuid) is 'Raises 404 conversation_not_found for what the caller''s policies hide.';

create function api.get_conversation(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  conversation uuid := private.current_conversation((args ->> 'conversation_id')::uuid);
begin
  perform private.refuse_unseen_conversation(conversation);
  return (
    select row(200, private.data(row_to_json(detail)), null)::private.answer
    from (
      select r.*, row_to_json(c) as contact_details
      from private.conversation_records r
      join public.conversations v using (id)
      join private.contact_records c on c.id = v.contact_id
      where r.id = conversation
    ) as detail
  );
end
$$;
comment on function api.get_conversation(jsonb) is
  '{ conversation_id } → the conversation with contact_details, its contact. 404 conversation_not_found.';

create function api.list_messages(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  conversation uuid := private.current_conversation((args ->> 'conversation_id')::uuid);
  page_size int := coalesce((args ->> 'limit')::int, 50);
  ordering text := coalesce(args ->> 'order', 'desc');
  -- The id as it was asked for: who is paging goes on after a merge.
  query text := concat_ws(' ', 'list_messages', (args ->> 'conversation_id')::uuid, ordering);
  after jsonb := private.decode_cursor(args ->> 'cursor', query);
  records text[];
  keys text[];
  ids uuid[];
begin
  perform private.refuse_unseen_conversation(conversation);
  execute format($sql$
    select array_agg(record), array_agg(key), array_agg(id)
    from (
      select m.id, m.sent_at::text as key, row_to_json(m)::text as record
      from private.message_records m
      where m.conversation_id = %L::uuid %s
      order by m.sent_at %s, m.id %3$s
      limit %s
    ) as page
    $sql$,
    conversation,
    case when after is not null then format('and (m.sent_at, m.id) %s (%L::timestamptz, %L::uuid)',
      case ordering when 'desc' then '<' else '>' end, after ->> 0, after ->> 1) end,
    case ordering when 'desc' then 'desc' else 'asc' end, page_size + 1)
  into records, keys, ids;
  return row(200, private.data_list(
      '[' || coalesce(array_to_string(records[:page_size], ','), '') || ']',
      case when cardinality(ids) > page_size then private.encode_cursor(query, keys[page_size], ids[page_size]) end),
    null)::private.answer;
end
$$;
comment on function api.list_messages(jsonb) is
  '{ conversation_id, order? (desc, asc), limit?, cursor? } → a page of its messages by their own time, newest first. 404 conversation_not_found, 400 invalid_cursor.';

-- Lifecycle -----------------------------------------------------------------------------------

create function private.require_conversation(args jsonb, open boolean default false) returns public.conversations
language plpgsql
-- Definer: the contact is locked as well, and before its conversation, as everybody does who
-- changes both; the key of an inbox need not be allowed to change contacts.
security definer set search_path = ''
as $$
declare
  v public.conversations;
begin
  loop
    select t.* into v from public.conversations t
    where t.id = private.current_conversation((args ->> 'conversation_id')::uuid)
      and t.workspace_id = private.current_workspace('conversations:write');
    exit when v.id is null;
    perform from public.contacts c where c.id = v.contact_id for no key update;
    -- Unless the contact was merged while we waited for it.
    exit when found;
  end loop;
  -- Messages, assignments and the end of a lead change what is between the two in everybody's order.
  perform from public.contact_activity a where a.contact_id = v.contact_id for no key update;
  v := private.lock_conversation(v.id);
  if open and v.status = 'resolved' then
    perform private.refuse(409, 'conversation_resolved', 'The conversation is resolved; reopen it first.');
  end if;
  return v;
end
$$;
comment on function private.require_conversation(jsonb, boolean) is
  '{ conversation_id } → the conversation, it, its contact and the contact''s activity locked. 404 conversation_not_found; 409 conversation_resolved if it has to be open.';

create function private.conversation_answer(conversation uuid) returns private.answer
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select row(200, private.data(row_to_json(r)), null)::private.answer
    from private.conversation_records r where r.id = conversation
  );
end
$$;
comment on function private.conversation_answer(uuid) is 'A conversation as an answer.';

create function api.accept_conversation(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  v public.conversations := private.require_conversation(args, true);
  me uuid := (private.claims() ->> 'sub')::uuid;
begin
  if v.phase = 'live' and v.assigned_to is not null and v.assigned_to is distinct from me then
    perform private.refuse(409, 'already_accepted', 'Somebody else talks to the contact already.',
      jsonb_build_object('assigned_to', v.assigned_to));
  end if;
  perform private.take_control(v.id, 'person');
  if v.assigned_to is null and me is not null then
    update public.conversations t set assigned_to = me where t.id = v.id;
  end if;
  return private.conversation_answer(v.id);
end
$$;
comment on function api.accept_conversation(jsonb) is
  '{ conversation_id } → live, with the caller unless it is assigned. 404 conversation_not_found, 409 already_accepted or conversation_resolved.';

create function api.request_agent(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  v public.conversations := private.require_conversation(args, true);
begin
  update public.conversations t set phase = 'waiting' where t.id = v.id and t.phase = 'automated';
  return private.conversation_answer(v.id);
end
$$;
comment on function api.request_agent(jsonb) is
  '{ conversation_id } → waiting for a person, if it was with the bot, whose epoch is over. 404 conversation_not_found, 409 conversation_resolved.';

create function private.close_lead(contact uuid) returns void
language plpgsql
-- Definer: who may resolve conversations need not be allowed to change contacts.
security definer set search_path = ''
as $$
begin
  -- What a person has set is left alone: only `new` says that nobody has looked yet.
  update public.contacts c set status = 'contacted' where c.id = contact and c.status = 'new';
end
$$;
comment on function private.close_lead(uuid) is 'Marks a contact whose conversation was resolved as contacted, if it is still new.';

create function api.resolve_conversation(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  v public.conversations := private.require_conversation(args);
begin
  if v.status <> 'resolved' then
    perform private.close_lead(v.contact_id);
    update public.conversations t set status = 'resolved', phase = 'resolved' where t.id = v.id;
  end if;
  return private.conversation_answer(v.id);
end
$$;
comment on function api.resolve_conversation(jsonb) is
  '{ conversation_id } → resolved; a contact that is still new becomes contacted. 404 conversation_not_found.';

create function api.reopen_conversation(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  v public.conversations := private.require_conversation(args);
begin
  perform private.reopen_conversation(v.id);
  return private.conversation_answer(v.id);
end
$$;
comment on function api.reopen_conversation(jsonb) is
  '{ conversation_id } → open again, with the bot, or waiting for a person for a contractor. 404 conversation_not_found.';

create function private.refuse_non_member(workspace uuid, user_id uuid) returns void
language plpgsql stable
-- Definer: the key of an inbox need not be allowed to read members.
security definer set search_path = ''
as $$
begin
  if not exists (
    select from public.workspace_members m
    where m.workspace_id = workspace and m.user_id = refuse_non_member.user_id) then
    perform private.refuse_field('/user_id', 'not_a_member', 'A conversation can only be assigned to a member of its workspace.');
  end if;
end
$$;
comment on function private.refuse_non_member(uuid, uuid) is 'Raises 422 not_a_member for the field user_id.';

create function api.assign_conversation(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  v public.conversations := private.require_conversation(args);
  assignee uuid := (args ->> 'user_id')::uuid;
begin
  if assignee is not null then
    perform private.refuse_non_member(v.workspace_id, assignee);
  end if;
  update public.conversations t set assigned_to = assignee where t.id = v.id and t.assigned_to is distinct from assignee;
  return private.conversation_answer(v.id);
end
$$;
comment on function api.assign_conversation(jsonb) is
  '{ conversation_id, user_id (null: nobody) } → assigned, and its contact with it. 404 conversation_not_found, 422 not_a_member.';

create function api.switch_bot(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  v public.conversations := private.require_conversation(args, true);
begin
  case args ->> 'action'
    when 'resume' then perform private.take_control(v.id, 'bot');
    when 'take_over' then perform private.take_control(v.id, 'person');
    when 'pause' then
      -- With a person the bot is out already; there is nothing to pause.
      update public.conversations t set bot_status = 'paused', ai_enabled = false
      where t.id = v.id and t.bot_status = 'active';
  end case;
  return private.conversation_answer(v.id);
end
$$;
comment on function api.switch_bot(jsonb) is
  '{ conversation_id, action: pause (nobody answers by itself), resume (the bot has it again), take_over (a person has it) } → the conversation. 404 conversation_not_found, 409 conversation_resolved or contractor_conversation.';

-- The guard -----------------------------------------------------------------------------------

create function api.can_send(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  contact uuid := private.require_contact(args, array['conversations:read']);
  number text := args ->> 'phone_number_id';
begin
  perform private.refuse_foreign_number(number, (select c.workspace_id from public.contacts c where c.id = contact));
  return row(200, private.data(private.send_guard(contact, null,
    coalesce((args ->> 'automated')::boolean, false), coalesce(args ->> 'kind', 'message'), number)::json), null)::private.answer;
end
$$;
comment on function api.can_send(jsonb) is
  '{ contact_id, automated? (false), kind? (message, template, call), phone_number_id? (ours, to send from) } → see private.send_guard. 404 contact_not_found, 422 unknown_number.';
