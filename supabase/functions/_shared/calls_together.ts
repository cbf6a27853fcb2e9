/** Calls of one caller for one operation that come at the same time, made as one. */
import { Batches } from "./batches.ts";
import { call, type OperationCall, type Outcome } from "./database.ts";
import { isRefusal } from "./errors.ts";

/** Who asks for what: an operation that takes { items } and answers [{ status, body, headers } | null, …]. */
export type CommonCall = Pick<OperationCall, "credential" | "scope" | "operation">;

/** With two of them each would be half as big, and what that saves is less than what it costs. */
const AT_ONCE = 1;

const LOCK_NOT_AVAILABLE = "55P03";

type Answer = Pick<Outcome, "status" | "body" | "headers">;
type CallBatches = Batches<unknown, Outcome | undefined>;

const running = new Map<string, CallBatches>();

/**
 * What the operation answers to the item; undefined where it answers null, or has to wait for
 * somebody else's lock: that is for the caller to ask for by itself. Returns once all of it is
 * committed.
 *
 * @param size about how long the item is, in characters
 * @throws errors of Postgres as npm:postgres has them, about this item or about all
 */
export async function callTogether(
  common: CommonCall,
  item: unknown,
  size: number,
): Promise<Outcome | undefined> {
  const key = JSON.stringify(common);
  const batches = running.get(key) ?? begin(key, common);
  try {
    return await batches.add(item, size);
  } finally {
    if (batches.size === 0) running.delete(key);
  }
}

function begin(key: string, common: CommonCall): CallBatches {
  const batches: CallBatches = new Batches(
    async (items) => {
      const outcome = await call({ ...common, args: { items } }).catch(unlessLocked);
      if (!outcome) return items.map(() => undefined);
      const answers: (Answer | null)[] = JSON.parse(outcome.body!);
      return answers.map((answer) => answer === null ? undefined : { ...outcome, ...answer });
    },
    isItemsFault,
    { atOnce: AT_ONCE },
  );
  running.set(key, batches);
  return batches;
}

/** What waits for somebody else's lock does so alone. */
function unlessLocked(error: unknown): undefined {
  if ((error as { code?: unknown } | null)?.code !== LOCK_NOT_AVAILABLE) throw error;
}

/** A refusal, or a value that does not fit: SQLSTATE classes 22 and 23. */
function isItemsFault(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return isRefusal(error) || typeof code === "string" && /^2[23]/.test(code);
}
