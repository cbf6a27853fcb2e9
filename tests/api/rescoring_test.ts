/** Rules change while others are at work: what they had begun by the old rules ends by the new ones. */
import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { type Sql, withDatabase } from "../support/database.ts";
import { merge, undo } from "../support/merging.ts";
import { createSignal, rescored } from "../support/scoring.ts";
import type { Contact, Data, Page, ScoreEvent } from "../support/types.ts";
import { uniquePhone } from "../support/unique.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import { delivered, person, text } from "../fixtures/whatsapp/delivery.ts";
import { deliver } from "../webhook/hook.ts";

const written = ({ phoneNumberId }: Workspace, phone: string, body: string) =>
  delivered(phoneNumberId, {
    contacts: [person(phone.slice(1))],
    messages: [text(phone.slice(1), body)],
  });

/** Something that is begun before the rules change and ends long after. */
async function meanwhile(
  begin: (sql: Sql) => Promise<unknown>,
  change: () => Promise<unknown>,
): Promise<void> {
  await withDatabase((sql) =>
    sql.begin(async (tx) => {
      await begin(tx as unknown as Sql);
      await change();
      // As long as a rescoring takes that does not wait.
      await new Promise((resolve) => setTimeout(resolve, 500));
    })
  );
}

async function contactOf({ key }: Workspace, phone: string): Promise<Contact> {
  const answer = await key.get<Data<Contact>>(`get-contact?phone=${encodeURIComponent(phone)}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data;
}

async function eventsOf({ key }: Workspace, { id }: { id: string }): Promise<ScoreEvent[]> {
  return (await key.get<Page<ScoreEvent>>(`score-events?contact_id=${id}`)).body.data;
}

const OAK = { kind: "keyword", points: 45, keywords: ["oak table"] };

Deno.test("a message that is being stored while a signal is made shows it", async () => {
  const workspace = await makeWorkspace();
  const phone = uniquePhone();
  const payload = JSON.stringify(written(workspace, phone, "Any oak tables?"));
  await meanwhile(
    (sql) => sql`select private.ingest_whatsapp(${payload}, '{}')`,
    () => createSignal(workspace.admin, OAK),
  );
  await rescored(workspace);
  const { score, grade } = await contactOf(workspace, phone);
  assert.deepEqual([score, grade], [45, "C"]);
});

Deno.test("a contact that is being made while the rule of VIPs changes follows it", async () => {
  const workspace = await makeWorkspace();
  const phone = uniquePhone();
  await meanwhile(
    (sql) =>
      sql`
      insert into public.contacts (workspace_id, phone, value)
      values (${workspace.id}, ${phone}, 5000)`,
    () => workspace.admin.call("PATCH", "settings", { body: { vip: { min_value: 1000 } } }),
  );
  await rescored(workspace);
  assert.equal((await contactOf(workspace, phone)).is_vip, true);
});

Deno.test("what came while two contacts were one goes back with its score", async () => {
  const workspace = await makeWorkspace();
  await createSignal(workspace.admin, OAK);
  const [one, two] = [await createContact(workspace.key), uniquePhone()];
  await deliver(written(workspace, two, "Good morning"));
  const duplicate = await contactOf(workspace, two);
  const mergeId = await merge(workspace.key, one.id, duplicate.id);
  await deliver(written(workspace, two, "Any oak tables?"));
  const { id, score } = await contactOf(workspace, two);
  assert.deepEqual([id, score], [one.id, 45]);
  await undo(workspace.key, mergeId);
  assert.equal((await contactOf(workspace, two)).score, 45);
  assert.equal((await contactOf(workspace, one.phone!)).score, 0);
  assert.deepEqual((await eventsOf(workspace, one)).length, 0);
  assert.deepEqual((await eventsOf(workspace, duplicate)).length, 1);
});
