/**
 * Every field of every payload that WhatsApp sends, replaced by what does not belong there, one at
 * a time: nothing fails, nothing needs the slow way, and the neighbours in the delivery are stored.
 */
import assert from "node:assert/strict";
import { type Sql, withDatabase } from "../support/database.ts";
import { uniquePhone } from "../support/unique.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import {
  at,
  type Change,
  change,
  delivery,
  type Item,
  type Json,
  person,
  text,
  uniqueWamid,
} from "../fixtures/whatsapp/delivery.ts";
import changesOfMessages from "../fixtures/whatsapp/changes_of_messages.json" with { type: "json" };
import fields from "../fixtures/whatsapp/fields.json" with { type: "json" };
import messages from "../fixtures/whatsapp/messages.json" with { type: "json" };
import peopleFields from "../fixtures/whatsapp/people_fields.json" with { type: "json" };
import statuses from "../fixtures/whatsapp/statuses.json" with { type: "json" };
import { type Mutant, mutantsOf } from "./mutants.ts";
import { storeOutbound } from "./rows.ts";

interface Field {
  field: string;
  value: Json;
  account?: true;
}

const FROM = "34600111222";

/** A workspace with the messages that the samples name. */
async function prepared(): Promise<Workspace> {
  const workspace = await makeWorkspace();
  await withDatabase(async (sql) => {
    const [{ id }] = await sql<{ id: string }[]>`
      insert into public.contacts (workspace_id, name, phone)
      values (${workspace.id}, 'Ana', ${`+${FROM}`}) returning id`;
    await storeOutbound(sql, {
      workspaceId: workspace.id,
      contactId: id,
      phoneNumberId: workspace.phoneNumberId,
      wamids: ["wamid.OUT1", "wamid.A1", "wamid.E1"],
    });
  });
  return workspace;
}

/** One kind of update a delivery: a list of its kind, with a healthy neighbour where it has one. */
type Make = (phoneNumberId: string, neighbour: () => Item) => Generator<Mutant<Change>>;

/** What a message is beside its type's own part. */
function sender(index: number): Json {
  return {
    from: FROM,
    from_user_id: "ES.70010020030",
    from_parent_user_id: "ES.ENT.80010020",
    id: uniqueWamid(),
    timestamp: at(index),
  };
}

/** The mutants of one message, before a healthy one in the same list. */
function messageMutants(message: Json): Make {
  return function* (phoneNumberId, neighbour) {
    let index = 0;
    for (const { what, value } of mutantsOf({ ...sender(0), ...message })) {
      // A new id, unless that is what is wrong.
      const item = value.id?.toString().startsWith("wamid.")
        ? { ...value, id: uniqueWamid(), timestamp: value.timestamp && at(index++) }
        : value;
      yield { what, value: change(phoneNumberId, { messages: [item, neighbour()] }) };
    }
  };
}

function statusMutants(status: Json): Make {
  return function* (phoneNumberId, neighbour) {
    for (const { what, value } of mutantsOf(status)) {
      const sent = { statuses: [value, status], messages: [neighbour()] };
      yield { what, value: change(phoneNumberId, sent) };
    }
  };
}

/** The mutants of a whole change: its field, its number, its lists and what is in them. */
function changeMutants({ field, value, account }: Field): Make {
  return function* (phoneNumberId) {
    yield* mutantsOf<Change>(account ? { field, value } : change(phoneNumberId, value, field));
  };
}

const cases: [string, Make][] = [
  ...messages.map(({ name, message }): [string, Make] => [name, messageMutants(message)]),
  ...changesOfMessages.map((message): [string, Make] => [message.type, messageMutants(message)]),
  ...statuses.map((status): [string, Make] => [`status ${status.status}`, statusMutants(status)]),
  ...([...fields, ...peopleFields] as Field[]).map((given): [string, Make] => [
    `field ${given.field}`,
    changeMutants(given),
  ]),
  [
    "the envelope of a message",
    changeMutants({
      field: "messages",
      value: {
        contacts: [{
          ...person(FROM, "Ana"),
          user_id: "ES.70010020030",
          parent_user_id: "ES.ENT.80010020",
          identity_key_hash: "k9=",
          profile: { name: "Ana", username: "@ana.r" },
        }],
        messages: [text(FROM, "Hi", { from_user_id: "ES.70010020030" })],
        statuses: [statuses[0]],
        errors: [{
          code: 131000,
          title: "…",
          message: "…",
          error_data: { details: "…" },
          href: "…",
        }],
        user_actions: [{ action_type: "cart", timestamp: 1790000000 }],
      },
    }),
  ],
];

interface Outcome {
  batch_error?: string;
  failed: number;
}

async function ingest(sql: Sql, changes: Change[]): Promise<Outcome> {
  const [{ outcome }] = await sql<{ outcome: Outcome }[]>`
    select private.ingest_whatsapp(${JSON.stringify(delivery(...changes))}::text, '{}') as outcome`;
  return outcome;
}

// So many in one delivery, because that is many times faster; each has its own neighbours.
const TOGETHER = 40;

/** What needed the slow way or failed; looked for one by one only where a delivery did. */
async function troubles(sql: Sql, mutants: Mutant<Change[]>[]): Promise<string[]> {
  const found: string[] = [];
  for (let first = 0; first < mutants.length; first += TOGETHER) {
    const some = mutants.slice(first, first + TOGETHER);
    const whole = await ingest(sql, some.flatMap(({ value }) => value));
    if (whole.failed === 0 && whole.batch_error === undefined) continue;
    found.push(`${some.length} together: ${JSON.stringify(whole)}`);
    for (const { what, value } of some) {
      const outcome = await ingest(sql, value);
      if (outcome.failed || outcome.batch_error) found.push(`${what}: ${JSON.stringify(outcome)}`);
    }
  }
  return found;
}

let shared: ReturnType<typeof prepared> | undefined;

for (const [name, make] of cases) {
  Deno.test(`one thing wrong, and no neighbour lost: ${name}`, async () => {
    const { phoneNumberId } = await (shared ??= prepared());
    const from = uniquePhone().slice(1);
    const sent: Item[] = [];
    const neighbour = () => sent[sent.push(text(from, "fine")) - 1];
    const mutants = [...make(phoneNumberId, neighbour)].map(({ what, value }) => ({
      what,
      value: [value, change(phoneNumberId, { messages: [neighbour()] })],
    }));
    assert.deepEqual(await withDatabase((sql) => troubles(sql, mutants)), []);
    const wamids = sent.map(({ id }) => id);
    const [{ lost }] = await withDatabase((sql) =>
      sql<{ lost: string[] }[]>`
        select array(
          select wamid from unnest(${wamids}::text[]) wamid
          where not exists (
            select from public.messages m
            where m.wa_message_id = wamid and m.phone_number_id = ${phoneNumberId})) as lost`
    );
    assert.deepEqual(lost, []);
  });
}
