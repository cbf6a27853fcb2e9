/** Scoring signals made for a test. */
import assert from "node:assert/strict";
import { delivered, person, text } from "../fixtures/whatsapp/delivery.ts";
import { deliver } from "../webhook/hook.ts";
import type { Client } from "./http.ts";
import type { Contact, Data, Scored, ScoringSignal, Simulation } from "./types.ts";
import { uniquePhone } from "./unique.ts";
import { until } from "./until.ts";
import type { Workspace } from "./workspace.ts";

/** The body of a new signal with a name of its own. */
export function signalBody(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return { name: crypto.randomUUID(), kind: "manual", category: "fit", points: 5, ...fields };
}

/** A new signal with a name of its own, given by people unless the fields say otherwise. */
export async function createSignal(
  client: Client,
  fields: Record<string, unknown> = {},
): Promise<ScoringSignal> {
  const answer = await client.post<Data<ScoringSignal>>("scoring-signals", signalBody(fields));
  assert.equal(answer.status, 201, answer.text);
  return answer.body.data;
}

/** What a change of the rules would do; nothing is changed by default. */
export async function simulate(
  client: Client,
  change: Record<string, unknown> = {},
): Promise<Simulation> {
  const answer = await client.post<Data<Simulation>>("scoring-signals/simulate", change);
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data;
}

export interface Rescoring {
  status: "idle" | "running" | "failed";
  contacts: number;
  done: number;
  finished_at: string | null;
}

export async function rescoring({ key }: Workspace): Promise<Rescoring> {
  return (await key.get<Data<Rescoring>>("scoring-signals/rescoring")).body.data;
}

/** Until what changed rules set off has been done. */
export function rescored(workspace: Workspace): Promise<Rescoring> {
  return until(async () => {
    const now = await rescoring(workspace);
    return now.status === "idle" ? now : undefined;
  });
}

/** What was reported of a contact. */
export async function report(
  client: Client,
  contact_id: string,
  event: Record<string, unknown>,
): Promise<Scored> {
  const answer = await client.post<Data<Scored>>("score-events", { contact_id, ...event });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.data;
}

/**
 * Somebody new writes to the workspace's number.
 *
 * @returns the id of the contact that it makes
 */
export async function say(workspace: Workspace, ...bodies: string[]): Promise<string> {
  const phone = uniquePhone();
  const digits = phone.slice(1);
  const timestamp = String(Math.floor(Date.now() / 1000));
  const messages = bodies.map((body) => text(digits, body, { timestamp }));
  await deliver(delivered(workspace.phoneNumberId, { contacts: [person(digits)], messages }));
  const path = `get-contact?phone=${encodeURIComponent(phone)}`;
  const answer = await workspace.key.get<Data<Contact>>(path);
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data.id;
}
