import assert from "node:assert/strict";
import { createDeal, createPipeline } from "../support/deals.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Data, Page, Pipeline } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";

const { key, admin, agent } = await makeWorkspace();

async function list(): Promise<Pipeline[]> {
  const answer = await key.get<Page<Pipeline>>("pipelines");
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.next_cursor, null);
  return answer.body.data;
}

const patch = (id: string, body: unknown) =>
  admin.call<Data<Pipeline>>("PATCH", `pipelines/${id}`, { body });
const shown = ({ stages }: Pipeline) => stages.map(({ name, probability }) => [name, probability]);

Deno.test("every workspace has a pipeline from the beginning", async () => {
  const [first] = await (await makeWorkspace()).key.get<Page<Pipeline>>("pipelines")
    .then(({ body }) => body.data);
  assert.deepEqual([first.name, first.is_default], ["Sales", true]);
  assert.deepEqual(shown(first), [
    ["New", 10],
    ["Qualified", 25],
    ["Proposal", 50],
    ["Negotiation", 75],
  ]);
});

Deno.test("a pipeline is made with its stages in their order, and read as it was answered", async () => {
  const body = {
    name: "Leasing",
    stages: [{ name: "Viewing", probability: 20 }, { name: "Contract", probability: 80 }],
  };
  const answer = await admin.post<Data<Pipeline>>("pipelines", body);
  assert.equal(answer.status, 201, answer.text);
  const { id } = answer.body.data;
  assert.equal(answer.headers.get("location"), `/functions/v1/pipelines/${id}`);
  assert.deepEqual(Object.keys(answer.body.data), [
    "id",
    "name",
    "is_default",
    "stages",
    "created_at",
    "updated_at",
  ]);
  assert.deepEqual(shown(answer.body.data), [["Viewing", 20], ["Contract", 80]]);
  assert.deepEqual((await key.get<Data<Pipeline>>(`pipelines/${id}`)).body.data, answer.body.data);
  assertProblem(await admin.post("pipelines", { ...body, name: "LEASING" }), 409, "conflict");
});

Deno.test("stages are reordered, renamed, added and removed by giving all of them", async () => {
  const { id, stages: [early, late] } = await createPipeline(admin);
  const answer = await patch(id, {
    stages: [
      { id: late.id, name: "Last", probability: 90 },
      { name: "Between", probability: 50 },
      { id: early.id, name: "Early", probability: 0 },
    ],
  });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(shown(answer.body.data), [["Last", 90], ["Between", 50], ["Early", 0]]);
  const ids = answer.body.data.stages.map((stage) => stage.id);
  assert.deepEqual([ids[0], ids[2]], [late.id, early.id]);
  const less = await patch(id, { stages: [{ id: early.id, name: "Only", probability: 10 }] });
  assert.deepEqual(shown(less.body.data), [["Only", 10]]);
});

Deno.test("a stage with deals in it stays, and so does its pipeline", async () => {
  const { id, stages: [early, late] } = await createPipeline(admin);
  const deal = await createDeal(key, { stage_id: early.id });
  const rest = { stages: [{ id: late.id, name: "Late", probability: 80 }] };
  assertProblem(await patch(id, rest), 409, "stage_in_use");
  assertProblem(await admin.delete(`pipelines/${id}`), 409, "stage_in_use");
  await key.call("PATCH", `deals/${deal.id}`, { body: { stage_id: late.id } });
  assert.equal((await patch(id, rest)).status, 200);
  await key.delete(`deals/${deal.id}`);
  assert.equal((await admin.delete(`pipelines/${id}`)).status, 204);
  assertProblem(await admin.get(`pipelines/${id}`), 404, "pipeline_not_found");
});

Deno.test("there is one default always: another takes its place, it is not taken away", async () => {
  const [before] = await list();
  const { id } = await createPipeline(admin);
  assertProblem(await patch(before.id, { is_default: false }), 409, "default_pipeline");
  assertProblem(await admin.delete(`pipelines/${before.id}`), 409, "default_pipeline");
  assert.equal((await patch(id, { is_default: true })).body.data.is_default, true);
  const now = await list();
  assert.deepEqual(now.filter(({ is_default }) => is_default).map((one) => one.id), [id]);
  assert.equal(now[0].id, id);
  assert.equal((await createDeal(key)).pipeline_id, id);
  assert.equal((await patch(before.id, { is_default: true })).status, 200);
});

Deno.test("what is wrong with stages is said at each of them", async () => {
  const { id, stages: [early] } = await createPipeline(admin);
  const [other] = (await createPipeline(admin)).stages;
  const answer = await patch(id, {
    stages: [
      { id: early.id, name: "A", probability: 10 },
      { id: early.id, name: "B", probability: 20 },
      { id: other.id, name: "a", probability: 30 },
    ],
  });
  assertInvalid(answer, {
    "/stages/1/id": "repeated",
    "/stages/2/id": "unknown_stage",
    "/stages/2/name": "repeated",
  });
  const body = { name: "", stages: [{ name: "x", probability: 101 }], order: 1 };
  assertInvalid(await admin.post("pipelines", body), {
    "/name": "too_short",
    "/stages/0/probability": "too_big",
    "/order": "unknown_field",
  });
  assertInvalid(await admin.post("pipelines", { name: "None", stages: [] }), {
    "/stages": "too_few",
  });
});

Deno.test("agents see pipelines and do not change them", async () => {
  const [{ id }] = await list();
  assert.equal((await agent.get(`pipelines/${id}`)).status, 200);
  const answer = await agent.call("PATCH", `pipelines/${id}`, { body: { name: "Mine" } });
  assertProblem(answer, 403, "insufficient_role", ["required_scope"]);
});
