/** Requests a second over HTTP beside pgbench running the same SQL, in turns, in one run. */
import postgres from "postgres";
import { spawnStack } from "../scripts/spawn.ts";
import { type Figures, medianOf } from "./figures.ts";
import { runLoad } from "./run_load.ts";
import { pgbench } from "./pgbench.ts";
import { scenarios } from "./scenarios.ts";

const CONNECTIONS = 16;
const SECONDS = 5;
const ROUNDS = 3;
const CONTACTS = 10_000;

export async function benchRequests(): Promise<void> {
  const data = await Deno.makeTempDir({ prefix: "leadbase-bench-" });
  const stack = await spawnStack({ data });
  const { credentials } = stack;
  try {
    await fill(credentials.database_url);
    console.log(`${CONTACTS} contacts, ${CONNECTIONS} connections, ${ROUNDS} × ${SECONDS} s\n`);
    console.log("| request | req/s | p50 ms | p99 ms | pgbench tps | p50 ms | p99 ms | ratio |");
    console.log("|---|---|---|---|---|---|---|---|");
    for (const [index, { name }] of scenarios(credentials, 0).entries()) {
      const http: Figures[] = [];
      const sql: Figures[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const scenario = scenarios(credentials, 1 + round)[index];
        const given = { connections: CONNECTIONS, seconds: SECONDS, run: 1 + round };
        http.push(await runLoad({ ...scenario, ...given, url: credentials.url }));
        sql.push(
          await pgbench({
            databaseUrl: credentials.database_url,
            script: scenario.script,
            connections: CONNECTIONS,
            seconds: SECONDS,
          }),
        );
      }
      console.log(row(name, medianOf(http), medianOf(sql)));
    }
  } finally {
    await stack.stop();
    await Deno.remove(data, { recursive: true });
  }
}

/** Contacts to list, and no limit on the key. */
async function fill(databaseUrl: string): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    await sql`update public.api_keys set rate_limit = 1000000`;
    await sql`
      insert into public.contacts (workspace_id, name, phone, email, company, source, tags, notes)
      select '10000000-0000-4000-8000-000000000001', 'Person ' || n, '+1604' || 2000000 + n,
        case when n % 5 < 3 then 'person' || n || '@bench.example' end, 'Company ' || n % 500, 'import',
        array['tag ' || n % 20], 'Met at the fair, row ' || n % 40
      from generate_series(1, ${CONTACTS}::int) n`;
    await sql`vacuum analyze public.contacts`;
  } finally {
    await sql.end();
  }
}

function row(name: string, http: Figures, sql: Figures): string {
  const cells = [http, sql].flatMap(({ perSecond, p50, p99 }) => [
    Math.round(perSecond),
    p50.toFixed(1),
    p99.toFixed(1),
  ]);
  return `| ${name} | ${cells.join(" | ")} | ${(http.perSecond / sql.perSecond).toFixed(2)} |`;
}
