import { graphTimeoutMs } from "../../supabase/functions/_shared/env.ts";
import { dueJobs, type JobName, onNudge, WORKERS } from "../../supabase/functions/_shared/jobs.ts";

const EVERY_MS = 250;
const SLOWEST_MS = 5_000;
// Longer than an answer of WhatsApp is waited for: what it says about a message is not to be lost.
const graceMs = () => graphTimeoutMs() + 5_000;

/**
 * Runs the workers in this process: what a clock and the functions themselves do on Supabase. Each
 * runs once at a time. A database that is away is asked less and less often until it is back.
 *
 * @returns stops it: nothing new is begun, what runs is broken off and may end, for as long as WhatsApp may take
 */
export function startWorkerLoop(): () => Promise<void> {
  const stopping = new AbortController();
  const pause = new Pause();
  const running = new Map<JobName, Promise<void>>();
  const forget = onNudge(() => pause.end());
  const looking = look(running, pause, stopping.signal);
  return async () => {
    stopping.abort();
    forget();
    pause.end();
    await inTime(Promise.all([looking, ...running.values()]));
  };
}

async function look(
  running: Map<JobName, Promise<void>>,
  pause: Pause,
  signal: AbortSignal,
): Promise<void> {
  const rests = new Rests();
  while (!signal.aborted) {
    try {
      for (const name of await dueJobs()) {
        if (running.has(name) || rests.has(name) || signal.aborted) continue;
        const run = WORKERS[name]({ signal })
          .then(() => rests.end(name), (error) => rests.lengthen(name, error))
          .finally(() => running.delete(name));
        running.set(name, run);
      }
      rests.end(LOOKING);
    } catch (error) {
      rests.lengthen(LOOKING, error);
    }
    await pause.wait(Math.max(EVERY_MS, rests.of(LOOKING)));
  }
}

const LOOKING = "looking for due jobs";

/** What failed rests, longer each time, so that one broken worker keeps up neither log nor others. */
class Rests {
  readonly #rests = new Map<string, { failures: number; until: number }>();

  lengthen(name: string, error: unknown): void {
    const failures = (this.#rests.get(name)?.failures ?? 0) + 1;
    // Once an outage: whoever reads the log knows from the first line.
    if (failures === 1) console.error(`A job fails (${name}):`, error);
    const until = Date.now() + Math.min(EVERY_MS * 2 ** failures, SLOWEST_MS);
    this.#rests.set(name, { failures, until });
  }

  end(name: string): void {
    this.#rests.delete(name);
  }

  has(name: string): boolean {
    return this.of(name) > 0;
  }

  /** How much longer it rests, in milliseconds. */
  of(name: string): number {
    return Math.max(0, (this.#rests.get(name)?.until ?? 0) - Date.now());
  }
}

/** A wait that can be ended, also before it begins. */
class Pause {
  #ended = false;
  #end: (() => void) | undefined;

  end(): void {
    this.#ended = true;
    this.#end?.();
  }

  async wait(milliseconds: number): Promise<void> {
    if (!this.#ended) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        this.#end = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#ended = false;
    this.#end = undefined;
  }
}

async function inTime(work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceMs());
  });
  await Promise.race([work, enough]);
  clearTimeout(timer);
}
