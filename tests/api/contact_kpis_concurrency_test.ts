/** The KPIs while sixteen writers change, make and delete contacts, over HTTP and in SQL. */
import assert from "node:assert/strict";
import { createContact, updateContact } from "../support/contacts.ts";
import { type Sql, withDatabase } from "../support/database.ts";
import type { Contact, Data, Kpis } from "../support/types.ts";
import { uniquePhone } from "../support/unique.ts";
import { makeWorkspace } from "../support/workspace.ts";

const STATUSES = ["new", "contacted", "qualified", "converted", "lost"];
const SECONDS = 5;
const WRITERS = 16;

const { key, id: workspace } = await makeWorkspace();

const any = <Item>(items: readonly Item[]): Item => items[Math.floor(Math.random() * items.length)];

async function kpis(includeTest = false): Promise<Kpis> {
  const answer = await key.get<Data<Kpis>>(`contact-kpis?include_test=${includeTest}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data;
}

/** What holds for every read, whatever is being written: the numbers fit each other. */
function assertConsistent(read: Kpis): void {
  const counts = Object.values(read.by_status);
  assert.equal(counts.every((count) => count >= 0), true, JSON.stringify(read));
  assert.equal(read.total_contacts, counts.reduce((sum, count) => sum + count));
  assert.equal(read.qualified_leads, read.by_status.qualified + read.by_status.converted);
  assert.equal(read.lost_leads, read.by_status.lost);
  const rate = read.total_contacts && 100 * read.qualified_leads / read.total_contacts;
  assert.equal(Math.abs(read.conversion_rate - rate) <= 0.005 + 1e-9, true, JSON.stringify(read));
}

/** The truth: a count over the table. */
async function counted(sql: Sql, includeTest: boolean): Promise<Record<string, number>> {
  const rows = await sql<{ status: string; count: number }[]>`
    select s.status::text, count(c.id)::int
    from unnest(enum_range(null::public.contact_status)) as s (status)
    left join public.contacts c
      on c.status = s.status and c.workspace_id = ${workspace}
      and (${includeTest} or not c.is_mystery_shopper)
    group by 1`;
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

async function writeOverHttp(mine: string[]): Promise<void> {
  const dice = Math.random();
  if (mine.length < 3 || dice < 0.3) {
    const body = { phone: uniquePhone(), status: any(STATUSES), is_mystery_shopper: dice < 0.05 };
    const answer = await key.post<Data<Contact>>("create-contact", body);
    assert.equal(answer.status, 201, answer.text);
    mine.push(answer.body.data.id);
  } else {
    const change = { status: any(STATUSES), is_mystery_shopper: Math.random() < 0.1 };
    await updateContact(key, any(mine), change);
  }
}

async function writeInSql(sql: Sql, mine: string[]): Promise<void> {
  const dice = Math.random();
  if (mine.length < 5 || dice < 0.3) {
    const phones = Array.from({ length: 1 + Math.floor(dice * 20) }, uniquePhone);
    const rows = await sql`
      insert into public.contacts (workspace_id, phone, status, is_mystery_shopper)
      select ${workspace}, phone, ${any(STATUSES)}::public.contact_status, random() < 0.1
      from unnest(${phones}::text[]) phone returning id`;
    mine.push(...rows.map(({ id }) => id));
  } else if (dice < 0.5) {
    await sql`delete from public.contacts where id = ${mine.splice(0, 1)[0]}`;
  } else if (dice < 0.6) {
    // Rolled back: nothing of it may count.
    await sql.begin(async (transaction) => {
      await transaction`update public.contacts set status = 'lost' where id = any (${mine})`;
      throw new Error("undo");
    }).catch((error) => assert.equal(error.message, "undo"));
  } else {
    await sql`
      update public.contacts set status = ${any(STATUSES)}::public.contact_status
      where id = any (${[any(mine), any(mine)]})`;
  }
}

async function writeFor(milliseconds: number, write: () => Promise<void>): Promise<number> {
  const end = Date.now() + milliseconds;
  let writes = 0;
  for (; Date.now() < end; writes++) await write();
  return writes;
}

Deno.test(`${WRITERS} writers for ${SECONDS} seconds: the KPIs equal a count over the table`, async () => {
  await withDatabase(async (sql) => {
    const writers = Array.from({ length: WRITERS }, (_, n) => {
      const mine: string[] = [];
      const write = n % 2 === 0 ? () => writeOverHttp(mine) : () => writeInSql(sql, mine);
      return writeFor(SECONDS * 1000, write);
    });
    const reads = writeFor(SECONDS * 1000, async () => assertConsistent(await kpis(true)));
    // Folding of the deltas meanwhile, as housekeeping does it.
    const sweeps = writeFor(SECONDS * 1000, async () => void await sql`select private.sweep()`);
    const writes = await Promise.all(writers);
    assert.equal(writes.every((count) => count > 5), true, `writes ${writes}`);
    assert.equal(await reads > 5 && await sweeps > 5, true);
    for (const includeTest of [false, true]) {
      const read = await kpis(includeTest);
      assertConsistent(read);
      assert.deepEqual(read.by_status, await counted(sql, includeTest));
      assert.equal(read.total_contacts > 20, true);
    }
  }, WRITERS);
});

Deno.test("a writer sees its own change at the next read", async () => {
  const before = await kpis();
  const contact = await createContact(key);
  let status = "new";
  const counts: Record<string, number> = { ...before.by_status };
  counts.new++;
  for (let n = 0; n < 40; n++) {
    const next = any(STATUSES);
    await updateContact(key, contact.id, { status: next });
    counts[status]--;
    counts[next]++;
    status = next;
    assert.deepEqual((await kpis()).by_status, counts, `after ${n + 1} changes`);
  }
});
