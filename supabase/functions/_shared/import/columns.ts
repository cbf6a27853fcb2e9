/** Which column of a file is which field of a contact. */
import { type FieldError, invalid } from "../errors.ts";
import { settable } from "../schemas/contact.ts";
import { isStorable } from "../text.ts";
import { pointer } from "../validation.ts";
import { comparable, knownColumn, NAME_PARTS } from "./known_columns.ts";

/** A column and what it is: a field, a part of the name, `custom.<key>`, or null for nothing. */
export interface Column {
  column: string;
  field: string | null;
}

/** For each field the columns it may be in, the preferred ones first. */
export type Places = Record<string, number[]>;

const FIELDS: ReadonlySet<string> = new Set(["phone", ...Object.keys(settable)]);
const TARGETS: ReadonlySet<string> = new Set([...FIELDS, ...NAME_PARTS]);
const MOST_COLUMNS = 1000;

/**
 * Guesses what the columns are; the mapping, by their names, decides where it says something.
 *
 * @throws ApiError 422 `validation_failed`
 */
export function readColumns(
  names: readonly string[],
  mapping: Record<string, string | null>,
): { columns: Column[]; places: Places } {
  refuseBadNames(names);
  const asked = askedFields(names, mapping);
  const taken = new Set(asked.values());
  const named = taken.has("name") || NAME_PARTS.some((part) => taken.has(part));
  const guesses = names.map((name, n) => {
    if (asked.has(n)) return undefined;
    const guess = guessOf(name);
    // What the mapping names itself is taken from nowhere else.
    if (!guess || taken.has(guess.field) || named && isName(guess.field)) return undefined;
    return guess;
  });
  const columns = names.map((column, n) => ({
    column,
    field: (asked.has(n) ? asked.get(n)! : guesses[n]?.field) ?? null,
  }));
  const ranks = names.map((_, n) => guesses[n]?.rank ?? 0);
  const places = placesOf(columns, ranks);
  if (!places.phone) throw phoneMissing(names);
  return { columns, places };
}

function isName(field: string): boolean {
  return field === "name" || (NAME_PARTS as readonly string[]).includes(field);
}

function guessOf(name: string): { field: string; rank: number } | undefined {
  const own = comparable(name).replaceAll(" ", "_");
  const known = knownColumn(name);
  if (known) return known;
  if (FIELDS.has(own)) return { field: own, rank: 0 };
  const key = /^custom\.(.+)$/s.exec(name.trim())?.[1];
  return key === undefined ? undefined : { field: `custom.${key}`, rank: 0 };
}

function placesOf(columns: readonly Column[], ranks: readonly number[]): Places {
  const places: Places = {};
  const order = columns.map((_, n) => n).sort((a, b) => ranks[a] - ranks[b] || a - b);
  for (const n of order) {
    const { field } = columns[n];
    if (field !== null) {
      (Object.hasOwn(places, field) ? places[field] : (places[field] = [])).push(n);
    }
  }
  return places;
}

/** What the mapping says, by the numbers of the columns. */
function askedFields(
  names: readonly string[],
  mapping: Record<string, string | null>,
): Map<number, string | null> {
  const asked = new Map<number, string | null>();
  const errors: FieldError[] = [];
  const exact = numbersBy(names, (name) => name);
  const loose = numbersBy(names, comparable);
  for (const [name, field] of Object.entries(mapping)) {
    const path = pointer(["mapping", name.slice(0, 100)]);
    const found = exact.get(name) ?? loose.get(comparable(name)) ?? [];
    if (found.length === 0) {
      errors.push({
        path,
        code: "unknown_column",
        message: "None of the file's columns has that name.",
      });
    } else if (field !== null && !TARGETS.has(field) && !/^custom\.[^]{1,100}$/.test(field)) {
      errors.push({
        path,
        code: "invalid_value",
        message: "Columns are mapped to a field of a contact, custom.<key>, or null.",
      });
    }
    for (const n of found) asked.set(n, field);
  }
  if (errors.length > 0) throw invalid(...errors.slice(0, 50));
  return asked;
}

/** The numbers of the columns whose names come to the same: made once, for mappings of any length. */
function numbersBy(
  names: readonly string[],
  key: (name: string) => string,
): Map<string, number[]> {
  return Map.groupBy(names.keys(), (n) => key(names[n]));
}

function refuseBadNames(names: readonly string[]): void {
  const problem = names.length > MOST_COLUMNS
    ? `A file may have ${MOST_COLUMNS} columns.`
    : names.some((name) => !isStorable(name))
    ? "The names of columns may not hold U+0000."
    : names.some((name) => name.length > 1000)
    ? "The names of columns may have 1,000 characters."
    : undefined;
  if (problem) throw invalid({ path: "/file", code: "invalid_value", message: problem });
}

function phoneMissing(names: readonly string[]) {
  const some = names.slice(0, 20).map((name) => name.slice(0, 50)).join(", ");
  return invalid({
    path: "/mapping",
    code: "required",
    message: `None of the columns is known to be the phone number: ${some}. ` +
      'Name it in mapping, e.g. {"Mobile": "phone"}.',
  });
}
