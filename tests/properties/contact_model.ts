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

/** Where a word of a search may begin, and all that it may be in. */
interface Searched {
  beginnings: string[];
  all: string[];
}

function searched({ name, email, company, whatsapp_contact_id, notes }: Contact): Searched {
  const wholes = [email, company, whatsapp_contact_id].map((text) => fold(text ?? ""));
  const beginnings = [...wordsOf(name ?? ""), ...wholes];
  return { beginnings, all: [...beginnings, ...wordsOf(notes ?? "")] };
}

const NUMBER = /^[-+()./~_·•[\] \d]+$/;

/** Nobody abroad dials the (0) of +49 (0)30. */
const digitsOf = (text: string) => fold(text).replace(/^(\+[^(]*)\(0\)/, "$1").replace(/\D/g, "");

/** What variants of a number have in common: Brazil's without 9, Mexico's without 1, Argentina's without 9. */
const keyOf = (digits: string) =>
  digits.replace(/^(55\d\d)9(\d{8})$|^(52)1(\d{10})$|^(54)9(\d{10})$/, "$1$2$3$4$5$6");

/**
 * A number is known by its digits, those of its variants among them, at home with a 0 in place of
 * the country's code.
 */
function numbersOf(search: string): string[] {
  const digits = digitsOf(search);
  if (!NUMBER.test(fold(search)) || digits === "") return [];
  const key = keyOf(digits);
  const variants = [key, key.replace(/^(55\d\d)(?=\d{8}$)|^(54)(?=\d{10}$)/, "$&9")]
    .concat(key.replace(/^52(?=\d{10}$)/, "521"));
  const atHome = digits.replace(/^0+/, "");
  return [digits, ...variants, ...digits.startsWith("0") && atHome.length >= 4 ? [atHome] : []];
}

/** Whether `fits` holds for every word of the search, or for the number that it may be. */
function found(search: string, fits: (word: string) => boolean): boolean {
  const words = wordsOf(search);
  return words.length === 0 ||
    words.every((word) =>
      fits(word) ||
      numbersOf(word).slice(0, words.length > 1 && !NUMBER.test(fold(search)) ? 1 : 0).some(fits)
    ) ||
    numbersOf(search).some(fits);
}

/** Each word of the text, in any case and with any accents; a phone number by its digits. */
function hasText(contact: Contact, search: string): boolean {
  const { all } = searched(contact);
  return found(search, (word) => all.some((text) => text.includes(word)));
}

/** Exact phone or e-mail before what begins with every word before the rest. */
function tier(contact: Contact, search: string): number {
  const { email, whatsapp_contact_id: phone } = contact;
  const digits = digitsOf(search).replace(/^0+/, "");
  const isNumber = NUMBER.test(fold(search)) && digits.length >= 7;
  if (email !== null && email.toLowerCase() === search.trim().toLowerCase()) return 1;
  if (isNumber && phone?.endsWith(digits) && phone.length <= digits.length + 3) return 1;
  if (isNumber && phone && keyOf(phone) === keyOf(digits)) return 1;
  const { beginnings } = searched(contact);
  return found(search, (word) => beginnings.some((text) => text.startsWith(word))) ? 2 : 3;
}

const wordsOf = (text: string) => fold(text).split(" ").filter((word) => word !== "");

/** Letters that no normal form takes apart. */
const LETTERS: Record<string, string> = {
  ß: "ss",
  ł: "l",
  ø: "o",
  đ: "d",
  ı: "i",
  æ: "ae",
  ς: "σ",
};

/** Without case, accents, points and vowel signs; full-width forms as the usual ones. */
function fold(text: string): string {
  return text.normalize("NFKD")
    .replace(
      /(?=[\p{Script=Inherited}\p{Script=Arabic}\p{Script=Hebrew}])\p{Mn}|\u0640|\u200f/gu,
      (mark) => mark === "\u3099" || mark === "\u309a" ? mark : "",
    )
    .toLowerCase()
    .replace(/[ßłøđıæς]/g, (letter) => LETTERS[letter])
    .replace(/\s/g, " ")
    .normalize("NFKC");
}

/** The ids of the contacts in the order of a list with that filter and sort. */
export function inOrder(contacts: Contact[], filter: Filter, sort: string | undefined): string[] {
  // Where letters stand is the database's collation to say: what it says is only asked to be sorted.
  if (sort?.endsWith("name")) return contacts.map(({ id }) => id);
  const { search } = filter;
  const keysOf = (contact: Contact): [number, number, string] =>
    sort === undefined && typeof search === "string"
      ? [-tier(contact, search), instant(contact.created_at), contact.id]
      : [0, sortKey(contact, sort ?? "-created_at"), contact.id];
  const ascending = contacts.toSorted((a, b) => compare(keysOf(a), keysOf(b)));
  return (sort?.startsWith("-") ?? true ? ascending.reverse() : ascending).map(({ id }) => id);
}

function compare(a: (number | string)[], b: (number | string)[]): number {
  const at = a.findIndex((key, index) => key !== b[index]);
  return at < 0 ? 0 : a[at] < b[at] ? -1 : 1;
}

/** What a list is sorted by, as a number. */
function sortKey(contact: Contact, sort: string): number {
  switch (sort.replace("-", "")) {
    case "updated_at":
      return instant(contact.updated_at);
    case "last_contact_at":
      return contact.last_contact_at === null ? -Infinity : instant(contact.last_contact_at);
    case "value":
      return contact.value ?? 0;
    case "score":
      return contact.score;
    default:
      return instant(contact.created_at);
  }
}
