/**
 * The one way to fail. Whatever is thrown — an ApiError, Hono's HTTPException, an error of Postgres,
 * a fault — becomes a problem document (RFC 9457) here and nowhere else.
 */
import { HTTPException } from "hono/http-exception";
import { ERROR_CODES, type ErrorCode, type FieldErrorCode } from "./error_codes.ts";

/** One thing that is wrong with a request. `path` is a JSON pointer into the body or the query. */
export interface FieldError {
  path: string;
  code: FieldErrorCode;
  message: string;
}

/** What a problem document says, before it has a request id. */
export interface Problem {
  status: number;
  code: string;
  title: string;
  detail: string;
  /** More members of the document, e.g. `errors` or `contact_id`. */
  members?: Record<string, unknown>;
  headers?: Record<string, string>;
}

/** Thrown to answer a problem. */
export class Refusal extends Error {
  constructor(readonly problem: Problem, cause?: unknown) {
    super(problem.code, { cause });
    this.name = new.target.name;
  }
}

/** A refusal of our own with a documented code; the status follows from the code. */
export class ApiError extends Refusal {
  constructor(
    code: ErrorCode,
    detail?: string,
    more: { members?: Record<string, unknown>; headers?: Record<string, string>; cause?: unknown } =
      {},
  ) {
    const { status, title, meaning } = ERROR_CODES[code];
    const { members, headers } = more;
    super({ status, code, title, detail: detail ?? meaning, members, headers }, more.cause);
  }
}

/** 422 `validation_failed` with everything that is wrong, the first of it as the detail. */
export function invalid(...errors: FieldError[]): ApiError {
  const [first, ...more] = errors;
  const detail = more.length === 0
    ? first.message
    : `${first.message} (${more.length} more in errors)`;
  return new ApiError("validation_failed", detail, { members: { errors } });
}

/** Anything thrown → what to tell the caller. Text of the database stays here. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Refusal) return error.problem;
  if (error instanceof HTTPException) return known(statusCode(error.status));
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === "string") return fromDatabase(code, error as DatabaseError);
  return known("internal_error");
}

/** The answer to a request that failed. */
export function problemResponse(problem: Problem, requestId: string): Response {
  const headers: Record<string, string> = {
    "content-type": "application/problem+json",
    ...problem.headers,
  };
  if (problem.status === 401) headers["www-authenticate"] ??= challenge(problem.code);
  if (problem.status === 503) headers["retry-after"] ??= "2";
  return new Response(problemBody(problem, requestId), { status: problem.status, headers });
}

/** The problem document as JSON text. Its type is a name, not an address: it is compared, not fetched. */
export function problemBody(problem: Problem, requestId: string): string {
  return JSON.stringify({
    type: `urn:leadbase:problem:${problem.code}`,
    title: problem.title,
    status: problem.status,
    detail: problem.detail,
    code: problem.code,
    request_id: requestId,
    errors: [],
    ...problem.members,
  });
}

function known(code: ErrorCode): Problem {
  return new ApiError(code).problem;
}

// RFC 6750: a request without credentials gets a bare challenge, one with bad ones the reason.
function challenge(code: string): string {
  if (code === "invalid_signature") return "X-Hub-Signature-256";
  const realm = 'Bearer realm="leadbase"';
  return code === "credentials_missing" ? realm : `${realm}, error="invalid_token"`;
}

const BY_STATUS: Record<number, ErrorCode> = {
  401: "invalid_credentials",
  403: "forbidden",
  404: "not_found",
  405: "method_not_allowed",
  409: "conflict",
  412: "precondition_failed",
  413: "body_too_large",
  415: "unsupported_media_type",
  422: "validation_failed",
  429: "rate_limited",
};

function statusCode(status: number): ErrorCode {
  return BY_STATUS[status] ?? (status < 500 ? "bad_request" : "internal_error");
}

/** What npm:postgres throws: the fields of Postgres's error message, or a socket's code. */
interface DatabaseError {
  code: string;
  message?: string;
  detail?: string;
  hint?: string;
}

function fromDatabase(code: string, error: DatabaseError): Problem {
  const raised = /^PT([45]\d\d)$/.exec(code);
  if (raised) return fromRaise(Number(raised[1]), error);
  for (const [pattern, name] of BY_SQLSTATE) {
    if (pattern.test(code)) return known(name);
  }
  return known("internal_error");
}

/** Whether Postgres refused a call for the caller's sake: known, but not allowed or not right. */
export function isRefusal(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^PT4(?!01)\d\d$/.test(code);
}

/** Whether credentials were refused: nobody has them, or not any more. */
export function isUnknownCaller(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === "PT401";
}

/** Our own SQL says `raise … errcode 'PT404', message = code, detail = sentence, hint = members`. */
function fromRaise(status: number, { message = "", detail, hint }: DatabaseError): Problem {
  return documented(status, message, detail, parseMembers(hint));
}

/**
 * A problem that Postgres decided on. Its status holds; title and meaning are those of the code, or
 * of the status if the code is not in the list.
 */
function documented(
  status: number,
  code: string,
  detail?: string,
  members?: Record<string, unknown>,
): Problem {
  const entry = known(Object.hasOwn(ERROR_CODES, code) ? code as ErrorCode : statusCode(status));
  return {
    status,
    code: code || entry.code,
    title: entry.title,
    detail: detail || entry.detail,
    members,
  };
}

/**
 * The refusal that a call answers instead of raising it, so that it is kept for its idempotency key.
 *
 * @param body JSON text of `{ code, detail, … }`, where the rest are members of the problem
 */
export function keptRefusal(
  status: number,
  body: string | null,
  headers?: Record<string, string>,
): Refusal {
  const { code, detail, ...members } = parseMembers(body ?? undefined) ?? {};
  const problem = documented(
    status,
    String(code ?? ""),
    detail ? String(detail) : undefined,
    members,
  );
  return new Refusal({ ...problem, headers });
}

function parseMembers(hint: string | undefined): Record<string, unknown> | undefined {
  if (!hint) return undefined;
  try {
    const members: unknown = JSON.parse(hint);
    return members !== null && typeof members === "object" && !Array.isArray(members)
      ? members as Record<string, unknown>
      : undefined;
  } catch {
    return undefined;
  }
}

const BY_SQLSTATE: readonly (readonly [RegExp, ErrorCode])[] = [
  [/^23505$/, "conflict"],
  [/^(23|22|54)\w{3}$/, "invalid_value"],
  [/^42501$/, "forbidden"],
  [/^(40001|40P01|55P03)$/, "try_again"],
  [/^57014$/, "timeout"],
  // 25006: a primary that has just become a standby; 58: it cannot read or write its disk.
  [/^(08|53|57P|58)\w+$|^25006$/, "database_unavailable"],
  [/^(CONNECT_TIMEOUT|CONNECTION_\w+)$/, "database_unavailable"],
  [
    /^E(CONN\w+|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN|NOENT)$/,
    "database_unavailable",
  ],
];
