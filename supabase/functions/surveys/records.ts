/** Surveys: list, read, make, change, delete. */
import * as z from "zod";
import { route } from "../_shared/route.ts";
import { dataOf, pageOf } from "../_shared/schemas/answers.ts";
import { page } from "../_shared/schemas/contact_query.ts";
import { uuid } from "../_shared/schemas/fields.ts";
import { newSurvey, survey, SURVEY_EXAMPLE, surveyChange } from "../_shared/schemas/surveys.ts";

const tag = "Surveys";
const params = z.strictObject({ id: uuid });
const EXAMPLE_PARAMS = { id: SURVEY_EXAMPLE.id };

const one = () => ({
  description: "The survey.",
  schema: dataOf(survey()),
  example: { data: SURVEY_EXAMPLE },
});

const listSurveys = route({
  method: "GET",
  path: "/",
  operationId: "listSurveys",
  tag,
  summary: "List surveys",
  description: "Newest first.",
  scope: "contacts:read",
  query: z.strictObject(page),
  answers: () => ({
    200: {
      description: "A page of surveys.",
      schema: pageOf(survey()),
      example: { data: [SURVEY_EXAMPLE], next_cursor: null },
    },
  }),
  errors: ["invalid_cursor"],
  run: (call) => call.operate("list_surveys", call.query),
});

const getSurvey = route({
  method: "GET",
  path: "/:id",
  operationId: "getSurvey",
  tag,
  summary: "Read a survey",
  description: "The survey with its questions.",
  scope: "contacts:read",
  params,
  example: { params: EXAMPLE_PARAMS },
  answers: () => ({ 200: one() }),
  errors: ["survey_not_found"],
  run: (call) => call.operate("get_survey", { survey_id: call.params.id }),
});

const createSurvey = route({
  method: "POST",
  path: "/",
  operationId: "createSurvey",
  tag,
  summary: "Make a survey",
  description:
    "Questions are answered with text, true or false, one of several options, or a rating.",
  scope: "settings:write",
  body: newSurvey,
  example: {
    body: { name: "After the visit", questions: [{ text: "How was it?", type: "rating" }] },
  },
  answers: () => ({ 201: { ...one(), headers: ["Location"] } }),
  errors: [],
  run: (call) => call.operate("create_survey", call.body),
});

const updateSurvey = route({
  method: "PATCH",
  path: "/:id",
  operationId: "updateSurvey",
  tag,
  summary: "Change a survey",
  description: "Writes the given fields.",
  scope: "settings:write",
  params,
  body: surveyChange,
  example: { params: EXAMPLE_PARAMS, body: { is_active: false } },
  answers: () => ({ 200: one() }),
  errors: ["survey_not_found"],
  run: (call) => call.operate("update_survey", { survey_id: call.params.id, set: call.body }),
});

const deleteSurvey = route({
  method: "DELETE",
  path: "/:id",
  operationId: "deleteSurvey",
  tag,
  summary: "Delete a survey",
  description: "One that nobody has answered; others are made inactive.",
  scope: "settings:write",
  params,
  example: { params: EXAMPLE_PARAMS },
  answers: () => ({ 204: { description: "The survey is gone." } }),
  errors: ["survey_not_found", "survey_answered"],
  run: (call) => call.operate("delete_survey", { survey_id: call.params.id }),
});

export const records = [listSurveys, createSurvey, getSurvey, updateSurvey, deleteSurvey];
