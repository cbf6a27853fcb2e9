import type postgres from "postgres";

const EVERY_MS = 10 * 60 * 1000;

/** Housekeeping that pg_cron does on Supabase. */
export function startSweeper(sql: postgres.Sql): () => void {
  const timer = setInterval(() => {
    sql`select private.sweep()`.catch((error) => console.error("Housekeeping failed:", error));
  }, EVERY_MS);
  return () => clearInterval(timer);
}
