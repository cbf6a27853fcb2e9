import { join } from "node:path";
import postgres from "postgres";
import { ROOT } from "./files.ts";
import { StackProblem } from "./problem.ts";

/** The embedded Postgres: the whole platform, owned as on a hosted project. */
export async function applyPlatform(adminUrl: string, postgresPassword: string): Promise<void> {
  await connected(adminUrl, async (sql) => {
    await sql.unsafe(await platformSql()).simple();
    const [{ name }] = await sql`select quote_ident(current_database()) as name`;
    // Neither statement takes parameters; the password is our own base64url.
    await sql.unsafe(`
      alter role postgres password '${postgresPassword}';
      alter database ${name} owner to postgres;
    `).simple();
  });
}

/** An existing database: only if it is not a Supabase one already. */
export async function applyPlatformIfMissing(dbUrl: string): Promise<void> {
  await connected(dbUrl, async (sql) => {
    const [{ complete }] = await sql`
      select to_regrole('authenticated') is not null and to_regrole('service_role') is not null
        and to_regclass('auth.users') is not null as complete
    `;
    if (!complete) await sql.unsafe(await platformSql()).simple();
  });
}

/** Text search keeps only ASCII where the locale knows no other letters. */
export async function knowsLetters(dbUrl: string): Promise<boolean> {
  return await connected(dbUrl, async (sql) => {
    const [{ knows }] = await sql`select lower('É') = 'é' as knows`;
    return knows;
  });
}

async function connected<T>(url: string, use: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, connect_timeout: 10, onnotice: () => {} });
  try {
    return await use(sql);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StackProblem(`The database cannot be prepared: ${reason}`);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

function platformSql(): Promise<string> {
  return Deno.readTextFile(join(ROOT, "scripts", "platform.sql"));
}
