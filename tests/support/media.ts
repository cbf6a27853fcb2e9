/** Files of messages as if they had been fetched. */
import { dirname, join } from "node:path";
import { createContact } from "./contacts.ts";
import { withDatabase } from "./database.ts";
import { dataFolder } from "./stack.ts";
import type { Workspace } from "./workspace.ts";

/** A message with a stored file of a few bytes; returns the file's id. */
export async function storeMedia(
  { id: workspaceId, key, phoneNumberId }: Workspace,
): Promise<string> {
  const contact = await createContact(key);
  return await withDatabase(async (sql) => {
    await sql`
      with thread as (
        insert into public.conversations (workspace_id, contact_id)
        values (${workspaceId}, ${contact.id}) returning *
      )
      insert into public.messages (workspace_id, conversation_id, contact_id, direction,
        sender_type, type, status, phone_number_id, media)
      select workspace_id, id, contact_id, 'inbound', 'contact', 'image', 'received',
        ${phoneNumberId}, '{"id": "1", "mime_type": "image/jpeg"}' from thread`;
    const [{ id, storage_path }] = await sql<{ id: string; storage_path: string }[]>`
      update public.message_media set status = 'stored', sha256 = '00', size_bytes = 4
      where message_id = (select id from public.messages where contact_id = ${contact.id})
      returning id, storage_path`;
    const path = join(dataFolder, "media", storage_path);
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, "JPEG");
    return id;
  });
}
