/** Pipelines and deals made for a test. */
import assert from "node:assert/strict";
import { createContact } from "./contacts.ts";
import type { Client } from "./http.ts";
import type { Data, Deal, Pipeline } from "./types.ts";

/** A new deal; of a contact of its own unless one is given. */
export async function createDeal(
  client: Client,
  fields: Record<string, unknown> = {},
): Promise<Deal> {
  const contact_id = fields.contact_id ?? (await createContact(client)).id;
  const answer = await client.post<Data<Deal>>("deals", { title: "A deal", ...fields, contact_id });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.data;
}

/** A new pipeline with two stages and a name of its own. */
export async function createPipeline(client: Client): Promise<Pipeline> {
  const answer = await client.post<Data<Pipeline>>("pipelines", {
    name: crypto.randomUUID(),
    stages: [{ name: "Early", probability: 20 }, { name: "Late", probability: 80 }],
  });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.data;
}
