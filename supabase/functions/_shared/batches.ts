/** What comes at the same time, done together. */

export interface Pace {
  /** How many batches run at the same time in one process: some compute while others commit. */
  atOnce?: number;
  /** As many characters begin another batch beside those that run; fewer wait for one to end. */
  worth?: number;
  /** For so many milliseconds at most: a batch that is held up does not hold up everybody. */
  patience?: number;
}

/**
 * As much as one batch takes: some hundred rows. More of them cost no less each, and whoever comes
 * meanwhile waits longer. One item goes whatever its size.
 */
const MOST_ITEMS = 64;
const MOST_CHARACTERS = 200_000;

interface Waiting<Item, Result> {
  item: Item;
  size: number;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/**
 * Runs `run` for what is given to it; it returns the results in the order of the items. Nobody waits
 * while nothing runs: what comes while batches are running goes together as soon as one of them
 * ends, because much of what a batch costs does not depend on how much is in it. If a batch fails
 * for what is in it, each of its items is tried by itself.
 */
export class Batches<Item, Result> {
  readonly #waiting: Waiting<Item, Result>[] = [];
  readonly #pace: Required<Pace>;
  #running = 0;
  #size = 0;
  #sizeWaiting = 0;
  #timer?: ReturnType<typeof setTimeout>;

  /** `isItemsFault`: whether an error of `run` is about one of the items, and not about all. */
  constructor(
    private readonly run: (items: readonly Item[]) => Promise<readonly Result[]>,
    private readonly isItemsFault: (error: unknown) => boolean,
    pace: Pace = {},
  ) {
    this.#pace = { atOnce: 3, worth: 0, patience: 50, ...pace };
  }

  /** How much waits or is being run, in characters. */
  get size(): number {
    return this.#size;
  }

  /** Resolves to the item's result. `size`: in characters. */
  async add(item: Item, size: number): Promise<Result> {
    this.#size += size;
    try {
      return await new Promise<Result>((resolve, reject) => {
        this.#waiting.push({ item, size, resolve, reject });
        this.#sizeWaiting += size;
        this.#start();
      });
    } finally {
      this.#size -= size;
    }
  }

  #start(): void {
    while (this.#isTime()) this.#begin();
    if (this.#waiting.length === 0 || this.#running === this.#pace.atOnce) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    } else {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#begin();
        this.#start();
      }, this.#pace.patience);
    }
  }

  #isTime(): boolean {
    return this.#waiting.length > 0 && this.#running < this.#pace.atOnce &&
      (this.#running === 0 || this.#sizeWaiting >= this.#pace.worth);
  }

  #begin(): void {
    this.#running++;
    this.#runBatch(this.#take()).finally(() => {
      this.#running--;
      this.#start();
    });
  }

  #take(): Waiting<Item, Result>[] {
    let size = 0;
    const fits = this.#waiting.findIndex((waiting, index) =>
      index > 0 && ((size += this.#waiting[index - 1].size) + waiting.size > MOST_CHARACTERS ||
        index === MOST_ITEMS)
    );
    const batch = this.#waiting.splice(0, fits < 0 ? this.#waiting.length : fits);
    this.#sizeWaiting -= batch.reduce((sum, waiting) => sum + waiting.size, 0);
    return batch;
  }

  async #runBatch(batch: Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.run(batch.map(({ item }) => item));
      for (const [index, { resolve }] of batch.entries()) resolve(results[index]);
    } catch (error) {
      if (batch.length === 1 || !this.isItemsFault(error)) {
        for (const { reject } of batch) reject(error);
        return;
      }
      for (const waiting of batch) await this.#runBatch([waiting]);
    }
  }
}
