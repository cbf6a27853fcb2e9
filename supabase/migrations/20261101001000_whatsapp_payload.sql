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

-- shows_account: of a registered number of which it was not known yet whose account it is of.
create type private.whatsapp_change as (
  n bigint, waba_id text, field text, value jsonb, phone_number_id text, workspace_id uuid, entry_time jsonb, shows_account boolean);

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
-- The planner takes every list for a hundred: it would get memory for 40,000 numbers at each delivery.
set search_path = '' set enable_hashagg = off set enable_memoize = off
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
      n.workspace_id, n.lacks_account
    from (select distinct d.phone_number_id, case when d.phone_number_id is null then d.waba_id end as waba_id from given d) as g
    left join lateral (
      select w.workspace_id, w.waba_id is null as lacks_account
      from public.whatsapp_numbers w where w.phone_number_id = g.phone_number_id
      union all
      (select w.workspace_id, false from public.whatsapp_numbers w
        where g.phone_number_id is null and w.waba_id = g.waba_id order by w.phone_number_id limit 1)) as n on true
  )
  -- What is kept to be read again has null for what was missing: it has to be the same as when it came.
  select g.n, g.waba_id, coalesce(g.field, 'unknown'), nullif(g.value, 'null'),
    o.usable_id, o.workspace_id, nullif(g.entry_time, 'null'),
    case when o.lacks_account then coalesce(g.waba_id ~ '^[0-9]{1,32}$', false) else false end
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
      private.whatsapp_user_id(m -> 'from_parent_user_id') as parent_bsuid
    -- Read once, and not at every mention.
    offset 0) as sender
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
    -- A thread is a person's: what is not from them is from the business, which has no user id. The
    -- thread may spell their number as it is typed.
    private.phone_key(private.wa_id(m -> 'from')) is distinct from private.phone_key(person.wa_id)
      and private.whatsapp_user_id(m -> 'from_user_id') is null,
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
