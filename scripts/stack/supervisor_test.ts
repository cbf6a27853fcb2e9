import assert from "node:assert/strict";
import { StackProblem } from "./problem.ts";
import { type Pace, supervise } from "./supervisor.ts";

const PACE: Pace = { look: 5, retry: 5, longestRetry: 20, patience: 100 };

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A Postgres that can be killed, and whose starts take a while and may fail. */
class FakePostgres {
  running = true;
  /** What the next attempts fail with, in turn; `forever` goes on with the last. */
  failures: string[] = [];
  forever = false;
  attempts = 0;
  atOnce = 0;
  most = 0;

  isRunning = () => Promise.resolve(this.running);
  restart = async () => {
    this.attempts++;
    this.most = Math.max(this.most, ++this.atOnce);
    await pause(20);
    this.atOnce--;
    const failure = this.forever ? this.failures[0] : this.failures.shift();
    if (failure !== undefined) throw new StackProblem(failure);
    this.running = true;
  };
}

/** Watches a new one; `stop` also says what was heard. */
function watched() {
  const postgres = new FakePostgres();
  const lost: StackProblem[] = [];
  const said: string[] = [];
  const stop = supervise(postgres, {
    onLost: (problem) => lost.push(problem),
    onProgress: (message) => said.push(message),
    pace: PACE,
  });
  return { postgres, lost, said, stop };
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 5) {
    assert.equal(waited < 5000, true, "it does not happen");
    await pause(5);
  }
}

Deno.test("a Postgres that runs is left alone", async () => {
  const { postgres, lost, said, stop } = watched();
  await pause(50);
  await stop();
  assert.deepEqual([postgres.attempts, lost, said], [0, [], []]);
});

Deno.test("each loss is made good, one attempt at a time, and said", async () => {
  const { postgres, lost, said, stop } = watched();
  for (const attempts of [1, 2]) {
    postgres.running = false;
    await until(() => postgres.running && said.length === 2 * attempts);
    assert.equal(postgres.attempts, attempts);
  }
  await stop();
  assert.equal(postgres.most, 1);
  assert.deepEqual(lost, []);
  assert.match(said[0], /^Postgres has ended by itself/);
  assert.equal(said[1], "Postgres is back.");
});

Deno.test("attempts that fail are made again", async () => {
  const { postgres, lost, stop } = watched();
  postgres.failures = ["the port is taken", "memory is in use"];
  postgres.running = false;
  await until(() => postgres.running);
  await stop();
  assert.equal(postgres.attempts, 3);
  assert.deepEqual(lost, []);
});

Deno.test("one that does not come back in time is lost, once, with the reason", async () => {
  const { postgres, lost, stop } = watched();
  postgres.failures = ["the disk is full"];
  postgres.forever = true;
  postgres.running = false;
  await until(() => lost.length > 0);
  const { attempts } = postgres;
  await pause(100);
  assert.equal(postgres.attempts, attempts, "nobody tries any more");
  assert.equal(attempts > 2, true);
  assert.match(lost[0].message, /does not come back.* the disk is full$/);
  assert.equal(lost[0].exitCode, 1);
  await stop();
  assert.equal(lost.length, 1);
});

Deno.test("one that somebody else has started meanwhile is back", async () => {
  const { postgres, lost, said, stop } = watched();
  postgres.failures = ["lock file exists"];
  postgres.running = false;
  await until(() => postgres.attempts === 1);
  postgres.running = true;
  await until(() => said.length === 2);
  await stop();
  assert.equal(postgres.attempts, 1);
  assert.deepEqual(lost, []);
});

Deno.test("a stop waits for the attempt that runs, and nothing is tried after it", async () => {
  for (const failures of [[], ["too late"]]) {
    const { postgres, lost, stop } = watched();
    postgres.failures = failures;
    postgres.running = false;
    await until(() => postgres.attempts === 1);
    await stop();
    assert.equal(postgres.atOnce, 0);
    postgres.running = false;
    await pause(60);
    assert.equal(postgres.attempts, 1);
    assert.deepEqual(lost, []);
  }
});

Deno.test("a stop between two attempts does not wait for the next", async () => {
  const postgres = new FakePostgres();
  postgres.failures = ["no"];
  postgres.running = false;
  const slow = { look: 5, retry: 60_000, longestRetry: 60_000, patience: 60_000 };
  const stop = supervise(postgres, { onLost: () => assert.fail("lost"), pace: slow });
  await until(() => postgres.attempts === 1 && postgres.atOnce === 0);
  await stop();
  assert.equal(postgres.attempts, 1);
});
