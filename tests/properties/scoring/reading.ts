/** What the API tells of a workspace's scores. */
import assert from "node:assert/strict";
import type { Client } from "../../support/http.ts";
import type { Contact, Data, Page, ScoreEvent, ScoringSignal } from "../../support/types.ts";
import type { Rules } from "./model.ts";
import type { Stage } from "./stage.ts";

async function read<Body>(client: Client, path: string): Promise<Body> {
  const answer = await client.get<Body>(path);
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

/** All pages of a list, two rows each. */
async function all<Item>(client: Client, path: string): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page: Page<Item> = await read(client, `${path}&limit=2${cursor && `&cursor=${cursor}`}`);
    items.push(...page.data);
    cursor = page.next_cursor;
  }
  return items;
}

export const ledgerOf = ({ workspace }: Stage, contactId: string) =>
  all<ScoreEvent>(workspace.key, `score-events?contact_id=${contactId}`);

export async function rulesOf({ workspace }: Stage): Promise<Rules> {
  const { data } = await read<Data<Omit<Rules, "signals">>>(workspace.key, "settings");
  return { ...data, signals: await all<ScoringSignal>(workspace.key, "scoring-signals?sort=name") };
}

export async function contactsOf({ workspace }: Stage): Promise<Contact[]> {
  return (await read<Page<Contact>>(workspace.key, "list-contacts?limit=200")).data;
}

export type Graded = Pick<Contact, "id" | "score" | "grade" | "auto_status" | "is_at_risk">;

export async function gradedOf(stage: Stage): Promise<Map<string, Graded>> {
  const contacts = await contactsOf(stage);
  return new Map(contacts.map(({ id, score, grade, auto_status, is_at_risk }) => [
    id,
    { id, score, grade, auto_status, is_at_risk },
  ]));
}
