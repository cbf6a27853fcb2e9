/** What an import is asked to do: in the query, or in the fields of a form. */
import * as z from "zod";
import { invalid } from "../_shared/errors.ts";
import { flag } from "../_shared/schemas/fields.ts";
import { isStorable } from "../_shared/text.ts";
import { validate } from "../_shared/validation.ts";

/** JSON text of an object: a column's name → a field's name, or null. */
const mapping = z.string().max(100_000).transform((text, ctx) => {
  const value = parsed(text);
  if (isMapping(value)) return value;
  ctx.issues.push({
    code: "custom",
    params: { code: "invalid_format" },
    message: 'mapping has to be a JSON object such as {"Mobile": "phone", "Fax": null}.',
    input: text,
  });
  return z.NEVER;
});

export const importOptions = z.strictObject({
  mapping: mapping.optional().meta({
    override: { type: "string" },
    description: "JSON: column → field, `custom.<key>`, or null for a column that is to be left " +
      "out. Columns that it does not name are guessed.",
    example: '{"Mobile": "phone", "Shoe size": "custom.shoe_size", "Fax": null}',
  }),
  on_conflict: z.enum(["update", "skip"]).optional().meta({
    description: "What happens to contacts that exist: the given fields are written to them, or " +
      "they stay as they are (`skip`, unless given).",
  }),
  dry_run: flag.optional().meta({
    description: "Whether to check the file and report only; nothing is written.",
  }),
});

export type ImportOptions = z.output<typeof importOptions>;

/** Fields of a form over the query. */
export function withForm(query: ImportOptions, form: Record<string, string>): ImportOptions {
  const given = Object.fromEntries(Object.entries(form).filter(([, value]) => value !== ""));
  for (const [name, value] of Object.entries(given)) {
    if (isStorable(value) && isStorable(name)) continue;
    throw invalid({ path: `/${name}`, code: "invalid_text", message: "Text may not hold U+0000." });
  }
  return { ...query, ...validate(importOptions, given, "body") };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isMapping(value: unknown): value is Record<string, string | null> {
  return value !== null && typeof value === "object" && !Array.isArray(value) &&
    Object.values(value).every((field) => field === null || typeof field === "string");
}
