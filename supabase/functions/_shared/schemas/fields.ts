/** The kinds of field that requests are made of. Limits count characters as Postgres does. */
import * as z from "zod";
import { isUuid } from "../uuid.ts";

/** Text of `min`–`max` characters (code points), trimmed. */
export function text(min: number, max: number): z.ZodString {
  return z.string().trim().check((ctx) => {
    // Counting code points takes a copy of the text; most are short enough in UTF-16 already.
    const short = ctx.value.length < min;
    const long = ctx.value.length > max && [...ctx.value].length > max;
    if (!short && !long) return;
    ctx.issues.push(
      short
        ? { code: "too_small", origin: "string", minimum: min, inclusive: true, input: ctx.value }
        : { code: "too_big", origin: "string", maximum: max, inclusive: true, input: ctx.value },
    );
  }).meta(min > 0 ? { minLength: min, maxLength: max } : { maxLength: max });
}

/** Text of up to `max` characters; empty means none (null). */
export function optionalText(max: number): z.ZodType<string | null> {
  return text(0, max).nullable().transform((value) => value === "" ? null : value);
}

/** A UUID of any version, in lower case. */
export const uuid = z.string().check((ctx) => {
  if (isUuid(ctx.value)) return;
  ctx.issues.push({ code: "invalid_format", format: "uuid", input: ctx.value });
}).toLowerCase().meta({ format: "uuid", example: "0198f6c2-7d1e-7c3a-9b52-3f1d5a6b7c8d" });

/** The `phone_number_id` of one of the workspace's WhatsApp numbers, to send from. */
export const numberToSendFrom = z.string()
  .regex(/^[0-9]{1,32}$/, "A phone_number_id is digits.").optional().meta({
    description: "The WhatsApp number to send from; each has its own 24-hour window. Unless " +
      "given: the one that the person last wrote to, else the only one there is.",
    example: "100000000000001",
  });

// Letters of any script, since e-mail addresses may have them, and a domain with a dot.
const EMAIL =
  /^(?!\.)(?!.*\.\.)[\p{L}\p{M}\p{N}.!#$%&'*+/=?^_`{|}~-]{0,63}[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]@(?:[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?\.)+[\p{L}\p{M}\p{N}-]{2,63}$/u;

// What web pages with e-mail protection show instead of an address, and copied commands carry on.
const PROTECTED_EMAIL = /^\[email[\s\u00a0]protected\]$/i;

/** An e-mail address of up to 254 characters; empty, or the mark of a protected one, means none. */
export const email = text(0, 254).nullable()
  .transform((value) =>
    value === null || value === "" || PROTECTED_EMAIL.test(value) ? null : value
  )
  .check((ctx) => {
    if (ctx.value === null || EMAIL.test(ctx.value)) return;
    ctx.issues.push({ code: "invalid_format", format: "email", input: ctx.value });
  });

/** An http or https address of up to 2,048 characters; empty means none. */
export const httpUrl = optionalText(2048).check((ctx) => {
  if (ctx.value === null || isHttpUrl(ctx.value)) return;
  ctx.issues.push({ code: "invalid_format", format: "url", input: ctx.value });
});

function isHttpUrl(value: string): boolean {
  return /^https?:\/\/[^\s]+$/i.test(value) && URL.canParse(value);
}

/** A list of texts: at most `most`, each of 1–`max` characters. */
export function textList(most: number, max: number): z.ZodArray<z.ZodString> {
  return z.array(text(1, max)).max(most);
}

/** A time, ISO 8601 with its offset. */
export const moment = z.iso.datetime({ offset: true, abort: true })
  // Postgres has no year 0, where ISO 8601 has one.
  .refine((value) => !value.startsWith("0000") && !Number.isNaN(Date.parse(value)), {
    error: "That day does not exist.",
    abort: true,
  })
  // Nor has it such an offset or, from a hundred digits on, such a fraction.
  .refine((value) => value.length <= 64 && !/[+-](?:1[6-9]|2\d):\d\d$/.test(value), {
    params: { code: "invalid_format" },
    error: "The offset from UTC has to be below 16 hours, and the time 64 characters at most.",
  });

const CLOCKS_DIFFER_MS = 300_000;

/** A time that has been, by clocks that differ by minutes at most. */
export const pastTime = moment.refine(
  (value) => Date.parse(value) < Date.now() + CLOCKS_DIFFER_MS,
  {
    params: { code: "in_the_future" },
    error: "The time is yet to come.",
  },
).meta({ example: "2026-11-01T09:30:00Z" });

/** A time to come, ISO 8601 with its offset. */
export const futureTime = moment.refine(
  (value) => Date.parse(value) > Date.now(),
  {
    params: { code: "in_the_past" },
    error: "The time has passed already.",
  },
);

/** A time that we answer, in UTC. */
export const time = z.string().meta({
  format: "date-time",
  example: "2026-11-01T09:30:00.123456+00:00",
});

/** `true` or `false` in a query. */
export const flag = z.enum(["true", "false"]).transform((value) => value === "true")
  .meta({ override: { type: "boolean", enum: [true, false] } });

/** A whole number in a query. */
export function integer(minimum: number, maximum: number): z.ZodType<number, string> {
  return numeral(z.int().min(minimum).max(maximum)).meta({
    override: { type: "integer", minimum, maximum },
  });
}

/** A number in a query. */
export function decimal(minimum: number, maximum: number): z.ZodType<number, string> {
  return numeral(z.number().min(minimum).max(maximum)).meta({
    override: { type: "number", minimum, maximum },
  });
}

function numeral(schema: z.ZodNumber): z.ZodType<number, string> {
  const read = z.string().transform((value, ctx) => {
    if (/^-?\d{1,15}(?:\.\d{1,6})?$/.test(value)) return Number(value);
    ctx.issues.push({ code: "invalid_type", expected: "number", input: value });
    return z.NEVER;
  });
  return read.pipe(schema) as unknown as z.ZodType<number, string>;
}

/** A phone number in a query, where a + that was not percent-encoded arrives as a space. */
export const phoneParameter = z.string().max(64).transform((value) =>
  value.replace(/^ (?=\d)/, "+")
)
  .meta({ description: "E.164, or local to the workspace's country.", example: "+16045551234" });

type Names = [string, string, ...string[]];

/** A check that an object has exactly one of its optional fields. */
export function exactlyOne(...names: Names): z.core.CheckFn<Record<string, unknown>> {
  return countGiven(names, (given) => given === 1, "Give either");
}

/** A check that an object has one of its optional fields, or none. */
export function atMostOne(...names: Names): z.core.CheckFn<Record<string, unknown>> {
  return countGiven(names, (given) => given <= 1, "Give only");
}

function countGiven(
  names: Names,
  isFine: (given: number) => boolean,
  beginning: string,
): z.core.CheckFn<Record<string, unknown>> {
  return (ctx) => {
    if (isFine(names.filter((name) => ctx.value[name] !== undefined).length)) return;
    const listed = `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
    ctx.issues.push({
      code: "custom",
      params: { code: "exclusive" },
      message: `${beginning} ${listed}.`,
      input: ctx.value,
    });
  };
}
