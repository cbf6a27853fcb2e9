/** Postgres's own process: started, looked after and stopped with pg_ctl. */
import { join } from "node:path";
import { lastError } from "./cluster.ts";
import { isThere, readTextFrom, readTextIfThere, removeIfThere, sizeIfThere } from "./files.ts";
import type { Owner } from "./owner.ts";
import { freePort } from "./ports.ts";
import { StackProblem } from "./problem.ts";
import { isAlive } from "./process.ts";

/** A cluster, what runs it, and as whom. */
export interface Installation {
  /** The folder with the data. */
  cluster: string;
  /** The folder with bin, lib and share. */
  binaries: string;
  owner: Owner;
}

/** Durable as production is; sized for the machine. */
const SETTINGS: Record<string, string> = {
  listen_addresses: "127.0.0.1",
  // Socket paths have a length limit that a deep checkout exceeds; TCP serves everyone.
  unix_socket_directories: "",
  max_connections: "100",
  shared_buffers: `${sharedBuffersMb(Deno.systemMemoryInfo().total)}MB`,
  max_wal_size: "2GB",
  random_page_cost: "1.1",
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  log_min_messages: "warning",
  cluster_name: "leadbase",
};

/**
 * A quarter of the machine's memory, as Postgres advises, but no more than a project at home needs;
 * what is not used of it takes none. Bytes → MB.
 */
export function sharedBuffersMb(memory: number): number {
  return Math.min(Math.max(Math.floor(memory / 4 / 2 ** 20), 128), 1024);
}

/** On the wished port if it is free, else on another; returns which. */
export async function launchSomewhere(
  installation: Installation,
  wished?: number,
): Promise<number> {
  await removeIfThere(logOf(installation));
  for (let times = 1;; times++) {
    const port = freePort(times === 1 ? wished : 0);
    const said = await attempt(installation, port);
    if (said === undefined) return port;
    // Another program took the port, or a killed server's last processes are still going.
    const passing = /could not bind|already in use|still in use|lock file/i.test(said);
    if (!passing || times === 5) throw doesNotStart(installation, said);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** On exactly this port, in one attempt; throws what stands in the way. */
export async function launchAgain(installation: Installation, port: number): Promise<void> {
  const said = await attempt(installation, port);
  if (said !== undefined) throw doesNotStart(installation, said);
}

/**
 * Undefined once it serves, else what it said. pg_ctl gives Postgres a session of its own, so that
 * Ctrl-C in the terminal reaches us alone and the requests in flight can still be finished; on
 * Windows it also drops administrator rights.
 */
async function attempt(
  installation: Installation,
  port: number,
): Promise<string | undefined> {
  const log = logOf(installation);
  // The last words of one that died stay in the log, and are not taken for those of the next.
  const before = await sizeIfThere(log) ?? 0;
  const result = await pgCtl(installation, [
    "start",
    "--wait",
    "--timeout=300",
    `--log=${log}`,
    `--options=${serverOptions(port)}`,
  ]);
  if (result.code === 0) return undefined;
  const said = await isThere(log) ? await readTextFrom(log, before) : "";
  return said || result.stderr;
}

function logOf({ cluster }: Installation): string {
  return join(cluster, "server.log");
}

function doesNotStart(installation: Installation, said: string): StackProblem {
  const log = logOf(installation);
  return new StackProblem(`Postgres does not start: ${lastError(said)} (log: ${log})`);
}

/** Whether its process is there; it may be starting up or recovering still. */
export async function isRunning({ cluster }: Installation): Promise<boolean> {
  const pidFile = await readTextIfThere(join(cluster, "postmaster.pid"));
  // Absent after a clean stop, empty for the moment in which a new server writes it.
  const pid = Number(pidFile?.split("\n")[0]);
  return pid > 0 && isAlive(pid);
}

function serverOptions(port: number): string {
  const settings = Object.entries(SETTINGS).map(([name, value]) => `-c ${name}=${value}`);
  return [`-p ${port}`, ...settings].join(" ");
}

// What `pg_ctl status` exits with, as a service of Linux would (LSB).
const NOT_RUNNING = 3;

/** Cuts off its clients and waits for a clean shutdown; one that is gone is as good as stopped. */
export async function shutDown(installation: Installation): Promise<void> {
  const result = await pgCtl(installation, [
    "stop",
    "--mode=fast",
    "--wait",
    "--timeout=60",
  ]);
  if (result.code === 0) return;
  // Stopped by hand, or killed, which leaves its pid file.
  const status = await pgCtl(installation, ["status"]);
  if (status.code === NOT_RUNNING) return;
  throw new StackProblem(`Postgres does not stop: ${lastError(result.stderr)}`);
}

function pgCtl({ cluster, binaries, owner }: Installation, args: string[]) {
  return owner.run(join(binaries, "bin", "pg_ctl"), [`--pgdata=${cluster}`, ...args], {
    cwd: Deno.build.os === "windows" ? undefined : "/",
  });
}
