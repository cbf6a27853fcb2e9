/** Undoing a merge after something has changed: what stays, and that the answer says so. */
import assert from "node:assert/strict";
import { createContact, updateContact } from "../support/contacts.ts";
import { act, storeMessages } from "../support/conversations.ts";
import { withDatabase } from "../support/database.ts";
import { merge, undo, UNTOUCHED } from "../support/merging.ts";
import { assertProblem } from "../support/problem.ts";
import type { Contact, Conversation, Data, Handoff, Note, Page } from "../support/types.ts";
import { uniquePhone } from "../support/unique.ts";
import { makeMember, makeWorkspace, type Workspace } from "../support/workspace.ts";
import { at, text } from "../fixtures/whatsapp/delivery.ts";
import { messagesOf, storeOutbound } from "../webhook/rows.ts";
import { tell } from "../webhook/updates.ts";

const workspace = await makeWorkspace();
const { key, agent } = workspace;

async function pair(one: Record<string, unknown> = {}, two: Record<string, unknown> = {}) {
  return [await createContact(key, one), await createContact(key, two)];
}

async function threadOf({ id }: { id: string }): Promise<Conversation> {
  const answer = await key.post<Data<Handoff>>("handoff", { contact_id: id });
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data.conversation!;
}

async function read(id: string): Promise<Contact & { conversation: Conversation | null }> {
  const answer = await key.get<Data<Contact & { conversation: Conversation | null }>>(
    `get-contact?contact_id=${id}`,
  );
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data;
}

async function thread(id: string): Promise<Conversation> {
  return (await key.get<Data<Conversation>>(`conversations/${id}`)).body.data;
}

Deno.test("fields changed since stay on the primary and are named, all others go back", async () => {
  const [one, two] = await pair({ tags: ["one"] }, {
    email: "two@example.com",
    company: "Two Inc.",
    tags: ["two"],
    value: 7,
  });
  const mergeId = await merge(key, one.id, two.id);
  await updateContact(key, one.id, { company: "Changed Inc.", name: "Named", add_tags: ["new"] });
  const { contact, duplicate, touched } = await undo(key, mergeId);
  assert.deepEqual(touched, { ...UNTOUCHED, fields: ["company", "name", "tags"] });
  assert.deepEqual(contact, {
    ...one,
    company: "Changed Inc.",
    name: "Named",
    tags: ["one", "two", "new"],
    completeness: contact.completeness,
    updated_at: contact.updated_at,
  });
  assert.deepEqual(duplicate, { ...two, updated_at: duplicate.updated_at });
});

Deno.test("a change that was taken back is none", async () => {
  const [one, two] = await pair({}, { company: "Two Inc." });
  const mergeId = await merge(key, one.id, two.id);
  await updateContact(key, one.id, { company: "Changed" });
  await updateContact(key, one.id, { company: "Two Inc." });
  const { contact, touched } = await undo(key, mergeId);
  assert.deepEqual(touched, UNTOUCHED);
  assert.equal(contact.company, null);
});

Deno.test("what came since stays with the primary and is counted", async () => {
  const [one, two] = await pair();
  const [first, second] = [await threadOf(one), await threadOf(two)];
  await storeMessages(first, [1, 2]);
  await storeMessages(second, [3, 4, 5]);
  const mergeId = await merge(key, one.id, two.id);
  await storeMessages(first, [10, 0]);
  await key.post("internal-notes", { entity_type: "lead", entity_id: two.id, content: "Since" });
  const { contact, duplicate, touched } = await undo(key, mergeId);
  assert.deepEqual(touched, { ...UNTOUCHED, arrived: { messages: 2, internal_notes: 1 } });
  assert.deepEqual([contact.message_count, duplicate.message_count], [4, 3]);
  assert.deepEqual(
    [contact.last_contact_at, duplicate.last_contact_at].map((time) =>
      new Date(time!).getUTCSeconds()
    ),
    [10, 5],
  );
  const threads = [await thread(first.id), await thread(second.id)];
  assert.deepEqual(threads.map(({ unread_count }) => unread_count), [4, 3]);
  assert.deepEqual(
    threads.map(({ last_message_at }) => new Date(last_message_at!).getUTCSeconds()),
    [10, 5],
  );
});

Deno.test("a late message of an earlier time counts as well", async () => {
  const [one, two] = await pair();
  const [first, second] = [await threadOf(one), await threadOf(two)];
  await storeMessages(first, [1]);
  await storeMessages(second, [30]);
  const mergeId = await merge(key, one.id, two.id);
  await storeMessages(first, [20]);
  const { contact } = await undo(key, mergeId);
  assert.equal(new Date(contact.last_contact_at!).getUTCSeconds(), 20);
  assert.equal(new Date((await thread(first.id)).last_message_at!).getUTCSeconds(), 20);
});

Deno.test("what came in a conversation that was only the duplicate's goes back with it", async () => {
  const [one, two] = await pair();
  const own = await threadOf(two);
  await storeMessages(own, [1]);
  const mergeId = await merge(key, one.id, two.id);
  await storeMessages({ ...own, contact: { ...own.contact, id: one.id } }, [2]);
  const { contact, duplicate, touched } = await undo(key, mergeId);
  assert.deepEqual(touched, UNTOUCHED);
  assert.deepEqual([contact.message_count, duplicate.message_count], [0, 2]);
  assert.equal(contact.last_contact_at, null);
  assert.equal(new Date(duplicate.last_contact_at!).getUTCSeconds(), 2);
  const messages = await key.get<Page<unknown>>(`conversations/${own.id}/messages`);
  assert.equal(messages.body.data.length, 2);
  assert.equal((await thread(own.id)).contact.id, two.id);
});

Deno.test("who has read the one conversation has read both", async () => {
  const [one, two] = await pair();
  const [first, second] = [await threadOf(one), await threadOf(two)];
  await storeMessages(first, [1]);
  await storeMessages(second, [2]);
  const mergeId = await merge(key, one.id, two.id);
  assert.equal((await act(key, first.id, "read", { receipt: false })).status, 200);
  await undo(key, mergeId);
  assert.deepEqual(
    [(await thread(first.id)).unread_count, (await thread(second.id)).unread_count],
    [0, 0],
  );
});

Deno.test("a person who took over since stays; a bot is not believed with what it knew before", async () => {
  const [one, two] = await pair();
  const [first, second] = [await threadOf(one), await threadOf(two)];
  const mergeId = await merge(key, one.id, two.id);
  assert.equal((await act(agent, first.id, "accept")).status, 200);
  const { touched } = await undo(key, mergeId);
  assert.deepEqual(touched, {
    ...UNTOUCHED,
    fields: ["assigned_to"],
    conversations: { [first.id]: ["assigned_to", "phase"] },
  });
  const [kept, restored] = [await thread(first.id), await thread(second.id)];
  assert.deepEqual([kept.phase, restored.phase], ["live", "automated"]);
  assert.ok(restored.control_epoch > second.control_epoch);
  assert.ok(restored.control_epoch > kept.control_epoch);
});

Deno.test("an untouched conversation's epoch is what it was", async () => {
  const [one, two] = await pair();
  const second = await threadOf(two);
  await threadOf(one);
  await undo(key, await merge(key, one.id, two.id));
  assert.equal((await thread(second.id)).control_epoch, second.control_epoch);
});

Deno.test("nobody is written to against a word of since: a stop counts for both", async () => {
  const place = await makeWorkspace();
  const [phone, other] = [uniquePhone(), uniquePhone()];
  const one = await createContact(place.key, { phone });
  const two = await createContact(place.key, { phone: other });
  const mergeId = await merge(place.key, one.id, two.id);
  await tell(place, { messages: [text(phone.slice(1), "STOP", { timestamp: at(5) })] });
  const { contact, duplicate, touched } = await undo(place.key, mergeId);
  assert.deepEqual([contact.opted_out, duplicate.opted_out], [true, true]);
  assert.deepEqual(duplicate.tags, ["opt-out"]);
  assert.deepEqual(touched.fields, ["channels", "opted_out", "tags"]);
});

Deno.test("a note that was deleted since is gone, and counted", async () => {
  const [one, two] = await pair();
  const note = await key.post<Data<Note>>("internal-notes", {
    entity_type: "lead",
    entity_id: two.id,
    content: "Two's",
  });
  const mergeId = await merge(key, one.id, two.id);
  assert.equal((await workspace.admin.delete(`internal-notes/${note.body.data.id}`)).status, 204);
  const { touched } = await undo(key, mergeId);
  assert.deepEqual(touched, { ...UNTOUCHED, gone: { internal_notes: 1 } });
});

Deno.test("what the duplicate cannot have any more is left out and named", async () => {
  const place = await makeWorkspace();
  const member = await withDatabase((sql) => makeMember(sql, place.id, "agent", "leaver"));
  const phone = uniquePhone();
  const one = await createContact(place.key);
  const two = await createContact(place.key, {
    phone,
    assigned_to: member.userId,
    stage: "closing",
    name: "Two",
  });
  const mergeId = await merge(place.key, one.id, two.id);
  await withDatabase(async (sql) => {
    await sql`update public.workspaces set stages = '{inquiry,done}' where id = ${place.id}`;
    await sql`delete from public.workspace_members where user_id = ${member.userId}`;
    // The API names the merged contact instead of making another with its number.
    await sql`insert into public.contacts (workspace_id, phone) values (${place.id}, ${phone})`;
  });
  const { duplicate, touched } = await undo(place.key, mergeId);
  assert.deepEqual(touched.duplicate_fields, ["phone", "assigned_to", "stage"]);
  const { phone: number, country, assigned_to, stage, name } = duplicate;
  assert.deepEqual({ number, country, assigned_to, stage, name }, {
    number: null,
    country: null,
    assigned_to: null,
    stage: "inquiry",
    name: "Two",
  });
});

Deno.test("a conversation of somebody who has left since is nobody's, and named", async () => {
  const place = await makeWorkspace();
  const [leaver, stays] = await withDatabase(async (sql) => [
    await makeMember(sql, place.id, "agent", "leaver"),
    await makeMember(sql, place.id, "agent", "stays"),
  ]);
  for (const both of [true, false]) {
    const one = await createContact(place.key, { assigned_to: stays.userId });
    const two = await createContact(place.key, { assigned_to: leaver.userId });
    // It goes up in the primary's, or comes along as it is.
    for (const { id } of both ? [one, two] : [two]) {
      await place.key.post("handoff", { contact_id: id });
    }
    const [{ id }] = await withDatabase((sql) =>
      sql<{ id: string }[]>`
        update public.conversations set assigned_to = ${leaver.userId}
        where contact_id = ${two.id} returning id`
    );
    const mergeId = await merge(place.key, one.id, two.id);
    await withDatabase((sql) =>
      sql`delete from public.workspace_members where user_id = ${leaver.userId}`
    );
    const { touched } = await undo(place.key, mergeId);
    assert.deepEqual(touched.duplicate_fields, ["assigned_to"]);
    assert.deepEqual(touched.conversations, { [id]: ["assigned_to"] });
    const answer = await place.key.get<Data<Conversation>>(`conversations/${id}`);
    assert.deepEqual([answer.body.data.contact.id, answer.body.data.assigned_to], [two.id, null]);
    await withDatabase((sql) =>
      sql`insert into public.workspace_members (workspace_id, user_id, handle)
        values (${place.id}, ${leaver.userId}, 'leaver')`
    );
  }
});

Deno.test("the duplicate's number goes back to it, also where the primary got it only since", async () => {
  const phone = uniquePhone();
  const [one, two] = await pair({}, { phone });
  const mergeId = await merge(key, one.id, two.id);
  await updateContact(key, one.id, { phone });
  const { contact, duplicate, touched } = await undo(key, mergeId);
  assert.deepEqual([contact.phone, duplicate.phone], [one.phone, phone]);
  assert.deepEqual(touched, { ...UNTOUCHED, fields: ["phone"] });
});

Deno.test("both numbers find who has been merged, and each its own again afterwards", async () => {
  const home = await makeWorkspace();
  const [one, two] = [
    await createContact(home.key, { phone: uniquePhone() }),
    await createContact(home.key, { phone: uniquePhone() }),
  ];
  const found = async () => {
    const messages = [one, two].map(({ phone }) => text(phone!.slice(1), "Hi"));
    await tell(home, { messages });
    const rows = await messagesOf(home.phoneNumberId);
    return messages.map(({ id }) => rows.find((row) => row.wa_message_id === id)!.contact_id);
  };
  const mergeId = await merge(home.key, one.id, two.id);
  const byPhone = await home.key.get<Data<Contact>>(
    `get-contact?phone=${encodeURIComponent(two.phone!)}`,
  );
  assert.equal(byPhone.body.data.id, one.id);
  const again = await home.key.post("create-contact", { phone: two.phone });
  assertProblem(again, 409, "contact_exists", ["contact_id"]);
  assert.deepEqual(await found(), [one.id, one.id]);
  const { duplicate } = await undo(home.key, mergeId);
  assert.equal(duplicate.phone, two.phone);
  assert.deepEqual(await found(), [one.id, two.id]);
  const contacts = await home.key.get<Page<Contact>>("list-contacts");
  assert.deepEqual(contacts.body.data.map(({ id }) => id).toSorted(), [one.id, two.id].toSorted());
});

Deno.test("the ids that WhatsApp names with a number are whose the number is", async () => {
  const home = await makeWorkspace();
  const [one, two] = [
    await createContact(home.key, { phone: uniquePhone() }),
    await createContact(home.key, { phone: uniquePhone() }),
  ];
  const mergeId = await merge(home.key, one.id, two.id);
  const say = async () => {
    const from = two.phone!.slice(1);
    const message = { ...text(from, "Hi"), from_user_id: "CA.TWO" };
    await tell(home, { contacts: [{ wa_id: from, user_id: "CA.TWO" }], messages: [message] });
    const rows = await messagesOf(home.phoneNumberId);
    return rows.find((row) => row.wa_message_id === message.id)!.contact_id;
  };
  assert.equal(await say(), one.id);
  await undo(home.key, mergeId);
  assert.equal(await say(), two.id);
  const left = await home.key.get<Data<Contact & { identities: unknown[] }>>(
    `get-contact?contact_id=${one.id}`,
  );
  assert.deepEqual(left.body.data.identities, []);
});

Deno.test("an undone merge stays undone, whatever ids WhatsApp has named meanwhile", async () => {
  const home = await makeWorkspace();
  const [one, two] = [
    await createContact(home.key, { phone: uniquePhone() }),
    await createContact(home.key, { phone: uniquePhone() }),
  ];
  const say = async ({ phone }: Contact, ids: Record<string, string> = {}) => {
    const from = phone!.slice(1);
    const message = { ...text(from, "Hi"), ...ids };
    const { from_user_id: user_id, from_parent_user_id: parent_user_id } = ids;
    await tell(home, { contacts: [{ wa_id: from, user_id, parent_user_id }], messages: [message] });
    const rows = await messagesOf(home.phoneNumberId);
    return rows.find((row) => row.wa_message_id === message.id)!.contact_id;
  };
  await say(one);
  await say(two);
  const mergeId = await merge(home.key, one.id, two.id);
  const named = { from_user_id: "CA.2", from_parent_user_id: "CA.ENT.2" };
  await say(two, { from_user_id: named.from_user_id });
  await say(two, named);
  await say(one, { from_user_id: "CA.1" });
  await undo(home.key, mergeId);
  assert.equal(await say(two, named), two.id);
  assert.equal(await say(one, { from_user_id: "CA.1" }), one.id);
  const idsOf = async ({ id }: Contact) => {
    const answer = await home.key.get<Data<Contact & { identities: { external_id: string }[] }>>(
      `get-contact?contact_id=${id}`,
    );
    return answer.body.data.identities.map(({ external_id }) => external_id).toSorted();
  };
  assert.deepEqual(await idsOf(two), [two.phone!.slice(1), ...Object.values(named)].toSorted());
  assert.deepEqual(await idsOf(one), [one.phone!.slice(1), "CA.1"].toSorted());
});

Deno.test("of two people's reactions one counts while they are one person, and both do afterwards", async () => {
  const place = await makeWorkspace();
  const [one, two] = [await createContact(place.key), await createContact(place.key)];
  const wamid = `wamid.${crypto.randomUUID()}`;
  const { id: workspaceId, phoneNumberId } = place;
  await withDatabase((sql) =>
    storeOutbound(sql, { workspaceId, contactId: one.id, phoneNumberId, wamids: [wamid] })
  );
  for (const [index, { phone }] of [one, two].entries()) {
    const reaction = { message_id: wamid, emoji: ["👍", "👎"][index] };
    const more = { from: phone!.slice(1), id: crypto.randomUUID(), timestamp: at(5 + index) };
    await tell(place, { messages: [{ ...more, type: "reaction", reaction }] });
  }
  const shown = async () =>
    (await messagesOf(phoneNumberId)).flatMap(({ reactions }) =>
      reactions.map(({ emoji }) => emoji)
    );
  assert.deepEqual(await shown(), ["👍", "👎"]);
  const mergeId = await merge(place.key, one.id, two.id);
  assert.deepEqual(await shown(), ["👎"]);
  assert.deepEqual((await undo(place.key, mergeId)).touched, UNTOUCHED);
  assert.deepEqual(await shown(), ["👍", "👎"]);
});

Deno.test("an automatic merge is undone by the same rule", async () => {
  const place: Workspace = await makeWorkspace();
  const phone = uniquePhone().slice(1);
  await tell(place, { messages: [text(phone, "by number", { timestamp: at(10) })] });
  const byId = {
    from_user_id: "CA.7",
    id: crypto.randomUUID(),
    timestamp: at(20),
    type: "text",
    text: { body: "by id" },
  };
  await tell(place, { messages: [byId] });
  const link = {
    statuses: [{
      id: "wamid.link",
      status: "read",
      timestamp: at(30),
      recipient_id: phone,
      recipient_user_id: "CA.7",
    }],
  };
  await tell(place, link);
  const [merged] = await withDatabase((sql) =>
    sql<{ id: string; duplicate_id: string }[]>`
      select id, duplicate_id from public.contact_merges where workspace_id = ${place.id}`
  );
  const { contact, duplicate, touched } = await undo(place.key, merged.id);
  assert.deepEqual(touched, UNTOUCHED);
  assert.equal(duplicate.id, merged.duplicate_id);
  assert.deepEqual([contact.phone, duplicate.phone], [`+${phone}`, null]);
  // The ids are apart until WhatsApp says again that they are one person's.
  await tell(place, { messages: [text(phone, "Hi", { timestamp: at(40) })] });
  assert.deepEqual([await count(place, contact.id), await count(place, duplicate.id)], [2, 1]);
  await tell(place, link);
  assert.equal(
    (await place.key.get<Data<Contact>>(`get-contact?contact_id=${duplicate.id}`)).body.data.id,
    contact.id,
  );
});

async function count({ key }: Workspace, id: string): Promise<number> {
  return (await key.get<Data<Contact>>(`get-contact?contact_id=${id}`)).body.data.message_count;
}

Deno.test("of several merges into one contact the last is undone first", async () => {
  const [one, two] = await pair();
  const three = await createContact(key);
  const first = await merge(key, one.id, two.id);
  const second = await merge(key, one.id, three.id);
  const refused = await key.post("merge-contacts/undo", { merge_id: first });
  const problem = assertProblem(refused, 409, "merge_not_latest", ["merge_id"]);
  assert.equal((problem as unknown as { merge_id: string }).merge_id, second);
  await undo(key, second);
  assert.deepEqual((await undo(key, first)).touched, UNTOUCHED);
  assert.deepEqual([(await read(two.id)).id, (await read(three.id)).id], [two.id, three.id]);
});
