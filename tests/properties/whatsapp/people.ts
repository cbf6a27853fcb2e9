/** The people of a history, the ids they have, and how an update names them. */
import fc from "fast-check";
import { uniquePhone } from "../../support/unique.ts";
import { at } from "../../fixtures/whatsapp/delivery.ts";

/** People of every history; what is made of their ids is another matter. */
export const PEOPLE = 3;

/** Which of a person's ids an update carries; never none. */
export interface Naming {
  /** Which of the person's numbers: 0 and 1 are variants of one in some countries, 2 is another. */
  wa: 0 | 1 | 2 | null;
  bsuid: 0 | 1 | null;
  parent: boolean;
}

export type Country = "ID" | "BR" | "MX" | "AR";

/** A person's ids in one run of the property; the same in all tellings of it. */
export interface Person {
  waIds: [string, string, string];
  bsuids: [string, string];
  parent: string;
}

/** Their numbers and ids are fresh, so that runs have nothing in common. */
export function freshPerson(country: Country): Person {
  const rest = () => uniquePhone().slice(-8);
  const one = rest();
  const variants: Record<Country, [string, string]> = {
    ID: [`62812${one}`, `62812${rest()}`],
    BR: [`55119${one}`, `5511${one}`],
    MX: [`52155${one}`, `5255${one}`],
    AR: [`54911${one}`, `5411${one}`],
  };
  const id = uniquePhone().slice(1);
  return {
    waIds: [...variants[country], `62813${rest()}`],
    bsuids: [`ID.${id}1`, `ID.${id}2`],
    parent: `ID.ENT.${id}`,
  };
}

/** The ids of a naming; undefined where it lacks one. */
export function idsOf(person: Person, { wa, bsuid, parent }: Naming) {
  return {
    wa: wa === null ? undefined : person.waIds[wa],
    bsuid: bsuid === null ? undefined : person.bsuids[bsuid],
    parent: parent ? person.parent : undefined,
  };
}

const usually = <Value>(usual: Value, ...others: Value[]) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, {
    weight: 3,
    arbitrary: fc.constantFrom(...others),
  });

export const anyNaming: fc.Arbitrary<Naming> = fc.record({
  wa: usually<0 | 1 | 2 | null>(0, 1, 2, null, null),
  bsuid: usually<0 | 1 | null>(null, 0, 0, 1),
  parent: fc.nat({ max: 7 }).map((n) => n === 7),
  // A parent id comes beside an id of the person's own.
}).map((naming) => naming.wa === null && naming.bsuid === null ? { ...naming, bsuid: 0 } : naming);

/** Mostly the first, so that much of a story is about one. */
export const anyWho = fc.constantFrom(0, 0, 0, 1, 2);

/** Few, so that ties are frequent. */
export const anySecond = fc.nat({ max: 6 });

export const anyPeople: fc.Arbitrary<Country[]> = fc.array(
  fc.constantFrom<Country>("ID", "ID", "BR", "MX", "AR"),
  { minLength: PEOPLE, maxLength: PEOPLE },
);

const NAMES = ["Ana", "Bea", "Cem"];

/** What a person is called at a time, if the update says it. */
export const anyName = fc.option(fc.constantFrom(...NAMES), { freq: 4 });

/** Meta writes most times as strings and some as numbers. */
export function timestamp(second: number): string | number {
  return second % 2 ? at(second) : Number(at(second));
}
