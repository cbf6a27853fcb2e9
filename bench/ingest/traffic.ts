/** A stack that gets the stream from its beginning, slice by slice. */
import postgres from "postgres";
import { type SpawnedStack, spawnStack } from "../../scripts/spawn.ts";
import type { Figures } from "../figures.ts";
import { createBareTables } from "./bare_rows.ts";
import { runChild, startChild } from "./child.ts";
import type { Slice } from "./delivery.ts";
import { forgetOthers, type History, storeOutbound, storePeople } from "./population.ts";
import { FIRST_SECOND, GROUP, outboundNeeded } from "./stream.ts";
import { countStored, type Stored, verifyStored } from "./verify.ts";

/** Database connections of a function process, and of the bare inserts. */
export const POOL = 10;

/** The stream is of now: else whoever writes in it has been silent for months by the rules. */
async function setClock(sql: postgres.Sql): Promise<void> {
  await sql`insert into private.clock (shift) values (to_timestamp(${FIRST_SECOND}::int) - now())`;
}

export class Traffic {
  readonly #stack: SpawnedStack;
  readonly #data: string;
  /** The superuser's connection. */
  readonly sql: postgres.Sql;
  readonly contacts: number;
  #before!: Stored;
  #sent = 0;
  #inserted = 0;
  #received = 0;
  #outbound = 0;

  private constructor(stack: SpawnedStack, data: string, contacts: number) {
    this.#stack = stack;
    this.#data = data;
    this.contacts = contacts;
    this.sql = postgres(stack.adminDatabaseUrl, { max: 1, onnotice: () => {} });
  }

  /** A new stack with so many people, each with that history. */
  static async start(
    contacts: number,
    history: History = { messages: 0, silent: 0 },
  ): Promise<Traffic> {
    const data = await Deno.makeTempDir({ prefix: "leadbase-ingest-" });
    const stack = await spawnStack({ data, env: { LEADBASE_DB_POOL: String(POOL) } });
    const traffic = new Traffic(stack, data, contacts);
    try {
      await setClock(traffic.sql);
      await forgetOthers(traffic.sql);
      await storePeople(traffic.sql, contacts, history);
      await createBareTables(traffic.sql);
      traffic.#before = await countStored(traffic.sql);
      return traffic;
    } catch (error) {
      await traffic[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The address that the functions use. */
  get databaseUrl(): string {
    return this.#stack.credentials.database_url;
  }

  /** Stores the outbound messages that the statuses of the next `updates` are about. */
  async prepare(updates: number): Promise<void> {
    const needed = outboundNeeded(Math.ceil((this.#sent + updates) / GROUP));
    if (needed > this.#outbound) {
      await storeOutbound(this.sql, this.#outbound, needed, this.contacts);
    }
    this.#outbound = Math.max(this.#outbound, needed);
  }

  /** The next part of the stream, for whoever delivers it. `prepare` comes first. */
  take(posts: number, batch: number): Slice {
    const slice = { first: this.#sent, posts, batch, contacts: this.contacts };
    this.#sent += posts * batch;
    if (outboundNeeded(this.#sent / GROUP) > this.#outbound) throw new Error("Not prepared.");
    return slice;
  }

  /**
   * Signed POSTs over HTTP.
   *
   * @param perSecond POSTs that arrive a second, else as fast as can be
   * @param url of another receiver than the functions
   */
  async deliver(
    slice: Slice,
    connections: number,
    { perSecond, url = this.#stack.credentials.url }: { perSecond?: number; url?: string } = {},
  ): Promise<Figures> {
    const secret = this.#stack.credentials.whatsapp.app_secret;
    return await runChild("deliver.ts", { slice, url, secret, connections, perSecond });
  }

  /** A server that only stores: as many database connections as the functions have. */
  async startBareReceiver(): Promise<{ url: string } & AsyncDisposable> {
    const secret = this.#stack.credentials.whatsapp.app_secret;
    return await startChild("bare_receiver.ts", {
      databaseUrl: this.databaseUrl,
      secret,
      connections: POOL,
    });
  }

  /** A part of the stream for the bare receiver, which keeps a count of its own. */
  takeForReceiver(posts: number, batch: number): Slice {
    const slice = { first: this.#received, posts, batch, contacts: this.contacts };
    this.#received += posts * batch;
    return slice;
  }

  /** The rows of as many updates, bare, over as many connections as the functions have. */
  async insertBare(posts: number, batch: number): Promise<Figures> {
    const slice = { first: this.#inserted, posts, batch, contacts: this.contacts };
    // The rehearsal takes one batch a connection.
    this.#inserted += (posts + POOL) * batch;
    const { databaseUrl } = this;
    return await runChild("bare.ts", { databaseUrl, slice, connections: POOL });
  }

  /** @throws unless everything that was delivered is stored, once */
  async verify(): Promise<string> {
    return await verifyStored(this.sql, this.#before, this.#sent);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sql.end();
    await this.#stack.stop();
    await Deno.remove(this.#data, { recursive: true });
  }
}
