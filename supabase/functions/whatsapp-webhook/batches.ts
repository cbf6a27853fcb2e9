/** Deliveries that come at the same time, stored together. */

/** How many batches are stored at the same time by one process: some compute while others commit. */
const AT_ONCE = 3;

/**
 * As much as one batch takes: some hundred updates. More of them cost no less each, and whoever comes
 * meanwhile waits longer. A delivery of Meta's is 3 MB at most, and goes whatever its size.
 */
const MOST_ITEMS = 64;
const MOST_CHARACTERS = 200_000;

interface Waiting<Item> {
  item: Item;
  size: number;
  settle: (error?: unknown) => void;
}

/**
 * Runs `store` for what is given to it. Nobody waits for others to come: what comes while batches
 * are running goes together as soon as one of them ends, because much of what a batch costs does
 * not depend on how much is in it. If a batch fails for what is in it, each of its items is tried by
 * itself.
 */
export class Batches<Item> {
  readonly #waiting: Waiting<Item>[] = [];
  #running = 0;
  #size = 0;

  /** `isItemsFault`: whether an error of `store` is about one of the items, and not about all. */
  constructor(
    private readonly store: (items: readonly Item[]) => Promise<void>,
    private readonly isItemsFault: (error: unknown) => boolean,
    private readonly atOnce = AT_ONCE,
  ) {}

  /** How much waits or is being stored, in characters. */
  get size(): number {
    return this.#size;
  }

  /** Resolves when the item is stored. `size`: in characters. */
  add(item: Item, size: number): Promise<void> {
    this.#size += size;
    return new Promise((resolve, reject) => {
      const settle = (error?: unknown) => {
        this.#size -= size;
        return error === undefined ? resolve() : reject(error);
      };
      this.#waiting.push({ item, size, settle });
      this.#start();
    });
  }

  #start(): void {
    while (this.#running < this.atOnce && this.#waiting.length > 0) {
      this.#running++;
      this.#run(this.#take()).finally(() => {
        this.#running--;
        this.#start();
      });
    }
  }

  #take(): Waiting<Item>[] {
    let size = 0;
    const fits = this.#waiting.findIndex((waiting, index) =>
      index > 0 && ((size += this.#waiting[index - 1].size) + waiting.size > MOST_CHARACTERS ||
        index === MOST_ITEMS)
    );
    return this.#waiting.splice(0, fits < 0 ? this.#waiting.length : fits);
  }

  async #run(batch: Waiting<Item>[]): Promise<void> {
    try {
      await this.store(batch.map(({ item }) => item));
      for (const { settle } of batch) settle();
    } catch (error) {
      if (batch.length === 1 || !this.isItemsFault(error)) {
        for (const { settle } of batch) settle(error);
        return;
      }
      for (const waiting of batch) await this.#run([waiting]);
    }
  }
}
