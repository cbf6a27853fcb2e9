/** The deadlocks that Postgres has resolved, in its own words. */
import { join } from "node:path";
import { dataFolder } from "./stack.ts";

/**
 * The reports of all since the server's start, the oldest first: who waited for whom, and where. A
 * deadlock is tried again, and nobody but the clock would know: it costs a second.
 */
export async function deadlocks(): Promise<string[]> {
  const log = await Deno.readTextFile(join(dataFolder, "postgres", "server.log"));
  return log.split(/^(?=\S+ \S+ \S+ \[\d+\] (?:LOG|WARNING|ERROR|FATAL|PANIC): )/m)
    .filter((entry) => entry.includes("ERROR:  deadlock detected"));
}
