/** Doing many things over a few connections, and how long each took. */
import { type Figures, figuresOf } from "../figures.ts";

export interface Paced {
  /** What was done, in items: `perSecond` counts these. */
  itemsEach: number;
  /** How many things there are to do. */
  count: number;
  /** Things that arrive a second, whoever is free for them; without it each is done after the last. */
  perSecond?: number;
}

/**
 * Has the workers do things 0 to `count` - 1. With a rate, the time that one waits for a free
 * worker counts as its own: a slow server cannot slow down those who write to it.
 */
export async function paced(
  { itemsEach, count, perSecond }: Paced,
  workers: ((thing: number) => Promise<void>)[],
): Promise<Figures> {
  const latencies: number[] = [];
  let next = 0;
  const began = performance.now();
  await Promise.all(workers.map(async (work) => {
    for (let thing = next++; thing < count; thing = next++) {
      const due = perSecond ? began + thing * 1000 / perSecond : performance.now();
      while (performance.now() < due) await sleep(due - performance.now());
      await work(thing);
      latencies.push(performance.now() - due);
    }
  }));
  const figures = figuresOf(latencies, (performance.now() - began) / 1000);
  return { ...figures, perSecond: figures.perSecond * itemsEach };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
