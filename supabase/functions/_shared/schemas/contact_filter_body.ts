/** The filter of list-contacts as an object in a body. */
import * as z from "zod";
import { contactFilter, filter_id } from "./contact_query.ts";
import { exactlyOne, uuid } from "./fields.ts";

/** JSON's own values as a query spells them; a list may also be a single value. */
function inBody(schema: z.ZodType): z.ZodType {
  const list = isList(schema);
  return z.preprocess((value) => {
    if (list) return typeof value === "string" ? [value] : value;
    return typeof value === "boolean" || typeof value === "number" ? String(value) : value;
  }, schema).optional();
}

function isList(schema: z.ZodType): boolean {
  const { type, innerType } = schema.def as { type: string; innerType?: z.ZodType };
  return type === "array" || (innerType !== undefined && isList(innerType));
}

const parameters = z.strictObject(
  Object.fromEntries(Object.entries(contactFilter).map(([name, schema]) => [name, inBody(schema)])),
);

/**
 * `{ parameter: value }`, with at least one: what was left out by mistake must not mean everybody.
 */
export const contactFilterBody = parameters.transform((given, ctx) => {
  const filter = Object.fromEntries(
    Object.entries(given).filter(([name, value]) =>
      // A search box that was cleared is no filter.
      value !== undefined && !(name === "search" && value === "")
    ),
  );
  // A filter of unknown parameters only has been refused already.
  if (Object.keys(filter).length > 0 || ctx.issues.length > 0) return filter;
  ctx.issues.push({
    code: "custom",
    params: { code: "required" },
    message: "Give at least one filter.",
    input: given,
  });
  return z.NEVER;
}).meta({
  description: "The filters of list-contacts by their names; at least one. An empty list is " +
    "refused. What deletes or changes contacts also refuses a filter, saved ones too, that leaves " +
    "nobody out, such as a search for marks that cannot be seen.",
  example: { tags: ["Imported twice"], has_email: false },
  override: {
    type: "object",
    minProperties: 1,
    additionalProperties: false,
    properties: Object.fromEntries(Object.keys(contactFilter).map((name) => [name, {}])),
  },
});

/** Members of a body that say which contacts are meant; to be checked with `oneChoice`. */
export const contactChoice = {
  contact_ids: z.array(uuid).min(1).max(1000).optional().meta({
    description: "Ids that contacts had before a merge are good, too.",
  }),
  filter: contactFilterBody.optional(),
  filter_id,
};

/** A check that either ids are given or a filter, be it written out, saved, or both. */
export const oneChoice: ReturnType<typeof exactlyOne> = (ctx) => {
  const { contact_ids, filter, filter_id } = ctx.value;
  const value = { contact_ids, filter: filter ?? filter_id };
  exactlyOne("contact_ids", "filter")({ ...ctx, value });
};
