-- The API's operations on meetings.

create view private.meeting_records with (security_invoker = true) as
select m.id, m.contact_id, m.host_user_id, m.title, m.status, m.starts_at, m.ends_at, m.location, m.url, m.created_at, m.updated_at
from public.meetings m;
comment on view private.meeting_records is 'The meeting as the API shows it.';

create function private.meeting_conditions(workspace uuid, filter jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
begin
  return private.filter_conditions(workspace, filter, jsonb_build_object(
    'contact_id', private.contact_filter(filter, 'contacts:read'),
    'host', private.assignee_condition('host_user_id', filter ->> 'host'),
    'status', 't.status = any (%2$L::public.meeting_status[])',
    'starts_from', 't.starts_at >= %1$L::timestamptz',
    'starts_to', 't.starts_at <= %1$L::timestamptz'));
end
$$;
comment on function private.meeting_conditions(uuid, jsonb) is
  'The filter of the list of meetings ({ parameter: value }, lists as arrays) → SQL conditions on meetings t in that workspace. 404 contact_not_found.';

create function api.list_meetings(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:read');
  filter jsonb := coalesce(args -> 'filter', '{}');
  sort text := coalesce(args ->> 'sort', '-starts_at');
begin
  return private.keyset_page('public.meetings', 'private.meeting_records', private.meeting_conditions(workspace, filter),
    't.starts_at', sort like '-%', concat_ws(' ', 'list_meetings', workspace, filter, sort, private.claims() ->> 'sub'), args);
end
$$;
comment on function api.list_meetings(jsonb) is
  '{ filter: { contact_id?, host?, status?, starts_from/to? }, sort? (starts_at, -starts_at), limit?, cursor? } → a page of meetings. 400 invalid_cursor, 404 contact_not_found.';

create function private.meeting_answer(status int, meeting uuid) returns private.answer
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select row(meeting_answer.status, private.data(row_to_json(r)),
      case when meeting_answer.status = 201 then jsonb_build_object('Location', '/functions/v1/meetings/' || r.id) end)::private.answer
    from private.meeting_records r where r.id = meeting
  );
end
$$;
comment on function private.meeting_answer(int, uuid) is 'A meeting as an answer.';

create function api.get_meeting(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  answer private.answer := private.meeting_answer(200, (args ->> 'meeting_id')::uuid);
begin
  if answer.status is null then
    perform private.refuse(404, 'meeting_not_found', 'There is no such meeting.');
  end if;
  return answer;
end
$$;
comment on function api.get_meeting(jsonb) is '{ meeting_id } → the meeting. 404 meeting_not_found.';

create function api.create_meeting(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  given jsonb := args -> 'meeting';
  contact uuid := private.lock_contact(given, array['contacts:write']);
  m public.meetings := jsonb_populate_record(null::public.meetings, '{"status": "scheduled"}' || given);
  created uuid;
begin
  insert into public.meetings (workspace_id, contact_id, host_user_id, title, status, starts_at, ends_at, location, url)
  values (private.current_workspace('contacts:write'), contact, m.host_user_id, m.title, m.status, m.starts_at, m.ends_at,
    m.location, m.url)
  returning id into created;
  return private.meeting_answer(201, created);
end
$$;
comment on function api.create_meeting(jsonb) is
  '{ meeting: { contact_id, title, starts_at, … } } → 201 the meeting. 404 contact_not_found, 422 for a host of elsewhere or an end before the beginning.';

create function api.update_meeting(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  m public.meetings;
begin
  select * into m from public.meetings t where t.id = (args ->> 'meeting_id')::uuid for no key update;
  if m.id is null then
    perform private.refuse(404, 'meeting_not_found', 'There is no such meeting.');
  end if;
  m := jsonb_populate_record(m, args -> 'set');
  update public.meetings t
  set host_user_id = m.host_user_id, title = m.title, status = m.status, starts_at = m.starts_at, ends_at = m.ends_at,
    location = m.location, url = m.url
  where t.id = m.id;
  return private.meeting_answer(200, m.id);
end
$$;
comment on function api.update_meeting(jsonb) is '{ meeting_id, set } → the meeting. 404 meeting_not_found, 422 as for a new one.';

create function api.delete_meeting(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
begin
  delete from public.meetings t where t.id = (args ->> 'meeting_id')::uuid;
  if not found then
    perform private.refuse(404, 'meeting_not_found', 'There is no such meeting.');
  end if;
  return row(204, null, null)::private.answer;
end
$$;
comment on function api.delete_meeting(jsonb) is '{ meeting_id } → 204. 404 meeting_not_found.';
