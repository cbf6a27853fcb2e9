/** Contacts who have said much. */
import type postgres from "postgres";

export interface Talker {
  contactId: string;
  conversationId: string;
}

// Rows a statement: a trigger's transition table of a million would go to disk.
const CHUNK = 10_000;

/** Makes contacts of a workspace, with a WhatsApp conversation and as many messages each. */
export async function talkers(
  sql: postgres.Sql,
  workspaceId: string,
  { people, messages }: { people: number; messages: number },
): Promise<Talker[]> {
  const made: Talker[] = await sql<Talker[]>`
    with contacts as (
      insert into public.contacts (workspace_id, name, source)
      select ${workspaceId}, 'Talker ' || n, 'api' from generate_series(1, ${people}::int) n
      returning id, workspace_id
    )
    insert into public.conversations (workspace_id, contact_id)
    select workspace_id, id from contacts
    returning contact_id as "contactId", id as "conversationId"`;
  const each = Math.max(1, Math.floor(CHUNK / messages));
  for (let from = 0; from < people; from += each) {
    const ids = made.slice(from, from + each).map(({ conversationId }) => conversationId);
    for (let said = 0; said < messages; said += CHUNK) {
      const until = Math.min(said + CHUNK, messages);
      await sql`
        insert into public.messages (workspace_id, conversation_id, contact_id, direction, sender_type,
          type, body, phone_number_id, wa_message_id, status, sent_at)
        select v.workspace_id, v.id, v.contact_id, case n % 2 when 0 then 'inbound' else 'outbound' end::public.message_direction,
          case n % 2 when 0 then 'contact' else 'agent' end::public.sender_type, 'text', 'This is message ' || n,
          '100000000000001', 'wamid.' || v.id || n,
          case n % 2 when 0 then 'received' else 'read' end::public.message_status,
          timestamptz '2026-01-01' + n * interval '1 minute'
        from public.conversations v, generate_series(${said + 1}::int, ${until}::int) n
        where v.id = any (${ids})`;
    }
  }
  return made;
}
