import assert from "node:assert/strict";
import { StackProblem } from "../stack/problem.ts";
import { parseImportArguments } from "./arguments.ts";
import { report } from "./report.ts";

const stack = { url: "http://127.0.0.1:1/functions/v1", api_key: "lb_stack" };

Deno.test("the stack of the folder is meant unless somebody says otherwise", () => {
  const parse = (args: string[], env = {}) => parseImportArguments(args, env, stack)!;
  const plain = parse(["a.csv"]);
  assert.deepEqual([plain.file, plain.url, plain.key, plain.dryRun], [
    "a.csv",
    stack.url,
    stack.api_key,
    false,
  ]);
  assert.equal(parse(["a.csv"], { LEADBASE_URL: "https://x.example/" }).url, "https://x.example");
  const full = parse([
    "--dry-run",
    "--key",
    "lb_1",
    "--on-conflict",
    "update",
    "a.csv",
    "--errors=e.csv",
  ]);
  assert.deepEqual([full.key, full.onConflict, full.dryRun, full.errors], [
    "lb_1",
    "update",
    true,
    "e.csv",
  ]);
  for (const help of ["--help", "-h"]) {
    assert.equal(parseImportArguments([help], {}, undefined), undefined);
  }
});

Deno.test("what cannot be meant is refused with exit code 2", () => {
  const cases: [string[], typeof stack | undefined][] = [
    [[], stack],
    [["a", "b"], stack],
    [["a", "--fast"], stack],
    [["a"], undefined],
    [["a", "--url", "ftp://x"], stack],
    [["a", "--charset", "utf-8\nx: y"], stack],
  ];
  for (const [args, credentials] of cases) {
    const wrong = (error: unknown) => error instanceof StackProblem && error.exitCode === 2;
    assert.throws(() => parseImportArguments(args, {}, credentials), wrong);
  }
});

const done = {
  id: "1",
  status: "completed" as const,
  dry_run: true,
  columns: [{ column: "Phone", field: "phone" }, { column: "Fax", field: null }],
  progress: 100,
  rows: 30,
  created: 5,
  updated: 3,
  skipped: 2,
  failed: 20,
  error: null,
  errors: Array.from({ length: 20 }, (_, n) => ({ row: n + 1, column: "Phone", message: "No." })),
};

Deno.test("the report names what was lost, what was wrong and what came of it", () => {
  const lines = report(done).split("\n");
  assert.equal(lines[0], "Columns that are not imported: Fax");
  assert.equal(lines[1], "Row 1, Phone: No.");
  assert.equal(lines.at(-2), "… and 10 more rows with errors.");
  assert.equal(
    lines.at(-1),
    "Would be: 5 created, 3 updated, 2 skipped, 20 failed of 30 rows. Import 1",
  );
});

Deno.test("names of columns are told in one line each, nameless ones once", () => {
  const columns = ["", "Shoe\nsize", " ", "\x1b[31mRed"].map((column) => ({ column, field: null }));
  const errors = [{ row: 1, column: "Phone\r\nnumber", message: "No." }];
  const lines = report({ ...done, columns, errors, failed: 1 }).split("\n");
  assert.deepEqual(lines.slice(0, -1), [
    "Columns that are not imported: (without a name), Shoe size, [31mRed",
    "Row 1, Phone number: No.",
  ]);
});
