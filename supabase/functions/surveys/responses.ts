/** What contacts have answered. */
import * as z from "zod";
import { route } from "../_shared/route.ts";
import { dataOf, pageOf } from "../_shared/schemas/answers.ts";
import { page } from "../_shared/schemas/contact_query.ts";
import { uuid } from "../_shared/schemas/fields.ts";
import {
  newResponse,
  RESPONSE_EXAMPLE,
  SURVEY_EXAMPLE,
  surveyResponse,
} from "../_shared/schemas/surveys.ts";

const tag = "Surveys";
const params = z.strictObject({ id: uuid });
const EXAMPLE_PARAMS = { id: SURVEY_EXAMPLE.id };

const listResponses = route({
  method: "GET",
  path: "/:id/responses",
  operationId: "listSurveyResponses",
  tag,
  summary: "List answers to a survey",
  description: "Newest first; those of one contact are in `contact-timeline`, too.",
  scope: "contacts:read",
  params,
  query: z.strictObject({
    contact_id: uuid.optional(),
    meeting_id: uuid.optional(),
    ...page,
  }),
  example: { params: EXAMPLE_PARAMS, query: {} },
  answers: () => ({
    200: {
      description: "A page of answers.",
      schema: pageOf(surveyResponse()),
      example: { data: [RESPONSE_EXAMPLE], next_cursor: null },
    },
  }),
  errors: ["invalid_cursor", "survey_not_found", "contact_not_found"],
  run: (call) =>
    call.operate("list_survey_responses", { ...call.query, survey_id: call.params.id }),
});

const { contact_id, meeting_id, answers } = RESPONSE_EXAMPLE;

const createResponse = route({
  method: "POST",
  path: "/:id/responses",
  operationId: "createSurveyResponse",
  tag,
  summary: "Answer a survey",
  description:
    "A contact's answers, all at once. They stay as they were given, and the questions " +
    "with them as they were put.",
  scope: "contacts:write",
  params,
  body: newResponse,
  example: {
    params: EXAMPLE_PARAMS,
    body: {
      contact_id,
      meeting_id,
      answers: answers.map(({ question_id, value }) => ({ question_id, value })),
    },
  },
  answers: () => ({
    201: {
      description: "The answers.",
      schema: dataOf(surveyResponse()),
      example: { data: RESPONSE_EXAMPLE },
    },
  }),
  errors: ["survey_not_found", "contact_not_found", "meeting_not_found", "survey_inactive"],
  run: (call) =>
    call.operate("create_survey_response", { ...call.body, survey_id: call.params.id }),
});

export const responses = [listResponses, createResponse];
