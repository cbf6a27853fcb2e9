/** Stores what came for numbers that were registered afterwards. */
import { database, retrying } from "./database.ts";

/**
 * Stores all that has an owner by now, a delivery a transaction. What cannot be stored is put off.
 *
 * @param signal nothing more is begun
 * @returns how many deliveries were dealt with, well or not
 */
export async function claimUpdates({ signal }: { signal: AbortSignal }): Promise<number> {
  const db = database();
  for (let count = 0;; count++) {
    if (signal.aborted) return count;
    const [{ claimed }] = await retrying(() =>
      db<{ claimed: boolean }[]>`select private.claim_unclaimed_update() as claimed`
    );
    if (!claimed) return count;
  }
}
