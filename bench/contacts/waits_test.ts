import assert from "node:assert/strict";
import { shares, waitingForRows } from "./waits.ts";

Deno.test("shares are of all sessions seen, and rows are waited for in two ways", () => {
  const waits = new Map([["running", 5], ["Lock:tuple", 1], ["Lock:transactionid", 2], [
    "IO:X",
    2,
  ]]);
  assert.deepEqual(shares(waits)[0], ["running", 0.5]);
  assert.ok(Math.abs(waitingForRows(waits) - 0.3) < 1e-9);
});
