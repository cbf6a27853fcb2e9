/** The shapes of answers about imports, for the description and for tests. */
import * as z from "zod";
import { lazy } from "../_shared/route.ts";
import { time } from "../_shared/schemas/fields.ts";

const error = {
  row: z.int().meta({ description: "The file's data rows count from 1." }),
  column: z.string().nullable().meta({ description: "The column's name in the file." }),
  code: z.string(),
  message: z.string(),
};

const fields = lazy(() => ({
  id: z.guid(),
  status: z.enum(["pending", "running", "completed", "failed", "reverted"]),
  file_name: z.string().nullable(),
  size_bytes: z.int(),
  on_conflict: z.enum(["update", "skip"]),
  dry_run: z.boolean(),
  columns: z.array(z.strictObject({
    column: z.string(),
    field: z.string().nullable().meta({ description: "Null: nothing was read from it." }),
  })).meta({ description: "What the columns of the file were taken for." }),
  progress: z.int().meta({ description: "Percent." }),
  rows: z.int().meta({
    description: "Data rows read so far; in the end created + updated + skipped + failed.",
  }),
  created: z.int(),
  updated: z.int(),
  skipped: z.int(),
  failed: z.int(),
  error: z.strictObject({ code: z.string(), detail: z.string().nullable() }).nullable().meta({
    description: "Why the import failed as a whole.",
  }),
  revert: z.strictObject({
    status: z.enum(["running", "completed", "failed"]).nullable(),
    deleted: z.int().meta({ description: "Contacts that the import had made." }),
    restored: z.int().meta({ description: "Contacts that are what they were before." }),
    kept: z.int().meta({ description: "Contacts of which something stays: see `conflicts`." }),
  }).nullable(),
  actor: z.strictObject({ type: z.enum(["member", "api_key", "system"]), id: z.guid().nullable() }),
  created_at: time,
  finished_at: time.nullable(),
  reverted_at: time.nullable(),
}));

export const importRecord = lazy(() => z.strictObject(fields()).meta({ id: "Import" }));

export const importDetail = lazy(() =>
  z.strictObject({
    ...fields(),
    errors: z.array(z.strictObject(error)).meta({ description: "The first 100." }),
    conflicts: z.array(z.strictObject({ ...error, contact_id: z.guid().nullable() })).meta({
      description: "What a revert has left as it is; the first 100. Codes: `contact_in_use`, " +
        "`edited_since` (of the field in `column`), `deal_changed_since`, `merged_since`, " +
        "`not_restorable`.",
    }),
  }).meta({ id: "ImportDetail" })
);

const NO_REVERT = { revert: null, reverted_at: null };

export const IMPORT_EXAMPLE = {
  id: "0198f6c2-7d1e-7c3a-9b52-3f1d5a6b7c8d",
  status: "completed",
  file_name: "contacts.csv",
  size_bytes: 1204,
  on_conflict: "update",
  dry_run: false,
  columns: [{ column: "Mobile", field: "phone" }, { column: "Fax", field: null }],
  progress: 100,
  rows: 20,
  created: 17,
  updated: 2,
  skipped: 0,
  failed: 1,
  error: null,
  actor: { type: "api_key", id: "0198f6c2-7d1e-7c3a-9b52-3f1d5a6b7c8e" },
  created_at: "2026-11-01T09:30:00.123456+00:00",
  finished_at: "2026-11-01T09:30:00.523456+00:00",
  ...NO_REVERT,
  errors: [{
    row: 7,
    column: "Mobile",
    code: "too_short",
    message: "The number has too few digits for its country.",
  }],
  conflicts: [],
};
