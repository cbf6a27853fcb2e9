/** What a contact's timeline is made of. */
import * as z from "zod";
import { lazy } from "../route.ts";
import { time } from "./fields.ts";

/** Every kind of entry, and what its `data` tells. */
const KINDS = {
  message:
    "conversation_id, channel, direction, sender_type, sender_id, type, body (its first 500 " +
    "characters), status, sentiment",
  call: "conversation_id, channel, direction, status, duration_seconds, recording_url, summary",
  note: "content, entity_type, entity_id: of the contact, its deals and conversations",
  stage_change: "from, to",
  status_change: "from, to",
  sale_status_change: "from, to",
  assignment: "from, to: user ids",
  consent: "kind, granted, source, detail",
  merge: "duplicate_id, name, phone of the contact that went up in this one",
  deal_opened: "title, value, currency, status, lost_reason, auto_reason: as they are now",
  deal_closed: "the same",
  meeting: "title, status, starts_at, ends_at, location, url, host_user_id",
  survey_response: "survey_id, survey (its name), meeting_id, answers",
  score_event:
    "signal_id, signal (its name), kind, category, points, reason, message_id, note_id, call_id",
} as const;

export const TIMELINE_KINDS = Object.keys(KINDS) as [keyof typeof KINDS];

const DATA = Object.entries(KINDS).map(([kind, data]) => `- \`${kind}\`: ${data}`).join("\n");

export const timelineEntry = lazy(() =>
  z.strictObject({
    kind: z.enum(TIMELINE_KINDS),
    id: z.guid().meta({ description: "Of the message, note, deal, … itself." }),
    at: time.meta({ description: "When it happened; of a meeting, when it begins." }),
    actor: z.strictObject({
      type: z.enum(["member", "api_key", "system"]),
      id: z.guid().nullable(),
      name: z.string().nullable(),
    }).nullable().meta({ description: "Who did it, where that is kept." }),
    data: z.record(z.string(), z.unknown()).meta({ description: `By kind:\n${DATA}` }),
  }).meta({ id: "TimelineEntry" })
);
