/** Exports on their way: readers who dawdle or leave, statements that break, many at once. */
import assert from "node:assert/strict";
import { closeDatabase, databaseAnswers } from "../../supabase/functions/_shared/database.ts";
import { streamCopy, STREAMS } from "../../supabase/functions/_shared/copy_stream.ts";
import { SpreadsheetCsv } from "../../supabase/functions/export-contacts/csv.ts";
import { parseCsv, startExport } from "../support/csv.ts";
import { withDatabase } from "../support/database.ts";
import { stack } from "../support/stack.ts";
import { until } from "../support/until.ts";
import { makeWorkspace } from "../support/workspace.ts";

// Far more than the buffers on the way hold: 60 MB.
const CROWD = 4000;
const workspace = await makeWorkspace();
const { key } = workspace;
await withDatabase((sql) =>
  sql`insert into public.contacts (workspace_id, name, custom)
    select ${workspace.id}, 'N ' || n, jsonb_build_object('x', repeat('x', 15000))
    from generate_series(1, ${CROWD}) n`
);

/** The backends that are at a copy which begins so. */
async function streaming(copy = "copy (select c.id"): Promise<number[]> {
  const rows = await withDatabase((sql) =>
    sql<{ pid: number }[]>`
      select pid from pg_stat_activity
      where state = 'active' and backend_type = 'client backend' and query like ${`%*/ ${copy}%`}`
  );
  return rows.map(({ pid }) => pid);
}

const nobody = async () => (await streaming()).length === 0 || undefined;

/** Reads to the end, or throws as the connection does. */
async function drain(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<number> {
  for (let bytes = 0;;) {
    const { done, value } = await reader.read();
    if (done) return bytes;
    bytes += value.length;
  }
}

Deno.test("a reader who pauses holds the query up and gets the whole file in the end", async () => {
  const response = await startExport(key.token);
  const [pid] = await until(async () => {
    const pids = await streaming();
    return pids.length === 1 ? pids : undefined;
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  // It waits for the reader, with nearly all of the file before it.
  assert.deepEqual(await streaming(), [pid]);
  const rows = parseCsv(await response.text());
  assert.equal(rows.length, CROWD);
  assert.equal(new Set(rows.map(({ name }) => name)).size, CROWD);
  await until(nobody);
});

Deno.test("a reader who goes away ends the query", async () => {
  const leaving = new AbortController();
  const response = await startExport(key.token, leaving.signal);
  const reader = response.body!.getReader();
  await reader.read();
  assert.equal((await streaming()).length, 1);
  leaving.abort();
  await assert.rejects(drain(reader));
  await until(nobody);
});

Deno.test("a query that breaks half way breaks the connection off: no file that looks whole", async () => {
  const response = await startExport(key.token);
  const reader = response.body!.getReader();
  await reader.read();
  const [pid] = await streaming();
  await withDatabase((sql) => sql`select pg_terminate_backend(${pid}::int)`);
  await assert.rejects(drain(reader));
  await until(nobody);
});

Deno.test("exports that nobody reads cost nobody else their answers, and come to an end of their number", async () => {
  const leaving = new AbortController();
  const held = await Promise.all(
    Array.from({ length: STREAMS }, () => startExport(key.token, leaving.signal)),
  );
  const refused = await key.get<{ code: string }>("export-contacts");
  assert.equal(refused.status, 503, refused.text);
  assert.equal(refused.body.code, "too_many_exports");
  assert.equal(refused.headers.has("retry-after"), true);
  for (let n = 0; n < 20; n++) assert.equal((await key.get("list-contacts?limit=1")).status, 200);
  leaving.abort();
  for (const { body } of held) await body?.cancel().catch(() => undefined);
  await until(nobody);
  await until(async () =>
    (await key.get("export-contacts?search=nobody")).status === 200 || undefined
  );
});

/** Runs something with the functions' own code in this process. */
async function here(run: () => Promise<void>): Promise<void> {
  Deno.env.set("SUPABASE_DB_URL", stack.database_url);
  try {
    await run();
  } finally {
    await closeDatabase();
    Deno.env.delete("SUPABASE_DB_URL");
  }
}

const ENDLESS = `copy (select repeat('y', 1000) from generate_series(1, 1000000)) to stdout csv`;
const SLOW =
  `copy (select repeat('x', 9000), pg_sleep(0.05) from generate_series(1, 1000)) to stdout csv`;
const MINUTES = { statementMs: 60_000, stallMs: 60_000 };
const stream = (statement: string, limits = MINUTES) =>
  streamCopy(statement, new SpreadsheetCsv(), limits);

Deno.test("a reader who takes nothing for too long counts as gone", () =>
  here(async () => {
    const reader = (await stream(ENDLESS, { ...MINUTES, stallMs: 200 })).getReader();
    await reader.read();
    await until(async () => (await streaming(ENDLESS)).length === 0 || undefined);
    await assert.rejects(drain(reader), /takes nothing/);
  }));

Deno.test("a reader is not blamed for a slow query", () =>
  here(async () => {
    const reader = (await stream(SLOW, { ...MINUTES, stallMs: 100 })).getReader();
    await reader.read();
    const reading = reader.read();
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal((await streaming(SLOW)).length, 1);
    assert.equal((await reading).done, false);
    await reader.cancel();
    assert.equal((await streaming(SLOW)).length, 0);
  }));

Deno.test("a statement that takes too long is broken off", () =>
  here(async () => {
    const reader = (await stream(SLOW, { ...MINUTES, statementMs: 1500 })).getReader();
    await assert.rejects(drain(reader), { code: "57014" });
    // With nothing sent yet it is an answer.
    await assert.rejects(stream(SLOW, { ...MINUTES, statementMs: 100 }), { code: "57014" });
  }));

Deno.test("an error among the rows reaches the reader as an error", () =>
  here(async () => {
    const failing = (row: number) =>
      `copy (select 1 / (${row} - n) from generate_series(1, 60000) n) to stdout csv`;
    await assert.rejects(drain((await stream(failing(50_000))).getReader()), { code: "22012" });
    await assert.rejects(stream(failing(5)), { code: "22012" });
    await assert.rejects(stream("copy (select 1 from missing) to stdout"), { code: "42P01" });
    // And the connections are as good as new.
    for (let n = 0; n < 2 * STREAMS; n++) {
      const text = await new Response(await stream(`copy (select ${n}) to stdout csv`)).text();
      assert.equal(text, `${n}\r\n`);
    }
  }));

Deno.test("a server that stops breaks its streams off", () =>
  here(async () => {
    await databaseAnswers(5_000);
    const readers = [];
    for (let n = 0; n < 2; n++) readers.push((await stream(ENDLESS)).getReader());
    await closeDatabase();
    for (const reader of readers) await assert.rejects(drain(reader), /stops/);
    assert.equal((await streaming(ENDLESS)).length, 0);
  }));

Deno.test("times are UTC and of ISO, whatever the session says", () =>
  here(async () => {
    const text = await new Response(
      await stream(`copy (select '2026-01-01 00:00+02'::timestamptz) to stdout csv`),
    ).text();
    assert.equal(text.trim(), "2025-12-31 22:00:00+00");
  }));
