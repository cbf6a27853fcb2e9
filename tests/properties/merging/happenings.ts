/** What happens with two contacts before they are merged: anything that leaves rows. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { withDatabase } from "../../support/database.ts";
import { createContact } from "../../support/contacts.ts";
import { createDeal } from "../../support/deals.ts";
import { storeSent } from "./outbound.ts";
import { createSignal, report, rescored } from "../../support/scoring.ts";
import type { Conversation, Data, Handoff } from "../../support/types.ts";
import { uniquePhone } from "../../support/unique.ts";
import type { Workspace } from "../../support/workspace.ts";
import {
  at,
  change,
  type Delivery,
  delivery,
  type Json,
} from "../../fixtures/whatsapp/delivery.ts";
import { deliver } from "../../webhook/hook.ts";

export interface Person {
  id: string;
  wa_id: string;
  bsuid: string;
}

/** Two people of a workspace, and what WhatsApp has delivered about them, to be delivered again. */
export interface Stage {
  workspace: Workspace;
  people: Person[];
  delivered: Delivery[];
  /** The wamid of a message that both have seen, as in a group. */
  shared: string;
}

type Happening = (stage: Stage, person: Person, n: number) => Promise<unknown>;

async function tell(stage: Stage, parts: Json, field = "messages"): Promise<void> {
  const told = delivery(change(stage.workspace.phoneNumberId, parts, field));
  stage.delivered.push(told);
  await deliver(told);
}

const says = (type: string, content: unknown, more: Json = {}): Happening => (stage, person, n) =>
  tell(stage, {
    contacts: [{ wa_id: person.wa_id, profile: { name: ["Ana", "Bea", "Cai"][n % 3] } }],
    messages: [{
      from: person.wa_id,
      id: `wamid.${crypto.randomUUID()}`,
      timestamp: at(n),
      type,
      [type]: content,
      ...more,
    }],
  });

async function threadOf({ workspace }: Stage, { id }: Person): Promise<Conversation> {
  const answer = await workspace.key.post<Data<Handoff>>("handoff", { contact_id: id });
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data.conversation!;
}

const acts = (action: string, body: Json = {}): Happening => async (stage, person) => {
  const thread = await threadOf(stage, person);
  const answer = await stage.workspace.agent.post(`conversations/${thread.id}/${action}`, body);
  assert.ok([200, 409].includes(answer.status), answer.text);
};

const changes =
  (fields: (stage: Stage, n: number) => Json): Happening => async (stage, person, n) => {
    const body = { contact_id: person.id, ...fields(stage, n) };
    const answer = await stage.workspace.agent.post("update-contact", body);
    assert.equal(answer.status, 200, answer.text);
  };

const notes = (entity_type: "lead" | "conversation"): Happening => async (stage, person, n) => {
  const entity_id = entity_type === "lead" ? person.id : (await threadOf(stage, person)).id;
  const body = { entity_type, entity_id, content: `Note ${n} for @jane` };
  const answer = await stage.workspace.agent.post("internal-notes", body);
  assert.equal(answer.status, 201, answer.text);
};

const pick = <Value>(values: readonly Value[], n: number) => values[n % values.length];

export const HAPPENINGS = {
  text: says("text", { body: "Hello" }),
  stop: says("text", { body: "STOP" }),
  start: says("text", { body: "START" }),
  group: says("text", { body: "Hi all" }, { group_id: "group.1" }),
  // Of two people to one message: of one person's only the later counts.
  reaction: (stage, person, n) =>
    says("reaction", { message_id: stage.shared, emoji: pick(["👍", "👎"], n) })(stage, person, n),
  image: says("image", { id: "3001", mime_type: "image/jpeg" }),
  call: (stage, { wa_id }, n) =>
    tell(stage, {
      calls: [{
        from: wa_id,
        id: `wacid.${crypto.randomUUID()}`,
        event: "connect",
        timestamp: at(n),
      }],
    }, "calls"),
  preference: (stage, { wa_id }, n) =>
    tell(stage, {
      user_preferences: [{
        wa_id,
        category: "marketing_messages",
        value: pick(["stop", "resume"], n),
        timestamp: 1_790_000_000 + n,
      }],
    }, "user_preferences"),
  bsuid: (stage, { wa_id, bsuid }, n) =>
    tell(stage, {
      statuses: [{
        id: "wamid.bsuid",
        status: "delivered",
        timestamp: at(n),
        recipient_id: wa_id,
        recipient_user_id: bsuid,
      }],
    }),
  outbound: (stage, { id }, n) => storeSent(stage.workspace, id, n),
  identity: (stage, { id }, n) =>
    withDatabase((sql) =>
      sql`insert into public.contact_identities (workspace_id, contact_id, channel, external_id)
        values (${stage.workspace.id}, ${id}, ${
        pick(["web", "telegram"], n)
      }, ${crypto.randomUUID()})`
    ),
  leadNote: notes("lead"),
  threadNote: notes("conversation"),
  fields: changes((_, n) => ({
    name: pick([null, "Ana López", "Bea"], n),
    email: pick([null, "ana@example.com"], n),
    company: pick(["Acme", null], n),
    notes: pick([null, "Prefers mornings"], n),
    value: pick([null, 12.5, 0], n),
    custom: pick([{}, { a: 1 }, { a: 2, b: { c: [n] } }], n),
    status: pick(["new", "lost", "converted"], n),
    sale_status: pick(["none", "sold"], n),
    stage: pick(["inquiry", "closing"], n),
    is_vip: n % 2 === 0,
    channels: pick([["web"], ["whatsapp", "facebook"]], n),
  })),
  tags: changes((_, n) => ({ add_tags: [pick(["VIP", "Lead", "Do Not Call", "opt-out"], n)] })),
  assign: changes(({ workspace }, n) => ({
    assigned_to: pick([workspace.agent.userId, workspace.admin.userId, null], n),
  })),
  contractor: changes((_, n) => ({ is_contractor: n % 2 === 0 })),
  shopper: changes((_, n) => ({ is_mystery_shopper: n % 2 === 0 })),
  accept: acts("accept"),
  requestAgent: acts("request-agent"),
  resolve: acts("resolve"),
  reopen: acts("reopen"),
  pause: acts("bot", { action: "pause" }),
  resume: acts("bot", { action: "resume" }),
  read: acts("read", { receipt: false }),
  points: ({ workspace }, { id }, n) =>
    report(workspace.key, id, { points: pick([5, -3], n), reason: `The ${n}th` }),
  visit: ({ workspace }, { id }) => report(workspace.key, id, { action: "visit" }),
  deal: ({ workspace }, { id }, n) =>
    createDeal(workspace.key, { contact_id: id, value: pick([null, 20, 0.5], n) }),
} as const satisfies Record<string, Happening>;

export type Name = keyof typeof HAPPENINGS;

export interface Event {
  name: Name;
  who: number;
  n: number;
}

export const anyEvents = fc.array(
  fc.record({
    name: fc.constantFrom(...Object.keys(HAPPENINGS) as Name[]),
    who: fc.nat({ max: 1 }),
    n: fc.nat({ max: 60 }),
  }),
  { maxLength: 14 },
);

/** What of all this counts for scores. */
export async function setRules(workspace: Workspace): Promise<void> {
  const greeting = { kind: "keyword", keywords: ["hello", "hi all"], points: 10, cap: 25 };
  await createSignal(workspace.admin, { ...greeting, cooldown_hours: 1 });
  const visit = { kind: "action", action: "visit", points: 16, half_life_days: 10 };
  await createSignal(workspace.admin, { ...visit, buying_intent: true });
  await rescored(workspace);
}

export async function happen(stage: Stage, events: readonly Event[]): Promise<void> {
  for (const { name, who, n } of events) await HAPPENINGS[name](stage, stage.people[who], n);
}

/** Two contacts that WhatsApp knows by their numbers; the second has a phone only if asked for. */
export async function setStage(workspace: Workspace, hasPhone: boolean): Promise<Stage> {
  const shared = `wamid.${crypto.randomUUID()}`;
  const stage: Stage = { workspace, people: [], delivered: [], shared };
  for (const phone of [uniquePhone(), uniquePhone()]) {
    const { id } = await createContact(workspace.key, { phone });
    stage.people.push({ id, wa_id: phone.slice(1), bsuid: `ID.${crypto.randomUUID()}` });
  }
  await storeSent(workspace, (await createContact(workspace.key)).id, 0, shared);
  await withDatabase(async (sql) => {
    for (const { id, wa_id } of stage.people) {
      await sql`insert into public.contact_identities (workspace_id, contact_id, channel, external_id)
        values (${workspace.id}, ${id}, 'whatsapp', ${wa_id})`;
    }
    if (!hasPhone) {
      await sql`update public.contacts set phone = null where id = ${stage.people[1].id}`;
    }
  });
  return stage;
}
