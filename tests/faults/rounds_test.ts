/**
 * Twenty rounds on one data folder: under load the server or Postgres is killed at a random moment.
 * Nothing that was acknowledged is ever lost or doubled, and no message is sent twice.
 * LEADBASE_PROPERTY_SEED gives the same victims and moments again.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type postgres from "postgres";
import { type SpawnedStack, spawnStack } from "../../scripts/spawn.ts";
import { uniqueWamid } from "../fixtures/whatsapp/delivery.ts";
import { seed } from "../properties/runs.ts";
import { storeOutbound } from "../webhook/rows.ts";
import { batches, contacts, type Kind } from "./kinds.ts";
import { assertKept, withSql } from "./ledger.ts";
import {
  assertOnlyUnavailable,
  isAcknowledged,
  pause,
  send,
  sendAgain,
  startLoad,
  type Told,
  untilServed,
} from "./load.ts";
import { killPostmaster } from "./postmaster.ts";
import { Sending } from "./sending.ts";

const ROUNDS = 20;

interface Round {
  victim: "server" | "postgres";
  /** Milliseconds of load before it is killed. */
  moment: number;
}

/** Numbers from 0 up to 1 that follow from the seed; each name has its own. */
function randomOf(name: string): () => number {
  let count = 0;
  return () => {
    const digest = createHash("sha256").update(`${seed} ${name} ${count++}`).digest();
    return digest.readUInt32BE() / 2 ** 32;
  };
}

/** Eight to twelve kills of each, in any order. */
function planRounds(): Round[] {
  const random = randomOf("rounds");
  const ofServer = 8 + Math.floor(5 * random());
  return Array.from({ length: ROUNDS }, (_, n): Round & { place: number } => ({
    victim: n < ofServer ? "server" : "postgres",
    moment: Math.floor(50 + 1200 * random()),
    place: random(),
  })).sort((one, other) => one.place - other.place);
}

Deno.test("20 rounds of SIGKILL under load: acknowledged is there once, the rest can be sent again", async (test) => {
  const folder = await Deno.makeTempDir({ prefix: "leadbase-rounds-" });
  const data = join(folder, "data");
  const run = await Run.start(data);
  try {
    await run.prepare();
    let whole = true;
    for (const [index, round] of planRounds().entries()) {
      const { victim, moment } = round;
      const name = `round ${index + 1}: ${victim} after ${moment} ms (seed ${seed})`;
      // The rounds build on each other: after one that failed the next say nothing.
      whole = await test.step(name, () => run.round(round));
      if (!whole) break;
    }
    if (whole) await test.step("nothing is left to be sent", () => run.end());
  } finally {
    await run.stop();
    await Deno.remove(folder, { recursive: true });
  }
});

class Run {
  /** All that was ever told. */
  readonly #told: Told[] = [];
  readonly #random = randomOf("load");
  #kinds: Kind[] = [];

  private constructor(
    readonly data: string,
    readonly sending: Sending,
    public stack: SpawnedStack,
  ) {}

  static async start(data: string): Promise<Run> {
    const sending = await Sending.start(randomOf("faults"));
    const run = new Run(data, sending, await spawnStack({ data, env: sending.env }));
    sending.follow(run.stack.credentials);
    return run;
  }

  async stop(): Promise<void> {
    try {
      assert.equal(await this.stack.stop(), 0, this.stack.output());
    } finally {
      await this.sending.graph.stop();
    }
  }

  /** Messages that statuses can be about, and a key that may call as often as it likes. */
  async prepare(): Promise<void> {
    const { credentials } = this.stack;
    const [request] = contacts.make(credentials, this.#random);
    const { contactId } = await send(credentials, request);
    const outbound = Array.from({ length: 3000 }, uniqueWamid);
    await withSql(credentials.database_url, async (sql) => {
      await sql`
        update public.api_keys set rate_limit = 1000000
        where workspace_id = ${credentials.workspace_id}`;
      await storeOutbound(sql, {
        workspaceId: credentials.workspace_id,
        contactId: contactId!,
        phoneNumberId: credentials.whatsapp.phone_number_id,
        wamids: outbound,
      });
      await this.sending.prepare(credentials, sql);
    });
    this.#kinds = [contacts, this.sending, batches(outbound), this.sending];
  }

  async round({ victim, moment }: Round): Promise<void> {
    const load = startLoad(this.stack.credentials, { kinds: this.#kinds, random: this.#random });
    const { told } = load;
    let killed: Date;
    try {
      await pause(moment);
      killed = new Date();
      await (victim === "server" ? this.#killServer(load) : this.#killPostgres(told));
    } finally {
      await load.stop();
    }
    (victim === "server" ? assertOnlyCutOff : assertOnlyUnavailable)(told);
    assert.equal(told.every(isAcknowledged), false, "it was killed under load");
    this.#told.push(...told);
    await assertKept(this.stack.credentials.database_url, this.#told);
    await this.#sql((sql) => this.sending.endLeases(sql, killed));
    this.#told.push(...await sendAgain(this.stack.credentials, told, victim === "server" ? 1 : 5));
    await assertKept(this.stack.credentials.database_url, this.#told);
  }

  /** What is still to be sent is sent. */
  async end(): Promise<void> {
    await this.#sql((sql) => this.sending.runDry(sql));
    await assertKept(this.stack.credentials.database_url, this.#told);
    await this.#sql((sql) => this.sending.verifyEnd(sql, this.#told));
  }

  #sql<Result>(use: (sql: postgres.Sql) => Promise<Result>): Promise<Result> {
    return withSql(this.stack.credentials.database_url, use);
  }

  /** Killed in the middle of the load, and started again on what it left. */
  async #killServer(load: ReturnType<typeof startLoad>): Promise<void> {
    await this.stack.kill();
    await load.stop();
    this.stack = await spawnStack({ data: this.data, env: this.sending.env });
    this.sending.follow(this.stack.credentials);
  }

  /** Killed in the middle of the load, which goes on until it is answered well again. */
  async #killPostgres(told: Told[]): Promise<void> {
    await killPostmaster(this.stack, this.data);
    await untilServed(told);
  }
}

/** Connections broke, and nobody was told anything wrong. */
function assertOnlyCutOff(told: Told[]): void {
  const wrong = told.filter((one) => !isAcknowledged(one) && one.status !== 0);
  assert.deepEqual(wrong.map(({ status, code }) => ({ status, code })), []);
}
