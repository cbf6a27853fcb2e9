/** After the clock has stopped: is what was acknowledged there? Fast and wrong is no figure. */
import type postgres from "postgres";
import { DEMO } from "../../scripts/stack/seed.ts";
import { GROUP, outboundWith, STRANGER_EVERY, WAMID_PREFIX } from "./stream.ts";

/** Rows of the two tables that the stream adds to. */
export interface Stored {
  contacts: number;
  inbound: number;
}

export async function countStored(sql: postgres.Sql): Promise<Stored> {
  const [stored] = await sql<Stored[]>`
    select (select count(*) from public.contacts)::int as contacts,
      (select count(*) from public.messages where direction = 'inbound')::int as inbound`;
  return stored;
}

/**
 * Looks up every message and every status of the first `updates` updates by its number.
 *
 * @returns what was found, for people
 * @throws if any is missing, or if more was stored than sent
 */
export async function verifyStored(
  sql: postgres.Sql,
  before: Stored,
  updates: number,
): Promise<string> {
  const groups = updates / GROUP;
  const now = await countStored(sql);
  const delivered = outboundWith("delivered", groups);
  const read = outboundWith("read", groups);
  const found = {
    messages: await countOf(sql, "inbound", [0, groups], sql`true`),
    delivered: await countOf(sql, "outbound", delivered, sql`m.delivered_at is not null`),
    read: await countOf(sql, "outbound", read, sql`m.read_at is not null and m.status = 'read'`),
    added: now.inbound - before.inbound,
    strangers: now.contacts - before.contacts,
  };
  const strangers = Math.floor(groups / STRANGER_EVERY);
  const due = { messages: groups, delivered: groups, read: groups, added: groups, strangers };
  for (const [what, count] of Object.entries(due)) {
    const there = found[what as keyof typeof found];
    if (there !== count) {
      const reason = await reasonsOf(sql);
      throw new Error(`${what}: ${count} were sent, ${there} are stored. ${reason}`);
    }
  }
  return `${groups} messages, of ${strangers} new contacts, and ${3 * groups} statuses are stored.`;
}

/** Why updates were set aside, the most frequent reason first. */
async function reasonsOf(sql: postgres.Sql): Promise<string> {
  const reasons = await sql`
    select error, count(*)::int as updates
    from private.webhook_failures group by 1 order by 2 desc limit 3`;
  return reasons.map(({ error, updates }) => `${updates} × ${error}`).join("; ");
}

async function countOf(
  sql: postgres.Sql,
  direction: string,
  [from, to]: [number, number],
  condition: postgres.Fragment,
): Promise<number> {
  const [{ count }] = await sql`
    select count(*)::int as count
    from generate_series(${from}::int, ${to - 1}::int) n
    join public.messages m on m.wa_message_id = ${WAMID_PREFIX} || md5(${direction} || ' ' || n)
      and m.phone_number_id = ${DEMO.phoneNumberId}
    where m.direction = ${direction}::public.message_direction and ${condition}`;
  return count;
}
