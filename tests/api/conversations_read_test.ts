/** One conversation with its contact, and what was said in it. */
import assert from "node:assert/strict";
import { openConversation, storeMessages } from "../support/conversations.ts";
import { withDatabase } from "../support/database.ts";
import { type Client, client, query } from "../support/http.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Contact, Conversation, Data, Message, Page } from "../support/types.ts";
import { makeKey, makeWorkspace } from "../support/workspace.ts";

const workspace = await makeWorkspace();
const { key, agent } = workspace;
const elsewhere = await makeWorkspace();

Deno.test("a conversation comes with all of its contact", async () => {
  const conversation = await openConversation(key, { name: "Ana", company: "Acme", tags: ["a"] });
  const contact = await key.get<Data<Contact>>(`get-contact?contact_id=${conversation.contact.id}`);
  const answer = await agent.get<Data<Conversation & { contact_details: Contact }>>(
    `conversations/${conversation.id}`,
  );
  assert.equal(answer.status, 200, answer.text);
  const { contact_details, ...rest } = answer.body.data;
  assert.deepEqual(rest, conversation);
  const known = contact.body.data as unknown as Record<string, unknown>;
  for (const [name, value] of Object.entries(contact_details)) {
    assert.deepEqual(value, known[name], name);
  }
  assert.equal(contact_details.company, "Acme");
});

Deno.test("a key that reads conversations reads the contact with them", async () => {
  const { id } = await openConversation(key, { email: "ana@example.com" });
  const { token } = await withDatabase((sql) =>
    makeKey(sql, workspace.id, { scopes: ["conversations:read"] })
  );
  const answer = await client(token).get<Data<{ contact_details: Contact }>>(`conversations/${id}`);
  assert.equal(answer.body.data.contact_details.email, "ana@example.com");
});

Deno.test("another workspace's conversation is not there, nor are its messages", async () => {
  const { id } = await openConversation(key);
  for (const path of [`conversations/${id}`, `conversations/${id}/messages`]) {
    assertProblem(await elsewhere.key.get(path), 404, "conversation_not_found");
    assertProblem(await elsewhere.agent.get(path), 404, "conversation_not_found");
  }
  const nobody = `conversations/${crypto.randomUUID()}`;
  assertProblem(await key.get(nobody), 404, "conversation_not_found");
  assertInvalid(await key.get("conversations/none"), { "/id": "invalid_format" });
});

async function messages(caller: Client, id: string, search = ""): Promise<Page<Message>> {
  const answer = await caller.get<Page<Message>>(`conversations/${id}/messages${search}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

const bodies = ({ data }: Page<Message>) => data.map(({ body }) => body?.replace("Message ", ""));

Deno.test("messages are in the order of their own time, newest first or oldest first", async () => {
  const conversation = await openConversation(key);
  await storeMessages(conversation, [30, 10]);
  await storeMessages(conversation, [20], "outbound");
  const newest = await messages(agent, conversation.id);
  assert.deepEqual(bodies(newest), ["30", "20", "10"]);
  assert.equal(newest.next_cursor, null);
  assert.deepEqual(bodies(await messages(agent, conversation.id, "?order=asc")), [
    "10",
    "20",
    "30",
  ]);
});

Deno.test("a message has the fields of the contract", async () => {
  const conversation = await openConversation(key);
  await storeMessages(conversation, [1]);
  const { data: [{ id, created_at, ...rest }] } = await messages(agent, conversation.id);
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.equal(Math.abs(Date.parse(created_at) - Date.now()) < 60_000, true);
  assert.deepEqual(rest, {
    conversation_id: conversation.id,
    direction: "inbound",
    sender_type: "contact",
    sender_id: null,
    channel: "whatsapp",
    type: "text",
    body: "Message 1",
    payload: {},
    reply_to: null,
    wa_message_id: null,
    status: "received",
    error: null,
    reactions: [],
    sentiment: "neutral",
    sentiment_score: 0,
    sentiment_language: null,
    media: null,
    sent_at: "2026-01-01T00:00:01+00:00",
    delivered_at: null,
    read_at: null,
    edited_at: null,
    revoked_at: null,
  });
});

for (const order of ["asc", "desc"]) {
  Deno.test(`pages of messages hold each once, ${order}, also those of one second`, async () => {
    const conversation = await openConversation(key);
    await storeMessages(conversation, [5, 5, 5, 1, 9, 5, 7]);
    const found: Message[] = [];
    let cursor: string | null = null;
    do {
      const search: string = query({ order, limit: 2, ...(cursor === null ? {} : { cursor }) });
      const page: Page<Message> = await messages(agent, conversation.id, search);
      found.push(...page.data);
      cursor = page.next_cursor;
    } while (cursor !== null);
    assert.equal(new Set(found.map(({ id }) => id)).size, 7);
    const times = found.map(({ sent_at }) => Date.parse(sent_at));
    assert.deepEqual(times, times.toSorted((a, b) => order === "asc" ? a - b : b - a));
    assert.deepEqual(found, (await messages(agent, conversation.id, `?order=${order}`)).data);
  });
}

Deno.test("a cursor belongs to its conversation and order", async () => {
  const [one, other] = [await openConversation(key), await openConversation(key)];
  await storeMessages(one, [1, 2]);
  const { next_cursor } = await messages(agent, one.id, "?limit=1");
  const search = query({ cursor: next_cursor! });
  for (
    const path of [
      `conversations/${other.id}/messages${search}`,
      `conversations/${one.id}/messages${search}&order=asc`,
    ]
  ) assertProblem(await agent.get(path), 400, "invalid_cursor");
});

Deno.test("an empty conversation has no messages", async () => {
  const { id } = await openConversation(key);
  assert.deepEqual(await messages(agent, id), { data: [], next_cursor: null });
});
