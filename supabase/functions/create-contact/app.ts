import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { readPhone } from "../_shared/phone_field.ts";
import { route } from "../_shared/route.ts";
import { contact, dataOf } from "../_shared/schemas/answers.ts";
import { COMPUTED_FIELDS, newContact } from "../_shared/schemas/contact.ts";
import { CONTACT_EXAMPLE } from "../_shared/schemas/examples.ts";

const createContact = route({
  method: "POST",
  path: "/",
  operationId: "createContact",
  tag: "Contacts",
  summary: "Create a contact",
  description: "One contact a phone number, whichever of its variants is given.",
  scope: "contacts:write",
  query: z.strictObject({
    on_conflict: z.literal("update").optional().meta({
      description: "Writes the given fields to the contact that has the number already.",
    }),
  }),
  body: newContact,
  readOnly: COMPUTED_FIELDS,
  example: { body: { phone: "+16045551234", name: "John Smith", email: "john@example.com" } },
  answers: () => ({
    201: {
      description: "The new contact.",
      schema: dataOf(contact()),
      headers: ["ETag", "Location"],
      example: { data: CONTACT_EXAMPLE },
    },
    200: {
      description: "The contact that had the number, with the given fields written.",
      schema: dataOf(contact()),
      headers: ["ETag"],
      example: { data: CONTACT_EXAMPLE },
    },
  }),
  errors: ["contact_exists"],
  run: async (call) => {
    const phone = await readPhone(call, call.body.phone);
    const given = { ...call.body, phone: phone.e164, country: phone.country };
    const { on_conflict } = call.query;
    const created = on_conflict ? undefined : await call.together("create_contacts", given);
    return created ?? call.operate("create_contact", { contact: given, on_conflict });
  },
});

export const app = createApp("create-contact", [createContact]);
