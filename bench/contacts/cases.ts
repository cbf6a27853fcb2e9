/** What is asked of a workspace with many contacts, and how fast it is to be answered. */

export interface Case {
  name: string;
  /** What follows `/functions/v1`; several are asked in turn. */
  paths: string[];
  aim?: Aim;
}

/** What a figure of the largest workspace is held against. */
export type Aim =
  /** At most so many times the same request in the smallest one. */
  | { kind: "ratio"; most: number }
  /** 95 of 100 answers within so many milliseconds. */
  | { kind: "p95"; most: number }
  /** The median at most so many milliseconds over that of `health`. */
  | { kind: "over health"; most: number };

const SAME: Aim = { kind: "ratio", most: 1.5 };
const list = (query: string) => `/list-contacts${query ? `?${query}` : ""}`;

/** Every filter with a value that many have and one that few have. */
const FILTERS: [name: string, common: string, rare: string][] = [
  ["status", "new", "converted"],
  ["auto_status", "new", "churned"],
  ["source", "import", "chat_conversion"],
  ["channel", "whatsapp", "telegram"],
  ["stage", "inquiry", "follow_up"],
  ["sale_status", "none", "sold"],
  ["grade", "C", "A"],
  ["sentiment", "neutral", "very_negative"],
  ["tags", "customer", "founder circle"],
  ["tags_all", "customer,newsletter", "VIP,lead"],
  ["created_from", "2025-01-01T00:00:00Z", "2026-10-31T20:00:00Z"],
  ["created_to", "2026-01-01T00:00:00Z", "2024-11-02T00:00:00Z"],
  ["last_contact_from", "2025-06-01T00:00:00Z", "2026-10-31T23:00:00Z"],
  ["last_contact_to", "2026-06-01T00:00:00Z", "2024-11-06T00:00:00Z"],
  ["has_email", "true", "false"],
  ["call_count_min", "1", "39"],
  ["call_count_max", "0", "0"],
  ["score_min", "1", "98"],
  ["score_max", "50", "-10"],
  ["value_min", "10", "49900"],
  ["value_max", "20000", "0"],
  ["assigned_to", "none", "72000000-0000-4000-8000-000000001019"],
  ["is_vip", "false", "true"],
  ["is_at_risk", "false", "true"],
  ["is_mystery_shopper", "false", "true"],
  ["is_contractor", "false", "true"],
  ["opted_out", "false", "true"],
  ["do_not_call", "false", "true"],
];

/** Of several filters together. */
const COMBINED = [
  "status=new&tags=newsletter&has_email=true",
  "status=qualified&tags=VIP&assigned_to=none",
  "status=lost,converted&source=lead_form&sort=-last_contact_at",
  "tags=founder circle&sort=name",
];

const SORTS = ["created_at", "last_contact_at", "updated_at", "name", "value", "score"]
  .flatMap((sort) => [`-${sort}`, sort]);

/** By how many characters are typed; those of one class in turn. */
const SEARCHES: [name: string, terms: string[]][] = [
  ["1, common", ["a", "m", "e", "s"]],
  ["1, rare", ["ø", "œ", "ñ", "ł"]],
  ["1, CJK", ["王", "伟", "佐", "김"]],
  ["1, Arabic", ["م", "ن", "ق"]],
  ["1, digit", ["7", "4"]],
  ["1, none", ["✓", "ฅ"]],
  ["2, common", ["ma", "an", "si"]],
  ["2, rare", ["qx", "øy", "zw"]],
  ["2, CJK", ["佐藤", "王伟", "田中"]],
  ["2, Arabic", ["مح", "نو", "عل"]],
  ["2, digits", ["91", "04"]],
  ["2, none", ["ฅฅ", "✓✓"]],
  ["3, common", ["mar", "ana", "com"]],
  ["3, rare", ["xyl", "žiž", "ael"]],
  ["3, CJK", ["佐藤太", "鈴木花", "高橋健"]],
  ["3, Arabic", ["محم", "خطي", "صال"]],
  ["3, digits", ["416", "982"]],
  ["3, none", ["qqq", "ฅฅฅ"]],
  ["8, common", ["customer", "gmail.com", "kowalska"]],
  ["8, rare", ["xylophon", "obsidian", "jacarand"]],
  ["8, Arabic", ["محمد حداد", "فاطمة الخطيب"]],
  ["8, Hebrew", ["יוסף כהן", "מרים לוי"]],
  ["8, none", ["qqqqqqqq", "zzzzyyyy"]],
  ["phone with punctuation", ["(416) 683", "+1 416 2-05", "44770-68"]],
  ["two words", ["maria garcia", "silva ana", "quote oak"]],
  ["common word and filter", ["maria&status=converted", "gmail&tags=VIP"]],
];

const COUNTED = ["", "status=new", "tags=customer", "search=maria"];

/** All but the deep pages, whose cursors have to be asked for first. */
export function cases(): Case[] {
  return [
    { name: "health", paths: ["/health"] },
    { name: "KPIs", paths: ["/contact-kpis"], aim: { kind: "over health", most: 2 } },
    { name: "tags with counts", paths: ["/contact-tags"] },
    { name: "default page", paths: [list("")], aim: SAME },
    { name: "page of 200", paths: [list("limit=200")], aim: SAME },
    ...SORTS.map((sort) => ({ name: `sort ${sort}`, paths: [list(`sort=${sort}`)], aim: SAME })),
    ...FILTERS.flatMap(([name, common, rare]) => [
      { name: `${name}, common`, paths: [list(`${name}=${spelled(common)}`)], aim: SAME },
      { name: `${name}, rare`, paths: [list(`${name}=${spelled(rare)}`)], aim: SAME },
    ]),
    ...COMBINED.map((query) => ({ name: query, paths: [list(encodeURI(query))], aim: SAME })),
    ...SEARCHES.map(([name, terms]) => ({
      name: `search ${name}`,
      paths: terms.map((term) => list(`search=${searched(term)}`)),
      aim: { kind: "p95", most: /^[12],/.test(name) ? 50 : 25 } as Aim,
    })),
    ...COUNTED.flatMap((query) => [
      { name: `count estimated ${query}`, paths: [list(`${query}&count=estimated&limit=1`)] },
      {
        name: `count exact ${query}`,
        paths: [list(`${query}&count=exact&limit=1`)],
        aim: { kind: "p95", most: 150 } as Aim,
      },
    ]),
  ];
}

function spelled(value: string): string {
  return value.split(",").map(encodeURIComponent).join(",");
}

/** A term may bring a filter of its own. */
function searched(term: string): string {
  const [text, ...filters] = term.split("&");
  return [encodeURIComponent(text), ...filters].join("&");
}
