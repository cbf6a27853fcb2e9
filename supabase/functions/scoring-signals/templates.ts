/** Signals to begin with. */
import * as z from "zod";
import { route } from "../_shared/route.ts";
import { dataOf, pageOf } from "../_shared/schemas/answers.ts";
import {
  BUSINESS_TYPE,
  scoringSignal,
  scoringTemplate,
  SIGNAL_EXAMPLE,
  TEMPLATE_EXAMPLE,
} from "../_shared/schemas/scoring.ts";
import { tag } from "./parts.ts";

const listTemplates = route({
  method: "GET",
  path: "/templates",
  operationId: "listScoringTemplates",
  tag,
  summary: "List templates of signals",
  description: "Signals to begin with, by kind of business.",
  scope: "settings:read",
  answers: () => ({
    200: {
      description: "All templates.",
      schema: pageOf(scoringTemplate()),
      example: { data: [TEMPLATE_EXAMPLE], next_cursor: null },
    },
  }),
  errors: [],
  run: (call) => call.operate("list_scoring_templates", {}),
});

const applyTemplate = route({
  method: "POST",
  path: "/templates",
  operationId: "applyScoringTemplate",
  tag,
  summary: "Add a template's signals",
  description: "Adds those whose names the workspace does not have yet; the others stay as they " +
    "are. What is added is the workspace's own: a later template does not change it.",
  scope: "settings:write",
  body: z.strictObject({ business_type: z.enum(BUSINESS_TYPE) }),
  example: { body: { business_type: TEMPLATE_EXAMPLE.business_type } },
  answers: () => ({
    200: {
      description: "The new signals, and the names of those that were there.",
      schema: dataOf(z.strictObject({
        added: z.array(scoringSignal()),
        kept: z.array(z.string()),
      })),
      example: { data: { added: [SIGNAL_EXAMPLE], kept: ["Wants to buy"] } },
    },
  }),
  errors: ["too_many_signals"],
  run: (call) => call.operate("apply_scoring_template", call.body),
});

export const templates = [listTemplates, applyTemplate];
