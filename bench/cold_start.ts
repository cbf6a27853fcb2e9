/** How large each function is and how long it takes from nothing to its first answer. */
import { join } from "node:path";
import { readFunctionConfig } from "../scripts/testing/config.ts";
import { ROOT } from "../scripts/stack/files.ts";
import { freePort } from "../scripts/stack/ports.ts";
import { median } from "./figures.ts";

const ROUNDS = 7;

export async function benchColdStart(): Promise<void> {
  const temp = await Deno.makeTempDir({ prefix: "leadbase-cold-" });
  try {
    const empty = join(temp, "empty.js");
    await Deno.writeTextFile(empty, "Deno.serve(() => new Response());");
    console.log(`Median of ${ROUNDS} starts, from spawning the process to its first answer\n`);
    console.log("| function | minified KB | first answer ms |");
    console.log("|---|---|---|");
    console.log(`| (an empty Deno.serve) | 0 | ${await firstAnswer(empty, "empty")} |`);
    for (const { name, entrypoint } of await readFunctionConfig()) {
      const bundle = join(temp, `${name}.js`);
      await build(join(ROOT, "supabase", entrypoint ?? ""), bundle);
      const kilobytes = Math.round((await Deno.stat(bundle)).size / 1024);
      console.log(`| ${name} | ${kilobytes} | ${await firstAnswer(bundle, name)} |`);
    }
  } finally {
    await Deno.remove(temp, { recursive: true });
  }
}

async function build(entry: string, output: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--minify", "--quiet", `--output=${output}`, entry],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

async function firstAnswer(bundle: string, name: string): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) times.push(await start(bundle, name));
  return Math.round(median(times));
}

/** Milliseconds. OPTIONS needs no database: what is measured is the function. */
async function start(bundle: string, name: string): Promise<number> {
  const port = await freePort();
  const began = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", "--no-config", bundle],
    env: { DENO_SERVE_ADDRESS: `tcp:127.0.0.1:${port}` },
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    while (performance.now() - began < 10_000) {
      try {
        const answer = await fetch(`http://127.0.0.1:${port}/${name}`, { method: "OPTIONS" });
        await answer.body?.cancel();
        return performance.now() - began;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    }
    throw new Error(`${name} did not answer within ten seconds.`);
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}
