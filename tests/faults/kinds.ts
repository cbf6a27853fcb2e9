/** What senders send in the tests of faults, and what must have become of it. */
import assert from "node:assert/strict";
import type postgres from "postgres";
import type { Credentials } from "../../scripts/stack/credentials.ts";
import {
  delivered,
  type Person,
  person,
  sign,
  status,
  text,
  uniqueWamid,
} from "../fixtures/whatsapp/delivery.ts";
import { uniquePhone } from "../support/unique.ts";
import { assertOnce } from "./ledger.ts";
import { isAcknowledged, type Sent, type Stored, type Told } from "./load.ts";

/** One kind of load. */
export interface Kind {
  /** What a sender sends at once: one request, or copies of one. */
  make(credentials: Credentials, random: () => number): Sent[];
  /** What was acknowledged is there exactly once and whole, the rest like that or not at all. */
  verify(sql: postgres.Sql, told: Told[]): Promise<void>;
}

/** Contacts made through the API. */
export const contacts: Kind = {
  make({ api_key }) {
    const phone = uniquePhone();
    return [{
      kind: contacts,
      path: "create-contact",
      headers: { authorization: `Bearer ${api_key}`, "idempotency-key": crypto.randomUUID() },
      body: JSON.stringify({ phone, name: "Load" }),
      stores: { phones: [phone] },
    }];
  },
  async verify(sql, told) {
    await assertOnce(sql, told);
    await assertSameContacts(sql, told);
  },
};

/** A contact that was answered has the id that was answered. */
async function assertSameContacts(sql: postgres.Sql, told: Told[]): Promise<void> {
  const ids = new Set(told.flatMap(({ contactId }) => contactId ?? []));
  const rows = await sql`select id from public.contacts where id = any (${[...ids]}::uuid[])`;
  assert.equal(rows.length, ids.size);
}

/** Deliveries of one message. */
export const messages: Kind = {
  make(credentials, random) {
    return [delivery(messages, credentials, [newMessage(random)])];
  },
  verify: verifyDeliveries,
};

/** The statuses that WhatsApp may report and that leave a time of their own. */
const REPORTED = ["delivered", "read", "played", "failed"] as const;

/**
 * Deliveries of 1 to 20 messages and statuses; some come several times at once, some come again
 * later. The statuses are about messages of `outbound`, each taken once, or about unknown ones.
 */
export function batches(outbound: string[]): Kind {
  const taken = outbound.values();
  const earlier: Sent[] = [];
  const newStatus = (random: () => number): Update => {
    const wamid = (random() < 0.5 ? taken.next().value : undefined) ?? uniqueWamid();
    const name = pick(REPORTED, random);
    return { statuses: [status(wamid, name, 9)], stores: { statuses: [{ wamid, status: name }] } };
  };
  const kind: Kind = {
    make(credentials, random) {
      if (earlier.length > 0 && random() < 0.15) return [pick(earlier, random)];
      const size = random() < 0.5 ? 1 : 2 + Math.floor(19 * random());
      const updates = Array.from(
        { length: size },
        () => random() < 0.5 ? newMessage(random) : newStatus(random),
      );
      const made = delivery(kind, credentials, updates);
      earlier.push(made);
      return Array.from({ length: random() < 0.1 ? 3 : 1 }, () => made);
    },
    verify: verifyDeliveries,
  };
  return kind;
}

async function verifyDeliveries(sql: postgres.Sql, told: Told[]): Promise<void> {
  await assertOnce(sql, told);
  // Every acknowledged delivery is kept as it came.
  const bodies = new Set(told.filter(isAcknowledged).map(({ body }) => body));
  const [{ kept }] = await sql<{ kept: number }[]>`
    select count(distinct body)::int as kept from private.webhook_deliveries
    where body = any (${[...bodies]})`;
  assert.equal(kept, bodies.size);
}

/** One message or status, and how to find it again. */
interface Update {
  people?: Person[];
  messages?: unknown[];
  statuses?: unknown[];
  stores: Stored;
}

/** The people who write: few, so that senders meet at the same rows. */
const PEOPLE = Array.from({ length: 10 }, (_, n) => `1604555020${n}`);

function newMessage(random: () => number): Update {
  const waId = pick(PEOPLE, random);
  const message = text(waId, "Hi");
  return { people: [person(waId, "Ana")], messages: [message], stores: { wamids: [message.id] } };
}

function delivery(kind: Kind, { whatsapp }: Credentials, updates: Update[]): Sent {
  const body = JSON.stringify(delivered(whatsapp.phone_number_id, {
    contacts: updates.flatMap(({ people }) => people ?? []),
    messages: updates.flatMap(({ messages }) => messages ?? []),
    statuses: updates.flatMap(({ statuses }) => statuses ?? []),
  }));
  return {
    kind,
    path: "whatsapp-webhook",
    headers: { "x-hub-signature-256": sign(body, whatsapp.app_secret) },
    body,
    stores: {
      wamids: updates.flatMap(({ stores }) => stores.wamids ?? []),
      statuses: updates.flatMap(({ stores }) => stores.statuses ?? []),
    },
  };
}

export function pick<Item>(items: readonly Item[], random: () => number): Item {
  return items[Math.floor(items.length * random())];
}
