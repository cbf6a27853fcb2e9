import assert from "node:assert/strict";
import { sharedBuffersMb } from "./postmaster.ts";

const GB = 2 ** 30;

Deno.test("Postgres gets a quarter of the memory, within bounds", () => {
  assert.equal(sharedBuffersMb(2 * GB), 512);
  assert.equal(sharedBuffersMb(0.25 * GB), 128);
  assert.equal(sharedBuffersMb(64 * GB), 1024);
});
