/** The app factory: what every function does around its routes. */
import { type Context, Hono } from "hono";
import { getPathNoStrict } from "hono/utils/url";
import { corsHeaders, preflightHeaders } from "./cors.ts";
import { ApiError, type Problem, problemResponse, Refusal, toProblem } from "./errors.ts";
import { type Env, serve } from "./handler.ts";
import type { Route } from "./route.ts";

/** A function: `Deno.serve(app.fetch)` serves it, `routes` describe it. */
export interface App {
  readonly name: string;
  readonly routes: readonly Route[];
  fetch(request: Request): Response | Promise<Response>;
}

/** The function that answers below `/<name>`. Making it opens no connection and starts no timer. */
export function createApp(name: string, routes: readonly Route[]): App {
  const hono = new Hono<Env>({ getPath: pathOf });
  hono.use(envelope);
  const full = (path: string) => `/${name}${path}`.replace(/\/$/, "");
  for (const path of pathsOf(routes)) {
    const own = routes.filter((route) => route.path === path);
    for (const route of own) hono.on(route.method, full(path), serve(route));
    hono.all(full(path), otherMethod(own));
  }
  hono.notFound(() => {
    throw new ApiError("not_found");
  });
  hono.onError(fail);
  return { name, routes, fetch: (request) => hono.fetch(request) };
}

/** The paths of routes; first those that `/:id` would be taken for, with all their methods. */
function pathsOf(routes: readonly Route[]): string[] {
  const hasParams = ({ path }: Route) => path.includes(":");
  const ordered = [...routes.filter((one) => !hasParams(one)), ...routes.filter(hasParams)];
  return [...new Set(ordered.map(({ path }) => path))];
}

// Supabase takes this off before a function sees it; another gateway may leave it on.
const PUBLIC_PREFIX = /^\/functions\/v1(?=\/)/;

/** The path of a request from the function's name on, without a slash at its end. */
function pathOf(request: Request): string {
  return getPathNoStrict(request).replace(PUBLIC_PREFIX, "");
}

const REQUEST_ID = /^[\w.:/+=@-]{1,128}$/;

/** The headers that every answer has, set first so that a failure has them too. */
function envelope(context: Context<Env>, next: () => Promise<void>): Promise<void> {
  const { headers } = context.req.raw;
  const given = headers.get("x-request-id");
  const requestId = given && REQUEST_ID.test(given) ? given : crypto.randomUUID();
  context.set("requestId", requestId);
  context.header("x-request-id", requestId);
  context.header("x-content-type-options", "nosniff");
  context.header("cache-control", "no-store");
  for (const [name, value] of corsHeaders(headers.get("origin"))) context.header(name, value);
  return next();
}

/** What a path does with the methods that it has no route for. */
function otherMethod(routes: readonly Route[]): (context: Context<Env>) => Response {
  const methods = routes.flatMap(({ method }) => method === "GET" ? ["GET", "HEAD"] : [method]);
  const allowed = [...methods, "OPTIONS"];
  return (context) => {
    const { method, headers } = context.req.raw;
    if (method !== "OPTIONS") {
      throw new ApiError("method_not_allowed", undefined, {
        headers: { allow: allowed.join(", ") },
      });
    }
    for (const [name, value] of preflightHeaders(headers, allowed)) context.header(name, value);
    return context.body(null, 204);
  };
}

function fail(error: Error, context: Context<Env>): Response {
  const problem = toProblem(error);
  const requestId = context.get("requestId");
  if (problem.status >= 500) log(problem, requestId, error);
  const answer = problemResponse(problem, requestId);
  return context.newResponse(answer.body, answer);
}

/** A line for whoever runs the service; what happened is in it, unlike in the answer. */
function log({ status, code }: Problem, requestId: string, error: Error): void {
  // A refusal says it all; the stack of a fault, or of what a refusal came from, is news.
  const fault = error instanceof Refusal ? error.cause : error;
  const stack = fault instanceof Error ? fault.stack : undefined;
  console.error(JSON.stringify({ request_id: requestId, status, code, stack }));
}
