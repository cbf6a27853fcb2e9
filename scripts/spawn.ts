import { resolve } from "node:path";
import config from "../deno.json" with { type: "json" };
import { type Credentials, credentialsPath } from "./stack/credentials.ts";
import { SUPERUSER } from "./stack/cluster.ts";
import { readTextIfThere, removeIfThere, ROOT } from "./stack/files.ts";
import { connectionUrl } from "./stack/postgres.ts";
import { loadSecrets } from "./stack/secrets.ts";

export interface SpawnOptions {
  data: string;
  /** Any free port by default. */
  port?: number;
  /** More flags for start.ts, such as --fresh. */
  args?: string[];
  env?: Record<string, string>;
}

export interface SpawnedStack {
  credentials: Credentials;
  credentialsPath: string;
  /** The superuser's; the embedded Postgres only. */
  adminDatabaseUrl: string;
  pid: number;
  /** The real stop: SIGTERM; resolves with the exit code when the process is gone. */
  stop(): Promise<number>;
  /** SIGKILL: nothing is finished, Postgres is left behind for the next start. */
  kill(): Promise<void>;
  /** The exit code, once it has ended, by itself or not. */
  ended: Promise<number>;
  /** All that it printed. */
  output(): string;
}

/** What a start that never became ready said. */
export class StartFailed extends Error {
  constructor(readonly exitCode: number, readonly output: string) {
    super(`start.ts ended with ${exitCode}: ${output.trim()}`);
  }
}

/** The real `scripts/start.ts` as a process of its own: what tests of faults have to kill. */
export async function spawnStack(options: SpawnOptions): Promise<SpawnedStack> {
  const data = resolve(options.data);
  // A killed server leaves its file behind.
  await removeIfThere(credentialsPath(data));
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...startArguments(),
      "--port",
      String(options.port ?? 0),
      "--data",
      data,
      ...options.args ?? [],
    ],
    cwd: ROOT,
    // It stops when we are gone, however we went: no test leaves a server behind.
    // Nothing is sent to WhatsApp itself: that address takes no connections.
    env: { LEADBASE_TASK: "1", GRAPH_API_URL: "http://127.0.0.1:9", ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said: string[] = [];
  const reading = Promise.all([collect(child.stdout, said), collect(child.stderr, said)]);
  const output = () => said.join("");
  const credentials = await waitForCredentials(data, child);
  if (!credentials) {
    const { code } = await child.status;
    await reading;
    throw new StartFailed(code, output());
  }
  const end = async (signal: Deno.Signal) => {
    try {
      child.kill(signal);
    } catch (error) {
      // Ended already, as it should.
      if (!(error instanceof TypeError)) throw error;
    }
    const { code } = await child.status;
    await reading;
    return code;
  };
  const { superuser_password } = await loadSecrets(data);
  return {
    credentials,
    credentialsPath: credentialsPath(data),
    adminDatabaseUrl: connectionUrl(
      SUPERUSER,
      superuser_password,
      Number(new URL(credentials.database_url).port),
    ),
    pid: child.pid,
    stop: () => end("SIGTERM"),
    kill: async () => void await end("SIGKILL"),
    ended: child.status.then(({ code }) => code),
    output,
  };
}

/** Those of `deno task start`: what is measured and killed is the server that people run. */
function startArguments(): string[] {
  const [, command] = config.tasks.start.command.split(" deno ");
  return command.split(" ");
}

async function collect(stream: ReadableStream<Uint8Array>, into: string[]): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) into.push(text);
}

// Longer than a first start with all its downloads may take.
const PATIENCE_MS = 120_000;

/** Undefined if the process ended instead, or had to be ended. */
async function waitForCredentials(
  data: string,
  child: Deno.ChildProcess,
): Promise<Credentials | undefined> {
  let ended = false;
  child.status.then(() => ended = true);
  const deadline = Date.now() + PATIENCE_MS;
  while (!ended && Date.now() < deadline) {
    const text = await readTextIfThere(credentialsPath(data));
    if (text !== undefined) return JSON.parse(text) as Credentials;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  if (!ended) child.kill("SIGTERM");
  return undefined;
}
