import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { route } from "../_shared/route.ts";
import { dataOf } from "../_shared/schemas/answers.ts";
import { CONTACT_EXAMPLE } from "../_shared/schemas/examples.ts";
import { explanation, EXPLANATION_EXAMPLE } from "../_shared/schemas/explanation.ts";
import { uuid } from "../_shared/schemas/fields.ts";

const explainContact = route({
  method: "GET",
  path: "/",
  operationId: "explainContact",
  tag: "Scoring",
  summary: "Explain a contact",
  description: "Why it has its score, grade, automatic status and flags: the signals with the " +
    "messages, notes and calls that are the evidence, the rules and what they went by. Needs " +
    "`conversations:read` as well.",
  scope: "contacts:read",
  query: z.strictObject({ contact_id: uuid }),
  example: { query: { contact_id: CONTACT_EXAMPLE.id } },
  answers: () => ({
    200: {
      description: "All the reasons.",
      schema: dataOf(explanation()),
      example: { data: EXPLANATION_EXAMPLE },
    },
  }),
  errors: ["contact_not_found"],
  run: (call) => call.operate("contact_explanation", call.query),
});

export const app = createApp("contact-explanation", [explainContact]);
