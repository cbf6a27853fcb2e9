/** The API's own description, for tests that are generated from it. */
import { request } from "./http.ts";

export interface Operation {
  operationId: string;
  security: Record<string, string[]>[];
  requestBody?: { required: boolean; content: Record<string, unknown> };
  responses: Record<string, { content?: Record<string, { examples?: Record<string, unknown> }> }>;
  parameters?: ({ $ref: string } | { name: string; in: string; required?: boolean })[];
}

export interface Description {
  openapi: string;
  info: { title: string; version: string; description: string };
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, unknown>>;
}

/** The description as it is served. */
export async function fetchDescription(): Promise<Description> {
  const answer = await request<Description>("GET", "openapi");
  if (answer.status !== 200) throw new Error(`GET openapi: ${answer.status} ${answer.text}`);
  return answer.body;
}

/** `GET /list-contacts` → its operation. */
export function operationsOf(description: Description): Map<string, Operation> {
  return new Map(
    Object.entries(description.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) =>
        [`${method.toUpperCase()} ${path}`, operation] as const
      )
    ),
  );
}
