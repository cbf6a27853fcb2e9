/**
 * The shapes of answers, for the description and for tests: Postgres makes the answers themselves.
 * Each is made at its first use, so that functions that only serve do not pay for them.
 */
import * as z from "zod";
import { lazy } from "../route.ts";
import { SCOPES } from "../scopes.ts";
import {
  AUTO_STATUS,
  BOT_STATUS,
  CONVERSATION_PHASE,
  CONVERSATION_STATUS,
  DIRECTION,
  GRADE,
  MESSAGE_STATUS,
  SALE_STATUS,
  SENDER_TYPE,
  SENTIMENT,
  SOURCE,
  STATUS,
} from "./enums.ts";
import { time } from "./fields.ts";

const id = z.guid();
const text = z.string().nullable();

/** `{ "data": … }` */
export function dataOf(schema: z.ZodType): z.ZodType {
  return z.strictObject({ data: schema });
}

/** `{ "data": […], "next_cursor": … }` */
export function pageOf(schema: z.ZodType, more: z.ZodRawShape = {}): z.ZodType {
  return z.strictObject({
    data: z.array(schema),
    next_cursor: z.string().nullable().meta({
      description: "Send as `cursor` for the next page; null on the last.",
    }),
    ...more,
  });
}

const contactFields = lazy(() => ({
  id,
  name: text.meta({ description: "As a person set it, else from the WhatsApp profile." }),
  phone: text.meta({ description: "E.164." }),
  whatsapp_contact_id: text.meta({ description: "The digits of `phone`." }),
  email: text,
  company: text,
  source: z.enum(SOURCE).meta({ description: "Where the contact came in." }),
  channels: z.array(z.string()),
  status: z.enum(STATUS).meta({ description: "Set by people." }),
  auto_status: z.enum(AUTO_STATUS).meta({ description: "Computed." }),
  sale_status: z.enum(SALE_STATUS),
  stage: z.string().meta({ description: "Journey stage, of the workspace's list." }),
  value: z.number().nullable().meta({ description: "Expected revenue." }),
  score: z.int().meta({ description: "Computed; 0 without any signal." }),
  grade: z.enum(GRADE).nullable(),
  sentiment: z.enum(SENTIMENT).meta({
    description: "The level of `sentiment_score`: up to -0.6 very negative, up to -0.2 negative, " +
      "from 0.2 positive, from 0.6 very positive.",
  }),
  sentiment_score: z.number().min(-1).max(1).meta({
    description: "The average of the inbound messages of which a mood was read; 0 without any.",
  }),
  tags: z.array(z.string()),
  notes: text,
  custom: z.record(z.string(), z.unknown()),
  assigned_to: id.nullable(),
  assigned_by: id.nullable(),
  assigned_at: time.nullable(),
  is_vip: z.boolean(),
  is_at_risk: z.boolean(),
  is_mystery_shopper: z.boolean(),
  is_contractor: z.boolean(),
  opted_out: z.boolean(),
  do_not_call: z.boolean(),
  completeness: z.int().meta({ description: "Percent of the profile fields that are filled." }),
  avatar_url: text,
  country: text.meta({ description: "ISO 3166-1 alpha-2, from the number." }),
  message_count: z.int(),
  call_count: z.int(),
  last_contact_at: time.nullable(),
  created_at: time,
  updated_at: time.meta({
    description: "When the contact last changed; a message alone is no change.",
  }),
}));

export const contact = lazy(() => z.strictObject(contactFields()).meta({ id: "Contact" }));

const conversationFields = lazy(() => ({
  id,
  channel: z.string(),
  contact: z.strictObject({ id, name: text, phone: text }),
  contact_id: text.meta({ description: "The contact's phone digits; its id is `contact.id`." }),
  contact_name: text,
  status: z.enum(CONVERSATION_STATUS),
  phase: z.enum(CONVERSATION_PHASE),
  ai_enabled: z.boolean(),
  bot_status: z.enum(BOT_STATUS),
  control_epoch: z.int().meta({
    description: "Rises when control passes between bot and person.",
  }),
  assigned_to: id.nullable(),
  unread_count: z.int(),
  last_message_at: time.nullable(),
  window_expires_at: time.nullable().meta({ description: "End of WhatsApp's 24-hour window." }),
  created_at: time,
  resolved_at: time.nullable(),
}));

export const conversation = lazy(() =>
  z.strictObject(conversationFields()).meta({ id: "Conversation" })
);

export const conversationDetail = lazy(() =>
  z.strictObject({ ...conversationFields(), contact_details: contact() })
    .meta({ id: "ConversationDetail" })
);

export const message = lazy(() =>
  z.strictObject({
    id,
    conversation_id: id,
    direction: z.enum(DIRECTION),
    sender_type: z.enum(SENDER_TYPE).meta({
      description: "`business`: written in WhatsApp's own app.",
    }),
    sender_id: id.nullable(),
    channel: z.string(),
    type: z.string().meta({ description: "WhatsApp's name of the type.", example: "text" }),
    body: text,
    payload: z.record(z.string(), z.unknown()).meta({
      description: "What the type carries beside its text.",
    }),
    reply_to: text.meta({ description: "The wamid of the message that is quoted." }),
    wa_message_id: text,
    status: z.enum(MESSAGE_STATUS),
    error: z.record(z.string(), z.unknown()).nullable().meta({
      description:
        "Why it failed, or may have: `code` is WhatsApp's number or our own word. Ours " +
        "before it was sent: stale_control, opted_out, quiet_hours, no_whatsapp, no_number, " +
        "unreachable, token_unreadable, expired; no_answer: perhaps sent, and never sent again.",
      example: { code: "quiet_hours", title: "Quiet hours", details: "They began before." },
    }),
    reactions: z.array(z.record(z.string(), z.unknown())),
    sentiment: z.enum(SENTIMENT).meta({
      description: "The mood of an inbound message, read when it is stored and anew when it is " +
        "edited; neutral for what we send and for what was revoked.",
    }),
    sentiment_score: z.number().min(-1).max(1),
    sentiment_language: text.meta({
      description: "The language that the mood was read in (en, es, pt, fr, de; a language model " +
        "may know others). Null: none that is known, and only emoji count; or nothing was read.",
      example: "en",
    }),
    media: z.record(z.string(), z.unknown()).nullable(),
    sent_at: time.meta({ description: "The event's own time." }),
    delivered_at: time.nullable(),
    read_at: time.nullable(),
    edited_at: time.nullable(),
    revoked_at: time.nullable(),
    created_at: time,
  }).meta({ id: "Message" })
);

/** Why a send is refused, weightiest first. */
const REFUSALS = [
  "opted_out",
  "do_not_call",
  "quiet_hours",
  "window_closed",
  "no_whatsapp",
  "no_number",
  "group_thread",
] as const;

export const sendVerdict = lazy(() =>
  z.strictObject({
    allowed: z.boolean(),
    reasons: z.array(z.enum(REFUSALS)).meta({ description: "Why not, weightiest first." }),
    window_expires_at: time.nullable().meta({
      description: "End of WhatsApp's 24-hour window, also when it has passed.",
    }),
    template_required: z.boolean().meta({
      description: "Whether the window is closed: only a template reaches the person.",
    }),
    retry_at: time.nullable().meta({ description: "End of the quiet hours that forbid it." }),
  }).meta({ id: "SendVerdict" })
);

export const note = lazy(() =>
  z.strictObject({
    id,
    content: z.string(),
    entity_type: z.enum(["lead", "conversation", "deal"]).meta({
      description: "`lead` is a contact.",
    }),
    entity_id: id,
    author_user_id: id.nullable().meta({ description: "Null for a note written with an API key." }),
    created_at: time,
    author: z.strictObject({ name: text, avatar_url: text }),
    mentions: z.array(id).meta({ description: "User ids of the members whose @handle is in it." }),
  }).meta({ id: "Note" })
);

export const contactDetail = lazy(() =>
  z.strictObject({
    ...contactFields(),
    conversation: conversation().nullable().meta({ description: "The open conversation." }),
    latest_notes: z.array(note()).meta({ description: "The ten latest, newest first." }),
    identities: z.array(z.strictObject({
      channel: z.string(),
      external_id: z.string(),
      created_at: time,
    })).meta({ description: "The ids under which channels know the contact." }),
    latest_sentiment: z.strictObject({
      sentiment: z.enum(SENTIMENT),
      sentiment_score: z.number().min(-1).max(1),
      sent_at: time,
    }).nullable().meta({
      description: "The mood of the latest message of which one was read; `sentiment` and " +
        "`sentiment_score` beside it are the average.",
    }),
  }).meta({ id: "ContactDetail" })
);

export const tagCount = lazy(() =>
  z.strictObject({ tag: z.string(), count: z.int() }).meta({ id: "TagCount" })
);

export const deletion = lazy(() =>
  z.strictObject({
    receipt_id: id,
    status: z.enum(["running", "completed", "failed"]),
    history: z.enum(["keep", "erase"]),
    requested: z.int().meta({ description: "How many contacts were found when it was asked for." }),
    deleted: z.int().meta({ description: "How many are gone so far." }),
    files_left: z.int().meta({ description: "Files of theirs that are still to be removed." }),
    actor: z.strictObject({ type: z.enum(["member", "api_key", "system"]), id: id.nullable() }),
    requested_at: time,
    finished_at: time.nullable().meta({
      description: "When the last trace in the database was gone, raw deliveries included.",
    }),
    not_found: z.array(id).optional().meta({
      description: "Of the ids asked for those of no contact; only in the answer to the request.",
    }),
  }).meta({ id: "Deletion" })
);

export const contactData = lazy(() =>
  dataOf(
    z.object({ contact: z.record(z.string(), z.unknown()) })
      .catchall(z.array(z.record(z.string(), z.unknown())))
      .meta({ id: "ContactData", description: "Rows of every table that holds any." }),
  )
);

export const bulkUpdate = lazy(() =>
  z.strictObject({
    job_id: id,
    status: z.enum(["running", "completed", "failed"]),
    matched: z.int().meta({ description: "Contacts that exist of those asked for." }),
    updated: z.int().meta({ description: "How many really changed so far." }),
    error: z.strictObject({ code: z.string(), detail: text }).nullable(),
  }).meta({ id: "BulkUpdate" })
);

export const savedFilter = lazy(() =>
  z.strictObject({
    id,
    name: z.string(),
    filter: z.record(z.string(), z.unknown()).meta({
      description: "Parameters of list-contacts, lists as arrays.",
    }),
    shared: z.boolean().meta({ description: "Whether the whole workspace sees it." }),
    owner_id: id.nullable().meta({ description: "Null for one that an API key saved." }),
    created_at: time,
    updated_at: time,
  }).meta({ id: "SavedFilter" })
);

const keyFields = lazy(() => ({
  id,
  name: z.string(),
  prefix: z.string().meta({ description: "The first eleven characters of the key." }),
  scopes: z.array(z.enum(["*", ...SCOPES])),
  rate_limit: z.int().meta({ description: "Calls a minute." }),
  created_by: id.nullable(),
  expires_at: time.nullable(),
  last_used_at: time.nullable(),
  created_at: time,
}));

export const apiKey = lazy(() => z.strictObject(keyFields()).meta({ id: "ApiKey" }));

export const newApiKey = lazy(() =>
  z.strictObject({
    ...keyFields(),
    key: z.string().meta({ description: "The key itself. It is shown this once." }),
  }).meta({ id: "NewApiKey" })
);

export const activityEntry = lazy(() =>
  z.strictObject({
    id,
    actor: z.strictObject({ type: z.enum(["member", "api_key", "system"]), id: id.nullable() }),
    action: z.string().meta({ example: "contact.updated" }),
    entity_type: z.string().meta({ example: "contact" }),
    entity_id: id,
    changes: z.record(z.string(), z.unknown()).meta({
      description: "Changed fields: `{ field: { from, to } }`; or ids that go with the action, " +
        "such as the `contact_id` of a deal or meeting that was deleted.",
    }),
    created_at: time,
  }).meta({ id: "ActivityEntry" })
);

export const handoff = lazy(() =>
  z.strictObject({
    conversation: conversation().nullable(),
    created: z.boolean().meta({ description: "Whether this call opened the conversation." }),
    fallback: z.boolean().meta({ description: "Whether `redirect_url` is a search instead." }),
    redirect_url: z.string(),
  }).meta({ id: "Handoff" })
);

export const whatsappNumber = lazy(() =>
  z.strictObject({
    phone_number_id: z.string(),
    waba_id: text.meta({
      description: "The WhatsApp Business account, once a delivery has told it.",
    }),
    display_phone_number: z.string(),
    verified_name: text,
    can_send: z.boolean().meta({ description: "Whether it has an access token." }),
    messages_per_second: z.int().meta({
      description: "How fast it sends: 80, or 1,000 once WhatsApp has said, when the number was " +
        "registered or by an update, that its throughput is high.",
    }),
    history_phase: z.int().nullable().meta({
      description: "0 to 2, while the WhatsApp Business app hands over its chats.",
    }),
    history_progress: z.int().nullable().meta({ description: "Percent of that phase." }),
    created_at: time,
  }).meta({ id: "WhatsAppNumber" })
);
