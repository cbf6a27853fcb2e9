import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { runBatchJob } from "../_shared/batch_jobs.ts";
import { nudge } from "../_shared/jobs.ts";
import { type Call, type OperationReply, route } from "../_shared/route.ts";
import { dataOf, deletion } from "../_shared/schemas/answers.ts";
import { contactChoice, oneChoice } from "../_shared/schemas/contact_filter_body.ts";
import { CONTACT_EXAMPLE, DELETION_EXAMPLE } from "../_shared/schemas/examples.ts";
import { uuid } from "../_shared/schemas/fields.ts";

// A thousand contacts with twenty messages each are through by then; a filter may mean anything.
const LONGEST_MS = { contact_ids: 15_000, filter: 5_000 };

const RUNNING = { ...DELETION_EXAMPLE, status: "running", deleted: 0, finished_at: null };

const deleteContacts = route({
  method: "POST",
  path: "/",
  operationId: "deleteContacts",
  tag: "Contacts",
  summary: "Delete contacts",
  description: "Deletes contacts, by their ids or by the filter of list-contacts or a saved one " +
    "(`filter_id`; parameters in `filter` win), with all that refers to them. With `history: keep` what was said stays under a pseudonym, for owners and admins; " +
    "with `erase` nothing stays. Whom it is about is fixed by this request; what is not through " +
    "after some seconds goes on behind a 202. The receipt tells how far it is, and nothing of " +
    "the people.",
  scope: "contacts:delete",
  body: z.strictObject({
    ...contactChoice,
    history: z.enum(["keep", "erase"]).optional().meta({
      description: "The workspace's `deletion_history` unless given.",
    }),
  }).check(oneChoice),
  example: { body: { contact_ids: [CONTACT_EXAMPLE.id], history: "erase" } },
  answers: () => ({
    200: {
      description: "They are gone.",
      schema: dataOf(deletion()),
      example: { data: { ...DELETION_EXAMPLE, not_found: [] } },
    },
    202: {
      description: "It goes on; `GET delete-contacts?receipt_id=` tells how far it is.",
      schema: dataOf(deletion()),
      example: { data: { ...RUNNING, not_found: [] } },
    },
  }),
  errors: ["filter_not_found"],
  run: async (call) => {
    const asked = await call.operate("delete_contacts", call.body);
    const { receipt_id, not_found } = JSON.parse(asked.body!).data;
    const maxMs = LONGEST_MS[call.body.contact_ids ? "contact_ids" : "filter"];
    await runBatchJob(receipt_id, { maxMs });
    // Files go by another worker.
    nudge();
    const now = await readDeletion(call, receipt_id);
    const data = { ...JSON.parse(now.body!).data, not_found };
    return { ...now, body: JSON.stringify({ data }), headers: asked.headers };
  },
});

const getDeletion = route({
  method: "GET",
  path: "/",
  operationId: "getDeletion",
  tag: "Contacts",
  summary: "Get a deletion's receipt",
  description: "Who asked for it and when, how many contacts are gone, and whether it is through.",
  scope: "contacts:delete",
  query: z.strictObject({ receipt_id: uuid }),
  example: { query: { receipt_id: DELETION_EXAMPLE.receipt_id } },
  answers: () => ({
    200: {
      description: "It is through, or has failed.",
      schema: dataOf(deletion()),
      example: { data: DELETION_EXAMPLE },
    },
    202: {
      description: "It is still running.",
      schema: dataOf(deletion()),
      example: { data: RUNNING },
    },
  }),
  errors: ["receipt_not_found"],
  run: (call) => readDeletion(call, call.query.receipt_id),
});

function readDeletion(call: Pick<Call, "read">, receiptId: string): Promise<OperationReply> {
  return call.read("get_deletion", { receipt_id: receiptId });
}

export const app = createApp("delete-contacts", [deleteContacts, getDeletion]);
