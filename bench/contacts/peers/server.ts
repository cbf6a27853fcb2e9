/** A peer's process. */
import type { Node } from "./install.ts";

export interface ServerOptions {
  node: Node;
  /** The program and what it is told. */
  args: string[];
  cwd: string;
  env?: Record<string, string>;
  /** Answers with a success once it serves. */
  healthUrl: string;
}

const PATIENCE_MS = 60_000;
const GRACE_MS = 10_000;

/** Runs until it is disposed of: asked to stop, and killed if it does not. */
export async function startServer(options: ServerOptions): Promise<AsyncDisposable> {
  const child = command(options).spawn();
  const said = collect(child.stdout);
  const saidElse = collect(child.stderr);
  let ended = false;
  child.status.then(() => ended = true);
  const kill = (signal: Deno.Signal) => !ended && child.kill(signal);
  // However the bench ends, the server does as well.
  const unload = () => kill("SIGKILL");
  globalThis.addEventListener("unload", unload);
  const stop = async () => {
    kill("SIGTERM");
    const timer = setTimeout(unload, GRACE_MS);
    await child.status;
    clearTimeout(timer);
    globalThis.removeEventListener("unload", unload);
  };
  const deadline = Date.now() + PATIENCE_MS;
  while (!ended && Date.now() < deadline) {
    if (await answers(options.healthUrl)) return { [Symbol.asyncDispose]: stop };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await stop();
  throw new Error(`${options.args[0]} does not start: ${await said}${await saidElse}`);
}

/** Runs it to its end. @throws with what it said if it fails */
export async function runOnce(options: Omit<ServerOptions, "healthUrl">): Promise<void> {
  const { success, stdout, stderr } = await command(options).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`${options.args.join(" ")}: ${text(stdout)}${text(stderr)}`);
}

function command({ node, args, cwd, env }: Omit<ServerOptions, "healthUrl">): Deno.Command {
  return new Deno.Command(node.path, {
    args,
    cwd,
    env: { ...node.env, NODE_ENV: "production", DO_NOT_TRACK: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url);
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}

// Read to the end: a full pipe would stop the process.
async function collect(stream: ReadableStream<Uint8Array>): Promise<string> {
  let last = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    last = (last + text).slice(-4000);
  }
  return last;
}
