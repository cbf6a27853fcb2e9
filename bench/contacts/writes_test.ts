import assert from "node:assert/strict";
import { UPKEEPS, variants } from "./upkeep.ts";
import { afterwards } from "./writes.ts";

Deno.test("what is put off until after the round counts as part of it", () => {
  const figures = { perSecond: 100, p50: 1, p95: 2, p99: 3 };
  assert.equal(afterwards(figures, 5, 0).perSecond, 100);
  assert.equal(afterwards(figures, 5, 5).perSecond, 50);
});

Deno.test("all upkeep comes first, none last, and each is left out once", () => {
  const off = variants().map((variant) => variant.off.length);
  assert.deepEqual(off, [0, ...UPKEEPS.map(() => 1), UPKEEPS.length]);
});
