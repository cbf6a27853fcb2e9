/** What came of an import, for people. */
import type { ImportState } from "./client.ts";

const SHOWN = 10;

/** Lines that say it all; the first errors among them. */
export function report(done: ImportState): string {
  const lost = new Set(
    done.columns.filter(({ field }) => field === null).map(({ column }) => oneLine(column)),
  );
  const rest = done.failed - new Set(done.errors.slice(0, SHOWN).map(({ row }) => row)).size;
  return [
    ...(done.error ? [`Failed: ${done.error.detail ?? done.error.code}`] : []),
    ...(lost.size > 0 ? [`Columns that are not imported: ${[...lost].join(", ")}`] : []),
    ...done.errors.slice(0, SHOWN).map(({ row, column, message }) =>
      `Row ${row}${column === null ? "" : `, ${oneLine(column)}`}: ${message}`
    ),
    ...(rest > 0 && done.errors.length > 0 ? [`… and ${rest} more rows with errors.`] : []),
    `${done.dry_run ? "Would be: " : ""}${done.created} created, ${done.updated} updated, ` +
    `${done.skipped} skipped, ${done.failed} failed of ${done.rows} rows. Import ${done.id}`,
  ].join("\n");
}

/** A name from a file, for a terminal: it may hold line breaks and what would colour the screen. */
function oneLine(name: string): string {
  return name.replace(/[\s\p{Cc}]+/gu, " ").trim() || "(without a name)";
}
