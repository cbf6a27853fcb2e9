import assert from "node:assert/strict";
import { countJunit, failureText } from "./junit.ts";

Deno.test("passed, failed and ignored tests are told apart", () => {
  const xml = `<testsuites><testsuite name="a">
    <testcase name="good &lt;x&gt;" time="0.1">
    </testcase>
    <testcase name="bad"><failure message="m">text</failure></testcase>
    <testcase name="ignored"><skipped/></testcase>
    <testcase name="short"/>
  </testsuite></testsuites>`;
  assert.deepEqual(countJunit(xml), { passed: 2, failed: 1 });
  assert.deepEqual(countJunit(""), { passed: 0, failed: 0 });
});

Deno.test("of an output only the explanation of failures is shown", () => {
  const output = "one ... ok\n\n ERRORS \n\ntwo => ./x:1\nerror: boom\n\n FAILURES \n\ntwo\n";
  assert.equal(failureText(output), "ERRORS \n\ntwo => ./x:1\nerror: boom");
  assert.equal(failureText("error: Module not found\n"), "error: Module not found");
});
