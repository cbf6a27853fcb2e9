/** Signed bodies that are no JSON are refused and recorded; JSON that is no delivery is kept. */
import assert from "node:assert/strict";
import { assertProblem } from "../support/problem.ts";
import { assertAcknowledged, post } from "./hook.ts";
import { deliveriesOf } from "./rows.ts";

const encoder = new TextEncoder();

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
