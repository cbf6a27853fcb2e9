/** Contacts made for a test. */
import assert from "node:assert/strict";
import type { Client } from "./http.ts";
import type { Contact, Data } from "./types.ts";
import { uniquePhone } from "./unique.ts";

/** A new contact; a phone number of its own unless one is given. */
export async function createContact(
  client: Client,
  fields: Record<string, unknown> = {},
): Promise<Contact> {
  const answer = await client.post<Data<Contact>>("create-contact", {
    phone: uniquePhone(),
    ...fields,
  });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.data;
}

/** The contact after that change, which has to succeed. */
export async function updateContact(
  client: Client,
  id: string,
  change: Record<string, unknown>,
): Promise<Contact> {
  const answer = await client.post<Data<Contact>>("update-contact", { contact_id: id, ...change });
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data;
}
