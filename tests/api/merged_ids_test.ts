/**
 * An id from before a merge works in every operation that takes one: of a contact or conversation
 * that was merged, and merged again with what it went up in. The operations are those of the API's
 * description, so that a later one cannot be forgotten.
 */
import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { type Sql, withDatabase } from "../support/database.ts";
import type { Answer } from "../support/http.ts";
import { merge, undo } from "../support/merging.ts";
import { type Example, OPERATIONS } from "../support/operations.ts";
import type { Contact, Conversation, Data, Handoff, Note, Page } from "../support/types.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";

const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g;

/** The contacts that a request names, itself or by one of their conversations. */
async function namedContacts(sql: Sql, example: Example): Promise<string[]> {
  const ids = JSON.stringify([example.path, example.body]).match(UUID) ?? [];
  const rows = await sql<{ id: string }[]>`
    select id from public.contacts where id = any (${ids}::uuid[])
    union select contact_id from public.conversations where id = any (${ids}::uuid[]) order by 1`;
  return rows.map(({ id }) => id);
}

/** The contact goes up in another, conversation and all, and that one in a third. */
async function mergeTwice({ key }: Workspace, id: string): Promise<void> {
  const [second, third] = [await createContact(key), await createContact(key)];
  for (const { id } of [second, third]) {
    assert.equal((await key.post("handoff", { contact_id: id })).status, 200);
  }
  await merge(key, second.id, id);
  await merge(key, third.id, second.id);
}

/** What a request that names somebody looks like. */
const NAMES_SOMEBODY =
  /contact_ids?\b|entity_id|primary_id|duplicate_id|conversations\/[0-9a-f]{8}-/;

const workspace = await makeWorkspace();

for (const [name, operation] of Object.entries(OPERATIONS)) {
  Deno.test(`${name}: ids from before a merge`, async () => {
    const isForAdmins = ["admin", "contacts:delete"].includes(operation.required);
    const caller = isForAdmins ? workspace.admin : workspace.agent;
    await withDatabase(async (sql) => {
      const first = await operation.example(workspace, caller);
      const named = await namedContacts(sql, first);
      const looksSo = NAMES_SOMEBODY.test(JSON.stringify([first.path, first.body]));
      assert.equal(named.length > 0, looksSo, "does it name a contact?");
      for (const [index] of named.entries()) {
        const example = await operation.example(workspace, caller);
        await mergeTwice(workspace, (await namedContacts(sql, example))[index]);
        const { method, path, body } = example;
        const answer = await caller.call(method, path, { body });
        assert.equal(answer.status, operation.status, answer.text);
      }
    });
  });
}

async function handOff(contact_id: string): Promise<Conversation> {
  const answer = await workspace.key.post<Data<Handoff>>("handoff", { contact_id });
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data.conversation!;
}

Deno.test("what an old id answers is what the new one does", async () => {
  const { key } = workspace;
  const [one, two] = [await createContact(key), await createContact(key)];
  const [kept, gone] = [await handOff(one.id), await handOff(two.id)];
  for (const [entity_type, entity_id] of [["lead", two.id], ["conversation", gone.id]]) {
    await key.post("internal-notes", { entity_type, entity_id, content: `On ${entity_type}` });
  }
  const mergeId = await merge(key, one.id, two.id);
  for (
    const path of [
      (contact: string) => `get-contact?contact_id=${contact}`,
      (contact: string) => `can-send?contact_id=${contact}`,
      (contact: string) => `internal-notes?entity_type=lead&entity_id=${contact}`,
    ]
  ) {
    assert.deepEqual((await key.get(path(two.id))).body, (await key.get(path(one.id))).body);
  }
  for (
    const path of [
      (thread: string) => `conversations/${thread}`,
      (thread: string) => `conversations/${thread}/messages`,
      (thread: string) => `internal-notes?entity_type=conversation&entity_id=${thread}`,
    ]
  ) {
    assert.deepEqual((await key.get(path(gone.id))).body, (await key.get(path(kept.id))).body);
  }
  const note = { entity_type: "conversation", entity_id: gone.id, content: "With the old id" };
  const answer = await key.post<Data<Note>>("internal-notes", note);
  assert.equal(answer.body.data.entity_id, kept.id);
  await undo(key, mergeId);
  const contact = await key.get<Data<Contact>>(`get-contact?contact_id=${two.id}`);
  assert.equal(contact.body.data.id, two.id);
  assert.equal(
    (await key.get<Data<Conversation>>(`conversations/${gone.id}`)).body.data.id,
    gone.id,
  );
});

Deno.test("the log of a contact tells its whole history, under whichever of its ids", async () => {
  const { key } = workspace;
  const [one, two] = [
    await createContact(key, { name: "One" }),
    await createContact(key, { name: "Two" }),
  ];
  await key.post("update-contact", { contact_id: two.id, name: "Two again" });
  await merge(key, one.id, two.id);
  type Line = { id: string; action: string; entity_id: string };
  const all = async (id: string) => {
    const lines: Line[] = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const page: Answer<Page<Line>> = await key.get(
        `activity?entity_type=lead&entity_id=${id}&limit=2${cursor && `&cursor=${cursor}`}`,
      );
      assert.equal(page.status, 200, page.text);
      lines.push(...page.body.data);
      cursor = page.body.next_cursor;
    }
    return lines;
  };
  const [byOne, byTwo] = [await all(one.id), await all(two.id)];
  assert.deepEqual(byTwo, byOne);
  assert.equal(new Set(byOne.map(({ id }) => id)).size, byOne.length);
  const actions = (id: string) =>
    byOne.filter((line) => line.entity_id === id).map(({ action }) => action);
  assert.ok(actions(one.id).includes("contact.merged"));
  assert.deepEqual(actions(two.id), ["contact.deleted", "contact.updated", "contact.created"]);
});

Deno.test("who is paging through messages goes on after the merge", async () => {
  const { key } = workspace;
  const [one, two] = [await createContact(key), await createContact(key)];
  await handOff(one.id);
  const thread = await handOff(two.id);
  await withDatabase((sql) =>
    sql`insert into public.messages (workspace_id, conversation_id, contact_id, direction, sender_type, type, body,
        status, sent_at)
      select ${workspace.id}, ${thread.id}, ${two.id}, 'inbound', 'contact', 'text', n, 'received',
        to_timestamp(1790000000 + n) from generate_series(1, 4) n`
  );
  type Body = { body: string };
  const first = await key.get<Page<Body>>(`conversations/${thread.id}/messages?limit=2`);
  await merge(key, one.id, two.id);
  const rest = await key.get<Page<Body>>(
    `conversations/${thread.id}/messages?limit=2&cursor=${first.body.next_cursor}`,
  );
  assert.deepEqual([...first.body.data, ...rest.body.data].map(({ body }) => body), [
    "4",
    "3",
    "2",
    "1",
  ]);
});

Deno.test("an ETag that was read under an id holds neither after its merge nor after the undo", async () => {
  const { key } = await makeWorkspace();
  const etagOf = async (id: string) =>
    (await key.get(`get-contact?contact_id=${id}`)).headers.get("etag")!;
  const update = async (id: string, etag: string) => {
    const body = { contact_id: id, company: "Acme" };
    return (await key.post("update-contact", body, { "if-match": etag })).status;
  };
  for (const edits of [0, 1, 2, 3, 4]) {
    const [one, two] = [await createContact(key), await createContact(key)];
    const read = [await etagOf(two.id)];
    for (let edit = 0; edit < edits; edit++) {
      assert.equal(await update(two.id, "*"), 200);
      await key.post("update-contact", { contact_id: two.id, company: null });
      read.push(await etagOf(two.id));
    }
    const mergeId = await merge(key, one.id, two.id);
    for (const etag of read) assert.equal(await update(two.id, etag), 412, `${edits}: ${etag}`);
    const meanwhile = await etagOf(two.id);
    assert.equal(await update(two.id, meanwhile), 200);
    read.push(meanwhile, await etagOf(two.id));
    await undo(key, mergeId);
    const restored = await etagOf(two.id);
    assert.equal(read.includes(restored), false, `${edits}: ${restored}`);
    for (let edit = 0; edit < 12; edit++) {
      assert.equal(read.includes(await etagOf(two.id)), false);
      await key.post("update-contact", { contact_id: two.id, notes: `${edit}` });
    }
  }
});
