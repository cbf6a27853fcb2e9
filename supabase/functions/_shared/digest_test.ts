import assert from "node:assert/strict";
import { equalInConstantTime, sha256Hex } from "./digest.ts";

Deno.test("SHA-256 of texts and bytes", async () => {
  const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  assert.equal(await sha256Hex(""), empty);
  assert.equal(await sha256Hex(new Uint8Array()), empty);
  assert.equal(await sha256Hex("é"), await sha256Hex(new Uint8Array([0xc3, 0xa9])));
});

Deno.test("texts are compared whole", async () => {
  assert.equal(await equalInConstantTime("secret", "secret"), true);
  for (const other of ["", "secre", "secret ", "Secret"]) {
    assert.equal(await equalInConstantTime("secret", other), false, other);
  }
});
