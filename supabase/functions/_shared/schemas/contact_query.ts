/** The query of lists of contacts: filter, sort, page. */
import * as z from "zod";
import { isUuid } from "../uuid.ts";
import { AUTO_STATUS, GRADE, SALE_STATUS, SENTIMENT, SOURCE, STATUS } from "./enums.ts";
import { decimal, flag, integer, moment as time, text, uuid } from "./fields.ts";

// A list with nothing in it says as little as none: whoever sends one meant to name something.
const oneOf = <Values extends readonly [string, ...string[]]>(values: Values) =>
  z.array(z.enum(values)).min(1).max(50).optional();

const texts = (max: number) => z.array(text(1, max)).min(1).max(100).optional();

const INT_MAX = 2_147_483_647;
const count = integer(0, INT_MAX).optional();
const score = integer(-INT_MAX, INT_MAX).optional();
const money = decimal(-1e12, 1e12).optional();

const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** A time, or a day in UTC: its first moment for `from`, its last for `to`. */
export function moment(end: "from" | "to"): z.ZodType<string | undefined, string | undefined> {
  const rest = end === "from" ? "T00:00:00Z" : "T23:59:59.999999Z";
  return z.string()
    // An offset's + that was not percent-encoded arrives as a space.
    .transform((value) => DATE.test(value) ? value + rest : value.replace(" ", "+"))
    .pipe(time)
    .meta({ description: "An ISO 8601 time, or a day in UTC (all of it).", example: "2026-11-01" })
    .optional() as unknown as z.ZodType<string | undefined, string | undefined>;
}

export const assignee = z.string().toLowerCase()
  .refine((value) => value === "me" || value === "none" || isUuid(value), {
    params: { code: "invalid_format" },
    error: "assigned_to has to be me, none or a UUID.",
  }).optional();

/** The filters of list-contacts; all can be combined. */
export const contactFilter = {
  search: z.string().trim().max(200).optional().meta({
    description:
      "Every word has to be found in name, e-mail, company, phone or notes, in any order, " +
      "each anywhere, from one character on; case, accents, Hebrew points, Arabic vowels and " +
      "digits, and full-width forms do not matter. A phone number is found by any part of its " +
      "digits, however it is punctuated, with or without the country's code or the 0 before a " +
      "local number, and by its Brazilian, Mexican or Argentine variant. " +
      "Without `sort`, who has exactly this phone number or e-mail address comes first, then those " +
      "with every word at the beginning of a word of the name, of the e-mail, company or phone, " +
      "then the rest; the newest first in each.",
  }),
  status: oneOf(STATUS),
  auto_status: oneOf(AUTO_STATUS),
  source: oneOf(SOURCE),
  channel: texts(32),
  stage: texts(64),
  sale_status: oneOf(SALE_STATUS),
  grade: oneOf(GRADE),
  sentiment: oneOf(SENTIMENT),
  tags: texts(64).meta({ description: "Contacts that have any of the tags." }),
  tags_all: texts(64).meta({ description: "Contacts that have all of the tags." }),
  created_from: moment("from"),
  created_to: moment("to"),
  last_contact_from: moment("from"),
  last_contact_to: moment("to"),
  has_email: flag.optional(),
  call_count_min: count,
  call_count_max: count,
  score_min: score,
  score_max: score,
  value_min: money,
  value_max: money,
  assigned_to: assignee.meta({ description: "`me`, `none` or a member's user id." }),
  is_vip: flag.optional(),
  is_at_risk: flag.optional(),
  is_mystery_shopper: flag.optional(),
  is_contractor: flag.optional(),
  opted_out: flag.optional(),
  do_not_call: flag.optional(),
};

/** A saved filter, to be combined with others. */
export const filter_id = uuid.optional().meta({
  description: "A saved filter; parameters given beside it win.",
});

const SORTS = ["created_at", "last_contact_at", "updated_at", "name", "value", "score"] as const;

/** Query parameters of a page. */
export const page = {
  limit: integer(1, 200).optional().meta({ description: "50 unless given." }),
  cursor: z.string().min(1).max(2000).optional().meta({
    description: "`next_cursor` of the page before, with the same filter and sort.",
  }),
};

/** The query of list-contacts. */
export const contactQuery = z.strictObject({
  ...contactFilter,
  filter_id,
  sort: z.enum([...SORTS, ...SORTS.map((sort) => `-${sort}` as const)]).optional().meta({
    description: "`-` for descending; unless given, as the search ranks, or else `-created_at`. " +
      "Contacts without a name or last contact count as the least, those without a value as 0.",
  }),
  ...page,
  count: z.enum(["none", "estimated", "exact"]).optional().meta({
    description: "Adds `total` to the answer: `exact`, or what the database expects (`estimated`).",
  }),
});

/** A validated query → the arguments of `api.list_contacts`. */
export function listArguments(query: z.output<typeof contactQuery>): Record<string, unknown> {
  const { sort, limit, cursor, count, ...filter } = query;
  // A search box that was cleared is no filter.
  if (filter.search === "") delete filter.search;
  return { filter, sort, limit, cursor, count };
}
