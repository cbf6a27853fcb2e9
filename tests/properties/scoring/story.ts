/** Random rules, and what random people say and do. */
import fc from "fast-check";
import { anySaying, KEYWORDS, LANGUAGES, type Saying } from "./words.ts";

export const PEOPLE = 3;
const ACTIONS = ["visit", "booking_attempt"] as const;
const CATEGORIES = ["intent", "engagement", "fit", "extra"] as const;

/** The fields of a signal as the API is given them, but its name. */
export type SignalFields = Record<string, unknown>;

const anyPoints = fc.integer({ min: -30, max: 60 }).filter((points) => points !== 0);
const nullable = (min: number, max: number) => fc.option(fc.integer({ min, max }));
const COUNTING = {
  category: fc.constantFrom(...CATEGORIES),
  points: anyPoints,
  cap: nullable(1, 90),
  half_life_days: nullable(1, 60),
  cooldown_hours: nullable(1, 400),
  buying_intent: fc.boolean(),
};
const SAID = {
  language: fc.option(fc.constantFrom(...LANGUAGES)),
  keywords: fc.uniqueArray(fc.constantFrom(...KEYWORDS), { minLength: 1, maxLength: 4 }),
};
const anyKeywordSignal: fc.Arbitrary<SignalFields> = fc.record({
  kind: fc.constant("keyword"),
  ...COUNTING,
  ...SAID,
});
const anyOtherSignal: fc.Arbitrary<SignalFields> = fc.oneof(
  fc.record({ kind: fc.constant("action"), action: fc.constantFrom(...ACTIONS), ...COUNTING }),
  fc.record({ kind: fc.constant("manual"), ...COUNTING }),
  // Seen by whoever reads along, and reported.
  fc.record({ kind: fc.constant("ai"), description: fc.constant("Is moving."), ...COUNTING }),
);

/** When it happened: so many seconds ago, hours away from the next whole day of its age. */
const anyAge = fc.tuple(fc.nat({ max: 100 }), fc.integer({ min: 6 * 3600, max: 18 * 3600 }))
  .map(([days, seconds]) => days * 86_400 + seconds);
const who = fc.nat({ max: PEOPLE - 1 });

export interface Message {
  who: number;
  age: number;
  said: Saying;
  /** Edited soon afterwards. */
  edit: Saying | null;
  isRevoked: boolean;
}

/** What somebody reports of a contact; `what` chooses among the signals that there are. */
export interface Gift {
  who: number;
  age: number;
  what: number;
  points: number;
}

const anyMessage: fc.Arbitrary<Message> = fc.record({
  who,
  age: anyAge,
  said: anySaying,
  edit: fc.option(anySaying, { freq: 2 }),
  isRevoked: fc.nat({ max: 4 }).map((n) => n === 0),
});
const anyGift: fc.Arbitrary<Gift> = fc.record({
  who,
  age: anyAge,
  what: fc.nat(),
  points: anyPoints,
});

const anyWeights = fc.dictionary(
  fc.constantFrom(...CATEGORIES, "manual"),
  fc.integer({ min: 0, max: 40 }).map((tenths) => tenths / 10),
  { maxKeys: 5, noNullPrototype: true },
);
const anyGrades = fc.uniqueArray(fc.integer({ min: -40, max: 160 }), {
  minLength: 5,
  maxLength: 5,
}).map((scores) => {
  const [A, B, C, D, E] = scores.sort((a, b) => b - a);
  return { A, B, C, D, E };
});

/** A change of the rules; numbers choose among the signals that there are. */
export interface Change {
  changed: { which: number; fields: SignalFields }[];
  added: SignalFields[];
  deleted: number | null;
  weights: Record<string, number> | null;
  grades: Record<string, number> | null;
}

const mostly = fc.nat({ max: 5 }).map((n) => n > 0);
const anyChange: fc.Arbitrary<Change> = fc.record({
  changed: fc.array(
    fc.record({
      which: fc.nat(),
      fields: fc.record({ ...COUNTING, is_active: mostly }, { requiredKeys: ["points"] }),
    }),
    { minLength: 1, maxLength: 2 },
  ),
  added: fc.array(anyKeywordSignal, { maxLength: 1 }),
  deleted: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, {
    weight: 1,
    arbitrary: fc.nat(),
  }),
  weights: fc.option(anyWeights),
  grades: fc.option(anyGrades),
});

export interface Story {
  signals: SignalFields[];
  /** Made while people write. */
  late: SignalFields[];
  weights: Record<string, number>;
  messages: Message[];
  gifts: Gift[];
  /** The order in which things are told, and what is told twice. */
  order: number[];
  /** Changes of the rules, one after the other. */
  changes: Change[];
  /** Another one, made while two contacts are one. */
  later: Change;
}

export const anyStory: fc.Arbitrary<Story> = fc.record({
  signals: fc.tuple(
    fc.array(anyKeywordSignal, { minLength: 1, maxLength: 3 }),
    fc.array(anyOtherSignal, { maxLength: 2 }),
  ).map((kinds) => kinds.flat()),
  late: fc.array(anyKeywordSignal, { maxLength: 2 }),
  weights: anyWeights,
  messages: fc.array(anyMessage, { minLength: 1, maxLength: 10 }),
  gifts: fc.array(anyGift, { maxLength: 5 }),
  order: fc.array(fc.nat({ max: 999 }), { minLength: 40, maxLength: 40 }),
  changes: fc.array(anyChange, { minLength: 2, maxLength: 4 }),
  later: anyChange,
});
