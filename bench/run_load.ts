import { fileURLToPath } from "node:url";
import type { Figures } from "./figures.ts";

/** One request, sent over and over. */
export interface LoadRequest {
  method: "GET" | "POST";
  /** Goes after the path of the url. `{n}` stands for a number that no other request of any run has. */
  path: string;
  headers: Record<string, string>;
  /** With `{n}` as in the path. */
  body?: string;
  /** What the body is signed with. */
  secret?: string;
}

export interface Load extends LoadRequest {
  url: string;
  connections: number;
  seconds: number;
  /** One digit; keeps the numbers of runs apart. */
  run: number;
}

/** Load from a process of its own. @throws unless every answer is a success */
export async function runLoad(load: Load): Promise<Figures> {
  const program = fileURLToPath(new URL("./load.ts", import.meta.url));
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", program, JSON.stringify(load)],
  }).output();
  const what = `${load.method} ${load.path}`;
  if (!success) throw new Error(`${what}: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}
