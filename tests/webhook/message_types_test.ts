/** Every type of message that WhatsApp sends, through HTTP into the tables. */
import assert from "node:assert/strict";
import { withDatabase } from "../support/database.ts";
import { makeWorkspace } from "../support/workspace.ts";
import {
  at,
  change,
  delivered,
  delivery,
  type Item,
  type Json,
  person,
  timeAt,
  uniqueWamid,
} from "../fixtures/whatsapp/delivery.ts";
import changesOfMessages from "../fixtures/whatsapp/changes_of_messages.json" with { type: "json" };
import fields from "../fixtures/whatsapp/fields.json" with { type: "json" };
import messages from "../fixtures/whatsapp/messages.json" with { type: "json" };
import { deliver } from "./hook.ts";
import { changesOf, contactsOf, eventsOf, messagesOf } from "./rows.ts";

interface Sample {
  name: string;
  message: Json & { type: string };
  body?: string;
  media?: Json;
  reply_to?: string;
}

/** All that a message carries beside its own text, which the body holds. */
function restOf({ type, ...message }: Sample["message"]): Json {
  if (type === "text") delete message.text;
  return message;
}

for (const { name, message, body, media, reply_to } of messages as Sample[]) {
  Deno.test(`stored with its body, payload and media: ${name}`, async () => {
    const workspace = await makeWorkspace();
    const id = uniqueWamid();
    const sender = { from: "16045550111", from_user_id: "CA.70010020030", id, timestamp: at(7) };
    await deliver(delivered(workspace.phoneNumberId, {
      contacts: [{ ...person("16045550111", "Ana"), user_id: "CA.70010020030" }],
      messages: [{ ...sender, ...message }],
    }));

    const [contact, ...otherContacts] = await contactsOf(workspace.id);
    assert.deepEqual(otherContacts, []);
    const [row, ...otherRows] = await messagesOf(workspace.phoneNumberId);
    assert.deepEqual(otherRows, []);
    const expected = {
      workspace_id: workspace.id,
      contact_id: contact.id,
      direction: "inbound",
      sender_type: "contact",
      sender_name: "Ana",
      // What is said in a group is a thread of its own.
      channel: message.group_id ? "whatsapp_group" : "whatsapp",
      type: message.type,
      body: body ?? null,
      payload: restOf(message),
      reply_to: reply_to ?? null,
      phone_number_id: workspace.phoneNumberId,
      wa_message_id: id,
      status: "received",
      media: media ?? null,
      sent_at: timeAt(7),
    };
    assert.deepEqual(pick(row, Object.keys(expected)), expected);
    assert.deepEqual(await eventsOf(workspace.id), []);
  });
}

/** Those members of a row that a claim is about. */
function pick(row: object, names: string[]): Json {
  return Object.fromEntries(names.map((name) => [name, (row as Json)[name]]));
}

Deno.test("all types in one delivery are stored, each once", async () => {
  const workspace = await makeWorkspace();
  const all = (messages as Sample[]).map(({ message }, index) => ({
    from: `1604555${1000 + index}`,
    id: uniqueWamid(),
    timestamp: at(index),
    ...message,
  }));
  await deliver(delivered(workspace.phoneNumberId, { messages: all }));
  const rows = await messagesOf(workspace.phoneNumberId);
  assert.deepEqual(
    rows.map((row) => [row.wa_message_id, row.type]),
    all.map((message) => [message.id, message.type]),
  );
  assert.equal((await contactsOf(workspace.id)).length, all.length);
});

Deno.test("reactions, edits and revokes are kept as changes, system messages as events", async () => {
  const workspace = await makeWorkspace();
  const sent: Item[] = changesOfMessages.map((message, index) => ({
    from: "16045550111",
    id: uniqueWamid(),
    timestamp: at(index),
    ...message,
  }));
  await deliver(delivered(workspace.phoneNumberId, { messages: sent }));
  await deliver(delivered(workspace.phoneNumberId, { messages: sent }));
  assert.deepEqual(await messagesOf(workspace.phoneNumberId), []);
  const [system, changes] = [
    sent.filter(({ type }) => type === "system"),
    sent.filter(({ type }) => type !== "system"),
  ];
  assert.deepEqual(
    (await changesOf(workspace.phoneNumberId)).map((row) => [row.wa_message_id, row.kind]),
    changes.map(({ id, type }) => [id, type]),
  );
  const events = await eventsOf(workspace.id);
  assert.deepEqual(events.map(({ payload }) => payload).sort(byId), system.sort(byId));
  for (const { field, phone_number_id, type } of events) {
    assert.deepEqual([field, phone_number_id, type], [
      "messages",
      workspace.phoneNumberId,
      "system",
    ]);
  }
});

function byId(a: unknown, b: unknown): number {
  return (a as { id: string }).id < (b as { id: string }).id ? -1 : 1;
}

for (
  const { field, value, account } of fields as { field: string; value: Json; account?: true }[]
) {
  const what = Object.keys(value).join(", ");
  Deno.test(`acknowledged and kept once: the field ${field} (${what})`, async () => {
    const workspace = await makeWorkspace();
    const wabaId = await wabaOf(workspace.id);
    const sent = account ? { field, value } : change(workspace.phoneNumberId, value, field);
    const payload = {
      ...delivery(sent),
      entry: [{ id: wabaId, time: 1790000000, changes: [sent] }],
    };
    await deliver(payload);
    await deliver(payload);
    assert.deepEqual(await eventsOf(workspace.id), [{
      workspace_id: workspace.id,
      phone_number_id: account ? null : workspace.phoneNumberId,
      waba_id: wabaId,
      field,
      type: null,
      payload: sent.value,
    }]);
    // Nothing of it is taken for a message that somebody has just written.
    assert.deepEqual(await messagesOf(workspace.phoneNumberId), []);
    assert.deepEqual(await contactsOf(workspace.id), []);
  });
}

async function wabaOf(workspaceId: string): Promise<string> {
  const [{ waba_id }] = await withDatabase((sql) =>
    sql<{ waba_id: string }[]>`
      select waba_id from public.whatsapp_numbers where workspace_id = ${workspaceId}`
  );
  return waba_id;
}

Deno.test("errors and user actions that come without a message are kept", async () => {
  const workspace = await makeWorkspace();
  const errors = [{ code: 130429, title: "Rate limit hit", error_data: { details: "…" } }];
  const user_actions = [{ action_type: "cart", timestamp: 1790000000 }];
  await deliver(delivered(workspace.phoneNumberId, { errors }));
  await deliver(delivered(workspace.phoneNumberId, { user_actions }));
  const kept = (await eventsOf(workspace.id)).map(({ payload }) => payload as Json);
  assert.deepEqual(kept.map(({ errors, user_actions }) => ({ errors, user_actions })).sort(), [
    { errors, user_actions: undefined },
    { errors: undefined, user_actions },
  ]);
});

Deno.test("errors beside a message keep both", async () => {
  const workspace = await makeWorkspace();
  const errors = [{ code: 131000, title: "Something went wrong" }];
  const message = { from: "16045550111", id: uniqueWamid(), timestamp: at(1), type: "text" };
  await deliver(delivered(workspace.phoneNumberId, { errors, messages: [message] }));
  const [row, ...others] = await messagesOf(workspace.phoneNumberId);
  assert.deepEqual(others, []);
  assert.deepEqual([row.type, row.body, row.payload], ["text", null, {}]);
  const [event] = await eventsOf(workspace.id);
  assert.deepEqual((event.payload as Json).errors, errors);
});

Deno.test("an unknown status is kept and is no change of the message", async () => {
  const workspace = await makeWorkspace();
  const teleported = { id: uniqueWamid(), status: "teleported", timestamp: at(1) };
  await deliver(delivered(workspace.phoneNumberId, { statuses: [teleported] }));
  const [event, ...others] = await eventsOf(workspace.id);
  assert.deepEqual(others, []);
  assert.deepEqual(event.payload, teleported);
  assert.equal(event.type, "status:teleported");
});

Deno.test("messages and statuses that do not say their number are kept once, and are no messages", async () => {
  const workspace = await makeWorkspace();
  const wabaId = await wabaOf(workspace.id);
  const message = {
    from: "16045550111",
    id: uniqueWamid(),
    timestamp: at(1),
    type: "request_welcome",
  };
  const read = { id: uniqueWamid(), status: "read", timestamp: at(1) };
  const value = { messaging_product: "whatsapp", messages: [message], statuses: [read] };
  const payload = { entry: [{ id: wabaId, changes: [{ field: "messages", value }] }] };
  await deliver(payload);
  await deliver(payload);
  const events = await eventsOf(workspace.id);
  assert.deepEqual(events.map(({ payload }) => payload).sort(byId), [message, read].sort(byId));
  assert.deepEqual(await contactsOf(workspace.id), []);
});
