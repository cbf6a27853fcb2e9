/** Messages that have been sent. */
import { withDatabase } from "../../support/database.ts";
import type { Workspace } from "../../support/workspace.ts";

/** A message to the contact as it is once WhatsApp has taken it, with its row of the outbox. */
export async function storeSent(
  { id, phoneNumberId }: Workspace,
  contactId: string,
  n: number,
  wamid = `wamid.${crypto.randomUUID()}`,
): Promise<void> {
  await withDatabase(async (sql) => {
    await sql`insert into public.conversations (workspace_id, contact_id)
      values (${id}, ${contactId}) on conflict do nothing`;
    await sql`
      with said as (
        insert into public.messages (workspace_id, conversation_id, contact_id, direction, sender_type,
          type, body, phone_number_id, wa_message_id, status, sent_at)
        select v.workspace_id, v.id, v.contact_id, 'outbound', 'agent', 'text', 'Hello', ${phoneNumberId},
          ${wamid}, 'sent', to_timestamp(1790000000 + ${n}::int)
        from public.conversations v where v.contact_id = ${contactId} and v.channel = 'whatsapp'
        returning *
      )
      insert into private.outbox (id, workspace_id, conversation_id, message_id, phone_number_id, kind,
        request, state, wa_message_id)
      select id, workspace_id, conversation_id, id, phone_number_id, 'message', '{}', 'accepted', wa_message_id
      from said`;
  });
}
