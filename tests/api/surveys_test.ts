import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { createMeeting, createSurvey } from "../support/meetings.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Data, Page, Survey, SurveyResponse } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";

const { key, admin, agent } = await makeWorkspace();

const QUESTIONS = [
  { text: "How was it?", type: "rating", required: true },
  { text: "Would you come again?", type: "boolean" },
  { text: "What did you like?", type: "choice", options: ["Oak", "Beech"] },
  { text: "Anything else?", type: "text" },
];

const answer = (survey: Survey, contact_id: string, values: unknown[], more = {}) =>
  agent.post<Data<SurveyResponse>>(`surveys/${survey.id}/responses`, {
    contact_id,
    answers: values.flatMap((value, n) =>
      value === undefined ? [] : [{ question_id: survey.questions[n]?.id, value }]
    ),
    ...more,
  });
const patch = (id: string, body: unknown) =>
  admin.call<Data<Survey>>("PATCH", `surveys/${id}`, { body });

Deno.test("a survey is made with questions that have ids, and read as it was answered", async () => {
  const made = await admin.post<Data<Survey>>("surveys", { name: "Visit", questions: QUESTIONS });
  assert.equal(made.status, 201, made.text);
  const { id, name, questions, is_active } = made.body.data;
  assert.equal(made.headers.get("location"), `/functions/v1/surveys/${id}`);
  assert.deepEqual([name, is_active], ["Visit", true]);
  assert.deepEqual(questions.map(({ id: _, ...rest }) => rest), [
    { text: "How was it?", type: "rating", required: true, scale: 5 },
    { text: "Would you come again?", type: "boolean", required: false },
    { text: "What did you like?", type: "choice", required: false, options: ["Oak", "Beech"] },
    { text: "Anything else?", type: "text", required: false },
  ]);
  assert.equal(new Set(questions.map((question) => question.id)).size, 4);
  assert.deepEqual((await key.get<Data<Survey>>(`surveys/${id}`)).body, made.body);
  const listed = await key.get<Page<Survey>>("surveys?limit=1");
  assert.deepEqual(listed.body.data, [made.body.data]);
});

Deno.test("a contact's answers keep the question as it was put", async () => {
  const survey = await createSurvey(admin, QUESTIONS);
  const meeting = await createMeeting(key);
  const given = await answer(survey, meeting.contact_id, [5, true, "Oak", "No"], {
    meeting_id: meeting.id,
    submitted_at: "2026-11-03T18:00:00Z",
  });
  assert.equal(given.status, 201, given.text);
  const { id: _, created_at: __, ...rest } = given.body.data;
  assert.deepEqual(rest, {
    survey_id: survey.id,
    contact_id: meeting.contact_id,
    meeting_id: meeting.id,
    answers: [5, true, "Oak", "No"].map((value, n) => ({
      question_id: survey.questions[n].id,
      question: QUESTIONS[n].text,
      value,
    })),
    submitted_at: "2026-11-03T18:00:00+00:00",
  });
  const [first] = survey.questions;
  await patch(survey.id, { questions: [{ ...first, text: "And how was it?" }] });
  const path = `surveys/${survey.id}/responses`;
  const listed = await key.get<Page<SurveyResponse>>(path);
  assert.deepEqual(listed.body.data, [given.body.data]);
  const other = await createContact(key);
  await answer(survey, other.id, [1]);
  for (
    const [search, contacts] of [
      ["", [other.id, meeting.contact_id]],
      [`?contact_id=${other.id}`, [other.id]],
      [`?meeting_id=${meeting.id}`, [meeting.contact_id]],
    ] as const
  ) {
    const { body } = await key.get<Page<SurveyResponse>>(path + search);
    assert.deepEqual(body.data.map(({ contact_id }) => contact_id), contacts);
  }
});

Deno.test("answers have to be answers to the questions, said at each of them", async () => {
  const survey = await createSurvey(admin, QUESTIONS);
  const { id } = await createContact(key);
  const { errors } = assertInvalid(await answer(survey, id, [undefined, "yes", "Pine", "  x "]), {
    "/answers": "required",
    "/answers/0/value": "invalid_value",
    "/answers/1/value": "invalid_value",
  });
  assert.match(errors[0].message, /How was it\?/);
  for (const rating of [0, 6, 2.5, true, "3"]) {
    assertInvalid(await answer(survey, id, [rating]), { "/answers/0/value": "invalid_value" });
  }
  const twice = survey.questions.slice(0, 1).map(({ id }) => ({ question_id: id, value: 3 }));
  const answers = [...twice, ...twice, { question_id: crypto.randomUUID(), value: 1 }];
  assertInvalid(await agent.post(`surveys/${survey.id}/responses`, { contact_id: id, answers }), {
    "/answers/1/question_id": "repeated",
    "/answers/2/question_id": "unknown_question",
  });
  assertInvalid(await answer(survey, id, [3], { submitted_at: "2126-01-01T00:00:00Z" }), {
    "/submitted_at": "in_the_future",
  });
});

Deno.test("who and what answers are about has to be there, and belong together", async () => {
  const other = await makeWorkspace();
  const survey = await createSurvey(admin);
  const meeting = await createMeeting(key);
  const { id } = await createContact(key);
  const foreign = await createContact(other.key);
  assertProblem(
    await answer(survey, id, [true], { meeting_id: meeting.id }),
    404,
    "meeting_not_found",
  );
  assertProblem(await answer(survey, foreign.id, [true]), 404, "contact_not_found");
  assertProblem(await answer(await createSurvey(other.admin), id, [true]), 404, "survey_not_found");
  await patch(survey.id, { is_active: false });
  assertProblem(await answer(survey, id, [true]), 409, "survey_inactive");
});

Deno.test("a survey that was answered stays, and its answers outlive the meeting", async () => {
  const survey = await createSurvey(admin);
  const unused = await createSurvey(admin);
  const meeting = await createMeeting(key);
  await answer(survey, meeting.contact_id, [true], { meeting_id: meeting.id });
  assertProblem(await admin.delete(`surveys/${survey.id}`), 409, "survey_answered");
  assert.equal((await admin.delete(`surveys/${unused.id}`)).status, 204);
  assertProblem(await admin.get(`surveys/${unused.id}`), 404, "survey_not_found");
  assert.equal((await key.delete(`meetings/${meeting.id}`)).status, 204);
  const { body } = await key.get<Page<SurveyResponse>>(`surveys/${survey.id}/responses`);
  assert.deepEqual(body.data.map(({ meeting_id }) => meeting_id), [null]);
});

Deno.test("what is wrong with a survey is 422", async () => {
  const survey = await createSurvey(admin);
  const questions = [
    { text: "", type: "text" },
    { text: "x", type: "choice", options: ["one"] },
    { text: "x", type: "rating", scale: 11 },
    { text: "x", type: "text", options: [] },
  ];
  assertInvalid(await admin.post("surveys", { name: "x", questions }), {
    "/questions/0/text": "too_short",
    "/questions/1/options": "too_few",
    "/questions/2/scale": "too_big",
    "/questions/3/options": "unknown_field",
  });
  const [known] = survey.questions;
  const ids = [known.id, known.id, crypto.randomUUID()];
  const change = { questions: ids.map((id) => ({ id, text: "x", type: "boolean" })) };
  assertInvalid(await patch(survey.id, change), {
    "/questions/1/id": "repeated",
    "/questions/2/id": "unknown_question",
  });
  const answer = await agent.call("PATCH", `surveys/${survey.id}`, { body: { name: "Mine" } });
  assertProblem(answer, 403, "insufficient_role", ["required_scope"]);
});
