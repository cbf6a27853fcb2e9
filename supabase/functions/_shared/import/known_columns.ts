/**
 * How the exports of Google Contacts, Outlook, HubSpot and Mailchimp, and people, name their
 * columns. Of several columns for one field the first in these lists is preferred.
 */

/** Fields that columns can be mapped to beside those of a contact: parts of its name. */
export const NAME_PARTS = ["first_name", "middle_name", "last_name"] as const;

const NAMES: Record<string, readonly string[]> = {
  phone: [
    "whatsapp",
    "whatsapp number",
    "whatsapp phone number",
    "mobile phone number",
    "mobile phone",
    "mobile number",
    "mobile",
    "cell phone",
    "cell",
    "phone",
    "phone number",
    "telephone",
    "tel",
    "sms phone number",
    "primary phone",
    ...numbered("phone # value"),
    "business phone",
    "work phone",
    "home phone",
    "business phone 2",
    "home phone 2",
    "other phone",
    "company main phone",
    "car phone",
  ],
  name: ["name", "full name", "contact name", "display name"],
  first_name: ["first name", "given name", "firstname", "fname"],
  middle_name: ["middle name", "additional name"],
  last_name: ["last name", "family name", "surname", "lastname", "lname"],
  email: [
    "email",
    "e mail",
    "email address",
    "e mail address",
    ...numbered("e mail # value"),
    ...numbered("email # value"),
    ...numbered("e mail # address"),
    "work email",
  ],
  company: [
    "company",
    "company name",
    "associated company",
    "organization name",
    "organization 1 name",
    "organization",
    "organisation",
    "account name",
  ],
  tags: ["tags", "labels", "group membership", "categories"],
  notes: ["notes", "note"],
};

function numbered(name: string): string[] {
  return Array.from({ length: 9 }, (_, n) => name.replace("#", String(n + 1)));
}

export interface KnownColumn {
  field: string;
  /** Lower is preferred. */
  rank: number;
}

const KNOWN = new Map(
  Object.entries(NAMES).flatMap(([field, names]) =>
    names.map((name, rank): [string, KnownColumn] => [name, { field, rank }])
  ),
);

/** What a column of that name is in the usual exports; undefined if nobody knows. */
export function knownColumn(name: string): KnownColumn | undefined {
  return KNOWN.get(comparable(name));
}

/** A column's name for comparing: case, punctuation and underscores aside. */
export function comparable(name: string): string {
  return name.normalize("NFKC").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}
