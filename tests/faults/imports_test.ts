/**
 * Imports and reverts while the server or Postgres is killed at a random moment: what was
 * acknowledged is finished by itself afterwards, every row once; what was not can be sent again.
 * LEADBASE_PROPERTY_SEED gives the same victims and moments again.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { type SpawnedStack, spawnStack } from "../../scripts/spawn.ts";
import { delivered, person, sign, text } from "../fixtures/whatsapp/delivery.ts";
import { seed } from "../properties/runs.ts";
import { withSql } from "./ledger.ts";
import { pause } from "./load.ts";
import { killPostmaster } from "./postmaster.ts";

const ROUNDS = 6;
const ROWS = 6000;
const BAD = 20;
const TWICE = 30;

function random(name: string): number {
  return createHash("sha256").update(`${seed} ${name}`).digest().readUInt32BE() / 2 ** 32;
}

interface Counts {
  id: string;
  status: string;
  rows: number;
  created: number;
  updated: number;
  skipped: number;
  failed: number;
  revert: { status: string; deleted: number; kept: number } | null;
}

Deno.test("SIGKILL in the middle of imports and reverts: finished by themselves, every row once", async (test) => {
  const folder = await Deno.makeTempDir({ prefix: "leadbase-imports-" });
  const data = join(folder, "data");
  const run = new Run(data, await spawnStack({ data }));
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      const whole = await test.step(`round ${round} (seed ${seed})`, () => run.round(round));
      if (!whole) break;
    }
    await test.step("nothing is left of files", () => run.assertNoFiles());
  } finally {
    assert.equal(await run.stack.stop(), 0, run.stack.output());
    await Deno.remove(folder, { recursive: true });
  }
});

class Run {
  constructor(readonly data: string, public stack: SpawnedStack) {}

  async round(round: number): Promise<void> {
    const key = `round-${round}`;
    const file = csv(round);
    // From the first bytes of the upload to the last rows written.
    await this.#killDuring(
      `import ${round}`,
      3500,
      () => this.#send(file, key),
      () => this.#webhook(round),
    );
    const sent = await this.#untilAnswered(() => this.#send(file, key));
    const done = await this.#ended(sent.id);
    await this.#assertImported(round, done);
    if (round % 2 === 1) return;
    await this.#killDuring(`revert ${round}`, 1500, () => this.#revert(done.id));
    await this.#untilAnswered(() => this.#revert(done.id));
    await this.#assertReverted(round, await this.#ended(done.id));
  }

  /** Kills somebody at a random moment while the calls run; what they are told does not matter. */
  async #killDuring(
    name: string,
    longest: number,
    ...calls: (() => Promise<unknown>)[]
  ): Promise<void> {
    const told = calls.map((call) => call().catch(() => undefined));
    await pause(20 + longest * random(`${name} moment`));
    if (random(`${name} victim`) < 0.5) {
      await this.stack.kill();
      await Promise.all(told);
      this.stack = await spawnStack({ data: this.data });
    } else {
      await killPostmaster(this.stack, this.data);
      await Promise.all(told);
    }
  }

  async #untilAnswered(call: () => Promise<Counts>): Promise<Counts> {
    for (let attempt = 1;; attempt++) {
      try {
        return await call();
      } catch (error) {
        if (attempt === 50) throw error;
        await pause(200);
      }
    }
  }

  async #ended(id: string): Promise<Counts> {
    for (let waited = 0; waited < 60_000; waited += 100) {
      const now = await this.#untilAnswered(() =>
        this.#call("GET", `import-contacts?import_id=${id}`)
      );
      if (!["pending", "running"].includes(now.status) && now.revert?.status !== "running") {
        return now;
      }
      await pause(100);
    }
    throw new Error("the import does not end");
  }

  #send(body: string, key: string): Promise<Counts> {
    const headers = { "content-type": "text/csv", "idempotency-key": key };
    return this.#call("POST", "import-contacts?on_conflict=update", body, headers);
  }

  #revert(import_id: string): Promise<Counts> {
    const headers = { "content-type": "application/json" };
    return this.#call("POST", "import-contacts/revert", JSON.stringify({ import_id }), headers);
  }

  async #call(
    method: string,
    path: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<Counts> {
    const { url, api_key } = this.stack.credentials;
    const authorization = `Bearer ${api_key}`;
    const answer = await fetch(`${url}/${path}`, {
      method,
      body,
      headers: { authorization, ...headers },
    });
    const text = await answer.text();
    if (answer.status !== 200 && answer.status !== 202) throw new Error(`${answer.status} ${text}`);
    return JSON.parse(text).data;
  }

  /** Some of the people of the file write in the meantime. */
  async #webhook(round: number): Promise<void> {
    const { url, whatsapp } = this.stack.credentials;
    for (let n = 0; n < 40; n++) {
      const id = phone(round, n * 97 + 1).slice(1);
      const body = JSON.stringify(delivered(whatsapp.phone_number_id, {
        contacts: [person(id, "Profile")],
        messages: [text(id, "Hi")],
      }));
      const headers = { "x-hub-signature-256": sign(body, whatsapp.app_secret) };
      const answer = await fetch(`${url}/whatsapp-webhook`, { method: "POST", body, headers });
      await answer.body?.cancel();
    }
  }

  async #assertImported(round: number, done: Counts): Promise<void> {
    assert.equal(done.status, "completed");
    assert.equal(done.rows, ROWS + BAD + TWICE);
    assert.equal(done.failed, BAD);
    assert.equal(done.created + done.updated, ROWS + TWICE);
    const [found] = await this.#sql(round);
    // Whoever made them, each is there once, with the name of the file.
    assert.deepEqual({ contacts: found.contacts, named: found.named }, {
      contacts: ROWS,
      named: ROWS,
    });
    assert.equal(found.logged, ROWS);
    assert.equal(found.imported, done.created);
  }

  async #assertReverted(round: number, done: Counts): Promise<void> {
    assert.equal(done.status, "reverted");
    const [{ contacts, imported }] = await this.#sql(round);
    assert.equal(done.revert!.deleted, done.created - imported);
    // Those who wrote in are kept, whoever made them; nobody else is.
    assert.equal(contacts, ROWS - done.revert!.deleted);
    assert.equal(contacts <= 40, true);
  }

  #sql(round: number) {
    const { database_url, workspace_id } = this.stack.credentials;
    const prefix = `+1778${round}%`;
    return withSql(
      database_url,
      (sql) =>
        sql<{ contacts: number; named: number; imported: number; logged: number }[]>`
        select count(*)::int as contacts, count(*) filter (where name = 'R' || right(phone, 6))::int as named,
          count(*) filter (where source = 'import')::int as imported,
          (select count(*)::int from public.activity_log a
            where a.action = 'contact.created' and a.entity_id = any (array_agg(c.id))) as logged
        from public.contacts c
        where workspace_id = ${workspace_id} and phone like ${prefix}`,
    );
  }

  /** Uploads that broke off are swept after an hour; those that ended leave nothing. */
  async assertNoFiles(): Promise<void> {
    await withSql(this.stack.credentials.database_url, async (sql) => {
      for (let attempt = 0; attempt < 50; attempt++) {
        const [{ left }] =
          await sql`select count(*)::int as left from private.batch_jobs where status = 'running'`;
        if (left === 0) break;
        await pause(100);
      }
      await sql`update private.import_chunks set created_at = now() - interval '2 hours'`;
      await sql`select private.sweep_imports()`;
      const left = await sql`
        select from private.import_chunks union all select from private.import_rows`;
      assert.equal(left.length, 0);
    });
  }
}

function phone(round: number, n: number): string {
  return `+1778${round}${String(200_000 + n)}`;
}

/** About a megabyte and a half: too much for the request itself. */
function csv(round: number): string {
  const notes = "x".repeat(200);
  const row = (n: number) => `${phone(round, n)},R${200_000 + n},${notes}`;
  const rows = Array.from({ length: ROWS }, (_, n) => row(n));
  const bad = Array.from({ length: BAD }, (_, n) => `12${n},Bad,`);
  const again = Array.from({ length: TWICE }, (_, n) => row(n * 11));
  return ["phone,name,notes", ...rows.slice(0, 3000), ...bad, ...rows.slice(3000), ...again].join(
    "\n",
  );
}
