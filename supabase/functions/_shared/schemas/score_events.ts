/** Score events: what counts for a contact's score. */
import * as z from "zod";
import { lazy } from "../route.ts";
import { GRADE } from "./enums.ts";
import { CONTACT_EXAMPLE } from "./examples.ts";
import { atMostOne, exactlyOne, optionalText, pastTime, time, uuid } from "./fields.ts";
import { action, points, SIGNAL_EXAMPLE, SIGNAL_KIND } from "./scoring.ts";

/** Body of a new event. */
export const newScoreEvent = z.strictObject({
  contact_id: uuid,
  action: action.optional().meta({
    description: "What the contact did: counts for all active signals of that action.",
    example: "booking_attempt",
  }),
  signal_id: uuid.optional().meta({
    description: "A signal that was seen, of any kind but `keyword`.",
  }),
  points: points.optional().meta({ description: "Points as such, under the category `manual`." }),
  reason: optionalText(1000).optional(),
  message_id: uuid.optional().meta({ description: "The message that is the evidence." }),
  note_id: uuid.optional().meta({ description: "The note that is." }),
  call_id: uuid.optional().meta({ description: "The call that is." }),
  occurred_at: pastTime.optional().meta({ description: "Now unless given." }),
}).check(
  exactlyOne("action", "signal_id", "points"),
  atMostOne("message_id", "note_id", "call_id"),
);

const id = z.guid();

export const scoreEvent = lazy(() =>
  z.strictObject({
    id,
    contact_id: id,
    signal_id: id.nullable().meta({ description: "None: somebody gave the points." }),
    signal: z.string().nullable(),
    kind: z.enum(SIGNAL_KIND),
    category: z.string(),
    points: z.int().meta({
      description: "As the signal counts now, before weight, cap and decay.",
    }),
    reason: z.string().nullable(),
    message_id: id.nullable(),
    note_id: id.nullable(),
    call_id: id.nullable(),
    occurred_at: time,
    created_at: time,
  }).meta({ id: "ScoreEvent" })
);

export const scored = lazy(() =>
  z.strictObject({
    contact_id: id,
    score: z.int(),
    grade: z.enum(GRADE).nullable(),
    events: z.array(scoreEvent()).meta({
      description: "None if no active signal is about the action.",
    }),
  }).meta({ id: "Scored" })
);

export const SCORE_EVENT_EXAMPLE = {
  id: "0198f6c2-d344-7a43-9f72-9c315e4dc061",
  contact_id: CONTACT_EXAMPLE.id,
  signal_id: "0198f6c2-d144-7a43-9f72-9c315e4dc042",
  signal: "Tries to book",
  kind: "action",
  category: SIGNAL_EXAMPLE.category,
  points: 20,
  reason: "On the website",
  message_id: null,
  note_id: null,
  call_id: null,
  occurred_at: "2026-11-01T09:30:00+00:00",
  created_at: "2026-11-01T09:30:00.123456+00:00",
};

export const SCORED_EXAMPLE = {
  contact_id: CONTACT_EXAMPLE.id,
  score: 35,
  grade: "D",
  events: [SCORE_EVENT_EXAMPLE],
};
