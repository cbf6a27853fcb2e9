/** Imports as a caller sees them. */
import assert from "node:assert/strict";
import type { Answer, Client } from "./http.ts";
import type { Contact, Data, Page } from "./types.ts";
import { until } from "./until.ts";

// Thousands of rows on a machine that does other things as well.
const PATIENCE_MS = 60_000;

export interface ImportError {
  row: number;
  column: string | null;
  code: string;
  message: string;
  contact_id?: string;
}

export interface Import {
  id: string;
  status: string;
  file_name: string | null;
  size_bytes: number;
  on_conflict: string;
  dry_run: boolean;
  columns: { column: string; field: string | null }[];
  progress: number;
  rows: number;
  created: number;
  updated: number;
  skipped: number;
  failed: number;
  error: { code: string } | null;
  revert: { status: string; deleted: number; restored: number; kept: number } | null;
  errors: ImportError[];
  conflicts: ImportError[];
  finished_at: string | null;
  reverted_at: string | null;
}

export type Options = Partial<{
  mapping: Record<string, string | null>;
  on_conflict: "update" | "skip";
  dry_run: boolean;
}>;

function search({ mapping, on_conflict, dry_run }: Options): string {
  const given = new URLSearchParams();
  if (mapping) given.set("mapping", JSON.stringify(mapping));
  if (on_conflict) given.set("on_conflict", on_conflict);
  if (dry_run !== undefined) given.set("dry_run", String(dry_run));
  return `import-contacts?${given}`;
}

/** Sends a file; the answer as it is. */
export function send(
  client: Client,
  file: string | Uint8Array<ArrayBuffer>,
  options: Options = {},
  headers: Record<string, string> = {},
): Promise<Answer<Data<Import>>> {
  return client.call("POST", search(options), {
    raw: file,
    headers: { "content-type": "text/csv", ...headers },
  });
}

/** Imports a file and waits for its end. */
export async function importCsv(
  client: Client,
  file: string | Uint8Array<ArrayBuffer>,
  options: Options = {},
): Promise<Import> {
  const answer = await send(client, file, options);
  assert.equal([200, 202].includes(answer.status), true, answer.text);
  return await ended(client, answer.body.data.id);
}

/** The import once it has ended, with counts that add up. */
export async function ended(client: Client, id: string): Promise<Import> {
  const found = await until(async () => {
    const now = await getImport(client, id);
    return ["pending", "running"].includes(now.status) ? undefined : now;
  }, PATIENCE_MS);
  assertAddsUp(found);
  return found;
}

export function assertAddsUp({ rows, created, updated, skipped, failed }: Import): void {
  assert.equal(rows, created + updated + skipped + failed);
}

export async function getImport(client: Client, id: string): Promise<Import> {
  const answer = await client.get<Data<Import>>(`import-contacts?import_id=${id}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data;
}

/** Reverts an import and waits for the end of that. */
export async function revert(client: Client, id: string): Promise<Import> {
  const answer = await client.post<Data<Import>>("import-contacts/revert", { import_id: id });
  assert.equal([200, 202].includes(answer.status), true, answer.text);
  return await until(async () => {
    const now = await getImport(client, id);
    return now.revert?.status === "running" ? undefined : now;
  }, PATIENCE_MS);
}

/** created, updated, skipped, failed. */
export function counts({ created, updated, skipped, failed }: Import): number[] {
  return [created, updated, skipped, failed];
}

/** What came of a revert: status, deleted, restored, kept. */
export function reverted({ status, revert }: Import): unknown[] {
  return [status, revert!.deleted, revert!.restored, revert!.kept];
}

/** `row column code` of each error. */
export function findings(errors: ImportError[]): string[] {
  return errors.map(({ row, column, code }) => `${row} ${column} ${code}`);
}

/** All contacts of a workspace, by their phones. */
export async function contactsByPhone(client: Client): Promise<Map<string, Contact>> {
  const found = new Map<string, Contact>();
  for (let cursor: string | null = "";;) {
    const answer: Answer<Page<Contact>> = await client.get(
      `list-contacts?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`,
    );
    assert.equal(answer.status, 200, answer.text);
    for (const contact of answer.body.data) found.set(contact.phone!, contact);
    cursor = answer.body.next_cursor;
    if (cursor === null) return found;
  }
}
