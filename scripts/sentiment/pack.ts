/**
 * Lexicons → rows of private.sentiment_words: one row a word for all languages together, so that a
 * word of a message costs one look-up whatever its language is.
 */
import { commonWords, foreignWords, type Language, LANGUAGES, valences } from "./libraries.ts";
import { readSupplement, type Role } from "./supplement.ts";

/** Six bits; what the migration's header says of them. */
export const CODE = {
  zero: 23,
  negator: 46,
  either_negator: 47,
  booster: 48,
  dampener: 49,
  but: 50,
  stop: 51,
  question: 52,
  exclamation: 53,
  expected: 53,
  greeting: 63,
} as const;

const GREATEST_VALENCE = 4.4;
const VALENCE_STEP = 0.2;
const EXPECTED_STEP = 0.4;
const GREATEST_EXPECTED = 3.6;

const CODE_BITS = 6n;
const EVIDENCE_BITS = 5n;
const EVIDENCE_FROM = CODE_BITS * BigInt(LANGUAGES.length);
const FOREIGN = LANGUAGES.length;

/** All words with their codes, in their order. */
export async function packLexicon(): Promise<[string, bigint][]> {
  const rows = new Map<string, bigint>();
  for (const [n, language] of LANGUAGES.entries()) {
    const { roles, words } = await readSupplement(language);
    const merged = new Map<string, Role>();
    for (const [word, valence] of valences(language)) merged.set(word, { valence });
    for (const [word, role] of roles) merged.set(word, role);
    const spelled = spellings(merged, new Set([...commonWords(language), ...words]), language);
    for (const word of new Set([...spelled.roles.keys(), ...spelled.words])) {
      set(rows, word, evidenceOf(n));
    }
    for (const [word, role] of spelled.roles) set(rows, word, codeAt(codeOf(role), n));
  }
  for (const word of foreignWords()) set(rows, word, evidenceOf(FOREIGN));
  await addSigns(rows);
  return [...rows].sort(([a], [b]) => a < b ? -1 : 1);
}

/** Emoji and punctuation mean the same in every language, and speak for none. */
async function addSigns(rows: Map<string, bigint>): Promise<void> {
  const everywhere = (sign: string, code: number) => {
    for (const n of LANGUAGES.keys()) set(rows, sign, codeAt(code, n));
  };
  for (const [emoji, role] of (await readSupplement("emoji")).roles) {
    everywhere(emoji, codeOf(role));
  }
  everywhere(",", CODE.stop);
  everywhere(".", CODE.stop);
  everywhere("?", CODE.question);
  everywhere("!", CODE.exclamation);
}

/** The same with what people write who leave accents out, where that is no other word. */
function spellings(roles: Map<string, Role>, words: Set<string>, language: Language) {
  const all = { roles: new Map(roles), words: new Set(words) };
  for (const [word, role] of roles) {
    const bare = withoutAccents(word, language);
    if (!all.roles.has(bare) && !words.has(bare)) all.roles.set(bare, role);
  }
  for (const word of words) all.words.add(withoutAccents(word, language));
  return all;
}

function withoutAccents(word: string, language: Language): string {
  const spelled = language === "de"
    ? word.replaceAll("ä", "ae").replaceAll("ö", "oe").replaceAll("ü", "ue").replaceAll("ß", "ss")
    : word.replaceAll("œ", "oe");
  return spelled.normalize("NFD").replace(/\p{M}/gu, "");
}

/** The code that SQL reads. */
export function codeOf(role: Role): number {
  if ("role" in role) return CODE[role.role];
  if ("expected" in role) {
    return CODE.expected + Math.round(Math.min(GREATEST_EXPECTED, role.expected) / EXPECTED_STEP);
  }
  const valence = Math.max(-GREATEST_VALENCE, Math.min(GREATEST_VALENCE, role.valence));
  const steps = Math.round(valence / VALENCE_STEP);
  return steps === 0 ? 0 : CODE.zero + steps;
}

function codeAt(code: number, n: number): bigint {
  return BigInt(code) << (CODE_BITS * BigInt(n));
}

function evidenceOf(n: number): bigint {
  return 1n << (EVIDENCE_FROM + EVIDENCE_BITS * BigInt(n));
}

function set(rows: Map<string, bigint>, word: string, bits: bigint): void {
  rows.set(word, (rows.get(word) ?? 0n) | bits);
}
