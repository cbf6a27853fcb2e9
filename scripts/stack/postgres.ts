import { join } from "node:path";
import postgres from "postgres";
import { locatePostgres } from "./binaries.ts";
import { makeCluster, SUPERUSER, syncCluster } from "./cluster.ts";
import { isThere, readTextIfThere, removeIfThere } from "./files.ts";
import { findOwner, withAccess } from "./owner.ts";
import {
  type Installation,
  isRunning,
  launchAgain,
  launchSomewhere,
  shutDown,
} from "./postmaster.ts";

export interface EmbeddedPostgres {
  port: number;
  /** The superuser's address; migrations and functions connect as `postgres`. */
  adminUrl: string;
  /** The folder with bin, lib and share. */
  binaries: string;
  /** Resolves once a new cluster is safe on disk. */
  synced: Promise<void>;
  /** Whether its process is there; it may be recovering still. */
  isRunning(): Promise<boolean>;
  /** One attempt to start it again, on the same port; throws what stands in the way. */
  restart(): Promise<void>;
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

export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const binaries = await locatePostgres();
  const cluster = join(options.data, "postgres");
  let owner = await findOwner(cluster);
  // A folder made by mktemp is closed to all others; what is secret in it has modes of its own.
  if (owner.ids) await Deno.chmod(options.data, 0o711);
  owner = await withAccess(owner, options.data, join(binaries, "bin", "postgres"));
  const installation = { cluster, binaries, owner };
  await stopOrphan(installation, options.password);
  if (options.fresh) await removeIfThere(cluster);
  const isNew = !await isThere(cluster);
  if (isNew) await makeCluster(cluster, binaries, owner, options.password, options.signal);
  options.signal?.throwIfAborted();
  const port = await launchSomewhere(installation, options.port);
  return {
    port,
    adminUrl: connectionUrl(SUPERUSER, options.password, port),
    binaries,
    synced: isNew ? syncCluster(cluster, binaries, owner) : Promise.resolve(),
    isRunning: () => isRunning(installation),
    restart: () => launchAgain(installation, port),
    stop: () => shutDown(installation),
  };
}

export function connectionUrl(role: string, password: string, port: number): string {
  return `postgresql://${role}:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
}

/**
 * A server that was killed leaves its Postgres running. It is stopped and started again rather
 * than taken over: its settings and port may be another version's. Only a Postgres that lets our
 * password in is ours; a process id in a file proves nothing once ids have been reused.
 */
async function stopOrphan(installation: Installation, password: string): Promise<void> {
  const pidFile = await readTextIfThere(join(installation.cluster, "postmaster.pid"));
  const port = Number(pidFile?.split("\n")[3]);
  if (!port || !await answers(port, password)) return;
  await shutDown(installation);
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
