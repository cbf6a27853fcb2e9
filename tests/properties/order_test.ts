/** However a history is cut, shuffled and repeated on its way here, it ends in the same rows. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Sql, withDatabase } from "../support/database.ts";
import type { Contact, Data } from "../support/types.ts";
import { uniquePhone } from "../support/unique.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import { delivery } from "../fixtures/whatsapp/delivery.ts";
import { deliver } from "../webhook/hook.ts";
import { storeOutbound } from "../webhook/rows.ts";
import { anyTelling, expected, freshIds, type Happening, type Ids, toChange } from "./history.ts";
import { holds } from "./runs.ts";

Deno.test("any order, partition and repetition of a history ends in the same rows", async () => {
  const workspace = await makeWorkspace();
  const customer = await workspace.key.post<Data<Contact>>("create-contact", {
    phone: uniquePhone(),
  });
  await withDatabase(async (sql) => {
    await holds(
      fc.asyncProperty(anyTelling, async ({ happenings, parts }) => {
        const ids = freshIds(workspace.phoneNumberId, happenings);
        const tell = (indices: number[]) =>
          told(sql, workspace, customer.body.data.id, happenings, indices, ids);
        // The deliveries of a part come at the same time.
        for (const part of parts) await Promise.all(part.map(tell));
        assert.deepEqual(await found(sql, ids), expected(happenings, ids));
      }),
      30,
    );
  }, 4);
});

/** One delivery with what was heard of, after what we have sent meanwhile. */
async function told(
  sql: Sql,
  { id: workspaceId, phoneNumberId }: Workspace,
  contactId: string,
  happenings: Happening[],
  indices: number[],
  ids: Ids,
): Promise<void> {
  const changes = [];
  for (const index of indices) {
    const happening = happenings[index];
    if (happening.kind !== "send") {
      changes.push(toChange(happening, index, ids));
      continue;
    }
    const wamids = [ids.outbound[happening.outbound]];
    await storeOutbound(sql, { workspaceId, contactId, phoneNumberId, wamids });
  }
  if (changes.length > 0) await deliver(delivery(...changes));
}

/** The rows that there are now, in the shape in which they are expected. */
async function found(sql: Sql, ids: Ids): Promise<ReturnType<typeof expected>> {
  const phones = ids.waIds.map((waId) => `+${waId}`);
  const [messages, reactions, people, outbound, pending] = await Promise.all([
    sql`select m.wa_message_id as wamid, m.type, m.body, m.sender_name, m.sent_at, c.phone
      from public.messages m join public.contacts c on c.id = m.contact_id
      where m.wa_message_id in ${sql(ids.inbound)} order by m.wa_message_id collate "C"`,
    sql<{ wamid: string }[]>`select payload ->> 'id' as wamid from public.whatsapp_events
      where payload ->> 'id' in ${sql(ids.inbound)} order by (payload ->> 'id') collate "C"`,
    sql`select c.phone, c.name, a.message_count, v.unread_count, a.last_contact_at, v.last_message_at,
        v.last_inbound_at
      from public.contacts c join public.conversations v on v.contact_id = c.id
        join public.contact_activity a on a.contact_id = c.id
      where c.phone in ${sql(phones)} order by c.phone collate "C"`,
    sql`select wa_message_id as wamid, status, delivered_at, read_at, played_at, failed_at, error
      from public.messages where wa_message_id in ${
      sql(ids.outbound)
    } order by wa_message_id collate "C"`,
    sql`select wa_message_id as wamid, status, status_at from public.whatsapp_pending_statuses
      where wa_message_id in ${
      sql(ids.outbound)
    } order by wa_message_id collate "C", whatsapp_pending_statuses.status`,
  ]);
  return {
    messages: [...messages],
    reactions: reactions.map(({ wamid }) => wamid),
    people: [...people],
    outbound: [...outbound],
    pending: [...pending],
  } as unknown as ReturnType<typeof expected>;
}
