/** Messages of two people while they are one contact, and whose they are afterwards. */
import assert from "node:assert/strict";
import { at, person, text } from "../fixtures/whatsapp/delivery.ts";
import { createContact } from "../support/contacts.ts";
import { act } from "../support/conversations.ts";
import { merge, undo, UNTOUCHED } from "../support/merging.ts";
import type { Contact, ContactDetail, Conversation, Data, Page } from "../support/types.ts";
import { uniquePhone } from "../support/unique.ts";
import { makeWorkspace } from "../support/workspace.ts";
import { ask, echo, tell } from "../webhook/updates.ts";

const home = await makeWorkspace();
const { key } = home;

const digitsOf = ({ phone }: Contact): string => phone!.slice(1);

/** Says something `seconds` after the epoch of the fixtures. */
function say(who: Contact, seconds: number): Promise<void> {
  const message = text(digitsOf(who), `At ${seconds}`, { timestamp: at(seconds) });
  return tell(home, { contacts: [person(digitsOf(who))], messages: [message] });
}

/** The business answers in WhatsApp's own app. */
function answer(who: Contact, seconds: number): Promise<void> {
  const message = echo(digitsOf(who), `wamid.${crypto.randomUUID()}`, seconds, {
    text: { body: `At ${seconds}` },
  });
  return tell(home, { message_echoes: [message] }, "smb_message_echoes");
}

async function pair(): Promise<[Contact, Contact]> {
  const make = () => createContact(key, { phone: uniquePhone() });
  return [await make(), await make()];
}

async function threadOf({ id }: Contact): Promise<Conversation | null> {
  const { conversation } =
    (await key.get<Data<ContactDetail>>(`get-contact?contact_id=${id}`)).body.data;
  if (!conversation) return null;
  return (await key.get<Data<Conversation>>(`conversations/${conversation.id}`)).body.data;
}

/** What both have in their conversations: bodies in order, and how many are unread. */
function threads(both: Contact[]): Promise<([string[], number] | null)[]> {
  return Promise.all(both.map(async (who) => {
    const thread = await threadOf(who);
    if (!thread) return null;
    const { body } = await key.get<Page<{ body: string }>>(
      `conversations/${thread.id}/messages?order=asc`,
    );
    return [body.data.map((message) => message.body), thread.unread_count];
  }));
}

Deno.test("what the duplicate wrote meanwhile is in its own conversation", async () => {
  const [one, two] = await pair();
  await say(one, 1);
  await say(two, 2);
  const mergeId = await merge(key, one.id, two.id);
  await say(two, 10);
  await say(one, 5);
  const { contact, duplicate, touched } = await undo(key, mergeId);
  assert.deepEqual(await threads([one, two]), [[["At 1", "At 5"], 2], [["At 2", "At 10"], 2]]);
  assert.deepEqual([contact.message_count, duplicate.message_count], [2, 2]);
  assert.deepEqual(
    [contact.last_contact_at, duplicate.last_contact_at].map((time) =>
      Date.parse(time!) / 1000 - Number(at(0))
    ),
    [5, 10],
  );
  assert.deepEqual(touched, { ...UNTOUCHED, arrived: { messages: 1 } });
});

Deno.test("however WhatsApp writes the number of who wrote", async () => {
  const local = `55${uniquePhone().slice(-8)}`;
  const [one] = await pair();
  const two = await createContact(key, { phone: `+52${local}` });
  await tell(home, { messages: [text(`52${local}`, "One way", { timestamp: at(1) })] });
  const mergeId = await merge(key, one.id, two.id);
  await tell(home, { messages: [text(`521${local}`, "The other", { timestamp: at(2) })] });
  await undo(key, mergeId);
  assert.deepEqual(await threads([one, two]), [null, [["One way", "The other"], 2]]);
});

Deno.test("a conversation that began meanwhile is whose it is about, or one each", async () => {
  const [one, two] = await pair();
  const mergeId = await merge(key, one.id, two.id);
  await say(two, 1);
  await answer(two, 2);
  const began = await threadOf(one);
  // Somebody may as well have written the channel down.
  assert.deepEqual((await undo(key, mergeId)).touched, { ...UNTOUCHED, fields: ["channels"] });
  assert.deepEqual(await threads([one, two]), [null, [["At 1", "At 2"], 0]]);
  assert.equal((await threadOf(two))!.id, began!.id);

  const [three, four] = await pair();
  const other = await merge(key, three.id, four.id);
  for (const [who, seconds] of [[three, 1], [four, 2]] as const) await say(who, seconds);
  await answer(four, 3);
  await undo(key, other);
  assert.deepEqual(await threads([three, four]), [[["At 1"], 0], [["At 2", "At 3"], 0]]);
});

/** The person calls. */
function ring(who: Contact, seconds: number): Promise<void> {
  const call = {
    id: `wacid.${crypto.randomUUID()}`,
    from: digitsOf(who),
    event: "connect",
    direction: "USER_INITIATED",
    timestamp: at(seconds),
  };
  return tell(home, { calls: [call] }, "calls");
}

Deno.test("a call of the duplicate's is the duplicate's", async () => {
  const [one, two] = await pair();
  const mergeId = await merge(key, one.id, two.id);
  await ring(two, 1);
  const began = await threadOf(one);
  const first = await undo(key, mergeId);
  assert.deepEqual([first.contact.call_count, first.duplicate.call_count], [0, 1]);
  assert.deepEqual([await threadOf(one), (await threadOf(two))!.id], [null, began!.id]);

  const again = await merge(key, one.id, two.id);
  await ring(one, 5);
  await ring(two, 9);
  const { contact, duplicate, touched } = await undo(key, again);
  assert.deepEqual([contact.call_count, duplicate.call_count], [1, 2]);
  assert.deepEqual(touched.arrived, { calls: 1, contact_identities: 1, conversations: 1 });
  const closes = [await threadOf(one), await threadOf(two)].map((thread) =>
    Date.parse(thread!.window_expires_at!) / 1000 - Number(at(0)) - 86400
  );
  assert.deepEqual(closes, [5, 9]);
  assert.deepEqual(
    [contact, duplicate].map(({ last_contact_at }) =>
      Date.parse(last_contact_at!) / 1000 - Number(at(0))
    ),
    [5, 9],
  );
});

Deno.test("the window is open to who wrote, and to nobody else", async () => {
  const [one, two] = await pair();
  await say(one, -100_000);
  const mergeId = await merge(key, one.id, two.id);
  const now = Math.floor(Date.now() / 1000) - Number(at(0));
  await say(two, now);
  assert.equal(Date.parse((await threadOf(one))!.window_expires_at!) > Date.now(), true);
  await undo(key, mergeId);
  const expiries = [await threadOf(one), await threadOf(two)].map((thread) =>
    Date.parse(thread!.window_expires_at!) / 1000 - Number(at(0)) - 86400
  );
  assert.deepEqual(expiries, [-100_000, now]);
});

Deno.test("who was resolved before and wrote since has begun anew", async () => {
  const [one, two] = await pair();
  await say(one, 1);
  await say(two, 2);
  const resolved = await threadOf(two);
  assert.equal((await act(key, resolved!.id, "resolve")).status, 200);
  const mergeId = await merge(key, one.id, two.id);
  await say(two, Math.floor(Date.now() / 1000) + 60 - Number(at(0)));
  await undo(key, mergeId);
  assert.equal((await threadOf(two))!.status, "active");
});

Deno.test("a message of which nothing says whose it is stays, and opens no thread where it is heard again", async () => {
  const [one, two] = await pair();
  const mergeId = await merge(key, one.id, two.id);
  const message = text(digitsOf(two), "Hi");
  await tell(home, { messages: [message] });
  await ask("update public.messages set contact_external_id = null where contact_id = $1", one.id);
  assert.deepEqual((await undo(key, mergeId)).touched.arrived, {
    conversations: 1,
    messages: 1,
  });
  await tell(home, { messages: [message] });
  assert.deepEqual(await threads([one, two]), [[["Hi"], 1], null]);
});

Deno.test("nothing of who is erased afterwards is left with the other", async () => {
  const [one, two] = await pair();
  await say(one, 1);
  const mergeId = await merge(key, one.id, two.id);
  await say(two, 4321);
  await undo(key, mergeId);
  const erased = await key.post("delete-contacts", { contact_ids: [two.id], history: "erase" });
  assert.equal(erased.status, 200, erased.text);
  assert.deepEqual(await threads([one]), [[["At 1"], 1]]);
  assert.deepEqual(
    await ask("select from public.messages where contact_external_id = $1", digitsOf(two)),
    [],
  );
});
