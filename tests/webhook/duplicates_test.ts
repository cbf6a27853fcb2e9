/** Meta delivers at least once, to every subscribed app, concurrently: everything is stored once. */
import assert from "node:assert/strict";
import { withDatabase } from "../support/database.ts";
import type { ContactDetail, Data } from "../support/types.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import { at, delivered, person, status, text, timeAt } from "../fixtures/whatsapp/delivery.ts";
import { assertAcknowledged, deliver, post } from "./hook.ts";
import { contactsOf, deliveriesOf, eventsOf, identitiesOf, messagesOf, wamidsOf } from "./rows.ts";

/** What counts messages, for the one contact of a workspace. */
async function countsOf(workspace: Workspace): Promise<unknown> {
  const [{ id }] = await contactsOf(workspace.id);
  const { body } = await workspace.key.get<Data<ContactDetail>>(`get-contact?contact_id=${id}`);
  const { message_count, conversation } = body.data;
  return { message_count, unread_count: conversation?.unread_count };
}

Deno.test("the same delivery twice changes nothing the second time", async () => {
  const workspace = await makeWorkspace();
  const messages = [text("16045550111", "1"), text("16045550111", "2", { timestamp: at(2) })];
  const body = JSON.stringify(delivered(workspace.phoneNumberId, {
    contacts: [person("16045550111", "Ana")],
    messages,
    statuses: [status("wamid.nobody", "read", 3), status("wamid.nobody", "teleported", 3)],
  }));
  assertAcknowledged(await post(body));
  const before = [
    await messagesOf(workspace.phoneNumberId),
    await contactsOf(workspace.id),
    await identitiesOf(workspace.id),
    await eventsOf(workspace.id),
    await countsOf(workspace),
  ];
  assertAcknowledged(await post(body));
  assert.deepEqual([
    await messagesOf(workspace.phoneNumberId),
    await contactsOf(workspace.id),
    await identitiesOf(workspace.id),
    await eventsOf(workspace.id),
    await countsOf(workspace),
  ], before);
  assert.deepEqual(before[4], { message_count: 2, unread_count: 2 });
  // Each POST is kept, also the one that was nothing new.
  assert.equal((await deliveriesOf(body)).length, 2);
});

Deno.test("a message that comes twice in one delivery is stored once", async () => {
  const workspace = await makeWorkspace();
  const message = text("16045550111", "Hi");
  await deliver(delivered(workspace.phoneNumberId, { messages: [message, message] }));
  assert.deepEqual(await wamidsOf(workspace.phoneNumberId), [message.id]);
  assert.deepEqual(await countsOf(workspace), { message_count: 1, unread_count: 1 });
});

Deno.test("a delivery that repeats some messages adds the others only", async () => {
  const workspace = await makeWorkspace();
  const [a, b, c] = ["1", "2", "3"].map((body) => text("16045550111", body));
  await deliver(delivered(workspace.phoneNumberId, { messages: [a, b] }));
  await deliver(delivered(workspace.phoneNumberId, { messages: [b, c] }));
  assert.deepEqual(await wamidsOf(workspace.phoneNumberId), [a.id, b.id, c.id].sort());
  assert.deepEqual(await countsOf(workspace), { message_count: 3, unread_count: 3 });
});

Deno.test("the first form of a message stays when another comes under its wamid", async () => {
  const workspace = await makeWorkspace();
  const first = text("16045550111", "first");
  await deliver(delivered(workspace.phoneNumberId, { messages: [first] }));
  const second = { ...text("16045550111", "second"), id: first.id };
  await deliver(delivered(workspace.phoneNumberId, { messages: [second] }));
  assert.deepEqual((await messagesOf(workspace.phoneNumberId)).map((row) => row.body), ["first"]);
});

Deno.test("eight senders of the same delivery at once: one contact, one thread, each message once", async () => {
  for (let round = 0; round < 5; round++) {
    const workspace = await makeWorkspace();
    const people = ["16045550111", "16045550112", "16045550113"];
    const messages = people.flatMap((waId) => [text(waId, "1"), text(waId, "2")]);
    const contacts = people.map((waId) => ({ ...person(waId, `P${waId}`), user_id: `CA.${waId}` }));
    const body = JSON.stringify(delivered(workspace.phoneNumberId, { contacts, messages }));
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(body)));
    for (const answer of answers) assertAcknowledged(answer);
    assert.deepEqual(
      await wamidsOf(workspace.phoneNumberId),
      messages.map((message) => message.id).sort(),
    );
    const stored = await contactsOf(workspace.id);
    assert.deepEqual(
      stored.map(({ phone, name, message_count }) => [phone, name, message_count]),
      people.map((waId) => [`+${waId}`, `P${waId}`, 2]),
    );
    assert.equal((await identitiesOf(workspace.id)).length, 6);
    assert.equal(await conversationsOf(workspace.id), 3);
    assert.equal((await deliveriesOf(body)).length, 8);
  }
});

Deno.test("eight senders with different messages of the same new people, in different orders", async () => {
  const workspace = await makeWorkspace();
  const people = Array.from({ length: 10 }, (_, n) => `1604555010${n}`);
  const batches = Array.from({ length: 8 }, (_, sender) => {
    const turned = [...people.slice(sender), ...people.slice(0, sender)];
    const ordered = sender % 2 ? turned : turned.reverse();
    return ordered.map((waId) => text(waId, `from sender ${sender}`, { timestamp: at(sender) }));
  });
  await Promise.all(
    batches.map((messages) => deliver(delivered(workspace.phoneNumberId, { messages }))),
  );
  assert.equal((await messagesOf(workspace.phoneNumberId)).length, 80);
  const stored = await contactsOf(workspace.id);
  assert.deepEqual(
    stored.map((
      { phone, message_count, last_contact_at },
    ) => [phone, message_count, last_contact_at]),
    people.map((waId) => [`+${waId}`, 8, timeAt(7)]),
  );
  assert.equal(await conversationsOf(workspace.id), 10);
});

Deno.test("a person who writes while colleagues create the contact: one contact", async () => {
  const workspace = await makeWorkspace();
  const [delivering, ...creating] = await Promise.all([
    deliver(delivered(workspace.phoneNumberId, { messages: [text("16045550111", "Hi")] })),
    ...Array.from(
      { length: 7 },
      (_, n) => workspace.key.post("create-contact", { phone: "+16045550111", name: `N${n}` }),
    ),
  ]);
  assert.equal(delivering, undefined);
  const statuses = creating.map(({ status }) => status);
  const contacts = await contactsOf(workspace.id);
  assert.equal(contacts.length, 1);
  assert.equal(contacts[0].message_count, 1);
  assert.deepEqual(statuses.filter((status) => status !== 201 && status !== 409), []);
  assert.equal(statuses.filter((status) => status === 201).length <= 1, true);
});

function conversationsOf(workspaceId: string): Promise<number> {
  return withDatabase(async (sql) => {
    const [{ count }] = await sql<{ count: number }[]>`
      select count(*)::int as count from public.conversations where workspace_id = ${workspaceId}`;
    return count;
  });
}
