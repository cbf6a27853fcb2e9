/** A story is lived by a workspace: over HTTP, by several senders at once. */
import { createContact } from "../../support/contacts.ts";
import { createSignal, report } from "../../support/scoring.ts";
import type { ScoringSignal } from "../../support/types.ts";
import { uniquePhone } from "../../support/unique.ts";
import { makeWorkspace, type Workspace } from "../../support/workspace.ts";
import { delivered, type Json, person, uniqueWamid } from "../../fixtures/whatsapp/delivery.ts";
import { deliver } from "../../webhook/hook.ts";
import { type Gift, type Message, PEOPLE, type Story } from "./story.ts";
import type { Saying } from "./words.ts";

export interface Stage {
  workspace: Workspace;
  people: { id: string; digits: string }[];
  /** Of each message, in the story's order. */
  wamids: string[];
  /** Seconds since 1970 that ages are counted from. */
  now: number;
  /** What was reported: of whom, which signals (none: how many points), when. */
  given: { who: number; signals: string[]; points: number; at: number }[];
}

/** What a message says in the end; null: nothing. */
export const lastWords = ({ said, edit, isRevoked }: Message): Saying | null =>
  isRevoked ? null : edit ?? said;

export async function live(story: Story): Promise<Stage> {
  const workspace = await makeWorkspace();
  const settings = await workspace.admin.call("PATCH", "settings", {
    body: { weights: story.weights },
  });
  if (settings.status !== 200) throw new Error(settings.text);
  const people = await Promise.all(Array.from({ length: PEOPLE }, async () => {
    const phone = uniquePhone();
    const { id } = await createContact(workspace.key, { phone });
    return { id, digits: phone.slice(1) };
  }));
  const wamids = story.messages.map(uniqueWamid);
  const now = Math.floor(Date.now() / 1000);
  const stage: Stage = { workspace, people, wamids, now, given: [] };
  const signals: ScoringSignal[] = [];
  for (const fields of story.signals) signals.push(await createSignal(workspace.admin, fields));
  await Promise.all([
    ...deliveriesOf(story, stage).map(sendAll),
    giveAll(story, stage, signals),
    addAll(story, stage),
  ]);
  return stage;
}

const sendAll = async (payloads: unknown[]) => {
  for (const payload of payloads) await deliver(payload);
};

async function addAll({ late }: Story, { workspace }: Stage): Promise<void> {
  for (const fields of late) await createSignal(workspace.admin, fields);
}

async function giveAll({ gifts }: Story, stage: Stage, signals: ScoringSignal[]): Promise<void> {
  for (const gift of gifts) await give(gift, stage, signals);
}

async function give(gift: Gift, stage: Stage, signals: ScoringSignal[]): Promise<void> {
  const others = signals.filter(({ kind }) => kind !== "keyword");
  const signal = [...others, null][gift.what % (others.length + 1)];
  const at = stage.now - gift.age;
  const { action } = signal ?? {};
  const what = signal === null
    ? { points: gift.points }
    : action
    ? { action }
    : { signal_id: signal.id };
  await report(stage.workspace.key, stage.people[gift.who].id, {
    ...what,
    occurred_at: new Date(at * 1000).toISOString(),
  });
  const counting = action ? others.filter((other) => other.action === action) : [signal];
  const ids = counting.flatMap((one) => one?.id ?? []);
  stage.given.push({ who: gift.who, signals: ids, points: gift.points, at });
}

/** Everything that WhatsApp tells of the messages, shuffled, cut and partly repeated; a list a sender. */
function deliveriesOf({ messages, order }: Story, stage: Stage): unknown[][] {
  const told = messages.flatMap((message, n) => tellings(message, stage, n));
  const dice = (n: number) => order[n % order.length];
  const repeated = told.filter((_, n) => dice(n) % 3 === 0);
  const all = [...told, ...repeated].map((item, n) => ({ item, key: dice(n * 7 + 3) }))
    .toSorted((a, b) => a.key - b.key);
  const senders: unknown[][] = [[], [], []];
  for (let from = 0, n = 0; from < all.length; n++) {
    const part = all.slice(from, from += 1 + dice(n) % 3).map(({ item }) => item);
    senders[n % senders.length].push(delivered(stage.workspace.phoneNumberId, {
      contacts: [...new Set(part.map(({ from }) => String(from)))].map((digits) => person(digits)),
      messages: part,
    }));
  }
  return senders;
}

/** The message itself, its edit and its revoke: any of them may come first. */
function tellings({ who, age, said, edit, isRevoked }: Message, stage: Stage, n: number): Json[] {
  const wamid = stage.wamids[n];
  const item = (id: string, after: number, type: string, content: Json) => ({
    from: stage.people[who].digits,
    id,
    timestamp: String(stage.now - age + after),
    type,
    [type]: content,
  });
  const told: Json[] = [item(wamid, 0, "text", { body: said.body })];
  const original_message_id = wamid;
  if (edit !== null) {
    const message = { type: "text", text: { body: edit.body } };
    told.push(item(uniqueWamid(), 60, "edit", { original_message_id, message }));
  }
  if (isRevoked) told.push(item(uniqueWamid(), 90, "revoke", { original_message_id }));
  return told;
}
