/** All that is held on one contact: every table, every row of theirs, and of nobody else. */
import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import { createDeal } from "../support/deals.ts";
import { client } from "../support/http.ts";
import { storeMedia } from "../support/media.ts";
import { createMeeting } from "../support/meetings.ts";
import { merge } from "../support/merging.ts";
import { assertProblem } from "../support/problem.ts";
import type { Data } from "../support/types.ts";
import { uniquePhone, uniqueWord } from "../support/unique.ts";
import { makeKey, makeWorkspace } from "../support/workspace.ts";
import { at, person, text } from "../fixtures/whatsapp/delivery.ts";
import { tell } from "../webhook/updates.ts";

type Row = Record<string, unknown>;
type Held = { contact: Row } & Record<string, Row[]>;

const workspace = await makeWorkspace();
const { key, agent } = workspace;

async function dataOf(contactId: string): Promise<Held> {
  const answer = await key.get<Data<Held>>(`contact-data?contact_id=${contactId}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data;
}

Deno.test("a contact's data are all there: fields, ids, consents, messages, notes, log, files", async () => {
  const phone = uniquePhone();
  const contact = await createContact(key, { phone, name: "Ana", custom: { plan: "pro" } });
  const messages = [
    text(phone.slice(1), "STOP", { timestamp: at(1) }),
    text(phone.slice(1), "Hi", { timestamp: at(2) }),
  ];
  await tell(workspace, { contacts: [person(phone.slice(1), "Ana on WhatsApp")], messages });
  const note = await agent.post("internal-notes", {
    content: "On the thread",
    entity_type: "lead",
    entity_id: contact.id,
  });
  assert.equal(note.status, 201);
  const held = await dataOf(contact.id);
  assert.deepEqual(
    [held.contact.id, held.contact.name, held.contact.phone, held.contact.custom],
    [contact.id, "Ana", phone, { plan: "pro" }],
  );
  assert.deepEqual(held.messages.map(({ body }) => body), ["STOP", "Hi"]);
  assert.deepEqual(held.contact_identities.map(({ external_id }) => external_id), [phone.slice(1)]);
  assert.deepEqual(held.contact_consents.map(({ detail }) => detail), ["STOP"]);
  assert.deepEqual(held.contact_activity.map(({ profile_name }) => profile_name), [
    "Ana on WhatsApp",
  ]);
  assert.deepEqual(held.conversations.map(({ message_count }) => message_count), [2]);
  assert.deepEqual(
    held.internal_notes.map(({ content, author }) => [content, (author as Row).name]),
    [["On the thread", "jane"]],
  );
  assert.deepEqual(
    [...new Set(held.activity_log.map(({ action }) => action))].sort(),
    ["contact.created", "contact.updated", "conversation.created", "note.created"],
  );
});

Deno.test("the log of what is gone is in it: deals, meetings, a conversation from before a merge", async () => {
  const [one, two] = [await createContact(key), await createContact(key)];
  const gone: string[] = [];
  for (const { id: contact_id } of [one, two]) {
    await key.post("handoff", { contact_id });
    const { id: deal } = await createDeal(key, { contact_id });
    const { id: meeting } = await createMeeting(key, { contact_id });
    for (const path of [`deals/${deal}`, `meetings/${meeting}`]) {
      assert.equal((await key.delete(path)).status, 204);
    }
    gone.push(deal, meeting);
  }
  const [thread] = (await dataOf(two.id)).conversations;
  await merge(key, one.id, two.id);
  const lines = (await dataOf(one.id)).activity_log;
  const about = (id: unknown) =>
    lines.filter(({ entity_id }) => entity_id === id).map(({ action }) => action as string);
  assert.deepEqual(gone.map((id) => about(id).length), [2, 2, 2, 2]);
  assert.ok(about(thread.id).includes("conversation.created"));
  const deleted = lines.filter(({ action }) => /^(deal|meeting)[.]deleted$/.test(action as string));
  assert.deepEqual(
    deleted.map(({ changes }) => (changes as Row).contact_id).sort(),
    [one.id, one.id, two.id, two.id].sort(),
  );
});

Deno.test("files are in it by their addresses", async () => {
  const id = await storeMedia(workspace);
  const [{ contact_id }] = await withDatabase((sql) =>
    sql<{ contact_id: string }[]>`
      select m.contact_id from public.message_media f join public.messages m on m.id = f.message_id
      where f.id = ${id}`
  );
  const { message_media } = await dataOf(contact_id);
  assert.deepEqual(message_media.map(({ url }) => url), [`/functions/v1/media/${id}`]);
  assert.equal("storage_path" in message_media[0], false);
});

Deno.test("nothing of anybody else is in it, and nothing of how rows are found", async () => {
  const secret = uniqueWord();
  const [one, two] = [await createContact(key, { name: secret }), await createContact(key)];
  await key.post("handoff", { contact_id: one.id });
  await key.post("handoff", { contact_id: two.id });
  const answer = await key.get<Data<Held>>(`contact-data?contact_id=${two.id}`);
  assert.equal(answer.text.includes(secret), false);
  assert.equal(answer.text.includes(one.id), false);
  for (const name of ["search_text", "phone_key", "workspace_id"]) {
    assert.equal(answer.text.includes(`"${name}"`), false, name);
  }
});

Deno.test("a table made later is in it as soon as it refers to contacts, straight or by others", async () => {
  const contact = await createContact(key);
  const name = `later_${workspace.id.replaceAll("-", "")}`;
  await withDatabase(async (sql) => {
    await sql.unsafe(`
      create table private.${name} (id int primary key, contact_id uuid not null references public.contacts (id) on delete cascade, what text);
      create table private.${name}_more (id int primary key, later_id int references private.${name} (id) on delete cascade, what text);
      insert into private.${name} values (1, '${contact.id}', 'straight');
      insert into private.${name}_more values (1, 1, 'by another')`);
    try {
      const held = await dataOf(contact.id);
      assert.deepEqual(held[name].map(({ what }) => what), ["straight"]);
      assert.deepEqual(held[`${name}_more`].map(({ what }) => what), ["by another"]);
    } finally {
      await sql.unsafe(`drop table private.${name}_more; drop table private.${name}`);
    }
  });
});

Deno.test("many messages come page after page, each once and in order", async () => {
  const contact = await createContact(key);
  await withDatabase((sql) =>
    sql`
      with thread as (
        insert into public.conversations (workspace_id, contact_id)
        values (${workspace.id}, ${contact.id}) returning *
      )
      insert into public.messages
        (workspace_id, conversation_id, contact_id, direction, sender_type, type, status, body, sent_at)
      -- Many at the same time, around the ends of pages too.
      select workspace_id, id, contact_id, 'outbound', 'agent', 'text', 'sent', n::text, to_timestamp(1790000000 + n / 7)
      from thread, generate_series(1, 1700) n`
  );
  const { messages } = await dataOf(contact.id);
  const bodies = messages.map(({ body }) => Number(body));
  assert.deepEqual(bodies.toSorted((a, b) => a - b), Array.from({ length: 1700 }, (_, n) => n + 1));
  const times = messages.map(({ sent_at }) => sent_at as string);
  assert.deepEqual(times, times.toSorted());
});

Deno.test("it takes the scopes for messages and notes, too", async () => {
  const contact = await createContact(key);
  for (const missing of ["conversations:read", "notes:read"]) {
    const scopes = ["contacts:read", "conversations:read", "notes:read"]
      .filter((scope) => scope !== missing);
    const { token } = await withDatabase((sql) => makeKey(sql, workspace.id, { scopes }));
    const answer = await client(token).get(`contact-data?contact_id=${contact.id}`);
    const problem = assertProblem(answer, 403, "insufficient_scope", ["required_scope"]);
    assert.equal(problem.required_scope, missing);
  }
});

Deno.test("an old id leads to the contact; nobody's leads nowhere", async () => {
  const [kept, other] = [await createContact(key, { name: "Kept" }), await createContact(key)];
  await withDatabase((sql) => sql`select private.merge_contact(${kept.id}, ${other.id})`);
  const held = await dataOf(other.id);
  assert.deepEqual([held.contact.id, held.contact_merges.length], [kept.id, 1]);
  assert.ok(held.activity_log.some(({ entity_id }) => entity_id === other.id));
  const nobody = await key.get(`contact-data?contact_id=${crypto.randomUUID()}`);
  assertProblem(nobody, 404, "contact_not_found");
});
