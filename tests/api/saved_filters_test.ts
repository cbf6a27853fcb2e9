import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { exportRows } from "../support/csv.ts";
import { withDatabase } from "../support/database.ts";
import type { Client } from "../support/http.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Contact, Data, Page } from "../support/types.ts";
import { uniqueWord } from "../support/unique.ts";
import { makeMember, makeWorkspace } from "../support/workspace.ts";

interface SavedFilter {
  id: string;
  name: string;
  filter: Record<string, unknown>;
  shared: boolean;
  owner_id: string | null;
}

const workspace = await makeWorkspace();
const { key, admin, agent } = workspace;
const colleague = await withDatabase((sql) => makeMember(sql, workspace.id, "agent", "kim"));

await createContact(key, { name: "A", status: "new", is_vip: true, assigned_to: agent.userId });
await createContact(key, { name: "B", status: "lost", assigned_to: colleague.userId, value: 5 });
await createContact(key, { name: "C", status: "lost", is_vip: true, tags: ["a,b"] });

async function save(client: Client, given: Record<string, unknown>): Promise<SavedFilter> {
  const body = { name: uniqueWord(), filter: { is_vip: true }, ...given };
  const answer = await client.post<Data<SavedFilter>>("saved-filters", body);
  assert.equal(answer.status, 201, answer.text);
  return answer.body.data;
}

async function names(client: Client, query: string): Promise<string> {
  const answer = await client.get<Page<Contact>>(`list-contacts?sort=name&${query}`);
  assert.equal(answer.status, 200, answer.text);
  const rows = await exportRows(client, `?sort=name&${query}`);
  const listed = answer.body.data.map(({ name }) => name).join("");
  assert.equal(rows.map(({ name }) => name).join(""), listed);
  return listed;
}

const patch = (client: Client, id: string, body: unknown) =>
  client.call<Data<SavedFilter>>("PATCH", `saved-filters/${id}`, { body });

async function visible(client: Client, id: string): Promise<boolean> {
  const answer = await client.get<Page<SavedFilter>>("saved-filters");
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data.some((filter) => filter.id === id);
}

Deno.test("a saved filter lists and exports what it stands for, and given parameters win", async () => {
  const { id } = await save(agent, { filter: { status: ["lost"], is_vip: true } });
  assert.equal(await names(agent, `filter_id=${id}`), "C");
  assert.equal(await names(agent, `filter_id=${id}&is_vip=false`), "B");
  assert.equal(await names(agent, `filter_id=${id}&status=new`), "A");
  assert.equal(await names(agent, `filter_id=${id}&search=nobody`), "");
});

Deno.test("a filter is kept as the query's schemas read it", async () => {
  const given = {
    search: " Ana ",
    status: "lost",
    tags: ["a,b"],
    is_vip: true,
    has_email: "false",
    value_min: 1.5,
    score_max: "7",
    created_from: "2026-01-01",
    assigned_to: "me",
  };
  const { filter } = await save(agent, { filter: given });
  assert.deepEqual(filter, {
    search: "Ana",
    status: ["lost"],
    tags: ["a,b"],
    is_vip: true,
    has_email: false,
    value_min: 1.5,
    score_max: 7,
    created_from: "2026-01-01T00:00:00Z",
    assigned_to: "me",
  });
});

Deno.test("what list-contacts does not know is refused", async () => {
  const post = (filter: unknown) => agent.post("saved-filters", { name: "x", filter });
  assertInvalid(await post({ status: ["open"] }), { "/filter/status/0": "invalid_value" });
  // A single value stands for a list of it, and is not missing.
  assertInvalid(await post({ status: "open" }), { "/filter/status/0": "invalid_value" });
  assertInvalid(await post({ colour: "red" }), { "/filter/colour": "unknown_field" });
  // Saved, it would be refused whenever it is used.
  assertInvalid(await post({ created_from: "2026-11-01T10:00:00+16:00" }), {
    "/filter/created_from": "invalid_format",
  });
  assertInvalid(await post({ sort: "name" }), { "/filter/sort": "unknown_field" });
  assertInvalid(await post({ filter_id: crypto.randomUUID() }), {
    "/filter/filter_id": "unknown_field",
  });
  assertInvalid(await post({}), { "/filter": "required" });
  assertInvalid(await post({ search: " " }), { "/filter": "required" });
  assertInvalid(await post([]), { "/filter": "invalid_type" });
  assertInvalid(await post(undefined), { "/filter": "required" });
  assertInvalid(await agent.post("saved-filters", { name: " ", filter: { is_vip: true } }), {
    "/name": "too_short",
  });
});

Deno.test("a private filter is its owner's alone, a shared one everybody's", async () => {
  const mine = await save(agent, { filter: { status: ["lost"] } });
  assert.deepEqual([mine.shared, mine.owner_id], [false, agent.userId]);
  assert.equal(await visible(agent, mine.id), true);
  for (const other of [colleague, admin, key]) {
    assert.equal(await visible(other, mine.id), false);
    for (const use of ["list-contacts", "export-contacts"]) {
      assertProblem(await other.get(`${use}?filter_id=${mine.id}`), 404, "filter_not_found");
    }
    assertProblem(await patch(other, mine.id, { shared: true }), 404, "filter_not_found");
    assertProblem(await other.delete(`saved-filters/${mine.id}`), 404, "filter_not_found");
  }
  assert.equal((await patch(agent, mine.id, { shared: true })).status, 200);
  for (const other of [colleague, admin, key]) {
    assert.equal(await visible(other, mine.id), true);
    assert.equal(await names(other, `filter_id=${mine.id}`), "BC");
  }
  for (const other of [colleague, key]) {
    assertProblem(await patch(other, mine.id, { name: "x" }), 403, "not_filter_owner");
    assertProblem(await other.delete(`saved-filters/${mine.id}`), 403, "not_filter_owner");
  }
  const renamed = await patch(admin, mine.id, { name: uniqueWord(), filter: { status: ["new"] } });
  assert.equal(renamed.status, 200, renamed.text);
  assert.equal(renamed.body.data.owner_id, agent.userId);
  assert.equal(await names(agent, `filter_id=${mine.id}`), "A");
  const withdrawn = await patch(admin, mine.id, { shared: false });
  assert.deepEqual([withdrawn.status, withdrawn.body.data.shared], [200, false], withdrawn.text);
  assert.deepEqual([await visible(agent, mine.id), await visible(admin, mine.id)], [true, false]);
  assertProblem(await patch(admin, mine.id, { shared: true }), 404, "filter_not_found");
  assert.equal((await agent.delete(`saved-filters/${mine.id}`)).status, 204);
  assertProblem(await agent.get(`list-contacts?filter_id=${mine.id}`), 404, "filter_not_found");
});

Deno.test("what a key saves is the workspace's", async () => {
  const saved = await save(key, { shared: false });
  assert.deepEqual([saved.shared, saved.owner_id], [true, null]);
  assertInvalid(await patch(colleague, saved.id, { shared: false }), {
    "/shared": "invalid_value",
  });
  assert.equal((await patch(colleague, saved.id, { name: uniqueWord() })).status, 200);
  assert.equal((await agent.delete(`saved-filters/${saved.id}`)).status, 204);
});

Deno.test("what a member has shared outlives the membership, what they kept to themselves does not", async () => {
  const home = await makeWorkspace();
  await save(home.key, { name: "Team" });
  const mine = await save(home.agent, { name: "Team", shared: true });
  const other = await save(home.agent, { name: "Other", shared: true });
  const own = await save(home.agent, { name: "Own" });
  await withDatabase((sql) =>
    sql`delete from public.workspace_members
      where workspace_id = ${home.id} and user_id = ${home.agent.userId}`
  );
  const { body } = await home.admin.get<Page<SavedFilter>>("saved-filters");
  const left = body.data;
  assert.deepEqual(left.map(({ name, owner_id }) => [name, owner_id]), [
    ["Other", null],
    ["Team", null],
    ["Team (2)", null],
  ]);
  const ids = left.map(({ id }) => id);
  assert.deepEqual([mine.id, other.id, own.id].map((id) => ids.includes(id)), [true, true, false]);
  const used = await home.key.get(`list-contacts?filter_id=${mine.id}`);
  assert.equal(used.status, 200, used.text);
});

Deno.test("an export ranks the search of a saved filter as the list does", async () => {
  const { key } = await makeWorkspace();
  for (const name of ["Ana", "Rosana", "Anan", "Bob"]) await createContact(key, { name });
  const { id } = await save(key, { filter: { search: "ana" } });
  const query = `filter_id=${id}`;
  const rows = await exportRows(key, `?${query}`);
  assert.deepEqual(rows.map(({ name }) => name), ["Anan", "Ana", "Rosana"]);
  const listed = await key.get<Page<Contact>>(`list-contacts?${query}`);
  assert.deepEqual(listed.body.data.map(({ name }) => name), ["Anan", "Ana", "Rosana"]);
});

Deno.test("a filter of nothing cannot be written past the API either", async () => {
  const insert = withDatabase((sql) =>
    sql`insert into public.saved_filters (workspace_id, name, filter, shared)
      values (${workspace.id}, 'Everybody', '{}', true)`
  );
  await assert.rejects(insert, { code: "23514" });
});

Deno.test("assigned_to me in a shared filter is who reads", async () => {
  const { id } = await save(admin, { filter: { assigned_to: "me" }, shared: true });
  assert.equal(await names(agent, `filter_id=${id}`), "A");
  assert.equal(await names(colleague, `filter_id=${id}`), "B");
  assert.equal(await names(admin, `filter_id=${id}`), "");
  assert.equal(await names(key, `filter_id=${id}`), "");
});

Deno.test("names are unique per owner", async () => {
  const name = uniqueWord();
  const first = await save(agent, { name });
  await save(colleague, { name });
  await save(key, { name });
  const again = { name, filter: { is_vip: true } };
  for (const client of [agent, key]) {
    assertProblem(await client.post("saved-filters", again), 409, "filter_exists");
  }
  const other = await save(agent, {});
  assertProblem(await patch(agent, other.id, { name }), 409, "filter_exists");
  assert.equal((await patch(agent, first.id, { name })).status, 200);
});

Deno.test("a filter that names a stage that is gone still works", async () => {
  const { id } = await save(agent, { filter: { stage: ["gone", "inquiry"] } });
  assert.equal(await names(agent, `filter_id=${id}`), "ABC");
});

Deno.test("a page's cursor ends with the filter that it was made for", async () => {
  const { id } = await save(agent, { filter: { status: ["lost"] } });
  const page = await agent.get<Page<Contact>>(`list-contacts?filter_id=${id}&limit=1`);
  const next = `list-contacts?filter_id=${id}&limit=1&cursor=${page.body.next_cursor}`;
  assert.equal((await agent.get<Page<Contact>>(next)).body.data.length, 1);
  await patch(agent, id, { filter: { status: ["new"] } });
  assertProblem(await agent.get(next), 400, "invalid_cursor");
});

Deno.test("another workspace's filter does not exist", async () => {
  const { id } = await save(agent, { shared: true });
  const other = await makeWorkspace();
  for (const client of [other.admin, other.key]) {
    assertProblem(await client.get(`list-contacts?filter_id=${id}`), 404, "filter_not_found");
    assertProblem(await patch(client, id, { name: "x" }), 404, "filter_not_found");
    assertProblem(await client.delete(`saved-filters/${id}`), 404, "filter_not_found");
  }
});
