/** The fields of a contact, as each product would have them. */

type Kind = "text" | "long" | "number" | "integer" | "flag" | "time" | "list" | "object" | "id";

/** As `list-contacts` shows them, apart from the id. */
export const FIELDS: Record<string, Kind> = {
  name: "text",
  phone: "text",
  whatsapp_contact_id: "text",
  email: "text",
  company: "text",
  source: "text",
  channels: "list",
  status: "text",
  auto_status: "text",
  sale_status: "text",
  stage: "text",
  value: "number",
  score: "integer",
  grade: "text",
  sentiment: "text",
  sentiment_score: "number",
  tags: "list",
  notes: "long",
  custom: "object",
  assigned_to: "id",
  assigned_by: "id",
  assigned_at: "time",
  is_vip: "flag",
  is_at_risk: "flag",
  is_mystery_shopper: "flag",
  is_contractor: "flag",
  opted_out: "flag",
  do_not_call: "flag",
  completeness: "integer",
  avatar_url: "text",
  country: "text",
  message_count: "integer",
  call_count: "integer",
  last_contact_at: "time",
  created_at: "time",
  updated_at: "time",
};

/** Directus' types. A list that can be filtered by its items is `csv` there, a text column. */
export const DIRECTUS_TYPES: Record<Kind, string> = {
  text: "string",
  long: "text",
  number: "decimal",
  integer: "integer",
  flag: "boolean",
  time: "timestamp",
  list: "csv",
  object: "json",
  id: "uuid",
};

/** Parse's types. */
export const PARSE_TYPES: Record<Kind, string> = {
  text: "String",
  long: "String",
  number: "Number",
  integer: "Number",
  flag: "Boolean",
  time: "Date",
  list: "Array",
  object: "Object",
  id: "String",
};

/** Ours → an SQL expression on `private.contact_records r` for the column of the peer. */
export function columnFor(peer: "directus" | "parse", field: string): string {
  const kind = FIELDS[field];
  if (kind === "list") {
    return peer === "directus" ? `array_to_string(r.${field}, ',')` : `to_jsonb(r.${field})`;
  }
  return `r.${field}`;
}
