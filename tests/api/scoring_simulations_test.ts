import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import { client } from "../support/http.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import { createSignal, report, rescored, rescoring, say, simulate } from "../support/scoring.ts";
import type { Contact, Data, Page, ScoringSignal } from "../support/types.ts";
import { makeKey, makeWorkspace, type Workspace } from "../support/workspace.ts";

/** A workspace with contacts of 10, 20, … points of one category. */
async function makeScored(most: number): Promise<[Workspace, string[]]> {
  const workspace = await makeWorkspace();
  const signal = await createSignal(workspace.admin, { category: "intent", points: 10 });
  const ids: string[] = [];
  for (let n = 1; n <= most; n++) {
    const { id } = await createContact(workspace.key, { name: `Contact ${n}` });
    for (let k = 0; k < n; k++) await report(workspace.key, id, { signal_id: signal.id });
    ids.push(id);
  }
  return [workspace, ids];
}

const graded = async ({ key }: Workspace) => {
  const { data } = (await key.get<Page<Contact>>("list-contacts?sort=created_at")).body;
  return data.map(({ score, grade }) => `${score} ${grade}`);
};

Deno.test("a simulation tells what a change would do, and the change then does it", async () => {
  const [workspace, ids] = await makeScored(4);
  const change = { weights: { intent: 2 } };
  const before = ["10 E", "20 D", "30 D", "40 C"];
  assert.deepEqual(await graded(workspace), before);
  const { id, examples, ...simulation } = await simulate(workspace.admin, change);
  assert.deepEqual(simulation, {
    status: "completed",
    contacts: 4,
    done: 4,
    changed: 4,
    by_change: [
      { from: "C", to: "A", contacts: 1 },
      { from: "D", to: "B", contacts: 1 },
      { from: "D", to: "C", contacts: 1 },
      { from: "E", to: "D", contacts: 1 },
    ],
    error: null,
  });
  assert.deepEqual(
    examples.toSorted((a, b) => a.old_score - b.old_score),
    [[10, "E", "D"], [20, "D", "C"], [30, "D", "B"], [40, "C", "A"]].map(
      ([score, old_grade, new_grade], n) => ({
        contact_id: ids[n],
        name: `Contact ${n + 1}`,
        old_score: score,
        new_score: 2 * Number(score),
        old_grade,
        new_grade,
      }),
    ),
  );
  const again = await workspace.key.get(`scoring-signals/simulate?id=${id}`);
  assert.deepEqual(again.body, { data: { id, ...simulation, examples } });
  assert.deepEqual(await graded(workspace), before, "nothing is changed");
  const settings = await workspace.admin.call("PATCH", "settings", { body: change });
  assert.equal(settings.status, 200, settings.text);
  const done = await rescored(workspace);
  assert.deepEqual([done.contacts, done.done], [4, 4]);
  assert.deepEqual(await graded(workspace), ["20 D", "40 C", "60 B", "80 A"]);
});

Deno.test("a new signal is looked for in what was said before", async () => {
  const workspace = await makeWorkspace();
  const [first, second] = [await say(workspace, "Any oak tables?"), await say(workspace, "Hello")];
  const signal = {
    name: "Oak",
    kind: "keyword",
    category: "fit",
    points: 45,
    keywords: ["oak table"],
  };
  const { by_change, examples } = await simulate(workspace.admin, { signals: [signal] });
  assert.deepEqual(by_change, [{ from: null, to: "C", contacts: 1 }]);
  assert.deepEqual(examples.map(({ contact_id }) => contact_id), [first]);
  assert.deepEqual((await workspace.key.get<Page<unknown>>("scoring-signals")).body.data, []);
  await createSignal(workspace.admin, signal);
  await rescored(workspace);
  const grade = async (id: string) =>
    (await workspace.key.get<Data<Contact>>(`get-contact?contact_id=${id}`)).body.data.grade;
  assert.deepEqual([await grade(first), await grade(second)], ["C", null]);
  const third = await say(workspace, "How much are oak tables?");
  assert.equal(await grade(third), "C");
});

Deno.test("signals are changed, switched off and deleted in a simulation, and stay", async () => {
  const [workspace] = await makeScored(2);
  const list = async () =>
    (await workspace.key.get<Page<ScoringSignal>>("scoring-signals")).body.data;
  const before = await list();
  const [{ id }] = before;
  const changes = async (signal: Record<string, unknown>) =>
    (await simulate(workspace.admin, { signals: [{ id, ...signal }] })).by_change;
  assert.deepEqual(await changes({ points: 60 }), [
    { from: "D", to: "A", contacts: 1 },
    { from: "E", to: "B", contacts: 1 },
  ]);
  assert.deepEqual(await changes({ cap: 5 }), [{ from: "D", to: "E", contacts: 1 }]);
  const none = [
    { from: "D", to: null, contacts: 1 },
    { from: "E", to: null, contacts: 1 },
  ];
  assert.deepEqual(await changes({ is_active: false }), none);
  assert.deepEqual(await changes({ is_deleted: true }), none);
  assert.deepEqual(await changes({ name: "Renamed" }), []);
  assert.deepEqual(await list(), before);
  const grades = { A: 20, B: 15, C: 10, D: 5, E: 1 };
  assert.deepEqual((await simulate(workspace.admin, { grades })).by_change, [
    { from: "D", to: "A", contacts: 1 },
    { from: "E", to: "C", contacts: 1 },
  ]);
  assert.equal((await simulate(workspace.admin)).changed, 0);
});

Deno.test("what the change would be refused for, its simulation is", async () => {
  const { admin, agent } = await makeWorkspace();
  const { id, name } = await createSignal(admin);
  const foreign = await createSignal((await makeWorkspace()).admin);
  const post = (body: unknown) => admin.post("scoring-signals/simulate", body);
  const wrong = { signals: [{ id, kind: "guess", points: 1001 }], grades: { F: 1 } };
  assertInvalid(await post(wrong), {
    "/signals/0/points": "too_big",
    "/signals/0/kind": "invalid_value",
    "/grades/F": "unknown_field",
  });
  assertInvalid(await post({ signals: [{ points: 1 }, { is_deleted: true }] }), {
    "/signals/0/name": "required",
    "/signals/0/kind": "required",
    "/signals/0/category": "required",
    "/signals/1/id": "required",
  });
  assertInvalid(await post({ grades: { A: 10 } }), { "/grades/B": "contradictory" });
  assertProblem(await post({ signals: [{ id: foreign.id, points: 1 }] }), 404, "signal_not_found");
  const taken = { name: name.toUpperCase(), kind: "manual", category: "fit", points: 1 };
  assertProblem(await post({ signals: [taken] }), 409, "conflict");
  const refused = await agent.post("scoring-signals/simulate", {});
  assertProblem(refused, 403, "insufficient_role", ["required_scope"]);
});

Deno.test("examples are people, so that whoever simulates may read contacts", async () => {
  const workspace = await makeWorkspace();
  const { id } = await simulate(workspace.admin);
  const scopes = ["settings:read", "settings:write"];
  const { token } = await withDatabase((sql) => makeKey(sql, workspace.id, { scopes }));
  const key = client(token);
  for (
    const answer of [
      await key.post("scoring-signals/simulate", {}),
      await key.get(`scoring-signals/simulate?id=${id}`),
    ]
  ) {
    const problem = assertProblem(answer, 403, "insufficient_scope", ["required_scope"]);
    assert.equal(problem.required_scope, "contacts:read");
  }
});

Deno.test("a signal's kind is changed as well", async () => {
  const workspace = await makeWorkspace();
  const { id } = await createSignal(workspace.admin, { category: "fit", points: 45 });
  await say(workspace, "Any oak tables?");
  const { by_change } = await simulate(workspace.admin, {
    signals: [{ id, kind: "keyword", keywords: ["oak"] }],
  });
  assert.deepEqual(by_change, [{ from: null, to: "C", contacts: 1 }]);
});

Deno.test("simulations and rescorings are the workspace's own", async () => {
  const [{ admin }] = await makeScored(1);
  const other = await makeWorkspace();
  const { id } = await simulate(admin);
  for (const unknown of [id, crypto.randomUUID()]) {
    const answer = await other.key.get(`scoring-signals/simulate?id=${unknown}`);
    assertProblem(answer, 404, "simulation_not_found");
  }
  const idle = { status: "idle", contacts: 0, done: 0, finished_at: null };
  assert.deepEqual(await rescoring(other), idle);
  assertInvalid(await other.key.get("scoring-signals/simulate"), { "/id": "required" });
});
