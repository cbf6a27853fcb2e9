/** Whether the database holds what was acknowledged, each once, and agrees with itself. */
import assert from "node:assert/strict";
import postgres from "postgres";
import { isAcknowledged, type Stored, type Told } from "./load.ts";

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

/** How often everything that each of the requests stores is there. */
export async function storedCounts(
  sql: postgres.Sql,
  told: Told[],
): Promise<Map<Told, number[]>> {
  const phones = told.flatMap(({ stores }) => stores.phones ?? []);
  const wamids = told.flatMap(({ stores }) => stores.wamids ?? []);
  const bodies = told.flatMap(({ stores }) => stores.bodies ?? []);
  const statuses = told.flatMap(({ stores }) => stores.statuses ?? []).map(({ wamid }) => wamid);
  const rows = await sql<{ stored: string; count: number }[]>`
    select phone as stored, count(*)::int from public.contacts
    where phone = any (${phones}) group by 1
    union all
    select wa_message_id, count(*)::int from public.messages
    where wa_message_id = any (${wamids}) group by 1
    union all
    select body, count(*)::int from public.messages
    where body = any (${bodies}) group by 1
    union all
    select wa_message_id || ' ' || status, count(*)::int from (
      select wa_message_id, status::text from public.whatsapp_pending_statuses
      union all
      select wa_message_id, unnest(array_remove(array[
        case when delivered_at is not null then 'delivered' end,
        case when read_at is not null then 'read' end,
        case when played_at is not null then 'played' end,
        case when failed_at is not null then 'failed' end], null))
      from public.messages where direction = 'outbound'
    ) as known
    where wa_message_id = any (${statuses}) group by 1`;
  const counts = new Map(rows.map(({ stored, count }) => [stored, count]));
  return new Map(
    told.map((one) => [one, namesOf(one.stores).map((name) => counts.get(name) ?? 0)]),
  );
}

function namesOf({ phones = [], wamids = [], bodies = [], statuses = [] }: Stored): string[] {
  return [
    ...phones,
    ...wamids,
    ...bodies,
    ...statuses.map(({ wamid, status }) => `${wamid} ${status}`),
  ];
}

/** What was acknowledged is there exactly once; the rest too, or it left nothing at all. */
export async function assertOnce(sql: postgres.Sql, told: Told[]): Promise<void> {
  const counts = await storedCounts(sql, told);
  const all = (one: Told, wanted: number) => counts.get(one)!.every((count) => count === wanted);
  // The first few: a lost second of load is hundreds.
  const shown = (wrong: Told[]) =>
    wrong.slice(0, 5).map((one) => ({ stores: one.stores, counts: counts.get(one) }));
  const lost = told.filter((one) => isAcknowledged(one) && !all(one, 1));
  assert.deepEqual(shown(lost), [], "acknowledged and not there once");
  const torn = told.filter((one) => !isAcknowledged(one) && !all(one, 0) && !all(one, 1));
  assert.deepEqual(shown(torn), [], "there twice, or in part");
}

/** Everything told is kept as its kind says, and the database agrees with itself. */
export async function assertKept(databaseUrl: string, told: Told[]): Promise<void> {
  await withSql(databaseUrl, async (sql) => {
    for (const [kind, ofKind] of Map.groupBy(told, ({ kind }) => kind)) {
      await kind.verify(sql, ofKind);
    }
    await assertCounters(sql);
  });
}

/** What triggers count is what there is: no transaction was stored by half. */
async function assertCounters(sql: postgres.Sql): Promise<void> {
  const wrong = await sql`
    select 'messages of contact' as count_of, c.id
    from public.contacts c left join public.contact_activity a on a.contact_id = c.id
    where a.message_count is distinct from
      (select count(*) from public.messages m where m.contact_id = c.id)
    union all
    select 'messages of conversation', v.id from public.conversations v
    where v.message_count <> (select count(*) from public.messages m where m.conversation_id = v.id)
    union all
    select 'activity of contact', c.id from public.contacts c
    where not exists (
      select from public.activity_log a where a.entity_id = c.id and a.action = 'contact.created')
    union all
    select 'contacts of workspace', w.id from public.workspaces w
    where (select count(*) from public.contacts c where c.workspace_id = w.id)
      <> (select sum(contacts) from private.contact_counts(w.id, true))`;
  assert.deepEqual([...wrong], [], "counters are wrong");
}
