import assert from "node:assert/strict";
import { select, STEPS } from "./selection.ts";

const exists = (path: string) => path.includes("/");

Deno.test("nothing selects every step", () => {
  assert.deepEqual(select([], exists), { steps: [...STEPS], paths: {} });
});

Deno.test("a step's name selects the step, in the usual order", () => {
  assert.deepEqual(select(["pgtap", "fmt"], exists).steps, ["fmt", "pgtap"]);
});

const PATHS: [string, string][] = [
  ["supabase/tests/contacts.sql", "pgtap"],
  ["./supabase/tests/", "pgtap"],
  ["supabase/functions/_shared/phone_test.ts", "unit"],
  ["scripts/stack/", "unit"],
  ["tests/api/contacts_test.ts", "http"],
  ["tests/webhook/", "http"],
];

for (const [path, step] of PATHS) {
  Deno.test(`${path} is run by ${step}`, () => {
    assert.deepEqual(select([path], exists), {
      steps: [step],
      paths: { [step]: [path] },
      filter: undefined,
    });
  });
}

Deno.test("anything else filters the names of Deno's tests", () => {
  assert.deepEqual(select(["shuts", "down"], exists), {
    steps: ["unit", "http"],
    paths: {},
    filter: "shuts down",
  });
});

Deno.test("a filter narrows a path", () => {
  const { steps, filter } = select(["tests/api/contacts_test.ts", "cursor"], exists);
  assert.deepEqual(steps, ["http"]);
  assert.equal(filter, "cursor");
});
