/** Deliveries with one thing wrong: every place of a payload × everything that may stand there. */
import type { Json } from "../fixtures/whatsapp/delivery.ts";

/** Where something is in a value: names of members and numbers of elements. */
export type Path = (string | number)[];

/** A value with one place changed, and what was done. */
export interface Mutant<Value> {
  what: string;
  value: Value;
}

/** Every place below a value, parents before their children. */
export function pathsOf(value: unknown, path: Path = []): Path[] {
  if (value === null || typeof value !== "object") return [];
  const names = Array.isArray(value) ? value.keys() : Object.keys(value);
  return [...names].flatMap((name) => {
    const here = [...path, name];
    return [here, ...pathsOf((value as Json)[name], here)];
  });
}

// Of random letters: Postgres compresses what repeats itself, and a limit would not be met.
const LONG = Array.from(
  crypto.getRandomValues(new Uint8Array(20_000)),
  (byte) => String.fromCharCode(97 + byte % 26),
).join("");

/** What may stand in the place of a value, beside nothing at all. */
function replacements(original: unknown): [string, unknown][] {
  const others: [string, unknown][] = [
    ["null", null],
    ["an object", { a: { b: ["c"] } }],
    ["an empty object", {}],
    ["a list", ["x", 7, null]],
    ["an empty list", []],
    ["an empty string", ""],
    ["20,000 letters", LONG],
    ["30 digits", "9".repeat(30)],
    ["true", true],
    ["a negative fraction", -1.5],
    ["a number beyond all integers", 1e300],
  ];
  if (typeof original === "string") {
    others.push(["a number for a string", /^\d{1,15}$/.test(original) ? Number(original) : 7]);
  }
  if (typeof original === "number") others.push(["a string for a number", String(original)]);
  return others;
}

/** Every mutant of a value; itself it stays as it is. */
export function* mutantsOf<Value>(value: Value): Generator<Mutant<Value>> {
  for (const path of pathsOf(value)) {
    for (const [name, replacement] of replacements(at(value, path))) {
      yield { what: `${name} at ${path.join(".")}`, value: changed(value, path, replacement) };
    }
    yield { what: `nothing at ${path.join(".")}`, value: changed(value, path, undefined) };
  }
}

function at(value: unknown, path: Path): unknown {
  return path.reduce((inner, name) => (inner as Json)[name], value);
}

function changed<Value>(value: Value, path: Path, replacement: unknown): Value {
  const copy = structuredClone(value);
  const last = path.at(-1)!;
  const parent = at(copy, path.slice(0, -1)) as Json | unknown[];
  if (replacement !== undefined) (parent as Json)[last] = replacement;
  else if (Array.isArray(parent)) parent.splice(last as number, 1);
  else delete parent[last];
  return copy;
}
