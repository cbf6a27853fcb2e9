/** Scoring signals: list, read, make, change, delete. */
import * as z from "zod";
import { route } from "../_shared/route.ts";
import { pageOf } from "../_shared/schemas/answers.ts";
import { page } from "../_shared/schemas/contact_query.ts";
import { flag } from "../_shared/schemas/fields.ts";
import {
  action,
  category,
  newSignal,
  scoringSignal,
  SIGNAL_EXAMPLE,
  SIGNAL_KIND,
  SIGNAL_LANGUAGE,
  SIGNAL_READ_ONLY,
  signalChange,
} from "../_shared/schemas/scoring.ts";
import { EXAMPLE_PARAMS, named, one, params, tag } from "./parts.ts";

const SORTS = ["name", "created_at", "points"] as const;

const signalQuery = z.strictObject({
  kind: z.array(z.enum(SIGNAL_KIND)).max(50).optional(),
  category: z.array(category).max(50).optional(),
  language: z.array(z.enum(SIGNAL_LANGUAGE)).max(50).optional(),
  action: z.array(action).max(50).optional(),
  is_active: flag.optional(),
  buying_intent: flag.optional(),
  sort: z.enum([...SORTS, ...SORTS.map((sort) => `-${sort}` as const)]).optional().meta({
    description: "`-` for descending; `name` unless given.",
  }),
  ...page,
});

const listSignals = route({
  method: "GET",
  path: "/",
  operationId: "listScoringSignals",
  tag,
  summary: "List scoring signals",
  description: "All filters can be combined.",
  scope: "settings:read",
  query: signalQuery,
  example: { query: { kind: "keyword", sort: "-points" } },
  answers: () => ({
    200: {
      description: "A page of signals.",
      schema: pageOf(scoringSignal()),
      example: { data: [SIGNAL_EXAMPLE], next_cursor: null },
    },
  }),
  errors: ["invalid_cursor"],
  run: (call) => {
    const { sort, limit, cursor, ...filter } = call.query;
    return call.operate("list_scoring_signals", { filter, sort, limit, cursor });
  },
});

const getSignal = route({
  method: "GET",
  path: "/:id",
  operationId: "getScoringSignal",
  tag,
  summary: "Read a scoring signal",
  description: "The signal as it counts now.",
  scope: "settings:read",
  params,
  example: { params: EXAMPLE_PARAMS },
  answers: () => ({ 200: one() }),
  errors: ["signal_not_found"],
  run: (call) => call.operate("get_scoring_signal", { signal_id: call.params.id }),
});

const createSignal = route({
  method: "POST",
  path: "/",
  operationId: "createScoringSignal",
  tag,
  summary: "Make a scoring signal",
  description:
    "500 of a workspace at most, with 5,000 keywords together, each signal with a name " +
    "of its own. What its kind needs, it has; what another kind has, it has not.",
  scope: "settings:write",
  body: newSignal,
  readOnly: SIGNAL_READ_ONLY,
  example: {
    body: {
      name: "Asks for the price",
      kind: "keyword",
      category: "intent",
      points: 10,
      keywords: ["how much", "price", "precio"],
      cap: 30,
    },
  },
  answers: () => ({ 201: { ...one(), headers: ["ETag", "Location"] } }),
  errors: ["conflict", "too_many_signals"],
  run: (call) => call.operate("create_scoring_signal", { signal: call.body }),
});

const updateSignal = route({
  method: "PATCH",
  path: "/:id",
  operationId: "updateScoringSignal",
  tag,
  summary: "Change a scoring signal",
  description: "Writes the given fields.",
  scope: "settings:write",
  params,
  body: signalChange,
  readOnly: SIGNAL_READ_ONLY,
  ifMatch: true,
  example: { params: EXAMPLE_PARAMS, body: { points: 15 } },
  answers: () => ({ 200: one({ points: 15 }) }),
  errors: ["signal_not_found", "conflict", "too_many_signals", "precondition_failed"],
  run: (call) => call.operate("update_scoring_signal", { ...named(call), set: call.body }),
});

const deleteSignal = route({
  method: "DELETE",
  path: "/:id",
  operationId: "deleteScoringSignal",
  tag,
  summary: "Delete a scoring signal",
  description: "One that is to rest rather has `is_active: false`.",
  scope: "settings:write",
  params,
  ifMatch: true,
  example: { params: EXAMPLE_PARAMS },
  answers: () => ({ 204: { description: "The signal is gone." } }),
  errors: ["signal_not_found", "precondition_failed"],
  run: (call) => call.operate("delete_scoring_signal", named(call)),
});

export const records = [listSignals, createSignal, getSignal, updateSignal, deleteSignal];
