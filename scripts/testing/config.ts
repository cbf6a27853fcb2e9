import { parse } from "smol-toml";
import { join } from "node:path";
import { isThere, ROOT } from "../stack/files.ts";
import { failed, passed, type StepResult } from "./result.ts";

export interface FunctionConfig {
  name: string;
  verify_jwt?: boolean;
  import_map?: string;
  entrypoint?: string;
}

const SUPABASE = join(ROOT, "supabase");

/** The `[functions.<name>]` sections of config.toml. */
export function readFunctionSections(toml: string): FunctionConfig[] {
  const { functions = {} } = parse(toml) as { functions?: Record<string, object> };
  return Object.entries(functions).map(([name, section]) => ({ name, ...section }));
}

export async function readFunctionConfig(): Promise<FunctionConfig[]> {
  return readFunctionSections(await Deno.readTextFile(join(SUPABASE, "config.toml")));
}

export async function functionFolders(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(SUPABASE, "functions"))) {
    if (isDirectory && !name.startsWith("_") && name !== "node_modules") names.push(name);
  }
  return names.sort();
}

/** What `supabase functions deploy` reads has a section for each folder, and nothing else. */
export async function checkConfig(): Promise<StepResult> {
  const sections = await readFunctionConfig();
  const folders = await functionFolders();
  const complaints: string[] = [];
  for (const folder of folders) {
    if (!sections.some(({ name }) => name === folder)) {
      complaints.push(`config.toml has no [functions.${folder}]`);
    }
  }
  for (const section of sections) {
    if (!folders.includes(section.name)) {
      complaints.push(`[functions.${section.name}] has no folder`);
      continue;
    }
    if (section.verify_jwt !== false) {
      complaints.push(`[functions.${section.name}] lets the gateway refuse our API keys`);
    }
    for (const path of [section.import_map, section.entrypoint]) {
      if (!path || !await isThere(join(SUPABASE, path))) {
        complaints.push(`[functions.${section.name}] names no such file: ${path}`);
      }
    }
  }
  return complaints.length === 0 ? passed() : failed(complaints.join("\n"));
}
