import { join } from "node:path";
import postgres from "postgres";
import { locatePostgres } from "./binaries.ts";
import { lastError, makeCluster, SUPERUSER, syncCluster } from "./cluster.ts";
import { isThere, readTextIfThere, removeIfThere } from "./files.ts";
import { findOwner, type Owner, withAccess } from "./owner.ts";
import { freePort } from "./ports.ts";
import { StackProblem } from "./problem.ts";

export interface EmbeddedPostgres {
  port: number;
  /** The superuser's address; migrations and functions connect as `postgres`. */
  adminUrl: string;
  /** The folder with bin, lib and share. */
  binaries: string;
  /** Resolves once a new cluster is safe on disk. */
  synced: Promise<void>;
  /** Waits for a clean shutdown; clients still connected are cut off. */
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** The data folder; the cluster is its subfolder `postgres`. */
  data: string;
  password: string;
  /** Drop the cluster first. */
  fresh?: boolean;
  /** Tried first; another is taken if it is in use. */
  port?: number;
  signal?: AbortSignal;
}

/** Durable as production is; sized for a laptop. */
const SETTINGS: Record<string, string> = {
  listen_addresses: "127.0.0.1",
  // Socket paths have a length limit that a deep checkout exceeds; TCP serves everyone.
  unix_socket_directories: "",
  max_connections: "100",
  shared_buffers: "256MB",
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

export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const binaries = await locatePostgres();
  const cluster = join(options.data, "postgres");
  let owner = await findOwner(cluster);
  // A folder made by mktemp is closed to all others; what is secret in it has modes of its own.
  if (owner.ids) await Deno.chmod(options.data, 0o711);
  owner = await withAccess(owner, options.data, join(binaries, "bin", "postgres"));
  await stopOrphan(cluster, binaries, owner, options.password);
  if (options.fresh) await removeIfThere(cluster);
  const isNew = !await isThere(cluster);
  if (isNew) await makeCluster(cluster, binaries, owner, options.password, options.signal);
  options.signal?.throwIfAborted();
  const port = await launch(cluster, binaries, owner, options.port);
  return {
    port,
    adminUrl: connectionUrl(SUPERUSER, options.password, port),
    binaries,
    synced: isNew ? syncCluster(cluster, binaries, owner) : Promise.resolve(),
    stop: () => shutDown(cluster, binaries, owner),
  };
}

export function connectionUrl(role: string, password: string, port: number): string {
  return `postgresql://${role}:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
}

/**
 * pg_ctl gives Postgres a session of its own, so that Ctrl-C in the terminal reaches us alone and
 * the requests in flight can still be finished; on Windows it also drops administrator rights.
 */
async function launch(
  cluster: string,
  binaries: string,
  owner: Owner,
  wished?: number,
): Promise<number> {
  const log = join(cluster, "server.log");
  for (let attempt = 1;; attempt++) {
    const port = freePort(attempt === 1 ? wished : 0);
    await removeIfThere(log);
    const result = await pgCtl(cluster, binaries, owner, [
      "start",
      "--wait",
      "--timeout=300",
      `--log=${log}`,
      `--options=${serverOptions(port)}`,
    ]);
    if (result.code === 0) return port;
    const said = await readTextIfThere(log) ?? result.stderr;
    // Another program took the port, or a killed server's last processes are still going.
    const passing = /could not bind|already in use|still in use|lock file/i.test(said);
    if (!passing || attempt === 5) {
      throw new StackProblem(`Postgres does not start: ${lastError(said)} (log: ${log})`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function serverOptions(port: number): string {
  const settings = Object.entries(SETTINGS).map(([name, value]) => `-c ${name}=${value}`);
  return [`-p ${port}`, ...settings].join(" ");
}

/**
 * A server that was killed leaves its Postgres running. It is stopped and started again rather
 * than taken over: its settings and port may be another version's. Only a Postgres that lets our
 * password in is ours; a process id in a file proves nothing once ids have been reused.
 */
async function stopOrphan(
  cluster: string,
  binaries: string,
  owner: Owner,
  password: string,
): Promise<void> {
  const pidFile = await readTextIfThere(join(cluster, "postmaster.pid"));
  const port = Number(pidFile?.split("\n")[3]);
  if (!port || !await answers(port, password)) return;
  await shutDown(cluster, binaries, owner);
}

/** Waits while it is starting up, recovering or shutting down. */
async function answers(port: number, password: string): Promise<boolean> {
  const sql = postgres(connectionUrl(SUPERUSER, password, port), { max: 1, connect_timeout: 5 });
  try {
    for (let attempt = 0; attempt < 120; attempt++) {
      try {
        await sql`select 1`;
        return true;
      } catch (error) {
        if ((error as { code?: string }).code !== "57P03") return false;
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    return false;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

// What `pg_ctl status` exits with, as a service of Linux would (LSB).
const NOT_RUNNING = 3;

async function shutDown(cluster: string, binaries: string, owner: Owner): Promise<void> {
  const result = await pgCtl(cluster, binaries, owner, [
    "stop",
    "--mode=fast",
    "--wait",
    "--timeout=60",
  ]);
  if (result.code === 0) return;
  // Gone already (stopped by hand, or killed) is as good as stopped; a killed one leaves its pid file.
  const status = await pgCtl(cluster, binaries, owner, ["status"]);
  if (status.code === NOT_RUNNING) return;
  throw new StackProblem(`Postgres does not stop: ${lastError(result.stderr)}`);
}

function pgCtl(cluster: string, binaries: string, owner: Owner, args: string[]) {
  return owner.run(join(binaries, "bin", "pg_ctl"), [`--pgdata=${cluster}`, ...args], {
    cwd: Deno.build.os === "windows" ? undefined : "/",
  });
}
