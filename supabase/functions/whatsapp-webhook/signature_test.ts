import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { isSigned } from "./signature.ts";

const SECRET = "s3cret";
// With an escaped slash and an accent: parsing and writing it again would change the bytes.
const BODY = new TextEncoder().encode(
  '{"object":"whatsapp_business_account","url":"https:\\/\\/é"}',
);

function sign(bytes: Uint8Array, secret = SECRET): string {
  return `sha256=${createHmac("sha256", secret).update(bytes).digest("hex")}`;
}

Deno.test("a signature over the raw bytes is accepted", async () => {
  assert.equal(await isSigned(sign(BODY), BODY, [SECRET]), true);
});

Deno.test("an empty body can be signed", async () => {
  assert.equal(await isSigned(sign(new Uint8Array()), new Uint8Array(), [SECRET]), true);
});

Deno.test("while a secret is rotated, both sign", async () => {
  assert.equal(await isSigned(sign(BODY, "old"), BODY, ["new", "old"]), true);
  assert.equal(await isSigned(sign(BODY, "new"), BODY, ["new", "old"]), true);
  assert.equal(await isSigned(sign(BODY, "older"), BODY, ["new", "old"]), false);
});

const good = sign(BODY);
const REFUSED: [name: string, header: string | null][] = [
  ["none", null],
  ["empty", ""],
  ["without the prefix", good.slice(7)],
  ["SHA-1's prefix", good.replace("sha256", "sha1")],
  ["truncated", good.slice(0, -2)],
  ["one digit short", good.slice(0, -1)],
  ["too long", `${good}00`],
  ["upper-case digits", `sha256=${good.slice(7).toUpperCase()}`],
  ["an upper-case algorithm", good.replace("sha256", "SHA256")],
  ["not hex", `sha256=${"z".repeat(64)}`],
  ["one bit off", good.slice(0, -1) + (good.endsWith("0") ? "1" : "0")],
  ["another secret's", sign(BODY, "other")],
  ["of another body", sign(new Uint8Array([...BODY, 10]))],
];

for (const [name, header] of REFUSED) {
  Deno.test(`a signature is refused: ${name}`, async () => {
    assert.equal(await isSigned(header, BODY, [SECRET]), false);
  });
}

Deno.test("without secrets nothing is signed", async () => {
  assert.equal(await isSigned(good, BODY, []), false);
});
