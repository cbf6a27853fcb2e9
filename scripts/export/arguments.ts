import type { Caller } from "../terminal/api.ts";
import { type Credentials, findCaller, usage } from "../terminal/caller.ts";

/** What `deno task export` is asked for. */
export interface ExportOptions extends Caller {
  /** Undefined: standard output. */
  file?: string;
  /** Those of export-contacts. */
  parameters: URLSearchParams;
}

export const USAGE = `Writes contacts as CSV: deno task export [FILE] [--<filter> VALUE …]

  FILE              where to                                   (standard output)
  --<filter> VALUE  any parameter of export-contacts, as in --status new,contacted --sort name
  --url URL         where the API is                           (LEADBASE_URL)
  --key KEY         an API key with contacts:read              (LEADBASE_KEY)
  --help            this text

Without --url and --key it is the stack of this folder (.leadbase/credentials.json).`;

/** Undefined if the question is how to use it. */
export function parseExportArguments(
  args: readonly string[],
  env: Record<string, string | undefined>,
  stack: Credentials | undefined,
): ExportOptions | undefined {
  if (args.includes("--help") || args.includes("-h")) return undefined;
  const parameters = new URLSearchParams();
  const files: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const [name, ...rest] = args[at].split("=");
    if (!name.startsWith("--")) {
      files.push(args[at]);
      continue;
    }
    const value = rest.length > 0 ? rest.join("=") : args[++at];
    if (value === undefined) throw usage(`${name} needs a value`);
    parameters.append(name.slice(2).replaceAll("-", "_"), value);
  }
  if (files.length > 1) throw usage("one file only");
  const [url, key] = ["url", "key"].map((name) => parameters.get(name) ?? undefined);
  for (const own of ["url", "key"]) parameters.delete(own);
  return { ...findCaller({ url, key }, env, stack), file: files[0], parameters };
}
