/** Which of their ids a person is written to. */
import assert from "node:assert/strict";
import { at, text, uniqueWamid } from "../fixtures/whatsapp/delivery.ts";
import { updateContact } from "../support/contacts.ts";
import { openConversation } from "../support/conversations.ts";
import { query } from "../support/http.ts";
import { merge, undo } from "../support/merging.ts";
import type { Contact, Data } from "../support/types.ts";
import { uniqueCanadianPhone } from "../support/unique.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import { ask, tell } from "./updates.ts";

const NUMBERS = ["16045550001", "16045559999"];

/** Where an answer to the contact goes: a number, or a business-scoped user id. */
async function recipientOf(contact: string): Promise<string | null> {
  const [{ recipient }] = await ask<{ recipient: string | null }>(
    `select coalesce(r.wa_id, r.bsuid) as recipient
     from public.conversations v, private.whatsapp_recipient(v.id) r where v.contact_id = $1`,
    contact,
  );
  return recipient;
}

async function byPhone({ key }: Workspace, digits: string): Promise<Contact> {
  const found = await key.get<Data<Contact>>(`get-contact${query({ phone: `+${digits}` })}`);
  return found.body.data;
}

const byUserId = (id: string, seconds: number) => ({
  from_user_id: id,
  id: uniqueWamid(),
  timestamp: at(seconds),
  type: "text",
  text: { body: "Hi" },
});

Deno.test("of two numbers the one that wrote last is answered, in whatever order they are told", async () => {
  const place = await makeWorkspace();
  await tell(place, { messages: NUMBERS.map((number) => text(number, "Hi")) });
  const [low, high] = await Promise.all(NUMBERS.map((number) => byPhone(place, number)));
  const merged = await merge(place.key, high.id, low.id);
  // In the same second: either may be, but always the same.
  assert.equal(await recipientOf(high.id), NUMBERS[0]);
  await tell(place, { messages: [text(NUMBERS[1], "Later", { timestamp: at(9) })] });
  assert.equal(await recipientOf(high.id), NUMBERS[1]);
  await tell(place, { messages: [text(NUMBERS[0], "Before that", { timestamp: at(5) })] });
  assert.equal(await recipientOf(high.id), NUMBERS[1]);
  await tell(place, { messages: [text(NUMBERS[0], "After it", { timestamp: at(12) })] });
  assert.equal(await recipientOf(high.id), NUMBERS[0]);
  await undo(place.key, merged);
  assert.deepEqual([await recipientOf(low.id), await recipientOf(high.id)], NUMBERS);
});

Deno.test("who has two numbers and never wrote is written to at the one that people see", async () => {
  const place = await makeWorkspace();
  await tell(place, { messages: NUMBERS.map((number) => text(number, "Hi")) });
  const [low, high] = await Promise.all(NUMBERS.map((number) => byPhone(place, number)));
  await merge(place.key, high.id, low.id);
  await ask("update public.messages set contact_external_id = null where contact_id = $1", high.id);
  assert.equal(await recipientOf(high.id), NUMBERS[1]);
});

Deno.test("a number that a person types is not where somebody wrote from", async () => {
  const place = await makeWorkspace();
  await tell(place, { messages: [byUserId("CA.90", 1)] });
  const [{ id }] = await ask<{ id: string }>(
    "select id from public.contacts where workspace_id = $1",
    place.id,
  );
  await updateContact(place.key, id, { phone: uniqueCanadianPhone() });
  assert.equal(await recipientOf(id), "CA.90");
});

Deno.test("who writes under a user id is answered there, also where a merge has given them a number", async () => {
  const place = await makeWorkspace();
  await tell(place, { messages: [text(NUMBERS[0], "Hi"), byUserId("CA.91", 2)] });
  const known = await byPhone(place, NUMBERS[0]);
  const [{ id }] = await ask<{ id: string }>(
    "select id from public.contacts where workspace_id = $1 and phone is null",
    place.id,
  );
  await merge(place.key, known.id, id);
  assert.equal(await recipientOf(known.id), "CA.91");
});

Deno.test("who never wrote is written to at their phone", async () => {
  const place = await makeWorkspace();
  const { contact, contact_id } = await openConversation(place.key);
  assert.equal(await recipientOf(contact.id), contact_id);
});
