/** The same rows and requests in Directus and Parse Server, on the same Postgres, in turns. */
import postgres from "postgres";
import { type Figures, medianOf } from "../figures.ts";
import { type LoadRequest, runLoad } from "../run_load.ts";
import type { ContactsOptions } from "./options.ts";
import { startDirectus } from "./peers/directus.ts";
import { startParse } from "./peers/parse.ts";
import { leadbase } from "./peers/leadbase.ts";
import { CASES, pageLength, type Peer } from "./peers/peer.ts";
import { withStack } from "./stacks.ts";
import { table, times } from "./table.ts";
import { type CsvOptions, writeCsv } from "./csv.ts";

const CONTACTS = 100_000;
const WARM_UP_SECONDS = 2;
/** What the rows are to be, in times the peer's. */
const AIMS: Record<string, number> = { Directus: 10, "Parse Server": 4 };

export async function benchPeers(options: ContactsOptions): Promise<void> {
  await withStack(
    { contacts: CONTACTS, around: 0, folder: options.data },
    async (stack, folder) => {
      await dropPeers(stack.adminDatabaseUrl);
      const given = { adminUrl: stack.adminDatabaseUrl, folder };
      await using directus = await startDirectus(given);
      await using parse = await startParse(given);
      const peers = [
        leadbase(stack.credentials),
        leadbase(stack.credentials, { alike: false }),
        directus,
        parse,
      ];
      console.log(
        `\n${CONTACTS} contacts, ${options.connections} connections, ` +
          `${options.rounds} × ${options.seconds} s in turns\n`,
      );
      const rows: string[][] = [];
      for (const name of CASES) rows.push(...await compare(name, peers, options));
      const head = ["request", "product", "req/s", "p50 ms", "p95 ms", "Leadbase is", "aim"];
      console.log(table([head, ...rows]));
      await compareImports(peers, {
        ...{ path: `${folder}/contacts.csv`, rows: options.imported, prefix: "+49171" },
        databaseUrl: stack.adminDatabaseUrl,
      });
    },
  );
}

type Asked = { peer: Peer; request: LoadRequest };

/** The same rows for the same question, or the comparison would mean nothing. */
async function checkPages(name: typeof CASES[number], asked: Asked[]): Promise<void> {
  if (asked[0].request.method !== "GET") return;
  const lengths = await Promise.all(
    asked.map(({ peer, request }) => pageLength(peer.url, request)),
  );
  const said = asked.map(({ peer }, n) => `${peer.name} ${lengths[n]}`).join(", ");
  if (new Set(lengths).size > 1) throw new Error(`Pages of different lengths, ${name}: ${said}.`);
}

async function compare(
  name: typeof CASES[number],
  peers: Peer[],
  { connections, seconds, rounds }: ContactsOptions,
): Promise<string[][]> {
  const asked = peers.flatMap((peer) => {
    const request = peer.requests[name];
    return request ? [{ peer, request }] : [];
  });
  await checkPages(name, asked);
  const runs = new Map<Peer, Figures[]>(asked.map(({ peer }) => [peer, []]));
  for (let run = 0; run <= rounds; run++) {
    for (const { peer, request } of asked) {
      const load = { ...request, url: peer.url, connections, run: run + 1 };
      const figures = await runLoad({ ...load, seconds: run === 0 ? WARM_UP_SECONDS : seconds });
      // The first one was to warm up.
      if (run > 0) runs.get(peer)?.push(figures);
    }
  }
  const medians = new Map([...runs].map(([peer, figures]) => [peer.name, medianOf(figures)]));
  const ours = medians.get("Leadbase")!.perSecond;
  return [...medians].map(([product, { perSecond, p50, p95 }]) => {
    const figures = [perSecond.toFixed(1), p50.toFixed(1), p95.toFixed(1)];
    return [name, product, ...figures, ...verdict(product, ours / perSecond)];
  });
}

/** How many times theirs ours is, and what it should be. */
export function verdict(product: string, ratio: number): [string, string] {
  const aim = AIMS[product];
  if (aim === undefined) return ["", ""];
  return [times(ratio), ratio >= aim ? `≥ ${aim}` : `≥ ${aim}, **missed**`];
}

/** Once each: Directus takes minutes. Ours comes last. */
async function compareImports(peers: Peer[], file: CsvOptions): Promise<void> {
  await writeCsv(file);
  console.log(`\nA CSV file of ${file.rows} contacts\n`);
  const rows: [string, number][] = [];
  for (const peer of peers.toReversed()) {
    const seconds = await importInto(peer, file);
    if (seconds === undefined) continue;
    rows.push([peer.name, seconds]);
    console.error(`${peer.name}: ${seconds.toFixed(1)} s`);
  }
  const ours = rows[rows.length - 1][1];
  console.log(table([
    ["product", "s", "Leadbase is", "aim"],
    ...rows.map(([name, s]) => [name, s.toFixed(1), ...verdict(name, s / ours)]),
  ]));
}

/** Seconds; undefined if it imports no files. @throws unless every row is there afterwards */
async function importInto(peer: Peer, { path, rows }: CsvOptions): Promise<number | undefined> {
  if (!peer.importCsv) return undefined;
  const before = await peer.count();
  const began = performance.now();
  await peer.importCsv(path);
  const seconds = (performance.now() - began) / 1000;
  const added = await peer.count() - before;
  if (added !== rows) throw new Error(`${peer.name} imported ${added} of ${rows} rows.`);
  return seconds;
}

/** What an earlier run left in a kept cluster. */
async function dropPeers(adminUrl: string): Promise<void> {
  const sql = postgres(adminUrl, { max: 1, onnotice: () => {} });
  try {
    for (const name of ["directus", "parse"]) {
      await sql.unsafe(`drop database if exists ${name} with (force)`);
      await sql.unsafe(`drop role if exists ${name}_bench`);
    }
  } finally {
    await sql.end();
  }
}
