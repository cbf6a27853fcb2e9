/** Deleting by ids and by filter: who goes, who stays, what the receipt says and what it does not. */
import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import type { Answer, Client } from "../support/http.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Contact, Data, Page } from "../support/types.ts";
import { uniquePhone, uniqueWord } from "../support/unique.ts";
import { until } from "../support/until.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import { delivered, status, text } from "../fixtures/whatsapp/delivery.ts";
import { assertAcknowledged, post } from "../webhook/hook.ts";
import { messagesOf } from "../webhook/rows.ts";
import { tell } from "../webhook/updates.ts";

interface Deletion {
  receipt_id: string;
  status: string;
  history: string;
  requested: number;
  deleted: number;
  files_left: number;
  actor: { type: string; id: string };
  requested_at: string;
  finished_at: string | null;
  not_found?: string[];
}

const workspace = await makeWorkspace();
const { key, admin, agent } = workspace;

function remove(body: unknown, by: Client = key, headers = {}): Promise<Answer<Data<Deletion>>> {
  return by.post("delete-contacts", body, headers);
}

/** Deleted, the receipt's last word with `not_found` of the answer. */
async function removed(body: unknown, by: Client = key): Promise<Deletion> {
  const answer = await remove(body, by);
  assert.ok([200, 202].includes(answer.status), answer.text);
  const { receipt_id, not_found } = answer.body.data;
  return { ...await ended(receipt_id, by), not_found };
}

/** It waits for whatever else is being written on this Postgres, other tests' work too. */
function ended(receiptId: string, by: Client): Promise<Deletion> {
  return until(async () => {
    const answer = await by.get<Data<Deletion>>(`delete-contacts?receipt_id=${receiptId}`);
    assert.equal(answer.status, answer.body.data.status === "running" ? 202 : 200, answer.text);
    return answer.body.data.status === "running" ? undefined : answer.body.data;
  });
}

async function idsOf(client: Client, query = ""): Promise<string[]> {
  const answer = await client.get<Page<Contact>>(`list-contacts?limit=200${query}`);
  return answer.body.data.map(({ id }) => id).sort();
}

Deno.test("contacts are deleted by their ids; what is nobody's, or somebody else's, is not found", async () => {
  const other = await makeWorkspace();
  const foreign = await createContact(other.key);
  const [one, two] = [await createContact(key), await createContact(key)];
  const unknown = crypto.randomUUID();
  const deletion = await removed({
    contact_ids: [one.id, unknown, foreign.id.toUpperCase(), two.id, one.id],
  });
  assert.deepEqual(deletion, {
    receipt_id: deletion.receipt_id,
    status: "completed",
    history: "keep",
    requested: 2,
    deleted: 2,
    files_left: 0,
    actor: { type: "api_key", id: key.id },
    requested_at: deletion.requested_at,
    finished_at: deletion.finished_at,
    not_found: [unknown, foreign.id],
  });
  for (const { id } of [one, two]) {
    assertProblem(await key.get(`get-contact?contact_id=${id}`), 404, "contact_not_found");
  }
  assert.deepEqual(await idsOf(other.key), [foreign.id]);
  const none = await removed({ contact_ids: [one.id] });
  assert.deepEqual([none.status, none.requested, none.deleted], ["completed", 0, 0]);
  assert.deepEqual(none.not_found, [one.id]);
});

Deno.test("an id that a contact had before a merge is the contact's", async () => {
  const [kept, other] = [await createContact(key), await createContact(key)];
  await withDatabase((sql) => sql`select private.merge_contact(${kept.id}, ${other.id})`);
  const deletion = await removed({ contact_ids: [other.id, kept.id] });
  assert.deepEqual([deletion.requested, deletion.deleted, deletion.not_found], [1, 1, []]);
  assertProblem(await key.get(`get-contact?contact_id=${kept.id}`), 404, "contact_not_found");
});

Deno.test("contacts are deleted by a filter: those that it meant when it was asked for", async () => {
  const { key } = await makeWorkspace();
  const tag = uniqueWord();
  const gone = [
    await createContact(key, { tags: [tag], value: 10 }),
    await createContact(key, { tags: [tag, "more"], value: 20 }),
  ];
  const stays = [
    await createContact(key, { tags: [tag], value: 30 }),
    await createContact(key, { tags: ["more"], value: 10 }),
    await createContact(key),
  ];
  const deletion = await removed({ filter: { tags: [tag], value_max: 20, has_email: false } }, key);
  assert.deepEqual([deletion.requested, deletion.deleted, deletion.not_found], [2, 2, []]);
  assert.deepEqual(await idsOf(key), stays.map(({ id }) => id).sort());
  assertProblem(await key.get(`get-contact?contact_id=${gone[0].id}`), 404, "contact_not_found");
});

Deno.test("contacts are deleted by a saved filter, its parameters given beside it winning", async () => {
  const { key, admin, agent } = await makeWorkspace();
  const left = await createContact(key, { status: "lost" });
  const gone = await createContact(key, { status: "lost", is_vip: true });
  const other = await createContact(key, { status: "new", is_vip: true });
  const save = async (by: Client, filter: unknown) => {
    const saved = await by.post<Data<{ id: string }>>("saved-filters", { name: "Mine", filter });
    assert.equal(saved.status, 201, saved.text);
    return saved.body.data.id;
  };
  const filter_id = await save(admin, { status: ["new"], is_vip: true });
  const both = { filter_id, filter: { status: ["lost"] } };
  for (const by of [key, (await makeWorkspace()).key]) {
    assertProblem(await remove(both, by), 404, "filter_not_found");
  }
  const theirs = { filter_id: await save(agent, { is_vip: true }) };
  assertProblem(await remove(theirs, admin), 404, "filter_not_found");
  const contact_ids = [left.id];
  assertInvalid(await remove({ ...both, contact_ids }), { "": "exclusive" });
  assertInvalid(await remove({ filter_id, contact_ids }), { "": "exclusive" });
  assert.equal((await removed(both, admin)).deleted, 1);
  assert.deepEqual(await idsOf(key), [left.id, other.id].sort());
  assertProblem(await key.get(`get-contact?contact_id=${gone.id}`), 404, "contact_not_found");
  assert.equal((await removed({ filter_id }, admin)).deleted, 1);
  assert.deepEqual(await idsOf(key), [left.id]);
});

Deno.test("every filter of list-contacts is taken, with JSON's own values, and no other", async () => {
  const { key } = await makeWorkspace();
  const kept = await createContact(key, { name: "Kept" });
  const filter = {
    search: "nobody is called that",
    status: ["new", "lost"],
    auto_status: "new",
    source: ["api"],
    channel: ["web"],
    stage: ["inquiry"],
    sale_status: ["none"],
    grade: ["A"],
    sentiment: ["neutral"],
    tags: ["a"],
    tags_all: ["b"],
    created_from: "2026-01-01",
    created_to: "2026-01-02T00:00:00+02:00",
    last_contact_from: "2026-01-01",
    last_contact_to: "2026-01-02",
    has_email: true,
    call_count_min: 1,
    call_count_max: 2,
    score_min: -1,
    score_max: 2,
    value_min: 1.5,
    value_max: 2.5,
    assigned_to: "none",
    is_vip: true,
    is_at_risk: false,
    is_mystery_shopper: false,
    is_contractor: false,
    opted_out: false,
    do_not_call: false,
  };
  assert.equal((await removed({ filter }, key)).requested, 0);
  for (const [name, value] of Object.entries(filter)) {
    await removed({ filter: { search: "nobody is called that", [name]: value } }, key);
  }
  assert.deepEqual(await idsOf(key), [kept.id]);
  const wrong: [unknown, string, string][] = [
    [{ colour: "red" }, "/filter/colour", "unknown_field"],
    [{ status: ["odd"] }, "/filter/status/0", "invalid_value"],
    [{ has_email: "perhaps" }, "/filter/has_email", "invalid_value"],
    [{ value_min: "much" }, "/filter/value_min", "invalid_type"],
    [{ limit: 1 }, "/filter/limit", "unknown_field"],
    [{}, "/filter", "required"],
    [{ search: "  " }, "/filter", "required"],
    // What cannot be seen, or no search looks for.
    ...["\u200b", "\u200f", "\u2060", "\u0301", "\u0640 \u200b"].map((
      search,
    ): [unknown, string, string] => [{ search }, "/filter", "required"]),
  ];
  for (const [given, path, code] of wrong) {
    assertInvalid(await remove({ filter: given }, key), { [path]: code });
  }
  for (
    const name of Object.keys(filter).filter((name) =>
      Array.isArray(filter[name as keyof typeof filter])
    )
  ) {
    const given = { ...filter, [name]: [] };
    assertInvalid(await remove({ filter: given }, key), { [`/filter/${name}`]: "too_few" });
  }
  assert.deepEqual(await idsOf(key), [kept.id]);
});

Deno.test("a saved filter that leaves nobody out deletes and changes nobody", async () => {
  const { id, key } = await makeWorkspace();
  const kept = await createContact(key);
  for (const stored of [{ tags_all: [] }, { search: "\u200b" }, { tags_all: [], search: " " }]) {
    const [{ id: filter_id }] = await withDatabase((sql) =>
      sql<{ id: string }[]>`
        insert into public.saved_filters (workspace_id, name, filter, shared)
        values (${id}, ${uniqueWord()}, ${sql.json(stored)}, true) returning id`
    );
    const changed = await key.post("bulk-update-contacts", { filter_id, set: { is_vip: true } });
    assertInvalid(changed, { "/filter_id": "required" });
    assertInvalid(await remove({ filter_id }, key), { "/filter_id": "required" });
    // Of what is given beside it the same is true.
    const filter = { search: "\u2060" };
    assertInvalid(await remove({ filter_id, filter }, key), { "/filter": "required" });
    assert.equal((await removed({ filter_id, filter: { is_vip: true } }, key)).requested, 0);
  }
  const listed = await key.get<Page<Contact>>("list-contacts?search=%E2%80%8B");
  assert.deepEqual(listed.body.data.map((contact) => [contact.id, contact.is_vip]), [[
    kept.id,
    false,
  ]]);
});

Deno.test("what names nobody, or too many, or both ways, is refused", async () => {
  const id = crypto.randomUUID();
  const wrong: [unknown, string, string][] = [
    [{}, "", "exclusive"],
    [{ contact_ids: [id], filter: { tags: ["a"] } }, "", "exclusive"],
    [{ contact_ids: [] }, "/contact_ids", "too_few"],
    [{ contact_ids: Array.from({ length: 1001 }, () => id) }, "/contact_ids", "too_many"],
    [{ contact_ids: ["x"] }, "/contact_ids/0", "invalid_format"],
    [{ contact_ids: [id], history: "forget" }, "/history", "invalid_value"],
    [{ contact_ids: [id], reason: "none" }, "/reason", "unknown_field"],
  ];
  for (const [body, path, code] of wrong) assertInvalid(await remove(body), { [path]: code });
});

Deno.test("agents delete nobody and read no receipt", async () => {
  const { id } = await createContact(key);
  const { receipt_id } = await removed({ contact_ids: [crypto.randomUUID()] });
  const refusals = [
    await remove({ contact_ids: [id] }, agent),
    await agent.get(`delete-contacts?receipt_id=${receipt_id}`),
  ];
  for (const answer of refusals) {
    assertProblem(answer, 403, "insufficient_role", ["required_scope"]);
  }
  assert.equal((await key.get(`get-contact?contact_id=${id}`)).status, 200);
});

Deno.test("a receipt tells who, when, how many and how, and nothing of whom", async () => {
  const contact = await createContact(key, { name: uniqueWord(), email: "a@example.com" });
  const { receipt_id } = await removed({ contact_ids: [contact.id], history: "erase" }, admin);
  const answer = await admin.get<Data<Deletion>>(`delete-contacts?receipt_id=${receipt_id}`);
  const { requested_at, finished_at, ...rest } = answer.body.data;
  assert.deepEqual(rest, {
    receipt_id,
    status: "completed",
    history: "erase",
    requested: 1,
    deleted: 1,
    files_left: 0,
    actor: { type: "member", id: admin.userId },
  });
  assert.ok(Date.parse(requested_at) <= Date.parse(finished_at!));
  const log = await admin.get<Page<{ action: string; entity_id: string; changes: unknown }>>(
    `activity?entity_id=${receipt_id}`,
  );
  assert.deepEqual(log.body.data.map(({ action, changes }) => ({ action, changes })), [
    { action: "contacts.deleted", changes: { history: "erase", requested: 1 } },
  ]);
  const rows = await withDatabase(async (sql) => [
    ...await sql`select to_jsonb(r)::text as text from public.deletion_receipts r where id = ${receipt_id}`,
    ...await sql`select to_jsonb(j)::text as text from private.batch_jobs j where id = ${receipt_id}`,
  ]);
  assert.equal(rows.length, 2);
  for (const { text } of [...rows, { text: answer.text }]) {
    for (const word of [contact.id, contact.name!, contact.phone!.slice(1), contact.email!]) {
      assert.equal(text.includes(word), false, text);
    }
  }
  const other = await makeWorkspace();
  const foreign = await other.admin.get(`delete-contacts?receipt_id=${receipt_id}`);
  assertProblem(foreign, 404, "receipt_not_found");
});

Deno.test("the workspace says what becomes of history; a request may say otherwise", async () => {
  const { id, key } = await makeWorkspace();
  const ask = async (history?: string) =>
    (await removed({ contact_ids: [(await createContact(key)).id], history }, key)).history;
  assert.deepEqual([await ask(), await ask("erase")], ["keep", "erase"]);
  await withDatabase((sql) =>
    sql`update public.workspaces set deletion_history = 'erase' where id = ${id}`
  );
  assert.deepEqual([await ask(), await ask("keep")], ["erase", "keep"]);
});

Deno.test("the same request with the same Idempotency-Key deletes once and answers the same", async () => {
  const { id } = await createContact(key);
  const headers = { "idempotency-key": crypto.randomUUID() };
  const first = await remove({ contact_ids: [id] }, key, headers);
  const again = await remove({ contact_ids: [id] }, key, headers);
  assert.equal(again.headers.get("idempotency-replayed"), "true");
  const { receipt_id } = first.body.data;
  assert.equal(again.body.data.receipt_id, receipt_id);
  assert.equal((await ended(receipt_id, key)).deleted, 1);
  const last = await remove({ contact_ids: [id] }, key, headers);
  assert.deepEqual([last.status, last.body.data.deleted], [200, 1]);
  const other = await remove({ contact_ids: [crypto.randomUUID()] }, key, headers);
  assertProblem(other, 422, "idempotency_key_reused");
});

Deno.test("counts and tags follow", async () => {
  const fresh = await makeWorkspace();
  const contacts = [];
  for (const status of ["new", "qualified", "qualified", "lost"]) {
    contacts.push(await createContact(fresh.key, { status, tags: ["counted"] }));
  }
  await removed({ filter: { status: ["qualified"] } }, fresh.key);
  const kpis = await fresh.key.get<Data<Record<string, number>>>("contact-kpis");
  const { total_contacts, qualified_leads, lost_leads } = kpis.body.data;
  assert.deepEqual([total_contacts, qualified_leads, lost_leads], [2, 0, 1]);
  const tags = await fresh.key.get<Data<unknown>>("contact-tags");
  assert.deepEqual(tags.body.data, [{ tag: "counted", count: 2 }]);
});

Deno.test("a deletion that takes longer is answered with 202, goes on, and tells how far it is", async () => {
  const fresh = await makeWorkspace();
  await manyContacts(fresh, 1200);
  const [{ id: last }] = await withDatabase((sql) =>
    sql<{ id: string }[]>`
      select id from public.contacts where workspace_id = ${fresh.id} order by id desc limit 1`
  );
  const { promise: enough, resolve: release } = Promise.withResolvers<void>();
  const { promise: held, resolve: hold } = Promise.withResolvers<void>();
  const holding = withDatabase((sql) =>
    sql.begin(async (sql) => {
      await sql`select from public.contacts where id = ${last} for update`;
      hold();
      await enough;
    })
  );
  await held;
  const asked = await remove({ filter: { tags: ["many"] } }, fresh.key);
  assert.equal(asked.status, 202, asked.text);
  const { receipt_id, requested, status, deleted } = asked.body.data;
  assert.deepEqual([requested, status], [1200, "running"]);
  assert.ok(deleted > 0 && deleted < 1200, `${deleted}`);
  // Who comes in later is not meant.
  const later = await createContact(fresh.key, { tags: ["many"] });
  release();
  await holding;
  const end = await ended(receipt_id, fresh.key);
  assert.deepEqual([end.status, end.deleted], ["completed", 1200]);
  assert.deepEqual(await idsOf(fresh.key), [later.id]);
});

async function manyContacts({ id }: Workspace, count: number): Promise<void> {
  await withDatabase((sql) =>
    sql`
      insert into public.contacts (workspace_id, name, tags)
      select ${id}, 'Many ' || n, '{many}' from generate_series(1, ${count}::int) n`
  );
}

Deno.test("who had opted out is opted out again when somebody enters the number anew, in any variant", async () => {
  const fresh = await makeWorkspace();
  const phone = `+5511${uniquePhone().slice(-8).replace(/^./, "9")}`;
  const nine = phone.replace("+5511", "+55119");
  const { id } = await createContact(fresh.key, { phone: nine, opted_out: true });
  const calm = await createContact(fresh.key);
  const quiet = await createContact(fresh.key, { do_not_call: true });
  await removed({ contact_ids: [id, calm.id, quiet.id], history: "erase" }, fresh.key);
  const flags = ({ opted_out, do_not_call, tags }: Contact) => [opted_out, do_not_call, tags];
  const again = await createContact(fresh.key, { phone });
  assert.deepEqual(flags(again), [true, false, ["opt-out"]]);
  assert.deepEqual(flags(await createContact(fresh.key, { phone: calm.phone })), [
    false,
    false,
    [],
  ]);
  // Nor by giving the number to a contact that is there.
  const answer = await fresh.key.post<Data<Contact>>("update-contact", {
    contact_id: (await createContact(fresh.key)).id,
    phone: quiet.phone,
  });
  assert.deepEqual(flags(answer.body.data), [false, true, ["Do Not Call"]]);
  // Another workspace was never asked to stop.
  const other = await makeWorkspace();
  assert.deepEqual(flags(await createContact(other.key, { phone })), [false, false, []]);
});

Deno.test("a contact with the business's own number takes nothing of others along", async () => {
  const place = await makeWorkspace();
  const [{ display_phone_number: ours }] = await withDatabase((sql) =>
    sql<{ display_phone_number: string }[]>`
      select display_phone_number from public.whatsapp_numbers where phone_number_id = ${place.phoneNumberId}`
  );
  const { id } = await createContact(place.key, { phone: `+${ours}` });
  const other = uniquePhone().slice(1);
  const [written, echoed] = [text(other, "Hi"), { ...text(ours, "Hello"), to: other }];
  // What we wrote is told of before it is heard of.
  const statuses = [status(echoed.id, "delivered", 5, { recipient_id: other })];
  await tell(place, { messages: [written] });
  await tell(place, { statuses });
  await removed({ contact_ids: [id], history: "erase" }, place.key);
  await tell(place, { message_echoes: [echoed] }, "smb_message_echoes");
  await removed({
    contact_ids: [(await createContact(place.key, { phone: `+${ours}` })).id],
    history: "erase",
  }, place.key);
  const bodies = await withDatabase((sql) =>
    sql<{ body: string }[]>`
      select body from private.webhook_deliveries where strpos(body, ${place.phoneNumberId}) > 0`
  );
  const raw = bodies.map(({ body }) => body).join();
  for (const item of [written, echoed, ...statuses]) {
    assert.ok(raw.includes(JSON.stringify(item)), raw);
  }
  const messages = await messagesOf(place.phoneNumberId);
  const echo = messages.find(({ wa_message_id }) => wa_message_id === echoed.id);
  assert.equal(echo?.status, "delivered");
});

for (const history of ["erase", "keep"]) {
  Deno.test(`whose messages nest deeper than any stack is deleted, too (${history})`, async () => {
    const place = await makeWorkspace();
    const [from, other] = [uniquePhone().slice(1), uniquePhone().slice(1)];
    const messages = [from, other].map((waId) => ({ ...text(waId, "Hi"), deep: "PLACE" }));
    const deep = `${'{"a":['.repeat(2000)}1${"]}".repeat(2000)}`;
    const delivery = JSON.stringify(delivered(place.phoneNumberId, { messages }));
    assertAcknowledged(await post(delivery.replaceAll('"PLACE"', deep)));
    const ids = await idsOf(place.key, `&search=${from}`);
    assert.equal(ids.length, 1);
    const { status } = await removed({ contact_ids: ids, history }, place.key);
    assert.equal(status, "completed");
    const bodies = await withDatabase((sql) =>
      sql`select from private.webhook_deliveries where strpos(body, ${from}) > 0`
    );
    assert.equal(bodies.length, 0);
  });
}

Deno.test("a member cannot delete a contact's row past all this", async () => {
  const { id } = await createContact(key);
  await withDatabase((sql) =>
    assert.rejects(
      sql.begin(async (sql) => {
        const claims = JSON.stringify({ role: "authenticated", sub: admin.userId });
        await sql`select set_config('request.jwt.claims', ${claims}, true), set_config('role', 'authenticated', true)`;
        await sql`delete from public.contacts where id = ${id}`;
      }),
      { code: "42501" },
    )
  );
});
