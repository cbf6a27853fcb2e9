/** Meetings, surveys and calls made for a test. */
import assert from "node:assert/strict";
import { createContact } from "./contacts.ts";
import type { Client } from "./http.ts";
import type { Call, Data, Meeting, Survey } from "./types.ts";

/** What is made at that address; of a contact of its own unless one is given. */
async function make<Made>(
  client: Client,
  path: string,
  fields: Record<string, unknown>,
): Promise<Made> {
  const contact_id = fields.contact_id ?? (await createContact(client)).id;
  const answer = await client.post<Data<Made>>(path, { ...fields, contact_id });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.data;
}

/** A new meeting. */
export function createMeeting(
  client: Client,
  fields: Record<string, unknown> = {},
): Promise<Meeting> {
  return make(client, "meetings", {
    title: "A visit",
    starts_at: "2026-11-03T17:00:00Z",
    ...fields,
  });
}

/** A call that another system reports. */
export function reportCall(client: Client, fields: Record<string, unknown> = {}): Promise<Call> {
  return make(client, "calls", { direction: "inbound", ...fields });
}

/** A new survey with one question, to be answered with true or false, unless others are given. */
export async function createSurvey(
  client: Client,
  questions: unknown[] = [{ text: "Was it good?", type: "boolean" }],
): Promise<Survey> {
  const answer = await client.post<Data<Survey>>("surveys", { name: "A survey", questions });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.data;
}
