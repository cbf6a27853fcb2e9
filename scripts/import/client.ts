/** What the terminal asks the API about an import. */
import { StackProblem } from "../stack/problem.ts";
import { request, requestJson } from "../terminal/api.ts";
import type { ImportOptions } from "./arguments.ts";

/** The part of an import that is shown. */
export interface ImportState {
  id: string;
  status: "pending" | "running" | "completed" | "failed" | "reverted";
  dry_run: boolean;
  columns: { column: string; field: string | null }[];
  progress: number;
  rows: number;
  created: number;
  updated: number;
  skipped: number;
  failed: number;
  error: { code: string; detail: string | null } | null;
  errors: { row: number; column: string | null; message: string }[];
}

/** Uploads a file; `sent` hears how many bytes have gone. */
export async function upload(
  options: ImportOptions,
  file: Deno.FsFile,
  sent: (bytes: number) => void,
): Promise<ImportState> {
  const query = new URLSearchParams();
  if (options.onConflict) query.set("on_conflict", options.onConflict);
  if (options.mapping) query.set("mapping", options.mapping);
  if (options.dryRun) query.set("dry_run", "true");
  let bytes = 0;
  const counting = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      sent(bytes += chunk.length);
      controller.enqueue(chunk);
    },
  });
  return await ask(options, `import-contacts?${query}`, {
    method: "POST",
    headers: {
      "content-type": options.charset ? `text/csv; charset=${options.charset}` : "text/csv",
    },
    body: file.readable.pipeThrough(counting),
  });
}

export async function state(options: ImportOptions, id: string): Promise<ImportState> {
  return await ask(options, `import-contacts?import_id=${id}`);
}

/** All errors as CSV, into a file that is open, instead of what is in it. */
export async function saveErrors(
  options: ImportOptions,
  id: string,
  file: Deno.FsFile,
): Promise<void> {
  const { body } = await request(options, `import-contacts/errors?import_id=${id}`);
  await replace(file, body!).catch((error) => {
    throw new StackProblem(`The errors could not be saved: ${(error as Error).message}`);
  });
}

async function replace(file: Deno.FsFile, body: ReadableStream<Uint8Array>): Promise<void> {
  // Not so a terminal or a pipe.
  if ((await file.stat()).isFile) await file.truncate();
  await body.pipeTo(file.writable);
}

async function ask(options: ImportOptions, path: string, init?: RequestInit): Promise<ImportState> {
  return (await requestJson<{ data: ImportState }>(options, path, init)).data;
}
