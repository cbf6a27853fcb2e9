import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import { client } from "../support/http.ts";
import { SCOPES } from "../support/operations.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { ApiKey, Contact, Data, Page } from "../support/types.ts";
import { makeMember, makeWorkspace } from "../support/workspace.ts";

const workspace = await makeWorkspace();
const { admin, agent } = workspace;

type NewKey = ApiKey & { key: string };

async function makeApiKey(body: Record<string, unknown> = {}): Promise<NewKey> {
  const answer = await admin.post<Data<NewKey>>("api-keys", {
    name: "Website form",
    scopes: ["contacts:read"],
    ...body,
  });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.data;
}

async function listed(): Promise<ApiKey[]> {
  const answer = await admin.get<Page<ApiKey>>("api-keys");
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.next_cursor, null);
  return answer.body.data;
}

Deno.test("a new key is answered whole, with the key itself: 201", async () => {
  const { id, key, created_at, ...rest } = await makeApiKey({
    scopes: ["notes:read", "contacts:read", "notes:read"],
  });
  assert.match(key, /^lb_[A-Za-z0-9_-]{43}$/);
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.equal(Math.abs(Date.parse(created_at) - Date.now()) < 60_000, true);
  assert.deepEqual(rest, {
    name: "Website form",
    prefix: key.slice(0, 11),
    scopes: ["contacts:read", "notes:read"],
    rate_limit: 6000,
    created_by: admin.userId,
    expires_at: null,
    last_used_at: null,
  });
});

Deno.test("a key works at once, and is refused at once after its deletion", async () => {
  const { id, key } = await makeApiKey();
  assert.equal((await client(key).get("list-contacts")).status, 200);
  const answer = await admin.delete(`api-keys/${id}`);
  assert.deepEqual([answer.status, answer.text], [204, ""]);
  assertProblem(await client(key).get("list-contacts"), 401, "invalid_credentials");
  assertProblem(await admin.delete(`api-keys/${id}`), 404, "api_key_not_found");
});

Deno.test("the key is shown once: no list, no log, no table has it", async () => {
  const { id, key } = await makeApiKey();
  const found = (await listed()).find((listed) => listed.id === id)!;
  assert.deepEqual(Object.keys(found), [
    "id",
    "name",
    "prefix",
    "scopes",
    "rate_limit",
    "created_by",
    "expires_at",
    "last_used_at",
    "created_at",
  ]);
  assert.equal(JSON.stringify(await listed()).includes(key), false);
  const rows = await withDatabase((sql) =>
    sql<{ row: string; is_hash: boolean }[]>`
      select k::text as row, k.key_hash = sha256(convert_to(${key}, 'UTF8')) as is_hash
      from public.api_keys k where k.id = ${id}`
  );
  assert.equal(rows[0].row.includes(key), false);
  assert.equal(rows[0].is_hash, true);
});

Deno.test("keys are listed newest first, deleted ones are not", async () => {
  const { admin, key: first } = await makeWorkspace();
  const made: string[] = [];
  for (const name of ["one", "two", "three"]) {
    const body = { name, scopes: ["*"] };
    made.push((await admin.post<Data<NewKey>>("api-keys", body)).body.data.id);
  }
  await admin.delete(`api-keys/${made[1]}`);
  const answer = await admin.get<Page<ApiKey>>("api-keys");
  assert.deepEqual(answer.body.data.map(({ id }) => id), [made[2], made[0], first.id]);
});

Deno.test("a key has the scopes that it was given and no others", async () => {
  const reader = client((await makeApiKey({ scopes: ["contacts:read"] })).key);
  assert.equal((await reader.get("list-contacts")).status, 200);
  const writes = await reader.post("create-contact", { phone: "+16045550100" });
  const problem = assertProblem(writes, 403, "insufficient_scope", ["required_scope"]);
  assert.equal(problem.required_scope, "contacts:write");
  const all = client((await makeApiKey({ scopes: ["*"] })).key);
  await createContact(all);
  assertProblem(await all.get("api-keys"), 403, "insufficient_role");
});

Deno.test("every scope of the contract can be given", async () => {
  const { scopes } = await makeApiKey({ scopes: SCOPES });
  assert.deepEqual(scopes, SCOPES.toSorted());
});

Deno.test("a key expires when it says so", async () => {
  const expires_at = new Date(Date.now() + 1500).toISOString();
  const made = await makeApiKey({ expires_at });
  assert.equal(Date.parse(made.expires_at!), Date.parse(expires_at));
  assert.equal((await client(made.key).get("list-contacts")).status, 200);
  await new Promise((resolve) => setTimeout(resolve, Date.parse(expires_at) - Date.now() + 50));
  assertProblem(await client(made.key).get("list-contacts"), 401, "invalid_credentials");
});

Deno.test("an end in the past is 422", async () => {
  for (const expires_at of [new Date(Date.now() - 1000).toISOString(), "2020-01-01T00:00:00Z"]) {
    const answer = await admin.post("api-keys", { name: "Late", scopes: ["*"], expires_at });
    assertInvalid(answer, { "/expires_at": "in_the_past" });
  }
});

Deno.test("an end may come with an offset, and may be null", async () => {
  const made = await makeApiKey({ expires_at: "2100-01-01T02:00:00+02:00" });
  assert.equal(made.expires_at, "2100-01-01T00:00:00+00:00");
  assert.equal((await makeApiKey({ expires_at: null })).expires_at, null);
});

const INVALID: [body: Record<string, unknown>, findings: Record<string, string>][] = [
  [{}, { "/name": "required", "/scopes": "required" }],
  [{ name: "", scopes: ["*"] }, { "/name": "too_short" }],
  [{ name: "n".repeat(201), scopes: ["*"] }, { "/name": "too_long" }],
  [{ name: "N", scopes: [] }, { "/scopes": "too_few" }],
  [{ name: "N", scopes: ["contacts:own"] }, { "/scopes/0": "invalid_value" }],
  [{ name: "N", scopes: ["admin"] }, { "/scopes/0": "invalid_value" }],
  [{ name: "N", scopes: "*" }, { "/scopes": "invalid_type" }],
  [{ name: "N", scopes: ["*"], expires_at: "tomorrow" }, { "/expires_at": "invalid_format" }],
  [{ name: "N", scopes: ["*"], rate_limit: 9 }, { "/rate_limit": "unknown_field" }],
  [{ name: "N", scopes: ["*"], key: "lb_mine" }, { "/key": "unknown_field" }],
];

for (const [body, findings] of INVALID) {
  Deno.test(`a key of ${JSON.stringify(body).slice(0, 60)} is 422`, async () => {
    assertInvalid(await admin.post("api-keys", body), findings);
  });
}

Deno.test("keys are an owner's and an admin's affair", async () => {
  const owner = await withDatabase((sql) => makeMember(sql, workspace.id, "owner", "boss"));
  const body = { name: "Owner's", scopes: ["*"] };
  assert.equal((await owner.post("api-keys", body)).status, 201);
  const refused = [
    await agent.get("api-keys"),
    await agent.post("api-keys", body),
    await agent.delete(`api-keys/${workspace.key.id}`),
  ];
  for (const answer of refused) {
    assertProblem(answer, 403, "insufficient_role", ["required_scope"]);
  }
});

Deno.test("what a deleted key has made stays", async () => {
  const { id, key } = await makeApiKey({ scopes: ["contacts:write", "notes:write"] });
  const contact = await createContact(client(key), { assigned_to: agent.userId });
  assert.equal((await admin.delete(`api-keys/${id}`)).status, 204);
  const now = await admin.get<Data<Contact>>(`get-contact?contact_id=${contact.id}`);
  assert.deepEqual([now.body.data.id, now.body.data.assigned_by], [contact.id, id]);
});
