/** Which contacts a list has to show, worked out in memory from the wire contract alone. */
import type { Contact } from "../support/types.ts";

/** Query parameters of list-contacts. */
export type Filter = Record<string, string | number | boolean | string[]>;

type Test = (contact: Contact, value: never) => boolean;

const isOneOf = (field: keyof Contact): Test => (contact, values: string[]) =>
  values.includes(contact[field] as string);

const isSame = (field: keyof Contact): Test => (contact, value: boolean) =>
  contact[field] === value;

const isAtLeast = (field: keyof Contact): Test => (contact, value: number) =>
  contact[field] !== null && (contact[field] as number) >= value;

const isAtMost = (field: keyof Contact): Test => (contact, value: number) =>
  contact[field] !== null && (contact[field] as number) <= value;

const isFrom = (field: keyof Contact): Test => (contact, value: string) =>
  contact[field] !== null && instant(contact[field] as string) >= instant(value);

const isUntil = (field: keyof Contact): Test => (contact, value: string) =>
  contact[field] !== null && instant(contact[field] as string) <= instant(endOf(value));

const TESTS: Record<string, Test> = {
  search: (contact, text: string) => hasText(contact, text),
  status: isOneOf("status"),
  auto_status: isOneOf("auto_status"),
  source: isOneOf("source"),
  stage: isOneOf("stage"),
  sale_status: isOneOf("sale_status"),
  grade: isOneOf("grade"),
  sentiment: isOneOf("sentiment"),
  channel: ({ channels }, values: string[]) => values.some((value) => channels.includes(value)),
  tags: ({ tags }, values: string[]) => values.some((value) => tags.includes(value)),
  tags_all: ({ tags }, values: string[]) => values.every((value) => tags.includes(value)),
  created_from: isFrom("created_at"),
  created_to: isUntil("created_at"),
  last_contact_from: isFrom("last_contact_at"),
  last_contact_to: isUntil("last_contact_at"),
  has_email: ({ email }, value: boolean) => (email !== null) === value,
  call_count_min: isAtLeast("call_count"),
  call_count_max: isAtMost("call_count"),
  score_min: isAtLeast("score"),
  score_max: isAtMost("score"),
  value_min: isAtLeast("value"),
  value_max: isAtMost("value"),
  assigned_to: ({ assigned_to }, value: string) =>
    value === "none" ? assigned_to === null : assigned_to === value,
  is_vip: isSame("is_vip"),
  is_at_risk: isSame("is_at_risk"),
  is_mystery_shopper: isSame("is_mystery_shopper"),
  is_contractor: isSame("is_contractor"),
  opted_out: isSame("opted_out"),
  do_not_call: isSame("do_not_call"),
};

export function matches(contact: Contact, filter: Filter): boolean {
  return Object.entries(filter).every(([name, value]) => TESTS[name](contact, value as never));
}

/** A day lasts until its last microsecond. */
function endOf(value: string): string {
  return value.includes("T") ? value : `${value}T23:59:59.999999Z`;
}

/** A time in microseconds since 1970, which is how exactly Postgres keeps it. */
function instant(text: string): number {
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? "";
  const whole = Date.parse(text.replace(/\.\d+/, ""));
  return whole * 1000 + Number(fraction.padEnd(6, "0"));
}

/** Each word of the text, in any case and with any accents; a phone number by its digits. */
function hasText(contact: Contact, text: string): boolean {
  const { name, email, company, whatsapp_contact_id, notes } = contact;
  const all = fold([name, email, company, whatsapp_contact_id, notes].join("\n"));
  const words = /^[-+().\s\d]*\d[-+().\s\d]*$/.test(text)
    ? [text.replace(/\D/g, "")]
    : fold(text).split(/\s+/).filter((word) => word !== "");
  return words.every((word) => all.includes(word));
}

function fold(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** What a list is sorted by, as a number; undefined for names, which Postgres collates its own way. */
export function sortKey(contact: Contact, sort: string): number | undefined {
  switch (sort) {
    case "created_at":
    case "updated_at":
      return instant(contact[sort]);
    case "last_contact_at":
      return contact.last_contact_at === null ? -Infinity : instant(contact.last_contact_at);
    case "value":
      return contact.value ?? 0;
    case "score":
      return contact.score;
  }
}
