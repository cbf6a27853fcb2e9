/** What sessions wait for, seen by looking often. */
import type postgres from "postgres";

const EVERY_MS = 20;

/** How often a session in the middle of a statement was seen, by what it waited for. */
export type Waits = Map<string, number>;

// Waiting for the row that another transaction has written, or in line behind who does.
const ROW_LOCKS = ["Lock:transactionid", "Lock:tuple"];

/** Looks until `during` is over. */
export async function sampleWaits<T>(
  sql: postgres.Sql,
  during: Promise<T>,
): Promise<{ result: T; waits: Waits }> {
  const waits: Waits = new Map();
  let over = false;
  const result = during.finally(() => over = true);
  result.catch(() => {});
  while (!over) {
    const rows = await sql<{ wait: string; sessions: number }[]>`
      select coalesce(wait_event_type || ':' || wait_event, 'running') as wait,
        count(*)::int as sessions
      from pg_stat_activity
      where state = 'active' and backend_type = 'client backend' and pid <> pg_backend_pid()
      group by 1`;
    for (const { wait, sessions } of rows) waits.set(wait, (waits.get(wait) ?? 0) + sessions);
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  return { result: await result, waits };
}

/** The share of what was seen, most first. */
export function shares(waits: Waits): [string, number][] {
  const all = [...waits.values()].reduce((sum, n) => sum + n, 0);
  return [...waits].map(([wait, n]): [string, number] => [wait, n / all])
    .sort(([, a], [, b]) => b - a);
}

/** The share of sessions that waited for another's row. */
export function waitingForRows(waits: Waits): number {
  return shares(waits).filter(([wait]) => ROW_LOCKS.includes(wait))
    .reduce((sum, [, share]) => sum + share, 0);
}
