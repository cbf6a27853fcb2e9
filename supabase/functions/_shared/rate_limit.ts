/**
 * Calls a minute. Counted in this process's memory, in fixed windows of one minute, because one
 * counter row for all callers would be a queue; a statement a second exchanges the counts with the
 * other processes while there is traffic.
 */
import QuickLRU from "quick-lru";
import { beforeClose, database, json } from "./database.ts";
import { ApiError } from "./errors.ts";

/** Calls that the database has not been told of. `window` is the minute since 1970. */
export interface Delta {
  principal_id: string;
  window: number;
  count: number;
}

/** The calls of all processes in a window. */
export interface Total {
  principal_id: string;
  window: number;
  total: number;
}

/** How a caller stands after a call. `reset` is in seconds. */
export interface Standing {
  limit: number;
  remaining: number;
  reset: number;
  exceeded: boolean;
}

/** What the limiter stands on; tests bring their own. */
export interface LimiterPorts {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs something in a second. */
  schedule(run: () => void): void;
  /** Adds to the counts of all processes and answers their totals. */
  exchange(deltas: Delta[]): Promise<Total[]>;
}

const WINDOW = 60_000;

interface Counter {
  window: number;
  /** Of all processes as far as known, and all of this one. */
  total: number;
}

export class RateLimiter {
  readonly #ports: LimiterPorts;
  readonly #callers = new QuickLRU<string, { principalId: string; limit: number }>({
    maxSize: 10_000,
  });
  readonly #counters = new QuickLRU<string, Counter>({ maxSize: 10_000 });
  #deltas = new Map<string, Delta>();
  #scheduled = false;

  constructor(ports: LimiterPorts) {
    this.#ports = ports;
  }

  /** Counts a call if its caller is known; one over the limit is not counted. */
  take(callerId: string): Standing | undefined {
    const caller = this.#callers.get(callerId);
    return caller && this.#count(caller.principalId, caller.limit);
  }

  /** Whether calls of the caller are counted. */
  knows(callerId: string): boolean {
    return this.#callers.has(callerId);
  }

  /**
   * Who a caller is and what they may have, as the answer to a call of theirs said. Whether it was
   * news: what was taken before did not count for that principal.
   */
  learn(callerId: string, principalId: string, limit: number): boolean {
    const known = this.#callers.get(callerId);
    if (known?.principalId === principalId && known.limit === limit) return false;
    this.#callers.set(callerId, { principalId, limit });
    return known?.principalId !== principalId;
  }

  /** Tells the database what was counted since the last time. */
  async flush(): Promise<void> {
    if (this.#deltas.size === 0) return;
    const sent = this.#deltas;
    this.#deltas = new Map();
    try {
      for (const total of await this.#ports.exchange([...sent.values()])) this.#adopt(total);
    } catch (error) {
      // Nothing is lost by a database that is away for a moment; what is older no longer matters.
      console.warn(`rate limits were not exchanged: ${(error as Error).message}`);
      const oldest = Math.floor(this.#ports.now() / WINDOW) - 1;
      for (const delta of sent.values()) if (delta.window >= oldest) this.#add(delta);
    }
  }

  #count(principalId: string, limit: number): Standing {
    const now = this.#ports.now();
    const window = Math.floor(now / WINDOW);
    let counter = this.#counters.get(principalId);
    if (counter?.window !== window) {
      counter = { window, total: 0 };
      this.#counters.set(principalId, counter);
    }
    const reset = Math.max(1, Math.ceil(((window + 1) * WINDOW - now) / 1000));
    if (counter.total >= limit) return { limit, remaining: 0, reset, exceeded: true };
    counter.total++;
    this.#add({ principal_id: principalId, window, count: 1 });
    this.#wake();
    return { limit, remaining: limit - counter.total, reset, exceeded: false };
  }

  #adopt({ principal_id, window, total }: Total): void {
    const counter = this.#counters.get(principal_id);
    if (counter?.window !== window) return;
    // Calls that came while the statement ran are not in its total yet.
    counter.total = total + (this.#deltas.get(deltaKey(principal_id, window))?.count ?? 0);
  }

  #add({ principal_id, window, count }: Delta): void {
    const key = deltaKey(principal_id, window);
    const delta = this.#deltas.get(key);
    if (delta) delta.count += count;
    else this.#deltas.set(key, { principal_id, window, count });
  }

  #wake(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#ports.schedule(async () => {
      await this.flush();
      this.#scheduled = false;
      if (this.#deltas.size > 0) this.#wake();
    });
  }
}

function deltaKey(principalId: string, window: number): string {
  return `${principalId} ${window}`;
}

/** `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10). */
export function rateLimitHeaders({ limit, remaining, reset }: Standing): [string, string][] {
  return [
    ["ratelimit", `"default";r=${remaining};t=${reset}`],
    ["ratelimit-policy", `"default";q=${limit};w=${WINDOW / 1000}`],
  ];
}

/** 429 with the seconds to wait. */
export function rateLimited({ limit, reset }: Standing): ApiError {
  return new ApiError("rate_limited", `The ${limit} calls of this minute are used up.`, {
    headers: { "retry-after": String(reset) },
  });
}

/** The limiter that all functions of this process share. */
export const limiter = new RateLimiter({
  now: Date.now,
  schedule: (run) => void setTimeout(run, 1000),
  async exchange(deltas) {
    const db = database();
    const [row] = await db<{ totals: Total[] }[]>`
      select private.sync_rate_limits(${json(db, deltas)}::jsonb) as totals`;
    return row.totals ?? [];
  },
});

beforeClose(() => limiter.flush());
