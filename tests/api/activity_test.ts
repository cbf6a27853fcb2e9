import assert from "node:assert/strict";
import { createContact, updateContact } from "../support/contacts.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Client } from "../support/http.ts";
import type { Activity, Data, Handoff, Note, Page } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";

const workspace = await makeWorkspace();
const { key, admin, agent } = workspace;

async function activity(client: Client, search: string): Promise<Page<Activity>> {
  const answer = await client.get<Page<Activity>>(`activity${search}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

/** Without what differs from run to run. */
function essence({ actor, action, entity_type, entity_id, changes }: Activity) {
  return { actor, action, entity_type, entity_id, changes };
}

Deno.test("the log says who did what, with the change, newest first", async () => {
  const contact = await createContact(key, { name: "Ada", tags: ["a"] });
  await updateContact(admin, contact.id, {
    status: "qualified",
    tags: ["a", "b"],
    assigned_to: agent.userId,
    company: "Acme",
  });
  await updateContact(agent, contact.id, { company: null, value: 10.5 });
  const note = { content: "secret words", entity_type: "lead", entity_id: contact.id };
  const noted = (await agent.post<Data<Note>>("internal-notes", note)).body.data;
  await admin.delete(`internal-notes/${noted.id}`);
  const page = await activity(key, `?entity_type=lead&entity_id=${contact.id}`);
  assert.equal(page.next_cursor, null);
  const entity = { entity_type: "contact", entity_id: contact.id };
  assert.deepEqual(page.data.map(essence), [
    {
      actor: { type: "member", id: admin.userId },
      action: "note.deleted",
      ...entity,
      changes: { note_id: noted.id },
    },
    {
      actor: { type: "member", id: agent.userId },
      action: "note.created",
      ...entity,
      changes: { note_id: noted.id },
    },
    {
      actor: { type: "member", id: agent.userId },
      action: "contact.updated",
      ...entity,
      changes: { company: { from: "Acme", to: null }, value: { from: null, to: 10.5 } },
    },
    {
      actor: { type: "member", id: admin.userId },
      action: "contact.updated",
      ...entity,
      changes: {
        status: { from: "new", to: "qualified" },
        tags: { from: ["a"], to: ["a", "b"] },
        assigned_to: { from: null, to: agent.userId },
        company: { from: null, to: "Acme" },
      },
    },
    {
      actor: { type: "api_key", id: key.id },
      action: "contact.created",
      ...entity,
      changes: {},
    },
  ]);
  for (const entry of page.data) {
    assert.deepEqual(Object.keys(entry), [
      "id",
      "actor",
      "action",
      "entity_type",
      "entity_id",
      "changes",
      "created_at",
    ]);
  }
  assert.doesNotMatch(JSON.stringify(page), /secret words/);
});

Deno.test("an update that changes nothing is no news", async () => {
  const contact = await createContact(key, { name: "Ada" });
  await updateContact(key, contact.id, { name: "Ada" });
  const { data } = await activity(key, `?entity_id=${contact.id}`);
  assert.deepEqual(data.map(({ action }) => action), ["contact.created"]);
});

Deno.test("a conversation has a log of its own", async () => {
  const contact = await createContact(key);
  const opened = await agent.post<Data<Handoff>>("handoff", { contact_id: contact.id });
  const id = opened.body.data.conversation!.id;
  const { data } = await activity(key, `?entity_type=conversation&entity_id=${id}`);
  assert.deepEqual(data.map(essence), [{
    actor: { type: "member", id: agent.userId },
    action: "conversation.created",
    entity_type: "conversation",
    entity_id: id,
    changes: {},
  }]);
});

Deno.test("lead and contact are the same entity", async () => {
  const contact = await createContact(key);
  const lead = await activity(key, `?entity_type=lead&entity_id=${contact.id}`);
  assert.deepEqual(await activity(key, `?entity_type=contact&entity_id=${contact.id}`), lead);
  assert.deepEqual(await activity(key, `?entity_id=${contact.id}`), lead);
  assert.equal(lead.data.length, 1);
});

Deno.test("pages lead through everything once", async () => {
  const { key } = await makeWorkspace();
  const contact = await createContact(key);
  for (let n = 0; n < 6; n++) await updateContact(key, contact.id, { name: `n${n}` });
  const all = await activity(key, "");
  assert.equal(all.data.length, 7);
  const paged: Activity[] = [];
  let cursor: string | null = "";
  const sizes: number[] = [];
  while (cursor !== null) {
    const at: string = cursor && `&cursor=${encodeURIComponent(cursor)}`;
    const page: Page<Activity> = await activity(key, `?limit=3${at}`);
    paged.push(...page.data);
    sizes.push(page.data.length);
    cursor = page.next_cursor;
  }
  assert.deepEqual(sizes, [3, 3, 1]);
  assert.deepEqual(paged, all.data);
  const foreign = await cursorOf(key, "?limit=3");
  assertProblem(
    await key.get(`activity?entity_id=${contact.id}&cursor=${foreign}`),
    400,
    "invalid_cursor",
  );
  assertProblem(await key.get("activity?cursor=x"), 400, "invalid_cursor");
});

async function cursorOf(client: Client, search: string): Promise<string> {
  return encodeURIComponent((await activity(client, search)).next_cursor!);
}

Deno.test("a list's cursor is none of the log", async () => {
  await createContact(key);
  await createContact(key);
  const list = await key.get<Page<unknown>>("list-contacts?limit=1");
  const cursor = encodeURIComponent(list.body.next_cursor!);
  assertProblem(await key.get(`activity?cursor=${cursor}`), 400, "invalid_cursor");
});

Deno.test("the log of another workspace is not readable", async () => {
  const contact = await createContact(key);
  const other = await makeWorkspace();
  assert.deepEqual(await activity(other.key, `?entity_id=${contact.id}`), {
    data: [],
    next_cursor: null,
  });
  assert.deepEqual((await activity(other.key, "")).data, []);
});

Deno.test("bad parameters are 422", async () => {
  assertInvalid(await key.get("activity?entity_type=ship&entity_id=7&limit=0&who=me"), {
    "/entity_type": "invalid_value",
    "/entity_id": "invalid_format",
    "/limit": "too_small",
    "/who": "unknown_parameter",
  });
});
