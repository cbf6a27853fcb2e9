/** Merging in tests. */
import assert from "node:assert/strict";
import type { Client } from "./http.ts";
import type { Contact, Data } from "./types.ts";

export interface Merge {
  merge_id: string | null;
  contact: Contact;
}

export interface Touched {
  fields: string[];
  duplicate_fields: string[];
  conversations: Record<string, string[]>;
  arrived: Record<string, number>;
  gone: Record<string, number>;
}

export interface UndoneMerge {
  merge_id: string;
  contact: Contact;
  duplicate: Contact;
  touched: Touched;
}

export const UNTOUCHED: Touched = {
  fields: [],
  duplicate_fields: [],
  conversations: {},
  arrived: {},
  gone: {},
};

/** Merges the second contact into the first; returns the merge's id. */
export async function merge(client: Client, primary_id: string, duplicate_id: string) {
  const answer = await client.post<Data<Merge>>("merge-contacts", { primary_id, duplicate_id });
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data.merge_id!;
}

export async function undo(client: Client, merge_id: string): Promise<UndoneMerge> {
  const answer = await client.post<Data<UndoneMerge>>("merge-contacts/undo", { merge_id });
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data;
}
