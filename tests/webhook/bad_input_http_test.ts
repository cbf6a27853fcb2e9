/** Bad input over HTTP: stored or refused as documented, never an error of ours. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { assertProblem } from "../support/problem.ts";
import { uniquePhone } from "../support/unique.ts";
import { makeWorkspace } from "../support/workspace.ts";
import { change, delivered, delivery, person, sign, text } from "../fixtures/whatsapp/delivery.ts";
import { stack } from "../support/stack.ts";
import { holds } from "../properties/runs.ts";
import { assertAcknowledged, post } from "./hook.ts";
import { mutantsOf } from "./mutants.ts";
import { wamidsOf } from "./rows.ts";

const FROM = "16045550111";

/** A delivery whose first message nests so deep; the second is healthy. */
function nested(phoneNumberId: string, depth: number, neighbour: unknown): string {
  const messages = [{ ...text(FROM, "Hi"), deep: "PLACE" }, neighbour];
  const deep = `${'{"a":['.repeat(depth / 2)}1${"]}".repeat(depth / 2)}`;
  return JSON.stringify(delivered(phoneNumberId, { messages })).replace('"PLACE"', deep);
}

for (const depth of [10, 100, 1000, 4000]) {
  Deno.test(`a nesting of ${depth} is stored with its neighbour`, async () => {
    const { phoneNumberId } = await makeWorkspace();
    const neighbour = text(FROM, "fine");
    assertAcknowledged(await post(nested(phoneNumberId, depth, neighbour)));
    assert.equal((await wamidsOf(phoneNumberId)).length, 2);
  });
}

for (const depth of [20_000, 500_000]) {
  Deno.test(`a nesting of ${depth} is beyond every database: 400, and no harm to the next`, async () => {
    const { phoneNumberId } = await makeWorkspace();
    const neighbour = text(FROM, "fine");
    assertProblem(await post(nested(phoneNumberId, depth, neighbour)), 400, "malformed_json");
    assertAcknowledged(
      await post(JSON.stringify(delivered(phoneNumberId, { messages: [neighbour] }))),
    );
    assert.deepEqual(await wamidsOf(phoneNumberId), [neighbour.id]);
  });
}

Deno.test("a signature that is cut off anywhere, or goes on, is none", async () => {
  const { phoneNumberId } = await makeWorkspace();
  const body = JSON.stringify(delivered(phoneNumberId, { messages: [text(FROM, "Hi")] }));
  const right = sign(body, stack.whatsapp.app_secret);
  await holds(
    fc.asyncProperty(fc.nat(right.length - 1), async (length) => {
      for (const signature of [right.slice(0, length), right + right.slice(length)]) {
        const answer = await post(body, { "x-hub-signature-256": signature });
        assertProblem(answer, 401, "invalid_signature");
      }
    }),
    30,
  );
  assert.deepEqual(await wamidsOf(phoneNumberId), []);
});

Deno.test("any one thing wrong in a delivery is acknowledged, and costs no neighbour", async () => {
  const { phoneNumberId } = await makeWorkspace();
  const [waId, other] = [uniquePhone().slice(1), uniquePhone().slice(1)];
  const wrong = [...mutantsOf(change(phoneNumberId, {
    contacts: [{ ...person(waId, "Ana"), user_id: "ID.7" }],
    messages: [text(waId, "Hi", { from_user_id: "ID.7", context: { id: "wamid.x" } })],
    statuses: [{ id: "wamid.y", status: "read", timestamp: "1790000001", recipient_id: waId }],
  }))];
  await holds(
    fc.asyncProperty(fc.constantFrom(...wrong), async ({ what, value }) => {
      const neighbour = text(other, "fine");
      const sent = delivery(value, change(phoneNumberId, { messages: [neighbour] }));
      const answer = await post(JSON.stringify(sent));
      assert.equal(answer.status, 200, `${what}: ${answer.text}`);
      const stored = await wamidsOf(phoneNumberId);
      assert.equal(stored.includes(neighbour.id), true, what);
    }),
    60,
  );
});

Deno.test("bytes that are no UTF-8 anywhere in a delivery: 400, and nothing of it is stored", async () => {
  const { phoneNumberId } = await makeWorkspace();
  const json = JSON.stringify(delivered(phoneNumberId, { messages: [text(FROM, "Hi")] }));
  const bytes = new TextEncoder().encode(json);
  await holds(
    fc.asyncProperty(
      fc.nat(bytes.length - 1),
      fc.constantFrom([0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0x80]),
      async (place, garbage) => {
        const sent = Uint8Array.from([...bytes.slice(0, place), ...garbage, ...bytes.slice(place)]);
        assertProblem(await post(sent), 400, "malformed_json");
      },
    ),
    40,
  );
  assert.deepEqual(await wamidsOf(phoneNumberId), []);
});
