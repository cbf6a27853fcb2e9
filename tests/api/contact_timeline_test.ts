import assert from "node:assert/strict";
import { createContact, updateContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import { createDeal } from "../support/deals.ts";
import { type Client, client, query } from "../support/http.ts";
import { createMeeting, createSurvey, reportCall } from "../support/meetings.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import { openConversation } from "../support/sending.ts";
import type { Page, TimelineEntry } from "../support/types.ts";
import { makeKey, makeWorkspace } from "../support/workspace.ts";

const workspace = await makeWorkspace();
const { key, admin, agent } = workspace;

async function page(caller: Client, parameters: Record<string, string | number | undefined>) {
  const answer = await caller.get<Page<TimelineEntry>>(`contact-timeline${query(parameters)}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

async function all(parameters: Record<string, string>, limit: number): Promise<TimelineEntry[]> {
  const entries: TimelineEntry[] = [];
  let cursor: string | undefined;
  do {
    const { data, next_cursor } = await page(key, { ...parameters, limit, cursor });
    assert.equal(data.length <= limit, true);
    entries.push(...data);
    cursor = next_cursor ?? undefined;
  } while (cursor);
  return entries;
}

/** A contact with an entry of every kind, and the id of each. */
async function everything(): Promise<string> {
  const conversation = await openConversation(workspace);
  const { id } = conversation.contact;
  const duplicate = await createContact(key, { name: "Twin" });
  await updateContact(agent, id, { stage: "closing", status: "qualified" });
  await updateContact(agent, id, { sale_status: "signed", do_not_call: true });
  await updateContact(admin, id, { assigned_to: agent.userId });
  const deal = await createDeal(key, { contact_id: id, title: "Oak table", value: 12 });
  await key.post(`deals/${deal.id}/lose`, { reason: "Too dear" });
  const meeting = await createMeeting(key, { contact_id: id, title: "Visit" });
  const survey = await createSurvey(admin);
  await key.post(`surveys/${survey.id}/responses`, {
    contact_id: id,
    meeting_id: meeting.id,
    answers: [{ question_id: survey.questions[0].id, value: true }],
  });
  await reportCall(key, { contact_id: id, summary: "Rang" });
  const entities = { lead: id, conversation: conversation.id, deal: deal.id };
  for (const [entity_type, entity_id] of Object.entries(entities)) {
    await agent.post("internal-notes", {
      content: `On the ${entity_type}`,
      entity_type,
      entity_id,
    });
  }
  await withDatabase(async (sql) => {
    await sql`select private.add_score_event(${id}, '{"points": 5}', now())`;
    await sql`select private.merge_contact(${id}, ${duplicate.id})`;
  });
  return id;
}

const contact_id = await everything();

Deno.test("everything on a contact is there once, newest first", async () => {
  const entries = await all({ contact_id }, 200);
  const counts: Record<string, number> = {};
  for (const { kind } of entries) counts[kind] = (counts[kind] ?? 0) + 1;
  assert.deepEqual(counts, {
    meeting: 1,
    merge: 1,
    note: 3,
    call: 1,
    survey_response: 1,
    score_event: 1,
    deal_closed: 1,
    deal_opened: 1,
    assignment: 1,
    consent: 1,
    sale_status_change: 1,
    status_change: 1,
    stage_change: 1,
    message: 1,
  });
  const times = entries.map(({ at }) => at);
  assert.deepEqual(times, times.toSorted().toReversed());
  for (const entry of entries) {
    assert.deepEqual(Object.keys(entry), ["kind", "id", "at", "actor", "data"]);
  }
});

Deno.test("an entry tells what happened and who did it", async () => {
  const of = async (kinds: string) => (await all({ contact_id, kinds }, 200))[0];
  const member = { type: "member", id: agent.userId, name: "jane" };
  const stage = await of("stage_change");
  assert.deepEqual([stage.actor, stage.data], [member, { from: "inquiry", to: "closing" }]);
  const sale = await of("sale_status_change");
  assert.deepEqual([sale.actor, sale.data], [member, { from: "none", to: "signed" }]);
  const { actor, data } = await of("assignment");
  assert.deepEqual([actor?.name, data], ["ada", { from: null, to: agent.userId }]);
  const closed = await of("deal_closed");
  assert.deepEqual([closed.data.title, closed.data.value, closed.data.lost_reason], [
    "Oak table",
    12,
    "Too dear",
  ]);
  assert.equal((await of("deal_opened")).id, closed.id);
  const note = await of("note");
  assert.deepEqual([note.actor, note.data.content], [member, "On the deal"]);
  const response = await of("survey_response");
  assert.equal(response.data.survey, "A survey");
  assert.equal((await of("meeting")).at, "2026-11-03T17:00:00+00:00");
  assert.equal((await of("merge")).data.name, "Twin");
  assert.deepEqual((await of("consent")).data.kind, "calls");
  assert.equal((await of("call")).data.summary, "Rang");
  assert.equal((await of("message")).data.direction, "inbound");
});

Deno.test("pages of any size hold the same entries in the same order", async () => {
  // Ten of several kinds at one moment, so that kind and id have to decide.
  await withDatabase((sql) =>
    sql`
      insert into public.meetings (workspace_id, contact_id, title, starts_at)
      select ${workspace.id}, ${contact_id}, 'At once ' || n, '2026-10-01T00:00:00Z'
      from generate_series(1, 4) n`
  );
  for (let n = 0; n < 4; n++) {
    await reportCall(key, { contact_id, started_at: "2026-10-01T00:00:00Z" });
  }
  const whole = await all({ contact_id }, 200);
  assert.equal(whole.length, 24);
  for (const limit of [1, 2, 3, 7]) assert.deepEqual(await all({ contact_id }, limit), whole);
  const some = await all({ contact_id, kinds: "call,meeting" }, 3);
  assert.deepEqual(some, whole.filter(({ kind }) => kind === "call" || kind === "meeting"));
});

Deno.test("a caller reads the kinds that the scopes allow", async () => {
  const only = async (...scopes: string[]) =>
    client((await withDatabase((sql) => makeKey(sql, workspace.id, { scopes }))).token);
  const kinds = async (caller: Client) =>
    new Set((await page(caller, { contact_id, limit: 200 })).data.map(({ kind }) => kind));
  const contacts = await only("contacts:read");
  const seen = await kinds(contacts);
  for (const kind of ["message", "call", "note"]) {
    assert.equal(seen.has(kind), false, kind);
    const answer = await contacts.get(`contact-timeline${query({ contact_id, kinds: kind })}`);
    assertProblem(answer, 403, "insufficient_scope", ["required_scope"]);
  }
  assert.equal(seen.size, 11);
  const talks = await kinds(await only("contacts:read", "conversations:read"));
  assert.deepEqual([...talks.difference(seen)].toSorted(), ["call", "message"]);
  const notes = await kinds(await only("contacts:read", "notes:read"));
  assert.deepEqual([...notes.difference(seen)], ["note"]);
});

Deno.test("a taken-back message shows no text; a merged contact's old id leads to the timeline", async () => {
  const conversation = await openConversation(workspace);
  const { id } = conversation.contact;
  const twin = await createContact(key);
  await withDatabase(async (sql) => {
    await sql`update public.messages set revoked_at = now() where contact_id = ${id}`;
    await sql`select private.merge_contact(${id}, ${twin.id})`;
  });
  const { data } = await page(key, { contact_id: twin.id, kinds: "message" });
  assert.deepEqual(data.map(({ data }) => data.body), [null]);
});

Deno.test("nobody else's timeline, no other list's cursor, no other kinds", async () => {
  const foreign = await createContact((await makeWorkspace()).key);
  const at = (parameters: Record<string, string>) =>
    key.get(`contact-timeline${query(parameters)}`);
  assertProblem(await at({ contact_id: foreign.id }), 404, "contact_not_found");
  const { next_cursor } = await page(key, { contact_id, limit: 1 });
  const other = await createContact(key);
  assertProblem(await at({ contact_id: other.id, cursor: next_cursor! }), 400, "invalid_cursor");
  assertProblem(
    await at({ contact_id, kinds: "call", cursor: next_cursor! }),
    400,
    "invalid_cursor",
  );
  assertInvalid(await at({ contact_id, kinds: "call,gossip" }), { "/kinds/1": "invalid_value" });
  assertInvalid(await key.get("contact-timeline"), { "/contact_id": "required" });
});
