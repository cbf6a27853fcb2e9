/** All errors of an import as CSV, a page at a time. */

const FIRST_LINE = "row,column,code,message\r\n";
const FIRST_LINE_OF_REVERT = "row,column,code,message,contact_id\r\n";

/** An error as `api.import_errors` tells it. */
export type ErrorRow = [
  row: number,
  n: number,
  column: string | null,
  code: string,
  message: string,
  contactId: string | null,
];

/** Where a page begins. */
export interface Place {
  after_row: number;
  after_n: number;
}

/** @param page asks for the errors after a place; none: the end */
export function errorsCsv(
  of: "import" | "revert",
  page: (place: Place) => Promise<ErrorRow[]>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  const place: Place = { after_row: 0, after_n: 0 };
  const isRevert = of === "revert";
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      // Excel takes a file for UTF-8 by this mark only.
      controller.enqueue(encoder.encode(`\ufeff${isRevert ? FIRST_LINE_OF_REVERT : FIRST_LINE}`));
    },
    async pull(controller) {
      const rows = await page(place);
      if (rows.length === 0) return controller.close();
      [place.after_row, place.after_n] = rows.at(-1)!;
      const lines = rows.map(([row, _n, column, code, message, contactId]) =>
        [String(row), column ?? "", code, message, ...(isRevert ? [contactId ?? ""] : [])]
          .map(cell).join(",") + "\r\n"
      );
      controller.enqueue(encoder.encode(lines.join("")));
    },
  }, { highWaterMark: 0 });
}

/** A cell that no spreadsheet runs as a formula. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r＝＋－＠]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
