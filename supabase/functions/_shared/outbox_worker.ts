/** Sends what the outbox holds. Which, when and how often is decided in Postgres. */
import { database, json, retrying } from "./database.ts";
import { sendBackoffMs } from "./env.ts";
import { type GraphOutcome, postMessage } from "./graph.ts";
import { open } from "./secret_box.ts";
import { isStorable } from "./text.ts";

/** A row of `private.claim_outbox`. */
interface Item {
  id: string;
  phone_number_id: string;
  access_token: Uint8Array;
  /** JSON text. */
  body: string;
  /** This one included. */
  attempts: number;
}

/** What `private.finish_outbox` takes. */
type Outcome = Record<string, unknown>;

const AT_ONCE = 64;
// What is due later than this is left to the next run.
const PATIENCE_MS = 1_000;
const SHORTEST_PAUSE_MS = 10;

/**
 * Sends until nothing is due any more. Any number of processes may do so at once.
 *
 * @param signal ends it: nothing more is begun, and what is under way gets its answer
 * @returns how many were sent or tried
 */
export async function drainOutbox({ signal }: { signal: AbortSignal }): Promise<number> {
  const running = new Set<Promise<void>>();
  let tried = 0;
  try {
    while (!signal.aborted) {
      // Whatever is due, nothing more is begun before one of them is through.
      if (running.size >= AT_ONCE) {
        await Promise.race(running);
        continue;
      }
      const items = await claim(AT_ONCE - running.size);
      tried += items.length;
      for (const item of items) start(item, running);
      if (items.length === 0 && !await somethingComes(running, signal)) break;
    }
  } finally {
    await Promise.all(running);
  }
  return tried;
}

function start(item: Item, running: Set<Promise<void>>): void {
  const done: Promise<void> = send(item)
    .then((outcome) => finish(item, outcome))
    .catch((error) => console.error(`The outcome of ${item.id} could not be kept:`, error))
    .finally(() => running.delete(done));
  running.add(done);
}

/** Waits for an answer or for the next that is due; false if there is nothing to wait for. */
async function somethingComes(
  running: ReadonlySet<Promise<void>>,
  signal: AbortSignal,
): Promise<boolean> {
  const due = await nextDue();
  const soon = due !== null && due <= PATIENCE_MS;
  if (running.size === 0 && !soon) return false;
  const pause = sleep(Math.max(soon ? due : PATIENCE_MS, SHORTEST_PAUSE_MS), signal);
  await Promise.race([pause.over, ...running]);
  pause.end();
  return true;
}

async function claim(atMost: number): Promise<Item[]> {
  return await retrying(() =>
    database()<Item[]>`
      select id, phone_number_id, access_token, body::text as body, attempts
      from private.claim_outbox(${atMost})`
  );
}

async function nextDue(): Promise<number | null> {
  const [{ wait }] = await database()<{ wait: number | null }[]>`
    select private.outbox_wait_ms() as wait`;
  return wait;
}

async function send(item: Item): Promise<Outcome> {
  let token: string;
  try {
    token = await open(item.access_token, item.phone_number_id);
  } catch (error) {
    console.error(`The access token of number ${item.phone_number_id} does not open:`, error);
    return { retry: { code: "token_unreadable", title: "The access token cannot be read" } };
  }
  return outcomeOf(
    await postMessage({ phoneNumberId: item.phone_number_id, token, body: item.body }),
  );
}

function outcomeOf(outcome: GraphOutcome): Outcome {
  switch (outcome.kind) {
    case "answered":
      return accepted(outcome.body);
    case "refused":
      return { refused: outcome.error, after_seconds: outcome.afterSeconds };
    case "unsent":
      return { retry: outcome.error };
    case "lost":
      return { unknown: outcome.error };
  }
}

// WhatsApp's have fewer than a hundred characters; what no index can hold is none of them.
const LONGEST_WAMID = 512;

/** A message gets a wamid; a signal is merely taken. */
function accepted(body: Record<string, unknown>): Outcome {
  const wamid = (body.messages as { id?: unknown }[] | undefined)?.[0]?.id;
  if (isWamid(wamid)) return { accepted: wamid };
  if (body.success === true) return { accepted: null };
  const details = "The answer names no message.";
  return { unknown: { code: "no_answer", title: "Perhaps sent", details } };
}

function isWamid(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_WAMID &&
    isStorable(value);
}

// A database that restarts is back within these; after that the lease ends, and nobody knows.
const PAUSES_MS = [200, 500, 1_000, 2_000, 4_000, 8_000];

async function finish({ id, attempts }: Item, outcome: Outcome): Promise<void> {
  for (let attempt = 0;; attempt++) {
    try {
      const db = database();
      await retrying(() =>
        db`select private.finish_outbox(${id}, ${attempts}::int, ${json(db, outcome)}::jsonb,
          ${sendBackoffMs()}::int * interval '1 millisecond')`
      );
      return;
    } catch (error) {
      if (attempt >= PAUSES_MS.length) throw error;
      await sleep(PAUSES_MS[attempt]).over;
    }
  }
}

function sleep(milliseconds: number, signal?: AbortSignal): { over: Promise<void>; end(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
    resolve();
  };
  const timer = setTimeout(end, milliseconds);
  signal?.addEventListener("abort", end);
  return { over: promise, end };
}
