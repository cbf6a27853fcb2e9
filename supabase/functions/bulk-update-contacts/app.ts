import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { runBatchJob } from "../_shared/batch_jobs.ts";
import { type Call, type OperationReply, route } from "../_shared/route.ts";
import { bulkUpdate, dataOf } from "../_shared/schemas/answers.ts";
import { COMPUTED_FIELDS, settable } from "../_shared/schemas/contact.ts";
import { contactChoice, oneChoice } from "../_shared/schemas/contact_filter_body.ts";
import { CONTACT_EXAMPLE } from "../_shared/schemas/examples.ts";
import { textList, uuid } from "../_shared/schemas/fields.ts";

const EXAMPLE = {
  job_id: "0198f6c2-7d1e-7c3a-9b52-3f1d5a6b7c8d",
  status: "completed",
  matched: 2,
  updated: 1,
  error: null,
};
const RUNNING = { ...EXAMPLE, status: "running", matched: 250_000, updated: 12_000 };

/** What may be given to many at once: nothing of what tells one person from another. */
const change = z.strictObject({
  company: settable.company,
  source: settable.source,
  status: settable.status,
  sale_status: settable.sale_status,
  stage: settable.stage,
  value: settable.value,
  assigned_to: settable.assigned_to,
  is_vip: settable.is_vip,
  is_mystery_shopper: settable.is_mystery_shopper,
  is_contractor: settable.is_contractor,
  opted_out: settable.opted_out,
  do_not_call: settable.do_not_call,
  tags: settable.tags,
  add_tags: textList(100, 64).optional(),
  remove_tags: textList(100, 64).optional(),
});

const bulkUpdateContacts = route({
  method: "POST",
  path: "/",
  operationId: "bulkUpdateContacts",
  tag: "Contacts",
  summary: "Update many contacts",
  description:
    "Writes the same change into contacts named by their ids, or by the filter of list-contacts " +
    "or a saved one (`filter_id`; parameters in `filter` win). A filter needs at least one " +
    "parameter, so that nothing left out by mistake means everybody. Whom it is about is fixed " +
    "by this request; what is not through after some seconds goes on behind a 202. `matched` " +
    "counts contacts that exist, `updated` those that really changed. One that would have more " +
    "than 100 tags stays as it is.",
  scope: "contacts:write",
  readOnly: COMPUTED_FIELDS,
  body: z.strictObject({
    ...contactChoice,
    set: change,
  }).check(oneChoice),
  example: { body: { contact_ids: [CONTACT_EXAMPLE.id], set: { status: "qualified" } } },
  answers: () => ({
    200: {
      description: "All are updated.",
      schema: dataOf(bulkUpdate()),
      example: { data: EXAMPLE },
    },
    202: {
      description: "It goes on; `GET bulk-update-contacts?job_id=` tells how far it is.",
      schema: dataOf(bulkUpdate()),
      example: { data: RUNNING },
    },
  }),
  errors: ["filter_not_found"],
  run: async (call) => {
    const { set: { add_tags, remove_tags, ...set }, ...chosen } = call.body;
    const args = { ...chosen, set, add_tags, remove_tags };
    const asked = await call.operate("bulk_update_contacts", args);
    const { job_id } = JSON.parse(asked.body!).data;
    await runBatchJob(job_id);
    return { ...await readJob(call, job_id), headers: asked.headers };
  },
});

const getBulkUpdate = route({
  method: "GET",
  path: "/",
  operationId: "getBulkUpdate",
  tag: "Contacts",
  summary: "Get a bulk update",
  description: "How far it is.",
  scope: "contacts:write",
  query: z.strictObject({ job_id: uuid }),
  example: { query: { job_id: EXAMPLE.job_id } },
  answers: () => ({
    200: {
      description: "It is through, or has failed.",
      schema: dataOf(bulkUpdate()),
      example: { data: EXAMPLE },
    },
    202: {
      description: "It is still running.",
      schema: dataOf(bulkUpdate()),
      example: { data: RUNNING },
    },
  }),
  errors: ["job_not_found"],
  run: (call) => readJob(call, call.query.job_id),
});

function readJob(call: Pick<Call, "read">, jobId: string): Promise<OperationReply> {
  return call.read("get_bulk_update", { job_id: jobId });
}

export const app = createApp("bulk-update-contacts", [bulkUpdateContacts, getBulkUpdate]);
