import { remote, supabaseCli } from "../stack/supabase_cli.ts";
import { isCurrent } from "../database_types.ts";
import { failed, passed, type StepResult } from "./result.ts";

/** Supabase's own security and performance lints over the migrated database. */
export async function checkAdvisors(
  databaseUrl: string,
  signal?: AbortSignal,
): Promise<StepResult> {
  const cli = await supabaseCli();
  const { flag, env } = remote(databaseUrl);
  const result = await cli(["db", "advisors", flag, "--fail-on", "warn"], { env, signal });
  return result.code === 0 ? passed() : failed(`${result.stdout}\n${result.stderr}`.trim());
}

export async function checkDatabaseTypes(
  databaseUrl: string,
  signal?: AbortSignal,
): Promise<StepResult> {
  return await isCurrent(databaseUrl, signal)
    ? passed()
    : failed("supabase/functions/_shared/database.types.ts is stale: run deno task types");
}
