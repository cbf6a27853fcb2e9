/** What the routes of a deal share. */
import * as z from "zod";
import type { Call } from "../_shared/route.ts";
import { dataOf } from "../_shared/schemas/answers.ts";
import { deal, DEAL_EXAMPLE } from "../_shared/schemas/deals.ts";
import { uuid } from "../_shared/schemas/fields.ts";

export const tag = "Deals";

/** The path's `:id`. */
export const params = z.strictObject({ id: uuid });

export const EXAMPLE_PARAMS = { id: DEAL_EXAMPLE.id };

/** A deal as an answer. */
export const one = (changes: Partial<Record<keyof typeof DEAL_EXAMPLE, unknown>> = {}) => ({
  description: "The deal.",
  schema: dataOf(deal()),
  headers: ["ETag"] as const,
  example: { data: { ...DEAL_EXAMPLE, ...changes } },
});

/** Which deal a call is about, and the state in which it has to be. */
export function named(call: Call<unknown, { id: string }>): Record<string, unknown> {
  return { deal_id: call.params.id, if_match: call.request.headers.get("if-match") ?? undefined };
}
