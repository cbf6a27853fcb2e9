import { generateTypes, isCurrent, TYPES_FILE } from "./database_types.ts";
import { openDatabase } from "./stack/database.ts";
import { describeFailure, StackProblem } from "./stack/problem.ts";
import { loadSecrets } from "./stack/secrets.ts";
import { onStopRequest } from "./stack/signals.ts";

const USAGE = `Regenerates the database types: deno task types [options]

  --check       change nothing, fail if they are stale
  --db-url URL  read this Postgres, not a throw-away one with the migrations applied`;

async function main(args: string[]): Promise<number> {
  const check = args.includes("--check");
  const at = args.indexOf("--db-url");
  const dbUrl = at < 0 ? undefined : args[at + 1];
  const known = args.filter((arg) => arg === "--check").length + (dbUrl ? 2 : 0);
  if (args.length !== known) throw new StackProblem(USAGE, 2);
  return dbUrl ? await update(dbUrl, check) : await withThrowAway((url) => update(url, check));
}

async function update(databaseUrl: string, check: boolean): Promise<number> {
  if (!check) {
    await Deno.writeTextFile(TYPES_FILE, await generateTypes(databaseUrl));
    return 0;
  }
  if (await isCurrent(databaseUrl)) return 0;
  throw new StackProblem("The database types are stale: run deno task types");
}

async function withThrowAway(use: (url: string) => Promise<number>): Promise<number> {
  const stop = new AbortController();
  onStopRequest(() => stop.abort());
  await using release = new AsyncDisposableStack();
  const data = await Deno.makeTempDir({ prefix: "leadbase-types-" });
  release.defer(() => Deno.remove(data, { recursive: true }));
  const options = { data, signal: stop.signal };
  const { url, synced } = await openDatabase(options, await loadSecrets(data), release);
  await synced;
  return await use(url);
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    console.error(describeFailure(error));
    Deno.exit(error instanceof StackProblem ? error.exitCode : 1);
  }
}
