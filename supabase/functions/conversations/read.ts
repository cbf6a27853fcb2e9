import * as z from "zod";
import { nudge } from "../_shared/jobs.ts";
import { route } from "../_shared/route.ts";
import { conversation, dataOf } from "../_shared/schemas/answers.ts";
import { CONVERSATION_EXAMPLE } from "../_shared/schemas/examples.ts";
import { EXAMPLE_PARAMS, params } from "./parts.ts";

const markRead = route({
  method: "POST",
  path: "/:id/read",
  operationId: "markRead",
  tag: "Conversations",
  summary: "Mark a conversation as read",
  description: "All of it has been read by the team: `unread_count` is 0. The person sees it " +
    "(blue ticks) unless `receipt` is false.",
  scope: "conversations:write",
  params,
  body: z.strictObject({ receipt: z.boolean().optional() }),
  bodyOptional: true,
  example: { params: EXAMPLE_PARAMS, body: { receipt: true } },
  answers: () => ({
    200: {
      description: "The conversation.",
      schema: dataOf(conversation()),
      example: { data: { ...CONVERSATION_EXAMPLE, unread_count: 0 } },
    },
  }),
  errors: ["conversation_not_found"],
  run: async (call) => {
    const reply = await call.operate("mark_read", {
      ...call.body,
      conversation_id: call.params.id,
    });
    nudge();
    return reply;
  },
});

export const reading = [markRead];
