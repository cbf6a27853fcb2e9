/** What a `copy … to stdout` gives, as a stream that is read from Postgres as fast as it is taken. */
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { beforeClose, database, type OwnConnection, ownConnection } from "./database.ts";
import { ApiError } from "./errors.ts";

/** What becomes of the bytes on their way. */
export interface Encoder {
  /** Bytes of the copy → bytes for the reader, none while too few have gathered. */
  push(bytes: Uint8Array): Uint8Array<ArrayBuffer> | undefined;
  /** What is left once all has been pushed. */
  end(): Uint8Array<ArrayBuffer>;
}

export interface CopyLimits {
  /** After which Postgres breaks the statement off. */
  statementMs: number;
  /** After which a reader who takes nothing counts as gone. */
  stallMs: number;
}

// Hosted functions end before that; elsewhere a slow line has its time, and a forgotten one an end.
const LIMITS: CopyLimits = { statementMs: 1_800_000, stallMs: 60_000 };

// Bytes that wait for the reader, beside the same again in the library's own buffers.
const AHEAD = 262_144;

/** Copies that a process streams at once. */
export const STREAMS = 4;

const running = new Set<CopyStream>();
beforeClose(async () => {
  await Promise.all([...running].map((stream) => stream.stop(new Error("The server stops."))));
});

/**
 * Runs a `copy … to stdout` in a transaction of its own, with the time zone UTC. The stream errors if
 * the copy breaks off, so that no part of it passes for the whole; a reader who goes away ends it.
 *
 * @throws ApiError 503 `too_many_exports`; what Postgres says before there are bytes to send
 */
export async function streamCopy(
  statement: string,
  encoder: Encoder,
  limits: CopyLimits = LIMITS,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  if (running.size >= STREAMS) throw new ApiError("too_many_exports");
  return await new CopyStream(encoder, limits).open(statement);
}

/** One copy that is under way. */
class CopyStream {
  // By which the statement is found again, to be cancelled.
  readonly #tag = `/* ${crypto.randomUUID()} */`;
  readonly #opened = Promise.withResolvers<void>();
  readonly #stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  #connection: OwnConnection | undefined;
  #rows: Readable | undefined;
  #ended: Promise<void> | undefined;
  #isStopping = false;
  #stalled: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly encoder: Encoder, readonly limits: CopyLimits) {
    this.#stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => void (this.#controller = controller),
      pull: () => this.#resume(),
      cancel: () => this.stop(),
    }, new ByteLengthQueuingStrategy({ highWaterMark: AHEAD }));
  }

  async open(statement: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    running.add(this);
    this.#ended = this.#copy(statement)
      .then(() => this.#finish(), (error) => this.#fail(error))
      .then(() => this.#connection?.close())
      .finally(() => running.delete(this));
    // Until there is something to send, an error is an answer like any other.
    await this.#opened.promise;
    return this.#stream;
  }

  /**
   * Breaks the copy off; settles once it has ended.
   *
   * @param reason what the reader is told; nothing if the reader is gone
   */
  async stop(reason?: Error): Promise<void> {
    this.#isStopping = true;
    if (reason) this.#fail(reason);
    clearTimeout(this.#stalled);
    await cancelTagged(this.#tag);
    // A backend that waits for somebody to take its bytes looks for no signal.
    this.#connection?.close();
    await this.#ended;
  }

  /** One message, so one transaction, also behind a pooler; it leaves nothing to roll back. */
  async #copy(statement: string): Promise<void> {
    const { sql } = this.#connection = ownConnection();
    const rows = this.#rows = await sql.unsafe(`${this.#tag} set local timezone = 'UTC';
      set local statement_timeout = ${this.limits.statementMs}; ${this.#tag} ${statement}`)
      .readable();
    rows.on("data", (bytes: Uint8Array) => this.#enqueue(this.encoder.push(bytes)));
    rows.on("end", () => this.#enqueue(this.encoder.end()));
    await finished(rows);
  }

  #enqueue(bytes: Uint8Array<ArrayBuffer> | undefined): void {
    if (!bytes || this.#isStopping) return;
    this.#opened.resolve();
    this.#controller!.enqueue(bytes);
    if (this.#controller!.desiredSize! > 0) return;
    this.#rows!.pause();
    const stalled = () => this.stop(new Error("The reader takes nothing."));
    this.#stalled = setTimeout(stalled, this.limits.stallMs);
  }

  #resume(): void {
    clearTimeout(this.#stalled);
    if (!this.#isStopping) this.#rows?.resume();
  }

  #finish(): void {
    clearTimeout(this.#stalled);
    if (!this.#isStopping) this.#controller!.close();
  }

  #fail(error: Error): void {
    clearTimeout(this.#stalled);
    this.#opened.reject(error);
    this.#controller!.error(error);
    // Whoever reads sees the connection break; why, only this line says.
    if (!this.#isStopping) console.error("A copy broke off:", error.message);
  }
}

/** Cancels the statement that begins with the tag: `cancel()` of the library knows no copy. */
async function cancelTagged(tag: string): Promise<void> {
  try {
    await database()`select pg_cancel_backend(pid) from pg_stat_activity
      where state = 'active' and backend_type = 'client backend' and starts_with(query, ${tag})`;
  } catch {
    // Then it ends when it has been read, by nobody.
  }
}
