import type { GraphFault } from "./types.ts";

/** Meta's title of each code that the product may meet, and its HTTP status if that is not 400. */
const KNOWN = new Map<number, { title: string; status?: number }>([
  [0, { title: "AuthException", status: 401 }],
  [1, { title: "API Unknown", status: 500 }],
  [2, { title: "API Service", status: 503 }],
  [100, { title: "Invalid parameter" }],
  [190, { title: "Invalid OAuth access token", status: 401 }],
  [2500, { title: "Unknown path components" }],
  [130403, { title: "User has blocked the business", status: 403 }],
  [130429, { title: "Rate limit hit", status: 429 }],
  [131000, { title: "Something went wrong", status: 500 }],
  [131008, { title: "Required parameter is missing" }],
  [131009, { title: "Parameter value is not valid" }],
  [131016, { title: "Service unavailable", status: 500 }],
  [131026, { title: "Message undeliverable" }],
  [131047, { title: "Re-engagement message" }],
  [131048, { title: "Spam rate limit hit" }],
  [131049, { title: "Message not delivered to keep a healthy ecosystem" }],
  [131050, { title: "User has stopped marketing messages" }],
  [131051, { title: "Unsupported message type" }],
  [131052, { title: "Media download error" }],
  [131053, { title: "Media upload error" }],
  [131056, { title: "(Business Account, Consumer Account) pair rate limit hit" }],
  [131057, { title: "Business Account is in maintenance mode", status: 500 }],
  [131062, { title: "Business-scoped user id is not allowed for this message" }],
  [131064, { title: "Spam limit reached" }],
  [132000, { title: "Number of parameters does not match the template" }],
  [132001, { title: "Template name does not exist in the translation", status: 404 }],
  [132005, { title: "Translated text too long" }],
  [132007, { title: "Template violates the format policy" }],
  [132012, { title: "Template parameter format mismatch" }],
  [132015, { title: "Template is paused" }],
  [132016, { title: "Template is disabled" }],
]);

/** Thrown wherever a request is found wanting; its answer is one of Meta's errors. */
export class Refusal extends Error {
  constructor(readonly fault: GraphFault) {
    super(titleOf(fault));
  }
}

/** The usual refusal of a parameter that is missing or of the wrong kind. */
export function invalidParameter(details: string): Refusal {
  return new Refusal({ code: 100, details });
}

/** The refusal of a parameter that is there but beyond what is allowed. */
export function invalidValue(details: string): Refusal {
  return new Refusal({ code: 131009, details });
}

/** Ids of others, of nothing, and of what the token may not see get the same answer. */
export function noSuchObject(id: string): Refusal {
  return new Refusal({
    code: 100,
    subcode: 33,
    type: "GraphMethodException",
    message: `Unsupported request. Object with ID '${id}' does not exist, cannot be loaded due ` +
      "to missing permissions, or does not support this operation",
  });
}

export function titleOf(fault: GraphFault): string {
  return fault.message ?? KNOWN.get(fault.code)?.title ?? "Unknown error";
}

export function statusOf(fault: GraphFault): number {
  return fault.status ?? KNOWN.get(fault.code)?.status ?? 400;
}

/** The body of a refused request. */
export function errorBody(fault: GraphFault, traceId: string): Record<string, unknown> {
  return {
    error: {
      message: fault.message ?? `(#${fault.code}) ${titleOf(fault)}`,
      type: fault.type ?? "OAuthException",
      code: fault.code,
      ...(fault.subcode === undefined ? {} : { error_subcode: fault.subcode }),
      error_data: { messaging_product: "whatsapp", details: fault.details ?? titleOf(fault) },
      fbtrace_id: traceId,
    },
  };
}

/** The same error as a webhook tells it. */
export function webhookError(fault: GraphFault): Record<string, unknown> {
  return {
    code: fault.code,
    title: titleOf(fault),
    message: titleOf(fault),
    error_data: { details: fault.details ?? titleOf(fault) },
    href: "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
  };
}
