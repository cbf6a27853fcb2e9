import assert from "node:assert/strict";
import { Batches } from "./batches.ts";

/** A store whose batches end when told to. */
function store(fails: (items: readonly string[]) => boolean = () => false) {
  const batches: string[][] = [];
  const ends: (() => void)[] = [];
  return {
    batches,
    end: async () => {
      ends.shift()?.();
      // Everything that follows from it.
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    },
    run: (items: readonly string[]) =>
      new Promise<string[]>((resolve, reject) => {
        batches.push([...items]);
        const results = items.map((item) => `${item} stored`);
        ends.push(() => fails(items) ? reject(new Error(items.join())) : resolve(results));
      }),
  };
}

function isItemsFault(error: unknown): boolean {
  return !(error as Error).message.includes("away");
}

async function endAll({ end, batches }: ReturnType<typeof store>, added: Promise<string>[]) {
  let settled = false;
  const all = Promise.allSettled(added).finally(() => settled = true);
  for (let turn = 0; !settled && turn <= 2 * batches.length + 200; turn++) await end();
  return (await all).map((result) =>
    result.status === "fulfilled" ? result.value : result.reason.message
  );
}

Deno.test("the first do not wait, the others go together", async () => {
  const kept = store();
  const batches = new Batches(kept.run, isItemsFault, { atOnce: 2 });
  const added = ["a", "b", "c", "d", "e"].map((item) => batches.add(item, 1));
  assert.deepEqual(kept.batches, [["a"], ["b"]]);
  assert.deepEqual(
    await endAll(kept, added),
    ["a", "b", "c", "d", "e"].map((item) => `${item} stored`),
  );
  assert.deepEqual(kept.batches, [["a"], ["b"], ["c", "d", "e"]]);
});

Deno.test("a batch that fails costs only the one that it fails for", async () => {
  const kept = store((items) => items.includes("d"));
  const batches = new Batches(kept.run, isItemsFault, { atOnce: 2 });
  const added = ["a", "b", "c", "d", "e"].map((item) => batches.add(item, 1));
  assert.deepEqual(await endAll(kept, added), [
    "a stored",
    "b stored",
    "c stored",
    "d",
    "e stored",
  ]);
  assert.deepEqual(kept.batches.slice(2), [["c", "d", "e"], ["c"], ["d"], ["e"]]);
});

Deno.test("a batch has its limits, but for one that is beyond them by itself", async () => {
  const kept = store();
  const batches = new Batches(kept.run, isItemsFault, { atOnce: 2 });
  const sizes = [1, 1, 80_000, 80_000, 80_000, 600_000, 1, 1];
  const added = sizes.map((size, index) => batches.add(String(index), size));
  await endAll(kept, added);
  assert.deepEqual(kept.batches, [["0"], ["1"], ["2", "3"], ["4"], ["5"], ["6", "7"]]);
  const many = Array.from({ length: 150 }, (_, index) => batches.add(`n${index}`, 1));
  await endAll(kept, many);
  assert.deepEqual(kept.batches.slice(6).map(({ length }) => length), [1, 1, 64, 64, 20]);
});

Deno.test("what waits is known until it is settled", async () => {
  const kept = store((items) => items.includes("d"));
  const batches = new Batches(kept.run, isItemsFault, { atOnce: 2 });
  const added = ["a", "b", "c", "d"].map((item) => batches.add(item, 10));
  assert.equal(batches.size, 40);
  await endAll(kept, added);
  assert.equal(batches.size, 0);
});

Deno.test("what is no item's fault is not tried again item by item", async () => {
  const kept = store((items) => items.includes("away"));
  const batches = new Batches(kept.run, isItemsFault, { atOnce: 2 });
  const added = ["a", "b", "c", "away", "e"].map((item) => batches.add(item, 1));
  const failed = Array(3).fill("c,away,e");
  assert.deepEqual(await endAll(kept, added), ["a stored", "b stored", ...failed]);
  assert.equal(kept.batches.length, 3);
});

Deno.test("a batch beside another has to be worth it", async () => {
  const kept = store();
  const batches = new Batches(kept.run, isItemsFault, { worth: 10, patience: 60_000 });
  const sizes = { a: 1, b: 4, c: 4, d: 4, e: 12, f: 1, g: 1 };
  const added = Object.entries(sizes).map(([item, size]) => batches.add(item, size));
  assert.deepEqual(kept.batches, [["a"], ["b", "c", "d"], ["e"]]);
  await endAll(kept, added);
  assert.deepEqual(kept.batches.slice(3), [["f", "g"]]);
});

Deno.test("but nobody waits for one that is held up", async () => {
  const kept = store();
  const batches = new Batches(kept.run, isItemsFault, { worth: 10, patience: 1 });
  const added = ["a", "b"].map((item) => batches.add(item, 1));
  assert.deepEqual(kept.batches, [["a"]]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(kept.batches, [["a"], ["b"]]);
  await endAll(kept, added);
});
