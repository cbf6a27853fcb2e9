import assert from "node:assert/strict";
import { readTap } from "./tap.ts";

Deno.test("a complete stream passes", () => {
  const lines = ["1..2", "ok 1 - one", "ok 2 - two"];
  assert.deepEqual(readTap(lines), { passed: 2, failed: 0, failures: [] });
});

Deno.test("the plan may come last", () => {
  assert.deepEqual(readTap(["ok 1 - one", "1..1"]), { passed: 1, failed: 0, failures: [] });
});

Deno.test("a failure is kept with its diagnosis", () => {
  const lines = ["1..2", "not ok 1 - one", "# Failed test 1", "#   have: 1", "ok 2 - two"];
  assert.deepEqual(readTap(lines), {
    passed: 1,
    failed: 1,
    failures: ["not ok 1 one\n  # Failed test 1\n  #   have: 1"],
  });
});

Deno.test("a test that was planned and never ran is a failure", () => {
  const result = readTap(["1..3", "ok 1", "ok 2"]);
  assert.equal(result.failed, 1);
  assert.match(result.failures[0], /planned 3 tests but ran 2/);
});

Deno.test("a test beyond the plan is a failure", () => {
  assert.equal(readTap(["1..1", "ok 1", "ok 2"]).failed, 1);
});

Deno.test("a stream without a plan is a failure", () => {
  assert.equal(readTap(["ok 1"]).failed, 1);
  assert.equal(readTap([]).failed, 1);
});

Deno.test("an error of the database is a failure, said once", () => {
  const result = readTap(["1..2", "ok 1"], "ERROR: division by zero");
  assert.deepEqual(result, {
    passed: 1,
    failed: 1,
    failures: ["after 1 tests: ERROR: division by zero"],
  });
});

Deno.test("bailing out is a failure", () => {
  assert.equal(readTap(["1..1", "Bail out! no database"]).failed, 1);
});

Deno.test("an expected failure (TODO) and a skipped test pass", () => {
  assert.equal(readTap(["1..2", "not ok 1 - one # TODO later", "ok 2 # SKIP none"]).passed, 2);
});
