/** KPIs by group, of a range, and compared with the range before. */
import assert from "node:assert/strict";
import { createContact, updateContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import { createDeal } from "../support/deals.ts";
import { readKpis } from "../support/kpis.ts";
import { assertInvalid } from "../support/problem.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";

/** A contact that was created then. */
async function createdAt(
  { key }: Workspace,
  at: string,
  fields: Record<string, unknown> = {},
): Promise<string> {
  const { id } = await createContact(key, fields);
  await withDatabase((sql) => sql`update public.contacts set created_at = ${at} where id = ${id}`);
  return id;
}

/** A deal of that contact that was won then. */
async function wonAt(
  { key }: Workspace,
  at: string,
  fields: Record<string, unknown>,
): Promise<void> {
  const { id } = await createDeal(key, fields);
  const answer = await key.post(`deals/${id}/win`, {});
  assert.equal(answer.status, 200, answer.text);
  await withDatabase((sql) => sql`update public.deals set closed_at = ${at} where id = ${id}`);
}

async function inZone(zone: string): Promise<Workspace> {
  const workspace = await makeWorkspace();
  await withDatabase((sql) =>
    sql`update public.workspaces set time_zone = ${zone} where id = ${workspace.id}`
  );
  return workspace;
}

Deno.test("groups are counted when they are named, without mystery shoppers", async () => {
  const workspace = await inZone("Asia/Tokyo");
  const { key, agent } = workspace;
  // Half past eleven in the evening and half past midnight, where the workspace is.
  await createdAt(workspace, "2026-03-01T14:30:00Z", { source: "chat", stage: "closing" });
  await createdAt(workspace, "2026-03-01T15:30:00Z", { assigned_to: agent.userId });
  const graded = await createdAt(workspace, "2026-03-01T15:30:00Z", { status: "qualified" });
  await withDatabase((sql) => sql`update public.contacts set grade = 'B' where id = ${graded}`);
  await createdAt(workspace, "2026-05-01T00:00:00Z", { is_mystery_shopper: true, source: "chat" });
  const by = "status,source,stage,grade,assignee,day";
  const found = await readKpis(key, { by });
  assert.deepEqual(found, {
    total_contacts: 3,
    qualified_leads: 1,
    conversion_rate: 33.33,
    lost_leads: 0,
    by_status: { new: 2, contacted: 0, qualified: 1, converted: 0, lost: 0 },
    by_source: { chat: 1, api: 2 },
    by_stage: { closing: 1, inquiry: 2 },
    by_grade: { B: 1, none: 2 },
    by_assignee: { [agent.userId]: 1, none: 2 },
    by_day: { "2026-03-01": 1, "2026-03-02": 2 },
  });
  const all = await readKpis(key, { by, include_test: "true" });
  assert.deepEqual([all.by_source, all.by_day], [
    { chat: 2, api: 2 },
    { "2026-03-01": 1, "2026-03-02": 2, "2026-05-01": 1 },
  ]);
  assert.deepEqual([all.by_stage, all.by_grade, all.by_assignee], [
    { closing: 1, inquiry: 3 },
    { B: 1, none: 3 },
    { [agent.userId]: 1, none: 3 },
  ]);
  const march = await readKpis(key, {
    by: "stage,day,stage",
    from: "2026-03-02",
    to: "2026-04-01",
  });
  assert.deepEqual([march.by_stage, march.by_day, march.by_source], [
    { inquiry: 2 },
    { "2026-03-02": 2 },
    undefined,
  ]);
});

Deno.test("a range begins with from and ends before to, days where the workspace is", async () => {
  const workspace = await inZone("America/Vancouver");
  const { key } = workspace;
  for (const at of ["2026-02-01T07:59:59Z", "2026-02-01T08:00:00Z", "2026-03-01T08:00:00Z"]) {
    await createdAt(workspace, at, { status: "lost" });
  }
  const count = async (asked: Record<string, string>) => {
    const { total_contacts, new_contacts, lost_leads, from, to } = await readKpis(key, asked);
    assert.deepEqual([new_contacts, lost_leads], [total_contacts, total_contacts]);
    return [total_contacts, from, to];
  };
  const [start, end] = ["2026-02-01T08:00:00+00:00", "2026-03-01T08:00:00+00:00"];
  assert.deepEqual(await count({ from: "2026-02-01", to: "2026-03-01" }), [1, start, end]);
  assert.deepEqual(await count({ from: "2026-02-01" }), [2, start, null]);
  assert.deepEqual(await count({ to: "2026-03-01" }), [2, null, end]);
  assert.deepEqual(await count({ from: "2026-02-01T07:59:59Z", to: "2026-02-01T10:00:00+02:00" }), [
    1,
    "2026-02-01T07:59:59+00:00",
    start,
  ]);
});

Deno.test("what was won is counted in the workspace's currency, the rest apart", async () => {
  const workspace = await makeWorkspace();
  const { key } = workspace;
  const customer = await createdAt(workspace, "2020-01-01T00:00:00Z");
  const shopper = (await createContact(key, { is_mystery_shopper: true })).id;
  const deal = { contact_id: customer, currency: "USD" };
  await wonAt(workspace, "2026-01-01T00:00:00Z", { ...deal, value: 100.5 });
  await wonAt(workspace, "2026-01-31T23:59:59Z", { ...deal });
  await wonAt(workspace, "2026-02-01T00:00:00Z", { ...deal, value: 7 });
  await wonAt(workspace, "2026-01-15T00:00:00Z", { ...deal, value: 30, currency: "EUR" });
  await wonAt(workspace, "2026-01-15T00:00:00Z", { contact_id: shopper, value: 9 });
  await createDeal(key, { ...deal, value: 1000 });
  const january = { from: "2026-01-01", to: "2026-02-01" };
  const won = {
    deals: 2,
    value: 100.5,
    currency: "USD",
    other_currencies: [{ currency: "EUR", deals: 1, value: 30 }],
  };
  assert.deepEqual((await readKpis(key, january)).won, won);
  const withTests = await readKpis(key, { ...january, include_test: "true" });
  assert.deepEqual(withTests.won, { ...won, deals: 3, value: 109.5 });
  const february = await readKpis(key, { from: "2026-02-02" });
  assert.deepEqual(february.won, { deals: 0, value: 0, currency: "USD", other_currencies: [] });
});

Deno.test("a range is compared with the one before, of as many days", async () => {
  // Clocks go forward on 8 March there: the week before has an hour more.
  const workspace = await inZone("America/Vancouver");
  const { key } = workspace;
  await createdAt(workspace, "2026-03-01T07:30:00Z");
  await createdAt(workspace, "2026-03-01T08:30:00Z", { status: "lost" });
  await createdAt(workspace, "2026-03-08T08:30:00Z", { status: "qualified" });
  const asked = { from: "2026-03-08", to: "2026-03-15", compare: "true" };
  const { previous, change } = await readKpis(key, asked);
  assert.deepEqual(previous, {
    ...await readKpis(key, { from: "2026-03-01", to: "2026-03-08" }),
    from: "2026-03-01T08:00:00+00:00",
    to: "2026-03-08T08:00:00+00:00",
  });
  assert.equal(previous!.total_contacts, 1);
  assert.deepEqual(change!.total_contacts, { difference: 0, percent: 0 });
  assert.deepEqual(change!.qualified_leads, { difference: 1, percent: null });
  assert.deepEqual(change!.lost_leads, { difference: -1, percent: -100 });
  assert.deepEqual(change!.conversion_rate, { difference: 100, percent: null });
  const times = { from: "2026-03-08T08:00:00Z", to: "2026-03-15T07:00:00Z", compare: "true" };
  assert.equal((await readKpis(key, times)).previous!.from, "2026-03-01T09:00:00+00:00");
});

Deno.test("what is no range is refused", async () => {
  const { key } = await makeWorkspace();
  const refused: Record<string, Record<string, string>> = {
    "from=2026-02-01&to=2026-02-01": { "/to": "contradictory" },
    "from=2026-02-01&to=2026-01-01": { "/to": "contradictory" },
    "compare=true": { "/compare": "required" },
    "compare=true&from=2026-01-01": { "/compare": "required" },
    "compare=true&from=1900-01-01&to=9999-12-31": { "/compare": "too_big" },
    "from=2026-02-30": { "/from": "invalid_format" },
    "from=yesterday": { "/from": "invalid_format" },
    "from=0000-01-01": { "/from": "invalid_format" },
    "from=1899-12-31": { "/from": "too_small" },
    "by=colour": { "/by/0": "invalid_value" },
    "as_of=2026-02-30T00:00:00Z": { "/as_of": "invalid_format" },
  };
  for (const [query, findings] of Object.entries(refused)) {
    assertInvalid(await key.get(`contact-kpis?${query}`), findings);
  }
  const plain = await key.get("contact-kpis?compare=false");
  assert.equal(plain.status, 200, plain.text);
  assert.deepEqual(Object.keys((plain.body as { data: object }).data).length, 5);
});

Deno.test("every workspace has its own groups and ranges", async () => {
  const [one, other] = [await makeWorkspace(), await makeWorkspace()];
  const { id } = await createContact(one.key, { stage: "closing" });
  await updateContact(one.key, id, { assigned_to: one.agent.userId });
  const asked = { by: "source,stage,grade,assignee,day", from: "2020-01-01" };
  const { by_source, by_stage, by_grade, by_assignee, by_day } = await readKpis(other.key, asked);
  assert.deepEqual([by_source, by_stage, by_grade, by_assignee, by_day], [{}, {}, {}, {}, {}]);
  assert.deepEqual((await readKpis(one.agent, asked)).by_stage, { closing: 1 });
});

/** What is said in the contact's conversation: `[who, when]`. */
async function say(
  { id: workspace }: Workspace,
  contact: string,
  said: [who: string, at: string][],
): Promise<void> {
  await withDatabase(async (sql) => {
    const [{ id }] = await sql`
      insert into public.conversations (workspace_id, contact_id) values (${workspace}, ${contact})
      on conflict (contact_id, channel) do update set updated_at = now() returning id`;
    for (const [who, at] of said) {
      await sql`
        insert into public.messages (workspace_id, conversation_id, contact_id, direction, sender_type, type, status, sent_at)
        values (${workspace}, ${id}, ${contact}, ${
        who === "contact" ? "inbound" : "outbound"
      }, ${who}, 'text',
          ${who === "contact" ? "received" : "sent"}, ${at})`;
    }
  });
}

async function resolve({ id: workspace }: Workspace, contact: string, at: string): Promise<void> {
  await withDatabase((sql) =>
    sql`update public.conversations set status = 'resolved', phase = 'resolved', resolved_at = ${at}
      where workspace_id = ${workspace} and contact_id = ${contact}`
  );
}

Deno.test("first responses and resolutions are those of what was opened in the range", async () => {
  const workspace = await makeWorkspace();
  const { key } = workspace;
  const people = [];
  for (let n = 0; n < 4; n++) people.push((await createContact(key)).id);
  const [quick, slow, silent, early] = people;
  await say(workspace, quick, [["contact", "2026-01-10T10:00:00Z"], [
    "bot",
    "2026-01-10T10:00:10Z",
  ]]);
  await say(workspace, slow, [["agent", "2026-02-01T01:00:00Z"], [
    "contact",
    "2026-01-31T23:00:00Z",
  ]]);
  await say(workspace, silent, [["contact", "2026-01-15T10:00:00Z"]]);
  await say(workspace, early, [["contact", "2025-12-31T23:59:59Z"]]);
  await resolve(workspace, quick, "2026-01-10T10:01:00Z");
  await resolve(workspace, slow, "2026-02-02T23:00:00Z");
  await say(workspace, quick, [["contact", "2026-01-20T10:00:00Z"], [
    "agent",
    "2026-01-20T10:02:00Z",
  ]]);
  const january = { from: "2026-01-01", to: "2026-02-01" };
  const found = await readKpis(key, { ...january, compare: "true" });
  assert.equal(found.opened_conversations, 4);
  // 10 seconds, two minutes, two hours.
  const first_response = { count: 3, average_seconds: 2443.333, median_seconds: 120 };
  assert.deepEqual(found.first_response, first_response);
  // A minute and two days.
  assert.deepEqual(found.resolution, { count: 2, average_seconds: 86430, median_seconds: 86430 });
  const { previous, change } = found;
  assert.deepEqual([previous!.opened_conversations, previous!.first_response], [
    1,
    { count: 0, average_seconds: null, median_seconds: null },
  ]);
  assert.deepEqual(change!.opened_conversations, { difference: 3, percent: 300 });
  assert.deepEqual(change!.first_response_median, { difference: null, percent: null });
  await updateContact(key, quick, { is_mystery_shopper: true });
  const without = await readKpis(key, january);
  assert.deepEqual([without.opened_conversations, without.first_response!.median_seconds], [
    2,
    7200,
  ]);
  const all = await readKpis(key, { ...january, include_test: "true" });
  assert.deepEqual(all.first_response, first_response);
  await key.post("delete-contacts", { contact_ids: people, history: "keep" });
  assert.equal((await readKpis(key, january)).opened_conversations, 0);
});
