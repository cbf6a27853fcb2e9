/** Posting to the webhook as Meta does. */
import assert from "node:assert/strict";
import { type Answer, request } from "../support/http.ts";
import { stack } from "../support/stack.ts";
import { sign } from "../fixtures/whatsapp/delivery.ts";

/** Posts these bytes, signed well unless `headers` say otherwise. */
export function post(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Answer<unknown>> {
  return request("POST", "whatsapp-webhook", {
    raw: body,
    headers: { "x-hub-signature-256": sign(body, stack.whatsapp.app_secret), ...headers },
  });
}

/** Posts a payload and claims that it was acknowledged. */
export async function deliver(payload: unknown): Promise<void> {
  assertAcknowledged(await post(JSON.stringify(payload)));
}

export function assertAcknowledged(answer: Answer<unknown>): void {
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.body, { data: { received: true } });
}
