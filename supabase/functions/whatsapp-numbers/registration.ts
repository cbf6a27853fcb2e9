/** Registering a number: that the caller may use it is for WhatsApp to say. */
import { ApiError } from "../_shared/errors.ts";
import { describeNumber, type GraphOutcome } from "../_shared/graph.ts";
import { seal } from "../_shared/secret_box.ts";

/** Body of POST whatsapp-numbers. */
export interface Registration {
  phone_number_id: string;
  access_token: string;
  display_phone_number?: string;
}

/**
 * What `api.register_whatsapp_number` takes: the number as WhatsApp describes it, its token sealed.
 *
 * @throws ApiError 422 `invalid_access_token`, 502 `graph_unavailable`, 503 `not_configured`
 */
export async function proven(given: Registration): Promise<Record<string, unknown>> {
  const { access_token: token, ...rest } = given;
  const phoneNumberId = given.phone_number_id;
  const description = described(await describeNumber({ phoneNumberId, token }), phoneNumberId);
  return {
    display_phone_number: phoneNumberId,
    ...rest,
    ...description,
    sealed_token: await sealed(token, phoneNumberId),
  };
}

function described(outcome: GraphOutcome, phoneNumberId: string): Record<string, unknown> {
  if (outcome.kind !== "answered") throw unproven(outcome);
  const { id, display_phone_number, verified_name, throughput } = outcome.body;
  // Whatever else the token may see under that id is no number.
  if (id !== phoneNumberId) {
    throw new ApiError("invalid_access_token", "WhatsApp knows no such number.", {
      members: { graph_error: null },
    });
  }
  return {
    ...(typeof display_phone_number === "string"
      ? { display_phone_number: display_phone_number.slice(0, 32) }
      : {}),
    verified_name: typeof verified_name === "string" ? verified_name.slice(0, 256) : null,
    throughput: (throughput as { level?: unknown } | null | undefined)?.level,
  };
}

function unproven(outcome: Exclude<GraphOutcome, { kind: "answered" }>): ApiError {
  const { error } = outcome;
  const refused = outcome.kind === "refused" && error.code !== undefined &&
    error.http_status! < 500 && error.http_status !== 429;
  return refused
    ? new ApiError("invalid_access_token", undefined, { members: { graph_error: error } })
    : new ApiError("graph_unavailable");
}

async function sealed(token: string, phoneNumberId: string): Promise<string> {
  try {
    return (await seal(token, phoneNumberId)).toBase64();
  } catch (error) {
    throw new ApiError("not_configured", undefined, { cause: error });
  }
}
