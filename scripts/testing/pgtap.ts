import { join, relative } from "node:path";
import { gunzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { isThere, ROOT } from "../stack/files.ts";
import { combine, type StepResult } from "./result.ts";
import { readTap } from "./tap.ts";
import { readTar } from "./tar.ts";

const EXTENSION = ["pgtap.control", "pgtap--1.3.5.sql"];

/** Puts the extension's two files, out of their npm package, among the embedded Postgres's own. */
export async function installPgtap(binaries: string): Promise<void> {
  const target = join(binaries, "share", "postgresql", "extension");
  if (await isThere(join(target, EXTENSION[1]))) return;
  const module = fileURLToPath(import.meta.resolve("@electric-sql/pglite-pgtap"));
  const archive = await Deno.readFile(join(module, "..", "pgtap.tar.gz"));
  for (const { name, bytes } of readTar(gunzipSync(archive))) {
    const file = EXTENSION.find((wanted) => name.endsWith(`/extension/${wanted}`));
    if (!file) continue;
    // Whole or not at all: another run may be at the same place.
    const draft = join(target, `${file}.${crypto.randomUUID()}`);
    await Deno.writeFile(draft, bytes);
    await Deno.rename(draft, join(target, file));
  }
}

/** Runs each file as `supabase test db` does: a session of its own, with nothing kept of it. */
export async function runPgtap(
  databaseUrl: string,
  files: readonly string[],
  signal?: AbortSignal,
): Promise<StepResult> {
  const results: StepResult[] = [];
  for (const file of files) {
    signal?.throwIfAborted();
    const result = await runFile(databaseUrl, await Deno.readTextFile(file));
    const name = relative(ROOT, file);
    results.push({ ...result, failures: result.failures.map((failure) => `${name}: ${failure}`) });
  }
  return combine(results);
}

async function runFile(databaseUrl: string, text: string): Promise<StepResult> {
  // One connection, so that everything below is one session.
  const sql = postgres(databaseUrl, {
    max: 1,
    onnotice: () => {},
    connection: { statement_timeout: 120_000 },
  });
  const lines: string[] = [];
  try {
    await sql`begin`;
    let error: string | undefined;
    try {
      await sql.unsafe(text).simple().forEach((row) => {
        lines.push(...String(Object.values(row)[0] ?? "").split("\n"));
      });
    } catch (reason) {
      error = describe(reason, text);
    }
    await sql`rollback`;
    return readTap(lines, error);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

function describe(reason: unknown, text: string): string {
  const { message, detail, where, position } = reason as postgres.PostgresError;
  const line = position ? `line ${text.slice(0, Number(position)).split("\n").length}: ` : "";
  return [`${line}ERROR: ${message ?? reason}`, detail, where].filter(Boolean).join("\n  ");
}
