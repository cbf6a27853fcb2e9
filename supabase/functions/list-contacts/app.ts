import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { route } from "../_shared/route.ts";
import { contact, pageOf } from "../_shared/schemas/answers.ts";
import { contactQuery, listArguments } from "../_shared/schemas/contact_query.ts";
import { CONTACT_EXAMPLE } from "../_shared/schemas/examples.ts";

const listContacts = route({
  method: "GET",
  path: "/",
  operationId: "listContacts",
  tag: "Contacts",
  summary: "List contacts",
  description: "Contacts that fit every filter, newest first unless `sort` says otherwise or a " +
    "`search` ranks them. Follow `next_cursor` for more: pages stay right while contacts come and go.",
  scope: "contacts:read",
  query: contactQuery,
  example: { query: { status: "new,contacted", limit: "50" } },
  answers: () => ({
    200: {
      description: "A page of contacts.",
      schema: pageOf(contact(), {
        total: z.int().optional().meta({ description: "With `count` only." }),
      }),
      example: { data: [CONTACT_EXAMPLE], next_cursor: null },
    },
  }),
  errors: ["invalid_cursor", "filter_not_found"],
  run: (call) => call.operate("list_contacts", listArguments(call.query)),
});

export const app = createApp("list-contacts", [listContacts]);
