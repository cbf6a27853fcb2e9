/** How well words are read, a little under what `deno task bench sentiment` shows. */
import assert from "node:assert/strict";
import { measure, measureUnknown } from "../bench/sentiment/reading.ts";
import { LANGUAGES } from "../bench/sentiment/samples.ts";
import { withDatabase } from "./support/database.ts";

const FLOOR = { three: 0.92, five: 0.82, macroF1: 0.92, language: 0.95 };
// The tuning set is no measure; it tells that nothing that was mended is broken again.
const TUNED = { three: 0.95, five: 0.92, macroF1: 0.95, language: 0.95 };

for (const language of LANGUAGES) {
  for (const [set, floor] of [["labelled", FLOOR], ["tuning", TUNED]] as const) {
    Deno.test(`the ${set} sentences in ${language} are read as well as they were`, async () => {
      const found = await withDatabase((sql) => measure(sql, set, language));
      for (const figure of ["three", "five", "macroF1", "language"] as const) {
        assert.ok(found[figure] >= floor[figure], `${figure}: ${found[figure]}`);
      }
    });
  }
}

Deno.test("a language that is not read is hardly ever taken for one that is", async () => {
  assert.ok(await withDatabase(measureUnknown) >= 0.95);
});
