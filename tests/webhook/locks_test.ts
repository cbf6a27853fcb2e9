/** Messages, calls, opt-outs and people's work on the same contacts at once: nobody deadlocks. */
import assert from "node:assert/strict";
import { withDatabase } from "../support/database.ts";
import { deadlocks } from "../support/deadlocks.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import { at, delivered, person, status, text, uniqueWamid } from "../fixtures/whatsapp/delivery.ts";
import { deliver } from "./hook.ts";
import { contactsOf, storeOutbound } from "./rows.ts";

const WA_IDS = Array.from({ length: 12 }, (_, n) => `1604555${String(1000 + n)}`);
const any = <Value>(values: readonly Value[]) => values[Math.floor(Math.random() * values.length)];

/**
 * A delivery from a few of them, in any order, with a new name now and then, or a STOP. No name is
 * taken up again: one that a delivery finds current while another changes it is locked late.
 */
function chatter({ phoneNumberId }: Workspace, turn: number, lane: number): Promise<void> {
  const some = WA_IDS.toSorted(() => Math.random() - 0.5).slice(0, 4);
  return deliver(delivered(phoneNumberId, {
    contacts: some.map((waId) => person(waId, any([`Ana ${lane}.${turn}`, undefined]))),
    messages: some.map((waId) => text(waId, any(["Hi", "Hi", "STOP"]), { timestamp: at(turn) })),
  }));
}

/** What people do: write to a contact, call it, change it, take its conversation. */
async function work(workspace: Workspace, contactIds: string[]): Promise<void> {
  const contactId = any(contactIds);
  const { id: workspaceId, phoneNumberId, agent } = workspace;
  await any([
    () =>
      withDatabase((sql) =>
        storeOutbound(sql, { workspaceId, contactId, phoneNumberId, wamids: [crypto.randomUUID()] })
      ),
    () =>
      withDatabase((sql) =>
        sql`insert into public.calls (workspace_id, contact_id, direction, status, started_at)
          values (${workspaceId}, ${contactId}, 'outbound', 'completed', now())`
      ),
    () => agent.post("update-contact", { contact_id: contactId, company: crypto.randomUUID() }),
  ])();
}

Deno.test("messages, calls and changes of the same contacts wait for each other and never deadlock", async () => {
  const workspace = await makeWorkspace();
  const { phoneNumberId } = workspace;
  await deliver(delivered(phoneNumberId, { messages: WA_IDS.map((waId) => text(waId, "Hi")) }));
  const ids = (await contactsOf(workspace.id)).map(({ id }) => id);
  assert.equal(ids.length, WA_IDS.length);
  const before = (await deadlocks()).length;
  await Promise.all(Array.from({ length: 8 }, async (_, lane) => {
    for (let turn = 1; turn <= 40; turn++) {
      await (lane % 2 === 0 ? chatter(workspace, turn, lane) : work(workspace, ids));
    }
  }));
  assert.deepEqual((await deadlocks()).slice(before), []);
  const wrong = await withDatabase((sql) =>
    sql`
      select a.contact_id from public.contact_activity a join public.contacts c on c.id = a.contact_id
      where c.workspace_id = ${workspace.id} and (c.name is distinct from a.profile_name
        or a.message_count <> (select count(*) from public.messages m where m.contact_id = c.id))`
  );
  assert.deepEqual([...wrong], []);
});

Deno.test("reactions to messages and statuses of the same messages never deadlock", async () => {
  const workspace = await makeWorkspace();
  const { phoneNumberId } = workspace;
  await deliver(delivered(phoneNumberId, { messages: WA_IDS.map((waId) => text(waId, "Hi")) }));
  const written = await Promise.all((await contactsOf(workspace.id)).map(async (contact) => {
    const wamids = [uniqueWamid(), uniqueWamid()];
    await withDatabase((sql) =>
      storeOutbound(sql, {
        workspaceId: workspace.id,
        contactId: contact.id,
        phoneNumberId,
        wamids,
      })
    );
    return wamids.map((wamid) => ({ waId: contact.phone!.slice(1), wamid }));
  }));
  const before = (await deadlocks()).length;
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let turn = 1; turn <= 40; turn++) {
      const [reacted, told, ...others] = written.flat().toSorted(() => Math.random() - 0.5);
      await deliver(delivered(phoneNumberId, {
        messages: [reacted, others[0]].map(({ waId, wamid }) => ({
          from: waId,
          id: uniqueWamid(),
          timestamp: at(turn),
          type: "reaction",
          reaction: { message_id: wamid, emoji: any(["👍", "❤️"]) },
        })),
        statuses: [told, others[1]].map(({ wamid }) =>
          status(wamid, any(["delivered", "read"]), turn)
        ),
      }));
    }
  }));
  assert.deepEqual((await deadlocks()).slice(before), []);
});
