/** Conversations made for a test. */
import assert from "node:assert/strict";
import { createContact } from "./contacts.ts";
import { withDatabase } from "./database.ts";
import type { Answer, Client } from "./http.ts";
import type { Conversation, Data, Handoff } from "./types.ts";

/** A conversation with a new contact, which gets these fields. */
export async function openConversation(
  client: Client,
  contact: Record<string, unknown> = {},
): Promise<Conversation> {
  const { id } = await createContact(client, contact);
  const answer = await client.post<Data<Handoff>>("handoff", { contact_id: id });
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data.conversation!;
}

/** Does something to a conversation: `accept`, `resolve`, … */
export function act(
  client: Client,
  id: string,
  action: string,
  body: unknown = {},
): Promise<Answer<Data<Conversation>>> {
  return client.post(`conversations/${id}/${action}`, body);
}

/** Does it, which has to succeed, and gives the conversation as it is then. */
export async function made(
  client: Client,
  id: string,
  action: string,
  body: unknown = {},
): Promise<Conversation> {
  const answer = await act(client, id, action, body);
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data;
}

/** Messages that came in (or went out), `n` seconds after the year 2026 began. */
export async function storeMessages(
  { id, contact }: Conversation,
  seconds: readonly number[],
  direction: "inbound" | "outbound" = "inbound",
): Promise<void> {
  await withDatabase((sql) =>
    sql`
      insert into public.messages (workspace_id, conversation_id, contact_id, direction, sender_type,
        type, body, status, sent_at)
      select v.workspace_id, v.id, ${contact.id}, ${direction}::public.message_direction,
        ${
      direction === "inbound" ? "contact" : "agent"
    }::public.sender_type, 'text', 'Message ' || n,
        ${direction === "inbound" ? "received" : "sent"}::public.message_status,
        timestamptz '2026-01-01T00:00:00Z' + n * interval '1 second'
      from public.conversations v, unnest(${[...seconds]}::int[]) as n
      where v.id = ${id}`
  );
}
