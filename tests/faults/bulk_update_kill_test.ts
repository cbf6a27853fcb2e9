/** Killed in the middle of a bulk update: finished after the restart, each contact changed once. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type postgres from "postgres";
import { type SpawnedStack, spawnStack } from "../../scripts/spawn.ts";
import { withSql } from "./ledger.ts";
import { pause } from "./load.ts";
import { killPostmaster } from "./postmaster.ts";

const PEOPLE = 5_000;
/** Those who have what everybody is to get: matched, and nothing to change. */
const EVERY = 10;
const CHANGED = PEOPLE - PEOPLE / EVERY;

interface BulkUpdate {
  job_id: string;
  status: string;
  matched: number;
  updated: number;
}

type Kill = (stack: SpawnedStack, data: string) => Promise<SpawnedStack>;

const KILLS: Record<string, Kill> = {
  async server(stack, data) {
    await stack.kill();
    return await spawnStack({ data });
  },
  async postgres(stack, data) {
    await killPostmaster(stack, data);
    return stack;
  },
};

Deno.test("SIGKILL in the middle of a bulk update, of the server and of Postgres: finished, each contact once", async (test) => {
  const folder = await Deno.makeTempDir({ prefix: "leadbase-bulk-" });
  const data = join(folder, "data");
  let stack = await spawnStack({ data });
  try {
    for (const [victim, kill] of Object.entries(KILLS)) {
      await test.step(victim, async () => {
        const { database_url, workspace_id } = stack.credentials;
        await withSql(database_url, (sql) => fill(sql, workspace_id, victim));
        const asking = update(stack, victim);
        const job = await withSql(database_url, (sql) => untilBegun(sql, workspace_id));
        stack = await kill(stack, data);
        await asking;
        // What is done stays done, and is what the job says.
        await withSql(stack.credentials.database_url, (sql) => assertCounted(sql, job, victim));
        const end = await ended(stack, job);
        assert.deepEqual([end.status, end.matched, end.updated], ["completed", PEOPLE, CHANGED]);
        await withSql(
          stack.credentials.database_url,
          (sql) => assertOnce(sql, workspace_id, victim),
        );
      });
    }
  } finally {
    await stack.stop();
    await Deno.remove(folder, { recursive: true });
  }
});

async function fill(sql: postgres.Sql, workspaceId: string, tag: string): Promise<void> {
  await sql`
    insert into public.contacts (workspace_id, name, tags, status)
    select ${workspaceId}, 'N ' || n, array[${tag}::text],
      case when n % ${EVERY}::int = 0 then 'lost' else 'new' end::public.contact_status
    from generate_series(1, ${PEOPLE}::int) n`;
}

/** Asks for it; what it is told does not matter. */
async function update({ credentials }: SpawnedStack, tag: string): Promise<void> {
  const body = { filter: { tags: [tag] }, set: { status: "lost" } };
  await call(credentials, "POST", "bulk-update-contacts", body).catch(() => undefined);
}

async function call(
  { url, api_key }: SpawnedStack["credentials"],
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; data: BulkUpdate }> {
  const answer = await fetch(`${url}/${path}`, {
    method,
    body: JSON.stringify(body),
    headers: { authorization: `Bearer ${api_key}`, "content-type": "application/json" },
  });
  return { status: answer.status, data: (await answer.json()).data };
}

/** The id of the job, once it has done some and not most of its work. */
async function untilBegun(sql: postgres.Sql, workspaceId: string): Promise<string> {
  for (let waited = 0; waited < 30_000; waited += 2) {
    const [job] = await sql<{ id: string }[]>`
      select id from private.batch_jobs
      where workspace_id = ${workspaceId} and kind = 'bulk_update' and status = 'running'
        and (state ->> 'updated')::int between 1 and ${CHANGED / 2}::int`;
    if (job) return job.id;
    await pause(2);
  }
  throw new Error("The bulk update does not begin.");
}

async function ended({ credentials }: SpawnedStack, job: string): Promise<BulkUpdate> {
  for (let waited = 0; waited < 30_000; waited += 50) {
    const answer = await call(credentials, "GET", `bulk-update-contacts?job_id=${job}`)
      .catch(() => undefined);
    if (answer?.status === 200) return answer.data;
    await pause(50);
  }
  throw new Error("The bulk update does not end.");
}

/** One snapshot: as many contacts are changed as the job has counted. */
async function assertCounted(sql: postgres.Sql, job: string, tag: string): Promise<void> {
  const [found] = await sql`
    select coalesce((j.state ->> 'updated')::int, 0) as counted,
      (select count(*)::int from public.contacts c
        where c.tags = array[${tag}::text] and c.status = 'lost') as lost
    from private.batch_jobs j where j.id = ${job}`;
  assert.equal(found.lost, found.counted + PEOPLE / EVERY);
}

/** Everybody has it, by one write and with one line of the log; nobody else was written; KPIs know it. */
async function assertOnce(sql: postgres.Sql, workspaceId: string, tag: string): Promise<void> {
  const [found] = await sql`
    with people as (
      select c.id, c.status, c.version - min(c.version) over () as writes,
        (select count(*) from public.activity_log a
          where a.entity_id = c.id and a.action = 'contact.updated') as lines
      from public.contacts c where c.tags = array[${tag}::text])
    select count(*) filter (where status = 'lost')::int as lost,
      count(*) filter (where writes = 1 and lines = 1)::int as once,
      count(*) filter (where writes = 0 and lines = 0)::int as untouched,
      (select count(*)::int from private.batch_job_parts) as parts,
      (select sum(k.contacts)::int from private.contact_counts(${workspaceId}, true) k
        where k.status = 'lost')
      - (select count(*)::int from public.contacts c
        where c.workspace_id = ${workspaceId} and c.status = 'lost') as miscounted
    from people`;
  assert.deepEqual({ ...found }, {
    lost: PEOPLE,
    once: CHANGED,
    untouched: PEOPLE - CHANGED,
    parts: 0,
    miscounted: 0,
  });
}
