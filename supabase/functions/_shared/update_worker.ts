/** Stores what came for numbers that were registered afterwards. */
import { database, retrying } from "./database.ts";

// Each may be a whole delivery, and a statement has twenty seconds.
const AT_ONCE = 20;

/**
 * Stores all that has an owner by now; a batch is whole or not at all.
 *
 * @param signal nothing more is begun
 * @returns how many deliveries that were
 */
export async function claimUpdates({ signal }: { signal: AbortSignal }): Promise<number> {
  const db = database();
  let count = 0;
  while (!signal.aborted) {
    const [{ claimed }] = await retrying(() =>
      db<{ claimed: number }[]>`select private.claim_unclaimed_updates(${AT_ONCE}::int) as claimed`
    );
    count += claimed;
    if (claimed < AT_ONCE) break;
  }
  return count;
}
