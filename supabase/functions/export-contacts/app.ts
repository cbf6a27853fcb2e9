import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { streamCopy } from "../_shared/copy_stream.ts";
import { route } from "../_shared/route.ts";
import { COMPUTED_FIELDS } from "../_shared/schemas/contact.ts";
import {
  contactFilter,
  contactQuery,
  filter_id,
  listArguments,
} from "../_shared/schemas/contact_query.ts";
import { SpreadsheetCsv } from "./csv.ts";

/** The columns that an import passes over. */
const LEFT_BEHIND = [...COMPUTED_FIELDS].filter((name) => name !== "country")
  .map((name) => `\`${name}\``).join(", ");

const exportContacts = route({
  method: "GET",
  path: "/",
  operationId: "exportContacts",
  tag: "Contacts",
  summary: "Export contacts as CSV",
  description:
    "Contacts that fit every filter, in the order of list-contacts, as a file: UTF-8 with a byte " +
    "order mark, comma-separated, CRLF. The columns are the fields of a contact, in their order and " +
    "under their names, so that an import needs no mapping. Times are ISO 8601 in UTC, `custom` is " +
    'JSON, `tags` and `channels` are separated by `;` (an item with `;`, `,`, `"` or `:::`, with ' +
    "`* ` at its beginning or spaces at its ends stands in double quotes, its own doubled). A text " +
    "that a spreadsheet would take for a formula begins with one `'` more: the export puts it " +
    "before what matches `^'*[=+\\-@\\t\\r＝＋－＠]`, and an import takes one away from what matches " +
    "`^'+[=+\\-@\\t\\r＝＋－＠]`. Numbers stay numbers, negative ones too. An import brings back " +
    "every field that create-contact takes, texts without white space at their ends, and the " +
    "country, which is read from the phone; not what the product keeps itself: " +
    `${LEFT_BEHIND}, other ids than the phone, and contacts whose phone is none that ` +
    "create-contact takes. " +
    "All rows are of one moment. A file that could not be finished ends with a broken connection.",
  scope: "contacts:read",
  query: z.strictObject({ ...contactFilter, filter_id, sort: contactQuery.shape.sort }),
  example: { query: { status: "new,contacted", sort: "name" } },
  answers: () => ({
    200: {
      description: "The file.",
      contentType: "text/csv",
      schema: z.string(),
      headers: ["Content-Disposition"],
    },
  }),
  errors: ["filter_not_found", "too_many_exports"],
  run: async (call) => {
    const { body } = await call.operate("export_contacts", listArguments(call.query));
    const headers = {
      "content-type": "text/csv; charset=utf-8",
      "content-disposition": `attachment; filename="contacts-${today()}.csv"`,
      // Compressing a file of this size would take longer than making it.
      "cache-control": "no-store, no-transform",
    };
    if (call.request.method === "HEAD") return { status: 200, body: null, headers };
    const { statement } = JSON.parse(body!).data;
    return { status: 200, body: await streamCopy(statement, new SpreadsheetCsv()), headers };
  },
});

/** The day in UTC: 2026-11-01. */
function today(): string {
  return new Date().toISOString().slice(0, 10);
}

export const app = createApp("export-contacts", [exportContacts]);
