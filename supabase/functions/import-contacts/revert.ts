import * as z from "zod";
import { runBatchJob } from "../_shared/batch_jobs.ts";
import { database } from "../_shared/database.ts";
import { route } from "../_shared/route.ts";
import { dataOf } from "../_shared/schemas/answers.ts";
import { uuid } from "../_shared/schemas/fields.ts";
import { IMPORT_EXAMPLE, importDetail } from "./answers.ts";

const REVERTED = {
  ...IMPORT_EXAMPLE,
  status: "reverted",
  revert: { status: "completed", deleted: 17, restored: 2, kept: 0 },
  reverted_at: "2026-11-01T10:30:00.123456+00:00",
};

export const revert = route({
  method: "POST",
  path: "/revert",
  operationId: "revertImport",
  tag: "Contacts",
  summary: "Revert an import",
  description:
    "Contacts that the import made are deleted, unless somebody has worked with them or written " +
    "to them since; fields that it changed get their old values back, unless they have been edited " +
    "since. A name, value or VIP mark that nobody had set follows profile, deals or rule again. What " +
    "the person has said since on `opted_out` and `do_not_call` stays, whatever the import had " +
    "written. Deals that were won because the import made their contact converted or sold are open " +
    "again, unless they have been changed since. What stays is told in `conflicts` and at " +
    "`GET import-contacts/errors?of=revert`. Possible for 30 days; a second revert answers the first.",
  scope: "contacts:write",
  body: z.strictObject({ import_id: uuid }),
  example: { body: { import_id: IMPORT_EXAMPLE.id } },
  answers: () => ({
    200: {
      description: "The import, reverted.",
      schema: dataOf(importDetail()),
      example: { data: REVERTED },
    },
    202: {
      description: "The import, whose revert goes on.",
      schema: dataOf(importDetail()),
      example: { data: { ...REVERTED, status: "completed", reverted_at: null } },
    },
  }),
  errors: ["import_not_found", "import_running", "import_not_revertible"],
  run: async (call) => {
    const { import_id } = call.body;
    const { headers } = await call.operate("revert_import", { import_id });
    const [{ job_id }] = await database()<{ job_id: string | null }[]>`
      select revert_job_id as job_id from public.contact_imports where id = ${import_id}::uuid`;
    const ended = job_id === null || await runBatchJob(job_id) !== "running";
    const { body } = await call.read("get_import", { import_id });
    return { status: ended ? 200 : 202, body, headers };
  },
});
