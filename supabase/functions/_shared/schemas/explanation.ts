/** Why a contact has its score, grade, automatic status and flags. */
import * as z from "zod";
import { lazy } from "../route.ts";
import { AUTO_STATUS, GRADE, SENTIMENT } from "./enums.ts";
import { CONTACT_EXAMPLE, MESSAGE_EXAMPLE } from "./examples.ts";
import { time } from "./fields.ts";
import { SIGNAL_EXAMPLE, SIGNAL_KIND } from "./scoring.ts";

const id = z.guid();

const evidence = z.strictObject({
  event_id: id,
  points: z.int(),
  occurred_at: time,
  reason: z.string().nullable(),
  note_id: id.nullable(),
  call_id: id.nullable(),
  message: z.strictObject({
    id,
    type: z.string(),
    body: z.string().nullable().meta({ description: "Its first 500 characters." }),
    sent_at: time,
  }).nullable(),
});

const counted = z.strictObject({
  signal_id: id.nullable().meta({ description: "None: points that people gave." }),
  name: z.string().nullable(),
  kind: z.enum(SIGNAL_KIND),
  category: z.string(),
  weight: z.number().meta({ description: "Of the category." }),
  events: z.int().meta({ description: "How often it was seen." }),
  counted: z.int().meta({ description: "How many of those count: one in each cooldown." }),
  points: z.number().meta({ description: "What is left of them after decay, up to the cap." }),
  capped: z.boolean(),
  total: z.number().meta({ description: "The points times the weight. The score is their sum." }),
  buying_intent: z.boolean(),
  evidence: z.array(evidence).meta({ description: "The latest five." }),
});

const threshold = z.int();

const autoStatus = z.strictObject({
  value: z.enum(AUTO_STATUS),
  reason: z.enum([
    "silent_since_conversion",
    "converted",
    "silent",
    "buying_intent",
    "recent_messages",
    "nothing_else",
  ]),
  next_change_at: time.nullable().meta({ description: "When time alone will change it." }),
  facts: z.strictObject({
    message_count: z.int(),
    last_inbound_at: time.nullable(),
    converted_at: time.nullable(),
    shows_intent: z.boolean(),
    inactive_after_days: z.int(),
    churned_after_days: z.int(),
    active_min_messages: z.int(),
    active_window_days: z.int(),
    hot_lead_days: z.int(),
  }).meta({ description: "What the rule goes by: of the contact, and of the settings." }),
});

export const explanation = lazy(() =>
  z.strictObject({
    contact_id: id,
    score: z.int(),
    grade: z.enum(GRADE).nullable(),
    thresholds: z.strictObject({
      A: threshold,
      B: threshold,
      C: threshold,
      D: threshold,
      E: threshold,
    }),
    signals: z.array(counted).meta({ description: "The weightiest first." }),
    auto_status: autoStatus,
    at_risk: z.strictObject({
      value: z.boolean(),
      reasons: z.array(z.enum(["bought_and_silent", "lead_gone_cold", "last_mood_negative"])),
    }),
    vip: z.strictObject({
      value: z.boolean(),
      reason: z.enum(["set_by_person", "rule"]).nullable(),
      min_value: z.number().nullable(),
      min_score: z.int().nullable(),
    }),
    sentiment: z.strictObject({
      level: z.enum(SENTIMENT),
      score: z.number(),
      messages: z.int().meta({ description: "Of which it is the average." }),
      last_score: z.number().nullable(),
      last_at: time.nullable(),
    }),
  }).meta({ id: "ContactExplanation" })
);

const said = "2026-11-01T09:30:00+00:00";

export const EXPLANATION_EXAMPLE = {
  contact_id: CONTACT_EXAMPLE.id,
  score: 20,
  grade: "D",
  thresholds: { A: 80, B: 60, C: 40, D: 20, E: 1 },
  signals: [{
    signal_id: SIGNAL_EXAMPLE.id,
    name: SIGNAL_EXAMPLE.name,
    kind: SIGNAL_EXAMPLE.kind,
    category: SIGNAL_EXAMPLE.category,
    weight: 2,
    events: 1,
    counted: 1,
    points: 10,
    capped: false,
    total: 20,
    buying_intent: false,
    evidence: [{
      event_id: "0198f6c2-d344-7a43-9f72-9c315e4dc062",
      points: 10,
      occurred_at: said,
      reason: null,
      note_id: null,
      call_id: null,
      message: { id: MESSAGE_EXAMPLE.id, type: "text", body: "How much is it?", sent_at: said },
    }],
  }],
  auto_status: {
    value: "active",
    reason: "recent_messages",
    next_change_at: "2026-11-15T09:30:00+00:00",
    facts: {
      message_count: 3,
      last_inbound_at: said,
      converted_at: null,
      shows_intent: false,
      inactive_after_days: 30,
      churned_after_days: 90,
      active_min_messages: 3,
      active_window_days: 14,
      hot_lead_days: 7,
    },
  },
  at_risk: { value: false, reasons: [] },
  vip: { value: false, reason: null, min_value: null, min_score: null },
  sentiment: { level: "neutral", score: 0, messages: 3, last_score: 0, last_at: said },
};
