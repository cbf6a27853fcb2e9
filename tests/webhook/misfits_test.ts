/** Updates that no delivery should have: acknowledged all the same, and they cost no neighbour. */
import assert from "node:assert/strict";
import { withDatabase } from "../support/database.ts";
import { uniquePhone } from "../support/unique.ts";
import { makeWorkspace } from "../support/workspace.ts";
import { delivered, delivery, type Item, status, text } from "../fixtures/whatsapp/delivery.ts";
import { assertAcknowledged, deliver, post } from "./hook.ts";
import { deliveriesOf, messagesOf, wamidsOf } from "./rows.ts";

/** Values that no delivery has where a message, status or change belongs. */
const misfits: Record<string, unknown> = {
  "null": null,
  "a number": 7,
  "a string": "wamid.x",
  "a list": [],
  "an empty object": {},
  "nulls everywhere": {
    from: null,
    from_user_id: null,
    id: null,
    timestamp: null,
    type: null,
    text: null,
    context: null,
    referral: null,
    errors: null,
  },
  "objects everywhere": { from: {}, id: {}, timestamp: {}, type: {}, status: {}, text: [] },
  "an empty id and sender": { id: "", from: "", type: "text", timestamp: "" },
  "no id": { from: "16045550111", timestamp: "1790000001", type: "text", text: { body: "x" } },
  "a sender that is no number": { from: "nobody", id: "wamid.nobody", type: "text" },
  "an id of a thousand letters": { from: "16045550111", id: "x".repeat(1000), type: "text" },
  "a type of a hundred thousand letters": { from: "16045550111", type: "t".repeat(100_000) },
  "names of the object's prototype": JSON.parse(
    '{"__proto__":{"a":1},"constructor":{},"toString":null}',
  ),
};

let shared: ReturnType<typeof makeWorkspace> | undefined;

for (const [name, misfit] of Object.entries(misfits)) {
  Deno.test(`a misfit costs no neighbour: ${name}`, async () => {
    const { phoneNumberId } = await (shared ??= makeWorkspace());
    const before = text("16045550111", "before");
    const after = text("16045550112", "after");
    await deliver(delivered(phoneNumberId, {
      contacts: [misfit as never],
      messages: [before, misfit, after],
      statuses: [misfit],
      errors: misfit,
    }));
    const wamids = new Set(await wamidsOf(phoneNumberId));
    assert.deepEqual([wamids.has(before.id), wamids.has(after.id)], [true, true]);
  });

  Deno.test(`a misfit for a value or an entry costs no neighbour: ${name}`, async () => {
    const { phoneNumberId } = await (shared ??= makeWorkspace());
    const message = text("16045550111", "Hi");
    const good = delivered(phoneNumberId, { messages: [message] }).entry[0];
    const entries = [misfit, ...delivery({ field: "messages", value: misfit }).entry, good, {
      id: misfit,
      changes: [misfit, { field: misfit, value: misfit }],
    }];
    const before = await wamidsOf(phoneNumberId);
    await deliver({ object: misfit, entry: entries });
    assert.deepEqual(await wamidsOf(phoneNumberId), [...before, message.id].sort());
  });
}

Deno.test("an update that the database refuses is set aside, and its neighbours are stored", async () => {
  const { id, phoneNumberId } = await makeWorkspace();
  await deliver(delivered(phoneNumberId, { messages: [text("16045550111", "first")] }));
  // One more unread message than the column can count: there is no other way to break one alone.
  await withDatabase((sql) =>
    sql`update public.conversations set unread_count = 2147483647 where workspace_id = ${id}`
  );
  const refused = text("16045550111", "one too many");
  const neighbours = [text("16045550112", "before"), text("16045550113", "after")];
  const body = JSON.stringify(delivered(phoneNumberId, {
    messages: [neighbours[0], refused, neighbours[1]],
    statuses: [status("wamid.unknown", "read", 1)],
  }));
  assertAcknowledged(await post(body));
  const stored = (await messagesOf(phoneNumberId)).map((row) => row.body);
  assert.deepEqual(stored.sort(), ["after", "before", "first"]);
  const [kept] = await deliveriesOf(body);
  assert.equal(kept.status, "partly_failed");
  assert.equal(kept.failures.length, 1);
  assert.match(JSON.stringify(kept.failures[0].item), new RegExp(refused.id));
  assert.match(kept.failures[0].error, /^22003 /);
});

Deno.test("numbers written as strings, and strings as numbers", async () => {
  const workspace = await makeWorkspace();
  const wa = uniquePhone().slice(1);
  const strings = text(wa, "1");
  const numbers: Item = { ...text(wa, "2"), from: Number(wa), timestamp: 1790000002 };
  const metadata = { phone_number_id: Number(workspace.phoneNumberId) };
  await deliver(delivery({ field: "messages", value: { metadata, messages: [strings, numbers] } }));
  const rows = await messagesOf(workspace.phoneNumberId);
  assert.deepEqual(rows.map((row) => row.body), ["1", "2"]);
  assert.deepEqual(rows.map((row) => row.sent_at), [
    new Date(1790000001000),
    new Date(1790000002000),
  ]);
  assert.equal(rows[0].contact_id, rows[1].contact_id);
});

Deno.test("a time that is none is the time of arrival", async () => {
  const { phoneNumberId } = await makeWorkspace();
  const times = ["soon", "-5", "1.5", 1.5, "", null, {}, "9".repeat(30), undefined];
  const began = Date.now();
  const messages = times.map((timestamp) => ({ ...text("16045550111", "x"), timestamp }));
  await deliver(delivered(phoneNumberId, { messages }));
  const rows = await messagesOf(phoneNumberId);
  assert.equal(rows.length, times.length);
  for (const row of rows) {
    assert.equal(
      row.sent_at.getTime() >= began - 1000 && row.sent_at.getTime() <= Date.now() + 1000,
      true,
    );
  }
});

Deno.test("what Postgres cannot hold in a text is replaced, and all the rest of it stays", async () => {
  const { phoneNumberId } = await makeWorkspace();
  const message = text("16045550111", "PLACE");
  const neighbour = text("16045550112", "fine");
  const json = JSON.stringify(delivered(phoneNumberId, {
    contacts: [{ wa_id: "16045550111", profile: { name: "PLACE" } }],
    messages: [message, neighbour],
  }));
  const unstorable = String.raw`a\u0000b\ud800c\\u0000\udfff\ud83d\ude00\DC00`.replace(
    "\\DC00",
    "\\uDC00",
  );
  const sent = json.replaceAll("PLACE", unstorable);
  assertAcknowledged(await post(sent));
  const rows = await messagesOf(phoneNumberId);
  assert.equal(rows.length, 2);
  const [row] = rows.filter((row) => row.wa_message_id === message.id);
  assert.equal(row.body, "a\ufffdb\ufffdc\\u0000\ufffd😀\ufffd");
  assert.equal(row.sender_name, row.body);
  // The delivery itself is kept as it came all the same.
  const [kept] = await deliveriesOf(sent);
  assert.deepEqual(kept.raw && Uint8Array.from(kept.raw), new TextEncoder().encode(sent));
  assert.equal(kept.status, "processed");
});

Deno.test("a nesting of a thousand objects in a message is stored", async () => {
  const { phoneNumberId } = await makeWorkspace();
  const message = text("16045550111", "Hi");
  const deep = `${'{"a":'.repeat(1000)}1${"}".repeat(1000)}`;
  const json = JSON.stringify(
    delivered(phoneNumberId, { messages: [{ ...message, deep: "PLACE" }] }),
  );
  assertAcknowledged(await post(json.replace('"PLACE"', deep)));
  const [row] = await messagesOf(phoneNumberId);
  assert.equal(JSON.stringify(row.payload.deep), deep);
});
