/** CSV text → records, a piece of a file at a time. */
import { Buffer } from "node:buffer";
import { Parser } from "csv-parse";

export interface CsvRecord {
  cells: string[];
  /** Where it ends in the text, its line break included, in bytes of UTF-8. */
  end: number;
}

// Enough for the parser to see that a record ends where the file does; empty lines are none.
const END = Buffer.from("\n".repeat(16));

interface Cut {
  delimiter: string;
  /** Whether the file ends here; else the last record may go on in the next piece. */
  isLast: boolean;
  /** After which records it stops. */
  most?: number;
}

/**
 * The whole records in a piece of text, handed on one by one. Lines without any value are none.
 * Nothing is waited for: who reads in a transaction must not let go of it between two statements.
 */
export function eachRecord(utf8: Buffer, cut: Cut, take: (record: CsvRecord) => void): void {
  const { delimiter, isLast, most = Infinity } = cut;
  let count = 0;
  const parser = new Parser({
    delimiter,
    record_delimiter: ["\r\n", "\n", "\r"],
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_empty_values: true,
    on_record: (cells: string[], { bytes }: { bytes: number }) => {
      if (count++ < most) take({ cells, end: Math.min(bytes, utf8.length) });
      return null;
    },
  });
  parser.write(isLast ? Buffer.concat([utf8, END]) : utf8);
}

/** The same records, all at once. */
export function parseRecords(utf8: Buffer, cut: Cut): CsvRecord[] {
  const records: CsvRecord[] = [];
  eachRecord(utf8, cut, (record) => records.push(record));
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

/** Whether there is a line break before that place. */
export function endsLine(utf8: Buffer, at: number): boolean {
  return utf8[at - 1] === 10 || utf8[at - 1] === 13;
}
