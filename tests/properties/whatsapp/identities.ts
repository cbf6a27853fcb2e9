/** Which ids are one contact's: those that hang together by what updates say of them. */
import { type Assertion, assertions } from "./heard.ts";
import type { Cast, Made, Story } from "./story.ts";

export interface Contact {
  /** As `found` calls it. */
  called: string;
  /** What people had made of it, the first first. */
  made: Made[];
}

// Variants of a number have this in common, which is no id of anybody.
function keyOf(waId: string): string {
  return waId.replace(/^(55..)9(?=\d{8}$)|^(52)1(?=\d{10}$)|^(54)9(?=\d{10}$)/, "$1$2$3");
}

export class Contacts {
  readonly #labels = new Map<string, string>();
  readonly #contacts = new Map<string, Contact>();

  constructor(story: Story, cast: Cast) {
    const told = assertions(story, cast);
    for (const { ids } of told) this.#join(ids);
    for (const made of story.made) {
      const waId = cast.people[made.who].waIds[made.phone];
      const known = this.#contacts.get(this.#label(`key ${keyOf(waId)}`));
      if (known) known.made.push(made);
      else this.#add(`key ${keyOf(waId)}`, `+${waId}`, made);
    }
    for (const { ids } of told.filter(({ creates }: Assertion) => creates)) this.#add(ids[0], "");
  }

  all(): Contact[] {
    return [...this.#contacts.values()];
  }

  /** The contact that has this id, or a spelling of the number that it is. */
  of(id: string): Contact {
    const [channel, waId] = id.split(" ");
    return this.#contacts.get(this.#label(id)) ??
      (channel === "whatsapp" ? this.ofNumber(waId) : undefined!);
  }

  ofNumber(waId: string): Contact {
    return this.#contacts.get(this.#label(`key ${keyOf(waId)}`))!;
  }

  #add(id: string, phone: string, made?: Made): void {
    const label = this.#label(id);
    const called = this.#idsOf(label).join(", ") || phone;
    const known = this.#contacts.get(label);
    this.#contacts.set(label, known ?? { called, made: made === undefined ? [] : [made] });
  }

  #idsOf(label: string): string[] {
    return [...this.#labels.keys()]
      .filter((id) => !id.startsWith("key ") && this.#label(id) === label)
      .sort();
  }

  #label(id: string): string {
    const label = this.#labels.get(id) ?? id;
    return label === id ? id : this.#label(label);
  }

  #join(ids: string[]): void {
    const numbers = ids.filter((id) => id.startsWith("whatsapp "));
    const keys = numbers.map((id) => `key ${keyOf(id.slice("whatsapp ".length))}`);
    const [first, ...others] = [...ids, ...keys];
    if (!this.#labels.has(first)) this.#labels.set(first, first);
    for (const id of others) {
      if (!this.#labels.has(id)) this.#labels.set(id, id);
      this.#labels.set(this.#label(id), this.#label(first));
    }
  }
}
