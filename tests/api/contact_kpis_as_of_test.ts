/** The KPIs of a past moment are what was answered then. */
import assert from "node:assert/strict";
import { createContact, updateContact } from "../support/contacts.ts";
import { type Sql, withDatabase } from "../support/database.ts";
import { momentOf, readKpis } from "../support/kpis.ts";
import { merge, undo } from "../support/merging.ts";
import { assertInvalid } from "../support/problem.ts";
import type { AnyKpis } from "../support/types.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";

interface Told {
  moment: string;
  without: AnyKpis;
  withTests: AnyKpis;
}

/** What a reader is told now, to be compared later. */
async function ask({ key }: Workspace, sql: Sql): Promise<Told> {
  const without = await readKpis(key, { by: "stage" });
  const withTests = await readKpis(key, { by: "stage", include_test: "true" });
  return { moment: await momentOf(sql), without, withTests };
}

/** Every moment's answer is still what it was. */
async function assertStillTold({ key }: Workspace, told: readonly Told[]): Promise<void> {
  for (const { moment, without, withTests } of told) {
    const { as_of, ...then } = await readKpis(key, { as_of: moment, by: "stage" });
    assert.equal(Date.parse(as_of!), Date.parse(moment));
    assert.deepEqual(then, without, moment);
    const asked = { as_of: moment, by: "stage,status", include_test: "true" };
    const { as_of: _, ...thenWithTests } = await readKpis(key, asked);
    assert.deepEqual(thenWithTests, withTests, moment);
  }
}

/** A history with everything that changes counts, told step by step. */
async function live(workspace: Workspace, sql: Sql): Promise<Told[]> {
  const { key, agent } = workspace;
  const told = [await ask(workspace, sql)];
  const step = async <Result>(change: Promise<Result>) => {
    const result = await change;
    told.push(await ask(workspace, sql));
    return result;
  };
  const one = await step(createContact(key, { status: "qualified" }));
  const two = await step(createContact(key, { stage: "closing", is_mystery_shopper: true }));
  await step(updateContact(key, one.id, { status: "lost", stage: "comparing" }));
  await step(updateContact(key, two.id, { is_mystery_shopper: false }));
  const three = await step(createContact(key, { status: "converted" }));
  const mergeId = await step(merge(agent, one.id, three.id));
  await step(undo(agent, mergeId));
  await step(updateContact(key, three.id, { is_mystery_shopper: true }));
  await step(key.post("delete-contacts", { contact_ids: [two.id], history: "erase" }));
  await step(key.post("delete-contacts", { contact_ids: [one.id, three.id], history: "keep" }));
  return told;
}

Deno.test("as_of repeats every answer, before and after folding, and once all are deleted", async () => {
  const workspace = await makeWorkspace();
  await withDatabase(async (sql) => {
    const told = await live(workspace, sql);
    const answers = new Set(told.map(({ moment: _, ...answers }) => JSON.stringify(answers)));
    assert.equal(answers.size > 7, true, `${answers.size} different answers`);
    await assertStillTold(workspace, told);
    await sql`select private.fold_contact_kpis(${workspace.id}, 3)`;
    await assertStillTold(workspace, told);
    await sql`select private.sweep()`;
    await assertStillTold(workspace, told);
    const [{ left }] = await sql`
      select count(*)::int as left from private.contact_kpi_deltas where workspace_id = ${workspace.id}`;
    assert.equal(left, 0, "everything was folded");
  });
});

Deno.test("days and minutes ago are added up from sums", async () => {
  const workspace = await makeWorkspace();
  await withDatabase(async (sql) => {
    const told = await live(workspace, sql);
    await backdate(sql, workspace);
    for (let n = 0; n < 4; n++) await sql`select private.fold_contact_kpis(${workspace.id}, 4)`;
    await createContact(workspace.key);
    await sql`select private.sweep()`;
    const earlier = told.map((then) => ({
      ...then,
      moment: new Date(Date.parse(then.moment) - 60 * 3_600_000).toISOString()
        .replace(/\d{3}Z$/, then.moment.slice(-7)),
    }));
    await assertStillTold(workspace, earlier);
    await assertStillTold(workspace, [{ ...told.at(-1)!, moment: await dayLater(sql, told) }]);
  });
});

/** The workspace's history is two and a half days older, and nothing of it was folded. */
async function backdate(sql: Sql, { id }: Workspace): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`delete from private.contact_kpi_deltas where workspace_id = ${id} and at is null`;
    await tx`delete from private.kpi_log_sums where workspace_id = ${id}`;
    await tx`
      with logged as (delete from private.kpi_log where workspace_id = ${id} returning *)
      insert into private.contact_kpi_deltas (workspace_id, status, is_test, stage, delta, at)
      select workspace_id, status, is_test, stage, delta, at from logged`;
    await tx`
      update private.contact_kpi_deltas set at = at - interval '60 hours' where workspace_id = ${id}`;
  });
}

async function dayLater(sql: Sql, told: readonly Told[]): Promise<string> {
  const [{ at }] = await sql`select (${
    told.at(-1)!.moment
  }::timestamptz - interval '36 hours')::text as at`;
  return new Date(at).toISOString();
}

Deno.test("before there was anybody all is zero, and what is yet to come is refused", async () => {
  const { key } = await makeWorkspace();
  await createContact(key);
  const { total_contacts, by_status } = await readKpis(key, { as_of: "2020-02-29T12:00:00+02:00" });
  assert.equal(total_contacts, 0);
  assert.deepEqual(Object.values(by_status), [0, 0, 0, 0, 0]);
  const soon = new Date(Date.now() + 60_000).toISOString();
  assertInvalid(await key.get(`contact-kpis?as_of=${soon}`), { "/as_of": "in_the_future" });
});

Deno.test("a moment goes with no range and no groups but status and stage", async () => {
  const { key } = await makeWorkspace();
  const asked = "contact-kpis?as_of=2026-01-01T00:00:00Z";
  for (const more of ["from=2026-01-01", "to=2026-01-01", "compare=true"]) {
    assertInvalid(await key.get(`${asked}&${more}`), { "/as_of": "contradictory" });
  }
  for (const by of ["source", "status,grade", "day", "assignee"]) {
    assertInvalid(await key.get(`${asked}&by=${by}`), { "/by": "contradictory" });
  }
  assertInvalid(await key.get("contact-kpis?as_of=2026-01-01"), { "/as_of": "invalid_format" });
});

Deno.test("of another workspace nothing is told", async () => {
  const [one, other] = [await makeWorkspace(), await makeWorkspace()];
  await createContact(one.key);
  await withDatabase(async (sql) => {
    const as_of = await momentOf(sql);
    assert.equal((await readKpis(one.key, { as_of })).total_contacts, 1);
    assert.equal((await readKpis(other.key, { as_of })).total_contacts, 0);
  });
});
