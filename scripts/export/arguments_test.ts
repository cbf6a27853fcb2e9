import assert from "node:assert/strict";
import { StackProblem } from "../stack/problem.ts";
import { parseExportArguments } from "./arguments.ts";

const stack = { url: "http://127.0.0.1:1/functions/v1", api_key: "lb_stack" };

Deno.test("every flag but the API's address and key is a parameter", () => {
  const parse = (args: string[]) => parseExportArguments(args, {}, stack)!;
  const asked = parse([
    "a.csv",
    "--status",
    "new,lost",
    "--has-email=true",
    "--search=a=b",
    "--url=http://x/",
  ]);
  assert.equal(asked.parameters.toString(), "status=new%2Clost&has_email=true&search=a%3Db");
  assert.deepEqual([asked.file, asked.url, asked.key], ["a.csv", "http://x", "lb_stack"]);
  assert.equal(parse(["--sort", "-name"]).parameters.get("sort"), "-name");
  assert.equal(parse([]).file, undefined);
  assert.equal(parseExportArguments(["--help"], {}, undefined), undefined);
});

Deno.test("what cannot be meant is refused with exit code 2", () => {
  const cases: [string[], typeof stack | undefined][] = [
    [["a", "b"], stack],
    [["--status"], stack],
    [["--url", "ftp://x"], stack],
    [[], undefined],
  ];
  for (const [args, credentials] of cases) {
    const wrong = (error: unknown) => error instanceof StackProblem && error.exitCode === 2;
    assert.throws(() => parseExportArguments(args, {}, credentials), wrong);
  }
});
