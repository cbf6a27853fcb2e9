import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import { type Client, client, query } from "../support/http.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Data, Handoff, Note, Page } from "../support/types.ts";
import { makeKey, makeMember, makeWorkspace } from "../support/workspace.ts";

const workspace = await makeWorkspace();
const { key, admin, agent } = workspace;

async function write(author: Client, entity_id: string, content: string, entity_type = "lead") {
  const answer = await author.post<Data<Note>>("internal-notes", {
    content,
    entity_type,
    entity_id,
  });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.data;
}

async function notesOn(entity_id: string, entity_type = "lead"): Promise<Note[]> {
  const answer = await key.get<Page<Note>>(
    `internal-notes${query({ entity_type, entity_id })}`,
  );
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(Object.keys(answer.body), ["data", "next_cursor"]);
  assert.equal(answer.body.next_cursor, null);
  return answer.body.data;
}

Deno.test("a note is answered whole: 201 with its author and mentions", async () => {
  const contact = await createContact(key);
  const content = "Meeting scheduled for next Monday. @Jane";
  const body = { content, entity_type: "lead", entity_id: contact.id };
  const answer = await admin.post<Data<Note>>("internal-notes", body);
  assert.equal(answer.status, 201, answer.text);
  const { id, created_at, ...rest } = answer.body.data;
  assert.equal(answer.headers.get("location"), `/functions/v1/internal-notes/${id}`);
  assert.equal(Math.abs(Date.parse(created_at) - Date.now()) < 60_000, true);
  assert.deepEqual(rest, {
    content,
    entity_type: "lead",
    entity_id: contact.id,
    author_user_id: admin.userId,
    author: { name: "ada", avatar_url: null },
    mentions: [agent.userId],
  });
  assert.deepEqual(Object.keys(answer.body.data), [
    "id",
    "content",
    "entity_type",
    "entity_id",
    "author_user_id",
    "created_at",
    "author",
    "mentions",
  ]);
});

Deno.test("notes are listed oldest first, of their entity only", async () => {
  const [contact, other] = [await createContact(key), await createContact(key)];
  const notes = [
    await write(agent, contact.id, "first"),
    await write(admin, contact.id, "second"),
    await write(agent, contact.id, "third"),
  ];
  await write(agent, other.id, "elsewhere");
  assert.deepEqual(await notesOn(contact.id), notes);
  assert.deepEqual(await notesOn((await createContact(key)).id), []);
});

Deno.test("a conversation has notes of its own", async () => {
  const contact = await createContact(key);
  const opened = await agent.post<Data<Handoff>>("handoff", { contact_id: contact.id });
  const { id } = opened.body.data.conversation!;
  const note = await write(agent, id, "on the conversation", "conversation");
  assert.deepEqual([note.entity_type, note.entity_id], ["conversation", id]);
  assert.deepEqual(await notesOn(id, "conversation"), [note]);
  assert.deepEqual(await notesOn(contact.id), []);
});

Deno.test("a note of a key is the key's: its name, no user", async () => {
  const contact = await createContact(key);
  const note = await write(key, contact.id, "from a form");
  assert.deepEqual([note.author_user_id, note.author], [null, { name: "Test", avatar_url: null }]);
});

Deno.test("handles are resolved to members in any case, once, and nothing else is", async () => {
  const kim = await withDatabase((sql) => makeMember(sql, workspace.id, "agent", "kim.lee-2"));
  const contact = await createContact(key);
  const mentions = async (content: string) => (await write(agent, contact.id, content)).mentions;
  const both = [agent.userId, kim.userId].toSorted();
  assert.deepEqual(await mentions("@jane and @KIM.LEE-2, please"), both);
  assert.deepEqual(await mentions("ask @jane. And @Jane! (@jane)"), [agent.userId]);
  assert.deepEqual(await mentions("@kim.lee-2."), [kim.userId]);
  assert.deepEqual(await mentions("jane@jane.example, x@jane, @janet, @ jane, @@jane"), []);
  assert.deepEqual(await mentions("nobody"), []);
});

Deno.test("a member of another workspace is not mentioned", async () => {
  const other = await makeWorkspace();
  await withDatabase((sql) => makeMember(sql, other.id, "agent", "elsewhere"));
  const contact = await createContact(key);
  assert.deepEqual((await write(agent, contact.id, "@elsewhere")).mentions, []);
});

Deno.test("agents delete their own notes, admins any: 204", async () => {
  const contact = await createContact(key);
  const [own, ofAgent, ofAdmin] = [
    await write(agent, contact.id, "own"),
    await write(agent, contact.id, "to be moderated"),
    await write(admin, contact.id, "the admin's"),
  ];
  const answer = await agent.delete(`internal-notes/${own.id}`);
  assert.deepEqual([answer.status, answer.text], [204, ""]);
  assert.equal((await admin.delete(`internal-notes/${ofAgent.id}`)).status, 204);
  assertProblem(await agent.delete(`internal-notes/${ofAdmin.id}`), 403, "not_note_author");
  assertProblem(await agent.delete(`internal-notes/${own.id}`), 404, "note_not_found");
  assert.deepEqual((await notesOn(contact.id)).map(({ id }) => id), [ofAdmin.id]);
});

Deno.test("a key deletes its own notes only", async () => {
  const contact = await createContact(key);
  const mine = await write(key, contact.id, "mine");
  const theirs = await write(agent, contact.id, "theirs");
  const { token } = await withDatabase((sql) =>
    makeKey(sql, workspace.id, { scopes: ["notes:write"] })
  );
  assertProblem(await client(token).delete(`internal-notes/${mine.id}`), 403, "not_note_author");
  assertProblem(await key.delete(`internal-notes/${theirs.id}`), 403, "not_note_author");
  assert.equal((await key.delete(`internal-notes/${mine.id}`)).status, 204);
});

Deno.test("an entity that is not there is 404 entity_not_found", async () => {
  const foreign = await createContact((await makeWorkspace()).key);
  const contact = await createContact(key);
  const nowhere: [string, string][] = [
    ["lead", crypto.randomUUID()],
    ["lead", foreign.id],
    ["conversation", contact.id],
    ["deal", crypto.randomUUID()],
  ];
  for (const [entity_type, entity_id] of nowhere) {
    const body = { content: "x", entity_type, entity_id };
    assertProblem(await agent.post("internal-notes", body), 404, "entity_not_found");
    const search = query({ entity_type, entity_id });
    assertProblem(await agent.get(`internal-notes${search}`), 404, "entity_not_found");
  }
});

Deno.test("content has 1 to 10,000 characters", async () => {
  const contact = await createContact(key);
  const longest = "🌸".repeat(10_000);
  assert.equal((await write(agent, contact.id, longest)).content, longest);
  const entity = { entity_type: "lead", entity_id: contact.id };
  for (
    const [content, code] of [["", "too_short"], ["  \n ", "too_short"], [
      `${longest}.`,
      "too_long",
    ]]
  ) {
    assertInvalid(await agent.post("internal-notes", { content, ...entity }), { "/content": code });
  }
});

Deno.test("what is wrong with a note is 422", async () => {
  const body = { entity_type: "user", entity_id: "7", author_user_id: agent.userId };
  assertInvalid(await agent.post("internal-notes", body), {
    "/content": "required",
    "/entity_type": "invalid_value",
    "/entity_id": "invalid_format",
    "/author_user_id": "unknown_field",
  });
  assertInvalid(await agent.get("internal-notes"), {
    "/entity_type": "required",
    "/entity_id": "required",
  });
});
