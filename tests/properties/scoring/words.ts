/**
 * What the people of a story say, in words that leave no doubt which keywords are in them: whole
 * sentences of one language, a few terms among them, no two terms with a stem in common.
 */
import fc from "fast-check";

export const LANGUAGES = ["en", "es", "de"] as const;
export type Language = typeof LANGUAGES[number];

interface Term {
  /** As a signal has it. */
  keyword: string;
  /** As people say it in the language that it is of. */
  forms: readonly string[];
}

const TERMS: Record<Language, readonly Term[]> = {
  en: [
    { keyword: "price", forms: ["price", "PRICES"] },
    { keyword: "Oak table", forms: ["oak table", "Oak Tables"] },
    { keyword: "viewing", forms: ["viewing", "viewings!"] },
  ],
  es: [
    { keyword: "precio", forms: ["precio", "precios"] },
    { keyword: "mesa de roble", forms: ["mesa de roble", "Mesas de roble"] },
    { keyword: "reunión", forms: ["reunion", "REUNIÓN", "reuniones"] },
  ],
  de: [
    { keyword: "Preis", forms: ["Preis", "Preise"] },
    { keyword: "Tisch aus Holz", forms: ["Tisch aus Holz", "Tische aus Holz"] },
    { keyword: "Lieferung", forms: ["Lieferung", "Lieferungen"] },
  ],
};
const EMOJI: Term = { keyword: "🏠", forms: ["🏠"] };
/** Words of the keywords that are no keyword in this order. */
const DECOYS: Record<Language, string> = {
  en: "table made of oak",
  es: "roble para una mesa",
  de: "Holz aus einem Tisch",
};

export const KEYWORDS = [...LANGUAGES.flatMap((language) => TERMS[language]), EMOJI]
  .map(({ keyword }) => keyword);

/** One message's words. */
export interface Saying {
  language: Language;
  /** The keywords that are in it. */
  keywords: string[];
  body: string;
}

const SENTENCES: Record<Language, (things: string[]) => string> = {
  en: (things) =>
    `Please tell us about the ${things.join(" and the ")} when you have the time, thank you`,
  es: (things) => `Por favor quiero saber algo sobre ${things.join(" y ")} cuando puedan, gracias`,
  de: (things) =>
    `Ich möchte bitte etwas über ${things.join(" und ")} wissen, vielen Dank für alles`,
};

const anyTerm = (language: Language) =>
  fc.oneof(
    fc.constantFrom(...TERMS[language], EMOJI).chain(({ keyword, forms }) =>
      fc.constantFrom(...forms).map((form) => ({ keyword, form }))
    ),
    fc.constant({ keyword: null, form: DECOYS[language] }),
  );
/** A word of another language, which is found if it is written just so. */
const anyForeign = (language: Language) =>
  fc.constantFrom(...LANGUAGES.filter((other) => other !== language))
    .chain((other) => fc.constantFrom(...TERMS[other]))
    .map(({ keyword }) => ({ keyword, form: keyword }));

export const anySaying: fc.Arbitrary<Saying> = fc.constantFrom(...LANGUAGES).chain((language) =>
  fc.tuple(
    fc.array(anyTerm(language), { minLength: 1, maxLength: 3 }),
    fc.option(anyForeign(language), { freq: 4 }),
  ).map(([terms, foreign]) => {
    const all = foreign === null ? terms : [...terms, foreign];
    return {
      language,
      keywords: all.flatMap(({ keyword }) => keyword ?? []),
      body: SENTENCES[language](all.map(({ form }) => form)),
    };
  })
);
