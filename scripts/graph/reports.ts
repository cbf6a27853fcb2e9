import { Courier } from "./courier.ts";
import type { Numbers } from "./numbers.ts";
import { change, failureParts, inboundParts, statusParts } from "./payloads.ts";
import type { People } from "./people.ts";
import { sleep } from "./sleep.ts";
import type { GraphFault, InboundText, SentMessage, StatusName, WebhookOptions } from "./types.ts";

const ALL: readonly StatusName[] = ["sent", "delivered", "read"];

/** What the rest of the stand-in knows, as far as webhooks tell of it. */
export interface ReportContext {
  numbers: Numbers;
  people: People;
  now: () => number;
  newWamid: () => string;
  /** Whether texts are answered. */
  reply: boolean;
}

/** Tells the webhook what becomes of messages, and what people write. */
export class Reports {
  readonly courier: Courier;

  constructor(
    readonly options: WebhookOptions,
    readonly context: ReportContext,
    readonly stopping: AbortSignal,
  ) {
    this.courier = new Courier(options, stopping);
  }

  /** To be called once a message is accepted. */
  accepted(message: SentMessage): void {
    if (message.dropped) return;
    this.courier.run(async () => {
      const { fail } = this.context.people.about(message.recipient);
      if (fail) await this.#failure(message, fail);
      else await this.#statuses(message);
      if (!fail && this.context.reply) this.#reply(message);
    });
  }

  /** A person's text; its wamid. */
  receive({ phoneNumberId, from, text }: InboundText): string {
    const { numbers, people, now, newWamid } = this.context;
    const wamid = newWamid();
    const parts = inboundParts(people.identify(from), wamid, text, now());
    const inbound = change(numbers.get(phoneNumberId), parts);
    this.courier.run(() => this.courier.deliver(inbound));
    return wamid;
  }

  /** One after the other, so that the order is the one asked for, whatever the network does. */
  async #statuses(message: SentMessage): Promise<void> {
    const { numbers, people } = this.context;
    const person = people.identify(message.recipient);
    const names = people.about(message.recipient).statuses ?? this.options.statuses ?? ALL;
    const changes = names.map((name, index) => {
      const time = message.time + (index + 1) * this.#delay;
      return change(
        numbers.get(message.phone_number_id),
        statusParts(message, person, name, time),
      );
    });
    if (this.options.reorder) changes.reverse();
    for (const status of changes) {
      await sleep(this.#delay, this.stopping);
      await this.courier.deliver(status);
    }
  }

  async #failure(message: SentMessage, fault: GraphFault): Promise<void> {
    const { numbers, people } = this.context;
    await sleep(this.#delay, this.stopping);
    const time = message.time + this.#delay;
    const parts = failureParts(message, people.identify(message.recipient), fault, time);
    await this.courier.deliver(change(numbers.get(message.phone_number_id), parts));
  }

  #reply({ body, phone_number_id, recipient }: SentMessage): void {
    if ((body.type ?? "text") !== "text") return;
    const said = (body.text as { body: string }).body;
    this.receive({
      phoneNumberId: phone_number_id,
      from: recipient,
      text: `You said: ${said}`,
    });
  }

  get #delay(): number {
    return this.options.delayMs ?? 5;
  }
}
