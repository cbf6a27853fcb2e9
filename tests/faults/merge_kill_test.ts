/** Killed in the middle of a merge or of its undo: afterwards it is wholly done, or not begun. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type postgres from "postgres";
import { type SpawnedStack, spawnStack } from "../../scripts/spawn.ts";
import { snapshot, WRITTEN } from "../support/snapshot.ts";
import { withSql } from "./ledger.ts";
import { pause } from "./load.ts";
import { killPostmaster } from "./postmaster.ts";

// As many as make a merge last long enough to be met in the middle.
const MESSAGES = 3_000;
const PRIMARY = "30000000-0000-7000-8000-000000000001";
const DUPLICATE = "30000000-0000-7000-8000-000000000002";

async function twoContacts(sql: postgres.Sql, workspace: string): Promise<void> {
  for (const id of [PRIMARY, DUPLICATE]) {
    await sql`
      insert into public.contacts (id, workspace_id, name, phone, tags)
      values (${id}, ${workspace}, ${id}, '+4915100000' || ${id.slice(-3)}, ${[id]})`;
    await sql`insert into public.conversations (workspace_id, contact_id) values (${workspace}, ${id})`;
    await sql`
      insert into public.messages (workspace_id, conversation_id, contact_id, direction, sender_type, type, body,
        status, sent_at)
      select v.workspace_id, v.id, v.contact_id, 'inbound', 'contact', 'text', n, 'received',
        to_timestamp(1790000000 + n)
      from public.conversations v, generate_series(1, ${MESSAGES}::int) n where v.contact_id = ${id}`;
    await sql`
      insert into public.internal_notes (workspace_id, contact_id, content) values (${workspace}, ${id}, 'Note')`;
  }
}

/** Posts it; whether it was answered well. */
async function post({ credentials }: SpawnedStack, path: string, body: unknown): Promise<boolean> {
  try {
    const response = await fetch(`${credentials.url}/${path}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${credentials.api_key}`,
        "content-type": "application/json",
      },
      body: JSON.stringify(body),
    });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}

/** Those of our server's connections that are at work. */
function atWork(sql: postgres.Sql): Promise<{ pid: number }[]> {
  return sql<{ pid: number }[]>`
    select pid from pg_stat_activity
    where application_name = 'leadbase' and state = 'active' and query like '%private.call%'`;
}

type Kill = (stack: SpawnedStack, data: string) => Promise<SpawnedStack>;

const KILLS: Record<string, Kill> = {
  async server(stack, data) {
    await stack.kill();
    return await spawnStack({ data });
  },
  async backend(stack) {
    const working = await withSql(
      stack.credentials.database_url,
      async (sql) => [...await atWork(sql)],
    );
    for (const { pid } of working) Deno.kill(pid, "SIGKILL");
    return stack;
  },
  async postmaster(stack, data) {
    await killPostmaster(stack, data);
    return stack;
  },
};

/** Runs with a connection once Postgres takes them and nobody works in it any more. */
async function settled<Result>(
  { credentials }: SpawnedStack,
  use: (sql: postgres.Sql) => Promise<Result>,
): Promise<Result> {
  for (let waited = 0;; waited += 50) {
    try {
      return await withSql(credentials.database_url, async (sql) => {
        while ((await atWork(sql)).length > 0) await pause(20);
        return await use(sql);
      });
    } catch (error) {
      // Whatever a connection meets that is cut off; what was claimed is told.
      if (waited > 20_000 || error instanceof assert.AssertionError) throw error;
      await pause(50);
    }
  }
}

function openMerge(sql: postgres.Sql): Promise<{ id: string }[]> {
  return sql<{ id: string }[]>`
    select id from public.contact_merges where duplicate_id = ${DUPLICATE} and undone_at is null`;
}

Deno.test("SIGKILL in the middle of merge and undo: wholly done or not at all", async () => {
  const folder = await Deno.makeTempDir({ prefix: "leadbase-merge-" });
  const data = join(folder, "data");
  let stack = await spawnStack({ data });
  const { workspace_id } = stack.credentials;
  const rows = (sql: postgres.Sql) => snapshot(sql, workspace_id, WRITTEN);
  const seen = new Set<string>();
  try {
    const apart = await withSql(stack.credentials.database_url, async (sql) => {
      await twoContacts(sql, workspace_id);
      return await rows(sql);
    });
    const began = Date.now();
    assert.equal(
      await post(stack, "merge-contacts", { primary_id: PRIMARY, duplicate_id: DUPLICATE }),
      true,
    );
    const lasts = Date.now() - began;
    for (let round = 0; round < 9; round++) {
      const [open] = await settled(stack, openMerge);
      const asking = open
        ? post(stack, "merge-contacts/undo", { merge_id: open.id })
        : post(stack, "merge-contacts", { primary_id: PRIMARY, duplicate_id: DUPLICATE });
      await pause(lasts * ((round % 4) + 1) / 6);
      const [name, kill] = Object.entries(KILLS)[round % 3];
      stack = await kill(stack, data);
      const answered = await asking;
      const isMerged = await settled(stack, async (sql) => {
        const merges = await openMerge(sql);
        if (merges.length === 0) assert.deepEqual(await rows(sql), apart);
        else await assertMerged(sql);
        return merges.length === 1;
      });
      // What was answered is done.
      if (answered) assert.equal(isMerged, !open);
      seen.add(`${name} ${isMerged === !open ? "done" : "not begun"}`);
    }
    const [last] = await settled(stack, openMerge);
    if (last) assert.equal(await post(stack, "merge-contacts/undo", { merge_id: last.id }), true);
    assert.deepEqual(await settled(stack, rows), apart);
    // Some were met in the middle, or this would show nothing.
    assert.ok([...seen].some((outcome) => outcome.endsWith("not begun")), [...seen].join(", "));
  } finally {
    await stack.stop();
    await Deno.remove(folder, { recursive: true });
  }
});

/** Everything is the primary's, and everything needed to undo it is there. */
async function assertMerged(sql: postgres.Sql): Promise<void> {
  const [found] = await sql`
    select (select count(*)::int from public.contacts where id = ${DUPLICATE}) as duplicates,
      (select count(*)::int from public.messages where contact_id = ${PRIMARY}) as messages,
      (select count(distinct conversation_id)::int from public.messages where contact_id = ${PRIMARY}) as threads,
      (select message_count from public.contact_activity where contact_id = ${PRIMARY}) as counted,
      (select count(*)::int from public.internal_notes where contact_id = ${PRIMARY}) as notes,
      (select jsonb_array_length(v.keys -> 'id') from private.merge_moves v
        join public.contact_merges m on m.id = v.merge_id
        where m.duplicate_id = ${DUPLICATE} and v.relation = 'public.messages') as recorded`;
  assert.deepEqual(found, {
    duplicates: 0,
    messages: 2 * MESSAGES,
    threads: 1,
    counted: 2 * MESSAGES,
    notes: 2,
    recorded: MESSAGES,
  });
}
