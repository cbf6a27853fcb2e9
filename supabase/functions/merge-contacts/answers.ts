/** What the routes on duplicates answer. */
import * as z from "zod";
import { lazy } from "../_shared/route.ts";
import { contact } from "../_shared/schemas/answers.ts";

const id = z.guid();
const rows = z.record(z.string(), z.int());
const fields = z.array(z.string());

export const candidate = lazy(() =>
  z.strictObject({
    confidence: z.int().min(0).max(100).meta({
      description: "For ranking: a number counts more than a variant of it, that more than an " +
        "e-mail address, and several reasons more than one.",
    }),
    reasons: z.array(z.strictObject({
      type: z.enum(["phone", "phone_variant", "email"]),
      value: z.string(),
    })).meta({ description: "What the two share, weightiest first." }),
    primary: contact().meta({
      description: "The one to keep: one that people have worked with, else the older.",
    }),
    duplicate: contact(),
  }).meta({ id: "MergeCandidate" })
);

export const merged = lazy(() =>
  z.strictObject({
    merge_id: id.nullable().meta({ description: "For undoing it; null after a dry run." }),
    contact: contact(),
  }).meta({ id: "Merge" })
);

const touched = lazy(() =>
  z.strictObject({
    fields: fields.meta({
      description: "Fields of the primary that were changed since; they stay as they are.",
    }),
    duplicate_fields: fields.meta({
      description: "What the duplicate cannot have any more: a `phone` that is another " +
        "contact's by now, an `assigned_to` who has left, a `stage` that is gone.",
    }),
    conversations: z.record(z.string(), fields).meta({
      description: "Conversations by id, and what was changed of them since; it stays. Also an " +
        "`assigned_to` who has left.",
    }),
    arrived: rows.meta({
      description: "How many rows of which table came since and stay with the primary: its own, " +
        "and those of which nothing says that they are the duplicate's.",
    }),
    gone: rows.meta({
      description: "How many rows could not go back, because they were removed since.",
    }),
  }).meta({ id: "MergeTouched" })
);

export const unmerged = lazy(() =>
  z.strictObject({
    merge_id: id,
    contact: contact().meta({ description: "The primary." }),
    duplicate: contact(),
    touched: touched().meta({ description: "All empty: both are exactly what they were." }),
  }).meta({ id: "UndoneMerge" })
);
