import assert from "node:assert/strict";
import { createContact, updateContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import { client } from "../support/http.ts";
import { reportCall } from "../support/meetings.ts";
import { assertProblem } from "../support/problem.ts";
import { createSignal, report, say } from "../support/scoring.ts";
import type { Contact, Data, Explanation } from "../support/types.ts";
import { makeKey, makeWorkspace } from "../support/workspace.ts";

const workspace = await makeWorkspace();
const { key, admin, agent } = workspace;
await admin.call("PATCH", "settings", { body: { weights: { intent: 2 } } });
const price = await createSignal(admin, {
  name: "Price",
  kind: "keyword",
  category: "intent",
  points: 10,
  keywords: ["how much"],
  cap: 15,
});
const booking = await createSignal(admin, {
  name: "Booking",
  kind: "action",
  action: "booking_attempt",
  points: 5,
  buying_intent: true,
});

async function explain(id: string, caller = key): Promise<Explanation> {
  const answer = await caller.get<Data<Explanation>>(`contact-explanation?contact_id=${id}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data;
}

Deno.test("a score is explained by signals, and signals by what was said", async () => {
  const id = await say(workspace, "How much is it?", "Hello", "And HOW MUCH for two?");
  await report(agent, id, { action: "booking_attempt", reason: "On the website" });
  await report(agent, id, { points: -2, reason: "Was rude" });
  const { score, grade, thresholds, signals } = await explain(id);
  assert.deepEqual([score, grade], [33, "D"]);
  assert.deepEqual(thresholds, { A: 80, B: 60, C: 40, D: 20, E: 1 });
  assert.deepEqual(signals.map(({ evidence: _, ...signal }) => signal), [
    {
      signal_id: price.id,
      name: "Price",
      kind: "keyword",
      category: "intent",
      weight: 2,
      events: 2,
      counted: 2,
      points: 15,
      capped: true,
      total: 30,
      buying_intent: false,
    },
    {
      signal_id: booking.id,
      name: "Booking",
      kind: "action",
      category: "fit",
      weight: 1,
      events: 1,
      counted: 1,
      points: 5,
      capped: false,
      total: 5,
      buying_intent: true,
    },
    {
      signal_id: null,
      name: null,
      kind: "manual",
      category: "manual",
      weight: 1,
      events: 1,
      counted: 1,
      points: -2,
      capped: false,
      total: -2,
      buying_intent: false,
    },
  ]);
  assert.equal(signals.reduce((sum, { total }) => sum + total, 0), score);
  const [said, booked, given] = signals.map(({ evidence }) => evidence);
  assert.deepEqual(said.map(({ message }) => message?.body).sort(), [
    "And HOW MUCH for two?",
    "How much is it?",
  ]);
  assert.deepEqual([...booked, ...given].map(({ reason, message }) => [reason, message]), [
    ["On the website", null],
    ["Was rude", null],
  ]);
});

Deno.test("the automatic status is explained by the rule and its facts", async () => {
  const id = await say(workspace, "Hi", "Is anybody there?", "Hello?");
  const { auto_status, at_risk } = await explain(id);
  assert.deepEqual([auto_status.value, auto_status.reason], ["active", "recent_messages"]);
  const { last_inbound_at, ...facts } = auto_status.facts;
  assert.deepEqual(facts, {
    message_count: 3,
    converted_at: null,
    shows_intent: false,
    inactive_after_days: 30,
    churned_after_days: 90,
    active_min_messages: 3,
    active_window_days: 14,
    hot_lead_days: 7,
  });
  const days = (Date.parse(auto_status.next_change_at!) - Date.parse(String(last_inbound_at))) /
    86_400_000;
  assert.equal(days, 14);
  assert.deepEqual(at_risk, { value: false, reasons: [] });
  await report(agent, id, { action: "booking_attempt" });
  const qualified = (await explain(id)).auto_status;
  assert.deepEqual([qualified.value, qualified.reason], ["qualified", "buying_intent"]);
  await updateContact(key, id, { status: "converted" });
  const converted = (await explain(id)).auto_status;
  assert.deepEqual([converted.value, converted.reason], ["converted", "converted"]);
  assert.notEqual(converted.facts.converted_at, null);
});

Deno.test("a bad mood is a risk, and told", async () => {
  const id = await say(workspace, "This is terrible, the worst service ever, I am angry");
  const { at_risk, sentiment } = await explain(id);
  assert.deepEqual(at_risk, { value: true, reasons: ["last_mood_negative"] });
  const contact = (await key.get<Data<Contact>>(`get-contact?contact_id=${id}`)).body.data;
  const { level, score, messages } = sentiment;
  assert.deepEqual([level, score, messages], [contact.sentiment, contact.sentiment_score, 1]);
  assert.equal(contact.is_at_risk, true);
});

Deno.test("who is a VIP and why", async () => {
  const contact = await createContact(key, { is_vip: true });
  const vip = (await explain(contact.id)).vip;
  assert.deepEqual(vip, { value: true, reason: "set_by_person", min_value: null, min_score: null });
});

Deno.test("a call is evidence; of a new contact there is nothing to tell", async () => {
  const { id } = await createContact(key);
  const { signals, score, grade, auto_status } = await explain(id);
  assert.deepEqual([signals, score, grade, auto_status.value], [[], 0, null, "new"]);
  const call = await reportCall(key, { contact_id: id });
  await report(key, id, { points: 3, call_id: call.id });
  const [given] = (await explain(id)).signals;
  assert.deepEqual(given.evidence.map(({ call_id }) => call_id), [call.id]);
});

Deno.test("what was said is for those who may read it", async () => {
  const { id } = await createContact(key);
  const path = `contact-explanation?contact_id=${id}`;
  for (const scope of ["contacts:read", "conversations:read"]) {
    const { token } = await withDatabase((sql) => makeKey(sql, workspace.id, { scopes: [scope] }));
    const answer = await client(token).get(path);
    assertProblem(answer, 403, "insufficient_scope", ["required_scope"]);
  }
  assertProblem(await (await makeWorkspace()).key.get(path), 404, "contact_not_found");
});
