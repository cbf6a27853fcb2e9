import { join } from "node:path";
import { ROOT } from "../stack/files.ts";
import { npmCommand, run } from "../stack/process.ts";
import { failed, passed, type StepResult } from "./result.ts";

type Check = (signal?: AbortSignal) => Promise<StepResult>;

export const checkFormat = denoCheck(["fmt", "--check"]);
export const checkLint = denoCheck(["lint"]);
/** Every module that git would take, so that one nobody imports is checked as well. */
export const checkTypes = denoCheck(["check"]);

function denoCheck(args: string[]): Check {
  return (signal) => check(Deno.execPath(), args, signal);
}

export const checkMigrations: Check = async (signal) => {
  const folder = join(ROOT, "supabase", "migrations");
  const files: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith(".sql")) files.push(join("supabase", "migrations", name));
  }
  if (files.length === 0) return { passed: 0, failed: 0, failures: [] };
  return await check(...npmCommand("npx", ["-y", "squawk-cli@2.66.0", ...files.sort()]), signal);
};

async function check(program: string, args: string[], signal?: AbortSignal): Promise<StepResult> {
  const result = await run(program, args, { cwd: ROOT, env: { NO_COLOR: "1" }, signal });
  return result.code === 0 ? passed() : failed(`${result.stdout}\n${result.stderr}`.trim());
}
