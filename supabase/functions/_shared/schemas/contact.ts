/** What callers may write into a contact. */
import * as z from "zod";
import { isDeeperThan } from "../request.ts";
import { SALE_STATUS, SOURCE, STATUS } from "./enums.ts";
import { email, httpUrl, optionalText, text, textList, uuid } from "./fields.ts";

/** Fields of a contact that the system keeps: writing one is refused. */
export const COMPUTED_FIELDS: ReadonlySet<string> = new Set([
  "id",
  "whatsapp_contact_id",
  "auto_status",
  "score",
  "grade",
  "sentiment",
  "sentiment_score",
  "assigned_by",
  "assigned_at",
  "is_at_risk",
  "completeness",
  "country",
  "message_count",
  "call_count",
  "last_contact_at",
  "created_at",
  "updated_at",
]);

const HIGHEST_VALUE = 999_999_999_999.99;

// numeric(14, 2) would round in silence.
export const money = z.number().min(-HIGHEST_VALUE).max(HIGHEST_VALUE).check((ctx) => {
  if (Math.round(ctx.value * 100) / 100 === ctx.value) return;
  ctx.issues.push({
    code: "custom",
    params: { code: "too_many_decimals" },
    message: "value has to have at most 2 decimals.",
    input: ctx.value,
  });
}).meta({ multipleOf: 0.01 });

/** How deep `custom` may be nested. */
export const CUSTOM_DEPTH = 32;
const CUSTOM_BYTES = 65_536;

// Checked and not copied, so that it is stored as it came.
const custom = z.unknown().check((ctx) => {
  const refusal = customRefusal(ctx.value);
  if (!refusal) return;
  const [code, message] = refusal;
  ctx.issues.push(
    code === "invalid_type"
      ? { code, expected: "object", input: ctx.value }
      : { code: "custom", params: { code }, message, input: ctx.value },
  );
}).meta({
  type: ["object", "null"],
  description:
    `Null, or any JSON object of up to ${CUSTOM_BYTES} bytes, nested up to ${CUSTOM_DEPTH} deep.`,
  example: { plan: "pro" },
});

function customRefusal(value: unknown): [code: string, message: string] | undefined {
  if (value === null) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) return ["invalid_type", ""];
  if (isDeeperThan(CUSTOM_DEPTH, value)) {
    return ["too_deep", `custom may be nested ${CUSTOM_DEPTH} deep at most.`];
  }
  if (hasInfinity(value)) return ["too_big", "custom holds a number that is too large."];
  if (new TextEncoder().encode(JSON.stringify(value)).length > CUSTOM_BYTES) {
    return ["too_large", `custom may take ${CUSTOM_BYTES} bytes at most.`];
  }
}

// What 1e999 is read as, and would be written as null.
function hasInfinity(value: unknown): boolean {
  if (value !== null && typeof value === "object") return Object.values(value).some(hasInfinity);
  return typeof value === "number" && !Number.isFinite(value);
}

const tags = textList(100, 64);
const flag = z.boolean().nullable().optional();

/** A phone number as people write it; `parsePhone` reads it. */
export const phone = text(1, 64).meta({
  description: "E.164, `00`, local to the workspace's country, or the bare digits of an " +
    "international number, as WhatsApp's ids are; any punctuation. Digits that could be either are " +
    "read as what is given out, and as a mobile number rather than as a line.",
  example: "+16045551234",
});

/** Every field but the phone, which create and update take in different ways. */
export const settable = {
  name: optionalText(200).optional().meta({ example: "John Smith" }),
  email: email.optional().meta({ example: "john@example.com" }),
  company: optionalText(200).optional().meta({ example: "Acme" }),
  source: z.enum(SOURCE).nullable().optional().meta({ description: "Where the contact came in." }),
  status: z.enum(STATUS).nullable().optional(),
  sale_status: z.enum(SALE_STATUS).nullable().optional(),
  stage: text(1, 64).nullable().optional().meta({
    description: "One of the workspace's journey stages.",
    example: "inquiry",
  }),
  value: money.nullable().optional().meta({
    description: "Expected revenue, two decimals at most.",
    example: 1200.5,
  }),
  tags: tags.nullable().optional().meta({
    description: "Replaces all tags. `opt-out` and `Do Not Call` are the consent flags' tags.",
    example: ["VIP", "Customer"],
  }),
  notes: optionalText(20_000).optional().meta({ example: "Prefers mornings" }),
  custom: custom.optional(),
  assigned_to: uuid.nullable().optional().meta({ description: "User id of a member." }),
  is_vip: flag,
  is_mystery_shopper: flag.meta({ description: "Left out of the KPIs." }),
  is_contractor: flag.meta({ description: "Conversations go to a person, never to the bot." }),
  opted_out: flag,
  do_not_call: flag,
  avatar_url: httpUrl.optional(),
  channels: textList(20, 32).nullable().optional().meta({ example: ["whatsapp"] }),
};

/** Body of create-contact. */
export const newContact = z.strictObject({ phone, ...settable }).meta({
  description: "`null` is as good as leaving a field out.",
});

/** Body of update-contact. */
export const contactChange = z.strictObject({
  contact_id: uuid,
  phone: phone.nullable().optional(),
  ...settable,
  add_tags: tags.optional(),
  remove_tags: tags.optional(),
}).meta({
  description:
    "Only the given fields are written; `null` clears a field, or sets it back to where it starts: " +
    "the name to that of the phone book or the WhatsApp profile.",
});
