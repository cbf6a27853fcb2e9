/** The OpenAPI 3.1 description, made from the very routes that serve. */
import { createDocument, type ZodOpenApiPathsObject } from "zod-openapi";
import { ERROR_CODES } from "../_shared/error_codes.ts";
import type { Route } from "../_shared/route.ts";
import { components } from "./components.ts";
import { operation } from "./operation.ts";
import { problemExamples } from "./problems.ts";

/** A function as the description sees it. */
export interface Described {
  name: string;
  routes: readonly Route[];
}

type Document = ReturnType<typeof createDocument>;

/** Functions → the description as an object. */
export function describe(functions: readonly Described[]): Document {
  const document = createDocument({
    openapi: "3.1.0",
    info: {
      title: "Leadbase",
      version: "0.1.0",
      description: CONVENTIONS,
      license: { name: "MIT", identifier: "MIT" },
    },
    // Relative to where this was fetched: right behind every host name.
    servers: [{ url: "/functions/v1" }],
    paths: paths(functions),
    components: { ...components, examples: problemExamples() },
  });
  addExamples(document, functions);
  return document;
}

function paths(functions: readonly Described[]): ZodOpenApiPathsObject {
  const paths: ZodOpenApiPathsObject = {};
  for (const { name, routes } of functions) {
    for (const route of routes) {
      (paths[pathOf(name, route)] ??= {})[methodOf(route)] = operation(route);
    }
  }
  return paths;
}

function pathOf(name: string, route: Route): string {
  return `/${name}${route.path}`.replace(/\/$/, "").replace(/:(\w+)/g, "{$1}");
}

function methodOf(route: Route): "get" | "post" | "patch" | "delete" {
  return route.method.toLowerCase() as "get" | "post" | "patch" | "delete";
}

/** Puts the values of a request that works beside the parameters. */
function addExamples(document: Document, functions: readonly Described[]): void {
  for (const { name, routes } of functions) {
    for (const route of routes) {
      const parameters = document.paths?.[pathOf(name, route)]?.[methodOf(route)]?.parameters ?? [];
      const values = { ...route.example?.query, ...route.example?.params };
      for (const parameter of parameters) {
        if ("name" in parameter && parameter.name in values) {
          parameter.example = values[parameter.name];
        }
      }
    }
  }
}

const CODES = Object.entries(ERROR_CODES)
  .map(([code, { status, meaning }]) => `| ${status} | \`${code}\` | ${meaning} |`).join("\n");

const CONVENTIONS = `Contacts, conversations and WhatsApp for teams.

- **Credentials**: \`Authorization: Bearer <API key or member's token>\`. An id of another workspace is answered 404.
- **Bodies** are JSON in UTF-8. A success is \`{ "data": … }\`; lists add \`next_cursor\`.
- **Errors** are problem documents (RFC 9457) with a stable \`code\`.
- **Lists in queries** are repeated (\`tags=a&tags=b\`) or comma-separated (\`tags=a,b\`; \`\\,\` is a comma within a value).
- **Idempotency-Key** makes a write safe to send again for 24 hours.
- **ETag** and **If-Match** keep two writers from overwriting each other.
- **Rate limits** count a key's or member's calls a minute; see the \`RateLimit\` headers.
- **Times** are ISO 8601, answered in UTC. **Ids** are UUIDs.

| status | code | meaning |
|---|---|---|
${CODES}
`;
