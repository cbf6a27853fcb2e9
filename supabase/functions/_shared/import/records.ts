/** CSV text → records, a piece of a file at a time. */
import { Buffer } from "node:buffer";
import { Parser } from "csv-parse";

export interface CsvRecord {
  cells: string[];
  /** Where it ends in the text, its line break included, in bytes of UTF-8. */
  end: number;
}

/** A record that takes more than that is a quote that nobody closed. */
export const LONGEST_RECORD = 262_144;

/**
 * The whole records in a piece of text. Lines without any value are none.
 *
 * @param isLast whether the file ends here; else the last record may go on in the next piece
 */
export async function parseRecords(
  utf8: Buffer,
  { delimiter, isLast }: { delimiter: string; isLast: boolean },
): Promise<CsvRecord[]> {
  const records: CsvRecord[] = [];
  const parser = new Parser({
    delimiter,
    record_delimiter: ["\r\n", "\n", "\r"],
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_empty_values: true,
    on_record: (cells: string[], { bytes }: { bytes: number }) => {
      records.push({ cells, end: bytes });
      return null;
    },
  });
  // The one failure there is, a quote that is not closed, shows in where the last record ends.
  const ended = new Promise<void>((resolve) => {
    parser.once("error", () => resolve()).once("end", resolve);
  });
  parser.write(utf8);
  if (!isLast) return records;
  parser.resume();
  parser.end();
  await ended;
  return records;
}

/** Where the next line begins; the end of the text if there is none. */
export function nextLine(utf8: Buffer, from: number): number {
  for (let at = from; at < utf8.length; at++) {
    if (utf8[at] === 10) return at + 1;
    if (utf8[at] === 13) return utf8[at + 1] === 10 ? at + 2 : at + 1;
  }
  return utf8.length;
}
