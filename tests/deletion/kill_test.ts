/** The server or Postgres dies in the middle of a deletion: afterwards it is finished, nobody half. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type postgres from "postgres";
import { type SpawnedStack, spawnStack } from "../../scripts/spawn.ts";
import { withSql } from "../faults/ledger.ts";
import { killPostmaster } from "../faults/postmaster.ts";
import { client, type Deletion, deletionEnds } from "./calls.ts";

const PEOPLE = 1500;
const SAID = 2;

Deno.test("SIGKILL in the middle of deletions, of the server and of Postgres: finished, nobody half", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "leadbase-deletion-" });
  const data = join(folder, "data");
  let stack = await spawnStack({ data });
  try {
    for (const [victim, history] of [["server", "keep"], ["postgres", "erase"]] as const) {
      await t.step(`${victim} while history=${history}`, async () => {
        const { credentials } = stack;
        const sql = <Result>(use: (sql: postgres.Sql) => Promise<Result>) =>
          withSql(credentials.database_url, use);
        await sql((sql) => fill(sql, credentials.workspace_id, history));
        const asked = ask(stack, history);
        await sql((sql) => untilBegun(sql, history));
        if (victim === "server") {
          await stack.kill();
          assert.equal(await asked, undefined);
          stack = await spawnStack({ data });
        } else {
          await killPostmaster(stack, data);
          await asked;
        }
        await withSql(stack.credentials.database_url, async (sql) => {
          await assertNobodyHalf(sql, history);
          const [{ id, deleted }] = await sql<{ id: string; deleted: number }[]>`
            select id, deleted from public.deletion_receipts where history = ${history}`;
          const { url, api_key } = stack.credentials;
          const end = await deletionEnds(client(url, api_key), id);
          assert.ok(deleted <= end.deleted);
          assert.deepEqual([end.status, end.requested, end.deleted], ["completed", PEOPLE, PEOPLE]);
          await assertNobodyHalf(sql, history);
          await assertThrough(sql, history);
        });
      });
    }
  } finally {
    await stack.stop();
    await Deno.remove(folder, { recursive: true });
  }
});

async function fill(sql: postgres.Sql, workspaceId: string, tag: string): Promise<void> {
  await sql`
    insert into public.contacts (workspace_id, name, tags)
    select ${workspaceId}, 'Nobody ' || n, array[${tag}::text] from generate_series(1, ${PEOPLE}::int) n`;
  await sql`
    insert into public.conversations (workspace_id, contact_id)
    select workspace_id, id from public.contacts where tags = array[${tag}::text]`;
  for (let n = 0; n < SAID; n++) {
    await sql`
      insert into public.messages (workspace_id, conversation_id, contact_id, direction, sender_type,
        type, status, body, wa_message_id, phone_number_id)
      select v.workspace_id, v.id, v.contact_id, 'outbound', 'agent', 'text', 'sent', ${tag},
        'wamid.' || v.id || ${n}::int, '100000000000001'
      from public.conversations v join public.contacts c on c.id = v.contact_id
      where c.tags = array[${tag}::text]`;
  }
}

/** The answer, or undefined when none came. */
async function ask({ credentials }: SpawnedStack, history: string): Promise<Deletion | undefined> {
  const { url, api_key } = credentials;
  try {
    const body = { filter: { tags: [history] }, history };
    const answer = await client(url, api_key).post("delete-contacts", body);
    return (answer.body as { data: Deletion }).data;
  } catch {
    return undefined;
  }
}

async function untilBegun(sql: postgres.Sql, history: string): Promise<void> {
  for (let waited = 0; waited < 30_000; waited += 5) {
    const [row] = await sql`
      select deleted from public.deletion_receipts
      where history = ${history} and deleted between 1 and ${PEOPLE - 500}::int`;
    if (row) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error("The deletion does not begin.");
}

/** The receipt counts exactly those who are gone; of the others everything is there. */
async function assertNobodyHalf(sql: postgres.Sql, history: string): Promise<void> {
  const [row] = await sql`
    select r.deleted + count(c.id)::int as together,
      count(*) filter (where c.id is not null and (
        not exists (select from public.contact_activity a where a.contact_id = c.id)
        or (select count(*) from public.messages m where m.contact_id = c.id) <> ${SAID}::int))::int as halves
    from public.deletion_receipts r left join public.contacts c on c.tags = array[r.history]
    where r.history = ${history} group by r.deleted`;
  assert.deepEqual({ ...row }, { together: PEOPLE, halves: 0 });
}

async function assertThrough(sql: postgres.Sql, history: string): Promise<void> {
  const [row] = await sql`
    select (select count(*)::int from public.retained_messages where body = ${history}) as kept,
      (select count(*)::int from public.messages where body = ${history}) as said,
      (select count(*)::int from private.erasure_keys) as keys,
      (select count(*)::int from private.batch_job_parts) as parts`;
  assert.deepEqual({ ...row }, {
    kept: history === "keep" ? PEOPLE * SAID : 0,
    said: 0,
    keys: 0,
    parts: 0,
  });
}
