-- The API's operations that send: messages, read receipts, typing.

-- Whether and from where ----------------------------------------------------------------------

create function private.refuse_stale_bot(conversation public.conversations, args jsonb) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if args ->> 'sender' = 'bot' and (not private.bot_in_control(conversation)
    or (args ->> 'control_epoch')::int is distinct from conversation.control_epoch) then
    perform private.refuse(409, 'stale_control', 'The bot is not in control any more.',
      jsonb_build_object('control_epoch', conversation.control_epoch, 'phase', conversation.phase));
  end if;
end
$$;
comment on function private.refuse_stale_bot(public.conversations, jsonb) is
  'Raises 409 stale_control for what a bot sends under another control_epoch than that of the conversation, or without being in control. The caller has locked the conversation.';

create function private.is_automated(args jsonb) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return coalesce(args ->> 'sender' = 'bot', false) or coalesce((args ->> 'automated')::boolean, false);
end
$$;
comment on function private.is_automated(jsonb) is 'Whether a send { sender?, automated? } is written by nobody in person; a bot''s always is.';

create function private.refuse_unsendable(conversation public.conversations, args jsonb, usual text) returns void
language plpgsql stable
set search_path = ''
as $$
declare
  verdict jsonb := private.send_guard(conversation.contact_id, conversation.id,
    private.is_automated(args),
    case args ->> 'type' when 'template' then 'template' else 'message' end, args ->> 'phone_number_id', usual);
begin
  if not (verdict ->> 'allowed')::boolean then
    perform private.refuse(409, 'send_refused', 'The message may not be sent: see `reasons`.', verdict - 'allowed');
  end if;
end
$$;
comment on function private.refuse_unsendable(public.conversations, jsonb, text) is
  'Raises 409 send_refused with reasons, window_expires_at, template_required and retry_at for what the guard does not allow; usual: the number that it goes from unless args name one.';

create function private.refuse_from_here(conversation public.conversations, reason text, detail text) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.refuse(409, 'send_refused', detail, jsonb_build_object('reasons', array[reason],
    'window_expires_at', conversation.last_inbound_at + interval '24 hours', 'template_required', false, 'retry_at', null));
end
$$;
comment on function private.refuse_from_here(public.conversations, text, text) is
  'Raises 409 send_refused for a reason that the guard cannot know.';

create function private.refuse_foreign_number(number text, workspace uuid) returns void
language plpgsql stable
-- Definer: who may send need not be allowed to read settings.
security definer set search_path = ''
as $$
begin
  if number is not null and not exists (
    select from public.whatsapp_numbers n where n.phone_number_id = number and n.workspace_id = workspace) then
    perform private.refuse_field('/phone_number_id', 'unknown_number', 'The workspace has no such WhatsApp number.');
  end if;
end
$$;
comment on function private.refuse_foreign_number(text, uuid) is
  'Raises 422 unknown_number for a phone_number_id that is not of the workspace; null is none.';

create function private.sending_number(conversation public.conversations, wanted text, usual text) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  number text := private.usable_number(conversation.workspace_id, wanted, usual);
begin
  if conversation.channel <> 'whatsapp' then
    perform private.refuse_from_here(conversation, 'no_whatsapp', 'The conversation is not on WhatsApp.');
  elsif number is null then
    perform private.refuse_field('/phone_number_id', 'required',
      'The workspace has several WhatsApp numbers and the conversation none that can send: name one.');
  end if;
  return number;
end
$$;
comment on function private.sending_number(public.conversations, text, text) is
  'The number to send from, see private.usable_number. 422 if one has to be named. The guard has refused what no number can send.';

create function private.refuse_other_number(conversation public.conversations, wanted text, about public.messages) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  -- WhatsApp takes it from any number, and then finds no such message in that number's chat.
  if wanted <> about.phone_number_id then
    perform private.refuse_field('/phone_number_id', 'contradictory', 'A reaction goes from the number of its message.');
  elsif not private.can_send_from(about.phone_number_id, conversation.workspace_id) then
    perform private.refuse_from_here(conversation, 'no_number', 'The number of the message cannot send any more.');
  end if;
end
$$;
comment on function private.refuse_other_number(public.conversations, text, public.messages) is
  'For a reaction: 422 for another wanted number than that of the message, 409 send_refused if that cannot send.';

-- Messages ------------------------------------------------------------------------------------

create function private.named_message(conversation public.conversations, name text, path text) returns public.messages
language plpgsql stable
-- Definer: who may only write may still name what is answered.
security definer set search_path = ''
as $$
declare
  named public.messages;
begin
  if name is null then
    return null;
  elsif name ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then
    select * into named from public.messages m where m.id = name::uuid and m.conversation_id = conversation.id;
  else
    select * into named from public.messages m where m.wa_message_id = name and m.conversation_id = conversation.id limit 1;
  end if;
  if named.id is null then
    perform private.refuse_field(path, 'unknown_message', 'The conversation has no such message.');
  elsif named.wa_message_id is null then
    perform private.refuse_field(path, 'not_sent', 'WhatsApp does not know the message: it has not been sent.');
  end if;
  return named;
end
$$;
comment on function private.named_message(public.conversations, text, text) is
  'A message of the conversation by its id or wamid; null for null; 422 at that path for one that is not there or has no wamid.';

create function private.bind_outbox(item uuid, conversation public.conversations, args jsonb) returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.outbox o
  set automated = true, control_epoch = case when args ->> 'sender' = 'bot' then conversation.control_epoch end
  where o.id = item and private.is_automated(args);
end
$$;
comment on function private.bind_outbox(uuid, public.conversations, jsonb) is
  'What nobody wrote in person is asked again before it goes: whether it may still be sent, and a bot''s whether it is still in control.';

create function private.next_sent_at(conversation uuid) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
begin
  -- Whoever waited for the conversation may have begun before those who are in front of them.
  return coalesce((
    select max(m.sent_at) + interval '1 microsecond' from public.messages m
    where m.conversation_id = conversation and m.sent_at >= now() and m.direction = 'outbound'
      and m.sender_type in ('agent', 'bot')), now());
end
$$;
comment on function private.next_sent_at(uuid) is
  'When a message of ours is written: now, but after all that are queued before it. The caller has locked the conversation.';

create function private.store_outbound(conversation public.conversations, args jsonb, number text, quoted text) returns uuid
language plpgsql
-- Definer: messages are stored by the service only, after everything that can refuse one.
security definer set search_path = ''
as $$
declare
  made uuid := private.uuid_v7();
  type text := args ->> 'type';
  request jsonb := jsonb_build_object('type', type, type, args -> type)
    || case when quoted is null then '{}' else jsonb_build_object('context', jsonb_build_object('message_id', quoted)) end;
begin
  insert into public.messages (id, workspace_id, conversation_id, contact_id, direction, sender_type, sender_id, type, body,
    payload, reply_to, phone_number_id, status, media, sent_at)
  values (made, conversation.workspace_id, conversation.id, conversation.contact_id, 'outbound',
    coalesce(args ->> 'sender', 'agent')::public.sender_type, (private.current_actor()).id, type,
    coalesce(private.whatsapp_body(request), request #>> '{interactive,body,text}'),
    case when type = 'text' then '{}' else request - '{type,context}'::text[] end,
    quoted, number, 'queued', private.whatsapp_media(request), private.next_sent_at(conversation.id));
  perform private.enqueue_outbox(made, conversation.workspace_id, conversation.id, made, number, 'message', request);
  perform private.bind_outbox(made, conversation, args);
  return made;
end
$$;
comment on function private.store_outbound(public.conversations, jsonb, text, text) is
  'Stores a message of ours and queues it; quoted: the wamid that it answers. The caller has checked everything and locked the conversation.';

create function private.store_reaction(conversation public.conversations, args jsonb, number text, about public.messages) returns uuid
language plpgsql
-- Definer: the outbox is the service's.
security definer set search_path = ''
as $$
declare
  made uuid := private.uuid_v7();
begin
  perform private.enqueue_outbox(made, conversation.workspace_id, conversation.id, about.id, number, 'reaction',
    jsonb_build_object('type', 'reaction', 'reaction', jsonb_build_object(
      'message_id', about.wa_message_id, 'emoji', args #>> '{reaction,emoji}')));
  perform private.bind_outbox(made, conversation, args);
  return about.id;
end
$$;
comment on function private.store_reaction(public.conversations, jsonb, text, public.messages) is
  'Queues a reaction ("" takes ours back) and returns the message that it is about, which shows it once WhatsApp has taken it.';

create function private.message_answer(status int, message uuid) returns private.answer
language plpgsql stable
-- Definer: who may only write sees what they wrote.
security definer set search_path = ''
as $$
begin
  return (
    select row(message_answer.status, private.data(json_build_object('message', row_to_json(m))), null)::private.answer
    from private.message_records m where m.id = message
  );
end
$$;
comment on function private.message_answer(int, uuid) is 'An answer { message }.';

create function api.send_message(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  v public.conversations := private.require_conversation(args);
  reacts boolean := args ->> 'type' = 'reaction';
  named public.messages := private.named_message(v, coalesce(args #>> '{reaction,message_id}', args ->> 'reply_to'),
    case when reacts then '/reaction/message_id' else '/reply_to' end);
  usual text := coalesce(named.phone_number_id, v.phone_number_id);
  number text;
  shown uuid;
begin
  perform private.refuse_stale_bot(v, args);
  perform private.refuse_foreign_number(args ->> 'phone_number_id', v.workspace_id);
  if reacts then
    perform private.refuse_other_number(v, args ->> 'phone_number_id', named);
  end if;
  perform private.refuse_unsendable(v, args, usual);
  number := private.sending_number(v, args ->> 'phone_number_id', usual);
  if reacts then
    shown := private.store_reaction(v, args, number, named);
  else
    -- A person who writes has the conversation; what is sent in their name by itself does not.
    if coalesce(args ->> 'sender', 'agent') = 'agent' and not coalesce((args ->> 'automated')::boolean, false) then
      perform private.take_control(v.id, 'person');
    end if;
    shown := private.store_outbound(v, args, number, named.wa_message_id);
  end if;
  return private.message_answer(202, shown);
end
$$;
comment on function api.send_message(jsonb) is
  '{ conversation_id, type, <type>: WhatsApp''s object, reply_to?, phone_number_id?, sender?, control_epoch?, automated? } → 202 { message }, queued. 404 conversation_not_found, 409 send_refused or stale_control, 422.';

-- Signals -------------------------------------------------------------------------------------

create function private.last_inbound(conversation public.conversations) returns public.messages
language plpgsql stable
set search_path = ''
as $$
declare
  found_ public.messages;
begin
  select * into found_ from public.messages m
  where m.conversation_id = conversation.id and m.direction = 'inbound' and not m.from_history
    and m.wa_message_id is not null and m.phone_number_id is not null
  order by m.sent_at desc, m.id desc limit 1;
  return found_;
end
$$;
comment on function private.last_inbound(public.conversations) is 'The person''s last message that WhatsApp can be told about.';

create function private.can_send_from(number text, workspace uuid) returns boolean
language plpgsql stable
-- Definer: nobody reads tokens.
security definer set search_path = ''
as $$
begin
  return exists (
    select from public.whatsapp_numbers n join private.whatsapp_tokens t using (phone_number_id)
    where n.phone_number_id = number and n.workspace_id = workspace);
end
$$;
comment on function private.can_send_from(text, uuid) is 'Whether the number is the workspace''s and has an access token.';

create function private.unread_by_chat(conversation public.conversations) returns setof public.messages
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select distinct on (m.phone_number_id, m.contact_external_id) m.* from public.messages m
  where m.conversation_id = conversation.id and m.direction = 'inbound' and not m.from_history
    and m.wa_message_id is not null and m.phone_number_id is not null
    and m.sent_at >= coalesce(conversation.read_until, '-infinity')
    -- What was read before was told before, but for what came in that very second afterwards.
    and (m.sent_at is distinct from conversation.read_until or conversation.unread_count > 0)
  order by m.phone_number_id, m.contact_external_id, m.sent_at desc, m.id desc;
end
$$;
comment on function private.unread_by_chat(public.conversations) is
  'The last unread message to each of our numbers, and of each id of a contact that was two: on their phones these are chats of their own, and a receipt is for one.';

create function private.mark_conversation_read(conversation public.conversations, receipt boolean) returns void
language plpgsql
-- Definer: how far is read is written here only, and the outbox is the service's.
security definer set search_path = ''
as $$
begin
  update public.conversations v
  -- Not until now: what was said before now and is still on its way has been seen by nobody.
  set unread_count = 0, read_until = greatest(v.read_until, (
    select max(m.sent_at) from public.messages m
    where m.conversation_id = v.id and m.direction = 'inbound' and not m.from_history))
  where v.id = conversation.id;
  if receipt then
    perform private.enqueue_outbox(private.uuid_v7(), conversation.workspace_id, conversation.id, null, last.phone_number_id,
      'read', jsonb_build_object('status', 'read', 'message_id', last.wa_message_id))
    from private.unread_by_chat(conversation) as last
    where private.can_send_from(last.phone_number_id, conversation.workspace_id);
  end if;
end
$$;
comment on function private.mark_conversation_read(public.conversations, boolean) is
  'The team has read all of it; receipt: the person is told, in each chat in which something was unread.';

create function api.mark_read(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  v public.conversations := private.require_conversation(args);
begin
  perform private.mark_conversation_read(v, coalesce((args ->> 'receipt')::boolean, true));
  return private.conversation_answer(v.id);
end
$$;
comment on function api.mark_read(jsonb) is '{ conversation_id, receipt? (default true) } → the conversation, read. 404 conversation_not_found.';

create function private.show_typing(conversation public.conversations, until timestamptz) returns void
language plpgsql
-- Definer: the outbox is the service's.
security definer set search_path = ''
as $$
declare
  last public.messages := private.last_inbound(conversation);
begin
  if last.id is null then
    perform private.refuse(404, 'message_not_found', 'The person has written nothing that typing could answer.');
  elsif not private.can_send_from(last.phone_number_id, conversation.workspace_id) then
    perform private.refuse_from_here(conversation, 'no_number', 'The number has no access token.');
  end if;
  perform private.enqueue_outbox(private.uuid_v7(), conversation.workspace_id, conversation.id, null, last.phone_number_id, 'typing',
    jsonb_build_object('status', 'read', 'message_id', last.wa_message_id, 'typing_indicator', '{"type": "text"}'::jsonb), until);
end
$$;
comment on function private.show_typing(public.conversations, timestamptz) is
  'Queues the typing indicator, of no use after that time. 404 message_not_found, 409 send_refused.';

create function api.send_typing(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  v public.conversations := private.require_conversation(args);
  -- WhatsApp shows it so long, or until the message comes.
  until timestamptz := now() + interval '25 seconds';
begin
  perform private.refuse_stale_bot(v, args);
  perform private.show_typing(v, until);
  return row(202, private.data(json_build_object('expires_at', until)), null)::private.answer;
end
$$;
comment on function api.send_typing(jsonb) is
  '{ conversation_id, sender?, control_epoch? } → 202 { expires_at }. 404 conversation_not_found or message_not_found, 409 send_refused or stale_control.';
