/** Who somebody is: numbers and business-scoped ids, whichever are known, and how they change. */
import assert from "node:assert/strict";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import {
  at,
  type Item,
  type Json,
  text,
  timeAt,
  uniqueWamid,
} from "../fixtures/whatsapp/delivery.ts";
import { contactsOf, eventsOf, identitiesOf, messagesOf } from "./rows.ts";
import { ask, tell } from "./updates.ts";

const [OLD, NEW] = ["16045550111", "16045550222"];

function system(seconds: number, content: Json, from: Json = { from: OLD }): Item {
  return { ...from, id: uniqueWamid(), timestamp: at(seconds), type: "system", system: content };
}

function changedNumber(seconds: number, to = NEW): Item {
  return system(seconds, { type: "user_changed_number", body: "User Ana changed …", wa_id: to });
}

function byUserId(id: string, body: string, more: Json = {}): Item {
  return {
    id: uniqueWamid(),
    from_user_id: id,
    timestamp: at(1),
    type: "text",
    text: { body },
    ...more,
  };
}

/** The workspace's one contact, and that all messages are its. */
async function onlyContact(workspace: Workspace, messages: number) {
  const [contact, ...others] = await contactsOf(workspace.id);
  assert.deepEqual(others, []);
  const rows = await messagesOf(workspace.phoneNumberId);
  assert.deepEqual(rows.map(({ contact_id }) => contact_id), Array(messages).fill(contact.id));
  assert.equal(new Set(rows.map(({ conversation_id }) => conversation_id)).size, 1);
  assert.equal(contact.message_count, messages);
  return contact;
}

Deno.test("a new number moves the contact: its phone follows, its messages stay, both ids are its", async () => {
  const workspace = await makeWorkspace();
  await tell(workspace, { messages: [text(OLD, "before")] });
  const moved = changedNumber(10);
  await tell(workspace, { messages: [moved] });
  await tell(workspace, {
    messages: [text(NEW, "from the new one"), text(OLD, "from the old one")],
  });
  assert.equal((await onlyContact(workspace, 3)).phone, `+${NEW}`);
  assert.deepEqual(await identitiesOf(workspace.id), [`whatsapp ${OLD}`, `whatsapp ${NEW}`]);
  assert.deepEqual((await eventsOf(workspace.id)).map(({ payload }) => payload), [moved]);
});

Deno.test("a new number that is heard of before the person writes, from either number", async () => {
  for (const from of [OLD, NEW]) {
    const workspace = await makeWorkspace();
    await tell(workspace, { messages: [changedNumber(10)] });
    assert.deepEqual(await contactsOf(workspace.id), []);
    await tell(workspace, { messages: [text(from, "Hi")] });
    assert.equal((await onlyContact(workspace, 1)).phone, `+${NEW}`);
    assert.deepEqual(await identitiesOf(workspace.id), [`whatsapp ${OLD}`, `whatsapp ${NEW}`]);
  }
});

Deno.test("a new number of somebody who is named by the user id alone moves the contact", async () => {
  const workspace = await makeWorkspace();
  const wrote = { ...text(OLD, "Hi"), from_user_id: "CA.1" };
  await tell(workspace, { contacts: [{ wa_id: OLD, user_id: "CA.1" }], messages: [wrote] });
  const content = { type: "user_changed_number", wa_id: NEW, user_id: "CA.2" };
  await tell(workspace, { messages: [system(10, content, { from_user_id: "CA.1" })] });
  assert.equal((await onlyContact(workspace, 1)).phone, `+${NEW}`);
  assert.deepEqual(await identitiesOf(workspace.id), [
    `whatsapp ${OLD}`,
    `whatsapp ${NEW}`,
    "whatsapp_bsuid CA.1",
    "whatsapp_bsuid CA.2",
  ]);
});

Deno.test("of two changes of number the later one counts, whichever comes first", async () => {
  const third = "16045550333";
  for (const order of [[0, 1], [1, 0]]) {
    const workspace = await makeWorkspace();
    await tell(workspace, { messages: [text(OLD, "Hi")] });
    const moves = [changedNumber(10), { ...changedNumber(20, third), from: NEW }];
    for (const index of order) await tell(workspace, { messages: [moves[index]] });
    assert.equal((await onlyContact(workspace, 1)).phone, `+${third}`);
  }
});

Deno.test("a number that a person has entered and WhatsApp never named stays when WhatsApp's changes", async () => {
  const workspace = await makeWorkspace();
  await tell(workspace, { messages: [byUserId("CA.7", "Hi")] });
  await ask(
    "update public.contacts set phone = '+16045559999' where workspace_id = $1",
    workspace.id,
  );
  await tell(workspace, {
    messages: [text(OLD, "Hi", { from_user_id: "CA.7" }), changedNumber(10)],
  });
  assert.equal((await onlyContact(workspace, 2)).phone, "+16045559999");
});

for (
  const [name, from] of Object.entries<Json>({
    "its old id beside it": { from: OLD, from_user_id: "CA.1" },
    "the number alone": { from: OLD },
  })
) {
  Deno.test(`a new business-scoped id is the same person's: system message with ${name}`, async () => {
    const workspace = await makeWorkspace();
    await tell(workspace, { messages: [text(OLD, "Hi", { from_user_id: "CA.1" })] });
    const change = { type: "user_changed_user_id", body: "…", user_id: "CA.2" };
    await tell(workspace, { messages: [system(10, change, from)] });
    await tell(workspace, { messages: [byUserId("CA.2", "new"), byUserId("CA.1", "old")] });
    assert.equal((await onlyContact(workspace, 3)).phone, `+${OLD}`);
  });
}

Deno.test("a new business-scoped id, by previous_user_id alone", async () => {
  const workspace = await makeWorkspace();
  await tell(workspace, { messages: [byUserId("CA.1", "Hi")] });
  await tell(workspace, {
    messages: [system(10, {
      type: "user_changed_user_id",
      user_id: "CA.2",
      previous_user_id: "CA.1",
    }, {})],
  });
  await tell(workspace, { messages: [byUserId("CA.2", "new")] });
  assert.equal((await onlyContact(workspace, 2)).phone, null);
});

Deno.test("user_id_update moves the id: who writes under the new one is the same contact", async () => {
  for (const order of ["update first", "message first"]) {
    const workspace = await makeWorkspace();
    const update = {
      wa_id: OLD,
      detail: "…",
      user_id: { previous: "CA.7", current: "CA.8" },
      timestamp: at(13),
    };
    const steps = [
      () => tell(workspace, { user_id_update: [update] }, "user_id_update"),
      () => tell(workspace, { messages: [byUserId("CA.7", "Hi")] }),
    ];
    if (order === "message first") steps.reverse();
    for (const step of steps) await step();
    await tell(workspace, { messages: [byUserId("CA.8", "new")] });
    assert.equal((await onlyContact(workspace, 2)).phone, `+${OLD}`);
    const [{ bsuid }] = await ask<{ bsuid: string }>(
      "select (private.whatsapp_recipient(v.id)).bsuid from public.conversations v where workspace_id = $1",
      workspace.id,
    );
    assert.equal(bsuid, "CA.8");
    assert.deepEqual((await eventsOf(workspace.id)).map(({ payload }) => payload), [update]);
  }
});

Deno.test("who is known by a parent id alone is a contact, and stays it when the others come", async () => {
  const workspace = await makeWorkspace();
  const parent = { from_parent_user_id: "CA.ENT.80" };
  const first = {
    id: uniqueWamid(),
    timestamp: at(1),
    type: "text",
    text: { body: "Hi" },
    ...parent,
  };
  await tell(workspace, { messages: [first] });
  const { phone } = await onlyContact(workspace, 1);
  assert.equal(phone, null);
  await tell(workspace, { messages: [byUserId("CA.7", "Hi", { ...parent, from: OLD })] });
  assert.equal((await onlyContact(workspace, 2)).phone, `+${OLD}`);
  assert.deepEqual(await identitiesOf(workspace.id), [
    `whatsapp ${OLD}`,
    "whatsapp_bsuid CA.7",
    "whatsapp_parent_bsuid CA.ENT.80",
  ]);
});

Deno.test("a username is what a contact is called there, not who it is", async () => {
  const workspace = await makeWorkspace();
  const named = (id: string, username: string, seconds: number) => ({
    contacts: [{ user_id: id, profile: { name: "Ana", username } }],
    messages: [byUserId(id, "Hi", { timestamp: at(seconds) })],
  });
  await tell(workspace, named("CA.7", "@ana", 5));
  await tell(workspace, named("CA.8", "@ana", 6));
  assert.equal((await contactsOf(workspace.id)).length, 2);
  await tell(workspace, named("CA.7", "@ana.r", 8));
  await tell(workspace, named("CA.7", "@too.late", 7));
  const rows = await ask<{ username: string; username_at: Date }>(
    "select username, username_at from public.contact_activity where workspace_id = $1 order by 1",
    workspace.id,
  );
  assert.deepEqual(rows, [
    { username: "@ana", username_at: timeAt(6) },
    { username: "@ana.r", username_at: timeAt(8) },
  ]);
});

const link = {
  statuses: [{
    id: "wamid.linking",
    status: "delivered",
    timestamp: at(5),
    recipient_id: OLD,
    recipient_user_id: "CA.7",
  }],
};

Deno.test("a status says whose business-scoped id a known number's is", async () => {
  const workspace = await makeWorkspace();
  await tell(workspace, { messages: [text(OLD, "Hi")] });
  await tell(workspace, link);
  await tell(workspace, { messages: [byUserId("CA.7", "me again")] });
  assert.equal((await onlyContact(workspace, 2)).phone, `+${OLD}`);
});

Deno.test("a status about somebody who is no contact makes none, and is remembered until they are", async () => {
  for (const first of [text(OLD, "Hi"), byUserId("CA.7", "Hi")]) {
    const workspace = await makeWorkspace();
    await tell(workspace, link);
    assert.deepEqual(await contactsOf(workspace.id), []);
    await tell(workspace, { messages: [first] });
    assert.equal((await onlyContact(workspace, 1)).phone, `+${OLD}`);
    assert.deepEqual(await identitiesOf(workspace.id), [`whatsapp ${OLD}`, "whatsapp_bsuid CA.7"]);
    assert.deepEqual(
      await ask("select * from private.identity_links where workspace_id = $1", workspace.id),
      [],
    );
  }
});

Deno.test("a member of a group is known by either id that a status of the group names", async () => {
  const workspace = await makeWorkspace();
  await tell(workspace, { messages: [text(OLD, "in the group", { group_id: "GRP1" })] });
  await tell(workspace, {
    statuses: [{
      id: "wamid.group",
      status: "read",
      timestamp: at(7),
      recipient_id: "GRP1",
      recipient_type: "group",
      recipient_participant_id: OLD,
      recipient_participant_user_id: "CA.7",
    }],
  });
  await tell(workspace, { messages: [byUserId("CA.7", "in private")] });
  const contacts = await contactsOf(workspace.id);
  assert.deepEqual(contacts.map(({ phone, channels }) => [phone, channels]), [
    [`+${OLD}`, ["whatsapp"]],
  ]);
  const threads = await ask<{ channel: string; unread_count: number; is_open: boolean }>(
    `select channel, unread_count, last_inbound_at is not null as is_open
      from public.conversations where workspace_id = $1 order by 1`,
    workspace.id,
  );
  assert.deepEqual(threads.map(({ channel, unread_count }) => [channel, unread_count]), [
    ["whatsapp", 1],
    ["whatsapp_group", 1],
  ]);
});

for (
  const [country, ids] of Object.entries({
    BR: ["5511912345678", "551112345678"],
    MX: ["525512345678", "5215512345678"],
    AR: ["5491112345678", "541112345678"],
  })
) {
  Deno.test(`a number that changes to its own variant is the same contact: ${country}`, async () => {
    const workspace = await makeWorkspace();
    await tell(workspace, { messages: [text(ids[0], "Hi")] });
    await tell(workspace, { messages: [{ ...changedNumber(10, ids[1]), from: ids[0] }] });
    await tell(workspace, { messages: [text(ids[1], "me")] });
    assert.equal((await onlyContact(workspace, 2)).phone, `+${ids[1]}`);
    assert.deepEqual(await identitiesOf(workspace.id), ids.map((id) => `whatsapp ${id}`).sort());
  });

  Deno.test(`what was heard of one variant of a number counts for the other: ${country}`, async () => {
    const workspace = await makeWorkspace();
    const [status] = link.statuses;
    await tell(workspace, { statuses: [{ ...status, recipient_id: ids[1] }] });
    await tell(workspace, { messages: [text(ids[0], "Hi"), byUserId("CA.7", "me")] });
    await onlyContact(workspace, 2);
  });
}
