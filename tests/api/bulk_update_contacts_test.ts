import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import { createDeal } from "../support/deals.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Contact, Data } from "../support/types.ts";
import { uniqueWord } from "../support/unique.ts";
import { until } from "../support/until.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";

interface BulkUpdate {
  job_id: string;
  status: string;
  matched: number;
  updated: number;
  error: unknown;
}

const PATH = "bulk-update-contacts";

async function bulk(
  { agent }: Workspace,
  body: Record<string, unknown>,
): Promise<[matched: number, updated: number]> {
  const answer = await agent.post<Data<BulkUpdate>>(PATH, body);
  assert.equal(answer.status, 200, answer.text);
  const { status, matched, updated, error } = answer.body.data;
  assert.deepEqual([status, error], ["completed", null]);
  return [matched, updated];
}

const read = async ({ key }: Workspace, id: string) =>
  (await key.get<Data<Contact>>(`get-contact?contact_id=${id}`)).body.data;

Deno.test("ids: those of the workspace are matched, those that change are updated", async () => {
  const workspace = await makeWorkspace();
  const { key, agent } = workspace;
  const one = await createContact(key, { tags: ["a", "b"] });
  const other = await createContact(key, { status: "qualified", is_vip: true, tags: ["c"] });
  const left = await createContact(key);
  const foreign = await createContact((await makeWorkspace()).key);
  const contact_ids = [one.id, other.id, other.id, foreign.id, crypto.randomUUID()];
  const set = { status: "qualified", is_vip: true, add_tags: ["c"], remove_tags: ["a"] };
  assert.deepEqual(await bulk(workspace, { contact_ids, set }), [2, 1]);
  const changed = await read(workspace, one.id);
  assert.deepEqual([changed.status, changed.is_vip, changed.tags], ["qualified", true, ["b", "c"]]);
  assert.equal((await read(workspace, other.id)).updated_at, other.updated_at);
  assert.equal((await read(workspace, left.id)).status, "new");
  // By whom, in the log; nothing of the one that stayed as it was.
  const log = await withDatabase((sql) =>
    sql`select entity_id, actor_id, changes from public.activity_log
      where workspace_id = ${workspace.id} and action = 'contact.updated'`
  );
  assert.deepEqual(log.map(({ entity_id, actor_id }) => [entity_id, actor_id]), [
    [one.id, agent.userId],
  ]);
  assert.deepEqual(log[0].changes.status, { from: "new", to: "qualified" });
  assert.deepEqual(await bulk(workspace, { contact_ids, set }), [2, 0]);
});

Deno.test("a value that follows the deals is no change when it is cleared", async () => {
  const workspace = await makeWorkspace();
  const { key } = workspace;
  const { contact_id } = await createDeal(key, { value: 100 });
  const own = await createContact(key, { value: 50 });
  const before = await read(workspace, contact_id);
  const contact_ids = [contact_id, own.id];
  assert.deepEqual(await bulk(workspace, { contact_ids, set: { value: null } }), [2, 1]);
  assert.deepEqual(await read(workspace, contact_id), before);
  assert.equal((await read(workspace, own.id)).value, null);
  assert.deepEqual(await bulk(workspace, { contact_ids, set: { value: null } }), [2, 0]);
});

Deno.test("every field that it takes is written, and null clears", async () => {
  const workspace = await makeWorkspace();
  const { id } = await createContact(workspace.key);
  const set = {
    company: "Acme",
    source: "chat",
    status: "lost",
    sale_status: "sold",
    stage: "closing",
    value: 12.5,
    assigned_to: workspace.agent.userId,
    is_vip: true,
    is_mystery_shopper: true,
    is_contractor: true,
    opted_out: true,
    do_not_call: true,
    tags: ["x"],
  };
  assert.deepEqual(await bulk(workspace, { contact_ids: [id], set }), [1, 1]);
  const written = await read(workspace, id) as unknown as Record<string, unknown>;
  for (const [name, value] of Object.entries(set)) {
    if (name !== "tags") assert.deepEqual(written[name], value, name);
  }
  assert.deepEqual(written.tags, ["x", "opt-out", "Do Not Call"]);
  const cleared = { company: null, value: null, assigned_to: null, status: null, tags: null };
  await bulk(workspace, { contact_ids: [id], set: cleared });
  const empty = await read(workspace, id);
  assert.deepEqual([empty.company, empty.value, empty.assigned_to, empty.status], [
    null,
    null,
    null,
    "new",
  ]);
  assert.equal(empty.sale_status, "sold");
});

Deno.test("a filter, a saved filter and both together", async () => {
  const workspace = await makeWorkspace();
  const { key, agent } = workspace;
  await createContact(key, { status: "new", is_vip: true });
  await createContact(key, { status: "lost", is_vip: true });
  await createContact(key, { status: "lost" });
  const set = { sale_status: "signed" };
  assert.deepEqual(await bulk(workspace, { filter: { status: ["lost"] }, set }), [2, 2]);
  const body = { name: uniqueWord(), filter: { is_vip: true } };
  const { id: filter_id } =
    (await agent.post<Data<{ id: string }>>("saved-filters", body)).body.data;
  assert.deepEqual(await bulk(workspace, { filter_id, set }), [2, 1]);
  const both = { filter_id, filter: { status: ["lost"] }, set: { sale_status: "sold" } };
  assert.deepEqual(await bulk(workspace, both), [1, 1]);
  assertProblem(await workspace.admin.post(PATH, { filter_id, set }), 404, "filter_not_found");
});

Deno.test("what is meant has to be said, and has to be right", async () => {
  const { agent } = await makeWorkspace();
  const contact_ids = [crypto.randomUUID()];
  const set = { status: "new" };
  assertInvalid(await agent.post(PATH, { set }), { "": "exclusive" });
  assertInvalid(await agent.post(PATH, { contact_ids, filter: { is_vip: true }, set }), {
    "": "exclusive",
  });
  assertInvalid(await agent.post(PATH, { contact_ids, filter_id: crypto.randomUUID(), set }), {
    "": "exclusive",
  });
  assertInvalid(await agent.post(PATH, { filter: {}, set }), { "/filter": "required" });
  assertInvalid(await agent.post(PATH, { contact_ids, set: { phone: "+1" } }), {
    "/set/phone": "unknown_field",
  });
  assertInvalid(await agent.post(PATH, { contact_ids: [], set }), { "/contact_ids": "too_few" });
  const refused = (set: unknown) => agent.post(PATH, { contact_ids, set });
  assertInvalid(await refused({ stage: "none" }), { "/set/stage": "unknown_stage" });
  assertInvalid(await refused({ assigned_to: crypto.randomUUID() }), {
    "/set/assigned_to": "not_a_member",
  });
});

Deno.test("tags that are full stay, and cost the others nothing", async () => {
  const workspace = await makeWorkspace();
  const full = Array.from({ length: 100 }, (_, n) => `t${n}`);
  const { id } = await createContact(workspace.key, { tags: full });
  const other = await createContact(workspace.key);
  const body = { contact_ids: [id, other.id], set: { add_tags: ["one more"] } };
  assert.deepEqual(await bulk(workspace, body), [2, 1]);
  assert.equal((await read(workspace, id)).tags.length, 100);
});

Deno.test("thousands go on behind the answer, each once, in the name of who asked", async () => {
  const workspace = await makeWorkspace();
  const { agent, admin, id } = workspace;
  await withDatabase((sql) =>
    sql`insert into public.contacts (workspace_id, name)
      select ${id}, 'N ' || n from generate_series(1, 2500) n`
  );
  const body = { filter: { status: ["new"] }, set: { status: "contacted" } };
  const answer = await agent.post<Data<BulkUpdate>>(PATH, body);
  const { job_id, matched } = answer.body.data;
  assert.equal(matched, 2500, answer.text);
  const done = await until(async () => {
    const { status, body } = await admin.get<Data<BulkUpdate>>(`${PATH}?job_id=${job_id}`);
    return status === 200 ? body.data : undefined;
  });
  assert.deepEqual([done.status, done.updated], ["completed", 2500]);
  const [log] = await withDatabase((sql) =>
    sql`select count(*)::int as lines, count(distinct entity_id)::int as contacts
      from public.activity_log where workspace_id = ${id} and action = 'contact.updated'
        and actor_id = ${agent.userId}`
  );
  assert.deepEqual([log.lines, log.contacts], [2500, 2500]);
  const stranger = await makeWorkspace();
  assertProblem(await stranger.admin.get(`${PATH}?job_id=${job_id}`), 404, "job_not_found");
});
