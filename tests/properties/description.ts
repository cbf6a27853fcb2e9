/** The endpoints, as the stack's own OpenAPI description lists them. */
import assert from "node:assert/strict";
import { request } from "../support/http.ts";
import type { Schema } from "./conforming.ts";

interface Operation {
  parameters?: { in?: string; name?: string; schema?: Schema; example?: string }[];
  security: Record<string, unknown>[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

interface Description {
  paths: Record<string, Record<string, Operation>>;
}

export interface Endpoint {
  method: string;
  /** Without the leading slash; `{id}` stands for a path parameter. */
  path: string;
  parameters: { name: string; schema: Schema }[];
  /** Of its body; undefined when it takes none. */
  body?: Schema;
  /** Who may call: the names of the security schemes. */
  security: string[];
}

export async function endpoints(): Promise<Endpoint[]> {
  const { status, body } = await request<Description>("GET", "openapi");
  assert.equal(status, 200);
  return Object.entries(body.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path: path.slice(1),
      parameters: (operation.parameters ?? []).filter((given) => given.in === "query")
        .map(({ name, schema, example }) => ({ name: name!, schema: { example, ...schema } })),
      body: operation.requestBody?.content["application/json"].schema,
      security: operation.security.flatMap((scheme) => Object.keys(scheme)),
    }))
  );
}
