import assert from "node:assert/strict";
import { ms, table, times } from "./table.ts";

Deno.test("a table is Markdown with a head", () => {
  assert.equal(table([["a", "b"], [1, "x"]]), "| a | b |\n| --- | --- |\n| 1 | x |");
});

Deno.test("figures have as many digits as mean something", () => {
  assert.deepEqual([0.844, 9.999, 12.34, 99.95, 1450.4].map(ms), [
    ...["0.84", "10.00", "12.3", "100.0", "1450"],
  ]);
  assert.deepEqual([1.257, 12.34].map(times), ["1.26 ×", "12.3 ×"]);
});
