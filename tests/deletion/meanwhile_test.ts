/** People are deleted while they write: whole or not at all, and the webhook never suffers. */
import assert from "node:assert/strict";
import { withDatabase } from "../support/database.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import { delivered, person, text } from "../fixtures/whatsapp/delivery.ts";
import { contactsOf } from "../webhook/rows.ts";
import { post } from "../webhook/hook.ts";
import type { Data } from "../support/types.ts";

const WA_IDS = Array.from({ length: 40 }, (_, n) => `1604556${String(1000 + n)}`);
const pick = <Value>(values: readonly Value[], count: number) =>
  values.toSorted(() => Math.random() - 0.5).slice(0, count);

interface Told {
  /** By their wamids: who wrote it. */
  messages: Map<string, string>;
  statuses: number[];
}

/** A delivery of a few of them, in any order, now and then with a new name or a STOP. */
async function chatter({ phoneNumberId }: Workspace, turn: number, told: Told): Promise<void> {
  const some = pick(WA_IDS, 5);
  const timestamp = String(Math.floor(Date.now() / 1000));
  const messages = some.map((waId) => text(waId, pick(["Hi", "Hi", "STOP"], 1)[0], { timestamp }));
  for (const [n, { id }] of messages.entries()) told.messages.set(id, some[n]);
  const contacts = some.map((waId) => person(waId, pick([`Name ${turn}`, undefined], 1)[0]));
  const answer = await post(JSON.stringify(delivered(phoneNumberId, { contacts, messages })));
  told.statuses.push(answer.status);
}

async function removeSome({ id, key }: Workspace, history: string, statuses: number[]) {
  const ids = pick(await contactsOf(id), 6).map((contact) => contact.id);
  if (ids.length === 0) return 0;
  const answer = await key.post<Data<{ deleted: number }>>("delete-contacts", {
    contact_ids: ids,
    history,
  });
  statuses.push(answer.status);
  return answer.body.data.deleted;
}

Deno.test("messages that come while their writers are deleted are theirs anew or gone with them", async () => {
  const workspace = await makeWorkspace();
  const told: Told = { messages: new Map(), statuses: [] };
  const removals: number[] = [];
  let deleted = 0;
  await chatter(workspace, 0, told);
  let going = true;
  const removing = Promise.all(["keep", "erase"].map(async (history) => {
    while (going) deleted += await removeSome(workspace, history, removals);
  }));
  // Until enough of them have met: how long a deletion takes depends on what else is kept here.
  const enough = Date.now() + 60_000;
  await Promise.all(Array.from({ length: 5 }, async () => {
    for (let turn = 1; turn <= 40 || deleted <= 20 && Date.now() < enough; turn++) {
      await chatter(workspace, turn, told);
    }
  }));
  going = false;
  await removing;
  assert.deepEqual([...new Set(told.statuses)], [200]);
  assert.deepEqual(removals.filter((status) => status !== 200 && status !== 202), []);
  assert.ok(deleted > 20, `${deleted} were deleted`);
  await assertWhole(workspace, told);
});

/** Nobody is there in part, nobody twice, and each message once at most. */
async function assertWhole({ id }: Workspace, { messages }: Told): Promise<void> {
  await withDatabase(async (sql) => {
    const wrong = await sql`
      select c.id from public.contacts c left join public.contact_activity a on a.contact_id = c.id
      where c.workspace_id = ${id} and (
        a.contact_id is null
        or a.message_count <> (select count(*) from public.messages m where m.contact_id = c.id)
        or (select count(*) from public.contact_identities i where i.contact_id = c.id) <> 1
        or (select count(*) from public.conversations v where v.contact_id = c.id) <> 1
        or c.opted_out <> exists (select from public.contact_consents s where s.contact_id = c.id))`;
    assert.deepEqual([...wrong], []);
    const stored = await sql<{ wa_message_id: string; digits: string }[]>`
      select m.wa_message_id, c.whatsapp_contact_id as digits
      from public.messages m join public.contacts c on c.id = m.contact_id where m.workspace_id = ${id}`;
    for (const { wa_message_id, digits } of stored) {
      assert.equal(messages.get(wa_message_id), digits);
    }
    const [{ kept, failures }] = await sql<{ kept: number; failures: number }[]>`
      select (select count(*)::int from public.retained_messages where workspace_id = ${id}) as kept,
        (select count(*)::int from private.webhook_failures where item::text like '%1604556%') as failures`;
    assert.equal(failures, 0);
    assert.ok(kept + stored.length < messages.size, "some were erased with their writers");
    assert.ok(kept > 0 && stored.length > 0);
  });
}
