/** A story: its people, what was there before, what happens, and the ids it has in one telling. */
import fc from "fast-check";
import { uniqueNumericId } from "../../support/unique.ts";
import {
  anyNaming,
  anyPeople,
  anyWho,
  type Country,
  freshPerson,
  type Naming,
  type Person,
} from "./people.ts";
import {
  anyHappenings,
  CALLS,
  type Echo,
  type Happening,
  type Message,
  OUTBOUND,
} from "./happenings.ts";

/** A contact that people made before anything happens. */
export interface Made {
  who: number;
  phone: 0 | 1 | 2;
  name: string | null;
  is_contractor: boolean;
  is_vip: boolean;
  opted_out: boolean;
  is_mystery_shopper: boolean;
}

/** How an outbound message is known to us; only the first two have a wamid from the beginning. */
export type Outbound = "stored before" | "stored later" | "in the outbox" | "never";

export interface Story {
  countries: Country[];
  /** One or two, of one person with different numbers or of two. */
  made: Made[];
  outbound: Outbound[];
  calls: { who: number; naming: Naming; inbound: boolean; number: 0 | 1 }[];
  happenings: Happening[];
}

const seldom = fc.nat({ max: 9 }).map((n) => n === 9);

const anyMade: fc.Arbitrary<Made> = fc.record({
  who: anyWho,
  phone: fc.constantFrom<0 | 1 | 2>(0, 0, 1, 2),
  name: fc.option(fc.constantFrom("Ana A", "Bea B")),
  is_contractor: seldom,
  is_vip: fc.boolean(),
  opted_out: seldom,
  is_mystery_shopper: seldom,
});

// Of three records that people made of one person, which fills the gaps of the first would depend on
// which were known as one person first. Two of one number would not both be there.
const anyMades = fc.uniqueArray(anyMade, {
  minLength: 1,
  maxLength: 2,
  selector: ({ who, phone }) => `${who} ${phone === 2}`,
});

export const anyStory: fc.Arbitrary<Story> = fc.record({
  countries: anyPeople,
  made: anyMades,
  outbound: fc.array(
    fc.constantFrom<Outbound>("stored before", "stored later", "in the outbox", "never"),
    { minLength: OUTBOUND, maxLength: OUTBOUND },
  ),
  calls: fc.array(
    fc.record({
      who: anyWho,
      naming: anyNaming,
      inbound: fc.boolean(),
      number: fc.constantFrom<0 | 1>(0, 0, 0, 1),
    }),
    { minLength: CALLS, maxLength: CALLS },
  ),
  happenings: anyHappenings,
});

/** The ids of a story in one telling: people's are the same in all, everything else is its own. */
export interface Cast {
  people: Person[];
  /** Stands in the ids of messages and calls. */
  salt: string;
  numbers: [string, string];
  account: string;
  outbox: string[];
}

export function freshPeople(story: Story): Person[] {
  return story.countries.map(freshPerson);
}

export function freshCast(people: Person[]): Cast {
  const id = uniqueNumericId();
  return {
    people,
    salt: `s${uniqueNumericId()}`,
    // The second is greater in every telling: where two numbers tie, the greater one counts.
    numbers: [`${id}1`, `${id}2`],
    account: `${id}9`,
    outbox: Array.from({ length: OUTBOUND }, () => crypto.randomUUID()),
  };
}

/** The wamid of what happened at that place of the story. */
export function wamidOf({ salt }: Cast, index: number, part = 0): string {
  return `wamid.${salt}.${String(index).padStart(2, "0")}.${part}`;
}

export function outboundWamid({ salt }: Cast, outbound: number): string {
  return `wamid.${salt}.out.${outbound}`;
}

/** The places of messages and echoes that a change of that number can be about. */
export function saidAt(story: Story, kinds: ("message" | "echo")[], number?: 0 | 1): number[] {
  return story.happenings.flatMap((one, index) =>
    (one.kind === "message" || one.kind === "echo") && kinds.includes(one.kind) &&
      (number === undefined || one.number === number)
      ? [index]
      : []
  );
}

export function said(story: Story, index: number): Message | Echo {
  return story.happenings[index] as Message | Echo;
}

/** The message or echo that a part of a chat history copies, if it can be in one. */
export function copiedAt(story: Story, copy: number): number | undefined {
  const places = saidAt(story, ["message", "echo"]).filter((index) => {
    const one = said(story, index);
    return !(one.kind === "message" && one.group);
  });
  return places.length === 0 ? undefined : places[copy % places.length];
}

/** Whose conversation the outbound messages are in: the first contact that people made. */
export function addressee(story: Story): Made {
  return story.made[0];
}

/** The number that a person has left and the one they have come to. */
export function movedNumbers(country: Country, back: boolean): [0 | 1 | 2, 0 | 1 | 2] {
  const from = country === "ID" ? 1 : 0;
  return back ? [2, from] : [from, 2];
}
