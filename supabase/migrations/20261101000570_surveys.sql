-- Surveys, such as the one after a meeting, and what contacts have answered.

create table public.surveys (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  name text not null check (char_length(name) between 1 and 200),
  questions jsonb not null check (jsonb_typeof(questions) = 'array'),
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- For references that hold the workspace together with the id.
  constraint surveys_id_workspace_key unique (id, workspace_id)
);
create index surveys_workspace_idx on public.surveys (workspace_id, created_at, id);
comment on table public.surveys is 'Questions for contacts. One that is not active takes no answers.';
comment on column public.surveys.questions is
  '[{ id, text, type: text | rating | choice | boolean, required, options (of a choice), scale (of a rating: 1 to it) }], in their order.';

create table public.survey_responses (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null,
  survey_id uuid not null,
  contact_id uuid not null references public.contacts (id) on delete cascade,
  meeting_id uuid references public.meetings (id) on delete set null,
  answers jsonb not null check (jsonb_typeof(answers) = 'array'),
  submitted_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  constraint survey_responses_survey_fkey foreign key (survey_id, workspace_id)
    references public.surveys (id, workspace_id) on delete cascade
);
create index survey_responses_survey_idx on public.survey_responses (survey_id, workspace_id, submitted_at, id);
create index survey_responses_contact_idx on public.survey_responses (contact_id, submitted_at, id);
create index survey_responses_meeting_idx on public.survey_responses (meeting_id);
comment on table public.survey_responses is 'What a contact has answered, perhaps after a meeting.';
comment on column public.survey_responses.answers is
  '[{ question_id, question, value }]: the question as it was put, which may be put otherwise by now.';

create trigger surveys_700_log_insert after insert on public.surveys
  referencing new table as changed for each statement execute function private.log_rows('survey.created', 'survey');
create trigger surveys_700_log_update after update on public.surveys
  referencing old table as deleted new table as inserted for each statement
  execute function private.log_updates('survey.updated', 'survey', '{updated_at}');
create trigger surveys_700_log_delete after delete on public.surveys
  referencing old table as changed for each statement execute function private.log_rows('survey.deleted', 'survey');
create trigger surveys_900_touch before update on public.surveys
  for each row execute function private.touch_updated_at();

create function private.answer_error(question jsonb, value jsonb) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return case question ->> 'type'
    when 'text' then case when jsonb_typeof(value) <> 'string' or btrim(value #>> '{}') = '' then 'is answered with text' end
    when 'boolean' then case when jsonb_typeof(value) <> 'boolean' then 'is answered with true or false' end
    when 'choice' then case when jsonb_typeof(value) <> 'string' or not question -> 'options' ? (value #>> '{}')
      then 'is answered with one of its options' end
    when 'rating' then case when jsonb_typeof(value) <> 'number' or (value #>> '{}')::numeric not between 1 and (question ->> 'scale')::int
        or (value #>> '{}')::numeric % 1 <> 0
      then format('is answered with a whole number from 1 to %s', question ->> 'scale') end
  end;
end
$$;
comment on function private.answer_error(jsonb, jsonb) is 'What an answer to a question would have to be; null if it is.';

create function private.refuse_answers(questions jsonb, answers jsonb) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  perform private.refuse_fields((
    with given as (
      select a.n, a.answer, q.question
      from jsonb_array_elements(answers) with ordinality as a (answer, n)
      left join jsonb_array_elements(questions) as q (question) on q.question ->> 'id' = a.answer ->> 'question_id'
    )
    select coalesce(jsonb_agg(jsonb_build_object('path', e.path, 'code', e.code, 'message', e.message) order by e.path), '[]')
    from (
      select format('/answers/%s/question_id', g.n - 1) as path, 'unknown_question' as code, 'The survey has no such question.' as message
      from given g where g.question is null
      union all
      select format('/answers/%s/question_id', g.n - 1), 'repeated', 'A question is answered once.'
      from given g
      where exists (select from given o where o.n < g.n and o.answer ->> 'question_id' = g.answer ->> 'question_id')
      union all
      select format('/answers/%s/value', g.n - 1), 'invalid_value', format('The question %s.', private.answer_error(g.question, g.answer -> 'value'))
      from given g where private.answer_error(g.question, g.answer -> 'value') is not null
      union all
      select '/answers', 'required', format('The question "%s" has to be answered.', q ->> 'text')
      from jsonb_array_elements(questions) q
      where (q ->> 'required')::boolean and not exists (select from given g where g.answer ->> 'question_id' = q ->> 'id')
    ) as e));
end
$$;
comment on function private.refuse_answers(jsonb, jsonb) is
  'Raises 422 unless [{ question_id, value }] answers the questions: each once, in its kind, all that have to be.';
