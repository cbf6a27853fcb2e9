/** POST import-contacts/revert: what the import did goes back, what people did since stays. */
import assert from "node:assert/strict";
import { createContact, updateContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import type { Client } from "../support/http.ts";
import { contactsByPhone, findings, importCsv, revert, reverted } from "../support/imports.ts";
import { merge, undo } from "../support/merging.ts";
import { assertProblem } from "../support/problem.ts";
import { createSignal } from "../support/scoring.ts";
import type { Contact, Data, Deal, Note, Page } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";
import { deletionEnds } from "../deletion/calls.ts";

const VOLATILE = ["updated_at", "assigned_at", "assigned_by"] as const;

/** A contact without what changes with every write. */
async function snapshot(client: Client, id: string): Promise<Partial<Contact>> {
  const answer = await client.get<Data<Contact>>(`get-contact?contact_id=${id}`);
  assert.equal(answer.status, 200, answer.text);
  const contact: Partial<Contact> = { ...answer.body.data };
  for (const field of VOLATILE) delete contact[field];
  return contact;
}

Deno.test("what an import made goes, what it changed goes back, field by field", async () => {
  const { key, agent } = await makeWorkspace();
  const { id } = await createContact(key, {
    phone: "+34600111222",
    name: "Old",
    email: "old@a.example",
    tags: ["x"],
    value: 5,
    custom: { a: 1 },
    status: "qualified",
  });
  const empty = await createContact(key, { phone: "+34600111444" });
  const before = [await snapshot(key, id), await snapshot(key, empty.id)];
  const done = await importCsv(
    key,
    "phone,name,company,tags,value,custom.a,status,is_vip,opted_out,assigned_to,stage,notes\n" +
      `+34600111222,New,Acme,y,7.5,2,lost,yes,yes,${agent.userId},closing,Hi\n+34600111333,Made,,,,,,,,,,\n` +
      "+34600111444,Filled,,opt-out,,,,,,,,\n",
    { on_conflict: "update" },
  );
  assert.deepEqual([done.created, done.updated], [1, 2]);
  assert.equal((await snapshot(key, id)).name, "New");
  assert.deepEqual(reverted(await revert(key, done.id)), ["reverted", 1, 2, 0]);
  assert.deepEqual([await snapshot(key, id), await snapshot(key, empty.id)], before);
  assert.deepEqual([...(await contactsByPhone(key)).keys()].sort(), [
    "+34600111222",
    "+34600111444",
  ]);
});

Deno.test("what was computed of them is nobody's work: statuses, scores", async () => {
  const { key, admin } = await makeWorkspace();
  await createSignal(admin, { kind: "action", action: "form_submitted", points: 60 });
  const file = "phone,status,source\n+34600111222,qualified,\n+34600111333,converted,\n" +
    "+34600111444,new,lead_form\n";
  const done = await importCsv(key, file);
  const made = await contactsByPhone(key);
  assert.deepEqual([...made.values()].map((c) => `${c.auto_status} ${c.score}`).sort(), [
    "converted 0",
    "new 60",
    "qualified 0",
  ]);
  assert.deepEqual(reverted(await revert(key, done.id)), ["reverted", 3, 0, 0]);
});

Deno.test("a deal that the import's lead form opened goes with its contact, unless somebody has changed it", async () => {
  const { key, admin } = await makeWorkspace();
  await createSignal(admin, { kind: "action", action: "form_submitted", buying_intent: true });
  const file = "phone,source,value\n+34600111222,lead_form,500\n+34600111333,lead_form,\n" +
    "+34600111444,lead_form,70\n";
  const done = await importCsv(key, file);
  const { data: deals } = (await key.get<Page<Deal>>("deals")).body;
  assert.deepEqual(deals.map(({ value }) => value).sort(), [500, 70, null]);
  const changed = deals.find(({ value }) => value === 70)!;
  const title = "Somebody's";
  const answer = await key.call("PATCH", `deals/${changed.id}`, { body: { title } });
  assert.equal(answer.status, 200, answer.text);
  const after = await revert(key, done.id);
  assert.deepEqual(reverted(after), ["reverted", 2, 0, 1]);
  assert.deepEqual(findings(after.conflicts), ["3 null contact_in_use"]);
  const left = (await key.get<Page<Deal>>("deals")).body.data;
  assert.deepEqual(left.map((deal) => deal.title), [title]);
});

Deno.test("a name that came from the profile comes from there again", async () => {
  const { key } = await makeWorkspace();
  const { id } = await createContact(key, { phone: "+34600111222" });
  const follow = (name: string) =>
    withDatabase((sql) => sql`update public.contacts set profile_name = ${name} where id = ${id}`);
  await follow("Profile");
  const done = await importCsv(key, "phone,name\n+34600111222,Ann\n", { on_conflict: "update" });
  await follow("Newer");
  assert.equal((await snapshot(key, id)).name, "Ann");
  await revert(key, done.id);
  assert.equal((await snapshot(key, id)).name, "Newer");
  await follow("Newest");
  assert.equal((await snapshot(key, id)).name, "Newest");
});

Deno.test("fields that were edited since stay, and are told", async () => {
  const { key } = await makeWorkspace();
  const { id } = await createContact(key, { phone: "+34600111222", name: "Old", company: "A" });
  const file = "phone,name,company\n+34600111000,Made,\n+34600111222,New,B\n";
  const done = await importCsv(key, file, { on_conflict: "update" });
  await updateContact(key, id, { company: "C", notes: "Mine" });
  const after = await revert(key, done.id);
  assert.deepEqual(reverted(after), ["reverted", 1, 0, 1]);
  assert.deepEqual(findings(after.conflicts), ["2 company edited_since"]);
  assert.equal(after.conflicts[0].contact_id, id);
  const now = await snapshot(key, id);
  assert.deepEqual([now.name, now.company, now.notes], ["Old", "C", "Mine"]);
  const csv = await key.get(`import-contacts/errors?import_id=${done.id}&of=revert`);
  assert.match(csv.text.split("\r\n")[1], new RegExp(`^2,company,edited_since,.*,${id}$`));
});

/** What somebody may do with a contact; each keeps it from being deleted. */
const TOUCHES: [string, (key: Client, id: string, phone: string) => Promise<unknown>][] = [
  ["an edit", (key, id) => updateContact(key, id, { notes: "Mine" })],
  [
    "a note",
    (key, id) =>
      key.post("internal-notes", { content: "Mine", entity_type: "lead", entity_id: id }),
  ],
  [
    "points",
    (key, id) => key.post("score-events", { contact_id: id, points: 5, reason: "Visited" }),
  ],
  ["a conversation", (key, id) => key.post("handoff", { contact_id: id })],
  ["a merge", (_key, id) =>
    withDatabase(async (sql) => {
      const [{ other }] = await sql`
        insert into public.contacts (workspace_id, phone)
        select workspace_id, '+34600999999' from public.contacts where id = ${id} returning id as other`;
      await sql`select private.merge_contact(${id}, ${other})`;
    })],
  [
    "a call",
    (_key, id) =>
      withDatabase((sql) =>
        sql`insert into public.calls (workspace_id, contact_id, direction, status, started_at)
        select workspace_id, id, 'inbound', 'ringing', now() from public.contacts where id = ${id}`
      ),
  ],
];

for (const [name, touch] of TOUCHES) {
  Deno.test(`a contact that the import made stays after ${name}`, async () => {
    const { key } = await makeWorkspace();
    const done = await importCsv(key, "phone\n+34600111222\n+34600111333\n");
    const made = (await contactsByPhone(key)).get("+34600111222")!;
    await touch(key, made.id, made.phone!);
    const after = await revert(key, done.id);
    assert.deepEqual(reverted(after), ["reverted", 1, 0, 1]);
    assert.deepEqual(findings(after.conflicts), ["1 null contact_in_use"]);
    assert.deepEqual([...(await contactsByPhone(key)).keys()], ["+34600111222"]);
  });
}

Deno.test("a note on the deal that the import's lead form opened keeps the contact", async () => {
  const { key, admin } = await makeWorkspace();
  await createSignal(admin, { kind: "action", action: "form_submitted", buying_intent: true });
  const file = "phone,source\n+34600111222,lead_form\n+34600111333,lead_form\n";
  const done = await importCsv(key, file);
  const made = (await contactsByPhone(key)).get("+34600111222")!;
  const [deal] = (await key.get<Page<Deal>>(`deals?contact_id=${made.id}`)).body.data;
  const note = { content: "Mine", entity_type: "deal", entity_id: deal.id };
  assert.equal((await key.post("internal-notes", note)).status, 201);
  const after = await revert(key, done.id);
  assert.deepEqual(reverted(after), ["reverted", 1, 0, 1]);
  assert.deepEqual(findings(after.conflicts), ["1 null contact_in_use"]);
  const notes = await key.get<Page<Note>>(`internal-notes?entity_type=deal&entity_id=${deal.id}`);
  assert.deepEqual(notes.body.data.map(({ content }) => content), ["Mine"]);
});

Deno.test("what later rows of the import and a suppression made of its contacts is nobody's work", async () => {
  const { key, admin } = await makeWorkspace();
  await createSignal(admin, { kind: "action", action: "form_submitted", buying_intent: true });
  const gone = await createContact(key, { phone: "+34600111222", opted_out: true });
  const deletion = { contact_ids: [gone.id], history: "keep" };
  const receipt = await key.post<Data<{ receipt_id: string }>>("delete-contacts", deletion);
  const { status } = await deletionEnds(key, receipt.body.data.receipt_id);
  assert.equal(status, "completed");
  const between = Array.from({ length: 1000 }, (_, n) => `+1604${2000000 + n},,,`);
  const rows = [
    "+34600111222,new,,",
    "+34600111333,new,lead_form,500",
    "+34600111444,new,,",
    ...between,
    "+34600111333,converted,,",
    "+34600111444,lost,,",
  ];
  const file = `phone,status,source,value\n${rows.join("\n")}\n`;
  const done = await importCsv(key, file, { on_conflict: "update" });
  assert.deepEqual([done.created, done.updated], [1003, 2]);
  const made = await contactsByPhone(key);
  assert.equal(made.get("+34600111222")!.opted_out, true);
  assert.equal(made.get("+34600111333")!.status, "converted");
  await updateContact(key, made.get("+16042000007")!.id, { status: "lost" });
  const after = await revert(key, done.id);
  assert.deepEqual(findings(after.conflicts), ["11 null contact_in_use"]);
  assert.deepEqual(reverted(after), ["reverted", 1002, 0, 1]);
});

Deno.test("a contact that was merged since is not restored to what another was", async () => {
  const { key } = await makeWorkspace();
  const kept = await createContact(key, { phone: "+34600111000", company: "B" });
  const other = await createContact(key, { phone: "+34600111222", company: "A" });
  const done = await importCsv(key, "phone,company\n+34600111222,B\n", { on_conflict: "update" });
  await withDatabase((sql) => sql`select private.merge_contact(${kept.id}, ${other.id})`);
  const after = await revert(key, done.id);
  assert.deepEqual(reverted(after), ["reverted", 0, 0, 1]);
  assert.deepEqual(findings(after.conflicts), ["1 null merged_since"]);
  assert.equal((await snapshot(key, kept.id)).company, "B");
});

Deno.test("a contact whose merge has been undone since goes back like any other", async () => {
  const { key } = await makeWorkspace();
  const kept = await createContact(key, { phone: "+34600111000", company: "A" });
  const other = await createContact(key, { phone: "+34600111222", company: "B" });
  const file = "phone,company\n+34600111000,X\n+34600111222,Y\n";
  const done = await importCsv(key, file, { on_conflict: "update" });
  await undo(key, await merge(key, kept.id, other.id));
  const after = await revert(key, done.id);
  assert.deepEqual([reverted(after), after.conflicts], [["reverted", 0, 2, 0], []]);
  assert.equal((await snapshot(key, kept.id)).company, "A");
  assert.equal((await snapshot(key, other.id)).company, "B");
});

Deno.test("what it was before may not be allowed any more: the contact stays, the others go back", async () => {
  const workspace = await makeWorkspace();
  const { key } = workspace;
  await createContact(key, { phone: "+34600111222", stage: "comparing" });
  await createContact(key, { phone: "+34600111333", stage: "inquiry" });
  const file = "phone,stage\n+34600111222,closing\n+34600111333,closing\n";
  const done = await importCsv(key, file, { on_conflict: "update" });
  await withDatabase((sql) =>
    sql`update public.workspaces set stages = '{inquiry,closing}' where id = ${workspace.id}`
  );
  const after = await revert(key, done.id);
  assert.deepEqual(reverted(after), ["reverted", 0, 1, 1]);
  assert.deepEqual(findings(after.conflicts), ["1 null not_restorable"]);
  const stages = [...(await contactsByPhone(key)).values()].map(({ stage }) => stage).sort();
  assert.deepEqual(stages, ["closing", "inquiry"]);
});

Deno.test("a contact that stands in rows far apart goes back to what it was", async () => {
  const { key } = await makeWorkspace();
  await createContact(key, { phone: "+34600111222", name: "Old" });
  const between = Array.from({ length: 2600 }, (_, n) => `+1604${2000000 + n},`);
  const rows = [
    "+34600111222,One",
    "+34600111333,One",
    ...between,
    "+34600111222,Two",
    "+34600111333,Two",
  ];
  const done = await importCsv(key, `phone,name\n${rows.join("\n")}\n`, { on_conflict: "update" });
  assert.deepEqual([done.created, done.updated], [2601, 3]);
  assert.deepEqual(reverted(await revert(key, done.id)), ["reverted", 2601, 1, 0]);
  const left = [...(await contactsByPhone(key)).values()];
  assert.deepEqual(left.map(({ name }) => name), ["Old"]);
});

Deno.test("a second revert is the first one; a dry run or a stranger's import has none", async () => {
  const { key } = await makeWorkspace();
  const other = await makeWorkspace();
  const done = await importCsv(key, "phone\n+34600111222\n");
  const dry = await importCsv(key, "phone\n+34600111333\n", { dry_run: true });
  const ask = (client: Client, import_id: string) =>
    client.post("import-contacts/revert", { import_id });
  assertProblem(await ask(key, dry.id), 409, "import_not_revertible");
  assertProblem(await ask(other.key, done.id), 404, "import_not_found");
  assertProblem(await ask(key, crypto.randomUUID()), 404, "import_not_found");
  const first = await revert(key, done.id);
  assert.deepEqual(await revert(key, done.id), first);
  const left = await withDatabase((sql) =>
    sql`select from private.import_changes where import_id = ${done.id}`
  );
  assert.equal(left.length, 0);
});

Deno.test("what is too old cannot be reverted", async () => {
  const { key } = await makeWorkspace();
  const done = await importCsv(key, "phone\n+34600111222\n12\n");
  await withDatabase(async (sql) => {
    await sql`
      update public.contact_imports set finished_at = now() - interval '31 days' where id = ${done.id}`;
    await sql`select private.sweep_imports()`;
    const left = await sql`
      select from private.import_changes where import_id = ${done.id}
      union all select from private.import_errors where import_id = ${done.id}`;
    assert.equal(left.length, 0);
  });
  const answer = await key.post("import-contacts/revert", { import_id: done.id });
  assertProblem(answer, 409, "import_not_revertible");
});
