import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { contactReference } from "../_shared/contact_reference.ts";
import { dashboardUrl } from "../_shared/env.ts";
import { type Reply, route } from "../_shared/route.ts";
import { dataOf, handoff } from "../_shared/schemas/answers.ts";
import { phone } from "../_shared/schemas/contact.ts";
import { CONTACT_EXAMPLE, CONVERSATION_EXAMPLE } from "../_shared/schemas/examples.ts";
import { exactlyOne, flag, uuid } from "../_shared/schemas/fields.ts";

const startHandoff = route({
  method: "POST",
  path: "/",
  operationId: "handoff",
  tag: "Conversations",
  summary: "Start a chat",
  description: "Finds the contact's WhatsApp conversation or opens one, and says where the inbox " +
    "shows it. However many agents ask at once, there is one conversation. If it cannot be opened, " +
    "the answer is the inbox's search for the number.",
  scope: "conversations:write",
  query: z.strictObject({
    redirect: flag.optional().meta({ description: "Answers 303 to the inbox instead." }),
  }),
  body: z.strictObject({ contact_id: uuid.optional(), phone: phone.optional() })
    .check(exactlyOne("contact_id", "phone")),
  example: { body: { contact_id: CONTACT_EXAMPLE.id } },
  answers: () => ({
    200: {
      description: "The conversation, or where to search for it.",
      schema: dataOf(handoff()),
      headers: ["Location"],
      example: {
        data: {
          conversation: CONVERSATION_EXAMPLE,
          created: false,
          fallback: false,
          redirect_url: `/dashboard/whatsapp/inbox?chat=${CONVERSATION_EXAMPLE.id}`,
        },
      },
    },
    303: { description: "To the inbox, with `redirect=true`.", headers: ["Location"] },
  }),
  errors: ["contact_not_found"],
  run: async (call) => {
    const contact = await contactReference(call, call.body);
    const reply = await call.operate("handoff", { ...contact, dashboard_url: dashboardUrl() });
    return call.query.redirect ? redirect(reply) : reply;
  },
});

function redirect({ headers }: Reply): Reply {
  return { status: 303, body: null, headers };
}

export const app = createApp("handoff", [startHandoff]);
