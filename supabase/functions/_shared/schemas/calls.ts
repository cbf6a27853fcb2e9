/** Calls: what other systems may report, and what callers read. */
import * as z from "zod";
import { Constants } from "../database.types.ts";
import { lazy } from "../route.ts";
import { phone } from "./contact.ts";
import { DIRECTION } from "./enums.ts";
import { CONTACT_EXAMPLE } from "./examples.ts";
import { exactlyOne, httpUrl, optionalText, pastTime, time, uuid } from "./fields.ts";

export const CALL_STATUS = Constants.public.Enums.call_status;

/** Body of a reported call. */
export const newCall = z.strictObject({
  contact_id: uuid.optional(),
  phone: phone.optional(),
  conversation_id: uuid.optional().meta({ description: "One of the contact's." }),
  channel: z.string().regex(/^[a-z][a-z0-9_]{0,31}$/, "A channel is up to 32 letters and digits.")
    .optional().meta({ description: "`phone` unless given.", example: "phone" }),
  direction: z.enum(DIRECTION),
  status: z.enum(CALL_STATUS).optional().meta({ description: "`completed` unless given." }),
  started_at: pastTime.optional().meta({
    description: "Unless given `ended_at` less the duration, or now.",
  }),
  accepted_at: pastTime.optional(),
  ended_at: pastTime.optional(),
  duration_seconds: z.int().min(0).max(604_800).optional(),
  recording_url: httpUrl.optional(),
  summary: optionalText(20_000).optional(),
}).check(exactlyOne("contact_id", "phone"));

const id = z.guid();
const text = z.string().nullable();

export const call = lazy(() =>
  z.strictObject({
    id,
    contact_id: id,
    conversation_id: id.nullable(),
    channel: z.string().meta({ example: "whatsapp" }),
    direction: z.enum(DIRECTION),
    status: z.enum(CALL_STATUS),
    started_at: time,
    accepted_at: time.nullable(),
    ended_at: time.nullable(),
    duration_seconds: z.int().nullable(),
    recording_url: text,
    summary: text,
    created_at: time,
  }).meta({ id: "Call" })
);

export const CALL_EXAMPLE = {
  id: "0198f6c2-e144-7a43-9f72-9c315e4dc060",
  contact_id: CONTACT_EXAMPLE.id,
  conversation_id: null,
  channel: "phone",
  direction: "inbound",
  status: "completed",
  started_at: "2026-11-01T09:30:00+00:00",
  accepted_at: null,
  ended_at: "2026-11-01T09:32:05+00:00",
  duration_seconds: 125,
  recording_url: "https://calls.example/0198f6c2.mp3",
  summary: "Asked for the delivery date.",
  created_at: "2026-11-01T09:33:00.123456+00:00",
};
