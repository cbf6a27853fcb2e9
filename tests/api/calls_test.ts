import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { query } from "../support/http.ts";
import { reportCall } from "../support/meetings.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Call, Contact, Data, Handoff, Page } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";

const { key } = await makeWorkspace({ country: "CA" });

const contactOf = async (id: string) =>
  (await key.get<Data<Contact>>(`get-contact?contact_id=${id}`)).body.data;

Deno.test("a reported call is the contact's, with what follows from its duration", async () => {
  const contact = await createContact(key);
  const opened = await key.post<Data<Handoff>>("handoff", { contact_id: contact.id });
  const conversation_id = opened.body.data.conversation!.id;
  const answer = await key.post<Data<Call>>("calls", {
    contact_id: contact.id,
    conversation_id,
    direction: "outbound",
    started_at: "2026-11-01T09:30:00Z",
    duration_seconds: 125,
    recording_url: "https://calls.example/1.mp3",
    summary: "Asked for the delivery date.",
  });
  assert.equal(answer.status, 201, answer.text);
  const { id, created_at: _, ...rest } = answer.body.data;
  assert.equal(answer.headers.get("location"), `/functions/v1/calls/${id}`);
  assert.deepEqual(rest, {
    contact_id: contact.id,
    conversation_id,
    channel: "phone",
    direction: "outbound",
    status: "completed",
    started_at: "2026-11-01T09:30:00+00:00",
    accepted_at: null,
    ended_at: "2026-11-01T09:32:05+00:00",
    duration_seconds: 125,
    recording_url: "https://calls.example/1.mp3",
    summary: "Asked for the delivery date.",
  });
  assert.deepEqual((await key.get<Data<Call>>(`calls/${id}`)).body, answer.body);
  const { call_count, last_contact_at } = await contactOf(contact.id);
  assert.deepEqual([call_count, last_contact_at], [1, "2026-11-01T09:30:00+00:00"]);
});

Deno.test("a call is reported by number, in any notation, and counts", async () => {
  const contact = await createContact(key, { phone: "+16045550188" });
  const answer = await key.post<Data<Call>>("calls", {
    phone: "(604) 555-0188",
    direction: "inbound",
    status: "rejected",
    channel: "sip",
  });
  assert.equal(answer.status, 201, answer.text);
  const { contact_id, status, channel, started_at, ended_at } = answer.body.data;
  assert.deepEqual([contact_id, status, channel, ended_at], [
    contact.id,
    "rejected",
    "sip",
    null,
  ]);
  assert.equal(Math.abs(Date.parse(started_at) - Date.now()) < 60_000, true);
  await reportCall(key, { contact_id: contact.id });
  assert.equal((await contactOf(contact.id)).call_count, 2);
});

Deno.test("a report sent twice with one Idempotency-Key counts once", async () => {
  const { id } = await createContact(key);
  const headers = { "idempotency-key": crypto.randomUUID() };
  const body = { contact_id: id, direction: "inbound" };
  const [first, second] = [
    await key.post<Data<Call>>("calls", body, headers),
    await key.post<Data<Call>>("calls", body, headers),
  ];
  assert.deepEqual(first.body, second.body);
  assert.equal((await contactOf(id)).call_count, 1);
});

Deno.test("calls are filtered and paged, newest first", async () => {
  const { key } = await makeWorkspace();
  const contact = await createContact(key);
  for (let n = 0; n < 7; n++) {
    await reportCall(key, {
      ...(n % 3 === 0 ? { contact_id: contact.id } : {}),
      direction: n % 2 === 0 ? "inbound" : "outbound",
      status: n === 4 ? "failed" : "completed",
      channel: n < 2 ? "sip" : "phone",
      started_at: `2026-10-0${1 + Math.floor(n / 2)}T10:00:00Z`,
      summary: String(n),
    });
  }
  const found = async (parameters: Record<string, string>) => {
    const summaries: string[] = [];
    let cursor: string | undefined;
    do {
      const answer = await key.get<Page<Call>>(
        `calls${query({ ...parameters, limit: 2, cursor })}`,
      );
      assert.equal(answer.status, 200, answer.text);
      summaries.push(...answer.body.data.map(({ summary }) => summary!));
      cursor = answer.body.next_cursor ?? undefined;
    } while (cursor);
    return summaries.join("");
  };
  assert.equal(await found({}), "6543210");
  assert.equal(await found({ contact_id: contact.id }), "630");
  assert.equal(await found({ direction: "outbound" }), "531");
  assert.equal(await found({ status: "failed,rejected" }), "4");
  assert.equal(await found({ channel: "sip" }), "10");
  assert.equal(await found({ started_from: "2026-10-02", started_to: "2026-10-03" }), "5432");
  assert.equal(await found({ conversation_id: crypto.randomUUID() }), "");
});

Deno.test("what is wrong with a call is 422 or 404", async () => {
  const other = await makeWorkspace();
  const { id: contact_id } = await createContact(key);
  const foreign = await reportCall(other.key);
  const good = { contact_id, direction: "inbound" };
  assertInvalid(
    await key.post("calls", {
      contact_id,
      status: "busy",
      channel: "Land line",
      started_at: "2126-01-01T00:00:00Z",
      duration_seconds: -1,
      recording_url: "ftp://x.example/1",
      id: 1,
    }),
    {
      "/direction": "required",
      "/status": "invalid_value",
      "/channel": "invalid_format",
      "/started_at": "in_the_future",
      "/duration_seconds": "too_small",
      "/recording_url": "invalid_format",
      "/id": "unknown_field",
    },
  );
  assertInvalid(await key.post("calls", { direction: "inbound" }), { "": "exclusive" });
  const times = { started_at: "2026-10-02T00:00:00Z", ended_at: "2026-10-01T00:00:00Z" };
  assertInvalid(await key.post("calls", { ...good, ...times }), { "/ended_at": "contradictory" });
  assertProblem(
    await key.post("calls", { ...good, contact_id: foreign.contact_id }),
    404,
    "contact_not_found",
  );
  assertProblem(
    await key.post("calls", { phone: "+16045550999", direction: "inbound" }),
    404,
    "contact_not_found",
  );
  const opened = await key.post<Data<Handoff>>("handoff", {
    contact_id: (await createContact(key)).id,
  });
  const conversation_id = opened.body.data.conversation!.id;
  assertProblem(
    await key.post("calls", { ...good, conversation_id }),
    404,
    "conversation_not_found",
  );
  assertProblem(await key.get(`calls/${foreign.id}`), 404, "call_not_found");
});
