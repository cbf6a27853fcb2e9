/** A connection of its own to the stack's database, for what the API does not do. */
import postgres from "postgres";
import { stack } from "./stack.ts";

export type Sql = postgres.Sql;

/** Runs something with a connection (or more) as the project's role `postgres`, then closes it. */
export async function withDatabase<Result>(
  use: (sql: Sql) => Promise<Result>,
  connections = 1,
): Promise<Result> {
  const sql = postgres(stack.database_url, { max: connections, onnotice: () => {} });
  try {
    return await use(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}
