import { sign } from "./signature.ts";
import { sleep } from "./sleep.ts";
import type { WebhookOptions } from "./types.ts";

const MAX_RETRY_MS = 2000;
/** More at once would measure the sockets of this machine, not the receiver. */
const AT_ONCE = 32;

/** Posts signed deliveries until each got its 200, and knows which are still to come. */
export class Courier {
  readonly #pending = new Set<Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  #inFlight = 0;

  constructor(readonly options: WebhookOptions, readonly stopping: AbortSignal) {}

  /** Work that ends in deliveries: `settled` waits for it, a stop cuts it short. */
  run(work: () => Promise<void>): void {
    const running = work().catch((error) => {
      if (!this.stopping.aborted) throw error;
    }).finally(() => this.#pending.delete(running));
    this.#pending.add(running);
  }

  /** Resolves once the delivery, and each duplicate of it, got 200. */
  async deliver(change: Record<string, unknown>): Promise<void> {
    const { accountId = "190000000000009", duplicates = 0 } = this.options;
    const entry = [{ id: accountId, changes: [change] }];
    const body = new TextEncoder().encode(
      JSON.stringify({ object: "whatsapp_business_account", entry }),
    );
    for (let time = 0; time <= duplicates; time++) await this.#insist(body);
  }

  async settled(timeoutMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      const refuse = () =>
        reject(
          new Error(`${this.#pending.size} messages' webhooks lack a 200 after ${timeoutMs} ms`),
        );
      timer = setTimeout(refuse, timeoutMs);
    });
    try {
      while (this.#pending.size > 0) await Promise.race([Promise.all(this.#pending), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Nothing is under way any more once it resolves; only of use after `stopping` is aborted. */
  async stopped(): Promise<void> {
    await Promise.allSettled(this.#pending);
  }

  async #insist(body: Uint8Array<ArrayBuffer>): Promise<void> {
    let wait = this.options.retryMs ?? 20;
    while (!await this.#post(body)) {
      await sleep(wait, this.stopping);
      wait = Math.min(wait * 2, MAX_RETRY_MS);
    }
  }

  async #post(body: Uint8Array<ArrayBuffer>): Promise<boolean> {
    await this.#turn();
    try {
      const response = await fetch(this.options.url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "x-hub-signature-256": sign(body, this.options.appSecret),
        },
        body,
        redirect: "manual",
        signal: this.stopping,
      });
      await response.body?.cancel();
      return response.status === 200;
    } catch {
      this.stopping.throwIfAborted();
      return false;
    } finally {
      this.#inFlight--;
      this.#waiting.shift()?.();
    }
  }

  async #turn(): Promise<void> {
    while (this.#inFlight >= AT_ONCE) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#inFlight++;
  }
}
