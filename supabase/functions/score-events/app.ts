import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { route } from "../_shared/route.ts";
import { dataOf, pageOf } from "../_shared/schemas/answers.ts";
import { page } from "../_shared/schemas/contact_query.ts";
import { CONTACT_EXAMPLE } from "../_shared/schemas/examples.ts";
import { uuid } from "../_shared/schemas/fields.ts";
import {
  newScoreEvent,
  SCORE_EVENT_EXAMPLE,
  scored,
  SCORED_EXAMPLE,
  scoreEvent,
} from "../_shared/schemas/score_events.ts";

const tag = "Scoring";

const listScoreEvents = route({
  method: "GET",
  path: "/",
  operationId: "listScoreEvents",
  tag,
  summary: "List score events",
  description: "What counts for a contact's score, the latest first, each with its evidence.",
  scope: "contacts:read",
  query: z.strictObject({ contact_id: uuid, signal_id: uuid.optional(), ...page }),
  example: { query: { contact_id: CONTACT_EXAMPLE.id } },
  answers: () => ({
    200: {
      description: "A page of events.",
      schema: pageOf(scoreEvent()),
      example: { data: [SCORE_EVENT_EXAMPLE], next_cursor: null },
    },
  }),
  errors: ["invalid_cursor", "contact_not_found"],
  run: (call) => {
    const { limit, cursor, ...filter } = call.query;
    return call.operate("list_score_events", { filter, limit, cursor });
  },
});

const recordScoreEvent = route({
  method: "POST",
  path: "/",
  operationId: "recordScoreEvent",
  tag,
  summary: "Report what counts",
  description: "An action of the contact, a signal that was seen, or points as such; with the " +
    "message, note or call that is the evidence. What messages say is found without it.",
  scope: "contacts:write",
  body: newScoreEvent,
  example: {
    body: {
      contact_id: CONTACT_EXAMPLE.id,
      action: "booking_attempt",
      reason: "On the website",
      occurred_at: "2026-11-01T09:30:00Z",
    },
  },
  answers: () => ({
    201: {
      description: "The events, and what the contact's score is with them.",
      schema: dataOf(scored()),
      example: { data: SCORED_EXAMPLE },
    },
  }),
  errors: ["contact_not_found"],
  run: (call) => call.operate("record_score_event", { event: call.body }),
});

export const app = createApp("score-events", [listScoreEvents, recordScoreEvent]);
