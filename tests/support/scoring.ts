/** Scoring signals made for a test. */
import assert from "node:assert/strict";
import type { Client } from "./http.ts";
import type { Data, ScoringSignal } from "./types.ts";

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
