/** Values that callers may send by mistake or on purpose. */
import fc from "fast-check";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const ODD_TEXTS = [
  "",
  " ",
  "\u0000",
  "\ud800",
  "a\udfffb",
  "\uffff",
  "\ufeff",
  "\u202e",
  "%",
  "_",
  "\\",
  "'",
  '"',
  "'; drop table public.contacts; --",
  "{}",
  "null",
  "undefined",
  "NaN",
  "-0",
  "1e309",
  "9007199254740993",
  "__proto__",
  "constructor",
  "true",
  "me",
  "none",
  "*",
  "0000-01-01",
  "2026-02-30",
  "9999-12-31T23:59:59.999999Z",
  "2026-01-01T00:00:00+23:59",
  "00000000-0000-0000-0000-000000000000",
  "ffffffff-ffff-ffff-ffff-ffffffffffff",
  "10000000-0000-4000-8000-000000000001",
  "+16045551234",
  "604-555-1234",
  "+",
  "٠١٢٣٤٥٦٧٨٩",
  "ﬁﬁﬁ İıſẞ",
  "e\u0301".repeat(40),
  "👩‍👩‍👧".repeat(60),
  "x".repeat(300),
  "a@b.c",
  "ä@ö.ü",
  "http://[::1",
  "https://example.com/\u0000",
];

/** Any text: odd ones, any code points, any halves of pairs. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...ODD_TEXTS),
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }),
);

const anyNumber: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, 0.1, 1e-7, 1e21, 1e308, -1e308, 2 ** 31, 2 ** 53, 12345.678),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

const leaf: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom(null, true, false),
  anyNumber,
  anyText,
);

/** Any JSON value; names of objects may be anything, `__proto__` included. */
export const anyJson: fc.Arbitrary<Json> = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie("json"), { maxLength: 4 }),
    fc.array(fc.tuple(anyText, tie("json")), { maxLength: 4 })
      .map((entries) => Object.fromEntries(entries)),
  ),
})).json;

type Change = (value: Json) => Json;

/** One mistake in a JSON value: something replaced, left out, added, wrapped or nested, anywhere. */
const mistake: fc.Arbitrary<Change> = fc.record({
  at: fc.array(fc.nat(), { maxLength: 10 }),
  kind: fc.constantFrom("replace", "remove", "add", "wrap", "repeat", "nest"),
  value: anyJson,
  name: anyText,
}).map(({ at, kind, value, name }) => {
  const changes: Record<typeof kind, Change> = {
    replace: () => value,
    remove: (old) => without(old, at[0] ?? 0),
    add: (old) => withMember(old, name, value),
    wrap: (old) => [old],
    repeat: (old) => [old, old],
    nest: (old) => ({ [name]: old }),
  };
  return (whole: Json) => changed(whole, at, changes[kind]);
});

function without(value: Json, which: number): Json {
  if (value === null || typeof value !== "object") return null;
  const entries = Object.entries(value);
  if (entries.length > 0) entries.splice(which % entries.length, 1);
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

function withMember(value: Json, name: string, member: Json): Json {
  if (value === null || typeof value !== "object") return member;
  if (Array.isArray(value)) return [...value, member];
  return Object.fromEntries([...Object.entries(value), [name, member]]);
}

/** The value with something changed at a place that the numbers lead to. */
function changed(value: Json, at: number[], change: Change): Json {
  if (value === null || typeof value !== "object" || at.length === 0) return change(value);
  const entries = Object.entries(value);
  const which = at[0] % (entries.length + 1);
  if (which === entries.length) return change(value);
  entries[which][1] = changed(entries[which][1], at.slice(1), change);
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

/** A valid value with one to three mistakes. */
export function nearly(valid: fc.Arbitrary<Json> | Json): fc.Arbitrary<Json> {
  const values = valid instanceof fc.Arbitrary ? valid : fc.constant(valid);
  return fc.tuple(values, fc.array(mistake, { minLength: 1, maxLength: 3 }))
    .map(([value, mistakes]) => mistakes.reduce((before, change) => change(before), value));
}

/** What a header can hold: no line breaks, nothing beyond Latin-1. */
export const anyHeader: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("", "*", '"1"', 'W/"1"', '"', ",", "1", "x".repeat(256), "ü"),
  fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((c) => String.fromCharCode(c)) }),
).filter((text) => !/[\x7f-\x9f]/.test(text));
