import { join } from "node:path";
import { readTextIfThere } from "./files.ts";
import { StackProblem } from "./problem.ts";
import { type Finished, npmCommand, run, type RunOptions } from "./process.ts";

/**
 * Run through npx, not Deno's npm: the package has one binary package for each platform, and Deno
 * would want them all.
 */
const VERSION = "3.1.0";

export type SupabaseCli = (args: readonly string[], options?: RunOptions) => Promise<Finished>;

/** The address as the CLI takes it: the password stays out of the list of processes. */
export function remote(databaseUrl: string): { flag: string; env: Record<string, string> } {
  const url = new URL(databaseUrl);
  const password = decodeURIComponent(url.password);
  url.password = "";
  const env: Record<string, string> = password ? { PGPASSWORD: password } : {};
  // Otherwise it tries TLS first and warns, on standard output too, that there is none.
  if (/^(127\.0\.0\.1|localhost|\[::1\])$/.test(url.hostname)) env.PGSSLMODE = "disable";
  return { flag: `--remote=${url}`, env };
}

let found: Promise<SupabaseCli> | undefined;

/** Called early, it downloads beside other work. */
export function supabaseCli(): Promise<SupabaseCli> {
  found ??= findCli();
  found.catch(() => found = undefined);
  return found;
}

/** Straight from npx's own cache if it is there, which saves npx's second and a half. */
async function findCli(): Promise<SupabaseCli> {
  const script = await installedScript() ?? await install();
  const [program, prefix] = script
    ? ["node", [script]]
    : npmCommand("npx", ["-y", `supabase@${VERSION}`]);
  return (args, options) =>
    run(program, [...prefix, ...args], {
      ...options,
      env: { SUPABASE_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1", ...options?.env },
    });
}

async function install(): Promise<string | undefined> {
  const reason = await run(...npmCommand("npx", ["-y", `supabase@${VERSION}`, "--version"])).then(
    ({ code, stderr }) => code === 0 ? undefined : stderr.trim().split("\n").at(-1),
    (error: Error) => error.message,
  );
  if (reason !== undefined) {
    throw new StackProblem(`The Supabase CLI cannot be fetched with npx: ${reason}`);
  }
  return await installedScript();
}

async function installedScript(): Promise<string | undefined> {
  const folder = join(npmCache(), "_npx");
  try {
    for await (const { name } of Deno.readDir(folder)) {
      const modules = join(folder, name, "node_modules");
      const manifest = await readTextIfThere(join(modules, "supabase", "package.json"));
      if (manifest && JSON.parse(manifest).version === VERSION && await hasBinary(modules)) {
        return join(modules, "supabase", "dist", "supabase.js");
      }
    }
  } catch {
    // No cache there, or not ours to read: npx knows where its own is.
  }
  return undefined;
}

async function hasBinary(modules: string): Promise<boolean> {
  for await (const { name } of Deno.readDir(join(modules, "@supabase"))) {
    const manifest = await readTextIfThere(join(modules, "@supabase", name, "package.json"));
    if (name.startsWith("cli-") && manifest && JSON.parse(manifest).version === VERSION) {
      return true;
    }
  }
  return false;
}

function npmCache(): string {
  const { npm_config_cache, LOCALAPPDATA, HOME } = Deno.env.toObject();
  return npm_config_cache ??
    (LOCALAPPDATA ? join(LOCALAPPDATA, "npm-cache") : join(HOME ?? "", ".npm"));
}
