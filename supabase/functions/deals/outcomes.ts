/** How deals end, and begin again. */
import * as z from "zod";
import { route } from "../_shared/route.ts";
import { DEAL_EXAMPLE } from "../_shared/schemas/deals.ts";
import { text } from "../_shared/schemas/fields.ts";
import { EXAMPLE_PARAMS, named, one, params, tag } from "./parts.ts";

const closed_at = "2026-11-20T16:00:00.123456+00:00";

const winDeal = route({
  method: "POST",
  path: "/:id/win",
  operationId: "winDeal",
  tag,
  summary: "Win a deal",
  description: "A deal that is won already stays so.",
  scope: "contacts:write",
  params,
  body: z.strictObject({}),
  bodyOptional: true,
  ifMatch: true,
  example: { params: EXAMPLE_PARAMS, body: {} },
  answers: () => ({ 200: one({ status: "won", probability: 100, closed_at }) }),
  errors: ["deal_not_found", "deal_closed", "precondition_failed"],
  run: (call) => call.operate("close_deal", { ...named(call), status: "won" }),
});

const reason = "Went with a competitor";

const loseDeal = route({
  method: "POST",
  path: "/:id/lose",
  operationId: "loseDeal",
  tag,
  summary: "Lose a deal",
  description: "A deal that is lost already stays so, with the reason if one is given.",
  scope: "contacts:write",
  params,
  body: z.strictObject({ reason: text(1, 1000).optional() }),
  bodyOptional: true,
  ifMatch: true,
  example: { params: EXAMPLE_PARAMS, body: { reason } },
  answers: () => ({
    200: one({ status: "lost", probability: 0, lost_reason: reason, closed_at }),
  }),
  errors: ["deal_not_found", "deal_closed", "precondition_failed"],
  run: (call) =>
    call.operate("close_deal", {
      ...named(call),
      status: "lost",
      lost_reason: call.body.reason,
    }),
});

const reopenDeal = route({
  method: "POST",
  path: "/:id/reopen",
  operationId: "reopenDeal",
  tag,
  summary: "Reopen a deal",
  description: "Won or lost, it is open again; a reason for which it was lost is forgotten.",
  scope: "contacts:write",
  params,
  body: z.strictObject({}),
  bodyOptional: true,
  ifMatch: true,
  example: { params: EXAMPLE_PARAMS, body: {} },
  answers: () => ({ 200: one({ status: DEAL_EXAMPLE.status }) }),
  errors: ["deal_not_found", "precondition_failed"],
  run: (call) => call.operate("reopen_deal", named(call)),
});

export const outcomes = [winDeal, loseDeal, reopenDeal];
