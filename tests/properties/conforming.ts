/** JSON Schema → values that fit it, as odd as it lets them be. */
import fc from "fast-check";
import { anyJson, anyText, type Json } from "./arbitraries.ts";

/** What the description says of a value: the part of JSON Schema that it uses. */
export interface Schema {
  type?: string | string[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  const?: Json;
  enum?: Json[];
  format?: string;
  example?: Json;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  multipleOf?: number;
  items?: Schema;
  maxItems?: number;
  minItems?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: unknown;
}

/** Ids that exist, to stand where a UUID is asked for. */
export type Ids = readonly [string, ...string[]];

export function conforming(schema: Schema, ids: Ids): fc.Arbitrary<Json> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) {
    const { example } = schema;
    return fc.oneof(...alternatives.map((one) => conforming({ example, ...one }, ids)));
  }
  const types = [schema.type ?? "object"].flat();
  return fc.oneof(...types.map((type) => ofType(type, schema, ids)));
}

function ofType(type: string, schema: Schema, ids: Ids): fc.Arbitrary<Json> {
  switch (type) {
    case "null":
      return fc.constant(null);
    case "boolean":
      return fc.boolean();
    case "integer":
      return fc.integer({ min: schema.minimum, max: schema.maximum });
    case "number":
      return anyAmount(schema);
    case "array":
      return fc.array(conforming(schema.items ?? {}, ids), {
        minLength: schema.minItems,
        maxLength: Math.min(schema.maxItems ?? 5, 5),
      });
    case "object":
      return anyObject(schema, ids);
    default:
      return anyString(schema, ids);
  }
}

function anyAmount(
  { minimum = -1e15, maximum = 1e15, multipleOf = 1 }: Schema,
): fc.Arbitrary<Json> {
  const cents = fc.integer({ min: -1e9, max: 1e9 }).map((n) => n / Math.round(1 / multipleOf));
  return fc.oneof(fc.constantFrom(0, minimum, maximum), cents);
}

/** Text that Postgres can hold, of a length that is allowed. */
function anyString(schema: Schema, ids: Ids): fc.Arbitrary<string> {
  const { format, example, minLength = 0, maxLength = 100 } = schema;
  if (format === "uuid") {
    return fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...ids) }, fc.uuid());
  }
  if (format === "date-time") return aDate;
  if (typeof example === "string") {
    if (example.startsWith("+")) return fc.oneof({ weight: 9, arbitrary: aPhone }, anyText);
    if (/^\d{4}-/.test(example)) return fc.oneof(aDate, aDate.map((date) => date.slice(0, 10)));
  }
  const odd = anyText.map((text) =>
    [...text.toWellFormed().replaceAll("\0", "")].slice(0, maxLength).join("").padEnd(
      minLength,
      "x",
    )
  );
  return typeof example === "string"
    ? fc.oneof({ weight: 3, arbitrary: fc.constant(example) }, odd)
    : odd;
}

const aDate = fc.date({ min: new Date(0), max: new Date("9999-12-31"), noInvalidDate: true })
  .map((date) => date.toISOString());

const aPhone = fc.integer({ min: 1e9, max: 1e10 - 1 }).map((digits) => `+6281${digits}`);

function anyObject(schema: Schema, ids: Ids): fc.Arbitrary<Json> {
  const { properties, required = [] } = schema;
  if (!properties || Object.keys(properties).length === 0) return fc.dictionary(anyText, anyJson);
  const members = (names: string[]) =>
    fc.tuple(...names.map((name) => fc.tuple(fc.constant(name), conforming(properties[name], ids))))
      .map((entries) => Object.fromEntries(entries));
  const optional = Object.keys(properties).filter((name) => !required.includes(name));
  // A few at a time: each is a chance to be refused, and what is accepted is the harder test.
  return fc.subarray(optional, { maxLength: Math.min(optional.length, 4) })
    .chain((names) => members([...required, ...names]));
}
