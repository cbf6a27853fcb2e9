import assert from "node:assert/strict";
import { createContact, updateContact } from "../support/contacts.ts";
import { createDeal, createPipeline } from "../support/deals.ts";
import { query } from "../support/http.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Activity, Contact, Data, Deal, Note, Page } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";

const workspace = await makeWorkspace();
const { key, admin, agent } = workspace;

const post = (id: string, what: string, body?: unknown) =>
  key.call<Data<Deal>>("POST", `deals/${id}/${what}`, { body });
const patch = (id: string, body: unknown, headers?: Record<string, string>) =>
  key.call<Data<Deal>>("PATCH", `deals/${id}`, { body, headers });
const valueOf = async (id: string) =>
  (await key.get<Data<Contact>>(`get-contact?contact_id=${id}`)).body.data.value;

Deno.test("a deal needs a contact and a title, all else has a beginning", async () => {
  const contact = await createContact(key);
  const answer = await key.post<Data<Deal>>("deals", { contact_id: contact.id, title: " Table " });
  assert.equal(answer.status, 201, answer.text);
  const { id, stage_id, pipeline_id, created_at, ...rest } = answer.body.data;
  assert.equal(answer.headers.get("location"), `/functions/v1/deals/${id}`);
  assert.match(answer.headers.get("etag") ?? "", /^"\d+"$/);
  assert.deepEqual(rest, {
    contact_id: contact.id,
    title: "Table",
    value: null,
    currency: "USD",
    status: "open",
    stage: "New",
    probability: 10,
    expected_close_on: null,
    lost_reason: null,
    assigned_to: null,
    auto_reason: null,
    is_stale: false,
    last_activity_at: created_at,
    closed_at: null,
    updated_at: created_at,
  });
  const read = await key.get<Data<Deal>>(`deals/${id}`);
  assert.deepEqual(read.body, answer.body);
  assert.notEqual(stage_id, pipeline_id);
});

Deno.test("a deal moves, and has its stage's probability unless it has its own", async () => {
  const { stages: [early, late], id: pipeline } = await createPipeline(admin);
  const deal = await createDeal(key, { stage_id: early.id, value: 10.5, currency: "EUR" });
  assert.deepEqual([deal.stage, deal.probability, deal.value], ["Early", 20, 10.5]);
  const moved = await patch(deal.id, {
    stage_id: late.id,
    assigned_to: agent.userId,
    expected_close_on: "2026-12-31",
  });
  const { stage, probability, pipeline_id, assigned_to, expected_close_on } = moved.body.data;
  assert.deepEqual(
    [stage, probability, pipeline_id, assigned_to, expected_close_on],
    ["Late", 80, pipeline, agent.userId, "2026-12-31"],
  );
  assert.equal((await patch(deal.id, { probability: 33 })).body.data.probability, 33);
  assert.equal((await patch(deal.id, { probability: null })).body.data.probability, 80);
});

Deno.test("a deal is won, reopened and lost; it does not turn from one end to the other", async () => {
  const deal = await createDeal(key, { value: 5 });
  const won = await post(deal.id, "win");
  assert.equal(won.status, 200, won.text);
  assert.deepEqual([won.body.data.status, won.body.data.probability], ["won", 100]);
  assert.notEqual(won.body.data.closed_at, null);
  assert.deepEqual((await post(deal.id, "win")).body.data, won.body.data);
  const refused = assertProblem(await post(deal.id, "lose"), 409, "deal_closed", ["deal_status"]);
  assert.equal(refused.deal_status, "won");
  const open = (await post(deal.id, "reopen")).body.data;
  assert.deepEqual([open.status, open.closed_at, open.probability], ["open", null, 10]);
  const lost = (await post(deal.id, "lose", { reason: "Too dear" })).body.data;
  assert.deepEqual([lost.status, lost.lost_reason, lost.probability], ["lost", "Too dear", 0]);
  assert.equal((await post(deal.id, "lose")).body.data.lost_reason, "Too dear");
  assertProblem(await post(deal.id, "win"), 409, "deal_closed", ["deal_status"]);
  assert.equal((await post(deal.id, "reopen")).body.data.lost_reason, null);
});

Deno.test("the contact's value is what its open deals are worth", async () => {
  const { id } = await createContact(key);
  const first = await createDeal(key, { contact_id: id, value: 100 });
  await createDeal(key, { contact_id: id, value: 20.25 });
  await createDeal(key, { contact_id: id });
  await createDeal(key, { contact_id: id, value: 999, currency: "EUR" });
  assert.equal(await valueOf(id), 120.25);
  await post(first.id, "win");
  assert.equal(await valueOf(id), 20.25);
  await post(first.id, "reopen");
  await patch(first.id, { value: 50 });
  assert.equal(await valueOf(id), 70.25);
  await key.delete(`deals/${first.id}`);
  assert.equal(await valueOf(id), 20.25);
});

Deno.test("a value that a person has set stays, until it is cleared", async () => {
  const { id } = await createContact(key, { value: 7 });
  await createDeal(key, { contact_id: id, value: 100 });
  assert.equal(await valueOf(id), 7);
  assert.equal((await updateContact(key, id, { value: null })).value, 100);
  await createDeal(key, { contact_id: id, value: 1 });
  assert.equal(await valueOf(id), 101);
  assert.equal((await updateContact(key, id, { value: 0 })).value, 0);
  await createDeal(key, { contact_id: id, value: 1 });
  assert.equal(await valueOf(id), 0);
});

Deno.test("a sale or conversion wins the open deals, unless the workspace does not want it", async () => {
  const status = async (id: string) => (await key.get<Data<Deal>>(`deals/${id}`)).body.data.status;
  const sold = await createDeal(key);
  await updateContact(key, sold.contact_id, { sale_status: "sold" });
  assert.equal(await status(sold.id), "won");
  const lost = await createDeal(key);
  await post(lost.id, "lose");
  const open = await createDeal(key, { contact_id: lost.contact_id });
  await updateContact(key, lost.contact_id, { status: "qualified" });
  assert.equal(await status(open.id), "open");
  await updateContact(key, lost.contact_id, { status: "converted" });
  assert.deepEqual([await status(lost.id), await status(open.id)], ["lost", "won"]);
  const toggle = (auto_close_won: boolean | null) =>
    admin.call("PATCH", "settings", { body: { automation: { auto_close_won } } });
  await toggle(false);
  const kept = await createDeal(key);
  await updateContact(key, kept.contact_id, { sale_status: "sold" });
  assert.equal(await status(kept.id), "open");
  await toggle(null);
});

Deno.test("If-Match keeps two people from overwriting each other's deal", async () => {
  const { id } = await createDeal(key);
  const etag = (await key.get(`deals/${id}`)).headers.get("etag")!;
  assert.equal((await patch(id, { value: 1 }, { "if-match": etag })).status, 200);
  assertProblem(await patch(id, { value: 2 }, { "if-match": etag }), 412, "precondition_failed", [
    "etag",
  ]);
  const deleted = await key.delete(`deals/${id}`, { "if-match": etag });
  assertProblem(deleted, 412, "precondition_failed", ["etag"]);
  assert.equal((await key.delete(`deals/${id}`)).status, 204);
  for (const what of ["win", "lose", "reopen"]) {
    assertProblem(await post(id, what), 404, "deal_not_found");
  }
});

Deno.test("a deal has notes, which go with it", async () => {
  const { id } = await createDeal(key);
  const body = { content: "Wants it in oak. @jane", entity_type: "deal", entity_id: id };
  const note = await admin.post<Data<Note>>("internal-notes", body);
  assert.equal(note.status, 201, note.text);
  const { entity_type, entity_id, mentions } = note.body.data;
  assert.deepEqual([entity_type, entity_id, mentions], ["deal", id, [agent.userId]]);
  const search = query({ entity_type: "deal", entity_id: id });
  const listed = await key.get<Page<Note>>(`internal-notes${search}`);
  assert.deepEqual(listed.body.data, [note.body.data]);
  await key.delete(`deals/${id}`);
  assertProblem(await key.get(`internal-notes${search}`), 404, "entity_not_found");
  assertProblem(await admin.delete(`internal-notes/${note.body.data.id}`), 404, "note_not_found");
});

Deno.test("what happens to a deal is in the log", async () => {
  const { id } = await createDeal(agent, { value: 3 });
  await agent.call("PATCH", `deals/${id}`, { body: { value: 4 } });
  await agent.call("POST", `deals/${id}/win`);
  const log = await key.get<Page<Activity>>(
    `activity${query({ entity_type: "deal", entity_id: id })}`,
  );
  assert.deepEqual(
    log.body.data.map(({ action, actor, changes }) => [action, actor.id, changes]),
    [
      ["deal.updated", agent.userId, { status: { from: "open", to: "won" } }],
      ["deal.updated", agent.userId, { value: { from: 3, to: 4 } }],
      ["deal.created", agent.userId, {}],
    ],
  );
});

Deno.test("what is wrong with a deal is 422, whose contact is not there 404", async () => {
  const foreign = await makeWorkspace();
  const contact = await createContact(key);
  const body = { contact_id: contact.id, title: "x" };
  assertInvalid(
    await key.post("deals", {
      title: "",
      value: -1,
      currency: "XXY",
      probability: 101,
      expected_close_on: "31.12.2026",
      status: "won",
      pipeline: 1,
    }),
    {
      "/contact_id": "required",
      "/title": "too_short",
      "/value": "too_small",
      "/currency": "unknown_currency",
      "/probability": "too_big",
      "/expected_close_on": "invalid_format",
      "/status": "read_only",
      "/pipeline": "unknown_field",
    },
  );
  const elsewhere = await createDeal(foreign.key);
  assertInvalid(await key.post("deals", { ...body, stage_id: elsewhere.stage_id }), {
    "/stage_id": "unknown_stage",
  });
  assertInvalid(await key.post("deals", { ...body, assigned_to: foreign.agent.userId }), {
    "/assigned_to": "not_a_member",
  });
  for (const contact_id of [elsewhere.contact_id, crypto.randomUUID()]) {
    assertProblem(await key.post("deals", { ...body, contact_id }), 404, "contact_not_found");
    assertProblem(await key.get(`deals?contact_id=${contact_id}`), 404, "contact_not_found");
  }
  const { id } = await createDeal(key);
  assertInvalid(await patch(id, { contact_id: contact.id, lost_reason: "x", title: null }), {
    "/contact_id": "read_only",
    "/lost_reason": "read_only",
    "/title": "invalid_type",
  });
  await createDeal(key, { contact_id: contact.id, value: 999_999_999_999.99 });
  assertInvalid(await key.post("deals", { ...body, value: 0.01 }), { "/value": "too_big" });
});
