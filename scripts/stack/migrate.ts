import { join } from "node:path";
import postgres from "postgres";
import { StackProblem } from "./problem.ts";
import { remote, supabaseCli } from "./supabase_cli.ts";

export interface MigrationFile {
  /** The number in front of the name: what the history table keeps. */
  version: string;
  name: string;
  text: string;
}

export interface AppliedMigration {
  version: string;
  /** As the CLI split the file; null where it was marked as applied by hand. */
  statements: string[] | null;
}

export interface MigrationPlan {
  pending: string[];
  /** Applied ones whose file is another now, or gone; pending ones that belong before applied ones. */
  conflicting: string[];
}

/** Brings the database to the files' state with the Supabase CLI, as a deployment does. */
export async function migrate(
  databaseUrl: string,
  project: string,
  options: { embedded: boolean; signal?: AbortSignal; onApply?: (count: number) => void },
): Promise<void> {
  const plan = planMigrations(await readMigrations(project), await readApplied(databaseUrl));
  if (plan.conflicting.length > 0) {
    const mend = options.embedded
      ? "Start with --fresh, which drops the data."
      : "Use an empty database.";
    throw new StackProblem(
      `Migration ${plan.conflicting[0]} is not what was applied to this database. ${mend}`,
    );
  }
  if (plan.pending.length === 0) return;
  options.onApply?.(plan.pending.length);
  await applyMigrations(databaseUrl, project, options.signal);
}

export function planMigrations(
  files: readonly MigrationFile[],
  applied: readonly AppliedMigration[],
): MigrationPlan {
  const known = new Map(applied.map((migration) => [migration.version, migration]));
  const latest = applied.map(({ version }) => version).sort().at(-1) ?? "";
  const pending = files.filter(({ version }) => !known.has(version));
  const versions = new Set(files.map(({ version }) => version));
  const conflicting = [
    ...files.filter((file) => known.has(file.version) && !isSame(file, known.get(file.version)!)),
    ...pending.filter(({ version }) => version < latest),
  ].map(({ name }) => name);
  const gone = applied.map(({ version }) => version).filter((version) => !versions.has(version));
  return { pending: pending.map(({ name }) => name), conflicting: [...conflicting, ...gone] };
}

/** The history keeps the whole text, without the semicolons and white space between statements. */
function isSame(file: MigrationFile, { statements }: AppliedMigration): boolean {
  return statements === null || essence(file.text) === essence(statements.join(""));
}

function essence(sql: string): string {
  return sql.replace(/[\s;\uFEFF]+/g, "");
}

async function readMigrations(project: string): Promise<MigrationFile[]> {
  const folder = join(project, "supabase", "migrations");
  const files: MigrationFile[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    const version = /^(\d+)_.*\.sql$/.exec(name)?.[1];
    if (version) files.push({ version, name, text: await Deno.readTextFile(join(folder, name)) });
  }
  return files.sort((a, b) => a.name < b.name ? -1 : 1);
}

async function readApplied(databaseUrl: string): Promise<AppliedMigration[]> {
  const sql = postgres(databaseUrl, { max: 1, connect_timeout: 10, onnotice: () => {} });
  try {
    const [{ exists }] = await sql`
      select to_regclass('supabase_migrations.schema_migrations') is not null as exists
    `;
    if (!exists) return [];
    return await sql<AppliedMigration[]>`
      select version, statements from supabase_migrations.schema_migrations
    `;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function applyMigrations(databaseUrl: string, project: string, signal?: AbortSignal) {
  const cli = await supabaseCli();
  signal?.throwIfAborted();
  const { flag, env } = remote(databaseUrl);
  const result = await cli(
    ["migration", "up", flag, `--workdir=${project}`, "--yes", "--output-format=json"],
    { signal, env },
  );
  signal?.throwIfAborted();
  if (result.code !== 0) throw new StackProblem(migrationFailure(result.stdout, result.stderr));
}

/** One line from the CLI's progress (stderr) and its JSON answer (stdout): which file, and why. */
export function migrationFailure(stdout: string, stderr: string): string {
  const file = [...stderr.matchAll(/^Applying migration (\S+?)\.*$/gm)].at(-1)?.[1];
  const reason = errorMessage(stdout) ?? stderr.trim().split("\n").at(-1) ?? "no reason given";
  const [message, , statement] = reason.split("\n");
  const where = statement
    ? ` in: ${reason.split("\n").slice(2).join(" ").replace(/\s+/g, " ").slice(0, 160)}`
    : "";
  return `Migration ${file ?? "run"} failed: ${message}${where}`;
}

function errorMessage(stdout: string): string | undefined {
  for (const line of stdout.split("\n")) {
    try {
      const message = JSON.parse(line)?.error?.message;
      if (typeof message === "string") return message;
    } catch {
      // Decoration around the answer.
    }
  }
  return undefined;
}
