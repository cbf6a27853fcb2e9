/** The countries of the people in a delivery, by their WhatsApp ids. */
import QuickLRU from "quick-lru";
import { countryOf } from "../_shared/phone_country.ts";

// The same people write again and again, and reading a number takes longer than looking it up.
const known = new QuickLRU<string, string | null>({ maxSize: 10_000 });

// Where payloads carry a person's WhatsApp id.
const ID_FIELDS = new Set([
  "wa_id",
  "from",
  "to",
  "recipient_id",
  "recipient_participant_id",
  "phone_number",
]);

// An id of a thread is its person's number, ids of everything else are not.
const WA_ID = /^[1-9]\d{5,14}$/;

/** A parsed payload of any shape → `{ wa_id: ISO 3166-1 alpha-2 }` of the ids whose country is known. */
export function countriesOf(payload: unknown): Record<string, string> {
  const countries: Record<string, string> = {};
  for (const id of waIds(payload, new Set())) {
    const country = lookUp(id);
    if (country) countries[id] = country;
  }
  return countries;
}

function lookUp(id: string): string | null {
  let country = known.get(id);
  if (country === undefined) {
    country = countryOf(id);
    known.set(id, country);
  }
  return country;
}

// Deeper than any payload of Meta's; a signed body is still no reason to run out of stack.
const DEEPEST = 50;

function waIds(value: unknown, found: Set<string>, depth = 0): Set<string> {
  if (value === null || typeof value !== "object" || depth > DEEPEST) return found;
  for (const [name, item] of Object.entries(value)) {
    if (typeof item === "object") waIds(item, found, depth + 1);
    else if (isId(name, value)) {
      // A phone book writes numbers as people do; Postgres reads its digits, too.
      const id = name === "phone_number" ? String(item).replace(/\D/g, "") : String(item);
      if (WA_ID.test(id)) found.add(id);
    }
  }
  return found;
}

function isId(name: string, parent: object): boolean {
  return ID_FIELDS.has(name) || (name === "id" && "messages" in parent);
}
