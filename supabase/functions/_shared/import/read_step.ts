/** The reading half of an import, a batch at a time: records are checked and put aside in Postgres. */
import type { Buffer } from "node:buffer";
import type postgres from "postgres";
import type { BatchStep } from "../batch_step.ts";
import { json } from "../database.ts";
import { ApiError } from "../errors.ts";
import { lengthInFile, toUtf8 } from "./decode.ts";
import type { Plan } from "./dialect.ts";
import { readFile } from "./file.ts";
import { JsonList } from "./json_text.ts";
import { eachRecord, endsLine, nextLine } from "./records.ts";
import { readRow, type RowError, type Surroundings } from "./rows.ts";

/** How far the reading is. */
interface ReadState {
  phase: "read";
  /** Where the next record begins, in bytes of the file. */
  offset: number;
  /** How many data rows came before it. */
  row: number;
  failed: number;
  /** Quotes that were never closed. */
  unclosed: number;
}

interface ImportArgs {
  import_id: string;
  size: number;
  plan: Plan;
}

export const MOST_ROWS = 1_000_000;
// Checking them keeps others of this process waiting for some 50 ms.
const BATCH_ROWS = 1000;
// What is read and stored at once. Texts of more than 128 KiB, and what lives on while others are
// made, become memory that the process gives back late.
const PART_ROWS = 250;
const SMALLEST_PIECE = 16_384;
const USUAL_PIECE = 65_536;
// A record that takes more than that is a quote that nobody closed, or too long a line.
const LARGEST_PIECE = 1_048_576;
const MOST_UNCLOSED = 100;

/** Reads the next records of an import's file; after the last it is for SQL to write the rows. */
export const readStep: BatchStep = async ({ job, sql }) => {
  if (job.state.phase !== undefined && job.state.phase !== "read") return job.state;
  const args = job.args as unknown as ImportArgs;
  const state = { ...startOf(args), ...job.state } as ReadState;
  const around = await surroundings(sql, job.workspace_id, args.plan);
  const enough = state.row + BATCH_ROWS;
  do {
    await readPart(sql, args, state, around);
  } while (state.offset < args.size && state.row < enough && !isTooLong(state));
  if (isTooLong(state)) return await fail(sql, args, state);
  await note(sql, args, state);
  return state.offset < args.size ? { ...state } : { phase: "write", row: 0 };
};

function isTooLong({ row, unclosed }: ReadState): boolean {
  return row > MOST_ROWS || unclosed > MOST_UNCLOSED;
}

/** Checks and puts aside the records from the state's place on, as many as a part has. */
async function readPart(
  sql: postgres.TransactionSql,
  args: ImportArgs,
  state: ReadState,
  around: Surroundings,
): Promise<void> {
  const rows = new CheckedRows(args.plan, around, state.row);
  await readRecords(sql, args, state, rows);
  state.row = rows.last;
  state.failed += rows.failed;
  await rows.store(sql, args.import_id);
}

function startOf({ plan }: ImportArgs): ReadState {
  return { phase: "read", offset: plan.start, row: 0, failed: 0, unclosed: 0 };
}

/** Checks the records from the state's place on; moves the place behind them. */
async function readRecords(
  sql: postgres.TransactionSql,
  args: ImportArgs,
  state: ReadState,
  rows: CheckedRows,
): Promise<void> {
  const { size, plan } = args;
  if (state.offset >= size) return;
  let found = await piece(sql, args, state, pieceLength(state, plan), rows);
  if (found.count === 0 && !found.isLast) {
    found = await piece(sql, args, state, LARGEST_PIECE, rows);
  }
  const { text, isLast, count } = found;
  let { end } = found;
  // What is left over begins the next piece, unless there is no end to it.
  const isOver = count < PART_ROWS && (isLast || count === 0);
  if (isOver && hasText(text, end)) {
    end = nextLine(text, end);
    if (!isLast && !endsLine(text, end)) {
      rows.refuse(TOO_LONG);
      // What is left of the line is no row, though it may look like one.
      const read = state.offset + lengthInFile(text, plan.encoding);
      state.offset = await lineAfter(sql, args, read);
      return;
    }
    state.unclosed++;
    rows.refuse(UNCLOSED);
  } else if (isOver) {
    end = text.length;
  }
  state.offset = end === text.length && isLast
    ? size
    : state.offset + lengthInFile(text.subarray(0, end), plan.encoding);
}

/** About that many bytes from the state's place on, and where the last of its records ends. */
async function piece(
  sql: postgres.TransactionSql,
  { import_id, size, plan }: ImportArgs,
  { offset }: ReadState,
  length: number,
  rows: CheckedRows,
): Promise<{ text: Buffer; isLast: boolean; count: number; end: number }> {
  const bytes = await bytesOf(sql, import_id, offset, length);
  const isLast = offset + bytes.length >= size;
  const text = toUtf8(bytes, plan.encoding);
  const { delimiter } = plan;
  let count = 0;
  let end = 0;
  eachRecord(text, { delimiter, isLast, most: PART_ROWS }, (record) => {
    rows.add(record.cells);
    count++;
    end = record.end;
  });
  return { text, isLast, count, end };
}

/** Where the line after that of a place in the file begins. */
async function lineAfter(
  sql: postgres.TransactionSql,
  { import_id, size, plan }: ImportArgs,
  offset: number,
): Promise<number> {
  while (offset < size) {
    const text = toUtf8(await bytesOf(sql, import_id, offset, LARGEST_PIECE), plan.encoding);
    const end = nextLine(text, 0);
    offset += lengthInFile(text.subarray(0, end), plan.encoding);
    if (endsLine(text, end)) break;
  }
  return offset;
}

async function bytesOf(
  sql: postgres.TransactionSql,
  importId: string,
  offset: number,
  length: number,
): Promise<Buffer> {
  const bytes = await readFile(sql, importId, offset, length);
  if (bytes.length === 0) throw new ApiError("incomplete_body", "The file is not there any more.");
  return bytes;
}

/** About as much as a part takes; even, for the sake of UTF-16. */
function pieceLength({ offset, row }: ReadState, { start }: Plan): number {
  const expected = row === 0 ? SMALLEST_PIECE : (offset - start) / row * PART_ROWS * 1.1;
  return 2 * Math.ceil(Math.min(Math.max(expected, SMALLEST_PIECE), USUAL_PIECE) / 2);
}

function hasText(text: Buffer, from: number): boolean {
  return text.subarray(from).toString().replace(/[\s,;"]/g, "") !== "";
}

/** The rows of a batch, checked one by one. */
class CheckedRows {
  readonly #rows = new JsonList();
  readonly #errors = new JsonList();
  failed = 0;

  /** @param last the number of the row before them */
  constructor(readonly plan: Plan, readonly around: Surroundings, public last: number) {}

  /** Takes the next row. */
  add(cells: string[]): void {
    const result = readRow(cells, this.plan, this.around);
    if (!result.ok) return this.refuse(...result.errors);
    this.#rows.add({ row: ++this.last, ...result.row });
  }

  /** Takes the next row as one that cannot be a contact. */
  refuse(...errors: RowError[]): void {
    const row = ++this.last;
    this.failed++;
    for (const [n, error] of errors.slice(0, 50).entries()) {
      this.#errors.add({ row, n: n + 1, ...error });
    }
  }

  async store(sql: postgres.TransactionSql, importId: string): Promise<void> {
    // COPY would be a little faster, but the driver ends the process if Postgres dies meanwhile.
    await sql`
      insert into private.import_rows (import_id, "row", phone, data, custom)
      select ${importId}::uuid, r."row", r.phone, r.data, nullif(r.custom, 'null')
      from jsonb_to_recordset(${this.#rows.toString()}::text::jsonb)
        as r ("row" int, phone text, data jsonb, custom jsonb)`;
    if (this.#errors.isEmpty) return;
    await sql`
      insert into private.import_errors (import_id, "row", n, column_name, code, message)
      select ${importId}::uuid, e."row", e.n, left(e."column", 1000), e.code, e.message
      from jsonb_to_recordset(${this.#errors.toString()}::text::jsonb)
        as e ("row" int, n int, "column" text, code text, message text)`;
  }
}

const UNCLOSED: RowError = {
  column: null,
  code: "unclosed_quote",
  message: "A quote begins in this row and does not end. Reading went on with the next line.",
};

const TOO_LONG: RowError = {
  column: null,
  code: "too_long",
  message: "The row takes more than 1 MiB. Reading went on with the next line.",
};

async function surroundings(
  sql: postgres.TransactionSql,
  workspaceId: string,
  { places }: Plan,
): Promise<Surroundings> {
  const [{ country, stages, members }] = await sql<
    { country: string; stages: string; members: string }[]
  >`
    select w.default_country as country, array_to_json(w.stages)::text as stages,
      (select coalesce(json_agg(m.user_id), '[]') from public.workspace_members m
        where m.workspace_id = w.id and ${
    places.assigned_to !== undefined
  }::boolean)::text as members
    from public.workspaces w where w.id = ${workspaceId}::uuid`;
  return { country, stages: JSON.parse(stages), members: new Set(JSON.parse(members)) };
}

async function note(
  sql: postgres.TransactionSql,
  { import_id, size }: ImportArgs,
  { row, failed, offset }: ReadState,
): Promise<void> {
  const progress = size === 0 ? 50 : Math.floor(50 * offset / size);
  await sql`
    update public.contact_imports
    set status = 'running', rows = ${row}::int, failed = ${failed}::int, progress = ${progress}::int
    where id = ${import_id}::uuid`;
}

/** Ends an import whose file cannot be read to its end: nothing of it is written. */
async function fail(
  sql: postgres.TransactionSql,
  { import_id }: ImportArgs,
  { row }: ReadState,
): Promise<Record<string, unknown>> {
  const error = row > MOST_ROWS
    ? { code: "too_many_rows", detail: `A file may have ${MOST_ROWS} rows. Split it.` }
    : {
      code: "malformed_csv",
      detail: "Too many quotes are not closed: this does not look like CSV.",
    };
  await sql`
    update public.contact_imports
    set status = 'failed', rows = ${row}::int, failed = ${row}::int, progress = 100,
      error = ${json(sql as never, error)}::jsonb, finished_at = clock_timestamp()
    where id = ${import_id}::uuid`;
  return { phase: "drop" };
}
