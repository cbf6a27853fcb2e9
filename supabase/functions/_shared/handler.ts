/** A route as a handler: caller, limit, parts of the request, the route itself, its reply. */
import type { Context } from "hono";
import type { StatusCode } from "hono/utils/http-status";
import { callTogether } from "./calls_together.ts";
import { authenticate, type Caller } from "./credentials.ts";
import { call, type Outcome } from "./database.ts";
import { sha256Hex } from "./digest.ts";
import { ApiError, isRefusal, isUnknownCaller, keptRefusal } from "./errors.ts";
import { limiter, rateLimited, rateLimitHeaders, type Standing } from "./rate_limit.ts";
import { BODY_LIMIT, parseJson, readBytes, readQuery, requireJson } from "./request.ts";
import { type Call, NOTHING, type OperationReply, type Reply, type Route } from "./route.ts";
import { SharedReads } from "./shared_reads.ts";
import { listParameters, validate } from "./validation.ts";
import { workspaceCountry } from "./workspace_country.ts";

export interface Env {
  Variables: { requestId: string };
}

/** The handler of a route. */
export function serve(route: Route): (context: Context<Env>) => Promise<Response> {
  const { query: querySchema = NOTHING, params: paramsSchema = NOTHING } = route;
  const lists = listParameters(querySchema);
  const read = async (context: Context<Env>, caller?: CountedCaller): Promise<ReceivedCall> => {
    const { raw } = context.req;
    const search = searchOf(raw.url);
    const query = validate(querySchema, readQuery(search, lists), "query");
    const params = validate(paramsSchema, context.req.param(), "path");
    const bytes = route.body && await readJsonBytes(raw, route.bodyOptional);
    const body = bytes && validate(route.body!, parseJson(bytes), "body", route.readOnly);
    const key = caller && route.method !== "GET" ? idempotencyKey(raw.headers) : undefined;
    const hash = key && await requestHash(raw, context.req.path + search, bytes);
    return new ReceivedCall(context, route, caller, { query, params, body }, key, hash);
  };
  return async (context) => {
    const caller = route.scope === null ? undefined : await identify(context);
    const given = await read(context, caller)
      .catch((fault) => refuseStranger(context, caller, fault));
    return reply(context, await route.run(given));
  };
}

/**
 * Somebody's request is faulty who may be nobody: whose credentials hold nothing is told only that.
 * Those who are known by now are not asked for again.
 *
 * @throws ApiError what the credentials are refused with, else the fault
 */
async function refuseStranger(
  context: Context<Env>,
  caller: CountedCaller | undefined,
  fault: unknown,
): Promise<never> {
  if (caller && fault instanceof ApiError && !limiter.knows(caller.id)) {
    await workspaceOf(caller).then(
      (outcome) => count(context, caller, outcome),
      (error) => {
        if (isUnknownCaller(error)) throw error;
      },
    );
  }
  throw fault;
}

/** A call that needs no scope, and tells whether somebody is anybody. */
function workspaceOf({ credential }: Caller): Promise<Outcome> {
  return call({ credential, scope: null, operation: "workspace", args: {} });
}

/** Counts a call of somebody whose limit was not known before, or was another's. */
function count(
  context: Context<Env>,
  caller: CountedCaller,
  { principal_id, rate_limit }: Outcome,
): void {
  const isNews = limiter.learn(caller.id, principal_id, rate_limit);
  if (caller.counted && !isNews) return;
  caller.counted = true;
  const standing = limiter.take(caller.id);
  if (standing) tell(context, standing);
}

/** Who calls. */
interface CountedCaller extends Caller {
  /** Whether the call counts against their limit yet; that is not known before their first answer. */
  counted: boolean;
}

/** Who calls, counted against their limit if that is known. */
async function identify(context: Context<Env>): Promise<CountedCaller> {
  const caller = await authenticate(context.req.raw.headers);
  const standing = limiter.take(caller.id);
  if (standing) tell(context, standing);
  if (standing?.exceeded) throw rateLimited(standing);
  return { ...caller, counted: standing !== undefined };
}

function tell(context: Context<Env>, standing: Standing): void {
  for (const [name, value] of rateLimitHeaders(standing)) context.header(name, value);
}

function searchOf(url: string): string {
  const at = url.indexOf("?");
  return at < 0 ? "" : url.slice(at);
}

const EMPTY_OBJECT = new TextEncoder().encode("{}");

async function readJsonBytes(
  request: Request,
  isOptional = false,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readBytes(request, BODY_LIMIT);
  if (isOptional && bytes.byteLength === 0) return EMPTY_OBJECT;
  requireJson(request.headers, bytes);
  return bytes;
}

function idempotencyKey(headers: Headers): string | undefined {
  const key = headers.get("idempotency-key") ?? undefined;
  if (key !== undefined && !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new ApiError(
      "invalid_header",
      "Idempotency-Key has to be 1–255 visible ASCII characters.",
    );
  }
  return key;
}

/** What makes a request the same: what it asks for, of which version. */
async function requestHash(
  { method, headers }: Request,
  path: string,
  bytes?: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const body = await sha256Hex(bytes ?? new Uint8Array());
  return await sha256Hex(`${method} ${path} ${body} ${headers.get("if-match") ?? ""}`);
}

/** The operations of GET change nothing, so callers who ask the same may share one. */
const reads = new SharedReads<Outcome>();

/** The validated parts of a request. */
interface Parts {
  query: Record<string, unknown>;
  params: Record<string, unknown>;
  body: unknown;
}

/** A request as its route sees it. */
class ReceivedCall implements Call {
  readonly request: Request;
  readonly requestId: string;
  readonly query: Parts["query"];
  readonly params: Parts["params"];
  readonly body: unknown;

  constructor(
    private readonly context: Context<Env>,
    private readonly route: Route,
    private readonly caller: CountedCaller | undefined,
    parts: Parts,
    private readonly idempotencyKey?: string,
    private readonly requestHash?: string,
  ) {
    this.request = context.req.raw;
    this.requestId = context.get("requestId");
    this.query = parts.query;
    this.params = parts.params;
    this.body = parts.body;
  }

  async operate(
    operation: string,
    args: Record<string, unknown>,
    content?: string,
  ): Promise<OperationReply> {
    const { idempotencyKey } = this;
    const requestHash = idempotencyKey && content
      ? await sha256Hex(`${this.requestHash} ${content}`)
      : this.requestHash;
    return await this.#call(operation, args, { idempotencyKey, requestHash });
  }

  async read(operation: string, args: Record<string, unknown>): Promise<OperationReply> {
    return await this.#call(operation, args, {});
  }

  async together(
    operation: string,
    item: Record<string, unknown>,
  ): Promise<OperationReply | undefined> {
    // What may be repeated is known by its own answer.
    if (this.idempotencyKey) return undefined;
    const { credential } = this.#caller();
    const common = { credential, scope: this.route.scope, operation };
    const size = JSON.stringify(item).length;
    const outcome = await callTogether(common, item, size).catch((error) => this.#refused(error));
    if (outcome) this.#count(outcome);
    return outcome;
  }

  async authorize(): Promise<void> {
    await this.read("workspace", {});
  }

  async country(): Promise<string> {
    return await workspaceCountry(this.#caller().id, () => this.read("workspace", {}));
  }

  async #call(
    operation: string,
    args: Record<string, unknown>,
    replay: { idempotencyKey?: string; requestHash?: string },
  ): Promise<OperationReply> {
    const { credential } = this.#caller();
    const given = { credential, scope: this.route.scope, operation, args, ...replay };
    const asked = this.route.method === "GET"
      ? reads.ask(JSON.stringify(given), () => call(given))
      : call(given);
    const outcome = await asked.catch((error) => this.#refused(error));
    this.#count(outcome);
    if (outcome.status >= 400) {
      throw keptRefusal(outcome.status, outcome.body, outcome.headers ?? {});
    }
    return outcome;
  }

  #count(outcome: Outcome): void {
    count(this.context, this.#caller(), outcome);
  }

  /**
   * An error does not say whom it refused. Who is not known yet is asked for with a call that needs
   * no scope; else those who are only ever refused would never be limited.
   */
  async #refused(error: unknown): Promise<never> {
    const caller = this.#caller();
    if (isRefusal(error) && !limiter.knows(caller.id)) {
      // Whoever is nobody here has nothing that could be counted.
      await workspaceOf(caller).then((outcome) => this.#count(outcome), () => undefined);
    }
    throw error;
  }

  #caller(): CountedCaller {
    if (this.caller) return this.caller;
    throw new Error(`${this.route.operationId} has no scope, so nobody to operate for`);
  }
}

/** A reply with the headers that were set so far. */
function reply(context: Context<Env>, { status, body, headers }: Reply): Response {
  if (body !== null) context.header("content-type", "application/json");
  for (const name in headers) context.header(name, headers[name]);
  return context.newResponse(body, status as StatusCode);
}
