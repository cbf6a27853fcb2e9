import { join } from "node:path";
import { isThere, ROOT } from "../stack/files.ts";
import { failed, passed, type StepResult } from "./result.ts";

export interface FunctionConfig {
  name: string;
  verify_jwt?: string;
  import_map?: string;
  entrypoint?: string;
}

const SUPABASE = join(ROOT, "supabase");

/** The `[functions.<name>]` sections of config.toml; strings without their quotes. */
export function readFunctionSections(toml: string): FunctionConfig[] {
  const sections: FunctionConfig[] = [];
  let current: Record<string, string> | undefined;
  for (const line of toml.split("\n")) {
    const header = /^\s*\[([^\]]+)\]/.exec(line)?.[1];
    const pair = /^\s*(\w+)\s*=\s*(?:"([^"]*)"|(\S+))/.exec(line);
    if (header !== undefined) {
      const name = /^functions\.(.+)$/.exec(header)?.[1];
      current = undefined;
      if (name) sections.push(current = { name });
    } else if (pair && current) {
      current[pair[1]] = pair[2] ?? pair[3];
    }
  }
  return sections;
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
    if (section.verify_jwt !== "false") {
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
