import type postgres from "postgres";

const SWEEP_EVERY_MS = 10 * 60 * 1000;
const ANALYZE_EVERY_MS = 1000;

/** Housekeeping that pg_cron does on Supabase. */
export function startSweeper(sql: postgres.Sql): () => void {
  const timers = [
    every(SWEEP_EVERY_MS, "Housekeeping", () => sql`select private.sweep()`),
    every(ANALYZE_EVERY_MS, "Looking at grown tables", () => sql`select private.analyze_grown()`),
  ];
  return () => timers.forEach(clearInterval);
}

/** One run at a time; a database that is away is said once an outage. */
function every(milliseconds: number, what: string, run: () => PromiseLike<unknown>) {
  let running = false;
  let failed = false;
  return setInterval(async () => {
    if (running) return;
    running = true;
    try {
      await run();
      failed = false;
    } catch (error) {
      if (!failed) console.error(`${what} failed:`, error);
      failed = true;
    } finally {
      running = false;
    }
  }, milliseconds);
}
