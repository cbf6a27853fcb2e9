/** The settings of a workspace, by section: what callers may write, and what they read. */
import * as z from "zod";
import { Constants } from "../database.types.ts";
import { lazy } from "../route.ts";
import { text } from "./fields.ts";

const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf("currency"));

/** A currency's code, ISO 4217. */
export const currency = z.string().check((ctx) => {
  if (CURRENCIES.has(ctx.value)) return;
  ctx.issues.push({
    code: "custom",
    params: { code: "unknown_currency" },
    message: "A currency is three capital letters of ISO 4217, such as EUR.",
    input: ctx.value,
  });
}).meta({ description: "ISO 4217.", example: "EUR" });

const clock = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, "A time of day is HH:MM.").meta({
  example: "22:00",
});

const days = z.int().min(1).max(3650);
export const threshold = z.int().min(-1_000_000).max(1_000_000);
export const weight = z.number().min(0).max(10);

const general = {
  name: text(1, 200),
  default_country: z.string().regex(/^[A-Z]{2}$/, "A country is two letters, ISO 3166-1.").meta({
    description: "Of phone numbers in local notation; a change takes up to a minute to be known.",
    example: "CA",
  }),
  currency: currency.meta({ description: "Of contacts' `value`, and of deals that name none." }),
  time_zone: text(1, 64).meta({
    description: "IANA name: whose clock the quiet hours go by.",
    example: "America/Vancouver",
  }),
  stages: z.array(text(1, 64)).min(1).max(50).meta({
    description: "The journey stages, the first being where contacts start.",
  }),
  routing: z.enum(Constants.public.Enums.routing_mode).meta({
    description: "Who gets a new contact: nobody, or the next agent who is online.",
  }),
  deletion_history: z.enum(["keep", "erase"]).meta({
    description: "What deleting does unless it says otherwise: `keep` what was said under a " +
      "pseudonym, or `erase` all of it.",
  }),
};

const QUIET = "Nothing is sent automatically from `start` to `end`, which may be the next day.";

const lifecycle = {
  inactive_after_days: days.meta({
    description: "Without a message of theirs until a contact is inactive.",
  }),
  churned_after_days: days.meta({
    description: "Without a message of theirs until a converted contact has churned.",
  }),
  hot_lead_days: days.meta({
    description: "For how long after its last message a lead is hot; then it is at risk.",
  }),
  stale_deal_days: days.meta({ description: "Without any activity until an open deal is stale." }),
};

const statusRules = {
  active_min_messages: z.int().min(1).max(1000),
  active_window_days: days,
};

const vip = {
  min_value: z.number().positive().max(1e12).meta({ description: "The `value` from which on." }),
  min_score: threshold.meta({ description: "The `score` from which on." }),
};

const grades = { A: threshold, B: threshold, C: threshold, D: threshold, E: threshold };

const automation = {
  auto_create_deals: z.boolean().meta({ description: "A deal is opened on buying intent." }),
  auto_close_won: z.boolean().meta({
    description:
      "Open deals are won when their contact becomes `converted` or `sold`; a merge sells nothing.",
  }),
  task_on_topic_exhaustion: z.boolean(),
};

/** Each field may be left out, or be null for its default. */
function changeOf(fields: z.ZodRawShape) {
  const entries = Object.entries(fields) as [string, z.ZodType][];
  return z.strictObject(
    Object.fromEntries(entries.map(([name, schema]) => [name, schema.nullable().optional()])),
  ).optional();
}

/** Body of a change of settings. */
export const settingsChange = z.strictObject({
  // These have no default to go back to.
  general: z.strictObject({ ...general, currency: currency.nullable() }).partial().optional(),
  quiet_hours: changeOf({ start: clock, end: clock }),
  lifecycle: changeOf(lifecycle),
  status_rules: changeOf(statusRules),
  grades: changeOf(grades),
  weights: z.record(z.string().max(100), weight.nullable()).optional().meta({
    description: "Category → factor, 0 to 10. Categories that are not named stay as they are.",
    example: { intent: 2 },
  }),
  vip: changeOf(vip),
  automation: changeOf(automation),
}).meta({ description: "Only the given fields are written; `null` takes one to its default." });

export const settings = lazy(() =>
  z.strictObject({
    general: z.strictObject(general),
    quiet_hours: z.strictObject({ start: clock.nullable(), end: clock.nullable() }).meta({
      description: QUIET,
    }),
    lifecycle: z.strictObject(lifecycle),
    status_rules: z.strictObject(statusRules).meta({
      description: "How many messages, the last within how many days, make a contact active.",
    }),
    grades: z.strictObject(grades).meta({
      description: "The least score of each grade, strictly falling; below E it is F.",
    }),
    weights: z.record(z.string(), weight).meta({
      description: "What the points of a category of signals count; one not named counts once.",
    }),
    vip: z.strictObject({
      min_value: vip.min_value.nullable(),
      min_score: vip.min_score.nullable(),
    }).meta({
      description: "Who is a VIP unless a person says otherwise; `null`: nobody for that reason.",
    }),
    automation: z.strictObject(automation),
  }).meta({ id: "Settings" })
);

export const SETTINGS_EXAMPLE = {
  general: {
    name: "Acme",
    default_country: "CA",
    currency: "CAD",
    time_zone: "America/Vancouver",
    stages: ["inquiry", "comparing", "closing", "in_progress", "follow_up"],
    routing: "off",
    deletion_history: "keep",
  },
  quiet_hours: { start: "22:00", end: "08:00" },
  lifecycle: {
    inactive_after_days: 30,
    churned_after_days: 90,
    hot_lead_days: 7,
    stale_deal_days: 30,
  },
  status_rules: { active_min_messages: 3, active_window_days: 14 },
  grades: { A: 80, B: 60, C: 40, D: 20, E: 1 },
  weights: { intent: 2, engagement: 1, fit: 1, sentiment: 1 },
  vip: { min_value: 10_000, min_score: null },
  automation: { auto_create_deals: true, auto_close_won: true, task_on_topic_exhaustion: false },
};
