-- The API's operations on calls: WhatsApp's, and those that other systems report.

create view private.call_records with (security_invoker = true) as
select l.id, l.contact_id, l.conversation_id, l.channel, l.direction, l.status, l.started_at, l.accepted_at, l.ended_at,
  l.duration_seconds, l.recording_url, l.summary, l.created_at
from public.calls l;
comment on view private.call_records is 'The call as the API shows it.';

create function private.call_conditions(workspace uuid, filter jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
begin
  return private.filter_conditions(workspace, filter, jsonb_build_object(
    'contact_id', private.contact_filter(filter, 'conversations:read'),
    'conversation_id', 't.conversation_id = %1$L::uuid',
    'channel', 't.channel = any (%2$L::text[])',
    'direction', 't.direction = any (%2$L::public.message_direction[])',
    'status', 't.status = any (%2$L::public.call_status[])',
    'started_from', 't.started_at >= %1$L::timestamptz',
    'started_to', 't.started_at <= %1$L::timestamptz'));
end
$$;
comment on function private.call_conditions(uuid, jsonb) is
  'The filter of the list of calls ({ parameter: value }, lists as arrays) → SQL conditions on calls t in that workspace. 404 contact_not_found.';

create function api.list_calls(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('conversations:read');
  filter jsonb := coalesce(args -> 'filter', '{}');
begin
  return private.keyset_page('public.calls', 'private.call_records', private.call_conditions(workspace, filter),
    't.started_at', true, concat_ws(' ', 'list_calls', workspace, filter), args);
end
$$;
comment on function api.list_calls(jsonb) is
  '{ filter: { contact_id?, conversation_id?, channel?, direction?, status?, started_from/to? }, limit?, cursor? } → a page of calls, newest first. 400 invalid_cursor, 404 contact_not_found.';

create function api.get_call(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  call json := (select row_to_json(r) from private.call_records r where r.id = (args ->> 'call_id')::uuid);
begin
  if call is null then
    perform private.refuse(404, 'call_not_found', 'There is no such call.');
  end if;
  return row(200, private.data(call), null)::private.answer;
end
$$;
comment on function api.get_call(jsonb) is '{ call_id } → the call. 404 call_not_found.';

create function private.given_call(given jsonb) returns public.calls
language plpgsql stable
set search_path = ''
as $$
declare
  l public.calls := jsonb_populate_record(null::public.calls, '{"channel": "phone", "status": "completed"}' || jsonb_strip_nulls(given));
begin
  l.started_at := coalesce(l.started_at, l.ended_at - make_interval(secs => l.duration_seconds), now());
  l.ended_at := coalesce(l.ended_at, l.started_at + make_interval(secs => l.duration_seconds));
  if l.ended_at < l.started_at then
    perform private.refuse_field('/ended_at', 'contradictory', 'A call does not end before it begins.');
  end if;
  return l;
end
$$;
comment on function private.given_call(jsonb) is
  'A reported call with what follows from the rest: status completed, its beginning, its end. 422 for an end before the beginning.';

create function api.create_call(args jsonb) returns private.answer
language plpgsql
-- Definer: calls are written by what reports them; nobody writes over one.
security definer set search_path = ''
as $$
declare
  given jsonb := args -> 'call';
  contact uuid := private.lock_contact(given, array['conversations:write']);
  l public.calls := private.given_call(given - '{contact_id,phone}'::text[]);
  created uuid;
begin
  if l.conversation_id is not null and not exists (
      select from public.conversations v where v.id = l.conversation_id and v.contact_id = contact) then
    perform private.refuse(404, 'conversation_not_found', 'The contact has no such conversation.');
  end if;
  insert into public.calls (workspace_id, contact_id, conversation_id, channel, direction, status, started_at, accepted_at,
    ended_at, duration_seconds, recording_url, summary)
  values (private.current_workspace('conversations:write'), contact, l.conversation_id, l.channel, l.direction, l.status,
    l.started_at, l.accepted_at, l.ended_at, l.duration_seconds, l.recording_url, l.summary)
  returning id into created;
  return (
    select row(201, private.data(row_to_json(r)), jsonb_build_object('Location', '/functions/v1/calls/' || r.id))::private.answer
    from private.call_records r where r.id = created
  );
end
$$;
comment on function api.create_call(jsonb) is
  '{ call: { contact_id | phone, direction, … } } → 201 the call; the contact''s call_count and last_contact_at follow. 404 contact_not_found or conversation_not_found.';
