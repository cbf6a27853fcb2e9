import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { route } from "../_shared/route.ts";
import { pageOf } from "../_shared/schemas/answers.ts";
import { page } from "../_shared/schemas/contact_query.ts";
import { CONTACT_EXAMPLE } from "../_shared/schemas/examples.ts";
import { uuid } from "../_shared/schemas/fields.ts";
import { TIMELINE_KINDS, timelineEntry } from "../_shared/schemas/timeline.ts";

const contactTimeline = route({
  method: "GET",
  path: "/",
  operationId: "contactTimeline",
  tag: "Contacts",
  summary: "Read a contact's timeline",
  description: "Everything on one contact by time, newest first. Messages and calls need " +
    "`conversations:read`, notes `notes:read`: without it they are left out, or refused if they " +
    "are asked for in `kinds`.",
  scope: "contacts:read",
  query: z.strictObject({
    contact_id: uuid,
    kinds: z.array(z.enum(TIMELINE_KINDS)).max(50).optional().meta({
      description: "Entries of these kinds only; `stage_change` is the funnel history.",
    }),
    ...page,
  }),
  example: { query: { contact_id: CONTACT_EXAMPLE.id } },
  answers: () => ({
    200: {
      description: "A page of the timeline.",
      schema: pageOf(timelineEntry()),
      example: {
        data: [{
          kind: "stage_change",
          id: "0198f6c2-f144-7a43-9f72-9c315e4dc070",
          at: "2026-11-01T09:30:00.123456+00:00",
          actor: { type: "member", id: "20000000-0000-4000-8000-000000000001", name: "Sam" },
          data: { from: "inquiry", to: "comparing" },
        }],
        next_cursor: null,
      },
    },
  }),
  errors: ["contact_not_found", "invalid_cursor"],
  run: (call) => call.operate("contact_timeline", call.query),
});

export const app = createApp("contact-timeline", [contactTimeline]);
