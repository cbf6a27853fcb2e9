import { fileURLToPath } from "node:url";
import type { Figures } from "../figures.ts";

/** Runs one of the programs beside this file; it takes JSON and prints figures. */
export async function runChild(program: "deliver.ts" | "bare.ts", given: object): Promise<Figures> {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", path, JSON.stringify(given)],
  }).output();
  if (!success) throw new Error(`${program}: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Starts a program beside this file that prints its address and runs until it is disposed of. */
export async function startChild(
  program: "bare_receiver.ts",
  given: object,
): Promise<{ url: string } & AsyncDisposable> {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", path, JSON.stringify(given)],
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await lines.read();
  if (value === undefined) throw new Error(`${program} ended before it began.`);
  const end = async () => {
    child.kill("SIGTERM");
    await lines.cancel();
    await child.status;
  };
  return { ...JSON.parse(value), [Symbol.asyncDispose]: end };
}
