-- Reading what WhatsApp tells beside messages: statuses, calls, preferences, which ids belong together or
-- have moved; and what of a delivery is none of all that.

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
  by_person boolean, profile_name text);

create function private.whatsapp_call_names(changes private.whatsapp_change[]) returns table (n bigint, external_id text, name text)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select c.n, id.external_id, min(profile.name)
  from unnest(changes) c
  cross join jsonb_array_elements(private.json_list(c.value -> 'contacts')) as person
  cross join lateral (select nullif(left(btrim(person #>> '{profile,name}'), 200), '') as name) as profile
  cross join lateral (
    values (private.wa_id(person -> 'wa_id')), (private.whatsapp_user_id(person -> 'user_id'))) as id (external_id)
  where c.field = 'calls' and id.external_id is not null and profile.name is not null
  group by 1, 2;
end
$$;
comment on function private.whatsapp_call_names(private.whatsapp_change[]) is
  'The profile names that come with calls: by the change and either of a person''s ids.';

create function private.whatsapp_calls(changes private.whatsapp_change[]) returns setof private.whatsapp_call
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  with told as (
    select c.n, c.workspace_id, c.phone_number_id, k ->> 'id' as wa_call_id, private.wa_id(person.wa_id) as wa_id,
      private.whatsapp_user_id(person.bsuid) as bsuid,
      case when person.is_caller then 'inbound' else 'outbound' end::public.message_direction as direction,
      case when k ->> 'event' = 'terminate'
          then case upper(k ->> 'status') when 'FAILED' then 'failed' when 'REJECTED' then 'rejected' else 'completed' end
        when k ->> 'event' = 'accept' then 'accepted'
        else 'connecting' end::public.call_status as status,
      coalesce(private.whatsapp_time(k -> 'timestamp'), now()) as happened_at,
      private.whatsapp_time(k -> 'start_time') as started_at,
      case when k ->> 'event' = 'terminate' then coalesce(private.whatsapp_time(k -> 'end_time'), private.whatsapp_time(k -> 'timestamp')) end as ended_at,
      case when k ->> 'duration' ~ '^[0-9]{1,8}$' then (k ->> 'duration')::int end as duration_seconds,
      person.is_caller and k ->> 'event' is distinct from 'terminate' as by_person
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
    select c.n, c.workspace_id, c.phone_number_id, k ->> 'id', private.wa_id(k -> 'recipient_id'),
      private.whatsapp_user_id(k -> 'recipient_user_id'), 'outbound',
      case upper(k ->> 'status') when 'ACCEPTED' then 'accepted' when 'REJECTED' then 'rejected' else 'ringing' end::public.call_status,
      coalesce(private.whatsapp_time(k -> 'timestamp'), now()), null, null, null, false
    from unnest(changes) c
    cross join jsonb_array_elements(private.json_list(c.value -> 'statuses')) as k
    where c.field = 'calls' and c.workspace_id is not null and c.phone_number_id is not null
      and char_length(k ->> 'id') between 1 and 512
      and coalesce(private.wa_id(k -> 'recipient_id'), private.whatsapp_user_id(k -> 'recipient_user_id')) is not null
  ), names as materialized (
    select * from private.whatsapp_call_names(changes)
  )
  select t.workspace_id, t.phone_number_id, t.wa_call_id, t.wa_id, t.bsuid, t.direction, t.status, t.happened_at, t.started_at,
    t.ended_at, t.duration_seconds, t.by_person, coalesce(w.name, b.name)
  from told t
  left join names w on w.n = t.n and w.external_id = t.wa_id
  left join names b on b.n = t.n and b.external_id = t.bsuid;
end
$$;
comment on function private.whatsapp_calls(private.whatsapp_change[]) is 'What a delivery says about calls; by_person: the person calls, which opens the window to write to them.';

-- What a person wants (kind preference: granted) or is called in the app's phone book (phonebook: name;
-- granted: they are in it, and not taken out).
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
    u ->> 'action' is distinct from 'remove', null, coalesce(private.whatsapp_time(u #> '{metadata,timestamp}'), now())
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
    -- Read once, and not at every mention.
    offset 0
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
    -- Who changed the number may be named by the user id alone: the number is the new one all the same.
    case when move.wa_id is not null then
      coalesce(move.old_wa_id, case m #>> '{system,type}' when 'user_changed_number' then move.wa_id end) end,
    case when move.bsuid is not null then move.old_bsuid end,
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
