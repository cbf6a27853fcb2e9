/** Transactions of several statements that survive the loss of their connection. */
import type postgres from "postgres";
import { database } from "./database.ts";

// Postgres or the connection is going away: whatever is open there is rolled back by itself.
const LOST = /^(57P|08|CONNECTION_|E[A-Z]+$)/;

/**
 * Runs something in a transaction and commits it, or rolls back what it throws. It may wait for
 * nothing but its own statements.
 *
 * The library's own `begin` sends `rollback` on a connection that was lost, too, and that write
 * ends the process. Nor may such a connection be given back: it would be used again.
 */
export async function inTransaction<Result>(
  use: (sql: postgres.TransactionSql) => Promise<Result>,
): Promise<Result> {
  const sql = await database().reserve();
  try {
    await sql`begin`;
    const result = await use(sql as unknown as postgres.TransactionSql);
    await sql`commit`;
    sql.release();
    return result;
  } catch (error) {
    if (!isLost(error)) {
      await sql`rollback`;
      sql.release();
    }
    throw error;
  }
}

function isLost(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && LOST.test(code);
}
