/** KPIs: what can be asked, and what is answered. */
import * as z from "zod";
import { lazy } from "../route.ts";
import { GRADE, SOURCE, STATUS } from "./enums.ts";
import { flag, moment, time } from "./fields.ts";

const GROUPS = ["status", "source", "stage", "grade", "assignee", "day"] as const;

const DATE = /^\d{4}-\d{2}-\d{2}$/;

const pastMoment = z.string()
  // An offset's + that was not percent-encoded arrives as a space.
  .transform((value) => value.replace(" ", "+")).pipe(moment);

/** A time, or a day that begins where the workspace is. */
const dayOrMoment = z.string().transform((value) => value.replace(" ", "+")).check((ctx) => {
  const read = moment.safeParse(DATE.test(ctx.value) ? `${ctx.value}T00:00:00Z` : ctx.value);
  if (!read.success) {
    ctx.issues.push({ code: "invalid_format", format: "datetime", input: ctx.value });
  } else if (ctx.value < "1900") {
    const message = "There is nothing before 1900.";
    ctx.issues.push({ code: "custom", params: { code: "too_small" }, message, input: ctx.value });
  }
}).optional();

export const kpiQuery = z.strictObject({
  include_test: flag.optional().meta({ description: "Counts mystery shoppers too, everywhere." }),
  by: z.array(z.enum(GROUPS)).max(20).optional().meta({
    description: "Counts contacts in groups, each under `by_…`; `by_status` is always there. " +
      "Days are those on which contacts were created, by the workspace's clock.",
  }),
  from: dayOrMoment.meta({
    description: "The KPIs of the contacts created since then: an ISO 8601 time, or a day that " +
      "begins in the workspace's time zone.",
    example: "2026-10-01",
  }),
  to: dayOrMoment.meta({
    description:
      "Until then: the first moment, or day, that is not in the range any more. October is " +
      "`from=2026-10-01&to=2026-11-01`.",
    example: "2026-11-01",
  }),
  compare: flag.optional().meta({
    description: "Compares with the range of the same length right before; needs `from` and `to`.",
  }),
  as_of: pastMoment.optional().meta({
    description: "What the answer was at that moment, deleted contacts included; zeros before " +
      "there was anybody. Only `by=status,stage` go with it.",
    example: "2026-11-01T09:30:00Z",
  }),
});

const count = z.int();
const groups = z.record(z.string(), count);
const known = (values: readonly string[]) =>
  z.strictObject(Object.fromEntries(values.map((value) => [value, count.optional()])));

const fourKpis = {
  total_contacts: count,
  qualified_leads: count.meta({ description: "`qualified` or `converted`." }),
  conversion_rate: z.number().meta({ description: "Percent qualified of all, two decimals." }),
  lost_leads: count,
  by_status: z.strictObject(Object.fromEntries(STATUS.map((status) => [status, count]))),
};

const won = z.strictObject({
  deals: count,
  value: z.number().meta({ description: "In the workspace's currency." }),
  currency: z.string(),
  other_currencies: z.array(
    z.strictObject({ currency: z.string(), deals: count, value: z.number() }),
  ).meta({ description: "Deals in other currencies; they are not in `deals` and `value`." }),
}).meta({ description: "Deals won in the range, whenever their contacts were created." });

const times = z.strictObject({
  count,
  average_seconds: z.number().nullable(),
  median_seconds: z.number().nullable(),
});

const rangeKpis = {
  from: time.nullable(),
  to: time.nullable(),
  new_contacts: count.meta({
    description: "The contacts created in the range that are still there: `total_contacts`.",
  }),
  won,
  opened_conversations: count.meta({
    description: "How often a conversation was opened in the range: by a person's first message, " +
      "the first one after it was resolved, or by hand.",
  }),
  first_response: times.meta({
    description: "Until an agent, the bot or the business first wrote, of what was opened.",
  }),
  resolution: times.meta({ description: "Until it was resolved, of what was opened." }),
};

const change = z.strictObject({
  difference: z.number().nullable(),
  percent: z.number().nullable().meta({ description: "Null where there was nothing before." }),
});

const COMPARED = [
  "new_contacts",
  "total_contacts",
  "qualified_leads",
  "conversion_rate",
  "lost_leads",
  "won_deals",
  "won_value",
  "opened_conversations",
  "first_response_average",
  "first_response_median",
  "resolution_average",
  "resolution_median",
] as const;

export const kpis = lazy(() =>
  z.strictObject({
    as_of: time.optional(),
    ...fourKpis,
    ...z.object(rangeKpis).partial().shape,
    by_source: known([...SOURCE]).optional(),
    by_stage: groups.optional(),
    by_grade: known([...GRADE, "none"]).optional(),
    by_assignee: groups.optional().meta({ description: "By user id; `none`: nobody's." }),
    by_day: groups.optional(),
    previous: z.strictObject({ ...rangeKpis, ...fourKpis }).optional(),
    change: z.strictObject(
      Object.fromEntries(COMPARED.map((name) => [name, change])),
    ).optional().meta({ description: "From `previous` to this range." }),
  }).meta({ id: "ContactKpis" })
);
