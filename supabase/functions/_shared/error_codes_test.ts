import assert from "node:assert/strict";
import { ERROR_CODES, type ErrorCode, FIELD_ERROR_CODES } from "./error_codes.ts";
import { errorDocs } from "./error_docs.ts";

const MIGRATIONS = new URL("../../migrations/", import.meta.url);
const DOCS = new URL("../../../docs/errors.md", import.meta.url);

function* sqlMatches(pattern: RegExp): Generator<RegExpMatchArray> {
  for (const { name } of Deno.readDirSync(MIGRATIONS)) {
    if (name.endsWith(".sql")) {
      yield* Deno.readTextFileSync(new URL(name, MIGRATIONS)).matchAll(pattern);
    }
  }
}

Deno.test("every code that the migrations raise is documented with that status", () => {
  const raised = [...sqlMatches(/refuse\(\s*(\d{3}),\s*'(\w+)'/g)];
  assert.ok(raised.length > 0);
  for (const [, status, code] of raised) {
    assert.equal(ERROR_CODES[code as ErrorCode]?.status, Number(status), code);
  }
});

Deno.test("every field code that the migrations raise is documented", () => {
  const raised = [...sqlMatches(/refuse_field\([^,;]+,\s*'(\w+)'/g)];
  assert.ok(raised.length > 0);
  for (const [, code] of raised) assert.ok(code in FIELD_ERROR_CODES, code);
});

function rows(markdown: string): string[] {
  return markdown.split("\n").filter((line) => line.startsWith("| ") && line.includes("`"))
    .map((line) => line.split("|").map((cell) => cell.trim()).join("|"));
}

Deno.test("docs/errors.md lists exactly the codes there are", () => {
  assert.deepEqual(rows(Deno.readTextFileSync(DOCS)), rows(errorDocs()));
});

Deno.test("titles and meanings are written for people", () => {
  for (const [code, { title, meaning }] of Object.entries(ERROR_CODES)) {
    assert.match(title, /^[A-Z][^.]+$/, code);
    assert.match(meaning, /^[A-Z`].*[.)]$/, code);
  }
});
