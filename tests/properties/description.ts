/** The endpoints, as the stack's own OpenAPI description lists them. */
import assert from "node:assert/strict";
import { request } from "../support/http.ts";
import type { Json } from "./arbitraries.ts";

interface Schema {
  enum?: string[];
  items?: Schema;
  anyOf?: Schema[];
}

interface Operation {
  parameters?: { in?: string; name?: string; schema?: Schema }[];
  security: Record<string, unknown>[];
  requestBody?: { content: Record<string, { example?: Json }> };
}

interface Description {
  paths: Record<string, Record<string, Operation>>;
}

export interface Endpoint {
  method: string;
  /** Without the leading slash; `{id}` stands for a path parameter. */
  path: string;
  /** Names of query parameters, each with the values that its schema lists. */
  parameters: { name: string; values: string[] }[];
  /** The body of a request that works, ids aside; undefined when it takes none. */
  example?: Json;
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
        .map(({ name, schema }) => ({ name: name!, values: valuesOf(schema) })),
      example: operation.requestBody?.content["application/json"].example,
      security: operation.security.flatMap((scheme) => Object.keys(scheme)),
    }))
  );
}

function valuesOf(schema: Schema = {}): string[] {
  return [
    ...schema.enum ?? [],
    ...schema.items ? valuesOf(schema.items) : [],
    ...(schema.anyOf ?? []).flatMap(valuesOf),
  ];
}
