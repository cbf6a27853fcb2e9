import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import { createDeal, createPipeline } from "../support/deals.ts";
import { query } from "../support/http.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Deal, Page } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";

const workspace = await makeWorkspace();
const { key, agent } = workspace;
await createDeal((await makeWorkspace()).key);
const pipeline = await createPipeline(workspace.admin);
const contact = await createContact(key);

/** Twelve deals that differ in everything that can be asked for. */
const deals: Deal[] = [];
for (let n = 0; n < 12; n++) {
  deals.push(
    await createDeal(key, {
      title: `Deal ${n}`,
      ...(n % 3 === 0 ? { contact_id: contact.id } : {}),
      ...(n % 4 === 0 ? {} : { value: (n % 5) * 10 }),
      ...(n % 2 === 0 ? { stage_id: pipeline.stages[n % 4 / 2].id } : {}),
      ...(n % 3 === 1 ? { assigned_to: agent.userId } : {}),
      ...(n % 5 === 0 ? {} : { expected_close_on: `2026-12-${10 + n % 4}` }),
      ...(n % 6 === 5 ? { currency: "EUR" } : {}),
    }),
  );
}
for (const [n, what] of [[2, "win"], [7, "lose"]] as const) {
  deals[n] = (await key.post<{ data: Deal }>(`deals/${deals[n].id}/${what}`, {})).body.data;
}

async function pages(parameters: Record<string, string>, limit: number): Promise<Deal[]> {
  const found: Deal[] = [];
  let cursor: string | undefined;
  do {
    const answer = await agent.get<Page<Deal>>(`deals${query({ ...parameters, limit, cursor })}`);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.data.length <= limit, true);
    found.push(...answer.body.data);
    cursor = answer.body.next_cursor ?? undefined;
  } while (cursor);
  return found;
}

const titles = (found: readonly Deal[]) => found.map(({ title }) => title);
const newestFirst = [...deals].reverse();

const FILTERS: [parameters: Record<string, string>, matches: (deal: Deal) => boolean][] = [
  [{}, () => true],
  [{ contact_id: contact.id }, ({ contact_id }) => contact_id === contact.id],
  [{ pipeline_id: pipeline.id }, ({ pipeline_id }) => pipeline_id === pipeline.id],
  [{ stage_id: pipeline.stages[0].id }, ({ stage }) => stage === "Early"],
  [{ stage_id: pipeline.stages.map(({ id }) => id).join() }, ({ stage }) => stage !== "New"],
  [{ status: "won,lost" }, ({ status }) => status !== "open"],
  [{ status: "open", currency: "EUR" }, (d) => d.status === "open" && d.currency === "EUR"],
  [{ assigned_to: "me" }, ({ assigned_to }) => assigned_to === agent.userId],
  [{ assigned_to: agent.userId }, ({ assigned_to }) => assigned_to === agent.userId],
  [{ assigned_to: "none" }, ({ assigned_to }) => assigned_to === null],
  [
    { value_min: "10", value_max: "30" },
    ({ value }) => value !== null && value >= 10 && value <= 30,
  ],
  [
    { expected_close_from: "2026-12-11", expected_close_to: "2026-12-12" },
    (d) => ["2026-12-11", "2026-12-12"].includes(d.expected_close_on!),
  ],
  [{ created_to: "2020-01-01" }, () => false],
  [{ created_from: "2020-01-01" }, () => true],
  [{ is_stale: "true" }, () => false],
];

for (const [parameters, matches] of FILTERS) {
  Deno.test(`deals ${query(parameters)} are those, newest first, on pages of any size`, async () => {
    const expected = titles(newestFirst.filter(matches));
    for (const limit of [1, 5, 200]) {
      assert.deepEqual(titles(await pages(parameters, limit)), expected);
    }
  });
}

const SORTS: [sort: string, key: (deal: Deal) => string | number][] = [
  ["created_at", ({ created_at }) => created_at],
  ["value", ({ value }) => value ?? 0],
  ["expected_close_on", ({ expected_close_on }) => expected_close_on ?? "9999"],
];

for (const [sort, keyOf] of SORTS) {
  Deno.test(`deals are sorted by ${sort}, either way, across pages`, async () => {
    const ascending = deals.toSorted((a, b) => {
      const [x, y] = [keyOf(a), keyOf(b)];
      return x < y ? -1 : x > y ? 1 : a.id < b.id ? -1 : 1;
    });
    assert.deepEqual(titles(await pages({ sort }, 5)), titles(ascending));
    assert.deepEqual(titles(await pages({ sort: `-${sort}` }, 5)), titles(ascending.toReversed()));
  });
}

Deno.test("a deal is stale once nothing has happened for the workspace's days, and no more after", async () => {
  const { key, admin } = await makeWorkspace();
  const deal = await createDeal(key);
  const ago = (days: number) =>
    withDatabase(async (sql) => {
      await sql`alter table public.deals disable trigger deals_200_closing`;
      await sql`
        update public.deals set updated_at = now() - make_interval(days => ${days}) where id = ${deal.id}`;
      await sql`alter table public.deals enable trigger deals_200_closing`;
    });
  const stale = async () => {
    const answers = ["true", "false"].map(async (is_stale) =>
      (await key.get<Page<Deal>>(`deals?is_stale=${is_stale}`)).body.data
    );
    const [yes, no] = await Promise.all(answers);
    assert.equal(yes.length + no.length, 1);
    assert.equal([...yes, ...no][0].is_stale, yes.length === 1);
    return yes.length === 1;
  };
  await ago(29);
  assert.equal(await stale(), false);
  await ago(31);
  assert.equal(await stale(), true);
  await admin.call("PATCH", "settings", { body: { lifecycle: { stale_deal_days: 60 } } });
  assert.equal(await stale(), false);
  await admin.call("PATCH", "settings", { body: { lifecycle: { stale_deal_days: null } } });
  await withDatabase((sql) =>
    sql`
      insert into public.calls (workspace_id, contact_id, direction, status, started_at)
      select workspace_id, id, 'inbound', 'completed', now() from public.contacts
      where id = ${deal.contact_id}`
  );
  assert.equal(await stale(), false);
});

Deno.test("a cursor is of its query; what is no filter is 422", async () => {
  const first = await key.get<Page<Deal>>("deals?limit=1");
  const cursor = first.body.next_cursor!;
  assertProblem(await key.get(`deals${query({ cursor, sort: "value" })}`), 400, "invalid_cursor");
  assertProblem(await key.get(`deals${query({ cursor: "abc" })}`), 400, "invalid_cursor");
  assertInvalid(await key.get("deals?status=gone&value_min=x&expected_close_to=soon&colour=red"), {
    "/status/0": "invalid_value",
    "/value_min": "invalid_type",
    "/expected_close_to": "invalid_format",
    "/colour": "unknown_parameter",
  });
});
