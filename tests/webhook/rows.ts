/** What the webhook has left in the database. */
import { type Sql, withDatabase } from "../support/database.ts";
import type { Json } from "../fixtures/whatsapp/delivery.ts";

/** A plain list, as claims compare it; the driver's own is a class. */
async function rowsOf<Row>(select: (sql: Sql) => Promise<Row[]>): Promise<Row[]> {
  return [...await withDatabase(select)];
}

export interface MessageRow {
  id: string;
  workspace_id: string;
  conversation_id: string;
  contact_id: string;
  direction: string;
  sender_type: string;
  sender_name: string | null;
  channel: string;
  type: string;
  body: string | null;
  payload: Json;
  reply_to: string | null;
  phone_number_id: string | null;
  wa_message_id: string | null;
  status: string;
  error: Json | null;
  media: Json | null;
  reactions: { emoji: string; from: string; reacted_at: string }[];
  pricing: Json | null;
  from_history: boolean;
  sent_at: Date;
  delivered_at: Date | null;
  read_at: Date | null;
  played_at: Date | null;
  failed_at: Date | null;
  edited_at: Date | null;
  revoked_at: Date | null;
}

/** The messages of a business number, by their time and wamid. */
export function messagesOf(phoneNumberId: string): Promise<MessageRow[]> {
  return rowsOf((sql) =>
    sql<MessageRow[]>`
      select * from public.messages where phone_number_id = ${phoneNumberId}
      order by sent_at, wa_message_id`
  );
}

/** The wamids of a business number's messages, in their order. */
export async function wamidsOf(phoneNumberId: string): Promise<string[]> {
  return (await messagesOf(phoneNumberId)).map((row) => row.wa_message_id!).sort();
}

export interface ChangeRow {
  wa_message_id: string;
  target_wa_message_id: string;
  contact_id: string | null;
  kind: string;
  content: Json;
  happened_at: Date;
}

/** The reactions, edits and revokes of a business number, by their time and wamid. */
export function changesOf(phoneNumberId: string): Promise<ChangeRow[]> {
  return rowsOf((sql) =>
    sql<ChangeRow[]>`
      select wa_message_id, target_wa_message_id, contact_id, kind, content, happened_at
      from public.message_changes where phone_number_id = ${phoneNumberId}
      order by happened_at, wa_message_id`
  );
}

export interface EventRow {
  workspace_id: string | null;
  phone_number_id: string | null;
  waba_id: string | null;
  field: string;
  type: string | null;
  payload: unknown;
}

export function eventsOf(workspaceId: string): Promise<EventRow[]> {
  return rowsOf((sql) =>
    sql<EventRow[]>`
      select workspace_id, phone_number_id, waba_id, field, type, payload from public.whatsapp_events
      where workspace_id = ${workspaceId} order by field, type, payload`
  );
}

export interface ContactRow {
  id: string;
  name: string | null;
  phone: string | null;
  country: string | null;
  source: string;
  channels: string[];
  message_count: number;
  last_contact_at: Date | null;
}

export function contactsOf(workspaceId: string): Promise<ContactRow[]> {
  return rowsOf((sql) =>
    sql<ContactRow[]>`
      select c.id, name, phone, country, source, channels, message_count, last_contact_at
      from public.contacts c join public.contact_activity a on a.contact_id = c.id
      where c.workspace_id = ${workspaceId} order by phone, name`
  );
}

/** `channel external_id` of all identities of a workspace. */
export async function identitiesOf(workspaceId: string): Promise<string[]> {
  const rows = await rowsOf((sql) =>
    sql<{ identity: string }[]>`
      select channel || ' ' || external_id as identity from public.contact_identities
      where workspace_id = ${workspaceId} order by 1`
  );
  return rows.map(({ identity }) => identity);
}

export interface DeliveryRow {
  body: string | null;
  raw: Uint8Array | null;
  status: string;
  detail: Json;
  failures: { item: unknown; error: string }[];
}

/** The deliveries kept of exactly these bytes. */
export function deliveriesOf(body: string | Uint8Array): Promise<DeliveryRow[]> {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return rowsOf((sql) =>
    sql<DeliveryRow[]>`
      select body, raw, status, detail, (
        select coalesce(jsonb_agg(jsonb_build_object('item', f.item, 'error', f.error)), '[]')
        from private.webhook_failures f where f.delivery_id = d.id) as failures
      from private.webhook_deliveries d
      where coalesce(raw, convert_to(body, 'UTF8')) = ${bytes}`
  );
}

/** Outbound messages as sending will store them. */
export async function storeOutbound(
  sql: Sql,
  given: { workspaceId: string; contactId: string; phoneNumberId: string; wamids: string[] },
): Promise<void> {
  await sql`
    insert into public.conversations (workspace_id, contact_id)
    values (${given.workspaceId}, ${given.contactId}) on conflict do nothing`;
  await sql`
    insert into public.messages (workspace_id, conversation_id, contact_id, direction, sender_type,
      type, body, phone_number_id, wa_message_id, status, sent_at)
    select v.workspace_id, v.id, v.contact_id, 'outbound', 'agent', 'text', 'Hello',
      ${given.phoneNumberId}, wamid, 'queued', to_timestamp(1790000000)
    from public.conversations v, unnest(${given.wamids}::text[]) as wamid
    where v.contact_id = ${given.contactId}`;
}
