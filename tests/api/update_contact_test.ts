import assert from "node:assert/strict";
import { createContact, updateContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Contact, Data } from "../support/types.ts";
import { uniqueCanadianPhone, uniquePhone } from "../support/unique.ts";
import { makeWorkspace } from "../support/workspace.ts";

const { key, admin, agent } = await makeWorkspace({ country: "CA" });

Deno.test("only the given fields change, and updated_at", async () => {
  const before = await createContact(key, { name: "John", company: "Acme", tags: ["a"], value: 5 });
  const after = await updateContact(key, before.id, {
    name: "John Smith Jr.",
    status: "qualified",
  });
  assert.equal(after.updated_at > before.updated_at, true);
  assert.deepEqual(after, {
    ...before,
    name: "John Smith Jr.",
    status: "qualified",
    auto_status: "qualified",
    updated_at: after.updated_at,
  });
  const read = await key.get<Data<Contact>>(`get-contact?contact_id=${before.id}`);
  assert.equal(read.body.data.name, "John Smith Jr.");
});

Deno.test("null clears a field, or sets it back to where it starts", async () => {
  const filled = await createContact(admin, {
    name: "N",
    email: "n@example.com",
    company: "C",
    source: "chat",
    status: "lost",
    sale_status: "sold",
    stage: "closing",
    value: 3,
    tags: ["a", "opt-out"],
    notes: "n",
    custom: { a: 1 },
    assigned_to: agent.userId,
    is_vip: true,
    is_mystery_shopper: true,
    is_contractor: true,
    do_not_call: true,
    avatar_url: "https://example.com/a.png",
    channels: ["web"],
  });
  const cleared = {
    name: null,
    email: null,
    company: null,
    source: "manual",
    status: "new",
    sale_status: "none",
    stage: "inquiry",
    value: null,
    tags: [],
    notes: null,
    custom: {},
    assigned_to: null,
    is_vip: false,
    is_mystery_shopper: false,
    is_contractor: false,
    opted_out: false,
    do_not_call: false,
    avatar_url: null,
    channels: [],
  };
  const nulls = Object.fromEntries(Object.keys(cleared).map((field) => [field, null]));
  const after = await updateContact(admin, filled.id, nulls);
  assert.deepEqual(after, {
    ...filled,
    ...cleared,
    // Sold no more.
    auto_status: "new",
    assigned_by: null,
    assigned_at: null,
    completeness: 20,
    updated_at: after.updated_at,
  });
});

Deno.test("tags replaces, add_tags and remove_tags change", async () => {
  const { id } = await createContact(key, { tags: ["a", "b"] });
  const tags = async (change: Record<string, unknown>) =>
    (await updateContact(key, id, change)).tags;
  assert.deepEqual(await tags({ tags: ["VIP", "Customer"] }), ["VIP", "Customer"]);
  assert.deepEqual(await tags({ add_tags: ["c", "VIP", " d "] }), ["VIP", "Customer", "c", "d"]);
  assert.deepEqual(await tags({ remove_tags: ["Customer", "never there"] }), ["VIP", "c", "d"]);
  assert.deepEqual(await tags({ add_tags: ["e"], remove_tags: ["c", "e"] }), ["VIP", "d"]);
  assert.deepEqual(await tags({ tags: ["x", "y"], add_tags: ["z"], remove_tags: ["x"] }), [
    "y",
    "z",
  ]);
  assert.deepEqual(await tags({ tags: [] }), []);
});

Deno.test("tags added by many at once are all kept", async () => {
  const { id } = await createContact(key);
  const tags = Array.from({ length: 10 }, (_, n) => `t${n}`);
  await Promise.all(tags.map((tag) => updateContact(key, id, { add_tags: [tag] })));
  const now = await key.get<Data<Contact>>(`get-contact?contact_id=${id}`);
  assert.deepEqual(now.body.data.tags.toSorted(), tags);
});

const CONSENT = [
  { tag: "opt-out", flag: "opted_out", spelled: "OPT-OUT" },
  { tag: "Do Not Call", flag: "do_not_call", spelled: "do not call" },
] as const;

for (const { tag, flag, spelled } of CONSENT) {
  Deno.test(`the tag ${tag} and the flag ${flag} say the same, whichever is written`, async () => {
    const created = await createContact(key, { tags: ["a", spelled] });
    assert.deepEqual([created.tags, created[flag]], [["a", tag], true]);
    const change = async (change: Record<string, unknown>) => {
      const contact = await updateContact(key, created.id, change);
      return [contact.tags, contact[flag]];
    };
    assert.deepEqual(await change({ [flag]: false }), [["a"], false]);
    assert.deepEqual(await change({ [flag]: true }), [["a", tag], true]);
    assert.deepEqual(await change({ remove_tags: [tag] }), [["a"], false]);
    assert.deepEqual(await change({ add_tags: [spelled] }), [["a", tag], true]);
    assert.deepEqual(await change({ tags: ["b"] }), [["b"], false]);
    assert.deepEqual(await change({ tags: ["b", tag] }), [["b", tag], true]);
    // Both at once: the flag that is named is meant.
    assert.deepEqual(await change({ tags: ["c"], [flag]: true }), [["c", tag], true]);
    assert.deepEqual(await change({ tags: ["c", tag], [flag]: false }), [["c"], false]);
    // What is not about consent leaves it alone.
    assert.deepEqual(await change({ [flag]: true }), [["c", tag], true]);
    assert.deepEqual(await change({ name: "N" }), [["c", tag], true]);
    assert.deepEqual(await change({ add_tags: ["d"] }), [["c", tag, "d"], true]);
  });

  Deno.test(`a contact created with ${flag} has the tag ${tag}`, async () => {
    const contact = await createContact(key, { [flag]: true, tags: ["a"] });
    assert.deepEqual([contact.tags, contact[flag]], [["a", tag], true]);
  });
}

Deno.test("an assignment says who, by whom and when, and each is logged", async () => {
  const { id } = await createContact(key);
  const assigned = await updateContact(admin, id, { assigned_to: agent.userId });
  assert.deepEqual([assigned.assigned_to, assigned.assigned_by], [agent.userId, admin.userId]);
  assert.equal(Math.abs(Date.parse(assigned.assigned_at!) - Date.now()) < 60_000, true);
  // The same again is no assignment.
  const again = await updateContact(key, id, { assigned_to: agent.userId, name: "N" });
  assert.deepEqual([again.assigned_by, again.assigned_at], [admin.userId, assigned.assigned_at]);
  const freed = await updateContact(agent, id, { assigned_to: null });
  assert.deepEqual([freed.assigned_to, freed.assigned_by, freed.assigned_at], [null, null, null]);
  const log = await withDatabase((sql) =>
    sql`
      select assigned_from, assigned_to, assigned_by, assigned_by_type
      from public.contact_assignments where contact_id = ${id} order by assigned_at, id`
  );
  assert.deepEqual([...log], [
    {
      assigned_from: null,
      assigned_to: agent.userId,
      assigned_by: admin.userId,
      assigned_by_type: "member",
    },
    {
      assigned_from: agent.userId,
      assigned_to: null,
      assigned_by: agent.userId,
      assigned_by_type: "member",
    },
  ]);
});

Deno.test("an assignee from outside the workspace is 422 not_a_member", async () => {
  const { id } = await createContact(key);
  const stranger = (await makeWorkspace()).agent.userId;
  const answer = await key.post("update-contact", { contact_id: id, assigned_to: stranger });
  assertInvalid(answer, { "/assigned_to": "not_a_member" });
});

Deno.test("a new number moves the WhatsApp id and the country with it", async () => {
  const { id } = await createContact(key, { phone: uniqueCanadianPhone() });
  const phone = uniquePhone();
  const moved = await updateContact(key, id, { phone: `00${phone.slice(1)}` });
  assert.deepEqual(
    [moved.phone, moved.whatsapp_contact_id, moved.country],
    [phone, phone.slice(1), "ID"],
  );
  const gone = await updateContact(key, id, { phone: null });
  assert.deepEqual(
    [gone.phone, gone.whatsapp_contact_id, gone.country, gone.completeness],
    [null, null, null, 0],
  );
});

Deno.test("the number of another contact is 409 contact_exists, one's own is fine", async () => {
  const one = await createContact(key);
  const other = await createContact(key);
  const taken = await key.post("update-contact", { contact_id: one.id, phone: other.phone });
  const problem = assertProblem(taken, 409, "contact_exists", ["contact_id"]);
  assert.equal(problem.contact_id, other.id);
  assert.equal((await updateContact(key, one.id, { phone: one.phone })).phone, one.phone);
});

Deno.test("an unknown contact is 404, an id that is none 422, a missing one 422", async () => {
  const unknown = { contact_id: crypto.randomUUID(), name: "N" };
  assertProblem(await key.post("update-contact", unknown), 404, "contact_not_found");
  const bad = { contact_id: "uuid-here", name: "N" };
  assertInvalid(await key.post("update-contact", bad), { "/contact_id": "invalid_format" });
  assertInvalid(await key.post("update-contact", {}), { "/contact_id": "required" });
});

Deno.test("the id may be written in capitals", async () => {
  const { id } = await createContact(key);
  assert.equal((await updateContact(key, id.toUpperCase(), { name: "N" })).name, "N");
});

Deno.test("computed and unknown fields are refused and nothing is written", async () => {
  const { id, name } = await createContact(key, { name: "Before" });
  const change = { contact_id: id, name: "After", score: 90, auto_status: "active", nickname: "x" };
  assertInvalid(await key.post("update-contact", change), {
    "/score": "read_only",
    "/auto_status": "read_only",
    "/nickname": "unknown_field",
  });
  const now = await key.get<Data<Contact>>(`get-contact?contact_id=${id}`);
  assert.equal(now.body.data.name, name);
});

Deno.test("a stage that the workspace has not is 422 unknown_stage", async () => {
  const { id } = await createContact(key);
  const answer = await key.post("update-contact", { contact_id: id, stage: "haggling" });
  assertInvalid(answer, { "/stage": "unknown_stage" });
});

Deno.test("an update that changes nothing keeps the ETag and updated_at", async () => {
  const contact = await createContact(key, { name: "Same", tags: ["a"] });
  const read = await key.get<Data<Contact>>(`get-contact?contact_id=${contact.id}`);
  const same = { contact_id: contact.id, name: "Same", tags: ["a"] };
  const answer = await key.post<Data<Contact>>("update-contact", same);
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body.data, contact);
  assert.equal(answer.headers.get("etag"), read.headers.get("etag"));
});

Deno.test("If-Match holds with the current ETag, a list with it, and *", async () => {
  const { id } = await createContact(key);
  for (const tagOf of [(tag: string) => tag, (tag: string) => `"x", ${tag}`, () => "*"]) {
    const etag = (await key.get(`get-contact?contact_id=${id}`)).headers.get("etag")!;
    const change = { contact_id: id, name: crypto.randomUUID() };
    const answer = await key.post<Data<Contact>>("update-contact", change, {
      "if-match": tagOf(etag),
    });
    assert.equal(answer.status, 200, answer.text);
    assert.notEqual(answer.headers.get("etag"), etag);
    assert.equal(answer.body.data.name, change.name);
  }
});

Deno.test("If-Match that no longer holds is 412 and nothing is written", async () => {
  const { id } = await createContact(key, { name: "One" });
  const etag = (await key.get(`get-contact?contact_id=${id}`)).headers.get("etag")!;
  await updateContact(key, id, { name: "Two" });
  // A weak tag never matches strongly (RFC 9110, 8.8.3.2).
  for (const stale of [etag, `W/${etag}`, '"x"', "nonsense"]) {
    const answer = await key.post("update-contact", { contact_id: id, name: "Three" }, {
      "if-match": stale,
    });
    assertProblem(answer, 412, "precondition_failed", ["etag"]);
  }
  const now = await key.get<Data<Contact>>(`get-contact?contact_id=${id}`);
  assert.equal(now.body.data.name, "Two");
});

Deno.test("of two updates with the same ETag at the same time exactly one wins", async () => {
  for (let round = 0; round < 10; round++) {
    const { id } = await createContact(key);
    const etag = (await key.get(`get-contact?contact_id=${id}`)).headers.get("etag")!;
    const names = ["left", "right"];
    const answers = await Promise.all(
      names.map((name) =>
        key.post<Data<Contact>>("update-contact", { contact_id: id, name }, { "if-match": etag })
      ),
    );
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 412]);
    const winner = answers.findIndex(({ status }) => status === 200);
    const now = await key.get<Data<Contact>>(`get-contact?contact_id=${id}`);
    assert.equal(now.body.data.name, names[winner]);
    assert.equal(now.headers.get("etag"), answers[winner].headers.get("etag"));
  }
});

Deno.test("tags beyond a hundred are refused by their field; those of consent find room", async () => {
  const tags = Array.from({ length: 100 }, (_, n) => `t${n}`);
  const { id } = await createContact(key, { tags });
  const update = (change: Record<string, unknown>) =>
    key.post<Data<Contact>>("update-contact", { contact_id: id, ...change });
  const refused = { "/add_tags": "too_many" };
  assertInvalid(await update({ add_tags: ["one more"] }), refused);
  assertInvalid(await update({ tags, add_tags: ["one more"], remove_tags: ["t100"] }), refused);
  const consents = ["opt-out", "Do Not Call"];
  assert.deepEqual((await updateContact(key, id, { add_tags: ["t0", ...consents] })).tags, [
    ...tags,
    ...consents,
  ]);
  const swapped = await updateContact(key, id, { add_tags: ["one more"], remove_tags: ["t0"] });
  assert.equal(swapped.tags.includes("one more"), true);
});
