/** Whether the database holds what was acknowledged, each once, and agrees with itself. */
import assert from "node:assert/strict";
import postgres from "postgres";
import { isAcknowledged, type Told } from "./load.ts";

export async function withSql<Result>(
  url: string,
  use: (sql: postgres.Sql) => Promise<Result>,
): Promise<Result> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await use(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** How often each of the requests is stored. */
export async function storedCounts(databaseUrl: string, told: Told[]): Promise<Map<Told, number>> {
  return await withSql(databaseUrl, async (sql) => {
    const wamids = told.flatMap(({ stores }) => "wamid" in stores ? [stores.wamid] : []);
    const phones = told.flatMap(({ stores }) => "phone" in stores ? [stores.phone] : []);
    const rows = await sql<{ stored: string; count: number }[]>`
      select wa_message_id as stored, count(*)::int from public.messages
      where wa_message_id = any (${wamids}) group by 1
      union all
      select phone, count(*)::int from public.contacts where phone = any (${phones}) group by 1`;
    const counts = new Map(rows.map(({ stored, count }) => [stored, count]));
    return new Map(
      told.map((one) => [one, counts.get(Object.values(one.stores)[0] as string) ?? 0]),
    );
  });
}

/** What was acknowledged is there exactly once, what was not at most once. */
export async function assertKept(databaseUrl: string, told: Told[]): Promise<void> {
  const counts = await storedCounts(databaseUrl, told);
  const lost = told.filter((one) => isAcknowledged(one) && counts.get(one) !== 1);
  assert.deepEqual(lost.map(({ stores }) => stores), [], "acknowledged and not there once");
  assert.deepEqual(told.filter((one) => counts.get(one)! > 1), []);
  await withSql(databaseUrl, async (sql) => {
    await assertSameContacts(sql, told);
    await assertDeliveries(sql, told);
    await assertCounters(sql);
  });
}

/** A contact that was answered has the id that was answered. */
async function assertSameContacts(sql: postgres.Sql, told: Told[]): Promise<void> {
  const made = told.filter(({ contactId }) => contactId !== undefined);
  const rows = await sql<{ id: string }[]>`
    select id from public.contacts where id = any (${
    made.map(({ contactId }) => contactId!)
  }::uuid[])`;
  assert.equal(rows.length, made.length);
}

/** Every acknowledged delivery is kept as it came. */
async function assertDeliveries(sql: postgres.Sql, told: Told[]): Promise<void> {
  const bodies = told.filter((one) => isAcknowledged(one) && "wamid" in one.stores)
    .map(({ body }) => body);
  const [{ kept }] = await sql<{ kept: number }[]>`
    select count(distinct body)::int as kept from private.webhook_deliveries
    where body = any (${bodies})`;
  assert.equal(kept, bodies.length);
}

/** What triggers count is what there is: no transaction was stored by half. */
async function assertCounters(sql: postgres.Sql): Promise<void> {
  const wrong = await sql`
    select c.id from public.contacts c left join public.contact_activity a on a.contact_id = c.id
    where a.message_count is distinct from
      (select count(*) from public.messages m where m.contact_id = c.id)
    union all
    select v.id from public.conversations v
    where v.message_count <> (select count(*) from public.messages m where m.conversation_id = v.id)
    union all
    select c.id from public.contacts c
    where not exists (
      select from public.activity_log a where a.entity_id = c.id and a.action = 'contact.created')
    union all
    select w.id from public.workspaces w
    where (select count(*) from public.contacts c where c.workspace_id = w.id)
      <> (select sum(contacts) from private.contact_counts(w.id, true))`;
  assert.deepEqual([...wrong], []);
}
