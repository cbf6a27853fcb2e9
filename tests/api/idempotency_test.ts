import assert from "node:assert/strict";
import { createContact, updateContact } from "../support/contacts.ts";
import { type Sql, withDatabase } from "../support/database.ts";
import { type Answer, client } from "../support/http.ts";
import { OPERATIONS } from "../support/operations.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { ApiKey, Contact, Data, Note, Page } from "../support/types.ts";
import { uniquePhone } from "../support/unique.ts";
import { makeKey, makeWorkspace } from "../support/workspace.ts";

const workspace = await makeWorkspace();
const { key, admin } = workspace;

const idempotent = (name: string = crypto.randomUUID()) => ({ "idempotency-key": name });

/** What a replay has to have in common with the first answer. */
function substance({ status, text, headers }: Answer<unknown>) {
  const kept = ["content-type", "etag", "location"].map((name) => headers.get(name));
  return { status, text, kept };
}

function assertReplayed(replay: Answer<unknown>, first: Answer<unknown>): void {
  assert.equal(first.headers.get("idempotency-replayed"), null);
  assert.equal(replay.headers.get("idempotency-replayed"), "true");
  assert.deepEqual(substance(replay), substance(first));
}

const writes = Object.entries(OPERATIONS).filter(([name]) => !name.startsWith("GET "));

for (const [name, { example, status, required }] of writes) {
  Deno.test(`${name} sent twice with one key is done once and answered the same`, async () => {
    const caller = required === "admin" ? admin : key;
    const { method, path, body } = await example(workspace, caller);
    const headers = idempotent();
    const first = await caller.call(method, path, { body, headers });
    assert.equal(first.status, status, first.text);
    for (let n = 0; n < 2; n++) {
      assertReplayed(await caller.call(method, path, { body, headers }), first);
    }
  });
}

Deno.test("a replay changes nothing again", async () => {
  const { id } = await createContact(key, { name: "A" });
  const headers = idempotent();
  const toB = { contact_id: id, name: "B" };
  const first = await key.post<Data<Contact>>("update-contact", toB, headers);
  await updateContact(key, id, { name: "C" });
  assertReplayed(await key.post("update-contact", toB, headers), first);
  const now = await key.get<Data<Contact>>(`get-contact?contact_id=${id}`);
  assert.equal(now.body.data.name, "C");
});

Deno.test("a request for another version is another request", async () => {
  const { id } = await createContact(key);
  const body = { contact_id: id, name: "B" };
  const headers = idempotent();
  const stale = await key.post("update-contact", body, { ...headers, "if-match": '"99"' });
  assertProblem(stale, 412, "precondition_failed", ["etag"]);
  const now = await key.get(`get-contact?contact_id=${id}`);
  const fresh = { "if-match": now.headers.get("etag")! };
  assertProblem(
    await key.post("update-contact", body, { ...headers, ...fresh }),
    422,
    "idempotency_key_reused",
  );
  const anew = await key.post<Data<Contact>>("update-contact", body, { ...idempotent(), ...fresh });
  assert.equal(anew.body.data.name, "B", anew.text);
});

Deno.test("a note written with a key is written once", async () => {
  const { id } = await createContact(key);
  const body = { content: "Once", entity_type: "lead", entity_id: id };
  const headers = idempotent();
  for (let n = 0; n < 3; n++) await key.post("internal-notes", body, headers);
  const notes = await key.get<Page<Note>>(`internal-notes?entity_type=lead&entity_id=${id}`);
  assert.equal(notes.body.data.length, 1);
});

Deno.test("an API key made twice with one Idempotency-Key is one key, shown again", async () => {
  const body = { name: "Retry", scopes: ["contacts:read"] };
  const headers = idempotent();
  type Made = Data<ApiKey & { key: string }>;
  const first = await admin.post<Made>("api-keys", body, headers);
  const replay = await admin.post<Made>("api-keys", body, headers);
  assertReplayed(replay, first);
  assert.match(replay.body.data.key, /^lb_[A-Za-z0-9_-]{43}$/);
  assert.equal((await client(replay.body.data.key).get("contact-tags")).status, 200);
  // What is kept for the replay holds nothing that could be read without the Idempotency-Key.
  const stored = await withDatabase((sql) =>
    sql<{ answer: Uint8Array }[]>`
      select answer from private.idempotency_keys where created_at > now() - interval '1 minute'`
  );
  const texts = stored.map(({ answer }) => new TextDecoder("latin1").decode(answer));
  assert.equal(texts.some((text) => text.includes(replay.body.data.key)), false);
});

Deno.test("the same key with another request is 422 idempotency_key_reused", async () => {
  const body = { phone: uniquePhone(), name: "A" };
  const headers = idempotent();
  const first = await key.post("create-contact", body, headers);
  assert.equal(first.status, 201, first.text);
  const { id } = await createContact(key);
  const others: [path: string, body: unknown][] = [
    ["create-contact", { ...body, name: "B" }],
    ["create-contact?on_conflict=update", body],
    ["update-contact", { contact_id: id, name: "A" }],
  ];
  for (const [path, other] of others) {
    assertProblem(await key.post(path, other, headers), 422, "idempotency_key_reused");
  }
  const deletion = await key.delete(`internal-notes/${crypto.randomUUID()}`, headers);
  assertProblem(deletion, 422, "idempotency_key_reused");
  assertReplayed(await key.post("create-contact", body, headers), first);
});

Deno.test("ten at once with one key make one contact; each gets that answer or 409", async () => {
  for (let round = 0; round < 3; round++) {
    const body = { phone: uniquePhone(), name: "Race" };
    const headers = idempotent();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => key.post<Data<Contact>>("create-contact", body, headers)),
    );
    const made = answers.filter(({ status }) => status === 201);
    assert.equal(made.length >= 1, true);
    assert.equal(new Set(made.map(({ text }) => text)).size, 1);
    const firsts = made.filter(({ headers }) => !headers.has("idempotency-replayed"));
    assert.equal(firsts.length, 1);
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      assertProblem(answer, 409, "idempotency_in_progress");
    }
    assertReplayed(await key.post("create-contact", body, headers), firsts[0]);
  }
});

/** Waits until somebody waits for that transaction to end. */
async function untilWaitedFor(sql: Sql, xid: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const [{ waited }] = await sql`
      select exists (
        select from pg_locks
        where locktype = 'transactionid' and transactionid::text = ${xid} and not granted) as waited`;
    if (waited) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("nobody waits");
}

Deno.test("while the first is running, another is 409 idempotency_in_progress", async () => {
  const body = { phone: uniquePhone() };
  const headers = idempotent();
  await withDatabase(async (sql) => {
    // An insert that is not committed yet holds back whoever inserts the same number.
    const holding = Promise.withResolvers<string>();
    const release = Promise.withResolvers<void>();
    const transaction = sql.begin(async (transaction) => {
      const [{ xid }] = await transaction`
        insert into public.contacts (workspace_id, phone) values (${workspace.id}, ${body.phone})
        returning pg_current_xact_id()::xid::text as xid`;
      holding.resolve(xid);
      await release.promise;
      throw new Error("undo");
    });
    const undone = assert.rejects(transaction, /undo/);
    const xid = await holding.promise;
    const first = key.post<Data<Contact>>("create-contact", body, headers);
    let second: Answer<unknown>;
    try {
      await untilWaitedFor(sql, xid);
      second = await key.post("create-contact", body, headers);
    } finally {
      release.resolve();
      await undone;
    }
    const answer = await first;
    assertProblem(second, 409, "idempotency_in_progress");
    assert.equal(answer.status, 201, answer.text);
    assertReplayed(await key.post("create-contact", body, headers), answer);
  }, 2);
});

Deno.test("refusals are kept too: the same answer, whatever has changed since", async () => {
  const existing = await createContact(key);
  const taken = { phone: existing.phone };
  const headers = idempotent();
  const first = await key.post("create-contact", taken, headers);
  assertProblem(first, 409, "contact_exists", ["contact_id"]);
  await updateContact(key, existing.id, { phone: null });
  const replay = await key.post("create-contact", taken, headers);
  const problem = assertProblem(replay, 409, "contact_exists", ["contact_id"]);
  assert.equal(problem.contact_id, existing.id);
  assert.equal(replay.headers.get("idempotency-replayed"), "true");

  const nobody = { contact_id: crypto.randomUUID(), name: "N" };
  const lost = idempotent();
  for (const replayed of [null, "true"]) {
    const answer = await key.post("update-contact", nobody, lost);
    assertProblem(answer, 404, "contact_not_found");
    assert.equal(answer.headers.get("idempotency-replayed"), replayed);
  }

  const stranger = { phone: uniquePhone(), assigned_to: crypto.randomUUID() };
  const refused = idempotent();
  for (const replayed of [null, "true"]) {
    const answer = await key.post("create-contact", stranger, refused);
    assertInvalid(answer, { "/assigned_to": "not_a_member" });
    assert.equal(answer.headers.get("idempotency-replayed"), replayed);
  }
});

Deno.test("a refused write with a key leaves nothing half done", async () => {
  const { id, version } = await createContact(key, { name: "A" }).then(async ({ id }) => {
    const answer = await key.get(`get-contact?contact_id=${id}`);
    return { id, version: answer.headers.get("etag") };
  });
  const change = { contact_id: id, name: "B", stage: "haggling" };
  const answer = await key.post("update-contact", change, idempotent());
  assertInvalid(answer, { "/stage": "unknown_stage" });
  const now = await key.get<Data<Contact>>(`get-contact?contact_id=${id}`);
  assert.deepEqual([now.body.data.name, now.headers.get("etag")], ["A", version]);
});

Deno.test("what was not understood is not kept: mended, it works with the same key", async () => {
  const headers = idempotent();
  const phone = uniquePhone();
  const broken = await key.call("POST", "create-contact", { raw: "{", headers });
  assertProblem(broken, 400, "malformed_json");
  assertInvalid(await key.post("create-contact", { phone, nick: 1 }, headers), {
    "/nick": "unknown_field",
  });
  const unauthorized = await client("garbage").post("create-contact", { phone }, headers);
  assertProblem(unauthorized, 401, "invalid_credentials");
  assert.equal((await key.post("create-contact", { phone }, headers)).status, 201);
});

Deno.test("a key belongs to who sends it", async () => {
  const { token } = await withDatabase((sql) => makeKey(sql, workspace.id));
  const headers = idempotent();
  const answers = [
    await key.post<Data<Contact>>("create-contact", { phone: uniquePhone() }, headers),
    await client(token).post<Data<Contact>>("create-contact", { phone: uniquePhone() }, headers),
    await admin.post<Data<Contact>>("create-contact", { phone: uniquePhone() }, headers),
  ];
  assert.deepEqual(answers.map(({ status }) => status), [201, 201, 201]);
  assert.equal(new Set(answers.map(({ body }) => body.data.id)).size, 3);
});

Deno.test("a credential that was revoked gets no replay", async () => {
  const { token, id } = await withDatabase((sql) => makeKey(sql, workspace.id));
  const body = { phone: uniquePhone() };
  const headers = idempotent();
  assert.equal((await client(token).post("create-contact", body, headers)).status, 201);
  assert.equal((await admin.delete(`api-keys/${id}`)).status, 204);
  const answer = await client(token).post("create-contact", body, headers);
  assertProblem(answer, 401, "invalid_credentials");
});

Deno.test("after a day a key may be used anew", async () => {
  const headers = idempotent();
  const body = { phone: uniquePhone(), name: "Yesterday" };
  assert.equal((await key.post("create-contact", body, headers)).status, 201);
  const today = { phone: uniquePhone(), name: "Today" };
  assertProblem(await key.post("create-contact", today, headers), 422, "idempotency_key_reused");
  await withDatabase((sql) =>
    sql`
      update private.idempotency_keys set created_at = now() - interval '24 hours 1 second'
      where principal_id = ${`key:${key.id}`}`
  );
  const answer = await key.post<Data<Contact>>("create-contact", today, headers);
  assert.equal(answer.status, 201, answer.text);
  assert.equal(answer.body.data.name, "Today");
  assertReplayed(await key.post("create-contact", today, headers), answer);
});

Deno.test("a key is 1 to 255 visible ASCII characters", async () => {
  for (const name of ["k", "~".repeat(255)]) {
    const headers = idempotent(name + crypto.randomUUID().slice(0, 255 - name.length));
    const answer = await key.post("create-contact", { phone: uniquePhone() }, headers);
    assert.equal(answer.status, 201, answer.text);
  }
  for (const name of ["", "a b", "k".repeat(256), "clé"]) {
    const answer = await key.post("create-contact", { phone: uniquePhone() }, idempotent(name));
    assertProblem(answer, 422, "invalid_header");
  }
});

Deno.test("reading takes no key", async () => {
  const headers = idempotent();
  for (let n = 0; n < 2; n++) {
    const answer = await key.get("contact-tags", headers);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("idempotency-replayed"), null);
  }
});
