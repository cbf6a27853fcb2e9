import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { query } from "../support/http.ts";
import { reportCall } from "../support/meetings.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import { createSignal, report } from "../support/scoring.ts";
import { openConversation } from "../support/sending.ts";
import type { Contact, Data, Message, Note, Page, ScoreEvent } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";

const workspace = await makeWorkspace();
const { key, admin, agent } = workspace;

const action = (name: string, fields: Record<string, unknown> = {}) =>
  createSignal(admin, { kind: "action", action: name, category: "intent", points: 10, ...fields });
const post = (body: Record<string, unknown>, headers?: Record<string, string>) =>
  key.call<Data<{ events: ScoreEvent[]; score: number }>>("POST", "score-events", {
    body,
    headers,
  });
const events = async (id: string, parameters: Record<string, string | number> = {}) =>
  (await key.get<Page<ScoreEvent>>(`score-events${query({ contact_id: id, ...parameters })}`)).body;

Deno.test("an action counts for every active signal that is about it", async () => {
  const one = await action("viewed");
  const two = await action("viewed", { category: "engagement", points: -3 });
  await action("viewed", { is_active: false });
  const { id } = await createContact(key);
  const occurred_at = "2026-11-01T09:30:00+00:00";
  const scored = await report(key, id, { action: "viewed", reason: " Online ", occurred_at });
  assert.deepEqual([scored.contact_id, scored.score, scored.grade], [id, 7, "E"]);
  const shown = scored.events.map(({ id: _, created_at: __, ...event }) => event);
  const rest = {
    contact_id: id,
    kind: "action",
    reason: "Online",
    message_id: null,
    note_id: null,
    call_id: null,
    occurred_at,
  };
  assert.deepEqual(
    shown.toSorted((a, b) => b.points - a.points),
    [one, two].map(({ id: signal_id, name, category, points }) => ({
      ...rest,
      signal_id,
      signal: name,
      category,
      points,
    })),
  );
  const read = await key.get<Data<Contact>>(`get-contact?contact_id=${id}`);
  assert.deepEqual([read.body.data.score, read.body.data.grade], [7, "E"]);
});

Deno.test("an action that no signal is about is taken, and counts nothing", async () => {
  const { id } = await createContact(key);
  const scored = await report(key, id, { action: "unheard_of" });
  assert.deepEqual(scored, { contact_id: id, score: 0, grade: null, events: [] });
});

Deno.test("people see signals, and give points", async () => {
  const manual = await createSignal(admin, { points: 30 });
  const seen = await createSignal(admin, { kind: "ai", description: "Has a budget.", points: 40 });
  const { id } = await createContact(key);
  await report(agent, id, { signal_id: manual.id });
  await report(agent, id, { signal_id: seen.id });
  const { score, grade, events: [given] } = await report(agent, id, {
    points: -5,
    reason: "Was rude",
  });
  assert.deepEqual([score, grade], [65, "B"]);
  const { signal_id, signal, kind, category, points, reason } = given;
  assert.deepEqual(
    { signal_id, signal, kind, category, points, reason },
    {
      signal_id: null,
      signal: null,
      kind: "manual",
      category: "manual",
      points: -5,
      reason: "Was rude",
    },
  );
});

Deno.test("the evidence is the contact's own", async () => {
  const conversation = await openConversation(workspace);
  const { id } = conversation.contact;
  const messages = await key.get<Page<Message>>(`conversations/${conversation.id}/messages`);
  const [message] = messages.body.data;
  const call = await reportCall(key, { contact_id: id });
  const note = await key.post<Data<Note>>("internal-notes", {
    content: "Wants it",
    entity_type: "lead",
    entity_id: id,
  });
  const evidence = { message_id: message.id, call_id: call.id, note_id: note.body.data.id };
  const stranger = await createContact(key);
  const codes = { message_id: "unknown_message", call_id: "unknown_call" };
  for (const [name, value] of Object.entries(evidence)) {
    const scored = await report(key, id, { points: 1, [name]: value });
    assert.equal((scored.events[0] as unknown as Record<string, unknown>)[name], value);
    if (!(name in codes)) continue;
    const refused = await post({ contact_id: stranger.id, points: 1, [name]: value });
    assertInvalid(refused, { [`/${name}`]: codes[name as keyof typeof codes] });
  }
  const elsewhere = await makeWorkspace();
  const foreign = await createContact(elsewhere.key);
  const others = { ...codes, note_id: "unknown_note" };
  for (const [name, value] of Object.entries(evidence)) {
    const body = { contact_id: foreign.id, points: 1, [name]: value };
    const refused = await elsewhere.key.post("score-events", body);
    assertInvalid(refused, { [`/${name}`]: others[name as keyof typeof others] });
  }
});

Deno.test("an event is one thing, told of a contact that there is", async () => {
  const { id } = await createContact(key);
  const signal = await createSignal(admin);
  assertInvalid(await post({ contact_id: id }), { "": "exclusive" });
  assertInvalid(await post({ contact_id: id, action: "viewed", points: 1 }), { "": "exclusive" });
  const two = { message_id: crypto.randomUUID(), call_id: crypto.randomUUID() };
  assertInvalid(await post({ contact_id: id, points: 1, ...two }), { "": "exclusive" });
  assertInvalid(
    await post({
      contact_id: "x",
      action: "Not an action",
      reason: "x".repeat(1001),
      occurred_at: "2036-01-01T00:00:00Z",
      signal: "x",
    }),
    {
      "/contact_id": "invalid_format",
      "/action": "invalid_format",
      "/reason": "too_long",
      "/occurred_at": "in_the_future",
      "/signal": "unknown_field",
    },
  );
  assertInvalid(await post({ contact_id: id, points: 0 }), { "/points": "invalid_value" });
  const words = await createSignal(admin, { kind: "keyword", keywords: ["price"] });
  assertInvalid(await post({ contact_id: id, signal_id: words.id }), {
    "/signal_id": "contradictory",
  });
  const nobody = crypto.randomUUID();
  assertProblem(await post({ contact_id: nobody, points: 1 }), 404, "contact_not_found");
  const elsewhere = await makeWorkspace();
  const foreign = await createSignal(elsewhere.admin);
  assertInvalid(await post({ contact_id: id, signal_id: foreign.id }), {
    "/signal_id": "unknown_signal",
  });
  const body = { contact_id: id, signal_id: signal.id };
  assertProblem(await elsewhere.key.post("score-events", body), 404, "contact_not_found");
  assertProblem(await elsewhere.key.get(`score-events?contact_id=${id}`), 404, "contact_not_found");
});

Deno.test("a repeated report is the first one", async () => {
  const { id } = await createContact(key);
  const headers = { "idempotency-key": crypto.randomUUID() };
  const [first, again] = [
    await post({ contact_id: id, points: 9 }, headers),
    await post({ contact_id: id, points: 9 }, headers),
  ];
  assert.deepEqual(again.body, first.body);
  assert.equal(again.headers.get("idempotency-replayed"), "true");
  assert.equal((await events(id)).data.length, 1);
});

Deno.test("reports at once all count", async () => {
  const { id } = await createContact(key);
  await Promise.all(Array.from({ length: 8 }, () => report(key, id, { points: 3 })));
  const read = await key.get<Data<Contact>>(`get-contact?contact_id=${id}`);
  assert.deepEqual([read.body.data.score, read.body.data.grade], [24, "D"]);
});

Deno.test("the events of a contact are listed page by page, the latest first", async () => {
  const signal = await createSignal(admin);
  const { id } = await createContact(key);
  const made: ScoreEvent[] = [];
  for (let n = 0; n < 7; n++) {
    const what = n % 2 ? { signal_id: signal.id } : { points: n + 1 };
    const occurred_at = `2026-10-${10 + (n * 3) % 7}T12:00:00Z`;
    made.push((await report(key, id, { ...what, occurred_at })).events[0]);
  }
  const latest = made.toSorted((a, b) => b.occurred_at < a.occurred_at ? -1 : 1);
  const found: ScoreEvent[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await events(id, { limit: 3, ...(cursor ? { cursor } : {}) });
    found.push(...page.data);
    cursor = page.next_cursor;
  } while (cursor);
  assert.deepEqual(found, latest);
  const of = (await events(id, { signal_id: signal.id })).data;
  assert.deepEqual(of, latest.filter(({ signal_id }) => signal_id === signal.id));
  assertProblem(await key.get(`score-events?contact_id=${id}&cursor=x`), 400, "invalid_cursor");
  assertInvalid(await key.get("score-events"), { "/contact_id": "required" });
});
