import type * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { readPhone } from "../_shared/phone_field.ts";
import { type Call, route } from "../_shared/route.ts";
import { contact, dataOf } from "../_shared/schemas/answers.ts";
import { COMPUTED_FIELDS, contactChange } from "../_shared/schemas/contact.ts";
import { CONTACT_EXAMPLE } from "../_shared/schemas/examples.ts";

const updateContact = route({
  method: "POST",
  path: "/",
  operationId: "updateContact",
  tag: "Contacts",
  summary: "Update a contact",
  description: "Writes the given fields. `tags` replaces the tags, `add_tags` and `remove_tags` " +
    "change them. With `If-Match`, only if nobody changed the contact since.",
  scope: "contacts:write",
  body: contactChange,
  readOnly: COMPUTED_FIELDS,
  ifMatch: true,
  example: {
    body: { contact_id: CONTACT_EXAMPLE.id, name: "John Smith Jr.", tags: ["VIP", "Customer"] },
  },
  answers: () => ({
    200: {
      description: "The contact as it is now.",
      schema: dataOf(contact()),
      headers: ["ETag"],
      example: { data: CONTACT_EXAMPLE },
    },
  }),
  errors: ["contact_not_found", "contact_exists", "precondition_failed"],
  run: async (call) => {
    const { contact_id, add_tags, remove_tags, ...set } = call.body;
    return call.operate("update_contact", {
      contact_id,
      set: { ...set, ...await phoneFields(call, set.phone) },
      add_tags,
      remove_tags,
      if_match: call.request.headers.get("if-match") ?? undefined,
    });
  },
});

type Body = z.output<typeof contactChange>;

async function phoneFields(call: Pick<Call, "country">, phone: Body["phone"]): Promise<object> {
  if (phone === undefined || phone === null) return {};
  const { e164, country } = await readPhone(call, phone);
  return { phone: e164, country };
}

export const app = createApp("update-contact", [updateContact]);
