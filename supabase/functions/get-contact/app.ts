import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { contactReference } from "../_shared/contact_reference.ts";
import { route } from "../_shared/route.ts";
import { contactDetail, dataOf } from "../_shared/schemas/answers.ts";
import {
  CONTACT_EXAMPLE,
  CONVERSATION_EXAMPLE,
  NOTE_EXAMPLE,
} from "../_shared/schemas/examples.ts";
import { exactlyOne, phoneParameter, uuid } from "../_shared/schemas/fields.ts";

const getContact = route({
  method: "GET",
  path: "/",
  operationId: "getContact",
  tag: "Contacts",
  summary: "Get a contact",
  description: "A contact by its id or its phone number, with its open conversation, its latest " +
    "notes, the ids that channels know it by, and the mood of its latest message.",
  scope: "contacts:read",
  query: z.strictObject({ contact_id: uuid.optional(), phone: phoneParameter.optional() })
    .check(exactlyOne("contact_id", "phone")),
  example: { query: { contact_id: CONTACT_EXAMPLE.id } },
  answers: () => ({
    200: {
      description: "The contact.",
      schema: dataOf(contactDetail()),
      headers: ["ETag"],
      example: {
        data: {
          ...CONTACT_EXAMPLE,
          conversation: CONVERSATION_EXAMPLE,
          latest_notes: [NOTE_EXAMPLE],
          identities: [{
            channel: "whatsapp",
            external_id: CONTACT_EXAMPLE.whatsapp_contact_id,
            created_at: CONTACT_EXAMPLE.created_at,
          }],
          latest_sentiment: {
            sentiment: "neutral",
            sentiment_score: 0.1,
            sent_at: CONTACT_EXAMPLE.last_contact_at,
          },
        },
      },
    },
  }),
  errors: ["contact_not_found"],
  run: async (call) => {
    return call.operate("get_contact", { ...await contactReference(call, call.query) });
  },
});

export const app = createApp("get-contact", [getContact]);
