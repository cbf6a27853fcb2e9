import postgres from "postgres";
import { locatePostgres } from "../stack/binaries.ts";
import { ROOT } from "../stack/files.ts";
import { migrate } from "../stack/migrate.ts";
import { applyPlatform } from "../stack/platform.ts";
import { seedDemo } from "../stack/seed.ts";
import { installPgtap } from "./pgtap.ts";

/**
 * A database beside the stack's, for pgTAP: what the HTTP tests write does not disturb it, and
 * pgTAP's thousand functions are in neither the types nor the advisors' way.
 */
export async function makePgtapDatabase(
  stackUrl: string,
  adminUrl: string,
  signal?: AbortSignal,
): Promise<string> {
  await installPgtap(await locatePostgres());
  await execute(adminUrl, "create database pgtap");
  const admin = inDatabase(adminUrl, "pgtap");
  const url = inDatabase(stackUrl, "pgtap");
  await applyPlatform(admin, decodeURIComponent(new URL(stackUrl).password));
  await execute(admin, "create extension pgtap with schema extensions");
  await migrate(url, ROOT, { embedded: true, signal });
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await seedDemo(sql, ROOT);
  } finally {
    await sql.end({ timeout: 5 });
  }
  return url;
}

function inDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

async function execute(url: string, statement: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.end({ timeout: 5 });
  }
}
