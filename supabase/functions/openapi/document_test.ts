import * as z from "zod";
import assert from "node:assert/strict";
import { Validator } from "@seriousme/openapi-schema-validator";
import { ERROR_CODES } from "../_shared/error_codes.ts";
import { readQuery } from "../_shared/request.ts";
import { NOTHING } from "../_shared/route.ts";
import { listParameters } from "../_shared/validation.ts";
import { app, functions } from "./app.ts";
import { errorCodes } from "./problems.ts";

const response = await app.fetch(new Request("http://localhost/openapi"));
const document = await response.json();
const routes = functions.flatMap(({ name, routes }) => routes.map((route) => ({ name, route })));

Deno.test("the description is valid OpenAPI 3.1", async () => {
  const validator = new Validator();
  const result = await validator.validate(structuredClone(document));
  assert.deepEqual(result.errors, undefined);
  assert.equal(validator.version, "3.1");
});

Deno.test("every function of the project is described", async () => {
  const folders: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL("..", import.meta.url))) {
    if (isDirectory && !name.startsWith("_") && name !== "node_modules") folders.push(name);
  }
  assert.deepEqual(functions.map(({ name }) => name).sort(), folders.sort());
});

Deno.test("every route is an operation with an id of its own, a scope and a summary", () => {
  const ids = new Set<string>();
  for (const { name, route } of routes) {
    const path = `/${name}${route.path}`.replace(/\/$/, "").replace(/:(\w+)/g, "{$1}");
    const operation = document.paths[path][route.method.toLowerCase()];
    assert.equal(operation.operationId, route.operationId);
    assert.equal(operation["x-required-scope"], route.scope ?? undefined);
    assert.match(operation.summary, /^[A-Z].*[^.]$/);
    ids.add(route.operationId);
  }
  assert.equal(ids.size, routes.length);
});

for (const { route } of routes) {
  Deno.test(`${route.operationId}: its example request is one that it takes`, () => {
    const { query = NOTHING, params = NOTHING } = route;
    const raw = route.rawBody?.();
    const body = route.body ?? (raw instanceof z.ZodType ? raw : Object.values(raw ?? {})[0]);
    const search = new URLSearchParams(route.example?.query ?? {}).toString();
    query.parse(readQuery(`?${search}`, listParameters(query)));
    params.parse(route.example?.params ?? {});
    body?.parse(route.example?.body);
  });

  Deno.test(`${route.operationId}: its example answers are of their schemas`, () => {
    const answers = Object.entries(route.answers());
    assert.ok(answers.length > 0);
    for (const [status, { schema, example }] of answers) {
      assert.ok(Number(status) < 400);
      if (schema && example !== undefined) schema.parse(example);
    }
  });
}

Deno.test("every documented code can be met somewhere, but for those of any address", () => {
  const met = new Set(routes.flatMap(({ route }) => errorCodes(route)));
  const anywhere = ["bad_request", "not_found", "method_not_allowed", "forbidden"];
  assert.deepEqual(
    Object.keys(ERROR_CODES).filter((code) => !met.has(code as never)).sort(),
    anywhere.sort(),
  );
});
