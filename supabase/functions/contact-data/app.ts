import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { route } from "../_shared/route.ts";
import { contactData } from "../_shared/schemas/answers.ts";
import { CONTACT_EXAMPLE, NOTE_EXAMPLE } from "../_shared/schemas/examples.ts";
import { uuid } from "../_shared/schemas/fields.ts";
import { writeSections } from "./sections.ts";

const getContactData = route({
  method: "GET",
  path: "/",
  operationId: "getContactData",
  tag: "Contacts",
  summary: "Get all that is held on a contact",
  description:
    "Everything that is stored about one person, table by table, as one JSON document of any " +
    "length; files by their addresses. Needs the scopes `conversations:read` and `notes:read` " +
    "as well: without them it would be a part that looks like all of it. A connection that ends " +
    "before the document does means that it could not be finished.",
  scope: "contacts:read",
  query: z.strictObject({ contact_id: uuid }),
  example: { query: { contact_id: CONTACT_EXAMPLE.id } },
  answers: () => ({
    200: {
      description: "All of it.",
      schema: contactData(),
      headers: ["Content-Disposition"],
      example: {
        data: { contact: CONTACT_EXAMPLE, internal_notes: [NOTE_EXAMPLE], messages: [] },
      },
    },
  }),
  errors: ["contact_not_found"],
  run: async (call) => {
    const { body } = await call.read("contact_data", call.query);
    const { contact_id, sections } = JSON.parse(body!);
    return {
      status: 200,
      body: call.request.method === "HEAD" ? null : writeSections(call, contact_id, sections),
      headers: { "content-disposition": `attachment; filename="contact-${contact_id}.json"` },
    };
  },
});

export const app = createApp("contact-data", [getContactData]);
