import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { route } from "../_shared/route.ts";
import { activityEntry, pageOf } from "../_shared/schemas/answers.ts";
import { page } from "../_shared/schemas/contact_query.ts";
import { CONTACT_EXAMPLE } from "../_shared/schemas/examples.ts";
import { uuid } from "../_shared/schemas/fields.ts";

const ENTITIES = [
  "lead",
  "contact",
  "conversation",
  "deal",
  "meeting",
  "pipeline",
  "scoring_signal",
  "survey",
  "workspace",
] as const;

const listActivity = route({
  method: "GET",
  path: "/",
  operationId: "listActivity",
  tag: "Activity",
  summary: "List activity",
  description: "Who did what to which entity, when and with which change; newest first.",
  scope: "contacts:read",
  query: z.strictObject({
    entity_type: z.enum(ENTITIES).optional().meta({
      description: "`lead` is a contact.",
    }),
    entity_id: uuid.optional(),
    ...page,
  }),
  example: { query: { entity_type: "lead", entity_id: CONTACT_EXAMPLE.id } },
  answers: () => ({
    200: {
      description: "A page of the log.",
      schema: pageOf(activityEntry()),
      example: {
        data: [{
          id: "0198f6c2-bd44-7043-9f72-9c315e4dc067",
          actor: { type: "member", id: "20000000-0000-4000-8000-000000000001" },
          action: "contact.updated",
          entity_type: "contact",
          entity_id: CONTACT_EXAMPLE.id,
          changes: { status: { from: "new", to: "contacted" } },
          created_at: "2026-11-01T09:30:00.123456+00:00",
        }],
        next_cursor: null,
      },
    },
  }),
  errors: ["invalid_cursor"],
  run: (call) => call.operate("list_activity", call.query),
});

export const app = createApp("activity", [listActivity]);
