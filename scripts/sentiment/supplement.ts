/** Our own words: what customers write to businesses. One file a language, one kind of word a line. */
import { join } from "node:path";
import { ROOT } from "../stack/files.ts";

/** What a word does in a sentence. */
export type Role =
  /** Says something by itself, -4.9 … 4.9. */
  | { valence: number }
  /** Says something only when it is denied ("nobody answers"), and how bad that is. */
  | { expected: number }
  | { role: "negator" | "either_negator" | "booster" | "dampener" | "but" | "greeting" };

export interface Supplement {
  /** The lines in which a word stands: the last one with a role counts. */
  roles: Map<string, Role>;
  /** Words by which the language is known, with or without a role. */
  words: Set<string>;
}

const ROLES: Record<string, Role> = {
  neg: { role: "negator" },
  negany: { role: "either_negator" },
  boost: { role: "booster" },
  damp: { role: "dampener" },
  but: { role: "but" },
  greet: { role: "greeting" },
};

/** Reads `words/<name>.txt`. */
export async function readSupplement(name: string): Promise<Supplement> {
  return parseSupplement(
    await Deno.readTextFile(join(ROOT, "scripts", "sentiment", "words", `${name}.txt`)),
  );
}

/**
 * Lines of `<kind> word word …`; a kind is a valence, `expect:<how bad>`, `known` (no more than a
 * word of the language) or one of `ROLES`.
 *
 * @throws a kind that there is not
 */
export function parseSupplement(text: string): Supplement {
  const found: Supplement = { roles: new Map(), words: new Set() };
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [kind, ...words] = line.split(" ");
    const role = roleOf(kind);
    for (const word of words) {
      found.words.add(word);
      if (role) found.roles.set(word, role);
    }
  }
  return found;
}

function roleOf(kind: string): Role | undefined {
  if (kind === "known") return undefined;
  if (kind in ROLES) return ROLES[kind];
  const expected = /^expect:(.+)$/.exec(kind);
  const value = Number(expected ? expected[1] : kind);
  if (!Number.isFinite(value)) throw new Error(`There is no kind of word "${kind}".`);
  return expected ? { expected: value } : { valence: value };
}
