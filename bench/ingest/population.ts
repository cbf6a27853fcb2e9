/**
 * What is stored before the clock starts: the people who write, the outbound messages that the
 * statuses are about, and a history of years. Ids and numbers are those of stream.ts and ids.ts.
 */
import type postgres from "postgres";
import { DEMO } from "../../scripts/stack/seed.ts";
import { CONTACT_ID_PREFIX, CONVERSATION_ID_PREFIX } from "./ids.ts";
import { FIRST_SECOND, PERSON_STEP, WAMID_PREFIX } from "./stream.ts";

// Rows a statement: a trigger's transition table of a million would go to disk.
const CHUNK = 20_000;

/** What is stored of each person. */
export interface History {
  /** Both ways. */
  messages: number;
  /** How many days and an hour ago the last was. */
  silent: number;
}

/** Known contacts with identities, a conversation and a history. */
export async function storePeople(
  sql: postgres.Sql,
  contacts: number,
  history: History,
): Promise<void> {
  for (let from = 0; from < contacts; from += CHUNK) {
    await storePeopleBetween(sql, { from, to: Math.min(from + CHUNK, contacts), ...history });
  }
  await expectFollowed(sql);
  await settle(sql);
}

/** Updates of people who were deleted in the last month: each delivery is asked for such. */
export async function forgetOthers(sql: postgres.Sql): Promise<void> {
  await sql`
    select private.forget_updates(array(
      select row('0', n::text)::private.update_name from generate_series(1, 10000) n))`;
}

/** So that no autovacuum or checkpoint of these rows falls into what is measured. */
async function settle(sql: postgres.Sql): Promise<void> {
  await sql`vacuum analyze`;
  await sql`checkpoint`;
}

interface People extends History {
  from: number;
  to: number;
}

// Contacts go through their triggers, which fill what is computed. What follows them does not: its
// counters are given, and foreign keys hold by the way the ids are made.
async function storePeopleBetween(sql: postgres.Sql, people: People): Promise<void> {
  await sql.begin(async (sql) => {
    await storeContacts(sql, people);
    await sql`set local session_replication_role = replica`;
    await sql`
      insert into public.contact_identities (workspace_id, contact_id, channel, external_id)
      select ${DEMO.workspaceId}, ${id(sql, CONTACT_ID_PREFIX)}, kind, prefix || ${waId(sql)}
      from generate_series(${people.from}::int, ${people.to - 1}::int) n,
        (values ('whatsapp', ''), ('whatsapp_bsuid', 'ES.')) as kinds (kind, prefix)`;
    await storeConversations(sql, people);
    if (people.messages > 0) await storeHistory(sql, people);
  });
}

async function storeContacts(sql: postgres.TransactionSql, people: People): Promise<void> {
  const { from, to, messages } = people;
  const at = lastAt(sql, people);
  const followed = sql`
    (select l.* from private.lifecycle(null, false, ${messages}::int, ${at}, null,
      private.workspace_settings(${DEMO.workspaceId}), private.now()) l) as l`;
  await sql`
    insert into public.contacts (id, workspace_id, phone, country, profile_name, source, channels,
      auto_status)
    select ${id(sql, CONTACT_ID_PREFIX)}, ${DEMO.workspaceId}, '+' || ${waId(sql)}, 'ES',
      'Person ' || n, 'chat', '{whatsapp}', l.auto_status
    from generate_series(${from}::int, ${to - 1}::int) n, ${followed}`;
  await sql`
    update public.contact_activity set message_count = ${messages}::int, last_contact_at = ${at},
      last_inbound_at = ${at}, due_at = l.next_at,
      profile_name = 'Person ' || n, profile_name_at = ${storedAt(sql)}
    from generate_series(${from}::int, ${to - 1}::int) n, ${followed}
    where contact_id = ${id(sql, CONTACT_ID_PREFIX)}`;
}

/** @throws if the product would make something else of what is stored */
async function expectFollowed(sql: postgres.Sql): Promise<void> {
  const [{ differing }] = await sql.begin(async (sql) => {
    await sql`create temporary table sample on commit drop as
      select * from public.contact_activity order by contact_id limit 1000`;
    await sql`select private.follow_contacts(array(select contact_id from sample))`;
    return await sql`
      select count(*)::int as differing from (
        (select a.* from public.contact_activity a join sample using (contact_id))
        except table sample) as d`;
  });
  if (differing > 0) {
    throw new Error(`${differing} of 1,000 people are not as the product would have them.`);
  }
}

async function storeConversations(
  sql: postgres.TransactionSql,
  people: People,
): Promise<void> {
  const { from, to, messages } = people;
  await sql`
    insert into public.conversations (id, workspace_id, contact_id, message_count, unread_count,
      last_message_at, last_inbound_at)
    select ${id(sql, CONVERSATION_ID_PREFIX)}, ${DEMO.workspaceId},
      ${id(sql, CONTACT_ID_PREFIX)}, ${messages}::int, ${Math.ceil(messages / 2)}::int, at, at
    from generate_series(${from}::int, ${to - 1}::int) n,
      (select ${lastAt(sql, people)}) as last (at)`;
}

/** The newest one inbound, then outbound and inbound in turns, a day apart. */
async function storeHistory(sql: postgres.TransactionSql, people: People): Promise<void> {
  const { from, to, messages } = people;
  await sql`
    insert into public.messages (workspace_id, conversation_id, contact_id, direction, sender_type,
      type, body, phone_number_id, wa_message_id, status, sent_at)
    select ${DEMO.workspaceId}, ${id(sql, CONVERSATION_ID_PREFIX)}, ${id(sql, CONTACT_ID_PREFIX)},
      kind.direction::public.message_direction, kind.sender::public.sender_type,
      'text', 'Mensaje ' || nth || ' de la historia con la persona ' || n || '.',
      ${DEMO.phoneNumberId}, ${WAMID_PREFIX} || md5('history ' || n || ' ' || nth),
      kind.status::public.message_status, ${lastAt(sql, people)} - (nth - 1) * interval '1 day'
    from generate_series(1, ${messages}::int) nth
    join (values (1, 'inbound', 'contact', 'received'), (0, 'outbound', 'bot', 'read'))
      as kind (odd, direction, sender, status) on kind.odd = nth % 2
    cross join generate_series(${from}::int, ${to - 1}::int) n`;
}

/** The outbound messages `from` up to `to` of the stream, as just sent. */
export async function storeOutbound(
  sql: postgres.Sql,
  from: number,
  to: number,
  contacts: number,
): Promise<void> {
  for (let first = from; first < to; first += CHUNK) {
    await storeOutboundBetween(sql, first, Math.min(first + CHUNK, to), contacts);
  }
  await settle(sql);
}

async function storeOutboundBetween(
  sql: postgres.Sql,
  from: number,
  to: number,
  contacts: number,
): Promise<void> {
  await sql.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`
      insert into public.messages (workspace_id, conversation_id, contact_id, direction,
        sender_type, type, body, phone_number_id, wa_message_id, status, sent_at)
      select ${DEMO.workspaceId}, ${id(sql, CONVERSATION_ID_PREFIX)},
        ${id(sql, CONTACT_ID_PREFIX)}, 'outbound', 'bot', 'text',
        'Le recordamos su cita, responda a este mensaje para cambiarla. ' || message,
        ${DEMO.phoneNumberId}, ${WAMID_PREFIX} || md5('outbound ' || message), 'sent',
        ${storedAt(sql)}
      from (
        select message, message::bigint * ${PERSON_STEP}::bigint % ${contacts}::bigint as n
        from generate_series(${from}::int, ${to - 1}::int) message
      ) as outbound`;
  });
}

// Fragments of the statements above; `n` is the person.

function id(sql: postgres.TransactionSql, prefix: string) {
  return sql`(${prefix} || lpad(to_hex(n), 12, '0'))::uuid`;
}

function waId(sql: postgres.TransactionSql) {
  return sql`'346' || lpad(n::text, 8, '0')`;
}

/** When their last message was; null without any. */
function lastAt(sql: postgres.TransactionSql, { messages, silent }: History) {
  return messages > 0
    ? sql`(${storedAt(sql)} - make_interval(days => ${silent}::int))`
    : sql`null::timestamptz`;
}

function storedAt(sql: postgres.TransactionSql) {
  return sql`to_timestamp(${FIRST_SECOND - 3600}::int)`;
}
