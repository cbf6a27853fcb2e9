import assert from "node:assert/strict";
import { migrationFailure, planMigrations } from "./migrate.ts";

const first = {
  version: "1",
  name: "1_tables.sql",
  text: "create table a ();\n\n-- why\ncreate table b ();\n",
};
const second = { version: "2", name: "2_more.sql", text: "create table c ();" };
// As the CLI keeps them: split at semicolons, which it drops with the white space around them.
const firstApplied = {
  version: "1",
  statements: ["create table a ()", "-- why\ncreate table b ()"],
};

Deno.test("everything is pending on an empty database", () => {
  assert.deepEqual(planMigrations([first, second], []), {
    pending: ["1_tables.sql", "2_more.sql"],
    conflicting: [],
  });
});

Deno.test("an applied migration is neither pending nor in conflict", () => {
  assert.deepEqual(planMigrations([first, second], [firstApplied]), {
    pending: ["2_more.sql"],
    conflicting: [],
  });
});

Deno.test("white space alone is no conflict", () => {
  const respaced = { ...first, text: "\uFEFFcreate table a\n  ();\r\n-- why\ncreate table b ();" };
  assert.deepEqual(planMigrations([respaced], [firstApplied]).conflicting, []);
});

Deno.test("an applied migration whose file changed is in conflict", () => {
  const edited = { ...first, text: first.text.replace("table b", "table bb") };
  assert.deepEqual(planMigrations([edited], [firstApplied]).conflicting, ["1_tables.sql"]);
});

Deno.test("an applied migration whose file is gone is in conflict", () => {
  assert.deepEqual(planMigrations([second], [firstApplied]).conflicting, ["1"]);
});

Deno.test("a pending migration that belongs before an applied one is in conflict", () => {
  const secondApplied = { version: "2", statements: ["create table c ()"] };
  assert.deepEqual(planMigrations([first, second], [secondApplied]).conflicting, ["1_tables.sql"]);
});

Deno.test("a migration marked as applied by hand is taken at its word", () => {
  const marked = { version: "1", statements: null };
  assert.deepEqual(planMigrations([first], [marked]), { pending: [], conflicting: [] });
});

Deno.test("a failure is one line with the file, the error and the statement", () => {
  const stderr =
    "Target: custom Postgres\nApplying migration 1_tables.sql...\nApplying migration 2_more.sql...\n";
  const message =
    'ERROR: relation "x" does not exist (SQLSTATE 42P01)\nAt statement: 1\nselect\n  * from x';
  const stdout = `│\n${
    JSON.stringify({ _tag: "Error", error: { code: "MigrationApplyError", message } })
  }\n`;
  assert.equal(
    migrationFailure(stdout, stderr),
    'Migration 2_more.sql failed: ERROR: relation "x" does not exist (SQLSTATE 42P01) in: select * from x',
  );
});

Deno.test("a failure before the first migration still says what the CLI said", () => {
  assert.equal(
    migrationFailure("", "Target: custom Postgres\nconnection refused\n"),
    "Migration run failed: connection refused",
  );
});
