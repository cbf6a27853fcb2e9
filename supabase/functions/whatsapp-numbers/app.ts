import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { nudge } from "../_shared/jobs.ts";
import { route } from "../_shared/route.ts";
import { dataOf, pageOf, whatsappNumber } from "../_shared/schemas/answers.ts";
import { WHATSAPP_NUMBER_EXAMPLE } from "../_shared/schemas/examples.ts";
import { text } from "../_shared/schemas/fields.ts";
import { proven } from "./registration.ts";

const { phone_number_id } = WHATSAPP_NUMBER_EXAMPLE;
const numericId = z.string().regex(/^[0-9]{1,32}$/, "An id of WhatsApp's is digits.");

const listNumbers = route({
  method: "GET",
  path: "/",
  operationId: "listWhatsAppNumbers",
  tag: "WhatsApp numbers",
  summary: "List WhatsApp numbers",
  description: "The workspace's numbers. Access tokens are never shown.",
  scope: "settings:read",
  answers: () => ({
    200: {
      description: "The numbers, oldest first.",
      schema: pageOf(whatsappNumber()),
      example: { data: [WHATSAPP_NUMBER_EXAMPLE], next_cursor: null },
    },
  }),
  errors: [],
  run: (call) => call.operate("list_whatsapp_numbers", {}),
});

const registerNumber = route({
  method: "POST",
  path: "/",
  operationId: "registerWhatsAppNumber",
  tag: "WhatsApp numbers",
  summary: "Register a WhatsApp number",
  description: "WhatsApp is asked for the number with the access token: that is the proof that " +
    "the caller may use it. The token is encrypted and cannot be read again; registering the " +
    "number again replaces it. What came for the number before is delivered now.",
  scope: "settings:write",
  body: z.strictObject({
    phone_number_id: numericId.meta({ example: phone_number_id }),
    access_token: text(1, 4096).regex(/^[\x21-\x7e]+$/, "An access token is visible ASCII.")
      .meta({ example: "EAAB…" }),
    display_phone_number: text(1, 32).optional().meta({
      description: "Ignored where WhatsApp tells it, as it does.",
    }),
  }),
  example: { body: { phone_number_id, access_token: "EAABsbCS1iHgBO7ZC" } },
  answers: () => {
    const schema = dataOf(whatsappNumber());
    const example = { data: WHATSAPP_NUMBER_EXAMPLE };
    return {
      200: { description: "The number had been registered; it has the new token.", schema },
      201: { description: "The number.", schema, example },
    };
  },
  errors: ["number_taken", "invalid_access_token", "graph_unavailable", "not_configured"],
  run: async (call) => {
    await call.authorize();
    const reply = await call.operate("register_whatsapp_number", await proven(call.body));
    nudge();
    return reply;
  },
});

const removeNumber = route({
  method: "DELETE",
  path: "/:id",
  operationId: "removeWhatsAppNumber",
  tag: "WhatsApp numbers",
  summary: "Remove a WhatsApp number",
  description: "Its token is forgotten; messages stay. What still waits to be sent from it " +
    "fails. What comes for it from then on is kept until the number is registered again.",
  scope: "settings:write",
  params: z.strictObject({ id: numericId }),
  example: { params: { id: phone_number_id } },
  answers: () => ({ 204: { description: "The number is removed." } }),
  errors: ["number_not_found"],
  run: (call) => call.operate("remove_whatsapp_number", { phone_number_id: call.params.id }),
});

export const app = createApp("whatsapp-numbers", [listNumbers, registerNumber, removeNumber]);
