/** A workspace full of contacts that agree in some fields and differ in others. */
import fc from "fast-check";
import type { Sql } from "../support/database.ts";
import type { Workspace } from "../support/workspace.ts";
import { seed } from "./runs.ts";

export const STATUS = ["new", "contacted", "qualified", "converted", "lost"];
export const AUTO_STATUS = ["new", "active", "qualified", "converted", "inactive", "churned"];
export const SOURCE = ["chat", "broadcast", "manual", "import", "api"];
export const STAGE = ["inquiry", "comparing", "closing"];
export const SALE_STATUS = ["none", "pending", "signed", "sold"];
export const GRADE = ["A", "B", "C", "F"];
export const SENTIMENT = ["negative", "neutral", "positive"];
export const CHANNEL = ["whatsapp", "web", "facebook"];
export const TAGS = ["VIP", "a,b", "Lead", "çok iyi", "\\"];
export const NAMES = [
  "Ana",
  "ana",
  "Ánä López",
  "Bob 12",
  "100%",
  "under_score",
  "日本 太郎",
  "日本花子",
  "ＡＮＡ　ＬＯＰＥＺ",
  "Weiß-Łukasz O'Brien",
  "İpek Işık",
  "Фёдор Кузнецов",
  "مُحَمَّد أحمد",
  "דָּוִד כהן",
  "김민준",
  "प्रिया शर्मा",
  "Ἀλέξανδρος Παπαδόπουλος",
  "tab\tand  spaces",
  null,
];
export const NOTES = [
  "Prefers mornings",
  "back\\slash",
  "Zoë called\nand Ana\tlater",
  "it's 24-7 & 日本語",
  null,
];
/** Few, so that many contacts share one: what a cursor stands on is mostly a tie. */
export const TIMES = [
  "2026-01-31T00:00:00Z",
  "2026-02-01T12:30:00.123456Z",
  "2026-02-01T12:30:00.123457Z",
];
export const SCORES = [-5, 0, 10, 35];
export const VALUES = [null, 0, -1.5, 950.5, 1200];

const pick = <Value>(values: readonly Value[]) => fc.constantFrom(...values);
const flag = fc.nat({ max: 9 }).map((n) => n < 3);
const digits = fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: 10, maxLength: 10 });

const anyContact = fc.record({
  phone: fc.option(digits.map((rest) => `+6281${rest}`), { freq: 9 }),
  name: pick(NAMES),
  email: fc.option(fc.uuid().map((id) => `${id}@Example.com`), { freq: 3 }),
  company: pick(["Acme", "Núñez & Söhne", null]),
  source: pick(SOURCE),
  status: pick(STATUS),
  auto_status: pick(AUTO_STATUS),
  sale_status: pick(SALE_STATUS),
  stage: pick(STAGE),
  value: pick(VALUES),
  score: pick(SCORES),
  grade: pick([...GRADE, null]),
  sentiment: pick(SENTIMENT),
  tags: fc.subarray(TAGS),
  channels: fc.subarray(CHANNEL),
  notes: pick(NOTES),
  is_vip: flag,
  is_at_risk: flag,
  is_mystery_shopper: flag,
  is_contractor: flag,
  opted_out: flag,
  do_not_call: flag,
  call_count: pick([0, 1, 2, 7]),
  last_contact_at: pick([...TIMES, null]),
  created_at: pick(TIMES),
  updated_at: pick(TIMES),
});

let samples = 0;

/** The same ones in the same order in every run with the same seed. */
function sample({ agent, admin }: Workspace, count: number): Record<string, unknown>[] {
  const contact = fc.tuple(anyContact, pick([agent.userId, admin.userId, null, null]))
    .map(([fields, assigned_to]) => ({ ...fields, assigned_to }));
  return fc.sample(contact, { numRuns: count, seed: seed + samples++ });
}

/**
 * Writes that many contacts straight into the table, since the API sets no past times. As JSON,
 * since the driver would cut their microseconds off.
 */
export async function addContacts(
  sql: Sql,
  workspace: Workspace,
  count: number,
): Promise<string[]> {
  const drawn = sample(workspace, count);
  const contacts = drawn.map(({ last_contact_at: _, ...fields }) => ({
    ...fields,
    workspace_id: workspace.id,
  }));
  const names = sql(Object.keys(contacts[0]));
  const rows = await sql<{ id: string }[]>`
    insert into public.contacts (${names})
    select ${names}
    from jsonb_populate_recordset(null::public.contacts, ${sql.json(contacts as never)})
    returning id`;
  const ids = rows.map(({ id }) => id);
  await setLastContacts(sql, ids, drawn.map(({ last_contact_at }) => last_contact_at));
  return ids;
}

/** As texts, since the driver would cut their microseconds off. */
async function setLastContacts(sql: Sql, ids: string[], times: unknown[]): Promise<void> {
  await sql`
    update public.contact_activity a set last_contact_at = g.at::text::timestamptz
    from unnest(${ids}::uuid[], ${times as string[]}::text[]) as g (id, at)
    where a.contact_id = g.id`;
}

/** Changes a contact in what lists are filtered and sorted by. */
export async function changeContact(sql: Sql, workspace: Workspace, id: string): Promise<void> {
  const [{ phone: _phone, created_at: _created, last_contact_at, ...fields }] = sample(
    workspace,
    1,
  );
  const names = sql(Object.keys(fields));
  await sql`
    update public.contacts set (${names}) = (
      select ${names} from jsonb_populate_record(null::public.contacts, ${
    sql.json(fields as never)
  }))
    where id = ${id}`;
  await setLastContacts(sql, [id], [last_contact_at]);
}
