/** Bodies of any kind under a good signature: never an error of ours, never a lost neighbour. */
import assert from "node:assert/strict";
import { withDatabase } from "../support/database.ts";
import { assertProblem } from "../support/problem.ts";
import { stack } from "../support/stack.ts";
import { uniquePhone } from "../support/unique.ts";
import { makeWorkspace } from "../support/workspace.ts";
import {
  delivered,
  delivery,
  type Item,
  sign,
  status,
  text,
} from "../fixtures/whatsapp/delivery.ts";
import { assertAcknowledged, deliver, post } from "./hook.ts";
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

/** Bytes that are no JSON in UTF-8: each with its own nonce, to be found again. */
const malformed: Record<string, (nonce: string) => Uint8Array<ArrayBuffer>> = {
  "cut off": (nonce) => encoder.encode(`{"object":"${nonce}","entry":[{`),
  "no JSON at all": (nonce) => encoder.encode(`<xml>${nonce}</xml>`),
  "two values": (nonce) => encoder.encode(`{"a":"${nonce}"}{}`),
  "a trailing comma": (nonce) => encoder.encode(`{"a":"${nonce}",}`),
  "single quotes": (nonce) => encoder.encode(`{'a':'${nonce}'}`),
  "a raw line break in a string": (nonce) => encoder.encode(`{"a":"${nonce}\n"}`),
  "a raw NUL": (nonce) => encoder.encode(`{"a":"${nonce}\u0000"}`),
  "NaN": (nonce) => encoder.encode(`{"a":"${nonce}","b":NaN}`),
  "white space only": (nonce) => encoder.encode(blank(nonce)),
  "a bad escape": (nonce) => encoder.encode(`{"a":"${nonce}\\x41"}`),
  "invalid UTF-8 in a string": (nonce) => joined(`{"a":"${nonce}`, [0xff, 0xfe], `"}`),
  "a surrogate in UTF-8": (nonce) => joined(`{"a":"${nonce}`, [0xed, 0xa0, 0x80], `"}`),
  "an overlong slash": (nonce) => joined(`{"a":"${nonce}`, [0xc0, 0xaf], `"}`),
  "UTF-16": (nonce) =>
    Uint8Array.from([0xff, 0xfe, ...[...`{"a":"${nonce}"}`].flatMap((c) => [c.charCodeAt(0), 0])]),
  "gzip": (nonce) => joined("", [0x1f, 0x8b, 8, 0], nonce),
  "a number beyond every database": (nonce) => encoder.encode(`{"a":"${nonce}","b":1e999999}`),
  "a hundred thousand lists": (nonce) =>
    encoder.encode(`{"a":"${nonce}","b":${"[".repeat(100_000)}${"]".repeat(100_000)}}`),
};

/** White space that no other nonce makes. */
function blank(nonce: string): string {
  return [...nonce].map((digit) => " \t\n\r"[parseInt(digit, 16) % 4] ?? " ").join("");
}

function joined(before: string, bytes: number[], after: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...encoder.encode(before), ...bytes, ...encoder.encode(after)]);
}

for (const [name, make] of Object.entries(malformed)) {
  Deno.test(`malformed under a good signature, 400 and recorded: ${name}`, async () => {
    const bytes = make(crypto.randomUUID());
    assertProblem(await post(bytes), 400, "malformed_json");
    const [kept, ...more] = await deliveriesOf(bytes);
    assert.deepEqual(more, []);
    assert.deepEqual(kept.raw && Uint8Array.from(kept.raw), bytes);
    assert.equal(kept.body, null);
    assert.equal(kept.status, "rejected");
    assert.equal(typeof kept.detail.reason, "string");
  });
}

Deno.test("an empty body under a good signature: 400", async () => {
  assertProblem(await post(""), 400, "malformed_json");
});

/** JSON that is no delivery. */
const strange: unknown[] = [
  null,
  true,
  0,
  "",
  "a string",
  [],
  [[]],
  [{ entry: [] }],
  {},
  { entry: null },
  { entry: {} },
  { entry: "x" },
  { entry: [null, 1, "x", [], {}] },
  { entry: [{ changes: null }, { changes: {} }, { changes: [null, 1, "x", [], {}] }] },
  { entry: [{ id: null, changes: [{ field: null, value: null }] }] },
  { entry: [{ id: {}, changes: [{ field: {}, value: [] }] }] },
  { object: "page", entry: [] },
];

for (const payload of strange) {
  Deno.test(`acknowledged and kept: ${JSON.stringify(payload)}`, async () => {
    // White space of its own tells this delivery from the same one of another run.
    const body = JSON.stringify(payload) + blank(crypto.randomUUID());
    assertAcknowledged(await post(body));
    assert.equal((await deliveriesOf(body)).length, 1);
  });
}

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
  assert.deepEqual(kept.raw && Uint8Array.from(kept.raw), encoder.encode(sent));
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
