import * as z from "zod";
import { runBatchJob } from "../_shared/batch_jobs.ts";
import { database } from "../_shared/database.ts";
import { readPlan } from "../_shared/import/dialect.ts";
import { nudge } from "../_shared/jobs.ts";
import { type Call, type OperationReply, type Reply, route } from "../_shared/route.ts";
import { dataOf } from "../_shared/schemas/answers.ts";
import { IMPORT_EXAMPLE, importDetail } from "./answers.ts";
import { FILE_LIMIT, receiveFile } from "./body.ts";
import { type ImportOptions, importOptions, withForm } from "./options.ts";
import { Upload } from "./upload.ts";

// Files up to that size are done before the answer.
const SMALL = 1_000_000;
const LONGEST_MS = 8_000;

export const start = route({
  method: "POST",
  path: "/",
  operationId: "importContacts",
  tag: "Contacts",
  summary: "Import contacts from CSV",
  description:
    `A file of up to ${FILE_LIMIT} bytes and 1,000,000 rows: comma, semicolon or tab, in UTF-8, ` +
    "UTF-16 or Windows-1252 (or, where the type of the body or of the form's file says so, as in " +
    "`text/csv; charset=windows-1250`, any of the Encoding Standard's encodings of one byte a " +
    "character), its first line the names of the columns. Exports of Google Contacts, " +
    "Outlook, HubSpot, Mailchimp and our own map themselves; of our own come back all fields that " +
    "create-contact takes, for contacts with a phone. Columns that the product computes (`id`, " +
    "`score`, `created_at`, … see export-contacts) are left out. Every row is checked as " +
    "create-contact checks its body before anything is written; cells without text give nothing. " +
    "Rows that are about one contact (the same number or a variant of it) count as if they were " +
    "written one after the other: with `update` the later ones win, with `skip` the first. " +
    "`tags` and `channels` are replaced (consent tags are added, never taken away), members of " +
    "`custom` are added. What a person has refused themselves (STOP, WhatsApp's preferences) stays " +
    "refused, also where the file, perhaps an older export, says `false`. `source` is `import` unless the file says otherwise. Small files are " +
    "answered when they are done; others go on behind the answer and are asked for with " +
    "`GET import-contacts?import_id=`.",
  scope: "contacts:write",
  query: importOptions,
  rawBody: () => ({
    "text/csv": z.string().meta({ description: "The file. The options are in the query." }),
    "multipart/form-data": importForm(),
  }),
  example: { body: "name,phone\nJohn Smith,+16045551234\n" },
  answers: () => ({
    200: answer("The import, which has ended."),
    202: answer("The import, which goes on."),
  }),
  errors: [
    "incomplete_body",
    "body_too_large",
    "unsupported_media_type",
    "validation_failed",
    "unreadable_file",
  ],
  run: async (call) => {
    // Before a byte is read: nobody uploads 200 MB to be told that they may not.
    await call.authorize();
    const upload = new Upload();
    const created = await store(call, upload).catch(async (error) => {
      await upload.drop();
      throw error;
    });
    const { id } = JSON.parse(created.body!).data;
    // A repeated request has the import of the first one.
    if (id !== upload.id) await upload.drop();
    return await answered(call, created, id);
  },
});

function importForm(): z.ZodType {
  return z.strictObject({
    file: z.string().meta({ format: "binary" }),
    ...importOptions.shape,
  });
}

function answer(description: string) {
  const example = { data: IMPORT_EXAMPLE };
  return { description, schema: dataOf(importDetail()), headers: ["Location"] as const, example };
}

/** Receives the file, finds out how to read it, and makes the import. */
async function store(call: Call<ImportOptions>, upload: Upload): Promise<OperationReply> {
  const received = await receiveFile(call.request, (bytes) => upload.add(bytes));
  await upload.end();
  const options = withForm(call.query, received.form);
  const { mapping = {}, on_conflict = "skip", dry_run = false } = options;
  const decoding = upload.scan.decoding(received.charset);
  const plan = readPlan(upload.head, { decoding, isWhole: upload.isWhole, mapping });
  const given = JSON.stringify([mapping, on_conflict, dry_run]);
  return await call.operate("create_import", {
    upload_id: upload.id,
    size: upload.size,
    file_name: received.fileName,
    on_conflict,
    dry_run,
    columns: plan.columns,
    plan,
  }, `${upload.digest()} ${given}`);
}

/** The import as it is after as much work as fits into the request. */
async function answered(
  call: Call<ImportOptions>,
  { headers }: OperationReply,
  id: string,
): Promise<Reply> {
  const [{ job_id, is_small }] = await database()<{ job_id: string | null; is_small: boolean }[]>`
    select job_id, size_bytes <= ${SMALL}::int as is_small from public.contact_imports where id = ${id}::uuid`;
  if (job_id !== null && is_small) await runBatchJob(job_id, { maxMs: LONGEST_MS });
  else nudge();
  const { body } = await call.read("get_import", { import_id: id });
  const { status } = JSON.parse(body!).data;
  const location = `/functions/v1/import-contacts?import_id=${id}`;
  return {
    status: status === "pending" || status === "running" ? 202 : 200,
    body,
    headers: { ...headers, location },
  };
}
