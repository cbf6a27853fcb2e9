/** The planner hears of growth at once: sessions keep the plans that they made before. */
import assert from "node:assert/strict";
import { withDatabase } from "./support/database.ts";
import { until } from "./support/until.ts";

Deno.test("a table that has grown is looked at within seconds, and not again until it has doubled", async () => {
  const name = `private.grown_${crypto.randomUUID().replaceAll("-", "")}`;
  await withDatabase(async (sql) => {
    // Autovacuum would come by in the end.
    await sql.unsafe(`create table ${name} (n int) with (autovacuum_enabled = off)`);
    try {
      const seen = async () => {
        const [{ rows }] = await sql<{ rows: number }[]>`
          select reltuples::int as rows from pg_class where oid = ${name}::regclass`;
        return rows;
      };
      const grow = async (rows: number) => {
        await sql.unsafe(`insert into ${name} select generate_series(1, ${rows})`);
        await sql`select pg_stat_force_next_flush()`;
      };
      await grow(1000);
      await until(async () => await seen() === 1000 || undefined);
      await grow(900);
      await grow(200);
      await until(async () => await seen() === 2100 || undefined);
      await grow(2000);
      await sql`select private.analyze_grown()`;
      assert.equal(await seen(), 2100);
    } finally {
      await sql.unsafe(`drop table ${name}`);
    }
  });
});
