/** Scoring signals: what callers may write, and what they read. */
import * as z from "zod";
import { lazy } from "../route.ts";
import { optionalText, text, textList, time } from "./fields.ts";

export const SIGNAL_KIND = ["keyword", "action", "ai", "manual"] as const;
export const SIGNAL_LANGUAGE = ["en", "es", "pt", "fr", "de"] as const;
export const BUSINESS_TYPE = [
  "real_estate",
  "retail",
  "clinic",
  "services",
  "education",
  "hospitality",
] as const;

/** A category of signals, whose weight is in the settings. */
export const category = z.string().regex(
  /^[a-z][a-z0-9_]{0,31}$/,
  "A category is up to 32 lower-case letters, digits and underscores, a letter first.",
).meta({
  description: "Its weight is in the settings; one that is not named there weighs 1.",
  example: "intent",
});

/** The name of something that contacts do. */
export const action = z.string().regex(
  /^[a-z][a-z0-9_]{0,63}$/,
  "An action is up to 64 lower-case letters, digits and underscores, a letter first.",
).meta({ example: "booking_attempt" });

/** Points, which weigh as their category does. */
export const points = z.int().min(-1000).max(1000).refine((value) => value !== 0, {
  params: { code: "invalid_value" },
  error: "Points are not 0.",
}).meta({ example: 10 });

const cap = z.int().min(1).max(1_000_000).nullable();
const halfLife = z.int().min(1).max(3650).nullable();
const cooldown = z.int().min(1).max(8760).nullable();

const required = { name: text(1, 100), kind: z.enum(SIGNAL_KIND), category, points };

const optional = {
  keywords: textList(100, 100).optional().meta({
    description: "Of kind `keyword`, 1 to 100: words and phrases, found by their stems, whatever " +
      "their case and accents and the punctuation between them. Emoji and scripts without spaces " +
      "are found as they are.",
    example: ["how much", "precio"],
  }),
  language: z.enum(SIGNAL_LANGUAGE).nullable().optional().meta({
    description: "Of the keywords; without one they are looked for in every message.",
  }),
  action: action.nullable().optional().meta({
    description: "Of kind `action`: its name, as `score-events` are given it.",
  }),
  description: optionalText(1000).optional().meta({
    description: "Of kind `ai`: what a model is to look for.",
  }),
  buying_intent: z.boolean().optional().meta({
    description: "Who shows it is a qualified lead.",
  }),
  cap: cap.optional().meta({
    description: "The most points, before their weight, that it adds to a score or takes from it.",
  }),
  half_life_days: halfLife.optional().meta({ description: "After so long an event counts half." }),
  cooldown_hours: cooldown.optional().meta({ description: "In so many hours it counts once." }),
  is_active: z.boolean().optional(),
};

/** Body of a new signal. */
export const newSignal = z.strictObject({ ...required, ...optional });

/** Body of a changed signal. */
export const signalChange = z.strictObject({
  ...z.strictObject(required).partial().shape,
  ...optional,
});

/** Fields of a signal that the system keeps. */
export const SIGNAL_READ_ONLY: ReadonlySet<string> = new Set(["id", "created_at", "updated_at"]);

const shown = {
  name: z.string(),
  kind: z.enum(SIGNAL_KIND),
  category: z.string(),
  points: z.int(),
  keywords: z.array(z.string()),
  language: z.enum(SIGNAL_LANGUAGE).nullable(),
  action: z.string().nullable(),
  description: z.string().nullable(),
  buying_intent: z.boolean(),
  cap: z.int().nullable(),
  half_life_days: z.int().nullable(),
  cooldown_hours: z.int().nullable(),
};

export const scoringSignal = lazy(() =>
  z.strictObject({
    id: z.guid(),
    ...shown,
    is_active: z.boolean(),
    created_at: time,
    updated_at: time,
  }).meta({ id: "ScoringSignal" })
);

export const scoringTemplate = lazy(() =>
  z.strictObject({
    business_type: z.enum(BUSINESS_TYPE),
    signals: z.array(z.strictObject(shown)),
  }).meta({ id: "ScoringTemplate" })
);

const SHOWN_EXAMPLE = {
  name: "Asks for the price",
  kind: "keyword",
  category: "intent",
  points: 10,
  keywords: ["how much", "price", "precio"],
  language: null,
  action: null,
  description: null,
  buying_intent: false,
  cap: 30,
  half_life_days: 30,
  cooldown_hours: 24,
};

export const SIGNAL_EXAMPLE = {
  id: "0198f6c2-d144-7a43-9f72-9c315e4dc041",
  ...SHOWN_EXAMPLE,
  is_active: true,
  created_at: "2026-11-01T09:30:00.123456+00:00",
  updated_at: "2026-11-01T09:30:00.123456+00:00",
};

export const TEMPLATE_EXAMPLE = { business_type: "retail", signals: [SHOWN_EXAMPLE] };
