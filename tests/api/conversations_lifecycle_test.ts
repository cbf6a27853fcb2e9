/** Who holds a conversation: accept, request-agent, resolve, reopen, assign, bot. */
import assert from "node:assert/strict";
import { act, made, openConversation } from "../support/conversations.ts";
import { withDatabase } from "../support/database.ts";
import { client, query } from "../support/http.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Activity, Contact, Conversation, Data, Page } from "../support/types.ts";
import { createContact } from "../support/contacts.ts";
import { makeKey, makeMember, makeWorkspace } from "../support/workspace.ts";

const workspace = await makeWorkspace();
const { key, agent, admin } = workspace;
const elsewhere = await makeWorkspace();

function state({ status, phase, ai_enabled, bot_status, control_epoch }: Conversation): string {
  return [status, phase, ai_enabled ? "ai" : "no ai", bot_status, control_epoch].join(" ");
}

async function contactOf({ contact }: Conversation): Promise<Contact> {
  const answer = await key.get<Data<Contact>>(`get-contact?contact_id=${contact.id}`);
  return answer.body.data;
}

Deno.test("from the bot to waiting to a person to the end and back", async () => {
  const { id } = await openConversation(key);
  assert.equal(state(await made(key, id, "request-agent")), "active waiting ai active 2");
  assert.equal(state(await made(key, id, "request-agent")), "active waiting ai active 2");
  const accepted = await made(agent, id, "accept");
  assert.equal(state(accepted), "active live no ai agent 3");
  assert.equal(accepted.assigned_to, agent.userId);
  const resolved = await made(agent, id, "resolve");
  assert.equal(state(resolved), "resolved resolved no ai agent 4");
  assert.equal(Math.abs(Date.parse(resolved.resolved_at!) - Date.now()) < 60_000, true);
  assert.deepEqual(await made(agent, id, "resolve"), resolved);
  const reopened = await made(agent, id, "reopen");
  assert.equal(state(reopened), "active automated ai active 5");
  assert.deepEqual([reopened.resolved_at, reopened.assigned_to], [null, agent.userId]);
  assert.deepEqual(await made(agent, id, "reopen"), reopened);
});

Deno.test("of ten who accept at once one does, and the others are told who", async () => {
  const agents = await withDatabase(async (sql) => {
    const team = [];
    for (let n = 0; n < 10; n++) team.push(await makeMember(sql, workspace.id, "agent", `t${n}`));
    return team;
  });
  for (let round = 0; round < 3; round++) {
    const { id } = await openConversation(key);
    const answers = await Promise.all(agents.map((member) => act(member, id, "accept")));
    const winner = answers.findIndex(({ status }) => status === 200);
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal(answers[winner].body.data.assigned_to, agents[winner].userId);
    assert.equal(answers[winner].body.data.control_epoch, 2);
    for (const answer of answers.toSpliced(winner, 1)) {
      const problem = assertProblem(answer, 409, "already_accepted", ["assigned_to"]);
      assert.equal(problem.assigned_to, agents[winner].userId);
    }
  }
});

Deno.test("who accepts again has it still; who is assigned keeps it", async () => {
  const { id } = await openConversation(key);
  const first = await made(agent, id, "accept");
  assert.deepEqual(await made(agent, id, "accept"), first);
  assertProblem(await act(admin, id, "accept"), 409, "already_accepted", ["assigned_to"]);
  const other = await openConversation(key);
  await made(admin, other.id, "assign", { user_id: admin.userId });
  const accepted = await made(agent, other.id, "accept");
  assert.deepEqual([accepted.phase, accepted.assigned_to], ["live", admin.userId]);
});

Deno.test("a key accepts for nobody in particular", async () => {
  const { id } = await openConversation(key);
  const accepted = await made(key, id, "accept");
  assert.deepEqual([accepted.phase, accepted.assigned_to], ["live", null]);
  assert.equal((await made(agent, id, "accept")).assigned_to, agent.userId);
  assertProblem(await act(key, id, "accept"), 409, "already_accepted", ["assigned_to"]);
});

Deno.test("resolving closes the lead, but leaves what a person has set", async () => {
  for (
    const [before, after] of [["new", "contacted"], ["qualified", "qualified"], ["lost", "lost"]]
  ) {
    const conversation = await openConversation(key, { status: before });
    await made(agent, conversation.id, "resolve");
    assert.equal((await contactOf(conversation)).status, after);
  }
});

Deno.test("a key for conversations alone goes through the whole life of one", async () => {
  const conversation = await openConversation(key);
  const { token } = await withDatabase((sql) =>
    makeKey(sql, workspace.id, { scopes: ["conversations:write"] })
  );
  const inbox = client(token);
  for (const action of ["request-agent", "accept", "resolve", "reopen"]) {
    await made(inbox, conversation.id, action);
  }
  await made(inbox, conversation.id, "assign", { user_id: agent.userId });
  await made(inbox, conversation.id, "bot", { action: "pause" });
  const contact = await contactOf(conversation);
  assert.deepEqual([contact.status, contact.assigned_to], ["contacted", agent.userId]);
});

Deno.test("assigning assigns the contact too, and the other way round", async () => {
  const conversation = await openConversation(key);
  const { id, contact } = conversation;
  assert.equal(
    (await made(admin, id, "assign", { user_id: agent.userId })).assigned_to,
    agent.userId,
  );
  const assigned = await contactOf(conversation);
  assert.deepEqual([assigned.assigned_to, assigned.assigned_by], [agent.userId, admin.userId]);
  const change = { contact_id: contact.id, assigned_to: admin.userId };
  assert.equal((await key.post("update-contact", change)).status, 200);
  const read = await key.get<Data<Conversation>>(`conversations/${id}`);
  assert.equal(read.body.data.assigned_to, admin.userId);
  assert.equal((await made(admin, id, "assign", { user_id: null })).assigned_to, null);
  assert.equal((await contactOf(conversation)).assigned_to, null);
});

Deno.test("only members are assigned", async () => {
  const { id } = await openConversation(key);
  for (const user_id of [elsewhere.agent.userId, crypto.randomUUID()]) {
    assertInvalid(await act(agent, id, "assign", { user_id }), { "/user_id": "not_a_member" });
  }
  assertInvalid(await act(agent, id, "assign", {}), { "/user_id": "required" });
  assertInvalid(await act(agent, id, "assign", { user_id: "me" }), {
    "/user_id": "invalid_format",
  });
});

Deno.test("the bot is paused, resumed and replaced, and the epoch counts it", async () => {
  const { id } = await openConversation(key);
  const bot = async (action: string) => state(await made(agent, id, "bot", { action }));
  assert.equal(await bot("pause"), "active automated no ai paused 2");
  assert.equal(await bot("pause"), "active automated no ai paused 2");
  assert.equal(await bot("resume"), "active automated ai active 3");
  assert.equal(await bot("take_over"), "active live no ai agent 4");
  assert.equal(await bot("resume"), "active automated ai active 5");
  assertInvalid(await act(agent, id, "bot", { action: "sleep" }), { "/action": "invalid_value" });
});

Deno.test("what is resolved is reopened first", async () => {
  const { id } = await openConversation(key);
  await made(agent, id, "resolve");
  for (const [action, body] of [["accept"], ["request-agent"], ["bot", { action: "pause" }]]) {
    assertProblem(await act(agent, id, String(action), body), 409, "conversation_resolved");
  }
});

Deno.test("a contractor's conversation is never the bot's", async () => {
  const { id } = await openConversation(key, { is_contractor: true });
  const answer = await act(agent, id, "bot", { action: "resume" });
  assertProblem(answer, 409, "contractor_conversation");
  await made(agent, id, "resolve");
  assert.equal(state(await made(agent, id, "reopen")), "active waiting no ai agent 3");
});

Deno.test("another workspace's conversation is not there", async () => {
  const { id } = await openConversation(key);
  const bodies: Record<string, unknown> = {
    accept: {},
    "request-agent": {},
    resolve: {},
    reopen: {},
    assign: { user_id: null },
    bot: { action: "pause" },
  };
  for (const [action, body] of Object.entries(bodies)) {
    const answer = await act(elsewhere.agent, id, action, body);
    assertProblem(answer, 404, "conversation_not_found");
  }
  const read = await key.get<Data<Conversation>>(`conversations/${id}`);
  assert.equal(state(read.body.data), "active automated ai active 1");
});

Deno.test("the log says who did it, with the change", async () => {
  const { id } = await openConversation(key);
  await made(key, id, "request-agent");
  await made(agent, id, "accept");
  await made(agent, id, "resolve");
  const search = query({ entity_type: "conversation", entity_id: id });
  const { data } = (await key.get<Page<Activity>>(`activity${search}`)).body;
  assert.deepEqual(data.map(({ action, actor }) => [action, actor.id]), [
    ["conversation.resolved", agent.userId],
    ["conversation.assigned", agent.userId],
    ["conversation.accepted", agent.userId],
    ["conversation.agent_requested", key.id],
    ["conversation.created", key.id],
  ]);
  assert.deepEqual(data[0].changes, {
    status: { from: "active", to: "resolved" },
    phase: { from: "live", to: "resolved" },
  });
});

Deno.test("two who accept and resolve many at once do not hinder each other", async () => {
  const conversations = [];
  for (let n = 0; n < 6; n++) conversations.push(await openConversation(key));
  const answers = await Promise.all(conversations.flatMap(({ id, contact }) => [
    act(agent, id, "accept"),
    act(admin, id, "resolve"),
    key.post<Data<unknown>>("update-contact", {
      contact_id: contact.id,
      assigned_to: admin.userId,
    }),
  ]));
  // Accepting may come too late: after the end, or after the contact was given to the other.
  assert.deepEqual([...new Set(answers.map(({ status }) => status))].filter((s) => s >= 500), []);
});

Deno.test("a contact that is somebody's opens its conversation as theirs", async () => {
  const { id } = await createContact(key, { assigned_to: agent.userId });
  const opened = await key.post<Data<{ conversation: Conversation }>>("handoff", {
    contact_id: id,
  });
  assert.equal(opened.body.data.conversation.assigned_to, agent.userId);
});
