/** Cross-origin calls: which pages may call, and which headers they may send and see. */
import { corsOrigins } from "./env.ts";

const EXPOSED = [
  "Accept-Ranges",
  "Content-Disposition",
  "Content-Range",
  "ETag",
  "Idempotency-Replayed",
  "Location",
  "RateLimit",
  "RateLimit-Policy",
  "Retry-After",
  "X-Request-Id",
].join(", ");

/** The headers of every answer to a page of `origin`. */
export function corsHeaders(origin: string | null): [string, string][] {
  const origins = corsOrigins();
  if (origins.includes("*")) {
    return [["access-control-allow-origin", "*"], ["access-control-expose-headers", EXPOSED]];
  }
  // Caches must not hand one origin's permission to another, nor its absence.
  if (origin === null || !origins.includes(origin)) return [["vary", "Origin"]];
  return [
    ["access-control-allow-origin", origin],
    ["access-control-expose-headers", EXPOSED],
    ["vary", "Origin"],
  ];
}

/**
 * The headers that answer a preflight, or any OPTIONS. Every request header is allowed: credentials
 * come in a header that a foreign page cannot know, never in cookies.
 */
export function preflightHeaders(request: Headers, methods: readonly string[]): [string, string][] {
  const asked = request.get("access-control-request-headers");
  return [
    ["allow", methods.join(", ")],
    ["access-control-allow-methods", methods.join(", ")],
    ["access-control-allow-headers", asked ?? "authorization, content-type"],
    ["access-control-max-age", "86400"],
  ];
}
