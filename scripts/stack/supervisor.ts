import { describeFailure, StackProblem } from "./problem.ts";
import type { EmbeddedPostgres } from "./postgres.ts";

export interface SupervisorOptions {
  /** Told that Postgres is gone for good; nobody watches it any more. */
  onLost(problem: StackProblem): void;
  /** Told what happens, for people. */
  onProgress?: (message: string) => void;
  pace?: Pace;
}

/** In milliseconds. */
export interface Pace {
  /** From one look to the next. */
  look: number;
  /** After the first attempt that failed, doubled at each further one. */
  retry: number;
  longestRetry: number;
  /** From the loss on; an attempt that runs by then is still waited for. */
  patience: number;
}

/**
 * Processes of a killed Postgres finish the statement that they are at (20 seconds at most) and
 * keep its memory as long; another program may have the port for a moment. Both pass in time.
 */
const PACE: Pace = { look: 250, retry: 250, longestRetry: 2000, patience: 30_000 };

/**
 * Starts the embedded Postgres again whenever it has ended, until the returned function is called,
 * which resolves when the last attempt is over: whoever stops Postgres after it is alone with it.
 */
export function supervise(
  postgres: Pick<EmbeddedPostgres, "isRunning" | "restart">,
  { onLost, onProgress = () => {}, pace = PACE }: SupervisorOptions,
): () => Promise<void> {
  const stop = new AbortController();
  const watching = watch(postgres, onProgress, pace, stop.signal).catch((error) => {
    // Whoever stops the server has no use for a Postgres that did not come back in time.
    if (!stop.signal.aborted) onLost(lost(error));
  });
  return async () => {
    stop.abort();
    await watching;
  };
}

type Watched = Parameters<typeof supervise>[0];

async function watch(
  postgres: Watched,
  say: (message: string) => void,
  pace: Pace,
  signal: AbortSignal,
): Promise<void> {
  while (await waited(pace.look, signal)) {
    if (await postgres.isRunning()) continue;
    say("Postgres has ended by itself. Starting it again…");
    await bringBack(postgres, pace, signal);
    say("Postgres is back.");
  }
}

/** Resolves when it runs again; throws what stands in the way when patience or the watch ends. */
async function bringBack(postgres: Watched, pace: Pace, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + pace.patience;
  for (let retry = pace.retry;; retry = Math.min(2 * retry, pace.longestRetry)) {
    try {
      return await postgres.restart();
    } catch (error) {
      // It may need longer to recover than pg_ctl waits, or somebody has started it by hand.
      if (await postgres.isRunning()) return;
      if (Date.now() >= deadline || !await waited(retry, signal)) throw error;
    }
  }
}

/** False as soon as the signal says so. */
function waited(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = (whole: boolean) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", cut);
      resolve(whole);
    };
    const cut = () => end(false);
    const timer = setTimeout(() => end(true), milliseconds);
    signal.addEventListener("abort", cut);
  });
}

function lost(error: unknown): StackProblem {
  return new StackProblem(
    `Postgres has ended and does not come back; the server stops. ${describeFailure(error)}`,
  );
}
