/** Who writes in becomes a contact, once, under every id that WhatsApp may know them by. */
import assert from "node:assert/strict";
import type { Contact, ContactDetail, Data } from "../support/types.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import { at, delivered, type Json, person, text, timeAt } from "../fixtures/whatsapp/delivery.ts";
import { deliver } from "./hook.ts";
import { contactsOf, identitiesOf, messagesOf } from "./rows.ts";

/** A text from a person whose profile has that name. */
function said(workspace: Workspace, waId: string, name?: string, more: Json = {}): Promise<void> {
  return deliver(delivered(workspace.phoneNumberId, {
    contacts: [person(waId, name)],
    messages: [text(waId, "Hi", more)],
  }));
}

async function onlyContact(workspace: Workspace): Promise<ContactDetail> {
  const [{ id }, ...others] = await contactsOf(workspace.id);
  assert.deepEqual(others, []);
  const answer = await workspace.key.get<Data<ContactDetail>>(`get-contact?contact_id=${id}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data;
}

Deno.test("the first message makes the contact", async () => {
  const workspace = await makeWorkspace();
  await said(workspace, "5511912345678", "Ana", { timestamp: at(5) });
  const contact = await onlyContact(workspace);
  const { name, phone, whatsapp_contact_id, source, channels, status, country } = contact;
  assert.deepEqual({ name, phone, whatsapp_contact_id, source, channels, status, country }, {
    name: "Ana",
    phone: "+5511912345678",
    whatsapp_contact_id: "5511912345678",
    source: "chat",
    channels: ["whatsapp"],
    status: "new",
    country: "BR",
  });
  assert.equal(contact.message_count, 1);
  assert.equal(Date.parse(contact.last_contact_at!), timeAt(5).getTime());
  assert.deepEqual(
    contact.identities.map(({ channel, external_id }) => [channel, external_id]),
    [["whatsapp", "5511912345678"]],
  );
});

Deno.test("without a profile the contact has no name, and gets it with a later message", async () => {
  const workspace = await makeWorkspace();
  await deliver(delivered(workspace.phoneNumberId, { messages: [text("16045550111", "Hi")] }));
  assert.equal((await onlyContact(workspace)).name, null);
  await deliver(delivered(workspace.phoneNumberId, {
    contacts: [{ wa_id: "16045550111" }],
    messages: [text("16045550111", "Hi", { timestamp: at(2) })],
  }));
  assert.equal((await onlyContact(workspace)).name, null);
  await said(workspace, "16045550111", "Ana", { timestamp: at(3) });
  assert.equal((await onlyContact(workspace)).name, "Ana");
});

Deno.test("the name follows the profile, by the time of the messages", async () => {
  const workspace = await makeWorkspace();
  await said(workspace, "16045550111", "Ana", { timestamp: at(10) });
  await said(workspace, "16045550111", "Ana Ruiz", { timestamp: at(20) });
  assert.equal((await onlyContact(workspace)).name, "Ana Ruiz");
  await said(workspace, "16045550111", "Anita", { timestamp: at(5) });
  assert.equal((await onlyContact(workspace)).name, "Ana Ruiz");
});

Deno.test("a name that a person has set is never overwritten", async () => {
  const workspace = await makeWorkspace();
  const created = await workspace.key.post<Data<Contact>>("create-contact", {
    phone: "+16045550111",
    name: "Ms. Ruiz",
    source: "manual",
  });
  assert.equal(created.status, 201, created.text);
  await said(workspace, "16045550111", "Ana");
  const contact = await onlyContact(workspace);
  assert.equal(contact.id, created.body.data.id);
  assert.equal(contact.name, "Ms. Ruiz");
  assert.equal(contact.source, "manual");
  assert.deepEqual(contact.channels, ["whatsapp"]);
});

Deno.test("a person's correction stays, and clearing it brings the profile's name back", async () => {
  const workspace = await makeWorkspace();
  await said(workspace, "16045550111", "ana :)", { timestamp: at(1) });
  const { id } = await onlyContact(workspace);
  const rename = (name: string | null) =>
    workspace.key.post("update-contact", { contact_id: id, name });
  assert.equal((await rename("Ana Ruiz")).status, 200);
  await said(workspace, "16045550111", "ana :D", { timestamp: at(2) });
  assert.equal((await onlyContact(workspace)).name, "Ana Ruiz");
  assert.equal((await rename(null)).status, 200);
  await said(workspace, "16045550111", "ana :P", { timestamp: at(3) });
  assert.equal((await onlyContact(workspace)).name, "ana :P");
});

Deno.test("a profile name is cut to what a name may have, and blank ones are none", async () => {
  const workspace = await makeWorkspace();
  await said(workspace, "16045550111", "👩‍👩‍👧".repeat(100));
  assert.equal([...(await onlyContact(workspace)).name!].length, 200);
  const blank = await makeWorkspace();
  await said(blank, "16045550111", "   ");
  assert.equal((await onlyContact(blank)).name, null);
});

const variants: [country: string, typed: string, waId: string][] = [
  ["Mexico", "+52 55 1234 5678", "5215512345678"],
  ["Mexico, the older way", "+521 55 1234 5678", "525512345678"],
  ["Brazil", "+55 11 91234-5678", "551112345678"],
  ["Brazil, the older way", "+55 11 9123-4567", "5511991234567"],
  ["Argentina", "+54 11 2345-6789", "5491123456789"],
  ["Argentina, the mobile way", "+54 9 11 2345-6789", "541123456789"],
];

for (const [country, typed, waId] of variants) {
  Deno.test(`a number typed one way and WhatsApp's id the other are one contact: ${country}`, async () => {
    const workspace = await makeWorkspace();
    const created = await workspace.key.post<Data<Contact>>("create-contact", { phone: typed });
    assert.equal(created.status, 201, created.text);
    await said(workspace, waId, "Ana");
    const contact = await onlyContact(workspace);
    assert.equal(contact.id, created.body.data.id);
    // Neither the number that was typed nor WhatsApp's id is rewritten.
    assert.equal(contact.phone, created.body.data.phone);
    assert.deepEqual(await identitiesOf(workspace.id), [`whatsapp ${waId}`]);
    const found = await workspace.key.get<Data<ContactDetail>>(`get-contact?phone=%2B${waId}`);
    assert.equal(found.status, 200, found.text);
    assert.equal(found.body.data.id, contact.id);
  });
}

Deno.test("both variants of an id are one contact with two identities", async () => {
  const workspace = await makeWorkspace();
  await deliver(delivered(workspace.phoneNumberId, {
    messages: [text("5511912345678", "1"), text("551112345678", "2")],
  }));
  const contact = await onlyContact(workspace);
  assert.equal(contact.message_count, 2);
  assert.deepEqual(await identitiesOf(workspace.id), [
    "whatsapp 551112345678",
    "whatsapp 5511912345678",
  ]);
});

Deno.test("someone known by a business-scoped id only is a contact without a phone", async () => {
  const workspace = await makeWorkspace();
  const message = { ...text("", "Hi"), from_user_id: "ES.70010020030" };
  Reflect.deleteProperty(message, "from");
  const contacts = [{ user_id: "ES.70010020030", profile: { name: "Ana", username: "@ana.r" } }];
  await deliver(delivered(workspace.phoneNumberId, { contacts, messages: [message] }));
  const contact = await onlyContact(workspace);
  const { name, phone, whatsapp_contact_id, message_count } = contact;
  assert.deepEqual({ name, phone, whatsapp_contact_id, message_count }, {
    name: "Ana",
    phone: null,
    whatsapp_contact_id: null,
    message_count: 1,
  });
  assert.deepEqual(await identitiesOf(workspace.id), ["whatsapp_bsuid ES.70010020030"]);
  const [row] = await messagesOf(workspace.phoneNumberId);
  assert.deepEqual([row.wa_message_id, row.contact_id], [message.id, contact.id]);
});

/** A text with a business-scoped id, and with a number if one is given. */
function scoped(userId: string, waId?: string, seconds = 1): Json {
  const { from: _from, ...message } = text("", "Hi", { timestamp: at(seconds) });
  return { ...message, from_user_id: userId, ...(waId ? { from: waId } : {}) };
}

Deno.test("who is known by both ids is found by either", async () => {
  const workspace = await makeWorkspace();
  await deliver(delivered(workspace.phoneNumberId, { messages: [scoped("ES.7", "34600111222")] }));
  await deliver(delivered(workspace.phoneNumberId, { messages: [scoped("ES.7")] }));
  await deliver(delivered(workspace.phoneNumberId, { messages: [text("34600111222", "Hi")] }));
  assert.equal((await onlyContact(workspace)).message_count, 3);
  assert.deepEqual(await identitiesOf(workspace.id), [
    "whatsapp 34600111222",
    "whatsapp_bsuid ES.7",
  ]);
});

Deno.test("the number of someone known by a business-scoped id is filled in when it comes", async () => {
  const workspace = await makeWorkspace();
  await deliver(delivered(workspace.phoneNumberId, { messages: [scoped("ES.7")] }));
  await deliver(
    delivered(workspace.phoneNumberId, { messages: [scoped("ES.7", "34600111222", 2)] }),
  );
  const contact = await onlyContact(workspace);
  const { phone, whatsapp_contact_id, country, message_count } = contact;
  assert.deepEqual({ phone, whatsapp_contact_id, country, message_count }, {
    phone: "+34600111222",
    whatsapp_contact_id: "34600111222",
    country: "ES",
    message_count: 2,
  });
  assert.deepEqual(await identitiesOf(workspace.id), [
    "whatsapp 34600111222",
    "whatsapp_bsuid ES.7",
  ]);
});

Deno.test("contacts[] alone says whose business-scoped id a number's is", async () => {
  const workspace = await makeWorkspace();
  await deliver(delivered(workspace.phoneNumberId, {
    contacts: [{ wa_id: "34600111222", user_id: "ES.7", profile: { name: "Ana" } }],
    messages: [text("34600111222", "Hi")],
  }));
  assert.deepEqual(await identitiesOf(workspace.id), [
    "whatsapp 34600111222",
    "whatsapp_bsuid ES.7",
  ]);
});

Deno.test("eight senders at once about someone known by a business-scoped id only: one contact", async () => {
  const workspace = await makeWorkspace();
  await Promise.all(
    Array.from(
      { length: 8 },
      () => deliver(delivered(workspace.phoneNumberId, { messages: [scoped("ES.7")] })),
    ),
  );
  assert.equal((await onlyContact(workspace)).message_count, 8);
});

Deno.test("an id that is no phone number makes a contact without a phone", async () => {
  const workspace = await makeWorkspace();
  await said(workspace, "012345678", "Ana");
  const contact = await onlyContact(workspace);
  assert.deepEqual([contact.name, contact.phone], ["Ana", null]);
  await said(workspace, "012345678", "Ana");
  assert.equal((await onlyContact(workspace)).message_count, 2);
});

Deno.test("a message changes neither the contact's ETag nor its updated_at, another name does", async () => {
  const workspace = await makeWorkspace();
  const waId = "16045550111";
  await said(workspace, waId, "Ana", { timestamp: at(1) });
  const [{ id }] = await contactsOf(workspace.id);
  const read = async () => {
    const answer = await workspace.key.get<Data<ContactDetail>>(`get-contact?contact_id=${id}`);
    const { name, message_count, last_contact_at, updated_at } = answer.body.data;
    const last = Date.parse(last_contact_at!);
    return { etag: answer.headers.get("etag")!, updated_at, said: [name, message_count, last] };
  };
  const before = await read();
  await said(workspace, waId, "Ana", { timestamp: at(2) });
  const { said: talk, ...same } = await read();
  assert.deepEqual(talk, ["Ana", 2, timeAt(2).getTime()]);
  assert.deepEqual(same, { etag: before.etag, updated_at: before.updated_at });

  await said(workspace, waId, "Anna", { timestamp: at(3) });
  const renamed = await read();
  assert.deepEqual(renamed.said, ["Anna", 3, timeAt(3).getTime()]);
  assert.notEqual(renamed.etag, before.etag);
  assert.notEqual(renamed.updated_at, before.updated_at);
  const stale = await workspace.key.post("update-contact", { contact_id: id, company: "Acme" }, {
    "if-match": before.etag,
  });
  assert.equal(stale.status, 412);
});

Deno.test("the name that made the contact holds against an older message that comes later", async () => {
  const workspace = await makeWorkspace();
  const waId = "16045550111";
  const reaction = { type: "reaction", reaction: { message_id: "wamid.NONE", emoji: "👍" } };
  await said(workspace, waId, "Later", { timestamp: at(9), text: undefined, ...reaction });
  assert.equal((await onlyContact(workspace)).name, "Later");
  await said(workspace, waId, "Before", { timestamp: at(3) });
  assert.equal((await onlyContact(workspace)).name, "Later");
});
