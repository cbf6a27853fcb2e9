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
