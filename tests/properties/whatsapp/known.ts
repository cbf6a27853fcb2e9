/** Of what is found in the database, the parts that the model knows. */
import type { Found, Row } from "./rows.ts";

const CONTACT = [
  "contact",
  "profile_name",
  "message_count",
  "call_count",
  "last_contact_at",
  "opted_out",
];
const THREAD = [
  "contact",
  "channel",
  "message_count",
  "unread_count",
  "last_message_at",
  "last_inbound_at",
  "read_until",
  "phase",
];
const MESSAGE = [
  "wa_message_id",
  "contact",
  "thread",
  "direction",
  "from_history",
  "sender_name",
  "sent_at",
  "body",
  "edited_at",
  "revoked_at",
  "status",
  "sent_status_at",
  "delivered_at",
  "read_at",
  "played_at",
  "failed_at",
  "error",
];

/** In the form of `expected`. */
export function known(found: Found): Record<string, Row[]> {
  return {
    contacts: found.contacts.map((row) => ({
      ...picked(row, CONTACT),
      name: row.phonebook_name_at !== null && row.name_source === "profile"
        ? "phone book"
        : row.name,
    })),
    threads: found.conversations.map((row) => picked(row, THREAD)),
    messages: found.messages.map((row) => ({
      ...picked(row, MESSAGE),
      reactions: (row.reactions as unknown[]).length,
    })),
    pending: found.whatsapp_pending_statuses
      .map((row) => picked(row, ["wa_message_id", "status", "status_at"])),
    kpis: [
      { with_tests: total(found.kpis, "with_tests") },
      { without_tests: total(found.kpis, "contacts") },
    ],
  };
}

function picked(row: Row, names: string[]): Row {
  return Object.fromEntries(names.map((name) => [name, asTime(name, row[name])]));
}

// Postgres writes the offset and no milliseconds.
function asTime(name: string, value: unknown): unknown {
  const isTime = typeof value === "string" && /_(at|until)$/.test(name);
  return isTime ? new Date(value).toISOString() : value;
}

function total(rows: Row[], name: string): number {
  return rows.reduce((sum, row) => sum + Number(row[name]), 0);
}

/** Each table's rows in an order of their own, their members in one as well. */
export function comparable(tables: Record<string, Row[]>): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(tables).map(([table, rows]) => [table, rows.map(line).sort()]),
  );
}

function line(row: Row): string {
  return JSON.stringify(row, Object.keys(row).concat("code", "title").sort());
}
