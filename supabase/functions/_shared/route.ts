/** What a function's routes are: records that serve, and that the description is made from. */
import * as z from "zod";
import type { ErrorCode } from "./error_codes.ts";
import type { RequiredScope } from "./scopes.ts";

export type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** An answer: `body` is the finished text, or bytes as they come; null for none. */
export interface Reply {
  status: number;
  body: string | ReadableStream<Uint8Array<ArrayBuffer>> | null;
  headers?: Record<string, string> | null;
}

/** What an operation of the database answers. */
export interface OperationReply extends Reply {
  body: string | null;
}

/** A request as a route gets it: its caller known, its parts validated. */
export interface Call<Query = unknown, Params = unknown, Body = unknown> {
  readonly request: Request;
  readonly requestId: string;
  readonly query: Query;
  readonly params: Params;
  readonly body: Body;
  /**
   * Runs `api.<operation>(args)` for the caller; its answer is the reply.
   *
   * @param content digest of a body that the route has read itself: it makes the request another one
   */
  operate(
    operation: string,
    args: Record<string, unknown>,
    content?: string,
  ): Promise<OperationReply>;
  /**
   * Runs an operation that changes nothing beside the one of the request: its answer is the present
   * one, also when the request is a repeated one.
   */
  read(operation: string, args: Record<string, unknown>): Promise<OperationReply>;
  /**
   * Runs `api.<operation>({ items })` for this item and those that the caller's other requests give
   * it at the same time: much of what one costs does not depend on how many there are. Undefined: to
   * be asked for by itself, with `operate`.
   */
  together(operation: string, item: Record<string, unknown>): Promise<OperationReply | undefined>;
  /**
   * Throws unless the caller may call this route: for what has to be asked elsewhere before an
   * operation can run.
   */
  authorize(): Promise<void>;
  /** The country (ISO 3166-1 alpha-2) of local phone numbers in the caller's workspace. */
  country(): Promise<string>;
}

type AnswerHeader =
  | "ETag"
  | "Location"
  | "Idempotency-Replayed"
  | "Content-Disposition"
  | "Accept-Ranges"
  | "Content-Range";

/** One answer of a route in the description. Without a schema it has no body. */
export interface Answer {
  description: string;
  schema?: z.ZodType;
  example?: unknown;
  /** Names of headers that this answer has beside those of all answers. */
  headers?: readonly AnswerHeader[];
  contentType?: string;
}

export interface Route<
  Query extends z.ZodObject = z.ZodObject,
  Params extends z.ZodObject = z.ZodObject,
  Body extends z.ZodType = z.ZodType,
> {
  method: Method;
  /** Below the function's own name: `/`, `/:id`. */
  path: string;
  operationId: string;
  summary: string;
  description: string;
  tag: string;
  /** What a caller needs; null for a route that knows its callers otherwise, or takes anybody. */
  scope: RequiredScope | null;
  /** How callers are known where there is no scope. */
  security?: "whatsappSignature" | "whatsappVerifyToken" | "secretKey";
  query?: Query;
  params?: Params;
  /** The JSON body; a route without it reads the request itself, or takes none. */
  body?: Body;
  /** Whether no body at all is as good as `{}`. */
  bodyOptional?: boolean;
  /** What a body that the route reads itself looks like; JSON, or by its content types. */
  rawBody?(): z.ZodType | Record<string, z.ZodType>;
  /** Names of fields that are computed: 422 `read_only` instead of `unknown_field`. */
  readOnly?: ReadonlySet<string>;
  /** A request that works, for the description. */
  example?: { query?: Record<string, string>; params?: Record<string, string>; body?: unknown };
  /** Whether the route takes `If-Match`. */
  ifMatch?: boolean;
  /** Whether it answers `If-None-Match`, `Range` and `If-Range`. */
  ranges?: boolean;
  /** By status; made when the description is, which functions that only serve never do. */
  answers(): Record<number, Answer>;
  /** The codes that it can fail with beside those of all routes with its parts. */
  errors: readonly ErrorCode[];
  run(call: Call<z.output<Query>, z.output<Params>, z.output<Body>>): Reply | Promise<Reply>;
}

/** A route, with the types of its parts carried into `run`. */
export function route<
  Query extends z.ZodObject = z.ZodObject,
  Params extends z.ZodObject = z.ZodObject,
  Body extends z.ZodType = z.ZodType,
>(given: Route<Query, Params, Body>): Route {
  return given as unknown as Route;
}

/** The query and path of routes that take none: whatever is given is unknown. */
export const NOTHING = z.strictObject({});

/** A value made at its first use and kept. */
export function lazy<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}
