/** How large a delivery may be. */
import assert from "node:assert/strict";
import { assertProblem } from "../support/problem.ts";
import { stack } from "../support/stack.ts";
import { makeWorkspace } from "../support/workspace.ts";
import { delivered, sign, text } from "../fixtures/whatsapp/delivery.ts";
import { assertAcknowledged, post } from "./hook.ts";
import { deliveriesOf, messagesOf, wamidsOf } from "./rows.ts";

const encoder = new TextEncoder();
const MB = 1024 * 1024;

/** The delivery as JSON of that many bytes, filled up with white space. */
function padded(payload: unknown, length: number): string {
  const json = JSON.stringify(payload);
  return json + " ".repeat(length - encoder.encode(json).length);
}

Deno.test("a delivery of 3 MB is stored whole", async () => {
  const { phoneNumberId } = await makeWorkspace();
  const message = text("16045550111", "Hi");
  const body = padded(delivered(phoneNumberId, { messages: [message] }), 3 * MB);
  assertAcknowledged(await post(body));
  assert.deepEqual(await wamidsOf(phoneNumberId), [message.id]);
  assert.equal((await deliveriesOf(body)).length, 1);
});

Deno.test("a byte more than 3 MB: 413 and nothing stored", async () => {
  const { phoneNumberId } = await makeWorkspace();
  const body = padded(
    delivered(phoneNumberId, { messages: [text("16045550111", "Hi")] }),
    3 * MB + 1,
  );
  assertProblem(await post(body), 413, "body_too_large");
  assert.deepEqual(await messagesOf(phoneNumberId), []);
  assert.deepEqual(await deliveriesOf(body), []);
});

Deno.test("more than 3 MB without a declared length: 413 and nothing stored", async () => {
  const { phoneNumberId } = await makeWorkspace();
  const body = padded(
    delivered(phoneNumberId, { messages: [text("16045550111", "Hi")] }),
    3 * MB + 1,
  );
  const response = await fetch(`${stack.url}/whatsapp-webhook`, {
    method: "POST",
    body: new Blob([body]).stream(),
    headers: { "x-hub-signature-256": sign(body, stack.whatsapp.app_secret) },
  });
  const answer = {
    status: response.status,
    headers: response.headers,
    text: await response.text(),
    body: undefined as unknown,
  };
  answer.body = JSON.parse(answer.text);
  assertProblem(answer, 413, "body_too_large");
  assert.deepEqual(await messagesOf(phoneNumberId), []);
});
