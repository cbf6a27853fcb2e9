import assert from "node:assert/strict";
import { parseArguments } from "./arguments.ts";
import { StackProblem } from "./problem.ts";

const DEFAULTS = { port: 54321, data: ".leadbase", fresh: false, help: false };

Deno.test("without flags and variables the defaults hold", () => {
  assert.deepEqual(parseArguments([], {}), DEFAULTS);
});

Deno.test("flags take their value after a space or an equals sign", () => {
  const expected = { ...DEFAULTS, port: 0, data: "a=b", fresh: true };
  assert.deepEqual(parseArguments(["--port", "0", "--data", "a=b", "--fresh"], {}), expected);
  assert.deepEqual(parseArguments(["--port=0", "--data=a=b", "--fresh"], {}), expected);
});

Deno.test("variables mean the same as flags, and flags win", () => {
  const env = { LEADBASE_PORT: "1000", LEADBASE_DATA: "there", LEADBASE_FRESH: "1" };
  assert.deepEqual(parseArguments([], env), {
    ...DEFAULTS,
    port: 1000,
    data: "there",
    fresh: true,
  });
  assert.equal(parseArguments(["--port", "2000"], env).port, 2000);
  assert.equal(parseArguments([], { LEADBASE_FRESH: "false" }).fresh, false);
});

Deno.test("an existing database is an option", () => {
  const url = "postgresql://someone:secret@db.example:5432/app";
  assert.equal(parseArguments(["--db-url", url], {}).dbUrl, url);
  assert.equal(parseArguments([], { LEADBASE_DB_URL: url }).dbUrl, url);
});

const WRONG: [string, string[], Record<string, string>][] = [
  ["an unknown flag", ["--prot", "1"], {}],
  ["a word that belongs to no flag", ["start"], {}],
  ["a flag without its value", ["--data"], {}],
  ["a switch with a value", ["--fresh=yes"], {}],
  ["a port that is no number", ["--port", "http"], {}],
  ["a port beyond the last one", ["--port", "65536"], {}],
  ["another database's address", ["--db-url", "mysql://x"], {}],
  ["dropping a database that is not ours", ["--fresh", "--db-url", "postgres://x"], {}],
  ["a switch variable that is neither on nor off", [], { LEADBASE_FRESH: "maybe" }],
];

for (const [what, args, env] of WRONG) {
  Deno.test(`${what} is refused in one line with exit code 2`, () => {
    assert.throws(() => parseArguments(args, env), (error) => {
      assert.ok(error instanceof StackProblem);
      assert.equal(error.exitCode, 2);
      return !error.message.includes("\n");
    });
  });
}

Deno.test("a database's address is not repeated in a refusal: it may hold a password", () => {
  assert.throws(
    () => parseArguments(["--db-url", "mysql://someone:secret@db.example/app"], {}),
    (error) => error instanceof StackProblem && !error.message.includes("secret"),
  );
});
