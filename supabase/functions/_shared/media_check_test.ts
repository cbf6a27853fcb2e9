import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { check, hexOf, MediaFault } from "./media_check.ts";

const BYTES = new TextEncoder().encode("what a person sent");
const digest = createHash("sha256").update(BYTES);
const HEX = digest.copy().digest("hex");
const BASE64 = digest.copy().digest("base64");

/** The bytes in pieces, without their length. */
function source(pieceBytes = 5): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < BYTES.length; at += pieceBytes) {
    pieces.push(BYTES.slice(at, at + pieceBytes));
  }
  return ReadableStream.from(pieces);
}

async function faultOf(limit: number, hashes: string[]): Promise<MediaFault> {
  const { stream, passed, fault } = check(source(), limit, hashes);
  await assert.rejects(new Response(stream).bytes(), MediaFault);
  assert.equal(passed(), undefined);
  return fault()!;
}

Deno.test("bytes that are right pass, and are counted and hashed", async () => {
  for (const told of [[], [HEX], [BASE64], [HEX.toUpperCase(), BASE64.replace("=", "")]]) {
    const { stream, passed, fault } = check(source(), BYTES.length, told);
    assert.deepEqual(await new Response(stream).bytes(), BYTES);
    assert.deepEqual(passed(), { sha256: HEX, sizeBytes: BYTES.length });
    assert.equal(fault(), undefined);
  }
});

Deno.test("one byte too many ends the stream for good", async () => {
  const fault = await faultOf(BYTES.length - 1, [HEX]);
  assert.equal(fault.code, "too_large");
  assert.equal(fault.more.final, true);
});

Deno.test("all hashes have to hold, and one that is none never does", async () => {
  for (const wrong of ["0".repeat(64), "q1w=", "", `${HEX} `]) {
    const fault = await faultOf(BYTES.length, [HEX, wrong]);
    assert.equal(fault.code, "hash_mismatch", wrong);
    assert.notEqual(fault.more.final, true);
  }
});

Deno.test("a hash is read as hex or base64", () => {
  assert.equal(hexOf(HEX), HEX);
  assert.equal(hexOf(BASE64), HEX);
  assert.equal(hexOf(BASE64.slice(1)), undefined);
  assert.equal(hexOf("../../etc/passwd"), undefined);
});
