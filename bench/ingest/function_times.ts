/** What Postgres counts of its functions while `track_functions` is on. */
import type postgres from "postgres";

/** By the function's name; `self` is milliseconds. */
export type FunctionTimes = Map<string, { calls: number; self: number }>;

/** Since the database was made. Of all sessions: nobody else may be tracking. */
export async function functionTimes(sql: postgres.Sql): Promise<FunctionTimes> {
  await sql`select pg_stat_force_next_flush()`;
  const rows = await sql<{ name: string; calls: number; self: number }[]>`
    select schemaname || '.' || funcname as name, sum(calls)::int as calls,
      sum(self_time)::float as self
    from pg_stat_user_functions where schemaname not like 'pg\_%' group by 1`;
  return new Map(rows.map(({ name, calls, self }) => [name, { calls, self }]));
}

/** What was added between two readings; functions that were not called are left out. */
export function since(before: FunctionTimes, after: FunctionTimes): FunctionTimes {
  const added: FunctionTimes = new Map();
  for (const [name, { calls, self }] of after) {
    const earlier = before.get(name) ?? { calls: 0, self: 0 };
    if (calls > earlier.calls) {
      added.set(name, { calls: calls - earlier.calls, self: self - earlier.self });
    }
  }
  return added;
}

/** Adds `more` to `into`, its calls times `share`, its times that and `speed`. */
export function addTo(into: FunctionTimes, more: FunctionTimes, share: number, speed = 1): void {
  for (const [name, { calls, self }] of more) {
    const there = into.get(name) ?? { calls: 0, self: 0 };
    into.set(name, {
      calls: there.calls + calls * share,
      self: there.self + self * share * speed,
    });
  }
}
