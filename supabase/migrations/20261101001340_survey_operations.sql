-- The API's operations on surveys and what contacts have answered.

create view private.survey_records with (security_invoker = true) as
select s.id, s.name, s.questions, s.is_active, s.created_at, s.updated_at from public.surveys s;
comment on view private.survey_records is 'The survey as the API shows it.';

create view private.survey_response_records with (security_invoker = true) as
select r.id, r.survey_id, r.contact_id, r.meeting_id, r.answers, r.submitted_at, r.created_at from public.survey_responses r;
comment on view private.survey_response_records is 'A contact''s answers to a survey as the API shows them.';

create function private.require_survey(args jsonb, workspace uuid) returns public.surveys
language plpgsql stable
set search_path = ''
as $$
declare
  s public.surveys;
begin
  select * into s from public.surveys t where t.id = (args ->> 'survey_id')::uuid and t.workspace_id = workspace;
  if s.id is null then
    perform private.refuse(404, 'survey_not_found', 'There is no such survey.');
  end if;
  return s;
end
$$;
comment on function private.require_survey(jsonb, uuid) is '{ survey_id } → the workspace''s survey; 404 survey_not_found.';

create function private.survey_answer(status int, survey uuid) returns private.answer
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select row(survey_answer.status, private.data(row_to_json(r)),
      case when survey_answer.status = 201 then jsonb_build_object('Location', '/functions/v1/surveys/' || r.id) end)::private.answer
    from private.survey_records r where r.id = survey
  );
end
$$;
comment on function private.survey_answer(int, uuid) is 'A survey as an answer.';

create function api.list_surveys(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:read');
begin
  return private.keyset_page('public.surveys', 'private.survey_records', array[format('t.workspace_id = %L::uuid', workspace)],
    't.created_at', true, concat_ws(' ', 'list_surveys', workspace), args);
end
$$;
comment on function api.list_surveys(jsonb) is '{ limit?, cursor? } → a page of surveys, newest first. 400 invalid_cursor.';

create function api.get_survey(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  s public.surveys := private.require_survey(args, private.current_workspace('contacts:read'));
begin
  return private.survey_answer(200, s.id);
end
$$;
comment on function api.get_survey(jsonb) is '{ survey_id } → the survey. 404 survey_not_found.';

create function private.survey_questions(given jsonb, current jsonb) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  known text[] := array(select q ->> 'id' from jsonb_array_elements(current) q);
begin
  perform private.refuse_fields((
    select coalesce(jsonb_agg(jsonb_build_object('path', format('/questions/%s/id', e.n - 1), 'code', e.code, 'message', e.message)
      order by e.n), '[]')
    from (
      select g.n, 'unknown_question' as code, 'The survey has no such question.' as message
      from jsonb_array_elements(given) with ordinality as g (question, n)
      where g.question ->> 'id' is not null and not g.question ->> 'id' = any (known)
      union all
      select g.n, 'repeated', 'A question stands in the survey once.'
      from jsonb_array_elements(given) with ordinality as g (question, n)
      where exists (
        select from jsonb_array_elements(given) with ordinality as o (question, n)
        where o.n < g.n and o.question ->> 'id' = g.question ->> 'id')
    ) as e));
  return (
    select jsonb_agg(jsonb_build_object('id', coalesce(g.question ->> 'id', private.uuid_v7()::text)) || (g.question - 'id') order by g.n)
    from jsonb_array_elements(given) with ordinality as g (question, n)
  );
end
$$;
comment on function private.survey_questions(jsonb, jsonb) is
  'Questions as given → with an id each, those of current keeping theirs; 422 for an id that current has not, or that stands there twice.';

create function api.create_survey(args jsonb) returns private.answer
language plpgsql
-- Definer: surveys are written here only, so that their questions are whole.
security definer set search_path = ''
as $$
declare
  created uuid;
begin
  insert into public.surveys (workspace_id, name, questions, is_active)
  values (private.current_workspace('settings:write'), args ->> 'name', private.survey_questions(args -> 'questions', '[]'),
    coalesce((args ->> 'is_active')::boolean, true))
  returning id into created;
  return private.survey_answer(201, created);
end
$$;
comment on function api.create_survey(jsonb) is '{ name, questions, is_active? } → 201 the survey, its questions with ids.';

create function api.update_survey(args jsonb) returns private.answer
language plpgsql
-- Definer: see api.create_survey.
security definer set search_path = ''
as $$
declare
  s public.surveys := private.require_survey(args, private.current_workspace('settings:write'));
  given jsonb := args -> 'set';
begin
  select * into s from public.surveys t where t.id = s.id for no key update;
  update public.surveys t
  set name = coalesce(given ->> 'name', s.name), is_active = coalesce((given ->> 'is_active')::boolean, s.is_active),
    questions = case when given ? 'questions' then private.survey_questions(given -> 'questions', s.questions) else s.questions end
  where t.id = s.id;
  return private.survey_answer(200, s.id);
end
$$;
comment on function api.update_survey(jsonb) is '{ survey_id, set: { name?, questions?, is_active? } } → the survey. 404 survey_not_found.';

create function api.delete_survey(args jsonb) returns private.answer
language plpgsql
-- Definer: see api.create_survey.
security definer set search_path = ''
as $$
declare
  s public.surveys := private.require_survey(args, private.current_workspace('settings:write'));
begin
  perform from public.surveys t where t.id = s.id for update;
  if exists (select from public.survey_responses r where r.survey_id = s.id) then
    perform private.refuse(409, 'survey_answered', 'Contacts have answered the survey; make it inactive instead.');
  end if;
  delete from public.surveys t where t.id = s.id;
  return row(204, null, null)::private.answer;
end
$$;
comment on function api.delete_survey(jsonb) is '{ survey_id } → 204. 404 survey_not_found, 409 survey_answered.';

-- Answers -----------------------------------------------------------------------------------------

create function api.list_survey_responses(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:read');
  s public.surveys := private.require_survey(args, workspace);
  contact uuid := case when args ? 'contact_id' then private.require_contact(args, array['contacts:read']) end;
  conditions text[] := array[format('t.survey_id = %L::uuid and t.workspace_id = %L::uuid', s.id, workspace)];
begin
  if contact is not null then
    conditions := conditions || format('t.contact_id = %L::uuid', contact);
  end if;
  if args ->> 'meeting_id' is not null then
    conditions := conditions || format('t.meeting_id = %L::uuid', args ->> 'meeting_id');
  end if;
  return private.keyset_page('public.survey_responses', 'private.survey_response_records', conditions, 't.submitted_at', true,
    concat_ws(' ', 'list_survey_responses', conditions), args);
end
$$;
comment on function api.list_survey_responses(jsonb) is
  '{ survey_id, contact_id?, meeting_id?, limit?, cursor? } → a page of answers, newest first. 400 invalid_cursor, 404 survey_not_found or contact_not_found.';

create function private.check_meeting_of(meeting uuid, contact uuid) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if meeting is not null and not exists (select from public.meetings m where m.id = meeting and m.contact_id = contact) then
    perform private.refuse(404, 'meeting_not_found', 'The contact has no such meeting.');
  end if;
end
$$;
comment on function private.check_meeting_of(uuid, uuid) is 'Raises 404 meeting_not_found for a meeting of somebody else.';

create function api.create_survey_response(args jsonb) returns private.answer
language plpgsql
-- Definer: answers are written here only, so that they are answers to their survey.
security definer set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:write');
  s public.surveys := private.require_survey(args, workspace);
  contact uuid := private.lock_contact(args, array['contacts:write']);
  meeting uuid := (args ->> 'meeting_id')::uuid;
  created uuid;
begin
  -- Shared: whoever deletes or changes the survey meanwhile waits.
  select * into s from public.surveys t where t.id = s.id for share;
  if not s.is_active then
    perform private.refuse(409, 'survey_inactive', 'The survey takes no answers.');
  end if;
  perform private.check_meeting_of(meeting, contact);
  perform private.refuse_answers(s.questions, args -> 'answers');
  insert into public.survey_responses (workspace_id, survey_id, contact_id, meeting_id, answers, submitted_at)
  select workspace, s.id, contact, meeting,
    jsonb_agg(jsonb_build_object('question_id', q ->> 'id', 'question', q ->> 'text', 'value', a.answer -> 'value') order by a.n),
    coalesce((args ->> 'submitted_at')::timestamptz, now())
  from jsonb_array_elements(args -> 'answers') with ordinality as a (answer, n)
  join jsonb_array_elements(s.questions) q on q ->> 'id' = a.answer ->> 'question_id'
  returning id into created;
  return (
    select row(201, private.data(row_to_json(r)), null)::private.answer from private.survey_response_records r where r.id = created
  );
end
$$;
comment on function api.create_survey_response(jsonb) is
  '{ survey_id, contact_id, meeting_id?, answers: [{ question_id, value }], submitted_at? } → 201 the answers with their questions. 404 survey_not_found, contact_not_found or meeting_not_found, 409 survey_inactive, 422.';
