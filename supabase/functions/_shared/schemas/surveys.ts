/** Surveys and answers: what callers may write, and what they read. */
import * as z from "zod";
import { lazy } from "../route.ts";
import { CONTACT_EXAMPLE } from "./examples.ts";
import { pastTime, text, textList, time, uuid } from "./fields.ts";
import { MEETING_EXAMPLE } from "./meetings.ts";

const asked = {
  id: uuid.optional().meta({ description: "Of a question that stays; a new one has none." }),
  text: text(1, 1000).meta({ example: "Did you like the showroom?" }),
  required: z.boolean().default(false),
};

const question = z.discriminatedUnion("type", [
  z.strictObject({ ...asked, type: z.literal("text") }),
  z.strictObject({ ...asked, type: z.literal("boolean") }),
  z.strictObject({
    ...asked,
    type: z.literal("rating"),
    scale: z.int().min(2).max(10).default(5).meta({ description: "From 1 to this." }),
  }),
  z.strictObject({ ...asked, type: z.literal("choice"), options: textList(50, 200).min(2) }),
]);

const questions = z.array(question).min(1).max(50);

/** Body of a new survey. */
export const newSurvey = z.strictObject({
  name: text(1, 200),
  questions,
  is_active: z.boolean().optional().meta({ description: "Whether it takes answers; true." }),
});

/** Body of a changed survey. */
export const surveyChange = z.strictObject({
  name: text(1, 200).optional(),
  questions: questions.optional().meta({
    description: "All questions in their new order. Answers keep the question as it was put.",
  }),
  is_active: z.boolean().optional(),
});

/** Body of a contact's answers. */
export const newResponse = z.strictObject({
  contact_id: uuid,
  meeting_id: uuid.optional().meta({ description: "The contact's meeting that it is about." }),
  submitted_at: pastTime.optional().meta({ description: "Now unless given." }),
  answers: z.array(z.strictObject({
    question_id: uuid,
    value: z.union([text(1, 10_000), z.number(), z.boolean()]).meta({
      description: "Text, true or false, one of the options, or a whole number up to the scale.",
    }),
  })).min(1).max(50),
});

const id = z.guid();

export const survey = lazy(() =>
  z.strictObject({
    id,
    name: z.string(),
    questions: z.array(z.strictObject({
      id,
      text: z.string(),
      type: z.enum(["text", "boolean", "rating", "choice"]),
      required: z.boolean(),
      scale: z.int().optional(),
      options: z.array(z.string()).optional(),
    })),
    is_active: z.boolean(),
    created_at: time,
    updated_at: time,
  }).meta({ id: "Survey" })
);

export const surveyResponse = lazy(() =>
  z.strictObject({
    id,
    survey_id: id,
    contact_id: id,
    meeting_id: id.nullable(),
    answers: z.array(z.strictObject({
      question_id: id,
      question: z.string().meta({ description: "As it was put." }),
      value: z.union([z.string(), z.number(), z.boolean()]),
    })),
    submitted_at: time,
    created_at: time,
  }).meta({ id: "SurveyResponse" })
);

const QUESTION = "0198f6c2-d144-7a43-9f72-9c315e4dc041";

export const SURVEY_EXAMPLE = {
  id: "0198f6c2-d144-7a43-9f72-9c315e4dc040",
  name: "After the visit",
  questions: [
    { id: QUESTION, text: "How was it?", type: "rating", required: true, scale: 5 },
  ],
  is_active: true,
  created_at: "2026-11-01T09:30:00.123456+00:00",
  updated_at: "2026-11-01T09:30:00.123456+00:00",
};

export const RESPONSE_EXAMPLE = {
  id: "0198f6c2-d244-7a43-9f72-9c315e4dc050",
  survey_id: SURVEY_EXAMPLE.id,
  contact_id: CONTACT_EXAMPLE.id,
  meeting_id: MEETING_EXAMPLE.id,
  answers: [{ question_id: QUESTION, question: "How was it?", value: 5 }],
  submitted_at: "2026-11-03T18:00:00+00:00",
  created_at: "2026-11-03T18:00:00.123456+00:00",
};
