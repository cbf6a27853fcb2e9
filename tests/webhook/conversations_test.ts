/** Inbound messages open conversations, and people see them through the API. */
import assert from "node:assert/strict";
import { withDatabase } from "../support/database.ts";
import { query } from "../support/http.ts";
import type {
  Contact,
  ContactDetail,
  Conversation,
  Data,
  Handoff,
  Page,
} from "../support/types.ts";
import { uniqueWord } from "../support/unique.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import { at, delivered, person, text, timeAt } from "../fixtures/whatsapp/delivery.ts";
import { deliver } from "./hook.ts";
import { contactsOf } from "./rows.ts";
import { resolveAt } from "./updates.ts";

async function conversationOf(workspace: Workspace): Promise<Conversation | null> {
  const [{ id }] = await contactsOf(workspace.id);
  const answer = await workspace.key.get<Data<ContactDetail>>(`get-contact?contact_id=${id}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data.conversation;
}

function write(workspace: Workspace, ...seconds: number[]): Promise<void> {
  return deliver(delivered(workspace.phoneNumberId, {
    contacts: [person("16045550111", "Ana")],
    messages: seconds.map((second) => text("16045550111", "Hi", { timestamp: at(second) })),
  }));
}

Deno.test("the first message opens a conversation, which get-contact shows", async () => {
  const workspace = await makeWorkspace();
  await write(workspace, 10, 20);
  const [contact] = await contactsOf(workspace.id);
  const conversation = await conversationOf(workspace);
  assert.ok(conversation);
  const { id, created_at, last_message_at, window_expires_at, ...rest } = conversation;
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.equal(Number.isNaN(Date.parse(created_at)), false);
  assert.equal(Date.parse(last_message_at!), timeAt(20).getTime());
  assert.equal(Date.parse(window_expires_at!), timeAt(20).getTime() + 24 * 3600 * 1000);
  assert.deepEqual(rest, {
    channel: "whatsapp",
    contact: { id: contact.id, name: "Ana", phone: "+16045550111" },
    contact_id: "16045550111",
    contact_name: "Ana",
    status: "active",
    phase: "automated",
    ai_enabled: true,
    bot_status: "active",
    control_epoch: 1,
    assigned_to: null,
    unread_count: 2,
    resolved_at: null,
  });
});

Deno.test("messages out of order: the latest time counts, not the latest delivery", async () => {
  const workspace = await makeWorkspace();
  await write(workspace, 50);
  await write(workspace, 10);
  await write(workspace, 30);
  const conversation = await conversationOf(workspace);
  assert.equal(Date.parse(conversation!.last_message_at!), timeAt(50).getTime());
  assert.equal(conversation!.unread_count, 3);
  const [contact] = await contactsOf(workspace.id);
  assert.deepEqual([contact.message_count, contact.last_contact_at], [3, timeAt(50)]);
});

Deno.test("a later message reopens a resolved conversation, and the bot has it again", async () => {
  const workspace = await makeWorkspace();
  await write(workspace, 10);
  const before = await conversationOf(workspace);
  await resolveAt(workspace, 100);
  assert.equal(await conversationOf(workspace), null);
  await write(workspace, 101);
  const after = await conversationOf(workspace);
  assert.deepEqual(after, {
    ...before,
    // One for the end, one for the beginning.
    control_epoch: 3,
    unread_count: 2,
    last_message_at: after!.last_message_at,
    window_expires_at: after!.window_expires_at,
  });
});

Deno.test("a message from before the end that comes late does not reopen it", async () => {
  const workspace = await makeWorkspace();
  await write(workspace, 10);
  await resolveAt(workspace, 100);
  await write(workspace, 99);
  assert.equal(await conversationOf(workspace), null);
  await write(workspace, 98, 102);
  assert.equal((await conversationOf(workspace))?.status, "active");
});

Deno.test("a message of the very second in which a conversation was resolved reopens it", async () => {
  const workspace = await makeWorkspace();
  await write(workspace, 10);
  // WhatsApp's times are cut to seconds: what was written after 100.4 may well be said to be of 100.
  await resolveAt(workspace, 100.4);
  await write(workspace, 100);
  assert.equal((await conversationOf(workspace))?.status, "active");
});

Deno.test("a duplicate of an old message does not reopen a conversation", async () => {
  const workspace = await makeWorkspace();
  const payload = delivered(workspace.phoneNumberId, {
    messages: [text("16045550111", "Hi", { timestamp: at(200) })],
  });
  await deliver(payload);
  await resolveAt(workspace, 100);
  await deliver(payload);
  assert.equal(await conversationOf(workspace), null);
});

Deno.test("an agent's chat and the customer's message are one conversation", async () => {
  const workspace = await makeWorkspace();
  const created = await workspace.key.post<Data<Contact>>("create-contact", {
    phone: "+16045550111",
  });
  const started = await workspace.agent.post<Data<Handoff>>("handoff", {
    contact_id: created.body.data.id,
  });
  assert.equal(started.status, 200, started.text);
  await write(workspace, 10);
  assert.equal((await conversationOf(workspace))?.id, started.body.data.conversation?.id);
});

Deno.test("a contractor's message goes to a person, not to the bot", async () => {
  const workspace = await makeWorkspace();
  const contact = { phone: "+16045550111", is_contractor: true };
  assert.equal((await workspace.key.post("create-contact", contact)).status, 201);
  await write(workspace, 10);
  const conversation = await conversationOf(workspace);
  const { phase, ai_enabled, bot_status } = conversation!;
  assert.deepEqual({ phase, ai_enabled, bot_status }, {
    phase: "waiting",
    ai_enabled: false,
    bot_status: "agent",
  });
});

Deno.test("whatsapp_conversations shows the thread under its documented columns", async () => {
  const workspace = await makeWorkspace();
  await write(workspace, 10);
  const rows = await withDatabase((sql) =>
    sql`select contact_id, contact_name, status, ai_enabled from public.whatsapp_conversations
      where workspace_id = ${workspace.id}`
  );
  assert.deepEqual([...rows], [
    { contact_id: "16045550111", contact_name: "Ana", status: "active", ai_enabled: true },
  ]);
});

Deno.test("who has written last stands first in list-contacts, and is found by name and number", async () => {
  const workspace = await makeWorkspace();
  const name = uniqueWord();
  const times = [["16045550111", 30], ["16045550112", 10], ["16045550113", 20]] as const;
  for (const [waId, second] of times) {
    await deliver(delivered(workspace.phoneNumberId, {
      contacts: [person(waId, `${name} ${waId.slice(-1)}`)],
      messages: [text(waId, "Hi", { timestamp: at(second) })],
    }));
  }
  const listed = async (parameters: Record<string, string>) => {
    const answer = await workspace.key.get<Page<Contact>>(`list-contacts${query(parameters)}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.body.data.map((contact) => contact.phone);
  };
  const [first, second, third] = ["+16045550111", "+16045550113", "+16045550112"];
  assert.deepEqual(await listed({ sort: "-last_contact_at" }), [first, second, third]);
  assert.deepEqual(await listed({ sort: "last_contact_at" }), [third, second, first]);
  assert.deepEqual(await listed({ search: name, sort: "last_contact_at" }), [third, second, first]);
  assert.deepEqual(await listed({ search: "604-555-0113" }), [second]);
  const early = timeAt(20).toISOString();
  assert.deepEqual(await listed({ last_contact_to: early, sort: "last_contact_at" }), [
    third,
    second,
  ]);
  assert.deepEqual(
    await listed({ last_contact_from: early, source: "chat", sort: "last_contact_at" }),
    [
      second,
      first,
    ],
  );
});
