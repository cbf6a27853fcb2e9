/** Zod's findings → the `errors` of a problem document. */
import type * as z from "zod";
import { invalid } from "./errors.ts";
import type { ApiError, FieldError } from "./errors.ts";
import type { FieldErrorCode } from "./error_codes.ts";

/** Where a value came from; it decides what a stray name is called. */
export type Place = "body" | "query" | "path";

type Issue = z.core.$ZodIssue;

// Enough to mend a request by; a body of a million stray fields is not worth a megabyte of answer.
const MOST_ERRORS = 50;

/**
 * The value as its schema makes it.
 *
 * @throws ApiError 422 `validation_failed`
 */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  place: Place,
  readOnly: ReadonlySet<string> = NONE,
): z.output<Schema> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw rejection(result.error.issues, { place, readOnly });
}

const NONE: ReadonlySet<string> = new Set();

/** The parameters of a query that are lists: they may be repeated or comma-separated. */
export function listParameters(query: z.ZodObject | undefined): ReadonlySet<string> {
  const shape = Object.entries(query?.shape ?? {}) as [string, z.ZodType][];
  return new Set(shape.filter(([, schema]) => isList(schema)).map(([name]) => name));
}

function isList(schema: z.ZodType): boolean {
  const { type, innerType } = schema.def as { type: string; innerType?: z.ZodType };
  return type === "array" || (innerType !== undefined && isList(innerType));
}

/** What was validated. */
interface Given {
  place: Place;
  readOnly: ReadonlySet<string>;
}

function rejection(issues: Issue[], given: Given): ApiError {
  const errors: FieldError[] = [];
  for (const issue of issues) {
    errors.push(...fieldErrors(issue, given));
    if (errors.length >= MOST_ERRORS) break;
  }
  return invalid(...errors.slice(0, MOST_ERRORS));
}

/** Names → JSON pointer (RFC 6901). */
export function pointer(path: readonly PropertyKey[]): string {
  return path.map((name) => `/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`).join(
    "",
  );
}

function fieldErrors(issue: Issue, given: Given): FieldError[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.slice(0, MOST_ERRORS).map((key) => unknownName(issue.path, key, given));
  }
  const { code, message } = named(issue, given.place);
  return [{ path: pointer(issue.path), code, message }];
}

function unknownName(path: PropertyKey[], key: string, { place, readOnly }: Given): FieldError {
  // What a caller made up may be long; its beginning says which it was.
  const name = key.slice(0, 100);
  const at = pointer([...path, name]);
  if (path.length === 0 && readOnly.has(key)) {
    return { path: at, code: "read_only", message: `${name} is computed and cannot be written.` };
  }
  return place === "query"
    ? {
      path: at,
      code: "unknown_parameter",
      message: `There is no query parameter ${JSON.stringify(name)}.`,
    }
    : { path: at, code: "unknown_field", message: `There is no field ${JSON.stringify(name)}.` };
}

interface Named {
  code: FieldErrorCode;
  message: string;
}

function named(issue: Issue, place: Place): Named {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? missing(issue, place) : {
        code: "invalid_type",
        message: `${label(issue.path, place)} has to be ${article(issue.expected)}.`,
      };
    case "too_small":
      return {
        code: sizeCode(issue.origin, "small"),
        message: sentence(issue, place, "at least", issue.minimum),
      };
    case "too_big":
      return {
        code: sizeCode(issue.origin, "big"),
        message: sentence(issue, place, "at most", issue.maximum),
      };
    case "invalid_value":
      return issue.input === undefined ? missing(issue, place) : {
        code: "invalid_value",
        message: `${label(issue.path, place)} has to be one of ${
          issue.values.map(String).join(", ")
        }.`,
      };
    case "custom":
      return {
        code: issue.params?.code as FieldErrorCode ?? "invalid_value",
        message: issue.message,
      };
    case "invalid_format":
      return { code: "invalid_format", message: formatMessage(issue, place) };
    default:
      return { code: "invalid_value", message: `${label(issue.path, place)} is not valid.` };
  }
}

function missing({ path }: Issue, place: Place): Named {
  return { code: "required", message: `${label(path, place)} is required.` };
}

/** A path for people: `tags[0]`. */
function label(path: readonly PropertyKey[], place: Place): string {
  if (path.length === 0) return `The ${place}`;
  return path.map((name, i) =>
    typeof name === "number" ? `[${name}]` : `${i > 0 ? "." : ""}${String(name)}`
  ).join("");
}

function article(type: string): string {
  const name = type === "int" ? "whole number" : type;
  return `${/^[aeiou]/.test(name) ? "an" : "a"} ${name}`;
}

function sizeCode(origin: string, end: "small" | "big"): FieldErrorCode {
  if (origin === "string") return end === "small" ? "too_short" : "too_long";
  if (origin === "array" || origin === "set") return end === "small" ? "too_few" : "too_many";
  return end === "small" ? "too_small" : "too_big";
}

const UNITS: Record<string, string> = { string: "character", array: "item" };

function sentence(
  issue: { path: PropertyKey[]; origin: string },
  place: Place,
  relation: string,
  limit: number | bigint,
): string {
  const unit = UNITS[issue.origin];
  const amount = unit ? `${limit} ${unit}${limit === 1 ? "" : "s"}` : String(limit);
  return `${label(issue.path, place)} has to ${unit ? "have" : "be"} ${relation} ${amount}.`;
}

const FORMATS: Record<string, string> = {
  uuid: "a UUID",
  email: "an e-mail address",
  url: "an http or https address",
  date: "a day in ISO 8601, e.g. 2026-01-31",
  datetime: "a time in ISO 8601, e.g. 2026-01-31T09:30:00Z",
};

function formatMessage(
  issue: { path: PropertyKey[]; format: string; message: string },
  place: Place,
): string {
  const wanted = FORMATS[issue.format];
  return wanted ? `${label(issue.path, place)} has to be ${wanted}.` : issue.message;
}
