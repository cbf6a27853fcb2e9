import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { closeDatabase } from "../../supabase/functions/_shared/database.ts";
import { ApiError, problemResponse, toProblem } from "../../supabase/functions/_shared/errors.ts";
import { isThere, ROOT } from "./files.ts";

export interface EdgeFunction {
  fetch(request: Request): Response | Promise<Response>;
}

const FOLDER = join(ROOT, "supabase", "functions");

/** Every function's app.ts: the same module that its index.ts serves in production. */
export async function loadFunctions(): Promise<Map<string, EdgeFunction>> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(FOLDER)) {
    if (isDirectory && !name.startsWith("_") && await isThere(join(FOLDER, name, "app.ts"))) {
      names.push(name);
    }
  }
  return new Map(
    await Promise.all(
      names.sort().map(async (name): Promise<[string, EdgeFunction]> => {
        const { app } = await import(pathToFileURL(join(FOLDER, name, "app.ts")).href);
        return [name, app];
      }),
    ),
  );
}

/** Flushes what the functions hold back and closes their connections. */
export async function closeFunctions(): Promise<void> {
  await closeDatabase();
}

export const PREFIX = "/functions/v1";

/** As Supabase's gateway does: off with the prefix, and the first segment names the function. */
export function dispatcher(functions: ReadonlyMap<string, EdgeFunction>) {
  return (request: Request): Response | Promise<Response> => {
    const url = new URL(request.url);
    const path = url.pathname.startsWith(`${PREFIX}/`) ? url.pathname.slice(PREFIX.length) : "";
    const name = path.split("/", 2)[1];
    const edgeFunction = name ? functions.get(name) : undefined;
    if (!edgeFunction) return problem(new ApiError("not_found"));
    url.pathname = path;
    return edgeFunction.fetch(new Request(url, request));
  };
}

/** The functions' own way to refuse, for what is answered before any of them is asked. */
export function problem(error: unknown): Response {
  const requestId = crypto.randomUUID();
  const response = problemResponse(toProblem(error), requestId);
  response.headers.set("x-request-id", requestId);
  return response;
}
