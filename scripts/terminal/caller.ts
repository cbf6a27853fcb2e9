/** Whom a command asks, and as whom. */
import { join } from "node:path";
import { ROOT } from "../stack/files.ts";
import { StackProblem } from "../stack/problem.ts";
import type { Caller } from "./api.ts";

/** The credentials file of the stack, as far as it is needed here. */
export interface Credentials {
  url: string;
  api_key: string;
}

/** Undefined where no stack runs. */
export function readCredentials(): Credentials | undefined {
  try {
    return JSON.parse(Deno.readTextFileSync(join(ROOT, ".leadbase", "credentials.json")));
  } catch {
    return undefined;
  }
}

/**
 * What --url and --key say, then LEADBASE_URL and LEADBASE_KEY, then the stack of this folder.
 *
 * @throws StackProblem if all are silent, or the address is none
 */
export function findCaller(
  named: { url?: string; key?: string },
  env: Record<string, string | undefined>,
  stack: Credentials | undefined,
): Caller {
  const url = named.url ?? (env.LEADBASE_URL || stack?.url);
  const key = named.key ?? (env.LEADBASE_KEY || stack?.api_key);
  if (!url || !key) throw usage("no running stack in this folder, so --url and --key are needed");
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
    throw usage("--url takes an http or https address");
  }
  return { url: url.replace(/\/+$/, ""), key };
}

/** A command that was called wrongly. */
export function usage(message: string): StackProblem {
  return new StackProblem(`${message} (--help lists the options)`, 2);
}
