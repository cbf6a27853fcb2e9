import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import { query } from "../support/http.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { ContactDetail, Conversation, Data, Handoff, Note } from "../support/types.ts";
import { uniqueCanadianPhone, uniquePhone } from "../support/unique.ts";
import { makeWorkspace } from "../support/workspace.ts";

const workspace = await makeWorkspace({ country: "CA" });
const { key, agent } = workspace;

const get = async (parameters: Record<string, string>) => {
  const answer = await key.get<Data<ContactDetail>>(`get-contact${query(parameters)}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data;
};

Deno.test("a contact is answered as it was created, with conversation, notes and identities", async () => {
  const contact = await createContact(key, { name: "Ada", tags: ["a"] });
  const created = await key.get<Data<ContactDetail>>(`get-contact?contact_id=${contact.id}`);
  assert.equal(created.status, 200, created.text);
  assert.match(created.headers.get("etag") ?? "", /^"[^"]+"$/);
  assert.deepEqual(created.body.data, {
    ...contact,
    conversation: null,
    latest_notes: [],
    identities: [],
    latest_sentiment: null,
  });
});

Deno.test("the open conversation stands in the contact, a resolved one does not", async () => {
  const contact = await createContact(key, { name: "Ada" });
  const handoff = await key.post<Data<Handoff>>("handoff", { contact_id: contact.id });
  const conversation = handoff.body.data.conversation as Conversation;
  assert.deepEqual((await get({ contact_id: contact.id })).conversation, conversation);
  await withDatabase((sql) =>
    sql`
      update public.conversations set status = 'resolved', phase = 'resolved', resolved_at = now()
      where id = ${conversation.id}`
  );
  assert.equal((await get({ contact_id: contact.id })).conversation, null);
});

Deno.test("the ten latest notes stand in the contact, newest first", async () => {
  const contact = await createContact(key);
  const notes: Note[] = [];
  for (let n = 0; n < 11; n++) {
    const note = { content: `note ${n}`, entity_type: "lead", entity_id: contact.id };
    notes.push((await agent.post<Data<Note>>("internal-notes", note)).body.data);
  }
  const { latest_notes } = await get({ contact_id: contact.id });
  assert.deepEqual(latest_notes, notes.slice(1).reverse());
});

Deno.test("the identities say under which ids channels know the contact", async () => {
  const contact = await createContact(key);
  await withDatabase((sql) =>
    sql`
      insert into public.contact_identities (workspace_id, contact_id, channel, external_id, created_at)
      values (${workspace.id}, ${contact.id}, 'telegram', 'ada', '2026-01-02'),
        (${workspace.id}, ${contact.id}, 'web', 'visitor 7', '2026-01-01')`
  );
  const { identities } = await get({ contact_id: contact.id });
  assert.deepEqual(identities, [
    { channel: "web", external_id: "visitor 7", created_at: "2026-01-01T00:00:00+00:00" },
    { channel: "telegram", external_id: "ada", created_at: "2026-01-02T00:00:00+00:00" },
  ]);
});

Deno.test("a phone number finds its contact, however it is written", async () => {
  const phone = uniqueCanadianPhone();
  const { id } = await createContact(key, { phone });
  const local = phone.slice(2);
  for (
    const written of [
      phone,
      phone.slice(1),
      `00${phone.slice(1)}`,
      local,
      `(${local.slice(0, 3)}) ${local.slice(3, 6)}-${local.slice(6)}`,
    ]
  ) {
    assert.equal((await get({ phone: written })).id, id, written);
  }
  // A + that nobody encoded arrives as a space.
  const raw = await key.get<Data<ContactDetail>>(`get-contact?phone=${phone}`);
  assert.equal(raw.body.data?.id, id, raw.text);
});

Deno.test("nobody there is 404 contact_not_found", async () => {
  const other = await createContact((await makeWorkspace()).key);
  for (
    const parameters of [
      { contact_id: crypto.randomUUID() },
      { contact_id: other.id },
      { phone: uniquePhone() },
      { phone: other.phone! },
    ]
  ) {
    assertProblem(await key.get(`get-contact${query(parameters)}`), 404, "contact_not_found");
  }
});

Deno.test("exactly one of contact_id and phone has to be given", async () => {
  const id = crypto.randomUUID();
  assertInvalid(await key.get("get-contact"), { "": "exclusive" });
  const both = query({ contact_id: id, phone: uniquePhone() });
  assertInvalid(await key.get(`get-contact${both}`), { "": "exclusive" });
});

Deno.test("a bad id, a bad number, an unknown parameter are 422", async () => {
  const refused: [string, Record<string, string>][] = [
    ["?contact_id=7", { "/contact_id": "invalid_format" }],
    ["?phone=abc", { "/phone": "not_a_number" }],
    ["?phone=", { "/phone": "not_a_number" }],
    [`?contact_id=${crypto.randomUUID()}&expand=all`, { "/expand": "unknown_parameter" }],
  ];
  for (const [search, findings] of refused) {
    assertInvalid(await key.get(`get-contact${search}`), findings);
  }
});
