import { createHash } from "node:crypto";
import type { Recipient } from "./types.ts";

/** Who is behind an address, as webhooks tell it. */
export interface Person {
  waId: string | undefined;
  userId: string;
  name: string;
  username: string | undefined;
}

export function isUserId(address: string): boolean {
  return /^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$/.test(address);
}

/** What is known of the people that messages go to and come from. */
export class People {
  readonly #known: Map<string, Recipient>;

  constructor(recipients: Readonly<Record<string, Recipient>> = {}) {
    this.#known = new Map(Object.entries(recipients));
  }

  set(address: string, recipient: Recipient): void {
    this.#known.set(address, recipient);
  }

  /** `address` is the digits of a number or a user id; of strangers nothing is known. */
  about(address: string): Recipient {
    return this.#known.get(address) ?? {};
  }

  identify(address: string): Person {
    const { waId, userId, name, username } = this.about(address);
    return {
      waId: waId ?? (isUserId(address) ? undefined : address),
      userId: userId ?? (isUserId(address) ? address : madeUserId(address)),
      name: name ?? `Person ${address.slice(-4)}`,
      username,
    };
  }
}

/** XX is no country: an id of our making cannot be taken for one of a test's. */
function madeUserId(digits: string): string {
  return `XX.${createHash("sha256").update(digits).digest("hex").slice(0, 20)}`;
}
