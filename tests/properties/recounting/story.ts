/** What a few people, their business and its team do to one another's contacts, in any order. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  at,
  change,
  type Delivery,
  delivery,
  type Json,
  uniqueWamid,
} from "../../fixtures/whatsapp/delivery.ts";
import type { Answer } from "../../support/http.ts";
import { importCsv, revert } from "../../support/imports.ts";
import type { ContactDetail, Data } from "../../support/types.ts";
import { uniquePhone } from "../../support/unique.ts";
import type { Workspace } from "../../support/workspace.ts";
import { deliver } from "../../webhook/hook.ts";

interface Person {
  wa_id: string;
  user_id: string;
}

const PEOPLE = 4;
const UNSIGNED = new Set(["smb_app_state_sync", "user_preferences"]);
const WORDS = ["Hello", "What is the price?", "STOP", "START", "Thank you, great!"];
const FIELDS = [
  { name: "Ana López" },
  { company: "Acme" },
  { opted_out: true },
  { opted_out: false },
  { do_not_call: true },
  { status: "qualified" },
  { add_tags: ["VIP"] },
  { tags: [] },
];
const ACTIONS = ["accept", "resolve", "reopen", "read", "request-agent"];

const pick = <Value>(values: readonly Value[], n: number): Value => values[n % values.length];

export class Story {
  private readonly people: Person[] = Array.from({ length: PEOPLE }, () => ({
    wa_id: uniquePhone().slice(1),
    user_id: `ID.${crypto.randomUUID()}`,
  }));
  private readonly wamids: string[] = ["wamid.unknown"];
  private readonly delivered: { told: Delivery; field: string }[] = [];
  private parted = false;
  private merges: string[] = [];
  private imports: string[] = [];

  constructor(readonly workspace: Workspace) {}

  async live({ name, who, n }: Step): Promise<void> {
    await STEPS[name](this, this.people[who], n);
  }

  /**
   * WhatsApp delivers once more what it has delivered: no phone book and no preferences if some were
   * merged and parted again, for whose they were while two were one is not kept.
   */
  async redeliver(): Promise<void> {
    for (const { told, field } of this.delivered) {
      if (!this.parted || !UNSIGNED.has(field)) await deliver(told);
    }
  }

  async tell(parts: Json, field = "messages"): Promise<void> {
    const told = delivery(change(this.workspace.phoneNumberId, parts, field));
    this.delivered.push({ told, field });
    await deliver(told);
  }

  async say(person: Person, n: number, content: Json): Promise<void> {
    const id = uniqueWamid();
    this.wamids.push(id);
    const named = n % 3 === 0;
    await this.tell({
      contacts: [{
        ...(named ? {} : { wa_id: person.wa_id }),
        user_id: person.user_id,
        profile: { name: pick(["Ana", "Bea", "Cai"], n) },
      }],
      messages: [{
        ...(named ? {} : { from: person.wa_id }),
        from_user_id: person.user_id,
        id,
        timestamp: at(n),
        ...content,
      }],
    });
  }

  personAt(n: number): Person {
    return pick(this.people, n);
  }

  wamid(n: number): string {
    return pick(this.wamids, n);
  }

  async contact({ wa_id }: Person): Promise<ContactDetail | null> {
    const answer = await this.workspace.key.get<Data<ContactDetail>>(
      `get-contact?phone=%2B${wa_id}`,
    );
    return answer.status === 404 ? null : answered(answer, [200]).data;
  }

  async post(path: string, body: Json, allowed: number[]): Promise<unknown> {
    return answered(await this.workspace.admin.post(path, body), allowed);
  }

  async merge(one: Person, other: Person): Promise<void> {
    const [kept, duplicate] = [await this.contact(one), await this.contact(other)];
    if (!kept || !duplicate || kept.id === duplicate.id) return;
    const body = { primary_id: kept.id, duplicate_id: duplicate.id };
    const merged = await this.post("merge-contacts", body, [200]) as Data<{ merge_id: string }>;
    this.merges.push(merged.data.merge_id);
  }

  /** Of one that went with a deletion nothing is left to undo; one of a later merge has to wait. */
  async undo(n: number): Promise<void> {
    if (this.merges.length === 0) return;
    const merge_id = pick(this.merges, n);
    const answer = await this.workspace.admin.post("merge-contacts/undo", { merge_id });
    answered(answer, [200, 404, 409]);
    if (answer.status !== 200) return;
    this.parted = true;
    this.merges = this.merges.filter((id) => id !== merge_id);
  }

  async import({ wa_id }: Person, n: number): Promise<void> {
    const row = `+${wa_id},Acme,${pick(["yes", "no", ""], n)},Imported`;
    const file = `phone,company,opted_out,tags\n${row}\n`;
    const { id } = await importCsv(this.workspace.key, file, { on_conflict: "update" });
    this.imports.push(id);
  }

  async revert(): Promise<void> {
    const id = this.imports.pop();
    if (id) await revert(this.workspace.key, id);
  }
}

function answered<Body>(answer: Answer<Body>, allowed: number[]): Body {
  assert.ok(allowed.includes(answer.status), answer.text);
  return answer.body;
}

type Happening = (story: Story, person: Person, n: number) => Promise<unknown>;

/** A happening to a contact that is there. */
const to =
  (happens: (story: Story, contact: ContactDetail, n: number) => Promise<unknown>): Happening =>
  async (story, person, n) => {
    const contact = await story.contact(person);
    if (contact) await happens(story, contact, n);
  };

const STEPS = {
  message: (story, person, n) =>
    story.say(person, n, { type: "text", text: { body: pick(WORDS, n) } }),
  react: (story, person, n) =>
    story.say(person, n, {
      type: "reaction",
      reaction: { message_id: story.wamid(n), emoji: pick(["👍", ""], n) },
    }),
  echo: (story, { wa_id }, n) =>
    story.tell({
      message_echoes: [{
        from: "16045550123",
        to: wa_id,
        id: uniqueWamid(),
        timestamp: at(n),
        type: "text",
        text: { body: "From the app" },
      }],
    }, "smb_message_echoes"),
  call: (story, { wa_id }, n) =>
    story.tell({
      calls: [{
        id: `wacid.${crypto.randomUUID()}`,
        from: wa_id,
        event: "connect",
        direction: "USER_INITIATED",
        timestamp: at(n),
      }],
    }, "calls"),
  phonebook: (story, { wa_id }, n) =>
    story.tell({
      state_sync: [{
        type: "contact",
        action: pick(["add", "remove"], n),
        contact: { full_name: "Ana of the book", phone_number: wa_id },
        metadata: { timestamp: at(n) },
      }],
    }, "smb_app_state_sync"),
  preference: (story, { wa_id }, n) =>
    story.tell({
      user_preferences: [{
        wa_id,
        category: "marketing_messages",
        value: pick(["stop", "resume"], n),
        timestamp: Number(at(n)),
      }],
    }, "user_preferences"),
  change: to((story, { id }, n) =>
    story.post("update-contact", { contact_id: id, ...pick(FIELDS, n) }, [200])
  ),
  act: to(async (story, { conversation }, n) => {
    if (!conversation) return;
    await story.post(`conversations/${conversation.id}/${pick(ACTIONS, n)}`, {}, [200, 409]);
  }),
  delete: to((story, { id }, n) =>
    story.post("delete-contacts", { contact_ids: [id], history: pick(["erase", "keep"], n) }, [
      200,
      202,
    ])
  ),
  merge: (story, person, n) => story.merge(person, story.personAt(n)),
  undo: (story, _, n) => story.undo(n),
  import: (story, person, n) => story.import(person, n),
  revert: (story) => story.revert(),
} as const satisfies Record<string, Happening>;

type Name = keyof typeof STEPS;

export interface Step {
  name: Name;
  who: number;
  n: number;
}

const anyName = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<Name>("message") },
  { weight: 4, arbitrary: fc.constantFrom<Name>("merge", "undo") },
  { weight: 8, arbitrary: fc.constantFrom(...Object.keys(STEPS) as Name[]) },
);

export const anySteps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ name: anyName, who: fc.nat({ max: PEOPLE - 1 }), n: fc.nat({ max: 60 }) }),
  { minLength: 5, maxLength: 30, size: "max" },
);
