import assert from "node:assert/strict";
import { StackProblem } from "../stack/problem.ts";
import { parseGraphArguments } from "./arguments.ts";

const HOOK = "http://127.0.0.1:1/hook";

Deno.test("without options it listens on 54330 and reports nowhere", () => {
  assert.deepEqual(parseGraphArguments([], {}), { port: 54330, reply: false });
});

Deno.test("a webhook takes its secret from the options or the environment", () => {
  const args = ["--port=0", "--webhook", HOOK, "--reply"];
  const env = { WHATSAPP_APP_SECRET: "of the environment" };
  const expected = (appSecret: string) => ({
    port: 0,
    reply: true,
    webhook: { url: HOOK, appSecret },
  });
  assert.deepEqual(parseGraphArguments(args, env), expected("of the environment"));
  assert.deepEqual(parseGraphArguments([...args, "--app-secret", "s"], env), expected("s"));
});

Deno.test("help is no start", () => {
  assert.equal(parseGraphArguments(["--help"], {}), undefined);
});

const WRONG: [string, string[]][] = [
  ["an unknown option", ["--prot", "1"]],
  ["a word", ["start"]],
  ["a port that is no number", ["--port", "http"]],
  ["a webhook without a secret", ["--webhook", HOOK]],
  ["a webhook that is no address", ["--webhook", "there", "--app-secret", "s"]],
  ["replies to nowhere", ["--reply"]],
];

for (const [what, args] of WRONG) {
  Deno.test(`${what} is refused in one line with exit code 2`, () => {
    assert.throws(() => parseGraphArguments(args, {}), (error) => {
      assert.ok(error instanceof StackProblem);
      assert.equal(error.exitCode, 2);
      return !error.message.includes("\n");
    });
  });
}
