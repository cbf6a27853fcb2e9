/** The rows of the updates, for the bare inserts: one an update, a status too. */
import type postgres from "postgres";
import { DEMO } from "../../scripts/stack/seed.ts";
import type { Slice } from "./delivery.ts";
import { contactId, conversationId } from "./ids.ts";
import { type Update, updateAt } from "./stream.ts";

/** The columns of public.messages that differ from row to row, with their types. */
const COLUMNS = {
  conversation_id: "uuid",
  contact_id: "uuid",
  direction: "public.message_direction",
  sender_type: "public.sender_type",
  sender_name: "text",
  body: "text",
  wa_message_id: "text",
  status: "public.message_status",
  sent_at: "timestamptz",
} as const;

export type Row = Record<keyof typeof COLUMNS, string | null>;

/** Where bare rows go: those of the inserts, and those that a bare receiver stores. */
export type BareTable = "bench.messages" | "bench.received";

/** Copies of the message table: its defaults and indexes, but no triggers and no foreign keys. */
export async function createBareTables(sql: postgres.Sql): Promise<void> {
  await sql`create schema bench authorization postgres`;
  for (const table of ["bench.messages", "bench.received"] satisfies BareTable[]) {
    await sql`
      create table ${sql(table)} (like public.messages including defaults including indexes)`;
    await sql`alter table ${sql(table)} owner to postgres`;
  }
}

function rowOf(update: Update): Row {
  const shared = {
    conversation_id: conversationId(update.person),
    contact_id: contactId(update.person),
    sent_at: new Date(update.timestamp * 1000).toISOString(),
  };
  if (update.kind === "message") {
    const { name: sender_name, text: body, wamid: wa_message_id } = update;
    const sender = { direction: "inbound", sender_type: "contact", sender_name };
    return { ...shared, ...sender, body, wa_message_id, status: "received" };
  }
  // The index wants each message id once.
  const wa_message_id = update.wamid + update.status;
  const sender = { direction: "outbound", sender_type: "bot", sender_name: null };
  return { ...shared, ...sender, body: null, wa_message_id, status: update.status };
}

/**
 * The fastest that was found: plain values for one row, arrays from ten rows up (as many parameters
 * as values, or one of JSON, took a tenth to a quarter longer).
 */
export function insertStatement(batch: number, table: BareTable = "bench.messages"): string {
  const names = Object.keys(COLUMNS).join(", ");
  const row = `'${DEMO.workspaceId}'::uuid, 'text', '${DEMO.phoneNumberId}'`;
  const into = `insert into ${table} (workspace_id, type, phone_number_id, ${names})`;
  const parameters = Object.values(COLUMNS).map((type, n) => [`$${n + 1}::text::${type}`, type]);
  if (batch === 1) return `${into} values (${row}, ${parameters.map(([one]) => one).join(", ")})`;
  const arrays = parameters.map(([one]) => `${one}[]`).join(", ");
  return `${into} select ${row}, ${names} from unnest(${arrays}) as given (${names})`;
}

/** The parameters of the statement for each batch of a slice. */
export function parametersOf({ first, posts, batch, contacts }: Slice): (string | null)[][] {
  return Array.from({ length: posts }, (_, post) => {
    const start = first + post * batch;
    return parametersOfRows(
      Array.from({ length: batch }, (_, n) => rowOf(updateAt(start + n, contacts))),
    );
  });
}

/** The parameters of the statement for these rows. */
export function parametersOfRows(rows: Row[]): (string | null)[] {
  const columns = Object.keys(COLUMNS) as (keyof Row)[];
  if (rows.length === 1) return columns.map((column) => rows[0][column]);
  return columns.map((column) => arrayText(rows.map((row) => row[column])));
}

/** Postgres' spelling of an array. */
export function arrayText(values: (string | null)[]): string {
  const items = values.map((value) =>
    value === null ? "NULL" : `"${value.replace(/[\\"]/g, "\\$&")}"`
  );
  return `{${items.join(",")}}`;
}
