/** Processor time that a Postgres has used. Linux only. */
import type postgres from "postgres";

// What the kernel counts in: a hundredth of a second.
const TICKS = 100;

/** Seconds since it was started, of all its processes, those that have ended included. */
export async function postgresSeconds(sql: postgres.Sql): Promise<number | undefined> {
  const [{ text }] = await sql<{ text: string }[]>`select pg_read_file('postmaster.pid') as text`;
  const postmaster = Number(text.split("\n")[0]);
  try {
    const file = `/proc/${postmaster}/task/${postmaster}/children`;
    const children = (await Deno.readTextFile(file)).trim().split(" ").filter(Boolean).map(Number);
    const own = ticks(await Deno.readTextFile(`/proc/${postmaster}/stat`));
    let sum = own.own + own.ended;
    for (const child of children) sum += await ticksOf(child);
    return sum / TICKS;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** One that ends meanwhile is counted the next time, with its parent's. */
async function ticksOf(pid: number): Promise<number> {
  try {
    return ticks(await Deno.readTextFile(`/proc/${pid}/stat`)).own;
  } catch {
    return 0;
  }
}

/** The text of /proc/<pid>/stat → what the process has used itself, and its children that ended. */
export function ticks(stat: string): { own: number; ended: number } {
  // The second field is the program's name, in parentheses, with anything in it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
  const [utime, stime, cutime, cstime] = fields.slice(11, 15);
  return { own: utime + stime, ended: cutime + cstime };
}
