import { join } from "node:path";
import { removeIfThere } from "./files.ts";
import type { Owner } from "./owner.ts";
import { StackProblem } from "./problem.ts";

/** The bootstrap superuser's name, as on hosted projects: `postgres` is no superuser there. */
export const SUPERUSER = "supabase_admin";

const LOCALES = Deno.build.os === "windows"
  ? ["en-US.UTF-8", "English_United States.1252"]
  : ["C.UTF-8", "en_US.UTF-8"];

/**
 * Makes the cluster under another name and renames it when it is whole: a start that was killed
 * half-way leaves nothing that the next one could take for a cluster. Not synced to disk here:
 * `syncCluster` does that beside the rest of the start.
 */
export async function makeCluster(
  cluster: string,
  binaries: string,
  owner: Owner,
  password: string,
  signal?: AbortSignal,
): Promise<void> {
  const draft = `${cluster}.new`;
  const passwordFile = join(draft, "..", "password.new");
  try {
    await Deno.writeTextFile(passwordFile, password, { mode: 0o600 });
    if (owner.ids) await Deno.chown(passwordFile, owner.ids.uid, owner.ids.gid);
    for (const locale of [...LOCALES, "C"]) {
      await removeIfThere(draft);
      await Deno.mkdir(draft, { mode: 0o700 });
      if (owner.ids) await Deno.chown(draft, owner.ids.uid, owner.ids.gid);
      if (await initdb(draft, binaries, owner, passwordFile, locale, signal)) break;
    }
  } finally {
    await removeIfThere(passwordFile);
  }
  await Deno.rename(draft, cluster);
}

/** False if this machine has no such locale, so that another can be tried. */
async function initdb(
  folder: string,
  binaries: string,
  owner: Owner,
  passwordFile: string,
  locale: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const result = await owner.run(join(binaries, "bin", "initdb"), [
    `--pgdata=${folder}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    // libc, since pg_trgm drops every non-ASCII letter under the builtin provider and under C.
    "--locale-provider=libc",
    `--locale=${locale}`,
    "--lc-messages=C",
    "--no-sync",
    "--no-instructions",
  ], { cwd: Deno.build.os === "windows" ? undefined : "/", signal });
  if (result.code === 0) return true;
  signal?.throwIfAborted();
  if (locale !== "C" && /locale/i.test(result.stderr)) return false;
  throw new StackProblem(`The database could not be made: ${lastError(result.stderr)}`);
}

/** Once for all files: initdb's own sync would hold up the start. */
export async function syncCluster(cluster: string, binaries: string, owner: Owner): Promise<void> {
  const result = await owner.run(join(binaries, "bin", "initdb"), [
    `--pgdata=${cluster}`,
    "--sync-only",
  ], { cwd: Deno.build.os === "windows" ? undefined : "/" });
  if (result.code !== 0) {
    throw new StackProblem(`The database could not be saved: ${lastError(result.stderr)}`);
  }
}

/** The line that names the cause, from the output of initdb, pg_ctl or the server. */
export function lastError(output: string): string {
  const lines = output.split("\n").map((line) => line.trim()).filter(Boolean);
  const telling = lines.filter((line) => /(fatal|panic|error):/i.test(line));
  return (telling.at(-1) ?? lines.at(-1) ?? "no reason given")
    .replace(/^.*?(fatal|panic|error):\s*/i, "");
}
