/** Contacts created by many at once, with what is kept up beside them and without. */
import postgres from "postgres";
import type { SpawnedStack } from "../../scripts/spawn.ts";
import { type Figures, median, medianOf } from "../figures.ts";
import { pgbench } from "../pgbench.ts";
import { runLoad } from "../run_load.ts";
import { scenarios } from "../scenarios.ts";
import type { ContactsOptions } from "./options.ts";
import { postgresSeconds } from "./processor.ts";
import { withStack } from "./stacks.ts";
import { ms, table } from "./table.ts";
import { settleIndexes, turnOff, type Variant, variants } from "./upkeep.ts";
import { sampleWaits, shares, waitingForRows, type Waits } from "./waits.ts";

/** Of the throughput without any upkeep. */
const MOST_UPKEEP = 0.35;
// A look that catches two sessions at the same moment now and then is no queue.
const MOST_WAITING = 0.01;

/** What a variant showed, round by round. */
interface Runs {
  variant: Variant;
  http: Figures[];
  sql: Figures[];
  /** Milliseconds of a processor that Postgres took for one create, over HTTP and in SQL. */
  processor: number[];
}

export async function benchWrites(options: ContactsOptions): Promise<void> {
  const contacts = options.contacts[options.contacts.length - 1];
  // Never kept: what this leaves behind has an index that lacks rows.
  await withStack({ contacts }, async (stack) => {
    const sql = postgres(stack.adminDatabaseUrl, { max: 1, onnotice: () => {} });
    try {
      const all: Runs[] = variants().map((variant) => ({
        ...{ variant, http: [], sql: [], processor: [] },
      }));
      const waits: Waits = new Map();
      // The first round is for the plans of the sessions.
      for (let round = 0; round <= options.rounds; round++) {
        for (const [n, runs] of all.entries()) {
          const run = round * all.length + n;
          await oneRound(stack, sql, runs, { options, run, waits, counts: round > 0 });
        }
      }
      print(all, waits, contacts, options);
    } finally {
      await sql.end();
    }
  });
}

interface Round {
  options: ContactsOptions;
  run: number;
  waits: Waits;
  counts: boolean;
}

async function oneRound(
  stack: SpawnedStack,
  sql: postgres.Sql,
  runs: Runs,
  { options, run, waits, counts }: Round,
): Promise<void> {
  const { connections, seconds } = options;
  const { url, database_url: databaseUrl } = stack.credentials;
  const { script, ...request } = scenarios(stack.credentials, 10 + run)
    .find(({ name }) => name === "create-contact")!;
  await turnOff(sql, runs.variant.off);
  const before = await postgresSeconds(sql);
  // Two digits for a run: there are more than ten.
  const http = runLoad({ ...request, url, connections, seconds, run: 10 + run });
  const seen = await sampleWaits(sql, http);
  const overHttp = afterwards(seen.result, seconds, await settleIndexes(sql));
  const straight = await pgbench({ databaseUrl, script, connections, seconds });
  const inSql = afterwards(straight, seconds, await settleIndexes(sql));
  if (!counts) return;
  runs.http.push(overHttp);
  runs.sql.push(inSql);
  const created = seconds * (seen.result.perSecond + straight.perSecond);
  const used = (await postgresSeconds(sql) ?? NaN) - (before ?? NaN);
  runs.processor.push(1000 * used / created);
  if (runs.variant.off.length > 0) return;
  for (const [wait, n] of seen.waits) waits.set(wait, (waits.get(wait) ?? 0) + n);
}

/** The figures if what was put off until after the round had been done within it. */
export function afterwards(figures: Figures, seconds: number, later: number): Figures {
  return { ...figures, perSecond: figures.perSecond * seconds / (seconds + later) };
}

function print(all: Runs[], waits: Waits, contacts: number, options: ContactsOptions): void {
  const { connections, rounds, seconds } = options;
  const medians = all.map(({ variant, http, sql, processor }) => ({
    ...{ name: variant.name, http: medianOf(http), sql: medianOf(sql) },
    processor: median(processor),
  }));
  const turns = `${rounds} × ${seconds} s in turns`;
  console.log(`\n${connections} writers in a workspace of ${contacts}, ${turns}\n`);
  printVariants(medians);
  printWaits(waits);
}

interface Medians {
  name: string;
  http: Figures;
  sql: Figures;
  processor: number;
}

/** The first one with all upkeep, the last one without any. */
function printVariants(medians: Medians[]): void {
  const [all, bare] = [medians[0], medians[medians.length - 1]];
  console.log(table([
    [
      ...["upkeep", "over HTTP: creates/s", "p50 ms", "p95 ms", "of bare"],
      ...["in SQL: creates/s", "of bare", "Postgres: CPU ms a create"],
    ],
    ...medians.map(({ name, http, sql, processor }) => [
      ...[name, http.perSecond.toFixed(0), http.p50.toFixed(1), http.p95.toFixed(1)],
      percent(http.perSecond / bare.http.perSecond),
      ...[sql.perSecond.toFixed(0), percent(sql.perSecond / bare.sql.perSecond), ms(processor)],
    ]),
  ]));
  const cost = 1 - all.sql.perSecond / bare.sql.perSecond;
  const aim = `aim ≤ ${percent(MOST_UPKEEP)}${cost > MOST_UPKEEP ? ", **missed**" : ""}`;
  const processor = percent(1 - bare.processor / all.processor);
  console.log(
    `\nUpkeep costs ${percent(cost)} of the bare throughput in SQL (${aim}), ` +
      `${processor} of Postgres' processor time.`,
  );
}

function printWaits(waits: Waits): void {
  const waiting = waitingForRows(waits);
  const queue = waiting > MOST_WAITING ? ", **a queue**" : "";
  console.log(
    `Waiting for another's row: ${(100 * waiting).toFixed(2)} % of the sessions seen${queue}.\n`,
  );
  const seen = shares(waits).slice(0, 8).map(([wait, share]) => [wait, percent(share)]);
  console.log(table([["what sessions do (all upkeep, over HTTP)", "share"], ...seen]) + "\n");
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
