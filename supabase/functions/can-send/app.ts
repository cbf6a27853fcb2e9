import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { route } from "../_shared/route.ts";
import { dataOf, sendVerdict } from "../_shared/schemas/answers.ts";
import { CONTACT_EXAMPLE } from "../_shared/schemas/examples.ts";
import { flag, numberToSendFrom, uuid } from "../_shared/schemas/fields.ts";

const canSend = route({
  method: "GET",
  path: "/",
  operationId: "canSend",
  tag: "Conversations",
  summary: "Ask whether one may send",
  description:
    "What the guard behind every send would say now: consent, Do Not Call, quiet hours " +
    "and WhatsApp's 24-hour window. Consent and quiet hours bind automated sends only.",
  scope: "conversations:read",
  query: z.strictObject({
    contact_id: uuid,
    automated: flag.optional().meta({
      description: "Nobody wrote it by hand; `false` unless given.",
    }),
    kind: z.enum(["message", "template", "call"]).optional().meta({
      description: "`message` (free-form) unless given.",
    }),
    phone_number_id: numberToSendFrom,
  }),
  example: { query: { contact_id: CONTACT_EXAMPLE.id, automated: "true" } },
  answers: () => ({
    200: {
      description: "Whether, and if not, why.",
      schema: dataOf(sendVerdict()),
      example: {
        data: {
          allowed: false,
          reasons: ["window_closed"],
          window_expires_at: "2026-11-02T09:30:00.123456+00:00",
          template_required: true,
          retry_at: null,
        },
      },
    },
  }),
  errors: ["contact_not_found"],
  run: (call) => call.operate("can_send", call.query),
});

export const app = createApp("can-send", [canSend]);
