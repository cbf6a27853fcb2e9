import assert from "node:assert/strict";
import { withDatabase } from "../support/database.ts";
import { client } from "../support/http.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Activity, Data, Page } from "../support/types.ts";
import { makeKey, makeWorkspace } from "../support/workspace.ts";

type Settings = Record<string, Record<string, unknown>>;

const { id, key, agent, admin } = await makeWorkspace({ country: "CA" });

async function read() {
  const answer = await key.get<Data<Settings>>("settings");
  assert.equal(answer.status, 200, answer.text);
  return { settings: answer.body.data, etag: answer.headers.get("etag")! };
}

const patch = (body: unknown, headers?: Record<string, string>) =>
  admin.call<Data<Settings>>("PATCH", "settings", { body, headers });

Deno.test("a workspace that chose nothing reads the defaults, section by section", async () => {
  const { settings } = await read();
  assert.deepEqual(Object.keys(settings), [
    "general",
    "quiet_hours",
    "lifecycle",
    "status_rules",
    "grades",
    "weights",
    "vip",
    "automation",
  ]);
  assert.deepEqual(settings.grades, { A: 80, B: 60, C: 40, D: 20, E: 1 });
  assert.deepEqual(settings.general, {
    name: "Test",
    default_country: "CA",
    currency: "USD",
    time_zone: "UTC",
    stages: ["inquiry", "comparing", "closing", "in_progress", "follow_up"],
    routing: "off",
    deletion_history: "keep",
  });
});

Deno.test("a change writes what is given, and the answer is what is read from then on", async () => {
  const before = await read();
  const answer = await patch({
    general: {
      stages: ["seen", "bought"],
      currency: "EUR",
      time_zone: "America/Vancouver",
      deletion_history: "erase",
    },
    quiet_hours: { start: "21:30", end: "07:00" },
    weights: { intent: 2.5 },
    automation: { auto_close_won: false },
  });
  assert.equal(answer.status, 200, answer.text);
  const after = await read();
  assert.deepEqual(answer.body.data, after.settings);
  assert.equal(answer.headers.get("etag"), after.etag);
  assert.notEqual(after.etag, before.etag);
  const expected = structuredClone(before.settings);
  Object.assign(expected.general, {
    stages: ["seen", "bought"],
    currency: "EUR",
    time_zone: "America/Vancouver",
    deletion_history: "erase",
  });
  expected.quiet_hours = { start: "21:30", end: "07:00" };
  expected.weights.intent = 2.5;
  expected.automation.auto_close_won = false;
  assert.deepEqual(after.settings, expected);
});

Deno.test("If-Match keeps two administrators from overwriting each other", async () => {
  const { etag } = await read();
  const [first, second] = [
    await patch({ lifecycle: { stale_deal_days: 15 } }, { "if-match": etag }),
    await patch({ lifecycle: { stale_deal_days: 16 } }, { "if-match": etag }),
  ];
  assert.equal(first.status, 200, first.text);
  assertProblem(second, 412, "precondition_failed", ["etag"]);
  assert.equal((await read()).settings.lifecycle.stale_deal_days, 15);
});

Deno.test("what contradicts is refused at each field, and nothing of the change is written", async () => {
  const before = await read();
  const answer = await patch({
    lifecycle: { inactive_after_days: 60, churned_after_days: 45 },
    grades: { B: 95 },
    quiet_hours: { end: null },
    general: { name: "Not written" },
  });
  const { errors } = assertInvalid(answer, {
    "/lifecycle/churned_after_days": "contradictory",
    "/grades/B": "contradictory",
    "/quiet_hours/end": "required",
  });
  const churned = errors.find(({ path }) => path === "/lifecycle/churned_after_days");
  assert.match(churned!.message, /45.*60/);
  assert.deepEqual(await read(), before);
});

Deno.test("what is no setting, or no value of one, is 422", async () => {
  const answer = await patch({
    lifecycle: { inactive_after_days: 0, hot_lead_days: 1.5, after: 3 },
    general: { currency: "EURO", default_country: "Canada", name: null, stages: [] },
    quiet_hours: { start: "24:00" },
    grades: { F: 1, A: "80" },
    weights: { intent: 11 },
    colours: {},
  });
  assertInvalid(answer, {
    "/lifecycle/inactive_after_days": "too_small",
    "/lifecycle/hot_lead_days": "invalid_type",
    "/lifecycle/after": "unknown_field",
    "/general/currency": "unknown_currency",
    "/general/default_country": "invalid_format",
    "/general/name": "invalid_type",
    "/general/stages": "too_few",
    "/quiet_hours/start": "invalid_format",
    "/grades/F": "unknown_field",
    "/grades/A": "invalid_type",
    "/weights/intent": "too_big",
    "/colours": "unknown_field",
  });
  assertInvalid(await patch({ general: { time_zone: "Mars/Phobos" } }), {
    "/general/time_zone": "unknown_time_zone",
  });
});

Deno.test("a change is in the log, with who made it", async () => {
  const now = (await read()).settings.lifecycle.hot_lead_days;
  await patch({ lifecycle: { hot_lead_days: 3 } });
  const log = await key.get<Page<Activity>>(
    `activity?entity_type=workspace&entity_id=${id}&limit=1`,
  );
  assert.equal(log.status, 200, log.text);
  const [{ actor, action, changes }] = log.body.data;
  assert.deepEqual([actor, action, changes], [
    { type: "member", id: admin.userId },
    "settings.updated",
    { hot_lead_days: { from: now, to: 3 } },
  ]);
});

Deno.test("agents read and do not write; a key needs the scope of what it does", async () => {
  assert.equal((await agent.get("settings")).status, 200);
  const body = { grades: { A: 90 } };
  assertProblem(await agent.call("PATCH", "settings", { body }), 403, "insufficient_role", [
    "required_scope",
  ]);
  const only = async (...scopes: string[]) =>
    client((await withDatabase((sql) => makeKey(sql, id, { scopes }))).token);
  const writer = await only("settings:write");
  const written = await writer.call<Data<Settings>>("PATCH", "settings", { body });
  assert.equal(written.status, 200, written.text);
  assert.equal(written.body.data.grades.A, 90);
  assertProblem(await writer.get("settings"), 403, "insufficient_scope", ["required_scope"]);
  const reader = await only("settings:read");
  assertProblem(
    await reader.call("PATCH", "settings", { body }),
    403,
    "insufficient_scope",
    ["required_scope"],
  );
});
