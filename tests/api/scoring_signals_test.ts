import assert from "node:assert/strict";
import type { TransactionSql } from "postgres";
import { type Sql, withDatabase } from "../support/database.ts";
import { query } from "../support/http.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import { createSignal, signalBody } from "../support/scoring.ts";
import type { Activity, Data, Page, ScoringSignal } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";

const { key, admin, agent } = await makeWorkspace();

const keyword = (fields: Record<string, unknown> = {}) =>
  signalBody({ kind: "keyword", keywords: ["how much"], ...fields });
const post = (body: unknown) => admin.post<Data<ScoringSignal>>("scoring-signals", body);
const patch = (id: string, body: unknown, headers?: Record<string, string>) =>
  admin.call<Data<ScoringSignal>>("PATCH", `scoring-signals/${id}`, { body, headers });

Deno.test("a signal is made with what its kind needs, and read as it was answered", async () => {
  const answer = await post({
    name: " Price ",
    kind: "keyword",
    category: "intent",
    points: 10,
    keywords: [" how much ", "precio", "价格"],
  });
  assert.equal(answer.status, 201, answer.text);
  const { id, created_at, updated_at, ...rest } = answer.body.data;
  assert.equal(answer.headers.get("location"), `/functions/v1/scoring-signals/${id}`);
  assert.equal(created_at, updated_at);
  assert.deepEqual(rest, {
    name: "Price",
    kind: "keyword",
    category: "intent",
    points: 10,
    keywords: ["how much", "precio", "价格"],
    language: null,
    action: null,
    description: null,
    buying_intent: false,
    cap: null,
    half_life_days: null,
    cooldown_hours: null,
    is_active: true,
  });
  const read = await agent.get<Data<ScoringSignal>>(`scoring-signals/${id}`);
  assert.deepEqual(read.body, answer.body);
  assert.equal(read.headers.get("etag"), answer.headers.get("etag"));
  assertProblem(await post(keyword({ name: "PRICE" })), 409, "conflict");
});

Deno.test("all fields are written and cleared", async () => {
  const given = {
    language: "es",
    buying_intent: true,
    cap: 30,
    half_life_days: 14,
    cooldown_hours: 24,
    is_active: false,
  };
  const made = (await post(keyword(given))).body.data;
  assert.deepEqual({ ...made, ...given }, made);
  const cleared = { language: null, cap: null, half_life_days: null, cooldown_hours: null };
  const changed =
    (await patch(made.id, { ...cleared, points: -7, keywords: ["cuánto"] })).body.data;
  assert.deepEqual({ ...made, ...cleared, points: -7, keywords: ["cuánto"] }, {
    ...changed,
    updated_at: made.updated_at,
  });
});

Deno.test("a signal has what its kind needs, and nothing of another kind", async () => {
  const refused: [Record<string, unknown>, Record<string, string>][] = [
    [{ kind: "keyword" }, { "/keywords": "required" }],
    [{ kind: "action" }, { "/action": "required" }],
    [{ kind: "ai" }, { "/description": "required" }],
    [{ kind: "ai", description: "  " }, { "/description": "required" }],
    [
      { keywords: ["price"], language: "en", action: "booked" },
      { "/keywords": "contradictory", "/language": "contradictory", "/action": "contradictory" },
    ],
    [
      { kind: "keyword", keywords: ["price", "?!", "…"] },
      { "/keywords/1": "invalid_value", "/keywords/2": "invalid_value" },
    ],
  ];
  for (const [fields, findings] of refused) assertInvalid(await post(signalBody(fields)), findings);
  const { id } = await createSignal(admin);
  assertInvalid(await patch(id, { kind: "keyword" }), { "/keywords": "required" });
  const become = await patch(id, { kind: "keyword", keywords: ["price"] });
  assert.equal(become.body.data.kind, "keyword", become.text);
});

Deno.test("what cannot be a signal is refused field by field", async () => {
  assertInvalid(
    await post({
      name: "",
      kind: "guess",
      category: "In Tent",
      points: 0,
      keywords: ["", "x".repeat(101)],
      language: "it",
      action: "Booked!",
      cap: 0,
      half_life_days: 3651,
      cooldown_hours: 0.5,
      is_active: null,
      version: 1,
      id: crypto.randomUUID(),
    }),
    {
      "/name": "too_short",
      "/kind": "invalid_value",
      "/category": "invalid_format",
      "/points": "invalid_value",
      "/keywords/0": "too_short",
      "/keywords/1": "too_long",
      "/language": "invalid_value",
      "/action": "invalid_format",
      "/cap": "too_small",
      "/half_life_days": "too_big",
      "/cooldown_hours": "invalid_type",
      "/is_active": "invalid_type",
      "/version": "unknown_field",
      "/id": "read_only",
    },
  );
  assertInvalid(await post({}), {
    "/name": "required",
    "/kind": "required",
    "/category": "required",
    "/points": "required",
  });
  assertInvalid(await post(signalBody({ points: 1001 })), { "/points": "too_big" });
});

Deno.test("If-Match keeps two people from overwriting each other's signal", async () => {
  const { id } = await createSignal(admin);
  const etag = (await key.get(`scoring-signals/${id}`)).headers.get("etag")!;
  const changed = await patch(id, { points: 6 }, { "if-match": etag });
  assert.equal(changed.status, 200, changed.text);
  assert.notEqual(changed.headers.get("etag"), etag);
  const stale = { "if-match": etag };
  assertProblem(await patch(id, { points: 7 }, stale), 412, "precondition_failed", ["etag"]);
  const kept = await admin.delete(`scoring-signals/${id}`, stale);
  assertProblem(kept, 412, "precondition_failed", ["etag"]);
  const same = await patch(id, { points: 6 });
  assert.equal(same.headers.get("etag"), changed.headers.get("etag"), "no change is no version");
});

Deno.test("a signal that is deleted is gone, and the log tells all of it", async () => {
  const { id } = await createSignal(admin, { name: "Short-lived" });
  await patch(id, { points: 9 });
  assert.equal((await admin.delete(`scoring-signals/${id}`)).status, 204);
  assertProblem(await key.get(`scoring-signals/${id}`), 404, "signal_not_found");
  assertProblem(await patch(id, { points: 1 }), 404, "signal_not_found");
  assertProblem(await admin.delete(`scoring-signals/${id}`), 404, "signal_not_found");
  const log = await key.get<Page<Activity>>(
    `activity${query({ entity_type: "scoring_signal", entity_id: id })}`,
  );
  assert.deepEqual(log.body.data.map(({ action, changes }) => [action, changes]), [
    ["scoring_signal.deleted", {}],
    ["scoring_signal.updated", { points: { from: 5, to: 9 } }],
    ["scoring_signal.created", {}],
  ]);
});

Deno.test("agents read signals, admins write them", async () => {
  const { id } = await createSignal(admin);
  assert.equal((await agent.get("scoring-signals")).status, 200);
  for (
    const answer of [
      await agent.post("scoring-signals", signalBody()),
      await agent.call("PATCH", `scoring-signals/${id}`, { body: { points: 1 } }),
      await agent.delete(`scoring-signals/${id}`),
      await agent.post("scoring-signals/templates", { business_type: "retail" }),
    ]
  ) assertProblem(answer, 403, "insufficient_role", ["required_scope"]);
});

Deno.test("signals of another workspace do not exist", async () => {
  const { id } = await createSignal((await makeWorkspace()).admin);
  assertProblem(await key.get(`scoring-signals/${id}`), 404, "signal_not_found");
  assertProblem(await patch(id, { points: 1 }), 404, "signal_not_found");
  assertProblem(await admin.delete(`scoring-signals/${id}`), 404, "signal_not_found");
});

Deno.test("500 signals are the most, also when two are made at once", async () => {
  const full = await makeWorkspace();
  await withDatabase(async (sql) => {
    const insert = (by: Sql | TransactionSql, most: number) =>
      by`insert into public.scoring_signals (workspace_id, name, kind, category, points)
         select ${full.id}, gen_random_uuid(), 'manual', 'fit', 1
         from generate_series(1, ${most}::int)`;
    await insert(sql, 499);
    let second: Promise<unknown> | undefined;
    await sql.begin(async (first) => {
      await insert(first, 1);
      second = insert(sql, 1).catch(({ message }) => message);
      // It counts before the first is through unless it waits.
      await new Promise((resolve) => setTimeout(resolve, 300));
    });
    assert.equal(await second, "too_many_signals");
  }, 2);
  assertProblem(await full.admin.post("scoring-signals", signalBody()), 409, "too_many_signals");
});
