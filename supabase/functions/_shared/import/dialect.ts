/** How a file separates its cells, and what its first line says. */
import { Buffer } from "node:buffer";
import { invalid } from "../errors.ts";
import { type Column, type Places, readColumns } from "./columns.ts";
import { lengthInFile, toUtf8 } from "./decode.ts";
import type { Decoding, Encoding } from "./encoding.ts";
import { type CsvRecord, parseRecords } from "./records.ts";

/** All that is needed to read any piece of a file. */
export interface Plan {
  encoding: Encoding;
  delimiter: string;
  /** Where the first data row begins, in bytes of the file. */
  start: number;
  columns: Column[];
  places: Places;
}

const DELIMITERS = [",", ";", "\t"];

/**
 * Reads the first line of a file.
 *
 * @param head the file's beginning, of an even number of bytes unless it is all
 * @param isWhole whether that is all of it
 * @throws ApiError 422 `validation_failed`
 */
export function readPlan(
  head: Uint8Array,
  given: { decoding: Decoding; isWhole: boolean; mapping: Record<string, string | null> },
): Plan {
  const { encoding, mark } = given.decoding;
  const text = toUtf8(head.subarray(mark), encoding);
  const stated = /^sep=(.)(?:\r\n|\n|\r)/.exec(text.subarray(0, 16).toString());
  const from = stated ? Buffer.byteLength(stated[0]) : 0;
  const headings = (stated ? [stated[1]] : DELIMITERS).map((delimiter) =>
    heading(text.subarray(from), delimiter, given.isWhole)
  );
  const read = headings.map(({ delimiter, names, end }) => ({
    delimiter,
    end,
    names,
    plan: attempt(() => readColumns(names, given.mapping)),
  }));
  // The separator under which the columns are known ones, else the one that makes the most of them.
  const best = read.toSorted((a, b) => quality(b) - quality(a))[0];
  if (best.names.length === 0) throw noHeading();
  if (!best.plan.ok) throw best.plan.error;
  const { columns, places } = best.plan.value;
  const start = mark + lengthInFile(text.subarray(0, from + best.end), encoding);
  return { encoding, delimiter: best.delimiter, start, columns, places };
}

function heading(
  text: Buffer,
  delimiter: string,
  isLast: boolean,
): { delimiter: string; names: string[]; end: number } {
  const [first]: CsvRecord[] = parseRecords(text, { delimiter, isLast, most: 1 });
  return { delimiter, names: first?.cells.map((name) => name.trim()) ?? [], end: first?.end ?? 0 };
}

type Attempt<Value> = { ok: true; value: Value } | { ok: false; error: unknown };

function attempt<Value>(run: () => Value): Attempt<Value> {
  try {
    return { ok: true, value: run() };
  } catch (error) {
    return { ok: false, error };
  }
}

function quality(
  { names, plan }: { names: string[]; plan: Attempt<{ columns: Column[] }> },
): number {
  const known = plan.ok ? plan.value.columns.filter(({ field }) => field !== null).length : 0;
  return known * 10_000 + names.length;
}

function noHeading() {
  return invalid({
    path: "/file",
    code: "required",
    message: "The file has no first line with the names of its columns.",
  });
}
