/**
 * What a call reads does not grow with what is stored: rows are counted, not milliseconds, by one
 * session that keeps its plans from when there was little, as a pooled connection does. On a stack
 * of its own, where there is little.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import postgres from "postgres";
import { signalBody } from "./support/scoring.ts";
import { SendingStack } from "./support/sending_stack.ts";
import { until } from "./support/until.ts";
import {
  at,
  change,
  delivery,
  type Item,
  type Json,
  person,
  status,
  text,
  uniqueWamid,
} from "./fixtures/whatsapp/delivery.ts";
import { echo } from "./webhook/updates.ts";

type Tx = postgres.TransactionSql;

interface Workspace {
  id: string;
  phoneNumberId: string;
  apiKey: string;
}

const waId = (n: number) => `1604${String(5_000_000 + n)}`;
const range = (from: number, length: number) => Array.from({ length }, (_, n) => from + n);

/** Their writers like what they have written. */
function reactions(messages: Item[]): Item[] {
  return messages.map(({ id, from }) => ({
    id: uniqueWamid(),
    from,
    timestamp: at(4),
    type: "reaction",
    reaction: { message_id: id, emoji: "👍" },
  }));
}

/** Of the echoes, and of messages that nobody knows to people whom nobody knows. */
function statusesOf(echoes: Json[], people: number[]): Json[] {
  return [
    ...echoes.map(({ id }) => status(String(id), "delivered", 5)),
    ...people.map((n) =>
      status(uniqueWamid(), "delivered", 5, {
        recipient_id: `1${waId(n)}`,
        recipient_user_id: `CA.${n}`,
      })
    ),
  ];
}

/** Each of them writes, and is answered in WhatsApp's own app. */
async function talk(tx: Tx, { phoneNumberId }: Workspace, people: number[]): Promise<void> {
  const parts = {
    contacts: people.map((n) => person(waId(n), `Person ${n}`)),
    messages: people.map((n) => text(waId(n), "Hello, what is the price?")),
  };
  const message_echoes = people.map((n) => echo(waId(n), uniqueWamid(), 2));
  const calls = people.map((n) => ({
    id: uniqueWamid(),
    from: waId(n),
    event: "connect",
    timestamp: at(3),
    direction: "USER_INITIATED",
  }));
  const user_preferences = people.map((n) => ({
    wa_id: waId(n),
    category: "marketing_messages",
    value: "stop",
    timestamp: at(n),
  }));
  const state_sync = people.map((n) => ({
    type: "contact",
    action: "add",
    contact: { full_name: `Book ${n}`, phone_number: `+${waId(n)}` },
    metadata: { timestamp: at(n) },
  }));
  const body = JSON.stringify(delivery(
    change(phoneNumberId, parts),
    change(phoneNumberId, { message_echoes }, "smb_message_echoes"),
    change(phoneNumberId, { messages: reactions(parts.messages) }),
    change(phoneNumberId, { statuses: statusesOf(message_echoes, people) }),
    change(phoneNumberId, { calls }, "calls"),
    change(phoneNumberId, { user_preferences }, "user_preferences"),
    change(phoneNumberId, { state_sync }, "smb_app_state_sync"),
  ));
  const [{ told }] = await tx<{ told: { failed: number } }[]>`
    select private.ingest_whatsapp(${body}::text) as told`;
  assert.equal(told.failed, 0);
}

async function call(
  tx: Tx,
  { apiKey }: Workspace,
  scope: string,
  operation: string,
  args: unknown,
) {
  const hash = createHash("sha256").update(apiKey).digest("hex");
  const credential = { type: "api_key", hash };
  const [{ body }] = await tx<{ body: string }[]>`
    select body from private.call(
      ${JSON.stringify(credential)}::text::jsonb, ${scope}, ${operation},
      ${JSON.stringify(args)}::text::jsonb)`;
  return JSON.parse(body).data;
}

/** What one person's contact goes through over the API. */
async function work(tx: Tx, workspace: Workspace, n: number): Promise<void> {
  const write = (operation: string, args: unknown) =>
    call(tx, workspace, "contacts:write", operation, args);
  const phone = `+49301${String(1_000_000 + n)}`;
  const { id } = await write("create_contact", { contact: { phone, name: `Created ${n}` } });
  await write("create_deal", { deal: { contact_id: id, title: "A deal", value: 20 } });
  await write("record_score_event", { event: { contact_id: id, points: 5, reason: "Came by" } });
  await write("update_contact", { contact_id: id, set: { status: "converted", tags: ["a"] } });
  const read = await call(tx, workspace, "contacts:read", "get_contact", { contact_id: id });
  assert.deepEqual([read.status, read.auto_status, read.score], ["converted", "converted", 5]);
}

/** What a person and another contact, who turns out to be the same, go through with the team. */
async function attend(tx: Tx, workspace: Workspace, n: number): Promise<void> {
  const write = (operation: string, args: unknown) =>
    call(tx, workspace, "contacts:write", operation, args);
  const speak = (operation: string, args: Record<string, unknown> = {}) =>
    call(tx, workspace, "conversations:write", operation, { conversation_id, ...args });
  const { id: contact_id, conversation: { id: conversation_id } } = await call(
    tx,
    workspace,
    "contacts:read",
    "get_contact",
    { phone: `+${waId(n)}` },
  );
  await call(tx, workspace, "conversations:read", "can_send", { contact_id });
  await speak("accept_conversation");
  const template = { name: "hello", language: { code: "en" } };
  await speak("send_message", { type: "template", template });
  await speak("mark_read");
  await speak("resolve_conversation");
  await speak("reopen_conversation");
  await speak("handoff", { contact_id });
  const note = { content: "A note", entity_type: "lead", entity_id: contact_id };
  await call(tx, workspace, "notes:write", "create_note", note);
  const starts_at = "2026-12-01T10:00:00Z";
  await write("create_meeting", { meeting: { contact_id, title: "A meeting", starts_at } });
  await write("create_call", { call: { contact_id, direction: "inbound" } });
  const phone = `+49302${String(1_000_000 + n)}`;
  const { id: duplicate_id } = await write("create_contact", { contact: { phone, name: "Twin" } });
  await write("update_contact", { contact_id: duplicate_id, set: { phone: `${phone}9` } });
  await call(tx, workspace, "contacts:read", "merge_candidates", { contact_id, limit: 5 });
  const { merge_id } = await write("merge_contacts", { primary_id: contact_id, duplicate_id });
  await talk(tx, workspace, [n]);
  await write("undo_merge", { merge_id });
  const page = { limit: 5 };
  const read = (operation: string, args: Record<string, unknown>) =>
    call(tx, workspace, "conversations:read", operation, { ...page, ...args });
  await read("list_messages", { conversation_id });
  await read("list_conversations", { filter: { view: "all" } });
  await read("contact_timeline", { contact_id });
  await read("contact_explanation", { contact_id });
}

/** Other workspaces with a reaction each, of which the planner knows. */
async function surround(tx: Tx): Promise<void> {
  await tx`
    with others as (
      insert into public.workspaces (name) select 'Other' from generate_series(1, 200) returning id
    )
    insert into public.message_changes (workspace_id, phone_number_id, wa_message_id,
      target_wa_message_id, kind, content, happened_at)
    select id, '1', 'wamid.of.' || id, 'wamid.to.' || id, 'reaction', '{"emoji": "👍"}', now()
    from others`;
  await tx`analyze public.message_changes`;
}

/** As if so many people with an update each had been deleted, who had refused messages. */
async function forget(tx: Tx, { id }: Workspace, from: number, people: number): Promise<void> {
  const hashes = tx`
    select sha256(n::text::bytea) as hash
    from generate_series(${from}::int, ${from + people - 1}::int) n`;
  await tx`insert into private.forgotten_updates (hash) ${hashes}`;
  await tx`
    insert into private.suppressions (workspace_id, hash, kind, refused_at)
    select ${id}::uuid, h.hash, 'marketing', now() from (${hashes}) h`;
}

/** Rows that the transaction has read so far, by tables. */
async function rowsRead(tx: Tx): Promise<Map<string, number>> {
  const rows = await tx<{ name: string; n: number }[]>`
    select schemaname || '.' || relname as name, (seq_tup_read + idx_tup_fetch)::int as n
    from pg_stat_xact_user_tables where seq_tup_read + idx_tup_fetch > 0`;
  return new Map(rows.map(({ name, n }) => [name, n]));
}

async function readBy(tx: Tx, run: () => Promise<void>): Promise<Map<string, number>> {
  const before = await rowsRead(tx);
  await run();
  const after = await rowsRead(tx);
  return new Map([...after].map(([name, n]) => [name, n - (before.get(name) ?? 0)]));
}

const sum = (counts: Map<string, number>) => [...counts.values()].reduce((a, b) => a + b, 0);

/** A workspace where what is written counts, on a stack with hardly anything else. */
async function withLittle(
  run: (sql: postgres.Sql, workspace: Workspace) => Promise<void>,
): Promise<void> {
  const stack = await SendingStack.start();
  const { admin, api_key, database_url, workspace_id } = stack.stack.credentials;
  const sql = postgres(database_url, { max: 1, onnotice: () => {} });
  try {
    const rules = { authorization: `Bearer ${admin.token}` };
    const signal = { kind: "keyword", keywords: ["price"], points: 10, buying_intent: true };
    const { status } = await stack.call("POST", "scoring-signals", signalBody(signal), rules);
    assert.equal(status, 201);
    await until(async () => {
      const path = "scoring-signals/rescoring";
      const { body } = await stack.call<{ data: Json }>("GET", path, undefined, rules);
      return body.data.status === "idle" || undefined;
    });
    await run(sql, { id: workspace_id, phoneNumberId: stack.number, apiKey: api_key });
  } finally {
    await sql.end({ timeout: 5 });
    await stack.stop();
  }
}

/** What is asked about people from that number on. */
type Asked = (from: number) => Promise<void>;

/** Ten people and one of them with the team, when there is little and when there is more. */
async function assertFlat(
  tx: Tx,
  workspace: Workspace,
  beforePlanning: (asked: Asked) => Promise<void>,
): Promise<void> {
  // New people and known ones.
  const asked: Asked = async (from) => {
    await talk(tx, workspace, range(from, 10));
    await talk(tx, workspace, range(from, 10));
    await work(tx, workspace, from);
    await attend(tx, workspace, from);
  };
  await surround(tx);
  await forget(tx, workspace, 0, 1);
  await beforePlanning(asked);
  // From here on the session keeps its plans, though there is hardly anything yet.
  await asked(5000);
  const few = await readBy(tx, () => asked(5100));
  for (const first of range(0, 20)) await talk(tx, workspace, range(1000 + first * 100, 100));
  for (const n of range(1000, 10)) await work(tx, workspace, n);
  for (const n of range(1000, 5)) await attend(tx, workspace, n);
  await forget(tx, workspace, 1, 2000);
  const many = await readBy(tx, () => asked(5200));
  const grown = [...many].filter(([table, n]) => n > 40 + 1.3 * (few.get(table) ?? 0));
  assert.deepEqual(grown.map(([table, n]) => `${table}: ${few.get(table) ?? 0} → ${n} rows`), []);
  assert.ok(sum(many) <= 1.2 * sum(few), `${sum(few)} → ${sum(many)} rows`);
}

/** The planner learns how little there is: it would then rather read all of it. */
async function analyze(tx: Tx, isLooked: (table: Table) => boolean): Promise<void> {
  const tables = await tx<{ schemaname: string; relname: string }[]>`
    select schemaname, relname from pg_stat_user_tables
    where schemaname in ('public', 'private')`;
  for (const { schemaname, relname } of tables) {
    const table = tx(`${schemaname}.${relname}`);
    const rows = await tx`select from ${table} limit 1`;
    if (isLooked({ schemaname, empty: rows.length === 0 })) await tx`analyze ${table}`;
  }
  await tx`discard plans`;
}

interface Table {
  schemaname: string;
  empty: boolean;
}

const STATISTICS: Record<string, (tx: Tx, asked: Asked) => Promise<void>> = {
  "planned before anybody has looked at the tables": () => Promise.resolve(),
  "planned while the queues were known to be empty": (tx) =>
    analyze(tx, ({ schemaname, empty }) => schemaname === "private" && empty),
  "planned for the little that there is": async (tx, asked) => {
    await asked(4800);
    await analyze(tx, () => true);
  },
};

for (const [name, beforePlanning] of Object.entries(STATISTICS)) {
  Deno.test(`neither a delivery nor a call reads more when there is more, ${name}`, async () => {
    const undone = new Error("Everything is taken back.");
    await withLittle(async (sql, workspace) => {
      const measured = sql.begin(async (tx) => {
        await assertFlat(tx, workspace, (asked) => beforePlanning(tx, asked));
        throw undone;
      });
      await assert.rejects(measured, undone);
    });
  });
}
