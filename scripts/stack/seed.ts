import { join } from "node:path";
import type postgres from "postgres";
import { StackProblem } from "./problem.ts";
import { makeApiKey, type Secrets } from "./secrets.ts";

/** What supabase/seed/demo.sql makes. */
export const DEMO = {
  workspaceId: "10000000-0000-4000-8000-000000000001",
  otherWorkspaceId: "10000000-0000-4000-8000-000000000002",
  adminId: "20000000-0000-4000-8000-000000000001",
  agentId: "20000000-0000-4000-8000-000000000002",
  phoneNumberId: "100000000000001",
} as const;

/** Once a database: whoever deletes a demo contact does not want it back at the next start. */
export async function seedDemo(sql: postgres.Sql, project: string): Promise<void> {
  const [{ seeded }] = await sql`
    select count(*) = 2 as seeded from public.workspaces
    where id in ${sql([DEMO.workspaceId, DEMO.otherWorkspaceId])}
  `;
  if (seeded) return;
  const text = await Deno.readTextFile(join(project, "supabase", "seed", "demo.sql"));
  try {
    await sql.begin((transaction) => transaction.unsafe(text).simple());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StackProblem(`The demo data (supabase/seed/demo.sql) cannot be loaded: ${reason}`);
  }
}

/** The kept keys if the database still knows them, new ones where it does not. */
export async function ensureApiKeys(sql: postgres.Sql, secrets: Secrets): Promise<boolean> {
  const demo = await ensureApiKey(sql, DEMO.workspaceId, secrets.api_key);
  const other = await ensureApiKey(sql, DEMO.otherWorkspaceId, secrets.other_api_key);
  const changed = demo !== secrets.api_key || other !== secrets.other_api_key;
  secrets.api_key = demo;
  secrets.other_api_key = other;
  return changed;
}

async function ensureApiKey(sql: postgres.Sql, workspaceId: string, kept: string): Promise<string> {
  const rows = await sql<{ usable: boolean }[]>`
    select revoked_at is null and (expires_at is null or expires_at > now()) as usable
    from public.api_keys
    where workspace_id = ${workspaceId} and key_hash = sha256(convert_to(${kept}, 'UTF8'))
  `;
  if (rows[0]?.usable) return kept;
  // A key that was revoked by hand stays revoked.
  const key = rows.length === 0 ? kept : makeApiKey();
  await sql`
    insert into public.api_keys (workspace_id, name, prefix, key_hash, scopes)
    values (${workspaceId}, 'Local start', ${key.slice(0, 11)},
      sha256(convert_to(${key}, 'UTF8')), array['*'])
  `;
  return key;
}

export async function emailsOf(sql: postgres.Sql, userIds: string[]): Promise<Map<string, string>> {
  const rows = await sql<{ id: string; email: string }[]>`
    select id, email from auth.users where id in ${sql(userIds)}
  `;
  return new Map(rows.map(({ id, email }) => [id, email]));
}
