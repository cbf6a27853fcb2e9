/** What the terminal asks the API about an import. */
import { StackProblem } from "../stack/problem.ts";
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
    headers: { "content-type": "text/csv" },
    body: file.readable.pipeThrough(counting),
  });
}

export async function state(options: ImportOptions, id: string): Promise<ImportState> {
  return await ask(options, `import-contacts?import_id=${id}`);
}

/** All errors as CSV, into a file. */
export async function saveErrors(options: ImportOptions, id: string, path: string): Promise<void> {
  const response = await request(options, `import-contacts/errors?import_id=${id}`);
  await Deno.writeFile(path, response.body!);
}

async function ask(options: ImportOptions, path: string, init?: RequestInit): Promise<ImportState> {
  return (await (await request(options, path, init)).json()).data;
}

async function request(
  { url, key }: ImportOptions,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, ...init.headers };
  const response = await fetch(`${url}/${path}`, { ...init, headers }).catch((error) => {
    throw new StackProblem(`${url} does not answer: ${(error as Error).message}`);
  });
  if (response.ok) return response;
  throw new StackProblem(await reason(response));
}

async function reason(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { detail, code } = JSON.parse(text);
    return `${detail} (${response.status} ${code})`;
  } catch {
    return `The server answers ${response.status}.`;
  }
}
