import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import { type Client, client, request } from "../support/http.ts";
import { assertProblem } from "../support/problem.ts";
import type { ApiKey, Page } from "../support/types.ts";
import { makeKey, makeWorkspace } from "../support/workspace.ts";

const workspace = await makeWorkspace();

async function limited(rateLimit: number): Promise<Client & { id: string }> {
  const key = await withDatabase((sql) => makeKey(sql, workspace.id, { rateLimit }));
  return { ...client(key.token), id: key.id };
}

/** Counts are by the minute: a test that begins at its end would see two of them. */
async function awayFromMinutesEnd(): Promise<void> {
  const left = 60_000 - Date.now() % 60_000;
  if (left < 5000) await new Promise((resolve) => setTimeout(resolve, left + 50));
}

const LIMIT = /^"default";r=(\d+);t=(\d+)$/;

function remaining(headers: Headers): number {
  const [, left, seconds] = LIMIT.exec(headers.get("ratelimit") ?? "")!.map(Number);
  assert.equal(seconds >= 1 && seconds <= 60, true);
  return left;
}

Deno.test("three calls a minute are three calls, then 429 with Retry-After", async () => {
  await awayFromMinutesEnd();
  const key = await limited(3);
  for (const left of [2, 1, 0]) {
    const answer = await key.get("contact-tags");
    assert.equal(answer.status, 200, answer.text);
    assert.equal(remaining(answer.headers), left);
    assert.equal(answer.headers.get("ratelimit-policy"), '"default";q=3;w=60');
  }
  for (const path of ["contact-tags", "list-contacts", "get-contact"]) {
    const answer = await key.get(path);
    assertProblem(answer, 429, "rate_limited");
    assert.equal(remaining(answer.headers), 0);
    assert.equal(answer.headers.get("ratelimit-policy"), '"default";q=3;w=60');
    const wait = Number(answer.headers.get("retry-after"));
    assert.equal(Number.isInteger(wait) && wait >= 1 && wait <= 60, true);
  }
});

Deno.test("refusals count like other calls", async () => {
  await awayFromMinutesEnd();
  const key = await limited(4);
  const unknown = `get-contact?contact_id=${crypto.randomUUID()}`;
  assertProblem(await key.get(unknown), 404, "contact_not_found");
  assert.equal((await key.get("contact-tags")).status, 200);
  assertProblem(await key.get("list-contacts?foo=1"), 422, "validation_failed");
  assertProblem(await key.get(unknown), 404, "contact_not_found");
  assertProblem(await key.get(unknown), 429, "rate_limited");
});

Deno.test("a key that is only ever refused is limited too", async () => {
  await awayFromMinutesEnd();
  const key = await limited(3);
  const unknown = `get-contact?contact_id=${crypto.randomUUID()}`;
  for (const left of [2, 1, 0]) {
    const answer = await key.get(unknown);
    assertProblem(answer, 404, "contact_not_found");
    assert.equal(remaining(answer.headers), left);
  }
  assertProblem(await key.get(unknown), 429, "rate_limited");
});

Deno.test("a limited key's write over the limit writes nothing", async () => {
  await awayFromMinutesEnd();
  const key = await limited(1);
  const { phone } = await createContact(key);
  assertProblem(await key.post("create-contact", { phone: "+16045550199" }), 429, "rate_limited");
  const list = await workspace.key.get<Page<{ phone: string }>>("list-contacts?limit=200");
  const phones = list.body.data.map((contact) => contact.phone);
  assert.deepEqual([phones.includes(phone!), phones.includes("+16045550199")], [true, false]);
});

Deno.test("each key has its own minute", async () => {
  await awayFromMinutesEnd();
  const [one, other] = [await limited(1), await limited(1)];
  assert.equal((await one.get("contact-tags")).status, 200);
  assertProblem(await one.get("contact-tags"), 429, "rate_limited");
  assert.equal((await other.get("contact-tags")).status, 200);
});

Deno.test("a key has 6,000 calls a minute unless it says otherwise, a member too", async () => {
  const body = { name: "Default", scopes: ["contacts:read"] };
  const made = await workspace.admin.post<{ data: ApiKey & { key: string } }>("api-keys", body);
  assert.equal(made.body.data.rate_limit, 6000);
  for (const caller of [client(made.body.data.key), workspace.agent]) {
    const answer = await caller.get("contact-tags");
    assert.equal(answer.headers.get("ratelimit-policy"), '"default";q=6000;w=60');
  }
});

Deno.test("the counts are shared through the database, and stamp the key", async () => {
  await awayFromMinutesEnd();
  const key = await limited(50);
  for (let n = 0; n < 5; n++) await key.get("contact-tags");
  const stored = await withDatabase(async (sql) => {
    for (let attempt = 0; attempt < 50; attempt++) {
      const [row] = await sql<{ calls: number; used: boolean }[]>`
        select coalesce(sum(r.calls), 0)::int as calls, k.last_used_at is not null as used
        from public.api_keys k left join private.rate_limits r on r.principal_id = 'key:' || k.id
        where k.id = ${key.id} group by k.id`;
      if (row.calls === 5) return row;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
  assert.deepEqual({ ...stored }, { calls: 5, used: true });
});

Deno.test("calls of other processes count", async () => {
  await awayFromMinutesEnd();
  const key = await limited(1000);
  assert.equal(remaining((await key.get("contact-tags")).headers), 999);
  const minute = Math.floor(Date.now() / 60_000);
  const elsewhere = [{ principal_id: `key:${key.id}`, window: minute, count: 990 }];
  await withDatabase((sql) => sql`select private.sync_rate_limits(${sql.json(elsewhere)})`);
  // The processes tell each other every second; these calls alone would leave 950.
  const statuses: number[] = [];
  while (statuses.length < 50 && statuses.at(-1) !== 429) {
    statuses.push((await key.get("contact-tags")).status);
    await new Promise((resolve) => setTimeout(resolve, 80));
  }
  assert.equal(statuses.at(-1), 429);
});

Deno.test("the webhook, the description and health have no limit", async () => {
  for (const path of ["openapi", "health", "whatsapp-webhook"]) {
    const { headers } = await request("GET", path);
    assert.equal(headers.get("ratelimit"), null);
    assert.equal(headers.get("ratelimit-policy"), null);
  }
});
