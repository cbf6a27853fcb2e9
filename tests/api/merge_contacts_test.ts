/** Merging two contacts over the API: which field wins, what is refused, what a dry run promises. */
import assert from "node:assert/strict";
import { createContact, updateContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import { createDeal } from "../support/deals.ts";
import { type Merge, merge, undo, UNTOUCHED } from "../support/merging.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import { assertRebuilt } from "../support/rebuild.ts";
import { snapshot } from "../support/snapshot.ts";
import type { Contact, Data, Deal, Note, Page } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";
import { storeMessages } from "../support/conversations.ts";
import type { Conversation, Handoff } from "../support/types.ts";

const workspace = await makeWorkspace();
const { key, admin, agent } = workspace;

async function pair(one: Record<string, unknown> = {}, two: Record<string, unknown> = {}) {
  return [await createContact(key, one), await createContact(key, two)];
}

function mergeAnswer(body: Record<string, unknown>, headers?: Record<string, string>) {
  return key.post<Data<Merge>>("merge-contacts", body, headers);
}

async function read(id: string): Promise<Contact & { identities: unknown[] }> {
  const answer = await key.get<Data<Contact & { identities: unknown[] }>>(
    `get-contact?contact_id=${id}`,
  );
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data;
}

const FULL = {
  name: "Full",
  email: "full@example.com",
  company: "Full Inc.",
  notes: "Full notes",
  value: 100,
  avatar_url: "https://example.com/full.png",
  sale_status: "sold",
  status: "qualified",
  stage: "closing",
  source: "import",
  tags: ["full", "both"],
  custom: { shared: "full", full: 1 },
  channels: ["web"],
  is_vip: true,
};

const OTHER = {
  name: "Other",
  email: "other@example.com",
  company: "Other Inc.",
  notes: "Other notes",
  value: 5,
  avatar_url: "https://example.com/other.png",
  sale_status: "pending",
  status: "lost",
  stage: "comparing",
  source: "broadcast",
  tags: ["both", "other"],
  custom: { shared: "other", other: 2 },
  channels: ["facebook"],
  is_mystery_shopper: true,
};

const united = {
  tags: ["full", "both", "other"],
  custom: { shared: "full", full: 1, other: 2 },
  channels: ["facebook", "web"],
  is_vip: true,
  is_mystery_shopper: true,
};

Deno.test("the primary wins, field by field; lists, flags and custom fields are united", async () => {
  const [one, two] = await pair(FULL, OTHER);
  const answer = await mergeAnswer({ primary_id: one.id, duplicate_id: two.id });
  assert.equal(answer.status, 200, answer.text);
  const { merge_id, contact } = answer.body.data;
  assert.match(merge_id!, /^[0-9a-f-]{36}$/);
  assert.deepEqual(contact, { ...one, ...united, updated_at: contact.updated_at });
  const { identities: _, ...rest } = await read(one.id) as never as Record<string, unknown>;
  assert.equal(rest.name, "Full");
  assert.equal(
    answer.headers.get("etag"),
    (await key.get(`get-contact?contact_id=${one.id}`)).headers.get("etag"),
  );
});

Deno.test("what the primary has not is filled from the duplicate", async () => {
  const [one, two] = await pair({}, OTHER);
  const answer = await mergeAnswer({ primary_id: one.id, duplicate_id: two.id });
  const { contact } = answer.body.data;
  const filled = [
    "name",
    "email",
    "company",
    "notes",
    "value",
    "avatar_url",
    "sale_status",
  ] as const;
  for (const field of filled) assert.deepEqual(contact[field], two[field], field);
  // These have a value from the beginning.
  for (const field of ["status", "stage", "source", "phone", "country"] as const) {
    assert.deepEqual(contact[field], one[field], field);
  }
  assert.equal(contact.completeness, 100);
});

Deno.test("a phone and its country are filled together", async () => {
  const [one, two] = await pair({}, { phone: "+4915112345678" });
  await updateContact(key, one.id, { phone: null });
  const answer = await mergeAnswer({ primary_id: one.id, duplicate_id: two.id });
  assert.equal(answer.body.data.contact.phone, "+4915112345678");
  assert.equal(answer.body.data.contact.whatsapp_contact_id, "4915112345678");
  assert.equal(answer.body.data.contact.country, "DE");
  assert.equal((await undo(key, answer.body.data.merge_id!)).duplicate.phone, "+4915112345678");
  assert.equal((await read(one.id)).phone, null);
});

Deno.test("counters are summed, notes and messages stand in the order of time", async () => {
  const [one, two] = await pair();
  const threads: Conversation[] = [];
  for (const [index, { id }] of [one, two].entries()) {
    const handed = await key.post<Data<Handoff>>("handoff", { contact_id: id });
    threads.push(handed.body.data.conversation!);
    await storeMessages(threads[index], [1 + index, 3 + index]);
    await withDatabase((sql) =>
      sql`insert into public.calls (workspace_id, contact_id, direction, status, started_at)
        values (${workspace.id}, ${id}, 'inbound', 'completed', now())`
    );
  }
  for (const [entity_id, content] of [[two.id, "a"], [one.id, "b"], [two.id, "c"]]) {
    await key.post("internal-notes", { entity_type: "lead", entity_id, content });
  }
  const answer = await mergeAnswer({ primary_id: one.id, duplicate_id: two.id });
  assert.equal(answer.body.data.contact.message_count, 4);
  assert.equal(answer.body.data.contact.call_count, 2);
  const notes = await key.get<Page<Note>>(`internal-notes?entity_type=lead&entity_id=${one.id}`);
  assert.deepEqual(notes.body.data.map(({ content }) => content), ["a", "b", "c"]);
  const messages = await key.get<Page<{ body: string }>>(
    `conversations/${threads[0].id}/messages?order=asc`,
  );
  assert.deepEqual(
    messages.body.data.map(({ body }) => body),
    ["Message 1", "Message 2", "Message 3", "Message 4"],
  );
  const inbox = await key.get<Page<Conversation>>(
    `conversations?search=${one.whatsapp_contact_id}`,
  );
  assert.deepEqual(inbox.body.data.map(({ id, unread_count }) => [id, unread_count]), [[
    threads[0].id,
    4,
  ]]);
});

Deno.test("a dry run answers what the merge would, and writes nothing", async () => {
  const [one, two] = await pair({}, { ...OTHER, opted_out: true, assigned_to: agent.userId });
  const body = { primary_id: one.id, duplicate_id: two.id };
  await withDatabase(async (sql) => {
    const masked = { "public.api_keys": ["last_used_at"] };
    const before = await snapshot(sql, workspace.id, masked);
    const [log] =
      await sql`select count(*) from public.activity_log where workspace_id = ${workspace.id}`;
    const dry = await mergeAnswer({ ...body, dry_run: true });
    assert.equal(dry.status, 200, dry.text);
    assert.equal(dry.body.data.merge_id, null);
    assert.equal(dry.headers.get("etag"), null);
    assert.deepEqual(await snapshot(sql, workspace.id, masked), before);
    const [logged] =
      await sql`select count(*) from public.activity_log where workspace_id = ${workspace.id}`;
    assert.deepEqual(logged, log);
    const real = await mergeAnswer({ ...body, dry_run: false });
    const moment = { updated_at: "", assigned_at: "" };
    assert.deepEqual({ ...dry.body.data.contact, ...moment }, {
      ...real.body.data.contact,
      ...moment,
    });
  });
});

Deno.test("the log names the other contact, and nothing of it", async () => {
  const [one, two] = await pair({}, { ...OTHER, name: "Secret Name", tags: ["opt-out", "secret"] });
  const mergeId = await merge(admin, one.id, two.id);
  await undo(agent, mergeId);
  for (
    const [id, other, actors] of [
      [one.id, { duplicate_id: two.id }, [agent.userId, admin.userId]],
      [two.id, { primary_id: one.id }, [agent.userId]],
    ] as const
  ) {
    type Line = { action: string; actor: { id: string }; changes: unknown };
    const log = await key.get<Page<Line>>(`activity?entity_type=lead&entity_id=${id}`);
    const lines = log.body.data.filter(({ action }) => !/(created|deleted)$/.test(action));
    assert.deepEqual(
      lines.map(({ action }) => action),
      ["contact.unmerged", "contact.merged"].slice(0, lines.length),
    );
    assert.deepEqual(lines.map(({ actor }) => actor.id), [...actors]);
    for (const { changes } of lines) assert.deepEqual(changes, other);
  }
});

Deno.test("what cannot be merged is refused, each with its code", async () => {
  const [one, two] = await pair();
  const foreign = await createContact((await makeWorkspace()).key);
  const nobody = crypto.randomUUID();
  assertInvalid(await mergeAnswer({ primary_id: one.id, duplicate_id: one.id }), {
    "/duplicate_id": "same_contact",
  });
  for (
    const [primary_id, duplicate_id, missing] of [
      [one.id, foreign.id, foreign.id],
      [foreign.id, one.id, foreign.id],
      [one.id, nobody, nobody],
    ]
  ) {
    const problem = assertProblem(
      await mergeAnswer({ primary_id, duplicate_id }),
      404,
      "contact_not_found",
      ["contact_id"],
    );
    assert.equal((problem as unknown as { contact_id: string }).contact_id, missing);
  }
  const mergeId = await merge(key, one.id, two.id);
  for (const [primary_id, duplicate_id] of [[one.id, two.id], [two.id, one.id]]) {
    const answer = await mergeAnswer({ primary_id, duplicate_id });
    const problem = assertProblem(answer, 409, "already_merged", ["contact_id", "merge_id"]);
    const { contact_id, merge_id } = problem as unknown as { contact_id: string; merge_id: string };
    assert.deepEqual([contact_id, merge_id], [one.id, mergeId]);
  }
  const other = await makeWorkspace();
  const stolen = await other.key.post("merge-contacts/undo", { merge_id: mergeId });
  assertProblem(stolen, 404, "merge_not_found");
  assert.deepEqual((await undo(key, mergeId)).touched, UNTOUCHED);
  const again = await key.post("merge-contacts/undo", { merge_id: mergeId });
  assertProblem(again, 409, "merge_undone", ["undone_at"]);
});

Deno.test("old ids name what is merged: as primary and as duplicate", async () => {
  const [one, two] = await pair();
  const [three, four] = await pair({ tags: ["three"] }, { tags: ["four"] });
  await merge(key, one.id, two.id);
  await merge(key, three.id, four.id);
  const answer = await mergeAnswer({ primary_id: two.id, duplicate_id: four.id });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.data.contact.id, one.id);
  assert.deepEqual(answer.body.data.contact.tags, ["three", "four"]);
  for (const { id } of [two, three, four]) assert.equal((await read(id)).id, one.id);
});

Deno.test("If-Match is of the primary", async () => {
  const [one, two] = await pair();
  const body = { primary_id: one.id, duplicate_id: two.id };
  const etag = (await key.get(`get-contact?contact_id=${one.id}`)).headers.get("etag")!;
  await updateContact(key, one.id, { name: "Changed" });
  assertProblem(await mergeAnswer(body, { "if-match": etag }), 412, "precondition_failed", [
    "etag",
  ]);
  const dry = await mergeAnswer({ ...body, dry_run: true }, { "if-match": etag });
  assertProblem(dry, 412, "precondition_failed", ["etag"]);
  const now = (await key.get(`get-contact?contact_id=${one.id}`)).headers.get("etag")!;
  assert.equal((await mergeAnswer(body, { "if-match": now })).status, 200);
});

Deno.test("a merge that is asked for twice with one key is done once", async () => {
  const [one, two] = await pair();
  const body = { primary_id: one.id, duplicate_id: two.id };
  const headers = { "idempotency-key": crypto.randomUUID() };
  const [first, second] = [await mergeAnswer(body, headers), await mergeAnswer(body, headers)];
  assert.equal(second.status, 200);
  assert.equal(second.text, first.text);
});

Deno.test("more tags and custom fields than a contact can have do not keep two people apart", async () => {
  const tags = (name: string) => Array.from({ length: 100 }, (_, n) => `${name}${n}`);
  const custom = (name: string) => ({ [name]: "x".repeat(60_000) });
  const [one, two] = await pair(
    {
      tags: tags("a"),
      custom: custom("a"),
      channels: Array.from({ length: 20 }, (_, n) => `a${n}`),
    },
    { tags: [...tags("b").slice(0, 99), "opt-out"], custom: { ...custom("b") }, channels: ["b"] },
  );
  await withDatabase((sql) =>
    sql`update public.contacts set custom = jsonb_build_object('a', repeat('x', 120000)) where id = ${one.id}`
  );
  const answer = await mergeAnswer({ primary_id: one.id, duplicate_id: two.id });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.body.data.contact.tags, [...tags("a"), "opt-out"]);
  assert.deepEqual(Object.keys(answer.body.data.contact.custom), ["a"]);
  assert.equal(answer.body.data.contact.opted_out, true);
  const { duplicate, touched } = await undo(key, answer.body.data.merge_id!);
  assert.deepEqual(touched, UNTOUCHED);
  assert.deepEqual(duplicate.tags, two.tags);
});

Deno.test("a conversation that comes along is the primary's person's, and no contractor's is the bot's", async () => {
  const [one, two] = await pair(
    { assigned_to: agent.userId, is_contractor: true },
    { assigned_to: admin.userId },
  );
  const handed = await key.post<Data<Handoff>>("handoff", { contact_id: two.id });
  const { id, phase, assigned_to } = handed.body.data.conversation!;
  assert.deepEqual([phase, assigned_to], ["automated", admin.userId]);
  const mergeId = await merge(key, one.id, two.id);
  const read = async () => (await key.get<Data<Conversation>>(`conversations/${id}`)).body.data;
  assert.deepEqual([(await read()).phase, (await read()).assigned_to], ["waiting", agent.userId]);
  assert.deepEqual((await undo(key, mergeId)).touched, UNTOUCHED);
  assert.deepEqual([(await read()).phase, (await read()).assigned_to], ["automated", admin.userId]);
});

Deno.test("a merge sells nothing: open deals stay open, also where the other had bought", async () => {
  const [one, two] = await pair({}, { sale_status: "sold" });
  const deal = await createDeal(key, { contact_id: one.id, value: 30 });
  const merged = await merge(key, one.id, two.id);
  const contact = await read(one.id);
  assert.deepEqual([contact.sale_status, contact.value], ["sold", 30]);
  const status = async () => (await key.get<Data<Deal>>(`deals/${deal.id}`)).body.data.status;
  assert.equal(await status(), "open");
  await undo(key, merged);
  assert.equal(await status(), "open");
  // What is sold afterwards is.
  await merge(key, one.id, two.id);
  await updateContact(key, one.id, { status: "converted" });
  assert.equal(await status(), "won");
});

Deno.test("who had bought long ago has not bought today because of a merge", async () => {
  const place = await makeWorkspace();
  // Entered as one who has bought, or said to be one later; of a contact that has bought earlier, or not.
  for (const [before, entered] of [["none", true], ["none", false], ["sold", true]] as const) {
    const one = await createContact(place.key, { sale_status: before });
    const two = await createContact(place.key, entered ? { sale_status: "sold" } : {});
    if (!entered) await updateContact(place.key, two.id, { sale_status: "sold" });
    await withDatabase(async (sql) => {
      await sql`update public.contacts set created_at = '2024-01-01' where id = ${one.id}`;
      await sql`update public.contacts set created_at = '2025-02-01' where id = ${two.id}`;
      await sql`update public.contact_history set changed_at = '2025-02-01' where contact_id = ${two.id}`;
      await sql`select private.follow_contacts(array[${one.id}::uuid, ${two.id}::uuid])`;
      const bought = async (contact: string) => {
        const [{ converted_at }] = await sql<{ converted_at: Date | null }[]>`
          select converted_at from public.contact_activity where contact_id = ${contact}`;
        return converted_at && converted_at.toISOString().slice(0, 10);
      };
      const mergeId = await merge(place.key, one.id, two.id);
      assert.equal(await bought(one.id), "2025-02-01");
      await assertRebuilt(sql, place.id);
      await undo(place.key, mergeId);
      const earlier = before === "sold" ? "2024-01-01" : null;
      assert.deepEqual([await bought(one.id), await bought(two.id)], [earlier, "2025-02-01"]);
      await assertRebuilt(sql, place.id);
    });
  }
});
