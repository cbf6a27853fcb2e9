import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Contact, Data } from "../support/types.ts";
import { uniqueCanadianPhone, uniquePhone } from "../support/unique.ts";
import { makeWorkspace } from "../support/workspace.ts";

const { key, admin, agent } = await makeWorkspace({ country: "CA" });

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}(Z|\+00:00)$/;

/** A contact of which only the number is known. */
const NEUTRAL = {
  name: null,
  email: null,
  company: null,
  channels: [],
  status: "new",
  auto_status: "new",
  sale_status: "none",
  stage: "inquiry",
  value: null,
  score: 0,
  grade: null,
  sentiment: "neutral",
  sentiment_score: 0,
  tags: [],
  notes: null,
  custom: {},
  assigned_to: null,
  assigned_by: null,
  assigned_at: null,
  is_vip: false,
  is_at_risk: false,
  is_mystery_shopper: false,
  is_contractor: false,
  opted_out: false,
  do_not_call: false,
  completeness: 20,
  avatar_url: null,
  message_count: 0,
  call_count: 0,
  last_contact_at: null,
};

Deno.test("a phone number is enough: 201 with the whole contact, Location and ETag", async () => {
  const phone = uniqueCanadianPhone();
  const answer = await key.post<Data<Contact>>("create-contact", { phone });
  assert.equal(answer.status, 201, answer.text);
  assert.equal(answer.headers.get("content-type"), "application/json");
  assert.deepEqual(Object.keys(answer.body), ["data"]);
  const { id, created_at, updated_at, ...rest } = answer.body.data;
  assert.match(id, UUID);
  assert.match(created_at, UTC);
  assert.equal(updated_at, created_at);
  assert.deepEqual(rest, {
    ...NEUTRAL,
    phone,
    whatsapp_contact_id: phone.slice(1),
    source: "api",
    country: "CA",
  });
  assert.equal(
    answer.headers.get("location"),
    `/functions/v1/get-contact?contact_id=${id}`,
  );
  assert.match(answer.headers.get("etag") ?? "", /^"[^"]+"$/);
});

Deno.test("the fields stand in the order of the contract", async () => {
  const contact = await createContact(key);
  assert.deepEqual(
    Object.keys(contact).join(" "),
    "id name phone whatsapp_contact_id email company source channels status auto_status sale_status " +
      "stage value score grade sentiment sentiment_score tags notes custom assigned_to assigned_by " +
      "assigned_at is_vip is_at_risk is_mystery_shopper is_contractor opted_out do_not_call " +
      "completeness avatar_url country message_count call_count last_contact_at created_at updated_at",
  );
});

Deno.test("every settable field is kept as it was given", async () => {
  const given = {
    phone: uniquePhone(),
    name: "Zoë 🌸 Ångström",
    email: "zoe@example.com",
    company: "Åkesson & Söner",
    source: "lead_form",
    status: "contacted",
    sale_status: "pending",
    stage: "closing",
    value: 1200.5,
    tags: ["VIP", "lead, warm", "日本"],
    notes: "Prefers mornings\nReferred by John S.",
    custom: { plan: "pro", nested: { list: [1, null, "x"], big: 1e21, small: 0.1 }, empty: {} },
    is_vip: true,
    is_mystery_shopper: true,
    is_contractor: true,
    avatar_url: "https://example.com/a.png?x=1",
    channels: ["web", "phone"],
  };
  const answer = await admin.post<Data<Contact>>("create-contact", {
    ...given,
    assigned_to: agent.userId,
  });
  assert.equal(answer.status, 201, answer.text);
  const { id, created_at, updated_at, assigned_at, ...rest } = answer.body.data;
  for (const time of [created_at, updated_at, assigned_at]) assert.match(time ?? "", UTC);
  const { assigned_at: _, ...neutral } = NEUTRAL;
  assert.match(id, UUID);
  assert.deepEqual(rest, {
    ...neutral,
    ...given,
    // Who is in discussions means to buy.
    auto_status: "qualified",
    whatsapp_contact_id: given.phone.slice(1),
    country: "ID",
    assigned_to: agent.userId,
    assigned_by: admin.userId,
    completeness: 100,
  });
});

Deno.test("a contact has each channel once, in the order in which they were given", async () => {
  const made = await createContact(key, { channels: ["web", "phone", "web", " phone "] });
  assert.deepEqual(made.channels, ["web", "phone"]);
  const changed = await key.post<Data<Contact>>("update-contact", {
    contact_id: made.id,
    channels: ["phone", "phone", "web"],
  });
  assert.deepEqual(changed.body.data.channels, ["phone", "web"]);
});

Deno.test("source says who created: a key is api, a member is manual, unless it is given", async () => {
  assert.equal((await createContact(key)).source, "api");
  assert.equal((await createContact(agent)).source, "manual");
  assert.equal((await createContact(agent, { source: null })).source, "manual");
  assert.equal((await createContact(key, { source: null })).source, "api");
  assert.equal((await createContact(agent, { source: "import" })).source, "import");
});

Deno.test("who assigns with a key is the key", async () => {
  const contact = await createContact(key, { assigned_to: agent.userId });
  assert.equal(contact.assigned_by, key.id);
});

Deno.test("completeness counts name, phone, email, company and avatar", async () => {
  const some = await createContact(key, { name: "N", company: "C", notes: "n", tags: ["t"] });
  assert.equal(some.completeness, 60);
});

Deno.test("texts are trimmed, and empty ones are none", async () => {
  const contact = await createContact(key, {
    name: "  Ann  ",
    company: "   ",
    email: "",
    notes: "",
  });
  assert.deepEqual(
    [contact.name, contact.company, contact.email, contact.notes],
    ["Ann", null, null, null],
  );
});

Deno.test("what e-mail protection leaves in place of an address is no address", async () => {
  for (const mark of ["[email protected]", "[email\u00a0protected]"]) {
    assert.equal((await createContact(key, { email: mark })).email, null);
  }
});

Deno.test("tags are trimmed and each kept once, in their order", async () => {
  const contact = await createContact(key, { tags: [" b ", "a", "b", "B"] });
  assert.deepEqual(contact.tags, ["b", "a", "B"]);
});

Deno.test("a number that exists: 409 contact_exists with the contact's id", async () => {
  const contact = await createContact(key, { name: "First" });
  const answer = await key.post("create-contact", { phone: contact.phone, name: "Second" });
  const problem = assertProblem(answer, 409, "contact_exists", ["contact_id"]);
  assert.equal(problem.contact_id, contact.id);
  const now = await key.get<Data<Contact>>(`get-contact?contact_id=${contact.id}`);
  assert.equal(now.body.data.name, "First");
});

Deno.test("on_conflict=update writes the given fields and no others: 200", async () => {
  const contact = await createContact(key, { name: "First", company: "Acme", tags: ["a"] });
  const path = "create-contact?on_conflict=update";
  const answer = await key.post<Data<Contact>>(path, { phone: contact.phone, name: "Second" });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get("location"), null);
  assert.notEqual(answer.headers.get("etag"), null);
  const { updated_at, ...rest } = answer.body.data;
  const { updated_at: before, ...unchanged } = contact;
  assert.equal(updated_at > before, true);
  assert.deepEqual(rest, { ...unchanged, name: "Second" });
});

Deno.test("on_conflict=update creates where there is nothing to update: 201", async () => {
  const path = "create-contact?on_conflict=update";
  const answer = await key.post<Data<Contact>>(path, { phone: uniquePhone(), name: "New" });
  assert.equal(answer.status, 201, answer.text);
  assert.equal(answer.body.data.name, "New");
});

Deno.test("the same number created ten times at once is one contact", async () => {
  const phone = uniquePhone();
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => key.post<Data<Contact>>("create-contact", { phone })),
  );
  const created = answers.filter(({ status }) => status === 201);
  assert.equal(created.length, 1);
  for (const answer of answers.filter((answer) => answer !== created[0])) {
    const problem = assertProblem(answer, 409, "contact_exists", ["contact_id"]);
    assert.equal(problem.contact_id, created[0].body.data.id);
  }
});

Deno.test("computed fields are read_only, others that do not exist unknown_field", async () => {
  const computed = [
    "id",
    "whatsapp_contact_id",
    "auto_status",
    "score",
    "grade",
    "sentiment",
    "sentiment_score",
    "assigned_by",
    "assigned_at",
    "is_at_risk",
    "completeness",
    "country",
    "message_count",
    "call_count",
    "last_contact_at",
    "created_at",
    "updated_at",
  ];
  const body = Object.fromEntries(computed.map((name) => [name, null]));
  const answer = await key.post("create-contact", {
    phone: uniquePhone(),
    ...body,
    workspace_id: "x",
    "a/b~c": 1,
  });
  assertInvalid(answer, {
    ...Object.fromEntries(computed.map((name) => [`/${name}`, "read_only"])),
    "/workspace_id": "unknown_field",
    "/a~1b~0c": "unknown_field",
  });
});

Deno.test("everything that is wrong is said at once", async () => {
  const answer = await key.post("create-contact", {
    name: 7,
    email: "nobody",
    value: 1.005,
    tags: ["ok", "", 3],
    status: "hot",
    is_vip: "yes",
  });
  assertInvalid(answer, {
    "/phone": "required",
    "/name": "invalid_type",
    "/email": "invalid_format",
    "/value": "too_many_decimals",
    "/tags/1": "too_short",
    "/tags/2": "invalid_type",
    "/status": "invalid_value",
    "/is_vip": "invalid_type",
  });
});

const deep = (levels: number): unknown => levels === 0 ? 1 : { d: deep(levels - 1) };

const INVALID: [name: string, fields: Record<string, unknown>, path: string, code: string][] = [
  ["a name of 201 characters", { name: "n".repeat(201) }, "/name", "too_long"],
  [
    "an e-mail of 255 characters",
    { email: `${"e".repeat(60)}@${"d".repeat(60)}.${"f".repeat(60)}.${"g".repeat(72)}.com` },
    "/email",
    "too_long",
  ],
  ["an e-mail with two @", { email: "a@b@c.com" }, "/email", "invalid_format"],
  ["notes of 20,001 characters", { notes: "n".repeat(20_001) }, "/notes", "too_long"],
  ["a source of another world", { source: "fax" }, "/source", "invalid_value"],
  ["a sale status that does not exist", { sale_status: "maybe" }, "/sale_status", "invalid_value"],
  ["a stage the workspace has not", { stage: "haggling" }, "/stage", "unknown_stage"],
  ["a value as text", { value: "12" }, "/value", "invalid_type"],
  ["a value beyond the column", { value: 1e12 }, "/value", "too_big"],
  ["a value below the column", { value: -1e12 }, "/value", "too_small"],
  ["101 tags", { tags: Array.from({ length: 101 }, (_, n) => `t${n}`) }, "/tags", "too_many"],
  ["a tag of 65 characters", { tags: ["t".repeat(65)] }, "/tags/0", "too_long"],
  ["a list as custom", { custom: [] }, "/custom", "invalid_type"],
  ["custom 33 levels deep", { custom: deep(33) }, "/custom", "too_deep"],
  ["custom of 64 KiB and more", { custom: { x: "x".repeat(65_530) } }, "/custom", "too_large"],
  [
    "an avatar that is no http address",
    { avatar_url: "javascript:alert(1)" },
    "/avatar_url",
    "invalid_format",
  ],
  ["an assignee that is no UUID", { assigned_to: "me" }, "/assigned_to", "invalid_format"],
  ["a number of the wrong type", { phone: 16045551234 }, "/phone", "invalid_type"],
];

for (const [name, fields, path, code] of INVALID) {
  Deno.test(`${name} is 422 ${code}`, async () => {
    const answer = await key.post("create-contact", { phone: uniquePhone(), ...fields });
    assertInvalid(answer, { [path]: code });
  });
}

Deno.test("what stands on the edge of the allowed is kept whole", async () => {
  const given = {
    name: "🌸".repeat(200),
    notes: "ñ".repeat(20_000),
    value: 999_999_999_999.99,
    tags: Array.from({ length: 100 }, (_, n) => `${n}`.padStart(64, "t")),
    custom: deep(32),
  };
  const contact = await createContact(key, given);
  for (const [field, value] of Object.entries(given)) {
    assert.deepEqual(contact[field as keyof Contact], value);
  }
});

Deno.test("a body that is not an object is 422", async () => {
  for (const raw of ["[]", "null", '"text"', "12", "true"]) {
    const answer = await key.call("POST", "create-contact", { raw });
    assertInvalid(answer, { "": "invalid_type" });
  }
});

Deno.test("an assignee from outside the workspace is 422 not_a_member", async () => {
  const stranger = (await makeWorkspace()).agent.userId;
  for (const assigned_to of [stranger, crypto.randomUUID()]) {
    const answer = await key.post("create-contact", { phone: uniquePhone(), assigned_to });
    assertInvalid(answer, { "/assigned_to": "not_a_member" });
  }
});

Deno.test("on_conflict knows update only", async () => {
  const answer = await key.post("create-contact?on_conflict=skip", { phone: uniquePhone() });
  assertInvalid(answer, { "/on_conflict": "invalid_value" });
});
