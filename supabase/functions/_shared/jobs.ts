/**
 * What goes on beside the requests. The embedded stack looks for due jobs several times a second
 * (scripts/stack/worker_loop.ts); hosted, they run after the requests that make them and when
 * `POST jobs` is called by the clock.
 */
import { inBackground } from "./background.ts";
import { runDueBatches } from "./batch_worker.ts";
import { followDue } from "./contact_worker.ts";
import { database } from "./database.ts";
import { sentimentModel } from "./env.ts";
import { fetchMedia } from "./media_worker.ts";
import { readSentiment } from "./sentiment_worker.ts";
import { claimUpdates } from "./update_worker.ts";
import { drainOutbox } from "./outbox_worker.ts";

/** Does all that is due, however many run it at once; returns how much that was. */
export type Worker = (given: { signal: AbortSignal }) => Promise<number>;

/** By the names that `private.due_jobs()` gives them. */
export const WORKERS = {
  media: fetchMedia,
  updates: claimUpdates,
  outbox: drainOutbox,
  batches: runDueBatches,
  contacts: followDue,
  sentiment: readSentiment,
} satisfies Record<string, Worker>;

export type JobName = keyof typeof WORKERS;

/** How much of each was done. */
export type JobCounts = Record<JobName, number>;

// Within what hosted functions may take, answer included.
export const LONGEST_MS = 120_000;

/** The workers that have something to do; one statement that reads two or three index pages. */
export async function dueJobs(): Promise<JobName[]> {
  const model = sentimentModel() !== undefined;
  const [{ due }] = await database()<{ due: string }[]>`
    select array_to_json(private.due_jobs(${model}::boolean))::text as due`;
  return (JSON.parse(due) as string[]).filter((name) => name in WORKERS) as JobName[];
}

/**
 * Runs every worker until nothing is due.
 *
 * @param maxMs after which they break off, as `signal` makes them
 * @throws what the first worker failed with, once the others are through
 */
export async function runJobs(
  { signal, maxMs = LONGEST_MS }: { signal?: AbortSignal; maxMs?: number } = {},
): Promise<JobCounts> {
  const enough = new AbortController();
  const timer = setTimeout(() => enough.abort(), maxMs);
  try {
    const until = AbortSignal.any([enough.signal, ...(signal ? [signal] : [])]);
    const names = Object.keys(WORKERS) as JobName[];
    const results = await Promise.allSettled(
      names.map(async (name) => [name, await WORKERS[name]({ signal: until })] as const),
    );
    const failed = results.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
    const done = results.filter((result) => result.status === "fulfilled");
    return Object.fromEntries(done.map(({ value }) => value)) as JobCounts;
  } finally {
    clearTimeout(timer);
  }
}

let wake: (() => void) | undefined;

/** Has `nudge` call a loop of this process; returns what ends that. */
export function onNudge(loop: () => void): () => void {
  wake = loop;
  return () => {
    if (wake === loop) wake = undefined;
  };
}

/** Says that something has just become due: it is begun now, without keeping the caller. */
export function nudge(): void {
  if (wake) return wake();
  again = true;
  if (running) return;
  running = runWhileNudged().finally(() => running = undefined);
  inBackground(running);
}

let running: Promise<void> | undefined;
let again = false;

/** One run at a time, however many say that something is due. */
async function runWhileNudged(): Promise<void> {
  while (again) {
    again = false;
    await runJobs();
  }
}
