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
  return case when value #>> '{}' ~ '^[0-9]{1,11}$' then to_timestamp((value #>> '{}')::bigint) end;
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

-- A message of a delivery with what is needed to find its thread.
create type private.whatsapp_message as (
  workspace_id uuid, phone_number_id text, wa_id text, bsuid text, profile_name text,
  happened_at timestamptz, message jsonb);

create type private.whatsapp_change as (
  n bigint, waba_id text, field text, value jsonb, phone_number_id text, workspace_id uuid, entry_time jsonb);

create function private.whatsapp_changes(body jsonb) returns setof private.whatsapp_change
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select row_number() over (), entry ->> 'id', coalesce(change ->> 'field', 'unknown'), change -> 'value',
    change #>> '{value,metadata,phone_number_id}',
    coalesce(
      (select w.workspace_id from public.whatsapp_numbers w
        where w.phone_number_id = change #>> '{value,metadata,phone_number_id}'),
      -- Account-level fields name no number: they belong to whoever has a number of the account.
      (select w.workspace_id from public.whatsapp_numbers w
        where change #> '{value,metadata,phone_number_id}' is null and w.waba_id = entry ->> 'id' limit 1)),
    entry -> 'time'
  from jsonb_array_elements(private.json_list(body -> 'entry')) as entry
  cross join jsonb_array_elements(private.json_list(entry -> 'changes')) as change;
end
$$;
comment on function private.whatsapp_changes(jsonb) is 'The changes of a delivery, numbered, each with the workspace of its number (null: not registered).';

create function private.whatsapp_messages(changes private.whatsapp_change[]) returns setof private.whatsapp_message
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  with changes as (
    select * from unnest(whatsapp_messages.changes) as c
    -- Without its number a message could not be told from its duplicate: it is kept as an event.
    where c.field = 'messages' and c.workspace_id is not null and c.phone_number_id is not null
  ), names as (
    -- contacts[] goes with messages[] by id, never by position.
    select c.n, person ->> 'wa_id' as wa_id, person ->> 'user_id' as bsuid, max(person #>> '{profile,name}') as name
    from changes c cross join jsonb_array_elements(private.json_list(c.value -> 'contacts')) as person
    group by 1, 2, 3
  ), by_wa_id as (
    select n, wa_id, max(bsuid) as bsuid, max(name) as name from names where wa_id is not null group by n, wa_id
  ), by_bsuid as (
    select n, bsuid, max(name) as name from names where bsuid is not null group by n, bsuid
  )
  select c.workspace_id, c.phone_number_id, sender.wa_id, coalesce(sender.bsuid, w.bsuid),
    nullif(left(btrim(coalesce(w.name, b.name)), 200), ''),
    coalesce(private.whatsapp_time(m -> 'timestamp'), now()), m
  from changes c
  cross join jsonb_array_elements(private.json_list(c.value -> 'messages')) as m
  cross join lateral (
    select case when m ->> 'from' ~ '^[0-9]{5,20}$' then m ->> 'from' end as wa_id,
      case when char_length(m ->> 'from_user_id') between 1 and 256 then m ->> 'from_user_id' end as bsuid) as sender
  left join by_wa_id w on w.n = c.n and w.wa_id = sender.wa_id
  left join by_bsuid b on b.n = c.n and b.bsuid = sender.bsuid
  where coalesce(m ->> 'type', 'unknown') not in ('reaction', 'edit', 'revoke', 'system')
    and char_length(m ->> 'id') between 1 and 512
    and coalesce(sender.wa_id, sender.bsuid) is not null;
end
$$;
comment on function private.whatsapp_messages(private.whatsapp_change[]) is
  'The inbound messages of a delivery that belong to a registered number and can be stored as messages.';

create function private.whatsapp_statuses(changes private.whatsapp_change[]) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select jsonb_agg(jsonb_build_object('wa_message_id', s ->> 'id', 'phone_number_id', c.phone_number_id,
      'status', s ->> 'status', 'status_at', coalesce(private.whatsapp_time(s -> 'timestamp'), now()),
      'error', private.json_list(s -> 'errors') -> 0))
    from unnest(changes) c
    cross join jsonb_array_elements(private.json_list(c.value -> 'statuses')) as s
    where c.field = 'messages' and c.workspace_id is not null and c.phone_number_id is not null
      and s ->> 'status' in ('sent', 'delivered', 'read', 'played', 'failed')
      and char_length(s ->> 'id') between 1 and 512
  );
end
$$;
comment on function private.whatsapp_statuses(private.whatsapp_change[]) is
  'The statuses of a delivery in the shape of private.apply_message_statuses; null when there is none.';

create function private.whatsapp_items(body jsonb) returns setof jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  return query
  select jsonb_build_object('entry', jsonb_build_array(jsonb_build_object('id', entry -> 'id', 'time', entry -> 'time', 'changes',
    jsonb_build_array(jsonb_build_object('field', change -> 'field', 'value', part)))))
  from jsonb_array_elements(private.json_list(body -> 'entry')) as entry
  cross join jsonb_array_elements(private.json_list(entry -> 'changes')) as change
  cross join lateral (
    select change -> 'value' as part where jsonb_typeof(change -> 'value') is distinct from 'object'
    union all
    select (change -> 'value') - '{messages,statuses}'::text[] where jsonb_typeof(change -> 'value') = 'object'
    union all
    select (change -> 'value') - 'statuses' || jsonb_build_object('messages', jsonb_build_array(m))
    from jsonb_array_elements(private.json_list(change -> 'value' -> 'messages')) m
    union all
    select (change -> 'value') - 'messages' || jsonb_build_object('statuses', jsonb_build_array(s))
    from jsonb_array_elements(private.json_list(change -> 'value' -> 'statuses')) s
  ) as parts;
end
$$;
comment on function private.whatsapp_items(jsonb) is 'A delivery cut into deliveries of one update each.';
