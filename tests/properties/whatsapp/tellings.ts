/** In which order, in which deliveries and how often a story is told. */
import fc from "fast-check";
import { EPOCH, type Json } from "../../fixtures/whatsapp/delivery.ts";
import { tell, type Told } from "./changes.ts";
import { anyStory, type Cast, type Story } from "./story.ts";

/** Places of the story; those of a delivery come together, deliveries of a part at the same time. */
export type Parts = number[][][];

export interface Telling {
  story: Story;
  parts: Parts;
  /** Updates about different people share a change where they can. */
  packed: boolean;
  overHttp: boolean;
}

/** Any story, told in any order, cut anywhere, with any repetitions. */
export const anyTelling: fc.Arbitrary<Telling> = anyStory.chain((story) => {
  const once = story.happenings.map((_, place) => place);
  return fc.array(fc.constantFrom(...once), { maxLength: 8 })
    .chain((again) => shuffled([...once, ...again]))
    .chain((order) => cut(order))
    .chain((deliveries) => cut(deliveries))
    .chain((parts) =>
      fc.record({
        story: fc.constant(story),
        parts: fc.constant(parts),
        packed: fc.boolean(),
        overHttp: fc.nat({ max: 4 }).map((n) => n === 4),
      })
    );
});

function shuffled<Value>(values: Value[]): fc.Arbitrary<Value[]> {
  return fc.shuffledSubarray(values, { minLength: values.length, maxLength: values.length });
}

/** A list cut into lists of one to four. */
function cut<Value>(values: Value[]): fc.Arbitrary<Value[][]> {
  return fc.array(fc.integer({ min: 1, max: 4 }), {
    minLength: values.length,
    maxLength: values.length,
  }).map((sizes) => {
    const pieces: Value[][] = [];
    for (let from = 0, n = 0; from < values.length; from += sizes[n++]) {
      pieces.push(values.slice(from, from + sizes[n]));
    }
    return pieces;
  });
}

/** By its own times, one update a delivery, one after the other. */
export function plainly(story: Story): Parts {
  return story.happenings.map((_, place) => place)
    .sort((a, b) => story.happenings[a].second - story.happenings[b].second || a - b)
    .map((place) => [[place]]);
}

/** The body of one POST. */
export function deliveryOf(story: Story, places: number[], cast: Cast, packed: boolean): Json {
  const told = places.map((place) => tell(story, place, cast));
  const entry = (packed ? pack(told) : told).map(({ field, number, parts, time }) => ({
    id: cast.account,
    time: time ?? EPOCH,
    changes: [{ field, value: number === undefined ? parts : valueOf(cast, number, parts) }],
  }));
  return { object: "whatsapp_business_account", entry };
}

function valueOf({ numbers }: Cast, number: 0 | 1, parts: Json): Json {
  const metadata = { display_phone_number: "16045550123", phone_number_id: numbers[number] };
  return { messaging_product: "whatsapp", metadata, ...parts };
}

// In one change contacts[] says of each person once who they are, so these must be different people.
function pack(told: Told[]): Told[] {
  const packed: (Told & { people: number[] })[] = [];
  for (const one of told) {
    const fits = packed.find(({ field, number, people }) =>
      field === one.field && field === "messages" && number === one.number &&
      one.who !== undefined && people.length > 0 && !people.includes(one.who)
    );
    if (fits === undefined) {
      packed.push({ ...one, people: one.who === undefined ? [] : [one.who] });
    } else {
      fits.people.push(one.who!);
      fits.parts = concatenated(fits.parts, one.parts);
    }
  }
  return packed;
}

function concatenated(a: Json, b: Json): Json {
  const all: Json = { ...a };
  for (const [name, list] of Object.entries(b)) {
    // The other way round for contacts[]: they do not go with messages[] by position.
    const [first, second] = name === "contacts" ? [list, all[name]] : [all[name], list];
    all[name] = [...(first ?? []) as unknown[], ...(second ?? []) as unknown[]];
  }
  return all;
}
