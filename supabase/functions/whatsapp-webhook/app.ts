import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { equalInConstantTime } from "../_shared/digest.ts";
import { whatsappAppSecrets, whatsappVerifyToken } from "../_shared/env.ts";
import { ApiError } from "../_shared/errors.ts";
import { readBytes } from "../_shared/request.ts";
import { route } from "../_shared/route.ts";
import { dataOf } from "../_shared/schemas/answers.ts";
import { ingest } from "./ingest.ts";
import { isSigned } from "./signature.ts";

const verify = route({
  method: "GET",
  path: "/",
  operationId: "verifyWhatsappWebhook",
  tag: "WhatsApp",
  summary: "Verify the webhook",
  description:
    "Meta's handshake when the callback address is set: the challenge comes back if the " +
    "verify token is ours.",
  scope: null,
  security: "whatsappVerifyToken",
  // Meta may add parameters; the token alone decides.
  query: z.looseObject({
    "hub.mode": z.string().optional().meta({ example: "subscribe" }),
    "hub.verify_token": z.string().optional(),
    "hub.challenge": z.string().optional().meta({ example: "1158201444" }),
  }),
  answers: () => ({
    200: {
      description: "The bare challenge.",
      contentType: "text/plain",
      schema: z.string(),
      example: "1158201444",
    },
  }),
  errors: ["verification_failed", "not_configured"],
  run: async ({ query }) => {
    const token = whatsappVerifyToken();
    if (!token) throw new ApiError("not_configured");
    const challenge = query["hub.challenge"];
    const right = await equalInConstantTime(query["hub.verify_token"] ?? "", token);
    if (!right || query["hub.mode"] !== "subscribe" || challenge === undefined) {
      throw new ApiError("verification_failed");
    }
    return {
      status: 200,
      body: challenge,
      headers: { "content-type": "text/plain; charset=utf-8" },
    };
  },
});

// What Meta sends at most, in bytes.
const DELIVERY_LIMIT = 3 * 1024 * 1024;

const receive = route({
  method: "POST",
  path: "/",
  operationId: "receiveWhatsappWebhook",
  tag: "WhatsApp",
  summary: "Receive a delivery",
  description:
    "A delivery of the WhatsApp Cloud API, signed over its raw bytes. 200 means that it is " +
    "stored; for anything but 200 Meta sends it again for seven days. Duplicates change nothing. " +
    "Types and fields that are not known yet are stored as well. There is no rate limit.",
  scope: null,
  security: "whatsappSignature",
  rawBody: () =>
    z.looseObject({
      object: z.string().meta({ example: "whatsapp_business_account" }),
      entry: z.array(z.looseObject({})),
    }),
  example: { body: { object: "whatsapp_business_account", entry: [] } },
  answers: () => ({
    200: {
      description: "Stored.",
      schema: dataOf(z.strictObject({ received: z.literal(true) })),
      example: { data: { received: true } },
    },
  }),
  errors: ["malformed_json", "invalid_signature", "body_too_large", "not_configured", "try_again"],
  run: async ({ request }) => {
    const secrets = whatsappAppSecrets();
    if (secrets.length === 0) throw new ApiError("not_configured");
    const bytes = await readBytes(request, DELIVERY_LIMIT);
    if (!await isSigned(request.headers.get("x-hub-signature-256"), bytes, secrets)) {
      throw new ApiError("invalid_signature");
    }
    await ingest(bytes);
    return { status: 200, body: '{"data":{"received":true}}' };
  },
});

export const app = createApp("whatsapp-webhook", [verify, receive]);
