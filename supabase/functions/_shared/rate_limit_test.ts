import assert from "node:assert/strict";
import {
  type Delta,
  type LimiterPorts,
  RateLimiter,
  rateLimitHeaders,
  type Total,
} from "./rate_limit.ts";

const MINUTE = 60_000;
const START = 1_000 * MINUTE;

/** A clock, a timer and a database in hand. */
class Ports implements LimiterPorts {
  time = START;
  scheduled: (() => void)[] = [];
  sent: Delta[][] = [];
  /** What other processes have counted. */
  others = 0;
  fails = false;

  now(): number {
    return this.time;
  }

  schedule(run: () => void): void {
    this.scheduled.push(run);
  }

  exchange(deltas: Delta[]): Promise<Total[]> {
    if (this.fails) return Promise.reject(new Error("no database"));
    this.sent.push(deltas);
    return Promise.resolve(deltas.map(({ principal_id, window, count }) => ({
      principal_id,
      window,
      total: this.others + count,
    })));
  }

  async second(): Promise<void> {
    this.time += 1000;
    for (const run of this.scheduled.splice(0)) await run();
  }
}

function limited(limit: number): { ports: Ports; limiter: RateLimiter } {
  const ports = new Ports();
  const limiter = new RateLimiter(ports);
  limiter.learn("caller", "key:1", limit);
  return { ports, limiter };
}

Deno.test("an unknown caller is not counted before an answer says who they are", () => {
  const limiter = new RateLimiter(new Ports());
  assert.equal(limiter.take("caller"), undefined);
  assert.equal(limiter.learn("caller", "key:1", 2), true);
  assert.equal(limiter.learn("caller", "key:1", 2), false);
  assert.equal(limiter.take("caller")?.remaining, 1);
});

Deno.test("calls are counted down to the limit, and no further", () => {
  const { limiter } = limited(2);
  const expected = { limit: 2, reset: 60 };
  assert.deepEqual(limiter.take("caller"), { ...expected, remaining: 1, exceeded: false });
  assert.deepEqual(limiter.take("caller"), { ...expected, remaining: 0, exceeded: false });
  assert.deepEqual(limiter.take("caller"), { ...expected, remaining: 0, exceeded: true });
});

Deno.test("the next minute starts anew", () => {
  const { ports, limiter } = limited(1);
  limiter.take("caller");
  ports.time += 59_500;
  assert.deepEqual(limiter.take("caller"), { limit: 1, remaining: 0, reset: 1, exceeded: true });
  ports.time += 500;
  assert.equal(limiter.take("caller")?.exceeded, false);
});

Deno.test("a limit that was changed holds from the next call", () => {
  const { limiter } = limited(1);
  limiter.take("caller");
  limiter.learn("caller", "key:1", 3);
  assert.deepEqual(limiter.take("caller"), { limit: 3, remaining: 1, reset: 60, exceeded: false });
});

Deno.test("callers of one principal share its limit", () => {
  const { limiter } = limited(2);
  limiter.learn("another", "key:1", 2);
  limiter.take("caller");
  assert.equal(limiter.take("another")?.remaining, 0);
});

Deno.test("counts go out together a second later, and only after traffic", async () => {
  const { ports, limiter } = limited(10);
  assert.equal(ports.scheduled.length, 0);
  limiter.learn("other", "key:2", 10);
  limiter.take("caller");
  limiter.take("caller");
  limiter.take("other");
  assert.equal(ports.scheduled.length, 1);
  await ports.second();
  const window = START / MINUTE;
  assert.deepEqual(ports.sent, [[
    { principal_id: "key:1", window, count: 2 },
    { principal_id: "key:2", window, count: 1 },
  ]]);
  assert.equal(ports.scheduled.length, 0);
  await limiter.flush();
  assert.equal(ports.sent.length, 1);
});

Deno.test("what other processes counted is counted here", async () => {
  const { ports, limiter } = limited(10);
  limiter.take("caller");
  ports.others = 7;
  await ports.second();
  assert.equal(limiter.take("caller")?.remaining, 1);
});

Deno.test("calls during an exchange are kept", async () => {
  const { ports, limiter } = limited(10);
  limiter.take("caller");
  const exchange = ports.exchange.bind(ports);
  ports.exchange = (deltas) => {
    limiter.take("caller");
    return exchange(deltas);
  };
  await ports.second();
  ports.exchange = exchange;
  assert.equal(limiter.take("caller")?.remaining, 7);
  assert.equal(ports.scheduled.length, 1);
  await ports.second();
  assert.deepEqual(ports.sent.map(([{ count }]) => count), [1, 2]);
});

Deno.test("counts survive a database that is away, and are dropped when they no longer matter", async () => {
  const { ports, limiter } = limited(10);
  ports.fails = true;
  limiter.take("caller");
  await ports.second();
  assert.equal(ports.scheduled.length, 1);
  ports.fails = false;
  await ports.second();
  assert.deepEqual(ports.sent.map(([{ count }]) => count), [1]);

  ports.fails = true;
  limiter.take("caller");
  ports.time += 3 * MINUTE;
  await ports.second();
  assert.equal(ports.scheduled.length, 0);
});

Deno.test("the headers are structured fields", () => {
  const standing = { limit: 6000, remaining: 5999, reset: 42, exceeded: false };
  assert.deepEqual(rateLimitHeaders(standing), [
    ["ratelimit", '"default";r=5999;t=42'],
    ["ratelimit-policy", '"default";q=6000;w=60'],
  ]);
});
