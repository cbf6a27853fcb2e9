/** The failures of a route: those it names and those that follow from its parts. */
import type { ZodOpenApiResponsesObject } from "zod-openapi";
import { ERROR_CODES, type ErrorCode } from "../_shared/error_codes.ts";
import { problemBody } from "../_shared/errors.ts";
import type { Route } from "../_shared/route.ts";

const REQUEST_ID = "0198f6c2-ce55-7154-8a83-ad426f5ed178";

/** Every code that a route can answer. */
export function errorCodes(route: Route): ErrorCode[] {
  const codes = new Set<ErrorCode>(["validation_failed", "internal_error", ...route.errors]);
  const add = (when: unknown, ...more: ErrorCode[]) =>
    when && more.forEach((code) => codes.add(code));
  add(
    route.scope,
    "credentials_missing",
    "invalid_credentials",
    "no_workspace",
    "workspace_required",
  );
  add(route.scope, "workspace_not_found", "insufficient_role", "invalid_header", "rate_limited");
  add(route.scope, "database_unavailable", "timeout", "try_again");
  add(route.scope && route.scope !== "admin", "insufficient_scope");
  add(route.rawBody, "database_unavailable", "timeout");
  add(route.body, "malformed_json", "incomplete_body", "body_too_large", "unsupported_media_type");
  add(route.body, "invalid_value");
  add(isWrite(route), "idempotency_key_reused", "idempotency_in_progress", "conflict");
  return [...codes];
}

/** Whether a route takes an `Idempotency-Key`. */
export function isWrite(route: Route): boolean {
  return route.scope !== null && route.method !== "GET";
}

/** Codes by status → the responses of the description, with an example of each. */
export function problemResponses(route: Route): ZodOpenApiResponsesObject {
  const byStatus = Map.groupBy(errorCodes(route), (code) => String(ERROR_CODES[code].status));
  return Object.fromEntries(
    [...byStatus].sort().map(([status, codes]) => [status, problemResponse(status, codes)]),
  );
}

function problemResponse(status: string, codes: ErrorCode[]) {
  const headers: Record<string, { $ref: string }> = {
    "X-Request-Id": { $ref: "#/components/headers/X-Request-Id" },
  };
  if (status === "401") {
    headers["WWW-Authenticate"] = { $ref: "#/components/headers/WWW-Authenticate" };
  }
  if (status === "429" || status === "503") {
    headers["Retry-After"] = { $ref: "#/components/headers/Retry-After" };
  }
  return {
    description: codes.map((code) => `\`${code}\`: ${ERROR_CODES[code].meaning}`).join("\n\n"),
    headers,
    content: {
      "application/problem+json": {
        schema: { $ref: "#/components/schemas/Problem" },
        examples: Object.fromEntries(
          codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]),
        ),
      },
    },
  };
}

const MEMBERS: Partial<Record<ErrorCode, Record<string, unknown>>> = {
  validation_failed: {
    errors: [{ path: "/limit", code: "too_big", message: "limit has to be at most 200." }],
  },
  contact_exists: { contact_id: "0198f6c2-7d1e-7c3a-9b52-3f1d5a6b7c8d" },
  media_not_stored: { media_status: "pending", media_error: null },
  send_refused: {
    reasons: ["window_closed"],
    window_expires_at: "2026-11-01T09:30:00+00:00",
    template_required: true,
    retry_at: null,
  },
  stale_control: { control_epoch: 3, phase: "live" },
  invalid_access_token: {
    graph_error: {
      code: 190,
      title: "Invalid OAuth access token - Cannot parse access token",
      http_status: 401,
    },
  },
  insufficient_scope: { required_scope: "contacts:write" },
  insufficient_role: { required_scope: "admin" },
};

/** An example of every problem, by code. */
export function problemExamples(): Record<string, { value: unknown }> {
  return Object.fromEntries(
    Object.entries(ERROR_CODES).map(([code, { status, title, meaning }]) => {
      const problem = { status, code, title, detail: meaning, members: MEMBERS[code as ErrorCode] };
      return [code, { value: JSON.parse(problemBody(problem, REQUEST_ID)) }];
    }),
  );
}
