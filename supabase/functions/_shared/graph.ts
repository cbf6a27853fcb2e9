/**
 * Meta's Graph API: one request, and what became of it. Tokens are in no error and no log.
 */
import { GRAPH_VERSION, graphApiUrl, graphTimeoutMs } from "./env.ts";

/** What went wrong, as it is shown with a message. */
export interface GraphError {
  /** Graph's own number, or ours: `no_answer`, `unreachable`. Absent: an answer without one. */
  code?: number | string;
  title: string;
  details?: string;
  http_status?: number;
  subcode?: number;
}

export type GraphOutcome =
  /** 200 and JSON. */
  | { kind: "answered"; body: Record<string, unknown> }
  /** An answer that accepts nothing. */
  | { kind: "refused"; error: GraphError; afterSeconds?: number }
  /** Nothing has left this machine. */
  | { kind: "unsent"; error: GraphError }
  /** It may have arrived; what became of it nobody knows. */
  | { kind: "lost"; error: GraphError };

interface GraphCall {
  /** Below the version: `100000000000001/messages`. */
  path: string;
  token: string;
  query?: Record<string, string>;
  /** Posted as JSON. */
  body?: string;
}

/** POST /{phone_number_id}/messages. */
export async function postMessage(
  given: { phoneNumberId: string; token: string; body: string },
): Promise<GraphOutcome> {
  const { phoneNumberId, ...rest } = given;
  return await ask({ path: `${encodeURIComponent(phoneNumberId)}/messages`, ...rest });
}

/** What Graph says of a number to whoever may use it. */
export async function describeNumber(
  given: { phoneNumberId: string; token: string },
): Promise<GraphOutcome> {
  const query = { fields: "id,display_phone_number,verified_name,throughput" };
  return await ask({ path: encodeURIComponent(given.phoneNumberId), token: given.token, query });
}

async function ask({ path, token, query, body }: GraphCall): Promise<GraphOutcome> {
  const url = new URL(`${graphApiUrl()}/${GRAPH_VERSION}/${path}`);
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: once(body),
      // Followed, it would take the token along.
      redirect: "manual",
      signal: AbortSignal.timeout(graphTimeoutMs()),
    });
    text = await response.text();
  } catch (error) {
    return unanswered(error);
  }
  return read(response, parsed(text), token);
}

/**
 * A body that can be read once only. One that could be read again is sent again, unasked, when a
 * kept-alive connection ends before the answer: the message would arrive twice.
 */
function once(body: string | undefined): ReadableStream<Uint8Array<ArrayBuffer>> | undefined {
  return body === undefined ? undefined : new Blob([body]).stream();
}

function read(
  response: Response,
  body: Record<string, unknown> | undefined,
  token: string,
): GraphOutcome {
  if (response.ok && body && body.error === undefined) return { kind: "answered", body };
  const error = refusal(response.status, body?.error, token);
  return { kind: "refused", error, afterSeconds: retryAfter(response.headers) };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value)
      ? value as Record<string, unknown>
      : undefined;
  } catch {
    return undefined;
  }
}

function refusal(httpStatus: number, given: unknown, token: string): GraphError {
  const error = (given ?? {}) as {
    code?: unknown;
    error_subcode?: unknown;
    message?: unknown;
    error_data?: { details?: unknown };
  };
  return {
    code: whole(error.code),
    subcode: whole(error.error_subcode),
    title: brief(error.message, token) ?? `HTTP ${httpStatus} without an explanation`,
    details: brief(error.error_data?.details, token),
    http_status: httpStatus,
  };
}

function whole(value: unknown): number | undefined {
  return Number.isInteger(value) && Math.abs(value as number) < 2 ** 31
    ? value as number
    : undefined;
}

// Words of strangers are kept as long as they are of use, and as Postgres can hold them. Meta's quote
// a token that they cannot read, and who reads conversations would read it there.
function brief(value: unknown, token: string): string | undefined {
  return typeof value === "string"
    ? value.replaceAll(token, "…").slice(0, 1000).replaceAll("\u0000", "").toWellFormed()
    : undefined;
}

function retryAfter(headers: Headers): number | undefined {
  const seconds = headers.get("retry-after");
  return seconds !== null && /^\d{1,6}$/.test(seconds) ? Number(seconds) : undefined;
}

// How fetch says that there was no connection to write to: refused, unknown name, no route, TLS. All
// else is taken for lost, which never sends twice.
const NO_CONNECTION = /client error \(Connect\)|Requests to port \d+ are blocked/;

function unanswered(error: unknown): GraphOutcome {
  const { message, cause } = error as Error;
  if (NO_CONNECTION.test(`${message} ${(cause as Error | undefined)?.message}`)) {
    return { kind: "unsent", error: { code: "unreachable", title: "WhatsApp cannot be reached" } };
  }
  const details = error instanceof DOMException && error.name === "TimeoutError"
    ? "No answer in time."
    : "The connection ended before the answer came.";
  return { kind: "lost", error: { code: "no_answer", title: "Perhaps sent", details } };
}
