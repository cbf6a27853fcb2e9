import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "../stack/files.ts";
import { run } from "../stack/process.ts";
import { type FunctionConfig, readFunctionConfig } from "./config.ts";
import { combine, failed, passed, type StepResult } from "./result.ts";

const MAX_BYTES = 5 * 1024 * 1024;
// The hosted runtime is older than the local Deno: everything else is web or Node API.
const ALLOWED_DENO_APIS = ["serve", "env"];

/**
 * Builds every function from a copy of supabase/functions alone, with the import map that
 * config.toml names: what it needs from elsewhere in the checkout is missing here as it would be
 * after a deployment.
 */
export async function checkBundles(temp: string, signal?: AbortSignal): Promise<StepResult> {
  const copy = await Deno.makeTempDir({ dir: temp, prefix: "bundle-" });
  await copyFolder(join(ROOT, "supabase", "functions"), join(copy, "functions"));
  await Deno.copyFile(join(ROOT, "deno.lock"), join(copy, "deno.lock"));
  const results: StepResult[] = [];
  for (const section of await readFunctionConfig()) {
    results.push(await checkBundle(section, copy, signal));
  }
  return combine(results);
}

async function checkBundle(
  section: FunctionConfig,
  copy: string,
  signal?: AbortSignal,
): Promise<StepResult> {
  const { name, import_map = "", entrypoint = "" } = section;
  const options = [`--config=${join(copy, import_map)}`, `--lock=${join(copy, "deno.lock")}`];
  const output = join(copy, `${name}.js`);
  const entry = join(copy, entrypoint);
  const info = await deno(["info", "--json", ...options, entry], copy, signal);
  if (info.code !== 0) return failed(`${name}: ${info.stderr.trim()}`);
  const complaints = await complaintsAbout(JSON.parse(info.stdout).modules, copy);
  const built = await deno(["bundle", ...options, `--output=${output}`, entry], copy, signal);
  if (built.code !== 0) return failed(`${name}: ${built.stderr.trim()}`);
  const { size } = await Deno.stat(output);
  if (size > MAX_BYTES) complaints.push(`its bundle has ${megabytes(size)} MB; at most 5`);
  if (complaints.length > 0) return failed(...complaints.map((line) => `${name}: ${line}`));
  return passed(`${name} ${megabytes(size)} MB`);
}

interface ModuleInfo {
  specifier: string;
  error?: string;
}

async function complaintsAbout(modules: ModuleInfo[], copy: string): Promise<string[]> {
  const complaints: string[] = [];
  for (const { specifier, error } of modules) {
    if (error) {
      complaints.push(error);
    } else if (/^(npm|node):/.test(specifier)) {
      continue;
    } else if (!specifier.startsWith("file:") || isOutside(specifier, copy)) {
      complaints.push(`imports ${specifier}, which is neither npm: nor in supabase/functions`);
    } else {
      const path = fileURLToPath(specifier);
      for (const api of denoApis(await Deno.readTextFile(path))) {
        complaints.push(`${relative(copy, path)} uses Deno.${api}, which hosting may lack`);
      }
    }
  }
  return complaints;
}

function isOutside(specifier: string, copy: string): boolean {
  return relative(copy, fileURLToPath(specifier)).startsWith("..");
}

/** The members of Deno that a module uses and hosted functions should not. */
export function denoApis(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
  const used = [...code.matchAll(/\bDeno\s*\??\.\s*(\w+)/g)].map((match) => match[1]);
  return [...new Set(used)].filter((api) => !ALLOWED_DENO_APIS.includes(api));
}

function deno(args: string[], cwd: string, signal?: AbortSignal) {
  return run(Deno.execPath(), args, { cwd, env: { NO_COLOR: "1" }, signal });
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(2);
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (name === "node_modules") continue;
    const target = join(to, name);
    if (isDirectory) {
      await copyFolder(join(from, name), target);
    } else {
      await Deno.mkdir(dirname(target), { recursive: true });
      await Deno.copyFile(join(from, name), target);
    }
  }
}
