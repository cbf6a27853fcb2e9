/** Postgres dies under load: the server says so, goes on when it can, and has lost nothing. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type SpawnedStack, spawnStack } from "../../scripts/spawn.ts";
import { contacts, messages } from "./kinds.ts";
import { assertKept, withSql } from "./ledger.ts";
import {
  assertOnlyUnavailable,
  pause,
  sendAgain,
  startLoad,
  untilAcknowledged,
  untilServed,
} from "./load.ts";
import { killPostmaster, postmasterPid } from "./postmaster.ts";

const kinds = [contacts, messages];

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

Deno.test("a Postgres process that is killed: 503 for a moment, then it goes on by itself", async () => {
  await withData(async (data) => {
    const stack = await spawnStack({ data });
    try {
      const load = startLoad(stack.credentials, { kinds });
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

Deno.test("a Postgres that is killed whole: 503 for a moment, then it is back, with everything", async () => {
  await withData(async (data) => {
    const stack = await spawnStack({ data });
    try {
      const load = startLoad(stack.credentials, { kinds });
      await untilAcknowledged(load.told, 200);
      const killed = await postmasterPid(data);
      await killPostmaster(stack, data);
      await untilServed(load.told, 100);
      const told = await load.stop();
      assertOnlyUnavailable(told);
      assert.equal(told.some(({ status }) => status === 503), true);
      assert.notEqual(await postmasterPid(data), killed);
      assert.equal(await health(stack), 200);
      const said = stack.output().split("\n").filter((line) => line.startsWith("Postgres "));
      assert.deepEqual(said, [
        "Postgres has ended by itself. Starting it again…",
        "Postgres is back.",
      ]);
      await assertKept(stack.credentials.database_url, told);
      const again = await sendAgain(stack.credentials, told, 5);
      await assertKept(stack.credentials.database_url, [...told, ...again]);
      await assertDurable(stack);
    } finally {
      assert.equal(await stack.stop(), 0, stack.output());
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
