-- Reading what WhatsApp sends: a delivery's JSON → changes, messages, statuses. Nothing is stored here,
-- and nothing fails: what has another shape than expected reads as null or as nothing.

create function private.json_list(value jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case when jsonb_typeof(value) = 'array' then value else '[]' end;
end
$$;
comment on function private.json_list(jsonb) is 'The value if it is an array, else an empty one.';

create function private.whatsapp_time(value jsonb) returns timestamptz
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case when char_length(value #>> '{}') between 1 and 11 and ltrim(value #>> '{}', '0123456789') = ''
    then to_timestamp((value #>> '{}')::bigint) end;
end
$$;
comment on function private.whatsapp_time(jsonb) is 'Seconds as a string or a number → time; null for anything else.';

create function private.whatsapp_body(message jsonb) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return coalesce(
    case message ->> 'type'
      when 'text' then message #>> '{text,body}'
      when 'button' then message #>> '{button,text}'
      when 'order' then message #>> '{order,text}'
      when 'interactive' then coalesce(
        message #>> '{interactive,button_reply,title}',
        message #>> '{interactive,list_reply,title}',
        message #>> '{interactive,nfm_reply,body}')
    end,
    message -> (message ->> 'type') ->> 'caption');
end
$$;
comment on function private.whatsapp_body(jsonb) is 'What a person reads of a message: its text, caption or the title of the answer chosen.';

create function private.whatsapp_media(message jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case when message ->> 'type' in ('image', 'video', 'audio', 'document', 'sticker')
      and jsonb_typeof(message -> (message ->> 'type')) = 'object'
    then (message -> (message ->> 'type')) - '{caption,url}'::text[] end;
end
$$;
comment on function private.whatsapp_media(jsonb) is 'Id, mime type, hash and file name of a media message; null for others.';

create function private.whatsapp_payload(message jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case when message ->> 'type' = 'text' and jsonb_typeof(message #> '{text,body}') = 'string'
      then message - 'text' else message end
    - '{id,from,from_user_id,from_parent_user_id,to,to_user_id,to_parent_user_id,timestamp,type,history_context}'::text[];
end
$$;
comment on function private.whatsapp_payload(jsonb) is 'What a message carries beside its text and what columns hold.';

create function private.whatsapp_target(message jsonb) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case message ->> 'type'
    when 'reaction' then message #>> '{reaction,message_id}'
    when 'edit' then message #>> '{edit,original_message_id}'
    when 'revoke' then message #>> '{revoke,original_message_id}'
  end;
end
$$;
comment on function private.whatsapp_target(jsonb) is 'The wamid of the message that a reaction, edit or revoke is about; null for other messages.';

create type private.whatsapp_change as (
  n bigint, waba_id text, field text, value jsonb, phone_number_id text, workspace_id uuid, entry_time jsonb);

-- A message of a delivery with what is needed to find its thread; contact_id once that is known.
-- from_history: of the chat history that the WhatsApp Business app hands over.
create type private.whatsapp_message as (
  workspace_id uuid, phone_number_id text, wa_id text, bsuid text, parent_bsuid text, profile_name text, username text,
  happened_at timestamptz, message jsonb, outbound boolean, from_history boolean, contact_id uuid);

-- Ids that an update says are one person's. creates: the update is about that person's doing or
-- about something done to them, so that they are a contact; otherwise it only links. moved_at: when
-- wa_id or bsuid took the place of the previous one. keys: the ids as 'channel external_id'.
create type private.whatsapp_person as (
  workspace_id uuid, wa_id text, bsuid text, parent_bsuid text, previous_wa_id text, previous_bsuid text,
  moved_at timestamptz, creates boolean, profile_name text, named_at timestamptz);

create function private.whatsapp_changes(body jsonb) returns setof private.whatsapp_change
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  with given as materialized (
    -- Numbered by where it stands: a window would copy the whole entry for each of its changes.
    select (e.n * 1000000 + k.n) * 1000000 + d.n as n, entry ->> 'id' as waba_id, change ->> 'field' as field, change -> 'value' as value,
      change #>> '{value,metadata,phone_number_id}' as phone_number_id, entry -> 'time' as entry_time
    from jsonb_array_elements(case when jsonb_typeof(body) = 'array' then body else jsonb_build_array(body) end)
      with ordinality as d (delivery, n)
    cross join jsonb_array_elements(private.json_list(delivery -> 'entry')) with ordinality as e (entry, n)
    cross join jsonb_array_elements(private.json_list(entry -> 'changes')) with ordinality as k (change, n)
  ), owners as materialized (
    -- Many changes are of few numbers. Account-level fields name none: they belong to whoever has a
    -- number of the account.
    select g.phone_number_id, g.waba_id,
      -- What cannot be a number's id will never be registered: kept as an event, not until it is.
      case when char_length(g.phone_number_id) between 1 and 32 and ltrim(g.phone_number_id, '0123456789') = ''
        then g.phone_number_id end as usable_id,
      case when g.phone_number_id is not null
        then (select w.workspace_id from public.whatsapp_numbers w where w.phone_number_id = g.phone_number_id)
        else (select w.workspace_id from public.whatsapp_numbers w where w.waba_id = g.waba_id order by w.phone_number_id limit 1)
      end as workspace_id
    from (select distinct d.phone_number_id, case when d.phone_number_id is null then d.waba_id end as waba_id from given d) as g
  )
  -- What is kept to be read again has null for what was missing: it has to be the same as when it came.
  select g.n, g.waba_id, coalesce(g.field, 'unknown'), nullif(g.value, 'null'),
    o.usable_id, o.workspace_id, nullif(g.entry_time, 'null')
  from given g
  left join owners o on o.phone_number_id = g.phone_number_id
    or o.phone_number_id is null and g.phone_number_id is null and o.waba_id is not distinct from g.waba_id;
end
$$;
comment on function private.whatsapp_changes(jsonb) is 'The changes of a delivery, or of a list of deliveries, numbered, each with the workspace of its number (null: not registered).';

create function private.wa_id(value jsonb) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  -- Asked several times of every update: a pattern takes ten times as long.
  return case when char_length(value #>> '{}') between 5 and 20 and ltrim(value #>> '{}', '0123456789') = '' then value #>> '{}' end;
end
$$;
comment on function private.wa_id(jsonb) is 'A WhatsApp id (digits), null for anything else: a group''s id, say.';

create function private.whatsapp_user_id(value jsonb) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case when jsonb_typeof(value) = 'string' and char_length(value #>> '{}') between 1 and 256 then value #>> '{}' end;
end
$$;
comment on function private.whatsapp_user_id(jsonb) is 'A business-scoped user id or the parent of one, null for anything else.';

create function private.is_message_change(message jsonb) returns boolean
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return coalesce(char_length(private.whatsapp_target(message)) between 1 and 512
    -- An edit that does not say what has become of the message would empty it.
    and (message ->> 'type' <> 'edit' or jsonb_typeof(message #> '{edit,message,type}') = 'string'), false);
end
$$;
comment on function private.is_message_change(jsonb) is
  'Whether a message is a reaction, edit or revoke that names another one; an edit says as well what that is now.';

create function private.is_message_or_change(message jsonb) returns boolean
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return coalesce(message ->> 'type', 'unknown') not in ('reaction', 'edit', 'revoke') or private.is_message_change(message);
end
$$;
comment on function private.is_message_or_change(jsonb) is 'Not a reaction, edit or revoke of which nothing can be made.';

create function private.whatsapp_message_status(message private.whatsapp_message) returns public.message_status
language plpgsql immutable
set search_path = ''
as $$
begin
  return case
    when not message.outbound then 'received'
    when not message.from_history then 'sent'
    else case upper(message.message #>> '{history_context,status}')
      when 'DELIVERED' then 'delivered' when 'READ' then 'read' when 'PLAYED' then 'played' when 'ERROR' then 'failed'
      else 'sent' end
  end;
end
$$;
comment on function private.whatsapp_message_status(private.whatsapp_message) is
  'How far a message had come when we heard of it; the chat history says it of what the business wrote.';

create function private.whatsapp_inbound(changes private.whatsapp_change[]) returns setof private.whatsapp_message
language plpgsql stable
-- A thousand messages and their people in one change are no reason for a million comparisons.
set search_path = '' set enable_nestloop = off
as $$
begin
  return query
  with changes as (
    select * from unnest(whatsapp_inbound.changes) as c
    -- Without its number a message could not be told from its duplicate: it is kept as an event.
    where c.field = 'messages' and c.workspace_id is not null and c.phone_number_id is not null
  ), people as (
    -- contacts[] goes with messages[] by id, never by position.
    select c.n, private.wa_id(person -> 'wa_id') as wa_id, private.whatsapp_user_id(person -> 'user_id') as bsuid,
      private.whatsapp_user_id(person -> 'parent_user_id') as parent_bsuid,
      nullif(left(btrim(person #>> '{profile,name}'), 200), '') as name,
      nullif(left(btrim(person #>> '{profile,username}'), 256), '') as username
    from changes c cross join jsonb_array_elements(private.json_list(c.value -> 'contacts')) as person
    where jsonb_typeof(person) = 'object'
  ), by_wa_id as (
    select n, wa_id, min(bsuid) as bsuid, min(parent_bsuid) as parent_bsuid, min(name) as name,
      min(username) as username
    from people where wa_id is not null group by n, wa_id
  ), by_bsuid as (
    select n, bsuid, min(wa_id) as wa_id, min(parent_bsuid) as parent_bsuid, min(name) as name,
      min(username) as username
    from people where bsuid is not null group by n, bsuid
  )
  select c.workspace_id, c.phone_number_id, coalesce(sender.wa_id, b.wa_id), coalesce(sender.bsuid, w.bsuid),
    coalesce(sender.parent_bsuid, w.parent_bsuid, b.parent_bsuid), coalesce(w.name, b.name),
    coalesce(w.username, b.username),
    coalesce(private.whatsapp_time(m -> 'timestamp'), now()), m, false, false, null::uuid
  from changes c
  cross join jsonb_array_elements(private.json_list(c.value -> 'messages')) as m
  cross join lateral (
    select private.wa_id(m -> 'from') as wa_id, private.whatsapp_user_id(m -> 'from_user_id') as bsuid,
      private.whatsapp_user_id(m -> 'from_parent_user_id') as parent_bsuid) as sender
  left join by_wa_id w on w.n = c.n and w.wa_id = sender.wa_id
  left join by_bsuid b on b.n = c.n and b.bsuid = sender.bsuid
  where coalesce(m ->> 'type', 'unknown') <> 'system'
    and char_length(m ->> 'id') between 1 and 512 and private.is_message_or_change(m)
    and coalesce(sender.wa_id, sender.bsuid, sender.parent_bsuid) is not null;
end
$$;
comment on function private.whatsapp_inbound(private.whatsapp_change[]) is
  'What people wrote in a delivery: messages, reactions, edits and revokes of registered numbers that name their sender and have an id.';

create function private.whatsapp_app_messages(changes private.whatsapp_change[]) returns setof private.whatsapp_message
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select c.workspace_id, c.phone_number_id, person.wa_id, person.bsuid, person.parent_bsuid, null::text, null::text,
    coalesce(private.whatsapp_time(m -> 'timestamp'), now()), m, true, false, null::uuid
  from unnest(changes) c
  cross join jsonb_array_elements(private.json_list(c.value -> 'message_echoes')) as m
  cross join lateral (
    select private.wa_id(m -> 'to') as wa_id, private.whatsapp_user_id(m -> 'to_user_id') as bsuid,
      private.whatsapp_user_id(m -> 'to_parent_user_id') as parent_bsuid) as person
  where c.field = 'smb_message_echoes' and c.workspace_id is not null and c.phone_number_id is not null
    and char_length(m ->> 'id') between 1 and 512 and private.is_message_or_change(m)
    and coalesce(person.wa_id, person.bsuid, person.parent_bsuid) is not null
  union all
  select c.workspace_id, c.phone_number_id, person.wa_id, person.bsuid, null, null, null,
    coalesce(private.whatsapp_time(m -> 'timestamp'), now()), m,
    -- A thread is a person's: what is not from them is from the business.
    private.wa_id(m -> 'from') is distinct from person.wa_id
      and (person.bsuid is null or private.whatsapp_user_id(m -> 'from_user_id') is distinct from person.bsuid),
    true, null
  from unnest(changes) c
  cross join jsonb_array_elements(private.json_list(c.value -> 'history')) as chunk
  cross join jsonb_array_elements(private.json_list(chunk -> 'threads')) as thread
  cross join jsonb_array_elements(private.json_list(thread -> 'messages')) as m
  cross join lateral (
    select coalesce(private.wa_id(thread #> '{context,wa_id}'), private.wa_id(thread -> 'id')) as wa_id,
      private.whatsapp_user_id(thread #> '{context,user_id}') as bsuid) as person
  where c.field = 'history' and c.workspace_id is not null and c.phone_number_id is not null
    and coalesce(m ->> 'type', 'unknown') <> 'system'
    and char_length(m ->> 'id') between 1 and 512 and private.is_message_or_change(m)
    and coalesce(person.wa_id, person.bsuid) is not null;
end
$$;
comment on function private.whatsapp_app_messages(private.whatsapp_change[]) is
  'What the WhatsApp Business app hands over: echoes of what the business wrote there, and its chat history.';

create function private.whatsapp_statuses(changes private.whatsapp_change[]) returns private.status_update[]
language plpgsql stable
set search_path = ''
as $$
begin
  return array(
    select row(s ->> 'id', c.phone_number_id, s ->> 'status', coalesce(private.whatsapp_time(s -> 'timestamp'), now()),
      case when jsonb_typeof(s -> 'errors') = 'array' then s #> '{errors,0}' end,
      case when jsonb_typeof(s -> 'pricing') = 'object' then s -> 'pricing' end,
      s ->> 'biz_opaque_callback_data')::private.status_update
    from unnest(changes) c
    cross join jsonb_array_elements(case when jsonb_typeof(c.value -> 'statuses') = 'array' then c.value -> 'statuses' else '[]' end) as s
    where c.field = 'messages' and c.workspace_id is not null and c.phone_number_id is not null
      and s ->> 'status' in ('sent', 'delivered', 'read', 'played', 'failed')
      and char_length(s ->> 'id') between 1 and 512);
end
$$;
comment on function private.whatsapp_statuses(private.whatsapp_change[]) is 'The statuses of a delivery that are about messages of registered numbers.';

-- What is known of a call from one update.
create type private.whatsapp_call as (
  workspace_id uuid, phone_number_id text, wa_call_id text, wa_id text, bsuid text, direction public.message_direction,
  status public.call_status, happened_at timestamptz, started_at timestamptz, ended_at timestamptz, duration_seconds int,
  by_person boolean);

create function private.whatsapp_calls(changes private.whatsapp_change[]) returns setof private.whatsapp_call
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select c.workspace_id, c.phone_number_id, k ->> 'id', private.wa_id(person.wa_id), private.whatsapp_user_id(person.bsuid),
    case when person.is_caller then 'inbound' else 'outbound' end::public.message_direction,
    case when k ->> 'event' = 'terminate'
        then case upper(k ->> 'status') when 'FAILED' then 'failed' when 'REJECTED' then 'rejected' else 'completed' end
      when k ->> 'event' = 'accept' then 'accepted'
      else 'connecting' end::public.call_status,
    coalesce(private.whatsapp_time(k -> 'timestamp'), now()),
    private.whatsapp_time(k -> 'start_time'),
    case when k ->> 'event' = 'terminate' then coalesce(private.whatsapp_time(k -> 'end_time'), private.whatsapp_time(k -> 'timestamp')) end,
    case when k ->> 'duration' ~ '^[0-9]{1,8}$' then (k ->> 'duration')::int end,
    person.is_caller and k ->> 'event' is distinct from 'terminate'
  from unnest(changes) c
  cross join jsonb_array_elements(private.json_list(c.value -> 'calls')) as k
  cross join lateral (
    select k ->> 'direction' is distinct from 'BUSINESS_INITIATED' as is_caller,
      case when k ->> 'direction' = 'BUSINESS_INITIATED' then k -> 'to' else k -> 'from' end as wa_id,
      case when k ->> 'direction' = 'BUSINESS_INITIATED' then k -> 'to_user_id' else k -> 'from_user_id' end as bsuid) as person
  where c.field = 'calls' and c.workspace_id is not null and c.phone_number_id is not null
    and char_length(k ->> 'id') between 1 and 512
    and coalesce(private.wa_id(person.wa_id), private.whatsapp_user_id(person.bsuid)) is not null
  union all
  -- Statuses are of calls that the business makes.
  select c.workspace_id, c.phone_number_id, k ->> 'id', private.wa_id(k -> 'recipient_id'),
    private.whatsapp_user_id(k -> 'recipient_user_id'), 'outbound',
    case upper(k ->> 'status') when 'ACCEPTED' then 'accepted' when 'REJECTED' then 'rejected' else 'ringing' end::public.call_status,
    coalesce(private.whatsapp_time(k -> 'timestamp'), now()), null, null, null, false
  from unnest(changes) c
  cross join jsonb_array_elements(private.json_list(c.value -> 'statuses')) as k
  where c.field = 'calls' and c.workspace_id is not null and c.phone_number_id is not null
    and char_length(k ->> 'id') between 1 and 512
    and coalesce(private.wa_id(k -> 'recipient_id'), private.whatsapp_user_id(k -> 'recipient_user_id')) is not null;
end
$$;
comment on function private.whatsapp_calls(private.whatsapp_change[]) is 'What a delivery says about calls; by_person: the person calls, which opens the window to write to them.';

-- What a person wants (kind preference: granted) or is called in the app's phone book (phonebook: name).
create type private.whatsapp_fact as (
  workspace_id uuid, wa_id text, bsuid text, kind text, name text, granted boolean, detail text, happened_at timestamptz);

create function private.whatsapp_facts(changes private.whatsapp_change[]) returns setof private.whatsapp_fact
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select c.workspace_id, private.wa_id(u -> 'wa_id'), private.whatsapp_user_id(u -> 'user_id'), 'preference', null::text,
    lower(u ->> 'value') = 'resume', left(u ->> 'detail', 1000), coalesce(private.whatsapp_time(u -> 'timestamp'), now())
  from unnest(changes) c cross join jsonb_array_elements(private.json_list(c.value -> 'user_preferences')) as u
  where c.field = 'user_preferences' and c.workspace_id is not null and private.is_known_fact('user_preferences', u)
  union all
  select c.workspace_id, private.wa_id(to_jsonb(private.digits(u #>> '{contact,phone_number}'))),
    private.whatsapp_user_id(u #> '{contact,user_id}'), 'phonebook',
    case when u ->> 'action' is distinct from 'remove' then nullif(left(btrim(coalesce(u #>> '{contact,full_name}', u #>> '{contact,first_name}')), 200), '') end,
    null, null, coalesce(private.whatsapp_time(u #> '{metadata,timestamp}'), now())
  from unnest(changes) c cross join jsonb_array_elements(private.json_list(c.value -> 'state_sync')) as u
  where c.field = 'smb_app_state_sync' and c.workspace_id is not null and private.is_known_fact('state_sync', u);
end
$$;
comment on function private.whatsapp_facts(private.whatsapp_change[]) is
  'Preferences about marketing messages and the names in the app''s phone book.';

create function private.is_known_fact(list text, item jsonb) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return coalesce(case list
    when 'user_preferences' then item ->> 'category' = 'marketing_messages' and lower(item ->> 'value') in ('stop', 'resume')
      and coalesce(private.wa_id(item -> 'wa_id'), private.whatsapp_user_id(item -> 'user_id')) is not null
    when 'state_sync' then item ->> 'type' = 'contact'
      and coalesce(private.wa_id(to_jsonb(private.digits(item #>> '{contact,phone_number}'))),
        private.whatsapp_user_id(item #> '{contact,user_id}')) is not null
  end, false);
end
$$;
comment on function private.is_known_fact(text, jsonb) is 'Whether an element of user_preferences or state_sync is of a kind that is known.';

create function private.whatsapp_links(changes private.whatsapp_change[]) returns setof private.whatsapp_person
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select distinct l.workspace_id, l.wa_id, l.bsuid, l.parent_bsuid, null::text, null::text, null::timestamptz, false, null::text,
    null::timestamptz
  from (
    select c.workspace_id, private.wa_id(person.wa_id) as wa_id, private.whatsapp_user_id(person.bsuid) as bsuid,
      private.whatsapp_user_id(person.parent_bsuid) as parent_bsuid
    from unnest(changes) c
    cross join jsonb_array_elements(private.json_list(c.value -> 'statuses')) as s
    cross join lateral (
      values (s -> 'recipient_id', s -> 'recipient_user_id', s -> 'recipient_parent_user_id'),
        (s -> 'recipient_participant_id', s -> 'recipient_participant_user_id', null)
    ) as person (wa_id, bsuid, parent_bsuid)
    where c.field in ('messages', 'calls') and c.workspace_id is not null
      and (person.wa_id is not null or person.parent_bsuid is not null) and (person.bsuid is not null or person.parent_bsuid is not null)
    union all
    select c.workspace_id, private.wa_id(person -> 'wa_id'), private.whatsapp_user_id(person -> 'user_id'),
      private.whatsapp_user_id(person -> 'parent_user_id')
    from unnest(changes) c cross join jsonb_array_elements(private.json_list(c.value -> 'contacts')) as person
    where c.workspace_id is not null
  ) as l
  where num_nonnulls(l.wa_id, l.bsuid, l.parent_bsuid) > 1;
end
$$;
comment on function private.whatsapp_links(private.whatsapp_change[]) is
  'Ids that statuses and contacts[] say are one person''s, without that person having done anything.';

create function private.whatsapp_moves(changes private.whatsapp_change[]) returns setof private.whatsapp_person
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select c.workspace_id, coalesce(move.wa_id, move.old_wa_id), coalesce(move.bsuid, move.old_bsuid), null::text,
    case when move.wa_id is not null then move.old_wa_id end, case when move.bsuid is not null then move.old_bsuid end,
    coalesce(private.whatsapp_time(m -> 'timestamp'), now()), false, null::text, null::timestamptz
  from unnest(changes) c
  cross join jsonb_array_elements(private.json_list(c.value -> 'messages')) as m
  cross join lateral (
    select private.wa_id(m #> '{system,wa_id}') as wa_id, private.wa_id(m -> 'from') as old_wa_id,
      private.whatsapp_user_id(m #> '{system,user_id}') as bsuid,
      coalesce(private.whatsapp_user_id(m #> '{system,previous_user_id}'), private.whatsapp_user_id(m -> 'from_user_id')) as old_bsuid) as move
  where c.field = 'messages' and c.workspace_id is not null and m ->> 'type' = 'system'
    and m #>> '{system,type}' in ('user_changed_number', 'user_changed_user_id')
  union all
  select c.workspace_id, private.wa_id(u -> 'wa_id'), private.whatsapp_user_id(u #> '{user_id,current}'), null, null,
    private.whatsapp_user_id(u #> '{user_id,previous}'),
    coalesce(private.whatsapp_time(u -> 'timestamp'), now()), false, null, null
  from unnest(changes) c
  cross join jsonb_array_elements(private.json_list(c.value -> 'user_id_update')) as u
  where c.field = 'user_id_update' and c.workspace_id is not null;
end
$$;
comment on function private.whatsapp_moves(private.whatsapp_change[]) is 'Changes of numbers and user ids: the person stays, the id moves.';

create function private.is_stored_elsewhere(field text, list text, item jsonb) returns boolean
language plpgsql immutable
set search_path = ''
as $$
declare
  has_id boolean := coalesce(char_length(item ->> 'id') between 1 and 512, false);
begin
  -- Only what the field is about is read: Meta may well send a list of another one.
  return coalesce(case
    when not list = any (case field when 'messages' then '{messages,statuses}' when 'smb_message_echoes' then '{message_echoes}'
      when 'smb_app_state_sync' then '{state_sync}' when 'calls' then '{calls,statuses}' else array[field] end::text[]) then false
    when list = 'messages' then has_id and item ->> 'type' is distinct from 'system' and private.is_message_or_change(item)
      and coalesce(private.wa_id(item -> 'from'), private.whatsapp_user_id(item -> 'from_user_id'),
        private.whatsapp_user_id(item -> 'from_parent_user_id')) is not null
    when list = 'message_echoes' then has_id and private.is_message_or_change(item)
      and coalesce(private.wa_id(item -> 'to'), private.whatsapp_user_id(item -> 'to_user_id'),
        private.whatsapp_user_id(item -> 'to_parent_user_id')) is not null
    when list = 'statuses' and field = 'messages' then
      has_id and item ->> 'status' in ('sent', 'delivered', 'read', 'played', 'failed')
    when list = 'statuses' then
      has_id and coalesce(private.wa_id(item -> 'recipient_id'), private.whatsapp_user_id(item -> 'recipient_user_id')) is not null
    when list = 'calls' then has_id and coalesce(
      case when item ->> 'direction' = 'BUSINESS_INITIATED' then coalesce(private.wa_id(item -> 'to'), private.whatsapp_user_id(item -> 'to_user_id'))
        else coalesce(private.wa_id(item -> 'from'), private.whatsapp_user_id(item -> 'from_user_id')) end) is not null
    when list in ('user_preferences', 'state_sync') then private.is_known_fact(list, item)
    when list = 'history' then jsonb_typeof(item) = 'object' and item - '{metadata,threads}'::text[] = '{}'
      and coalesce(jsonb_typeof(item -> 'threads'), 'array') = 'array'
  end, false);
end
$$;
comment on function private.is_stored_elsewhere(text, text, jsonb) is
  'Whether an element of a change''s list is stored as what it is; else it is kept as an event.';

create function private.whatsapp_items(body jsonb) returns setof jsonb
language plpgsql immutable
set search_path = ''
as $$
declare
  lists text[] := '{messages,statuses,message_echoes,state_sync,calls,user_preferences,user_id_update}';
begin
  return query
  select jsonb_build_object('entry', jsonb_build_array(jsonb_build_object('id', entry -> 'id', 'time', entry -> 'time', 'changes',
    jsonb_build_array(jsonb_build_object('field', change -> 'field', 'value', part)))))
  from jsonb_array_elements(private.json_list(body -> 'entry')) as entry
  cross join jsonb_array_elements(private.json_list(entry -> 'changes')) as change
  cross join lateral (
    select change -> 'value' as part where jsonb_typeof(change -> 'value') is distinct from 'object'
    union all
    select (change -> 'value') - lists - 'history' where jsonb_typeof(change -> 'value') = 'object'
    union all
    select (change -> 'value') - lists - 'history' || jsonb_build_object(list, jsonb_build_array(item))
    from unnest(lists) as list cross join jsonb_array_elements(private.json_list(change -> 'value' -> list)) as item
    union all
    -- One chunk of a chat history may hold thousands of messages.
    select (change -> 'value') - lists || jsonb_build_object('history', jsonb_build_array((chunk - 'threads')
      || jsonb_build_object('threads', jsonb_build_array(thread || jsonb_build_object('messages', jsonb_build_array(item))))))
    from jsonb_array_elements(private.json_list(change -> 'value' -> 'history')) as chunk
    cross join jsonb_array_elements(private.json_list(chunk -> 'threads')) as thread
    cross join jsonb_array_elements(private.json_list(thread -> 'messages')) as item
    where jsonb_typeof(chunk) = 'object' and jsonb_typeof(thread) = 'object'
    union all
    select (change -> 'value') - lists || jsonb_build_object('history', jsonb_build_array(
      case when jsonb_typeof(chunk) = 'object' then chunk - 'threads' else chunk end))
    from jsonb_array_elements(private.json_list(change -> 'value' -> 'history')) as chunk
  ) as parts;
end
$$;
comment on function private.whatsapp_items(jsonb) is 'A delivery cut into deliveries of one update each.';
