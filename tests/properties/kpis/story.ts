/** What happens to the contacts of a workspace, remembered as the API answered it. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { createContact, updateContact } from "../../support/contacts.ts";
import type { Sql } from "../../support/database.ts";
import { merge, undo } from "../../support/merging.ts";
import type { Contact, Data } from "../../support/types.ts";
import type { Workspace } from "../../support/workspace.ts";
import type { World } from "./model.ts";

const STATUSES = ["new", "contacted", "qualified", "converted", "lost"];
const pick = <Value>(values: readonly Value[], n: number): Value => values[n % values.length];

const NAMES = ["create", "create", "change", "shopper", "delete", "merge", "undo"] as const;

export interface Step {
  name: (typeof NAMES)[number];
  who: number;
  n: number;
}

export const anyStep: fc.Arbitrary<Step> = fc.record({
  name: fc.constantFrom(...NAMES),
  who: fc.nat({ max: 20 }),
  n: fc.nat({ max: 1000 }),
});

export class Story implements World {
  readonly contacts = new Map<string, Contact>();
  /** Merges that can be undone, the last one last. */
  private merges: string[] = [];

  constructor(readonly workspace: Workspace, readonly zone: string, private readonly sql: Sql) {}

  /** Does what the step says; to nobody if there is nobody. */
  async live({ name, who, n }: Step): Promise<void> {
    const ids = [...this.contacts.keys()];
    if (name === "create") return await this.create(n);
    if (name === "undo") return await this.undo();
    if (name === "merge") return await this.merge(ids, who, n);
    if (ids.length === 0) return;
    const id = pick(ids, who);
    if (name === "delete") return await this.remove(id, n);
    const change = name === "shopper" ? { is_mystery_shopper: n % 2 === 0 } : this.fields(n);
    this.contacts.set(id, await updateContact(this.workspace.key, id, change));
  }

  private fields(n: number) {
    return {
      status: pick(STATUSES, n),
      stage: pick(["inquiry", "closing", "follow_up"], n >> 2),
      source: pick(["chat", "manual", "lead_form"], n >> 4),
      assigned_to: pick([null, this.workspace.agent.userId, this.workspace.admin.userId], n >> 1),
    };
  }

  private async create(n: number): Promise<void> {
    const fields = { ...this.fields(n), is_mystery_shopper: n % 5 === 0 };
    const { id } = await createContact(this.workspace.key, fields);
    // Around midnight somewhere, so that the time zone decides on which day it was.
    const created = Date.UTC(2026, 1, 27, 11) + (n % 40) * 43_200_000 - (n % 3);
    await this.sql`
      update public.contacts set created_at = ${new Date(created).toISOString()},
        grade = ${pick([null, "A", "F"], n)}::public.contact_grade where id = ${id}`;
    this.contacts.set(id, await this.read(id));
  }

  private async read(id: string): Promise<Contact> {
    const answer = await this.workspace.key.get<Data<Contact>>(`get-contact?contact_id=${id}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.body.data;
  }

  private async remove(id: string, n: number): Promise<void> {
    const body = { contact_ids: [id], history: pick(["keep", "erase"], n) };
    const answer = await this.workspace.key.post("delete-contacts", body);
    assert.equal(answer.status, 200, answer.text);
    this.contacts.delete(id);
    // What it took in went with it.
    const left = await this.sql<{ id: string }[]>`
      select id from public.contact_merges where workspace_id = ${this.workspace.id} and undone_at is null`;
    this.merges = this.merges.filter((mergeId) => left.some((row) => row.id === mergeId));
  }

  private async merge(ids: string[], who: number, n: number): Promise<void> {
    if (ids.length < 2) return;
    const kept = pick(ids, who);
    const other = pick(ids.filter((id) => id !== kept), n);
    this.merges.push(await merge(this.workspace.agent, kept, other));
    this.contacts.delete(other);
    this.contacts.set(kept, await this.read(kept));
  }

  private async undo(): Promise<void> {
    const mergeId = this.merges.pop();
    if (mergeId === undefined) return;
    const { contact, duplicate } = await undo(this.workspace.agent, mergeId);
    for (const { id } of [contact, duplicate]) this.contacts.set(id, await this.read(id));
  }
}
