import { parseArgs } from "node:util";
import type { Caller } from "../terminal/api.ts";
import { type Credentials, findCaller, usage } from "../terminal/caller.ts";

/** What `deno task import` is asked for. */
export interface ImportOptions extends Caller {
  file: string;
  onConflict?: string;
  mapping?: string;
  /** A label of the Encoding Standard, as in "macintosh". */
  charset?: string;
  dryRun: boolean;
  /** Where all errors go as CSV. */
  errors?: string;
}

export const USAGE = `Imports contacts from a CSV file: deno task import FILE [options]

  --on-conflict update|skip  what happens to contacts that exist      (skip)
  --mapping JSON             column → field, where the guess is wrong
  --charset NAME             how the text is encoded, if not as UTF-8, UTF-16 or
                             Windows-1252, e.g. macintosh or windows-1250
  --dry-run                  check and report, write nothing
  --errors FILE              all errors as CSV
  --url URL                  where the API is                         (LEADBASE_URL)
  --key KEY                  an API key with contacts:write           (LEADBASE_KEY)
  --help                     this text

Without --url and --key it is the stack of this folder (.leadbase/credentials.json).`;

/** Undefined if the question is how to use it. */
export function parseImportArguments(
  args: readonly string[],
  env: Record<string, string | undefined>,
  stack: Credentials | undefined,
): ImportOptions | undefined {
  const { values, positionals } = readFlags(args);
  if (values.help) return undefined;
  if (positionals.length !== 1) throw usage("one file has to be named");
  if (values.charset !== undefined && !/^[\w.:-]+$/.test(values.charset)) {
    throw usage("--charset takes a name such as windows-1250");
  }
  return {
    ...findCaller(values, env, stack),
    file: positionals[0],
    onConflict: values["on-conflict"],
    mapping: values.mapping,
    charset: values.charset,
    dryRun: values["dry-run"] ?? false,
    errors: values.errors,
  };
}

function readFlags(args: readonly string[]) {
  const one = { type: "string" } as const;
  const yes = { type: "boolean" } as const;
  const options = {
    "on-conflict": one,
    mapping: one,
    charset: one,
    "dry-run": yes,
    errors: one,
    url: one,
    key: one,
    help: { ...yes, short: "h" },
  };
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw usage((error as Error).message.split("\n")[0]);
  }
}
