/** Whatever comes under a good signature is stored or refused, and what is good in it is stored. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { uniquePhone } from "../support/unique.ts";
import { makeWorkspace } from "../support/workspace.ts";
import { at, delivered, type Parts, person, status, text } from "../fixtures/whatsapp/delivery.ts";
import samples from "../fixtures/whatsapp/messages.json" with { type: "json" };
import { post } from "../webhook/hook.ts";
import { messagesOf } from "../webhook/rows.ts";
import { anyJson, type Json, nearly } from "./arbitraries.ts";
import { holds } from "./runs.ts";

Deno.test("any bytes under a good signature are stored or refused", async () => {
  await holds(
    fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), async (bytes) => {
      const answer = await post(Uint8Array.from(bytes));
      assert.equal([200, 400].includes(answer.status), true, `${answer.status} ${answer.text}`);
    }),
    100,
  );
});

Deno.test("any JSON under a good signature is acknowledged", async () => {
  await holds(
    fc.asyncProperty(anyJson, async (json) => {
      const answer = await post(JSON.stringify(json));
      assert.equal(answer.status, 200, answer.text);
    }),
    100,
  );
});

Deno.test("a delivery with mistakes anywhere is acknowledged", async () => {
  const { phoneNumberId } = await makeWorkspace();
  const [waId, other] = [uniquePhone().slice(1), uniquePhone().slice(1)];
  const delivery = delivered(phoneNumberId, {
    contacts: [person(waId, "Ana"), { ...person(other, "Ben"), user_id: "CA.7" }],
    messages: [text(waId, "Hi"), { ...text(other, "Ho"), from_user_id: "CA.7" }],
    statuses: [status("wamid.x", "read", 1)],
  });
  await holds(
    fc.asyncProperty(nearly(delivery as unknown as Json), async (json) => {
      const answer = await post(JSON.stringify(json));
      assert.equal(answer.status, 200, answer.text);
    }),
    150,
  );
});

Deno.test("mistakes in one update cost no other update of the delivery", async () => {
  const { phoneNumberId } = await makeWorkspace();
  const message = fc.constantFrom(...samples).chain(({ message }) => {
    const whole = { ...text(uniquePhone().slice(1), "x"), ...message, timestamp: at(2) };
    return nearly(whole as unknown as Json);
  });
  const wrong = fc.record({
    contacts: fc.array(nearly({ wa_id: "16045550111", profile: { name: "Ana" } }), {
      maxLength: 2,
    }),
    messages: fc.array(message, { maxLength: 3 }),
    statuses: fc.array(nearly({ id: "wamid.x", status: "read", timestamp: at(1) }), {
      maxLength: 2,
    }),
  });
  await holds(
    fc.asyncProperty(wrong, fc.nat(), async ({ contacts, messages, statuses }, position) => {
      const good = text(uniquePhone().slice(1), "good");
      const all: unknown[] = [...messages];
      all.splice(position % (all.length + 1), 0, good);
      const parts = { contacts, messages: all, statuses } as Parts;
      const answer = await post(JSON.stringify(delivered(phoneNumberId, parts)));
      assert.equal(answer.status, 200, answer.text);
      const rows = (await messagesOf(phoneNumberId)).filter((row) => row.wa_message_id === good.id);
      assert.deepEqual(rows.map((row) => row.body), ["good"]);
    }),
    60,
  );
});
