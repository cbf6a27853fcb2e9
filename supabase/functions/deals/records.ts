/** Deals: list, read, make, change, delete. */
import * as z from "zod";
import { route } from "../_shared/route.ts";
import { pageOf } from "../_shared/schemas/answers.ts";
import { assignee, moment, page } from "../_shared/schemas/contact_query.ts";
import {
  deal,
  DEAL_EXAMPLE,
  DEAL_READ_ONLY,
  DEAL_STATUS,
  dealChange,
  newDeal,
} from "../_shared/schemas/deals.ts";
import { decimal, flag, uuid } from "../_shared/schemas/fields.ts";
import { currency } from "../_shared/schemas/settings.ts";
import { EXAMPLE_PARAMS, named, one, params, tag } from "./parts.ts";

const SORTS = ["created_at", "value", "expected_close_on"] as const;
const day = z.iso.date().refine((value) => !value.startsWith("0000"), "There is no year 0.")
  .optional().meta({ example: "2026-12-31" });
const amount = decimal(0, 1e12).optional();

const dealQuery = z.strictObject({
  contact_id: uuid.optional(),
  pipeline_id: uuid.optional(),
  stage_id: z.array(uuid).max(50).optional(),
  status: z.array(z.enum(DEAL_STATUS)).max(50).optional(),
  currency: z.array(currency).max(50).optional(),
  assigned_to: assignee.meta({ description: "`me`, `none` or a member's user id." }),
  value_min: amount,
  value_max: amount,
  expected_close_from: day,
  expected_close_to: day,
  created_from: moment("from"),
  created_to: moment("to"),
  is_stale: flag.optional(),
  sort: z.enum([...SORTS, ...SORTS.map((sort) => `-${sort}` as const)]).optional().meta({
    description: "`-` for descending; `-created_at` unless given.",
  }),
  ...page,
});

const listDeals = route({
  method: "GET",
  path: "/",
  operationId: "listDeals",
  tag,
  summary: "List deals",
  description: "All filters can be combined.",
  scope: "contacts:read",
  query: dealQuery,
  example: { query: { status: "open", sort: "-value" } },
  answers: () => ({
    200: {
      description: "A page of deals.",
      schema: pageOf(deal()),
      example: { data: [DEAL_EXAMPLE], next_cursor: null },
    },
  }),
  errors: ["invalid_cursor", "contact_not_found"],
  run: (call) => {
    const { sort, limit, cursor, ...filter } = call.query;
    return call.operate("list_deals", { filter, sort, limit, cursor });
  },
});

const getDeal = route({
  method: "GET",
  path: "/:id",
  operationId: "getDeal",
  tag,
  summary: "Read a deal",
  description: "The deal with its stage, and whether it is stale now.",
  scope: "contacts:read",
  params,
  example: { params: EXAMPLE_PARAMS },
  answers: () => ({ 200: one() }),
  errors: ["deal_not_found"],
  run: (call) => call.operate("get_deal", { deal_id: call.params.id }),
});

const createDeal = route({
  method: "POST",
  path: "/",
  operationId: "createDeal",
  tag,
  summary: "Open a deal",
  description: "The contact's `value` follows the sum of its open deals in the workspace's " +
    "currency, unless somebody has set it.",
  scope: "contacts:write",
  body: newDeal,
  readOnly: DEAL_READ_ONLY,
  example: {
    body: { contact_id: DEAL_EXAMPLE.contact_id, title: "Oak table", value: 1200.5 },
  },
  answers: () => ({ 201: { ...one(), headers: ["ETag", "Location"] } }),
  errors: ["contact_not_found"],
  run: (call) => call.operate("create_deal", { deal: call.body }),
});

const updateDeal = route({
  method: "PATCH",
  path: "/:id",
  operationId: "updateDeal",
  tag,
  summary: "Change a deal",
  description: "Writes the given fields. `win`, `lose` and `reopen` change the status.",
  scope: "contacts:write",
  params,
  body: dealChange,
  readOnly: new Set([...DEAL_READ_ONLY, "contact_id"]),
  ifMatch: true,
  example: { params: EXAMPLE_PARAMS, body: { value: 1500, probability: 70 } },
  answers: () => ({ 200: one({ value: 1500, probability: 70 }) }),
  errors: ["deal_not_found", "precondition_failed"],
  run: (call) => call.operate("update_deal", { ...named(call), set: call.body }),
});

const deleteDeal = route({
  method: "DELETE",
  path: "/:id",
  operationId: "deleteDeal",
  tag,
  summary: "Delete a deal",
  description: "Its notes go with it. A deal that came to nothing is rather lost than deleted.",
  scope: "contacts:write",
  params,
  ifMatch: true,
  example: { params: EXAMPLE_PARAMS },
  answers: () => ({ 204: { description: "The deal is gone." } }),
  errors: ["deal_not_found", "precondition_failed"],
  run: (call) => call.operate("delete_deal", named(call)),
});

export const records = [listDeals, createDeal, getDeal, updateDeal, deleteDeal];
