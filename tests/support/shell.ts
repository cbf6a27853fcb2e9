/** Runs lines of a shell as a reader of the documents would. */
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stack } from "./stack.ts";

export interface Said {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * The script in `sh`, with those variables and none of Deno's. `curl` is the machine's own; where
 * there is none, one that knows the options of the documents stands in for it.
 */
export async function runShell(script: string, env: Record<string, string>): Promise<Said> {
  const standIn = await isMissing("curl") ? await makeCurl() : undefined;
  try {
    const path = Deno.env.get("PATH") ?? "";
    const output = await new Deno.Command("sh", {
      args: ["-c", script],
      env: { ...env, PATH: standIn ? `${standIn}${delimiter}${path}` : path },
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    return {
      code: output.code,
      stdout: text.decode(output.stdout),
      stderr: text.decode(output.stderr),
    };
  } finally {
    if (standIn) await Deno.remove(standIn, { recursive: true });
  }
}

/** What the README has its reader set. */
export function readersEnvironment(key: string, credentialsPath: string): Record<string, string> {
  return { LEADBASE_URL: stack.url, LEADBASE_KEY: key, LEADBASE_CREDENTIALS: credentialsPath };
}

async function isMissing(program: string): Promise<boolean> {
  const { code } = await new Deno.Command("sh", {
    args: ["-c", `command -v ${program}`],
    stdout: "null",
    stderr: "null",
  }).output();
  return code !== 0;
}

/** A folder with a `curl` in it, run by Node as everything on a reader's machine is. */
async function makeCurl(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "leadbase-curl-" });
  const module = fileURLToPath(new URL("curl.mjs", import.meta.url));
  await Deno.writeTextFile(join(folder, "curl"), `#!/bin/sh\nexec node "${module}" "$@"\n`, {
    mode: 0o755,
  });
  return folder;
}
