/** Claims about problem answers (RFC 9457). */
import assert from "node:assert/strict";
import type { Answer } from "./http.ts";
import type { Problem } from "./types.ts";

const MEMBERS = ["code", "detail", "errors", "request_id", "status", "title", "type"];

// Words of Postgres's own messages: none of them may reach a caller.
const DATABASE_TEXT =
  /\brelation\b|\bcolumn\b|\bviolates\b|SQLSTATE|constraint|syntax error|\bpg_|plpgsql|PT\d{3}/i;

/**
 * The answer is a problem of that status and code, whole and well-formed.
 *
 * @param extra names of the members that it has beside those of every problem
 */
export function assertProblem(
  answer: Answer<unknown>,
  status: number,
  code: string,
  extra: readonly string[] = [],
): Problem {
  assert.equal(`${answer.status} ${answer.text}`.slice(0, 3), String(status), answer.text);
  assert.equal(answer.headers.get("content-type"), "application/problem+json");
  const problem = answer.body as Problem;
  assert.equal(problem.code, code, answer.text);
  assert.deepEqual(Object.keys(problem).sort(), [...MEMBERS, ...extra].sort());
  assert.equal(problem.status, status);
  assert.equal(problem.request_id, answer.headers.get("x-request-id"));
  for (const member of [problem.type, problem.title, problem.detail]) {
    assert.equal(typeof member, "string");
    assert.notEqual(member, "");
  }
  assert.equal(Array.isArray(problem.errors), true);
  assertNoDatabaseText(answer);
  return problem;
}

/** The answer is 422 validation_failed with exactly these findings, in any order. */
export function assertInvalid(answer: Answer<unknown>, findings: Record<string, string>): Problem {
  const problem = assertProblem(answer, 422, "validation_failed");
  const found = problem.errors.map(({ path, code, message, ...rest }) => {
    assert.deepEqual(rest, {});
    assert.notEqual(message, "");
    return [path, code];
  });
  assert.deepEqual(found.sort(), Object.entries(findings).sort(), answer.text);
  return problem;
}

/** No word of Postgres's own messages stands in the answer. */
export function assertNoDatabaseText(answer: Answer<unknown>): void {
  assert.doesNotMatch(answer.text, DATABASE_TEXT);
}
