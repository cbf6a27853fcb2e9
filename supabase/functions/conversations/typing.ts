import * as z from "zod";
import { nudge } from "../_shared/jobs.ts";
import { route } from "../_shared/route.ts";
import { dataOf } from "../_shared/schemas/answers.ts";
import { time } from "../_shared/schemas/fields.ts";
import { epochOfBots, sender } from "../_shared/schemas/sending/message.ts";
import { EXAMPLE_PARAMS, params } from "./parts.ts";

const showTyping = route({
  method: "POST",
  path: "/:id/typing",
  operationId: "showTyping",
  tag: "Conversations",
  summary: "Show that somebody types",
  description: "The person sees it for 25 seconds, or until the message comes. WhatsApp marks " +
    "their last message as read with it; here the conversation stays unread.",
  scope: "conversations:write",
  params,
  body: z.strictObject(sender).check(epochOfBots),
  bodyOptional: true,
  example: { params: EXAMPLE_PARAMS, body: {} },
  answers: () => ({
    202: {
      description: "Queued; it is not shown after `expires_at`.",
      schema: dataOf(z.strictObject({ expires_at: time })),
      example: { data: { expires_at: "2026-11-01T09:31:25.123456+00:00" } },
    },
  }),
  errors: ["conversation_not_found", "message_not_found", "send_refused", "stale_control"],
  run: async (call) => {
    const reply = await call.operate("send_typing", {
      ...call.body,
      conversation_id: call.params.id,
    });
    nudge();
    return reply;
  },
});

export const typing = [showTyping];
