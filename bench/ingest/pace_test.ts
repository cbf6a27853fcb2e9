import assert from "node:assert/strict";
import { paced } from "./pace.ts";

Deno.test("everything is done once, by whoever is free", async () => {
  const done: number[] = [];
  const worker = (thing: number) => {
    done.push(thing);
    return Promise.resolve();
  };
  await paced({ itemsEach: 10, count: 100 }, [worker, worker, worker]);
  assert.deepEqual(done.toSorted((a, b) => a - b), Array.from({ length: 100 }, (_, n) => n));
});

Deno.test("with a rate, waiting for a free worker counts", async () => {
  const slow = () => new Promise<void>((resolve) => setTimeout(resolve, 20));
  // Due every 5 ms, done every 20: the last of ten waits for 135 ms and more.
  const { p99, perSecond } = await paced({ itemsEach: 1, count: 10, perSecond: 200 }, [slow]);
  assert.ok(p99 >= 100, `${p99} ms`);
  assert.ok(perSecond < 51, `${perSecond} a second`);
});

Deno.test("a rate that can be kept is kept", async () => {
  const { perSecond } = await paced({ itemsEach: 10, count: 20, perSecond: 100 }, [
    () => Promise.resolve(),
  ]);
  assert.ok(perSecond <= 1100, `${perSecond} items a second`);
});
