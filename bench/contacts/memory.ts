/** What a process has in memory while something is done. Linux only. */

const EVERY_MS = 50;
const PAGE_BYTES = 4096;

/** Resident megabytes now; undefined where the system does not tell. */
async function residentMegabytes(pid: number): Promise<number | undefined> {
  try {
    const pages = (await Deno.readTextFile(`/proc/${pid}/statm`)).split(" ")[1];
    return Number(pages) * PAGE_BYTES / 2 ** 20;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Does it, and says by how many megabytes at most the process grew meanwhile. */
export async function growthDuring<T>(
  pid: number,
  during: () => Promise<T>,
): Promise<{ result: T; megabytes?: number }> {
  const before = await residentMegabytes(pid);
  let most = before;
  const look = async () => {
    const now = await residentMegabytes(pid);
    if (now !== undefined && most !== undefined) most = Math.max(most, now);
  };
  const timer = setInterval(look, EVERY_MS);
  try {
    const result = await during();
    await look();
    return before === undefined ? { result } : { result, megabytes: most! - before };
  } finally {
    clearInterval(timer);
  }
}
