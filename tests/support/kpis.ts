/** The KPIs in tests. */
import assert from "node:assert/strict";
import type { Sql } from "./database.ts";
import type { Client } from "./http.ts";
import type { AnyKpis, Data } from "./types.ts";

/** The KPIs as asked for: `{ by: "source,day", from: "2026-10-01" }`. */
export async function readKpis(
  client: Client,
  asked: Record<string, string> = {},
): Promise<AnyKpis> {
  const answer = await client.get<Data<AnyKpis>>(`contact-kpis?${new URLSearchParams(asked)}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data;
}

/** The moment after all that has been committed so far, as the database's clock says it. */
export async function momentOf(sql: Sql): Promise<string> {
  const [{ at }] = await sql<{ at: string }[]>`
    select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`;
  return at;
}
