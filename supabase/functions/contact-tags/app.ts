import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { route } from "../_shared/route.ts";
import { dataOf, tagCount } from "../_shared/schemas/answers.ts";

const contactTags = route({
  method: "GET",
  path: "/",
  operationId: "contactTags",
  tag: "Contacts",
  summary: "List the tags",
  description:
    "The tags of the workspace's contacts, most used first; the counts are true at this moment.",
  scope: "contacts:read",
  answers: () => ({
    200: {
      description: "The tags.",
      schema: dataOf(z.array(tagCount())),
      example: { data: [{ tag: "VIP", count: 3 }] },
    },
  }),
  errors: [],
  run: (call) => call.operate("contact_tags", {}),
});

export const app = createApp("contact-tags", [contactTags]);
