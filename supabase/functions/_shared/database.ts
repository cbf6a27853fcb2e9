/** The only place that opens the database, and the one statement that a call consists of. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import postgres from "postgres";
import { databasePoolSize, databaseUrl } from "./env.ts";
import { ApiError } from "./errors.ts";
import type { RequiredScope } from "./scopes.ts";

/** Who calls, as `private.call` takes it. */
export type Credential =
  | { type: "api_key"; hash: string; workspace_id?: string }
  | { type: "member"; user_id: string; workspace_id?: string };

/** One call of an operation `api.<operation>(args)`. */
export interface OperationCall {
  credential: Credential;
  /** Null: whoever it is. */
  scope: RequiredScope | null;
  operation: string;
  args: Record<string, unknown>;
  idempotencyKey?: string;
  /** SHA-256 (hex) of what makes the request the same; with `idempotencyKey` only. */
  requestHash?: string;
}

/** The answer of `private.call`. `body` is the finished JSON text; null when there is none. */
export interface Outcome {
  status: number;
  body: string | null;
  headers: Record<string, string> | null;
  /** Calls a minute of this principal. */
  rate_limit: number;
  /** What the rate limit is counted on. */
  principal_id: string;
}

let sql: postgres.Sql | undefined;
const closers: (() => Promise<void>)[] = [];

/** The pool of this process; the first use opens it. */
export function database(): postgres.Sql {
  return sql ??= open(databasePoolSize());
}

/** A connection beside the pool. */
export interface OwnConnection {
  sql: postgres.Sql;
  /** Breaks off what runs on it. */
  close(): void;
}

/**
 * A connection for what may take minutes, as streaming does: the calls of everybody else go on
 * meanwhile. Each use opens a new one, since the library leaves a socket paused whose copy ended
 * while its reader was behind; and only the socket itself can be closed while it is paused.
 */
export function ownConnection(): OwnConnection {
  let socket: Socket | undefined;
  const sql = open(1, async ({ host: [host], port: [port], path }) => {
    socket = connect(path ? { path } : { host, port });
    await once(socket, "connect", { signal: AbortSignal.timeout(5_000) });
    // The library takes the name for TLS from here.
    return Object.assign(socket, { host });
  });
  const close = () => {
    socket?.destroy();
    void sql.end({ timeout: 0 });
  };
  return { sql, close };
}

/** Has something done with the database still open, before `closeDatabase` closes it. */
export function beforeClose(closer: () => Promise<void>): void {
  closers.push(closer);
}

/** Closes the pool once what runs on it has ended. The next use opens a new one. */
export async function closeDatabase(): Promise<void> {
  if (!sql) return;
  for (const closer of closers) await closer();
  const closing = sql;
  sql = undefined;
  await closing.end({ timeout: 5 });
}

/** The status of a call that only brought contacts up to date, and is to be made again. */
const NOT_YET = 0;
/** The same, when there were no more of them. */
const FOLLOWED = 1;

/** How often at most; then the operation is run as things are. */
const ROUNDS = 20;

/**
 * Runs an operation: principal, scope, idempotency, claims and the operation itself in one
 * autocommit statement, so that it is whole or not at all, behind a transaction pooler too. Where
 * time alone has changed contacts, statements before it bring them up to date.
 *
 * @throws errors of Postgres as npm:postgres has them; `toProblem` knows them all.
 */
export async function call(given: OperationCall): Promise<Outcome> {
  for (let round = 1, followAtMost: number | null = null;; round++) {
    const outcome = await callOnce(given, followAtMost);
    if (outcome.status !== NOT_YET && outcome.status !== FOLLOWED) return outcome;
    if (outcome.status === FOLLOWED || round === ROUNDS) followAtMost = 0;
  }
}

async function callOnce(given: OperationCall, followAtMost: number | null): Promise<Outcome> {
  const db = database();
  const [outcome] = await retrying(() =>
    db<Outcome[]>`
      select status, body, headers, rate_limit, principal_id
      from private.call(
        ${json(db, given.credential)}::jsonb, ${given.scope}::text, ${given.operation}::text,
        ${json(db, given.args)}::jsonb, ${given.idempotencyKey ?? null}::text,
        ${given.requestHash ?? null}::text, ${followAtMost}::int)`
  );
  return outcome;
}

/** A value as a jsonb parameter. */
export function json(db: postgres.Sql, value: unknown): postgres.Parameter {
  return db.json(value as postgres.JSONValue);
}

/** Whether Postgres answers within that many milliseconds. */
export async function databaseAnswers(milliseconds: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  try {
    const asked = (async () => (await database()`select 1`).length === 1)();
    // Once it is late nobody looks at it any more; an unseen rejection would end the process.
    asked.catch(() => undefined);
    return await Promise.race([asked, late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

const RETRIES = 2;

// All say that Postgres rolled the statement back because of another one: as good as not sent. The
// last: what a row was to refer to went meanwhile; found anew, it is the contact that it went up in.
const RETRIED = new Set(["40001", "40P01", "23503"]);

/** Runs a statement again, twice at most, when another transaction was in its way. */
export async function retrying<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 0;; attempt++) {
    try {
      return await run();
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      if (attempt >= RETRIES || typeof code !== "string" || !RETRIED.has(code)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20 * (attempt + 1)));
    }
  }
}

/** How the library has a socket made; its types leave this out. */
type MakeSocket = (
  options: { host: string[]; port: number[]; path: string | false },
) => Promise<Socket>;

function open(connections: number, socket?: MakeSocket): postgres.Sql {
  const given = databaseUrl();
  if (!given) {
    console.error("SUPABASE_DB_URL is not set");
    throw new ApiError("not_configured");
  }
  const { url, pooled } = parseDatabaseUrl(given);
  return postgres(url, {
    max: connections,
    ...(socket ? { socket } : {}),
    prepare: !pooled,
    // Names of array types are never needed, and asking for them costs each connection a round trip.
    fetch_types: false,
    connect_timeout: 5,
    idle_timeout: 60,
    // The library's own backs off to twenty seconds, in which callers hang after the database is back.
    backoff: (attempt: number) => Math.min(0.05 * 2 ** attempt, 0.5),
    connection: {
      application_name: "leadbase",
      // A pooler hands its server connections on, so settings of a session are refused or leak.
      ...(pooled ? {} : { statement_timeout: 20_000 }),
    },
    onnotice: () => undefined,
  });
}

/**
 * A database URL, and whether it leads to a transaction pooler, where prepared statements hang: port
 * 6543 or `pgbouncer=true`. That mark is taken out, since Postgres would take it for a setting.
 */
export function parseDatabaseUrl(text: string): { url: string; pooled: boolean } {
  const url = new URL(text);
  const pooled = url.port === "6543" || url.searchParams.get("pgbouncer") === "true";
  url.searchParams.delete("pgbouncer");
  return { url: url.href, pooled };
}
