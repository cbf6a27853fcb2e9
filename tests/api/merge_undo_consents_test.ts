/** What two people say about consent while they are one contact, and what holds of each afterwards. */
import assert from "node:assert/strict";
import { createContact, updateContact } from "../support/contacts.ts";
import { merge, undo } from "../support/merging.ts";
import type { Contact } from "../support/types.ts";
import { uniquePhone } from "../support/unique.ts";
import { makeWorkspace } from "../support/workspace.ts";
import { at, text } from "../fixtures/whatsapp/delivery.ts";
import { tell } from "../webhook/updates.ts";

const home = await makeWorkspace();

function people(): Promise<Contact[]> {
  const make = () => createContact(home.key, { phone: uniquePhone() });
  return Promise.all([make(), make()]);
}

function say({ phone }: Contact, body: string, seconds: number): Promise<void> {
  return tell(home, { messages: [text(phone!.slice(1), body, { timestamp: at(seconds) })] });
}

type Step = (one: Contact, two: Contact) => Promise<unknown>;

/** Whether the primary and the duplicate are opted out after a merge and its undo. */
async function optedOut(before: Step, between: Step): Promise<[boolean, boolean]> {
  const [one, two] = await people();
  await say(one, "Hi", 1);
  await say(two, "Hi", 1);
  await before(one, two);
  const mergeId = await merge(home.key, one.id, two.id);
  await between(one, two);
  const { contact, duplicate } = await undo(home.key, mergeId);
  return [contact.opted_out, duplicate.opted_out];
}

Deno.test("a stop of one of them is theirs alone, as before the merge", async () => {
  const nothing = () => Promise.resolve();
  assert.deepEqual(await optedOut((_one, two) => say(two, "STOP", 2), nothing), [false, true]);
  assert.deepEqual(await optedOut((one) => say(one, "STOP", 2), nothing), [true, false]);
});

Deno.test("a stop that comes while they are one contact holds for both", async () => {
  for (const writer of [0, 1]) {
    assert.deepEqual(
      await optedOut(
        (_one, two) => say(two, "STOP", 2),
        (...both) => say(both[writer], "STOP", 20),
      ),
      [true, true],
      `written by ${writer}`,
    );
  }
});

Deno.test("a start is nobody's but its writer's", async () => {
  const stop = (...both: Contact[]) => Promise.all(both.map((contact) => say(contact, "STOP", 2)));
  assert.deepEqual(await optedOut(stop, (one) => say(one, "START", 20)), [false, true]);
  assert.deepEqual(await optedOut(stop, (_one, two) => say(two, "START", 20)), [true, false]);
});

Deno.test("Do Not Call that was confirmed meanwhile is Do Not Call", async () => {
  const [one, two] = await people();
  await updateContact(home.key, two.id, { do_not_call: true });
  const mergeId = await merge(home.key, one.id, two.id);
  await updateContact(home.key, one.id, { do_not_call: false });
  await updateContact(home.key, one.id, { do_not_call: true });
  const { contact, duplicate } = await undo(home.key, mergeId);
  assert.deepEqual([contact.do_not_call, duplicate.do_not_call], [true, true]);
});

Deno.test("who had refused before they were deleted is merged and parted like others", async () => {
  const phone = uniquePhone();
  const gone = await createContact(home.key, { phone, opted_out: true });
  const erased = await home.admin.post("delete-contacts", {
    contact_ids: [gone.id],
    history: "erase",
  });
  assert.equal(erased.status, 200, erased.text);
  const again = await createContact(home.key, { phone });
  const other = await createContact(home.key, { phone: uniquePhone() });
  const mergeId = await merge(home.key, other.id, again.id);
  const { contact, duplicate } = await undo(home.key, mergeId);
  assert.deepEqual([contact.opted_out, duplicate.opted_out], [false, true]);
});
