/** Brings contacts up to date whom time alone has changed: automatic status, risk, decayed scores. */
import { database, retrying } from "./database.ts";

const AT_ONCE = 200;

/**
 * All that are due, some hundred a transaction, so that nobody waits for them for long.
 *
 * @returns how many contacts it has looked at
 */
export async function followDue({ signal }: { signal: AbortSignal }): Promise<number> {
  let count = 0;
  while (!signal.aborted) {
    const [{ followed }] = await retrying(() =>
      database()<{ followed: number }[]>`
        select private.follow_due(${AT_ONCE}::int) as followed`
    );
    count += followed;
    // The rest, if there is any, is somebody else's at the moment.
    if (followed < AT_ONCE) break;
  }
  return count;
}
