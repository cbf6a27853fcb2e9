/** What the scoring bench sets up: signals, no sentiment, contacts that fall due. */
import type postgres from "postgres";
import { DEMO } from "../../scripts/stack/seed.ts";

/** Of so many keyword signals one is shown by the messages of five hours of the day's 24. */
export async function addSignals(sql: postgres.Sql, count: number): Promise<void> {
  await sql`
    insert into public.scoring_signals (workspace_id, name, kind, category, points, keywords, cap, half_life_days, buying_intent)
    select ${DEMO.workspaceId}, 'Signal ' || n, 'keyword', (array['intent', 'engagement', 'fit'])[1 + n % 3], 5,
      case when n = 1 then '{"a las 7","a las 8","a las 9","a las 10","a las 11"}'
        else array(select (array['precio', 'oferta', 'comprar', 'factura', 'visita'])[k] || ' ' || n from generate_series(1, 5) k) end,
      100, case when n % 5 = 0 then 30 end, n = 2
    from generate_series(1, ${count}::int) n`;
  await sql`delete from private.batch_jobs where kind = 'rescore'`;
}

/** Messages are stored without a look at their mood. */
export async function withoutSentiment(sql: postgres.Sql): Promise<void> {
  await sql`alter table public.messages disable trigger messages_100_sentiment_insert`;
}

/** Every contact is active, and due some time later: the index is as large as it gets. */
export async function restDue(sql: postgres.Sql): Promise<void> {
  await sql.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`
      insert into private.due_contacts (contact_id, workspace_id, due_at)
      select c.id, c.workspace_id, private.now() + interval '5 days' from public.contacts c`;
  });
  await sql`vacuum analyze private.due_contacts`;
}

/** So many contacts, spread over all, were active until now. */
export async function fallDue(sql: postgres.Sql, count: number): Promise<void> {
  await sql.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`create temp table fallen on commit drop as
      select id from public.contacts tablesample bernoulli (5) order by random() limit ${count}::int`;
    await sql`
      update public.contacts c set auto_status = 'active' from fallen f where c.id = f.id`;
    await sql`
      update public.contact_activity a
      set auto_status = 'active', message_count = 5, last_inbound_at = private.now() - interval '20 days'
      from fallen f where a.contact_id = f.id`;
    await sql`
      update private.due_contacts d set due_at = private.now() from fallen f where d.contact_id = f.id`;
  });
}

/** How many seconds it takes until the stack's worker has brought everybody up to date. */
export async function untilSwept(sql: postgres.Sql): Promise<number> {
  const begun = performance.now();
  for (;;) {
    const [{ left }] = await sql<{ left: number }[]>`
      select count(*)::int as left from (
        select from private.due_contacts d where d.due_at <= private.now() limit 1) as one`;
    if (left === 0) return (performance.now() - begun) / 1000;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
