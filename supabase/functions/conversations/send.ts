/** Sending: stored and queued here, sent by the outbox worker. */
import * as z from "zod";
import { nudge } from "../_shared/jobs.ts";
import { route } from "../_shared/route.ts";
import { dataOf, message } from "../_shared/schemas/answers.ts";
import { SENT_MESSAGE_EXAMPLE } from "../_shared/schemas/examples.ts";
import { newMessage } from "../_shared/schemas/sending/message.ts";
import { EXAMPLE_PARAMS, params } from "./parts.ts";

const sendMessage = route({
  method: "POST",
  path: "/:id/messages",
  operationId: "sendMessage",
  tag: "Conversations",
  summary: "Send a message",
  description: "Stored at once and sent to WhatsApp right after, in order; `status` follows what " +
    "becomes of it: `queued`, `sending`, `sent` (WhatsApp has it), `delivered`, `read`, " +
    "`played`; `failed` with `error`; `unknown` when WhatsApp's answer was lost: it may have " +
    "been sent, is never sent again, and a status from WhatsApp settles it. " +
    "`type` says what it is, and the member of that name holds what WhatsApp's Cloud API wants. " +
    "A reaction goes from the number of the message that it is about, and answers with that message, " +
    "which shows it once it is sent, unless WhatsApp then fails to deliver it. " +
    "Outside the 24 hours after the person's last message only templates may be sent.",
  scope: "conversations:write",
  params,
  body: newMessage,
  example: {
    params: EXAMPLE_PARAMS,
    body: { type: "text", text: { body: SENT_MESSAGE_EXAMPLE.body } },
  },
  answers: () => ({
    202: {
      description: "The message, queued.",
      schema: dataOf(z.strictObject({ message: message() })),
      example: { data: { message: SENT_MESSAGE_EXAMPLE } },
    },
  }),
  errors: ["conversation_not_found", "send_refused", "stale_control"],
  run: async (call) => {
    const reply = await call.operate("send_message", {
      ...call.body,
      conversation_id: call.params.id,
    });
    nudge();
    return reply;
  },
});

export const sending = [sendMessage];
