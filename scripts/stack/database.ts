import { join } from "node:path";
import { isThere, ROOT } from "./files.ts";
import { migrate } from "./migrate.ts";
import { applyPlatform, applyPlatformIfMissing, knowsLetters } from "./platform.ts";
import { connectionUrl, type EmbeddedPostgres, startPostgres } from "./postgres.ts";
import type { Secrets } from "./secrets.ts";
import { supabaseCli } from "./supabase_cli.ts";

export interface DatabaseOptions {
  data: string;
  fresh?: boolean;
  /** An existing Postgres instead of the embedded one. */
  dbUrl?: string;
  /** Port of the embedded one, if it is free; 0 takes any. */
  databasePort?: number;
  /** The folder whose supabase/ has the migrations and the seed; this checkout by default. */
  project?: string;
  signal?: AbortSignal;
  /** Told what takes long, for people. */
  onProgress?: (message: string) => void;
}

export interface Database {
  /** As `postgres`, whom migrations and functions connect as. */
  url: string;
  /** The superuser's; the embedded Postgres only. */
  adminUrl?: string;
  /** Resolves once a new cluster is safe on disk. */
  synced: Promise<void>;
  /** Absent for an existing Postgres, which somebody else looks after. */
  embedded?: EmbeddedPostgres;
}

/** A migrated database; `release` stops what was started for it. */
export async function openDatabase(
  options: DatabaseOptions,
  secrets: Secrets,
  release: AsyncDisposableStack,
): Promise<Database> {
  const database = options.dbUrl
    ? await useExisting(options.dbUrl)
    : await startEmbedded(options, secrets, release);
  options.signal?.throwIfAborted();
  if (!await knowsLetters(database.url)) {
    options.onProgress?.(
      "The database's locale knows ASCII letters only: searching other scripts will find nothing. " +
        "Install a UTF-8 locale (C.UTF-8 or en_US.UTF-8) and start with --fresh.",
    );
  }
  await migrate(database.url, options.project ?? ROOT, {
    embedded: !options.dbUrl,
    signal: options.signal,
    onApply: (count) => options.onProgress?.(`Applying ${count} migrations…`),
  });
  return database;
}

async function useExisting(url: string): Promise<Database> {
  await applyPlatformIfMissing(url);
  return { url, synced: Promise.resolve() };
}

async function startEmbedded(
  options: DatabaseOptions,
  secrets: Secrets,
  release: AsyncDisposableStack,
): Promise<Database> {
  if (options.fresh || !await isThere(join(options.data, "postgres"))) {
    options.onProgress?.("Making the database…");
    // Downloads meanwhile, on a machine that has not got it.
    supabaseCli().catch(() => {});
  }
  const embedded = await startPostgres({
    data: options.data,
    password: secrets.superuser_password,
    fresh: options.fresh,
    port: options.databasePort,
    signal: options.signal,
  });
  release.defer(embedded.stop);
  // Awaited by whoever says that the stack is ready; a failure before that is not a second one.
  embedded.synced.catch(() => {});
  await applyPlatform(embedded.adminUrl, secrets.postgres_password);
  return {
    url: connectionUrl("postgres", secrets.postgres_password, embedded.port),
    adminUrl: embedded.adminUrl,
    synced: embedded.synced,
    embedded,
  };
}
