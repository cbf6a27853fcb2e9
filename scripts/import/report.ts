/** What came of an import, for people. */
import type { ImportState } from "./client.ts";

const SHOWN = 10;

/** Lines that say it all; the first errors among them. */
export function report(done: ImportState): string {
  const lost = done.columns.filter(({ field }) => field === null).map(({ column }) => column);
  const rest = done.failed - new Set(done.errors.slice(0, SHOWN).map(({ row }) => row)).size;
  return [
    ...(done.error ? [`Failed: ${done.error.detail ?? done.error.code}`] : []),
    ...(lost.length > 0 ? [`Columns that are not imported: ${lost.join(", ")}`] : []),
    ...done.errors.slice(0, SHOWN).map(({ row, column, message }) =>
      `Row ${row}${column === null ? "" : `, ${column}`}: ${message}`
    ),
    ...(rest > 0 && done.errors.length > 0 ? [`… and ${rest} more rows with errors.`] : []),
    `${done.dry_run ? "Would be: " : ""}${done.created} created, ${done.updated} updated, ` +
    `${done.skipped} skipped, ${done.failed} failed of ${done.rows} rows. Import ${done.id}`,
  ].join("\n");
}
