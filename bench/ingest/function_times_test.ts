import assert from "node:assert/strict";
import { addTo, type FunctionTimes, since } from "./function_times.ts";

Deno.test("what was added between two readings, of functions that were called", () => {
  const before: FunctionTimes = new Map([["a", { calls: 1, self: 5 }], ["b", {
    calls: 2,
    self: 3,
  }]]);
  const after: FunctionTimes = new Map([
    ["a", { calls: 4, self: 11 }],
    ["b", { calls: 2, self: 3 }],
    ["c", { calls: 1, self: 2 }],
  ]);
  assert.deepEqual(
    [...since(before, after)],
    [["a", { calls: 3, self: 6 }], ["c", { calls: 1, self: 2 }]],
  );
});

Deno.test("shares and speeds are summed up", () => {
  const total: FunctionTimes = new Map();
  addTo(total, new Map([["a", { calls: 10, self: 40 }]]), 0.5);
  addTo(total, new Map([["a", { calls: 10, self: 40 }]]), 0.5, 0.5);
  assert.deepEqual([...total], [["a", { calls: 10, self: 30 }]]);
});
