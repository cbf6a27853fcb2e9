/** Postgres dies under load: the server says so, goes on when it can, and has lost nothing. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type SpawnedStack, spawnStack } from "../../scripts/spawn.ts";
import { assertKept, withSql } from "./ledger.ts";
import {
  isAcknowledged,
  newContact,
  pause,
  send,
  startLoad,
  type Told,
  untilAcknowledged,
} from "./load.ts";

async function withData(use: (data: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "leadbase-postgres-" });
  try {
    await use(join(folder, "data"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function health({ credentials }: SpawnedStack): Promise<number> {
  const response = await fetch(`${credentials.url}/health`);
  await response.body?.cancel();
  return response.status;
}

/** Whoever was refused was told that the database is away and when to come again; nobody was cut off. */
function assertOnlyUnavailable(told: Told[]): void {
  const refused = told.filter((one) => !isAcknowledged(one))
    .map(({ status, code, retryAfter }) => ({ status, code, retryAfter }));
  const unavailable = { status: 503, code: "database_unavailable", retryAfter: "2" };
  assert.deepEqual(refused, refused.map(() => unavailable));
}

Deno.test("a Postgres process that is killed: 503 for a moment, then it goes on by itself", async () => {
  await withData(async (data) => {
    const stack = await spawnStack({ data });
    try {
      const load = startLoad(stack.credentials);
      for (let round = 1; round <= 3; round++) {
        await untilAcknowledged(load.told, 100 * round);
        // All others are cut off as well: Postgres cannot know what the dead one did to its memory.
        await killBackend(stack);
        await pause(200);
      }
      await untilAcknowledged(load.told, load.told.length + 100);
      const told = await load.stop();
      assertOnlyUnavailable(told);
      assert.equal(told.some(({ status }) => status === 503), true);
      assert.equal(await health(stack), 200);
      await assertKept(stack.credentials.database_url, told);
    } finally {
      assert.equal(await stack.stop(), 0);
    }
  });
});

async function killBackend({ credentials }: SpawnedStack): Promise<void> {
  const pid = await withSql(credentials.database_url, async (sql) => {
    const [row] = await sql<{ pid: number }[]>`
      select pid from pg_stat_activity where application_name = 'leadbase' order by random() limit 1`;
    return row.pid;
  });
  Deno.kill(pid, "SIGKILL");
}

Deno.test("a Postgres that is killed whole: 503 until the next start, which has everything", async () => {
  await withData(async (data) => {
    let stack = await spawnStack({ data });
    let told: Told[];
    try {
      const load = startLoad(stack.credentials);
      await untilAcknowledged(load.told, 200);
      const [pid] = (await Deno.readTextFile(join(data, "postgres", "postmaster.pid"))).split("\n");
      Deno.kill(Number(pid), "SIGKILL");
      await pause(1000);
      told = await load.stop();
      assertOnlyUnavailable(told);
      assert.equal(told.some(({ status }) => status === 503), true);
      assert.equal(await health(stack), 503);
      assertOnlyUnavailable([await send(stack.credentials, newContact(stack.credentials))]);
    } finally {
      assert.equal(await stack.stop(), 0, "a server whose Postgres is gone stops all the same");
    }
    stack = await spawnStack({ data });
    try {
      assert.equal(await health(stack), 200);
      await assertKept(stack.credentials.database_url, told);
      const again = await Promise.all(
        told.filter((one) => !isAcknowledged(one)).map((one) => send(stack.credentials, one)),
      );
      assert.deepEqual(again.filter((one) => !isAcknowledged(one)), []);
      await assertKept(stack.credentials.database_url, [...told, ...again]);
      await assertDurable(stack);
    } finally {
      assert.equal(await stack.stop(), 0);
    }
  });
});

/** What a killed process cannot show, since the machine that keeps the pages stays up. */
async function assertDurable({ adminDatabaseUrl, credentials }: SpawnedStack): Promise<void> {
  const settings = await withSql(credentials.database_url, async (sql) => [
    ...await sql`
      select name, setting from pg_settings
      where name in ('fsync', 'full_page_writes', 'synchronous_commit') order by name`,
  ]);
  assert.deepEqual(settings, [
    { name: "fsync", setting: "on" },
    { name: "full_page_writes", setting: "on" },
    { name: "synchronous_commit", setting: "on" },
  ]);
  // Nor does a role, a database or a function of ours turn it off for itself.
  const overrides = await withSql(adminDatabaseUrl, async (sql) => [
    ...await sql`
      select setting from (
        select unnest(setconfig) from pg_db_role_setting
        union all select unnest(proconfig) from pg_proc
      ) as settings (setting)
      where setting ~ '^(fsync|full_page_writes|synchronous_commit)='`,
  ]);
  assert.deepEqual(overrides, []);
}
