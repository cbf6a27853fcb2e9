/** Brings contacts up to date whom time alone has changed: automatic status, risk, decayed scores. */
import { database, retrying } from "./database.ts";

const AT_ONCE = 200;
const RESTS = 2;

/**
 * All that are due, some hundred a transaction, so that nobody waits for them for long. Between two
 * it rests twice as long as the first one took: whoever writes meanwhile has the database for most
 * of the time.
 *
 * @returns how many contacts it has looked at
 */
export async function followDue({ signal }: { signal: AbortSignal }): Promise<number> {
  let count = 0;
  while (!signal.aborted) {
    const begun = performance.now();
    const [{ followed }] = await retrying(() =>
      database()<{ followed: number }[]>`
        select private.follow_due(${AT_ONCE}::int) as followed`
    );
    count += followed;
    // The rest, if there is any, is somebody else's at the moment.
    if (followed < AT_ONCE) break;
    const took = performance.now() - begun;
    await new Promise((resolve) => setTimeout(resolve, RESTS * took));
  }
  return count;
}
