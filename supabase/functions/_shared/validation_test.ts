import assert from "node:assert/strict";
import * as z from "zod";
import type { ApiError, FieldError } from "./errors.ts";
import { validate } from "./validation.ts";

/** What is said of a field with that value. */
function said(field: z.ZodType, value: unknown): string {
  try {
    validate(z.strictObject({ field }), { field: value }, "body");
  } catch (error) {
    return ((error as ApiError).problem.members!.errors as FieldError[])[0].message;
  }
  return "nothing";
}

Deno.test("a message names the field and what it has to be", () => {
  assert.equal(said(z.int(), 1.5), "field has to be a whole number.");
  assert.equal(said(z.object({}), 1), "field has to be an object.");
  assert.equal(
    said(z.iso.date(), "2026-02-30"),
    "field has to be a day in ISO 8601, e.g. 2026-01-31.",
  );
  assert.equal(said(z.iso.date(), "2026-02-28"), "nothing");
});
