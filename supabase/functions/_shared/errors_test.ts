import assert from "node:assert/strict";
import { HTTPException } from "hono/http-exception";
import postgres from "postgres";
import { ApiError, invalid, keptRefusal, problemResponse, toProblem } from "./errors.ts";

function databaseError(code: string, more: Record<string, string> = {}): Error {
  const error = new Error(more.message ?? 'duplicate key value violates "contacts_secret_idx"');
  return Object.assign(error, { name: "PostgresError", severity: "ERROR", code }, more);
}

const BY_CODE: [code: string, status: number, expected: string][] = [
  ["23505", 409, "conflict"],
  ["23503", 422, "invalid_value"],
  ["23514", 422, "invalid_value"],
  ["23502", 422, "invalid_value"],
  ["22P02", 422, "invalid_value"],
  ["22008", 422, "invalid_value"],
  ["54001", 422, "invalid_value"],
  ["42501", 403, "forbidden"],
  ["40001", 503, "try_again"],
  ["40P01", 503, "try_again"],
  ["55P03", 503, "try_again"],
  ["57014", 503, "timeout"],
  ["57P01", 503, "database_unavailable"],
  ["57P03", 503, "database_unavailable"],
  ["53300", 503, "database_unavailable"],
  ["08006", 503, "database_unavailable"],
  ["58030", 503, "database_unavailable"],
  ["25006", 503, "database_unavailable"],
  ["CONNECT_TIMEOUT", 503, "database_unavailable"],
  ["CONNECTION_CLOSED", 503, "database_unavailable"],
  ["CONNECTION_ENDED", 503, "database_unavailable"],
  ["ECONNREFUSED", 503, "database_unavailable"],
  ["ECONNRESET", 503, "database_unavailable"],
  ["ENOTFOUND", 503, "database_unavailable"],
  ["42601", 500, "internal_error"],
  ["42883", 500, "internal_error"],
  ["P0001", 500, "internal_error"],
  ["XX000", 500, "internal_error"],
  ["PT200", 500, "internal_error"],
  ["ERR_SOMETHING", 500, "internal_error"],
];

for (const [code, status, expected] of BY_CODE) {
  Deno.test(`database error ${code} is ${status} ${expected} and tells nothing of the database`, () => {
    const problem = toProblem(
      databaseError(code, { detail: "Key (secret)=(1)", hint: '{"secret":1}' }),
    );
    assert.equal(problem.status, status);
    assert.equal(problem.code, expected);
    assert.doesNotMatch(JSON.stringify(problem), /secret|duplicate/);
  });
}

Deno.test("what our SQL raises keeps its status, code, sentence and members", () => {
  const problem = toProblem(databaseError("PT409", {
    message: "contact_exists",
    detail: "A contact with this phone number exists already.",
    hint: '{"contact_id":"1"}',
  }));
  assert.deepEqual(problem, {
    status: 409,
    code: "contact_exists",
    title: "Contact exists",
    detail: "A contact with this phone number exists already.",
    members: { contact_id: "1" },
  });
});

Deno.test("a code that is not in the list keeps its status and gets that status's title", () => {
  const problem = toProblem(
    databaseError("PT404", { message: "thing_not_found", hint: "not JSON" }),
  );
  assert.deepEqual(
    [problem.status, problem.code, problem.title, problem.members],
    [404, "thing_not_found", "Not found", undefined],
  );
});

Deno.test("a code named like something every object has is no code of ours", () => {
  assert.equal(toProblem(databaseError("PT418", { message: "toString" })).title, "Bad request");
});

Deno.test("a refusal kept for an idempotency key reads as it did when it was raised", () => {
  const body = JSON.stringify({ code: "contact_exists", detail: "It exists.", contact_id: "1" });
  const { problem } = keptRefusal(409, body, { "Idempotency-Replayed": "true" });
  assert.deepEqual(problem, {
    status: 409,
    code: "contact_exists",
    title: "Contact exists",
    detail: "It exists.",
    members: { contact_id: "1" },
    headers: { "Idempotency-Replayed": "true" },
  });
});

Deno.test("Hono's exceptions keep their status", () => {
  for (
    const [status, code] of [[400, "bad_request"], [404, "not_found"], [
      413,
      "body_too_large",
    ]] as const
  ) {
    assert.equal(toProblem(new HTTPException(status)).code, code);
  }
});

Deno.test("anything else is an internal error", () => {
  for (const thrown of [new TypeError("secret"), "secret", undefined, null, 5, { code: 7 }]) {
    const problem = toProblem(thrown);
    assert.equal(problem.code, "internal_error");
    assert.doesNotMatch(JSON.stringify(problem), /secret/);
  }
});

Deno.test("errors of the driver itself are known", () => {
  const error = new postgres.PostgresError("canceling statement due to user request");
  Object.assign(error, { code: "57014" });
  assert.equal(toProblem(error).code, "timeout");
});

Deno.test("a problem document has the members of RFC 9457 and ours", async () => {
  const error = invalid({ path: "/a", code: "required", message: "a is required." }, {
    path: "/b",
    code: "too_long",
    message: "b has to have at most 1 character.",
  });
  const response = problemResponse(toProblem(error), "id-1");
  assert.equal(response.status, 422);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  assert.deepEqual(await response.json(), {
    type: "urn:leadbase:problem:validation_failed",
    title: "Validation failed",
    status: 422,
    detail: "a is required. (1 more in errors)",
    code: "validation_failed",
    request_id: "id-1",
    errors: [
      { path: "/a", code: "required", message: "a is required." },
      { path: "/b", code: "too_long", message: "b has to have at most 1 character." },
    ],
  });
});

Deno.test("errors is there, and empty, in every other problem", async () => {
  const body = await problemResponse(toProblem(new ApiError("not_found")), "id-1").json();
  assert.deepEqual(body.errors, []);
});

Deno.test("401 brings a challenge, 503 the time to wait", () => {
  const header = (error: ApiError, name: string) =>
    problemResponse(toProblem(error), "").headers.get(name);
  assert.equal(
    header(new ApiError("credentials_missing"), "www-authenticate"),
    'Bearer realm="leadbase"',
  );
  assert.match(
    header(new ApiError("invalid_credentials"), "www-authenticate")!,
    /error="invalid_token"/,
  );
  assert.equal(
    header(new ApiError("invalid_signature"), "www-authenticate"),
    "X-Hub-Signature-256",
  );
  assert.equal(header(new ApiError("database_unavailable"), "retry-after"), "2");
  assert.equal(header(new ApiError("not_found"), "retry-after"), null);
});
