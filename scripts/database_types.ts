import { join } from "node:path";
import { readTextIfThere, ROOT } from "./stack/files.ts";
import { StackProblem } from "./stack/problem.ts";
import { run } from "./stack/process.ts";
import { remote, supabaseCli } from "./stack/supabase_cli.ts";

export const TYPES_FILE = join(ROOT, "supabase", "functions", "_shared", "database.types.ts");

/** The types of the public schema as the Supabase CLI writes them, formatted like everything else. */
export async function generateTypes(databaseUrl: string, signal?: AbortSignal): Promise<string> {
  const cli = await supabaseCli();
  const { flag, env } = remote(databaseUrl);
  const args = ["gen", "types", "--lang", "typescript", "--schema", "public", flag];
  const result = await cli(args, { env, signal });
  if (result.code !== 0) {
    throw new StackProblem(`The types cannot be generated: ${result.stderr.trim()}`);
  }
  return await format(`// Made by \`deno task types\`; not to be edited.\n\n${result.stdout}`);
}

export async function isCurrent(databaseUrl: string, signal?: AbortSignal): Promise<boolean> {
  return await readTextIfThere(TYPES_FILE) === await generateTypes(databaseUrl, signal);
}

async function format(source: string): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "database.types.ts");
    await Deno.writeTextFile(file, source);
    const result = await run(Deno.execPath(), ["fmt", "--no-config", "--line-width=100", file]);
    if (result.code !== 0) {
      throw new StackProblem(`The types cannot be formatted: ${result.stderr}`);
    }
    return await Deno.readTextFile(file);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
