import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { check, hexOf, MediaFault } from "./media_check.ts";

const BYTES = new TextEncoder().encode("what a person sent");
const digest = createHash("sha256").update(BYTES);
const HEX = digest.copy().digest("hex");
const BASE64 = digest.copy().digest("base64");
const unbroken = new AbortController().signal;

/** The bytes in pieces, without their length. */
function source(pieceBytes = 5): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < BYTES.length; at += pieceBytes) {
    pieces.push(BYTES.slice(at, at + pieceBytes));
  }
  return ReadableStream.from(pieces);
}

async function faultOf(limit: number, hashes: string[]): Promise<MediaFault> {
  const { stream, passed, fault } = check(source(), limit, hashes, unbroken);
  await assert.rejects(new Response(stream).bytes(), MediaFault);
  assert.equal(passed(), undefined);
  return fault()!;
}

Deno.test("bytes that are right pass, and are counted and hashed", async () => {
  for (const told of [[], [HEX], [BASE64], [HEX.toUpperCase(), BASE64.replace("=", "")]]) {
    const { stream, passed, fault } = check(source(), BYTES.length, told, unbroken);
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

Deno.test("breaking off ends a file whose response is no longer held", async () => {
  const cut = Promise.withResolvers<void>();
  let ends: ReturnType<typeof setTimeout>;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    request.signal.addEventListener("abort", () => cut.resolve());
    // A piece, and then nothing, but for its end to whoever does not break off.
    const start = (body: ReadableStreamDefaultController) => {
      body.enqueue(BYTES);
      ends = setTimeout(() => body.close(), 5_000);
    };
    return new Response(new ReadableStream({ start, cancel: () => clearTimeout(ends) }));
  });
  setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = runInNewContext("gc");
  const breaking = new AbortController();
  const both = AbortSignal.any([breaking.signal, new AbortController().signal]);
  try {
    const { stream } = await bytesAt(`http://127.0.0.1:${server.addr.port}`, both);
    const reader = stream.getReader();
    assert.deepEqual((await reader.read()).value, BYTES);
    const rest = assert.rejects(reader.read(), { name: "AbortError" });
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      collectGarbage();
    }
    breaking.abort();
    await rest;
    await cut.promise;
  } finally {
    await server.shutdown();
  }
});

/** What is left of the answer is its bytes. */
async function bytesAt(url: string, signal: AbortSignal) {
  const { body } = await fetch(url, { signal });
  return check(body!, Infinity, [], signal);
}
