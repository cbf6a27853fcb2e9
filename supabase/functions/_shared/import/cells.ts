/** What people and programs write into cells → values of fields. */
import type { FieldErrorCode } from "../error_codes.ts";

/** A cell that cannot be the value that is asked for. */
export class CellProblem {
  constructor(readonly code: FieldErrorCode, readonly message: string) {}
}

// What spreadsheets take for the beginning of a formula; the full-width forms as well. Exports put
// their quote before those that a text has there itself, too.
const QUOTED_FORMULA = /^'(?='*[=+\-@\t\r＝＋－＠])/;

/** A cell without the quote that exports put before what a spreadsheet would run as a formula. */
export function plainText(cell: string): string {
  return QUOTED_FORMULA.test(cell) ? cell.slice(1) : cell;
}

/** Google's way of writing several values into one cell. */
const SEVERAL = " ::: ";

/** The first of several values. */
export function firstOf(text: string): string {
  const at = text.indexOf(SEVERAL);
  return (at < 0 ? text : text.slice(0, at)).trim();
}

/**
 * A list separated by `;` or `,` (or Google's ` ::: `). An item in double quotes may hold them, and
 * quotes that are doubled. Labels that Google keeps itself (`* myContacts`) are left out, unless they
 * are quoted.
 */
export function listOf(text: string): string[] {
  const items: string[] = [];
  const pattern =
    /\s*(?:"((?:[^"]|"")*)"\s*(?=[;,]|:::|$)|((?:(?!\s:::\s)[^;,])*))(?:[;,]|\s:::\s|$)/gy;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (!match) break;
    const item = (match[1]?.replaceAll('""', '"') ?? match[2]).trim();
    const isGoogles = match[1] === undefined && /^\* \w+$/.test(item);
    if (item !== "" && !isGoogles) items.push(item);
  }
  return items;
}

const FLAGS = new Map<string, boolean>([
  ...["true", "yes", "y", "1", "x"].map((word) => [word, true] as const),
  ...["false", "no", "n", "0"].map((word) => [word, false] as const),
]);

export function flagOf(text: string): boolean | CellProblem {
  return FLAGS.get(text.toLowerCase()) ??
    new CellProblem("invalid_value", "A flag is true or false, yes or no, 1 or 0.");
}

const LONGEST_NUMBER = 64;
const PLAIN = /^[+-]?\d+(?:\.\d+)?$/;
// Groups of three between separators of one kind, then perhaps the other kind and decimals.
const GROUPED = /^([+-]?)(\d{1,3})((?:([.,' \u00a0\u202f’])\d{3})(?:\4\d{3})*)(?:([.,])(\d+))?$/;
const DECIMAL_COMMA = /^[+-]?\d+,\d+$/;
const NO_NUMBER = new CellProblem("invalid_type", "That is not a number.");

/**
 * A number with either decimal sign and any grouping, a currency's sign aside. What may be read in
 * two ways (`1,234`) is refused.
 */
export function numberOf(text: string): number | CellProblem {
  // A cell may be a megabyte, and what follows looks through parts of it more than once.
  if (text.length > LONGEST_NUMBER) return NO_NUMBER;
  const bare = text.replace(/^([+-]?)\s*\p{Sc}\s*|\p{Sc}$/gu, "$1").trim();
  // 1.234 is a thousand and more to half of the world.
  if (/^[+-]?[1-9]\d{0,2}[.,]\d{3}$/.test(bare)) {
    return new CellProblem(
      "ambiguous_number",
      "The number may be read in two ways: write 1234.5 for it.",
    );
  }
  if (PLAIN.test(bare)) return Number(bare);
  if (DECIMAL_COMMA.test(bare)) return Number(bare.replace(",", "."));
  const grouped = GROUPED.exec(bare);
  if (grouped && grouped[4] !== grouped[5]) {
    const [, sign, first, groups, , , decimals] = grouped;
    return Number(`${sign}${first}${groups.replace(/\D/g, "")}${decimals ? `.${decimals}` : ""}`);
  }
  return NO_NUMBER;
}

/** JSON text; what it has to be is for the field's schema to say. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return new CellProblem("invalid_format", "That is not a JSON object.");
  }
}

/** A word of a fixed list as it is written there: any case, spaces or hyphens for underscores. */
export function wordOf(text: string, words: readonly string[]): string {
  if (words.includes(text)) return text;
  const plain = (word: string) => word.toLowerCase().replace(/[\s_-]+/g, "_");
  return words.find((word) => plain(word) === plain(text)) ?? text;
}
