import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { contactReference } from "../_shared/contact_reference.ts";
import { route } from "../_shared/route.ts";
import { dataOf, pageOf } from "../_shared/schemas/answers.ts";
import { call, CALL_EXAMPLE, CALL_STATUS, newCall } from "../_shared/schemas/calls.ts";
import { moment, page } from "../_shared/schemas/contact_query.ts";
import { DIRECTION } from "../_shared/schemas/enums.ts";
import { text, uuid } from "../_shared/schemas/fields.ts";

const tag = "Calls";

const one = () => ({
  description: "The call.",
  schema: dataOf(call()),
  example: { data: CALL_EXAMPLE },
});

const listCalls = route({
  method: "GET",
  path: "/",
  operationId: "listCalls",
  tag,
  summary: "List calls",
  description: "By WhatsApp and by other systems, newest first.",
  scope: "conversations:read",
  query: z.strictObject({
    contact_id: uuid.optional(),
    conversation_id: uuid.optional(),
    channel: z.array(text(1, 32)).max(100).optional(),
    direction: z.array(z.enum(DIRECTION)).max(50).optional(),
    status: z.array(z.enum(CALL_STATUS)).max(50).optional(),
    started_from: moment("from"),
    started_to: moment("to"),
    ...page,
  }),
  example: { query: { direction: "inbound" } },
  answers: () => ({
    200: {
      description: "A page of calls.",
      schema: pageOf(call()),
      example: { data: [CALL_EXAMPLE], next_cursor: null },
    },
  }),
  errors: ["invalid_cursor", "contact_not_found"],
  run: (given) => {
    const { limit, cursor, ...filter } = given.query;
    return given.operate("list_calls", { filter, limit, cursor });
  },
});

const getCall = route({
  method: "GET",
  path: "/:id",
  operationId: "getCall",
  tag,
  summary: "Read a call",
  description: "The call with its recording and summary.",
  scope: "conversations:read",
  params: z.strictObject({ id: uuid }),
  example: { params: { id: CALL_EXAMPLE.id } },
  answers: () => ({ 200: one() }),
  errors: ["call_not_found"],
  run: (given) => given.operate("get_call", { call_id: given.params.id }),
});

const { contact_id, direction, duration_seconds, recording_url, summary } = CALL_EXAMPLE;

const createCall = route({
  method: "POST",
  path: "/",
  operationId: "createCall",
  tag,
  summary: "Report a call",
  description: "A call that another system has made or taken. The contact's `call_count` and " +
    "`last_contact_at` follow. Send an `Idempotency-Key`, so that a report sent twice counts once.",
  scope: "conversations:write",
  body: newCall,
  example: { body: { contact_id, direction, duration_seconds, recording_url, summary } },
  answers: () => ({ 201: { ...one(), headers: ["Location"] } }),
  errors: ["contact_not_found", "conversation_not_found"],
  run: async (given) => {
    const { contact_id, phone, ...rest } = given.body;
    const contact = await contactReference(given, { contact_id, phone });
    return given.operate("create_call", { call: { ...rest, ...contact } });
  },
});

export const app = createApp("calls", [listCalls, createCall, getCall]);
