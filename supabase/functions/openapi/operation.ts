/** A route → its operation in the description. */
import * as z from "zod";
import type { ZodOpenApiOperationObject } from "zod-openapi";
import type { Answer, Route } from "../_shared/route.ts";
import { isWrite, problemResponses } from "./problems.ts";

/** The operation object of a route. */
export function operation(route: Route): ZodOpenApiOperationObject {
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    description: [route.description, scopeSentence(route)].filter(Boolean).join("\n\n"),
    security: security(route),
    ...(route.scope ? { "x-required-scope": route.scope } : {}),
    requestParams: {
      ...(route.query ? { query: route.query } : {}),
      ...(route.params ? { path: route.params } : {}),
    },
    parameters: headerParameters(route).map((name) => ({
      $ref: `#/components/parameters/${name}`,
    })),
    ...requestBody(route),
    responses: { ...successes(route), ...problemResponses(route) },
  };
}

function scopeSentence({ scope }: Route): string {
  if (scope === null) return "";
  return scope === "admin"
    ? "Needs the token of an owner or admin; API keys cannot do it."
    : `Needs the scope \`${scope}\`.`;
}

function security({ scope, security }: Route): Record<string, string[]>[] {
  if (scope === "admin") return [{ memberToken: [] }];
  if (scope) return [{ apiKey: [scope] }, { memberToken: [] }];
  return security ? [{ [security]: [] }] : [];
}

function headerParameters(route: Route): string[] {
  return [
    "X-Request-Id",
    ...(route.scope ? ["X-Workspace-Id"] : []),
    ...(isWrite(route) ? ["Idempotency-Key"] : []),
    ...(route.ifMatch ? ["If-Match"] : []),
    ...(route.ranges ? ["If-None-Match", "Range", "If-Range"] : []),
  ];
}

function requestBody(route: Route): Pick<ZodOpenApiOperationObject, "requestBody"> {
  const schema = route.body ?? route.rawBody?.();
  if (!schema) return {};
  const example = route.example?.body;
  const required = !route.bodyOptional;
  const types = schema instanceof z.ZodType ? { "application/json": schema } : schema;
  const content = Object.fromEntries(
    Object.entries(types).map(([type, schema], n) => [
      type,
      n === 0 ? { schema, example } : { schema },
    ]),
  );
  return { requestBody: { required, content } };
}

function successes(route: Route): ZodOpenApiOperationObject["responses"] {
  const answers = Object.entries(route.answers());
  return Object.fromEntries(answers.map(([status, answer]) => [status, success(route, answer)]));
}

function success(route: Route, answer: Answer) {
  const { description, schema, example, contentType = "application/json" } = answer;
  const names = [
    "X-Request-Id",
    ...(route.scope ? ["RateLimit", "RateLimit-Policy"] : []),
    ...(isWrite(route) ? ["Idempotency-Replayed"] : []),
    ...(answer.headers ?? []),
  ];
  const headers = Object.fromEntries(
    names.map((name) => [name, { $ref: `#/components/headers/${name}` }]),
  );
  return {
    description,
    headers,
    ...(schema ? { content: { [contentType]: { schema, example } } } : {}),
  };
}
