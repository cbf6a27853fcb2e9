import assert from "node:assert/strict";
import { HTTPException } from "hono/http-exception";
import * as z from "zod";
import { createApp } from "./app.ts";
import { ApiError, type FieldError } from "./errors.ts";
import { type Call, type Reply, route } from "./route.ts";

const described = { tag: "Test", summary: "", description: "", answers: () => ({}), errors: [] };

function echo({ query, params, body }: Call): Reply {
  return { status: 200, body: JSON.stringify({ query, params, body }), headers: { etag: '"1"' } };
}

const app = createApp("things", [
  route({
    ...described,
    method: "GET",
    path: "/",
    operationId: "list",
    scope: null,
    query: z.strictObject({ limit: z.string().optional(), tags: z.array(z.string()).optional() }),
    run: echo,
  }),
  route({
    ...described,
    method: "POST",
    path: "/",
    operationId: "create",
    scope: null,
    body: z.strictObject({ name: z.string().max(3), custom: z.unknown().optional() }),
    readOnly: new Set(["id"]),
    run: echo,
  }),
  route({
    ...described,
    method: "DELETE",
    path: "/:id",
    operationId: "remove",
    scope: null,
    params: z.strictObject({ id: z.string().max(4) }),
    run: () => ({ status: 204, body: null }),
  }),
  route({
    ...described,
    method: "GET",
    path: "/guarded",
    operationId: "guarded",
    scope: "contacts:read",
    run: echo,
  }),
  route({
    ...described,
    method: "POST",
    path: "/guarded",
    operationId: "guardedWrite",
    scope: "contacts:write",
    run: echo,
  }),
  route({
    ...described,
    method: "GET",
    path: "/failing",
    operationId: "failing",
    scope: null,
    query: z.strictObject({ how: z.string() }),
    run: ({ query }) => {
      if (query.how === "api") throw new ApiError("contact_not_found");
      if (query.how === "hono") throw new HTTPException(415);
      throw new Error("secret");
    },
  }),
]);

interface Answer {
  status: number;
  headers: Headers;
  body: { errors: FieldError[]; [member: string]: unknown };
}

async function ask(
  method: string,
  path: string,
  body?: BodyInit,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const json: Record<string, string> = typeof body === "string"
    ? { "content-type": "application/json" }
    : {};
  const request = new Request(`http://localhost${path}`, {
    method,
    body,
    headers: { ...json, ...headers },
  });
  const response = await app.fetch(request);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text && JSON.parse(text) };
}

function first({ body }: Answer): string {
  const [error] = body.errors;
  return `${error.path} ${error.code}`;
}

Deno.test("a route gets its parts and answers with its headers", async () => {
  const answer = await ask("GET", "/things?limit=5&tags=a,b&tags=c");
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body, { query: { limit: "5", tags: ["a", "b", "c"] }, params: {} });
  assert.equal(answer.headers.get("etag"), '"1"');
  assert.equal(answer.headers.get("content-type"), "application/json");
});

Deno.test("every answer has the common headers", async () => {
  for (
    const [method, path] of [["GET", "/things"], ["GET", "/nothing"], ["PUT", "/things"], [
      "OPTIONS",
      "/things",
    ]]
  ) {
    const { headers } = await ask(method, path);
    assert.match(headers.get("x-request-id")!, /^[0-9a-f-]{36}$/);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("cache-control"), "no-store");
    assert.equal(headers.get("access-control-allow-origin"), "*");
    assert.match(headers.get("access-control-expose-headers")!, /X-Request-Id/);
  }
});

Deno.test("a sane request id is kept, in the problem as well", async () => {
  const { headers, body } = await ask("GET", "/things/x/y", undefined, {
    "x-request-id": "trace-1.2:3/4",
  });
  assert.equal(headers.get("x-request-id"), "trace-1.2:3/4");
  assert.equal(body.request_id, "trace-1.2:3/4");
  for (const bad of ["", "a b", "<script>", "x".repeat(129), "é"]) {
    const kept = (await ask("GET", "/things", undefined, { "x-request-id": bad })).headers.get(
      "x-request-id",
    );
    assert.match(kept!, /^[0-9a-f-]{36}$/, bad);
  }
});

Deno.test("a slash at the end and the public prefix change nothing", async () => {
  for (const path of ["/things/", "/functions/v1/things", "/functions/v1/things/?limit=1"]) {
    assert.equal((await ask("GET", path)).status, 200, path);
  }
});

Deno.test("an unknown address is 404", async () => {
  for (const path of ["/", "/thing", "/things/1/2", "/functions/v1", "/functions/v1/thing"]) {
    const { status, body } = await ask("GET", path);
    assert.deepEqual([status, body.code], [404, "not_found"], path);
  }
});

Deno.test("another method is 405 with those that there are", async () => {
  const collection = await ask("PUT", "/things", "{}");
  assert.deepEqual([collection.status, collection.body.code], [405, "method_not_allowed"]);
  assert.equal(collection.headers.get("allow"), "GET, HEAD, POST, OPTIONS");
  assert.equal((await ask("GET", "/things/1")).headers.get("allow"), "DELETE, OPTIONS");
});

Deno.test("a path of its own is no parameter of another, whatever the method", async () => {
  const { status, headers } = await ask("DELETE", "/things/guarded");
  assert.deepEqual([status, headers.get("allow")], [405, "GET, HEAD, POST, OPTIONS"]);
});

Deno.test("OPTIONS answers a preflight", async () => {
  const asked = {
    origin: "https://x.example",
    "access-control-request-headers": "authorization, x-new",
  };
  const { status, headers } = await ask("OPTIONS", "/things", undefined, asked);
  assert.equal(status, 204);
  assert.equal(headers.get("access-control-allow-methods"), "GET, HEAD, POST, OPTIONS");
  assert.equal(headers.get("access-control-allow-headers"), "authorization, x-new");
  assert.equal(headers.get("allow"), "GET, HEAD, POST, OPTIONS");
});

Deno.test("OPTIONS needs no credentials", async () => {
  assert.equal((await ask("OPTIONS", "/things/guarded")).status, 204);
});

Deno.test("only configured origins may read answers", async () => {
  Deno.env.set("CORS_ORIGINS", "https://a.example, https://b.example");
  try {
    const allowed = async (origin: string) =>
      (await ask("GET", "/things", undefined, { origin })).headers.get(
        "access-control-allow-origin",
      );
    assert.equal(await allowed("https://b.example"), "https://b.example");
    assert.equal(await allowed("https://c.example"), null);
    assert.equal((await ask("GET", "/things")).headers.get("vary"), "Origin");
  } finally {
    Deno.env.delete("CORS_ORIGINS");
  }
});

Deno.test("HEAD is GET without the body", async () => {
  const { status, headers, body } = await ask("HEAD", "/things?limit=1");
  assert.deepEqual([status, body, headers.get("etag")], [200, "", '"1"']);
  assert.equal((await ask("HEAD", "/things?bogus=1")).status, 422);
});

Deno.test("204 has neither body nor type", async () => {
  const { status, headers, body } = await ask("DELETE", "/things/1");
  assert.deepEqual([status, body, headers.get("content-type")], [204, "", null]);
});

Deno.test("unknown, repeated and broken query parameters are 422", async () => {
  assert.equal(first(await ask("GET", "/things?bogus=1")), "/bogus unknown_parameter");
  assert.equal(first(await ask("GET", "/things?limit=1&limit=2")), "/limit repeated");
  assert.equal(first(await ask("GET", "/things?limit=%00")), "/limit invalid_text");
  assert.equal(first(await ask("GET", "/things?__proto__=1")), "/__proto__ unknown_parameter");
  assert.equal(
    first(await ask("POST", "/things?limit=1", '{"name":"a"}')),
    "/limit unknown_parameter",
  );
});

Deno.test("path parameters are validated", async () => {
  assert.equal(first(await ask("DELETE", "/things/12345")), "/id too_long");
});

Deno.test("body fields are validated, strangers and computed ones told apart", async () => {
  assert.equal(first(await ask("POST", "/things", "{}")), "/name required");
  assert.equal(first(await ask("POST", "/things", '{"name":5}')), "/name invalid_type");
  assert.equal(first(await ask("POST", "/things", '{"name":"abcd"}')), "/name too_long");
  assert.equal(first(await ask("POST", "/things", '{"name":"a","id":1}')), "/id read_only");
  assert.equal(first(await ask("POST", "/things", '{"name":"a","nome":1}')), "/nome unknown_field");
  assert.equal(
    first(await ask("POST", "/things", '{"name":"a","__proto__":{}}')),
    "/__proto__ unknown_field",
  );
  assert.equal(first(await ask("POST", "/things", "[]")), " invalid_type");
  assert.equal(first(await ask("POST", "/things", "null")), " invalid_type");
});

Deno.test("many errors are listed, but not without end", async () => {
  const body = JSON.stringify(
    Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`x${i}`, i])),
  );
  const answer = await ask("POST", "/things", body);
  assert.equal(answer.status, 422);
  assert.equal(answer.body.errors.length, 50);
});

Deno.test("malformed JSON is 400", async () => {
  for (const body of ["", "{", '{"name":"a"} x']) {
    const { status, body: problem } = await ask("POST", "/things", body);
    assert.deepEqual([status, problem.code], [400, "malformed_json"], body);
  }
});

Deno.test("another content type is 415", async () => {
  const answer = await ask("POST", "/things", '{"name":"a"}', { "content-type": "text/plain" });
  assert.deepEqual([answer.status, answer.body.code], [415, "unsupported_media_type"]);
});

Deno.test("a body over a million bytes is 413", async () => {
  const answer = await ask("POST", "/things", JSON.stringify({ name: "a".repeat(1_000_000) }));
  assert.deepEqual([answer.status, answer.body.code], [413, "body_too_large"]);
});

Deno.test("a guarded route asks for credentials before anything else", async () => {
  const { status, headers, body } = await ask("GET", "/things/guarded?bogus=1");
  assert.deepEqual([status, body.code], [401, "credentials_missing"]);
  assert.equal(headers.get("www-authenticate"), 'Bearer realm="leadbase"');
});

Deno.test("an idempotency key is 1–255 visible ASCII characters", async () => {
  const authorization = `Bearer lb_${"a".repeat(43)}`;
  for (const key of ["", "a b", "é", "k".repeat(256)]) {
    const headers = { authorization, "idempotency-key": key };
    const { status, body } = await ask("POST", "/things/guarded", undefined, headers);
    assert.deepEqual([status, body.code], [422, "invalid_header"], key);
  }
  const headers = { authorization, "idempotency-key": "k".repeat(255) };
  assert.equal((await ask("POST", "/things/guarded", undefined, headers)).status, 200);
});

Deno.test("whatever a route throws is a problem", async () => {
  const failing = async (how: string) => await ask("GET", `/things/failing?how=${how}`);
  const api = await failing("api");
  assert.deepEqual([api.status, api.body.code], [404, "contact_not_found"]);
  assert.equal(api.headers.get("content-type"), "application/problem+json");
  assert.equal((await failing("hono")).status, 415);
});

Deno.test("a fault is 500, logged under its request id and told to nobody", async () => {
  const { error } = console;
  const logged: string[] = [];
  console.error = (line: string) => void logged.push(line);
  try {
    const { status, body } = await ask("GET", "/things/failing?how=fault", undefined, {
      "x-request-id": "r1",
    });
    assert.deepEqual([status, body.code], [500, "internal_error"]);
    assert.doesNotMatch(JSON.stringify(body), /secret/);
    assert.match(logged.join(), /"request_id":"r1".*secret/);
  } finally {
    console.error = error;
  }
});
