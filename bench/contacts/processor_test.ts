import assert from "node:assert/strict";
import { ticks } from "./processor.ts";

Deno.test("times are read behind a name that may have anything in it", () => {
  const stat = "42 (post) gres: 1 2) S 1 2 3 4 5 6 7 8 9 10 100 20 7 3 20 0 1 0 5";
  assert.deepEqual(ticks(stat), { own: 120, ended: 10 });
});
