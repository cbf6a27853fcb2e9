/** The statement that the webhook makes, without HTTP. */
import postgres from "postgres";
import { bodiesOf, type Slice } from "./delivery.ts";
import type { Traffic } from "./traffic.ts";

/** One session of the role that the functions connect as, which may have its functions timed. */
export async function openSession(
  traffic: Traffic,
): Promise<{ sql: postgres.Sql } & AsyncDisposable> {
  await traffic.sql`grant set on parameter track_functions to postgres`;
  const sql = postgres(traffic.databaseUrl, { max: 1, fetch_types: false });
  return { sql, [Symbol.asyncDispose]: () => sql.end() };
}

/** Delivers a slice, one delivery after the other → milliseconds of each. */
export async function ingestAlone(sql: postgres.Sql, slice: Slice): Promise<number> {
  const bodies = bodiesOf(slice);
  const began = performance.now();
  for (const body of bodies) {
    await sql`select private.ingest_whatsapp(${body}::text, '{}'::jsonb, null::bytea)`;
  }
  return (performance.now() - began) / bodies.length;
}
