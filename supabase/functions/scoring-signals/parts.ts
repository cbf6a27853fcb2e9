/** What the routes of a scoring signal share. */
import * as z from "zod";
import type { Call } from "../_shared/route.ts";
import { dataOf } from "../_shared/schemas/answers.ts";
import { uuid } from "../_shared/schemas/fields.ts";
import { scoringSignal, SIGNAL_EXAMPLE } from "../_shared/schemas/scoring.ts";

export const tag = "Scoring";

/** The path's `:id`. */
export const params = z.strictObject({ id: uuid });

export const EXAMPLE_PARAMS = { id: SIGNAL_EXAMPLE.id };

/** A signal as an answer. */
export const one = (changes: Partial<typeof SIGNAL_EXAMPLE> = {}) => ({
  description: "The signal.",
  schema: dataOf(scoringSignal()),
  headers: ["ETag"] as const,
  example: { data: { ...SIGNAL_EXAMPLE, ...changes } },
});

/** Which signal a call is about, and the state in which it has to be. */
export function named(call: Call<unknown, { id: string }>): Record<string, unknown> {
  return { signal_id: call.params.id, if_match: call.request.headers.get("if-match") ?? undefined };
}
