import * as z from "zod";
import { route } from "../_shared/route.ts";
import { dataOf, pageOf } from "../_shared/schemas/answers.ts";
import { page } from "../_shared/schemas/contact_query.ts";
import { uuid } from "../_shared/schemas/fields.ts";
import { IMPORT_EXAMPLE, importDetail, importRecord } from "./answers.ts";
import { type ErrorRow, errorsCsv, type Place } from "./errors_csv.ts";

const getImports = route({
  method: "GET",
  path: "/",
  operationId: "getImports",
  tag: "Contacts",
  summary: "List imports, or get one",
  description:
    "The workspace's imports, newest first; with `import_id` that one, with how far it " +
    "is and the first 100 errors.",
  scope: "contacts:write",
  query: z.strictObject({ import_id: uuid.optional(), ...page }),
  answers: () => ({
    200: {
      description: "A page of imports, or the import.",
      schema: z.union([pageOf(importRecord()), dataOf(importDetail())]),
      example: { data: IMPORT_EXAMPLE },
    },
  }),
  errors: ["import_not_found", "invalid_cursor"],
  run: (call) => {
    const { import_id, ...given } = call.query;
    return import_id
      ? call.operate("get_import", { import_id })
      : call.operate("list_imports", given);
  },
});

const getErrors = route({
  method: "GET",
  path: "/errors",
  operationId: "getImportErrors",
  tag: "Contacts",
  summary: "Download an import's errors",
  description:
    "Everything that was wrong with the file, or that its revert has left as it is, as " +
    "CSV in UTF-8: `row`, `column`, `code`, `message`, and `contact_id` of a revert. Kept for 30 days.",
  scope: "contacts:write",
  query: z.strictObject({
    import_id: uuid,
    of: z.enum(["import", "revert"]).optional().meta({ description: "`import` unless given." }),
  }),
  example: { query: { import_id: IMPORT_EXAMPLE.id } },
  answers: () => ({
    200: {
      description: "The errors.",
      contentType: "text/csv",
      schema: z.string(),
      headers: ["Content-Disposition"],
    },
  }),
  errors: ["import_not_found"],
  run: async (call) => {
    const { import_id, of = "import" } = call.query;
    // Asked for now, so that what is not there is not answered as an empty file.
    await call.read("get_import", { import_id });
    const page = async (place: Place) => {
      const { body } = await call.read("import_errors", { import_id, of, ...place });
      return JSON.parse(body!).data as ErrorRow[];
    };
    return {
      status: 200,
      body: call.request.method === "HEAD" ? null : errorsCsv(of, page),
      headers: {
        "content-type": "text/csv; charset=utf-8",
        "content-disposition": `attachment; filename="import-${of}-errors.csv"`,
      },
    };
  },
});

export const read = [getImports, getErrors];
