/** WhatsApp deliveries over HTTP beside bare inserts of the same rows, in turns, in one run. */
import { type Figures, medianOf } from "./figures.ts";
import type { IngestOptions } from "./ingest/options.ts";
import { printProfile } from "./ingest/profile.ts";
import {
  BATCHES,
  cells,
  postsFor,
  printHead,
  printRow,
  warmUp,
  warmUpBare,
} from "./ingest/rounds.ts";
import { POOL, Traffic } from "./ingest/traffic.ts";

const CONTACTS = 20_000;
// What stands in the full database.
const FULL_CONTACTS = 200_000;
const FULL_MESSAGES_EACH = 5;
// What Meta asks of the receiver of a number that sends 1,000 messages a second.
const ARRIVING = 4000;

const FIGURES = ["items/s", "p50 ms", "p99 ms"];

/** Items a second and latencies, beside the limits; then the latencies at a fixed rate. */
export async function benchIngest(options: IngestOptions): Promise<void> {
  await using traffic = await Traffic.start(CONTACTS * options.scale);
  console.log(
    `${traffic.contacts} contacts, ${roundsOf(options)}; bare over ${POOL} connections\n`,
  );
  const bare = ["bare items/s", "p50 ms", "p99 ms", "ratio"];
  printHead("updates a POST", ...FIGURES, ...bare, "bare over HTTP", "p50 ms", "p99 ms", "ratio");
  for (const batch of BATCHES) {
    const [figures, ...limits] = await besideBare(traffic, batch, options);
    const beside = limits.flatMap((limit) => [
      ...cells(limit),
      (figures.perSecond / limit.perSecond).toFixed(2),
    ]);
    printRow(batch, ...cells(figures), ...beside);
  }
  await arriving(traffic, options);
  console.log(`\n${await traffic.verify()}\n`);
}

/** Leadbase, bare inserts, and a receiver that makes bare inserts, in turns. */
async function besideBare(
  traffic: Traffic,
  batch: number,
  options: IngestOptions,
): Promise<Figures[]> {
  await using receiver = await traffic.startBareReceiver();
  const { connections, rounds } = options;
  const posts = await warmUp(traffic, batch, options);
  const inserts = await warmUpBare(traffic, batch, options);
  await traffic.prepare(rounds * posts * batch);
  const runs: Figures[][] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    runs[0].push(await traffic.deliver(traffic.take(posts, batch), connections));
    runs[1].push(await traffic.insertBare(inserts, batch));
    const slice = traffic.takeForReceiver(posts, batch);
    runs[2].push(await traffic.deliver(slice, connections, { url: receiver.url }));
  }
  return runs.map(medianOf);
}

/** Latencies when updates come at a rate of their own, counted from when they were due. */
async function arriving(traffic: Traffic, options: IngestOptions): Promise<void> {
  const { connections, rounds, seconds } = options;
  console.log(`\nArriving at ${ARRIVING} items/s\n`);
  printHead("updates a POST", ...FIGURES);
  for (const batch of BATCHES.filter((size) => size > 1)) {
    const posts = postsFor(ARRIVING, seconds, batch);
    await traffic.prepare(rounds * posts * batch);
    const runs: Figures[] = [];
    for (let round = 0; round < rounds; round++) {
      const slice = traffic.take(posts, batch);
      runs.push(await traffic.deliver(slice, connections, { perSecond: ARRIVING / batch }));
    }
    printRow(batch, ...cells(medianOf(runs)));
  }
}

/** The same traffic on a database with years of messages, beside one without, in turns. */
export async function benchIngestFull(options: IngestOptions): Promise<void> {
  await using empty = await Traffic.start(CONTACTS * options.scale);
  await using full = await Traffic.start(FULL_CONTACTS * options.scale, {
    messages: FULL_MESSAGES_EACH,
    silent: options.silent,
  });
  const stored = `${full.contacts * FULL_MESSAGES_EACH} messages of ${full.contacts} contacts`;
  console.log(`${stored} beside ${empty.contacts} contacts alone, ${roundsOf(options)}\n`);
  printHead(
    "updates a POST",
    ...FIGURES,
    "full: items/s",
    "p50 ms",
    "p99 ms",
    "cost",
    "p50",
    "p99",
  );
  for (const batch of BATCHES) {
    const [few, many] = await inTurns([empty, full], batch, options);
    const ratios = [few.perSecond / many.perSecond, many.p50 / few.p50, many.p99 / few.p99];
    printRow(batch, ...cells(few), ...cells(many), ...ratios.map((ratio) => ratio.toFixed(2)));
  }
  for (const traffic of [empty, full]) console.log(`\n${await traffic.verify()}`);
}

/** The figures of each, for the same number of POSTs. */
export async function inTurns(
  traffics: Traffic[],
  batch: number,
  options: IngestOptions,
): Promise<Figures[]> {
  const counts: number[] = [];
  for (const traffic of traffics) counts.push(await warmUp(traffic, batch, options));
  const posts = Math.min(...counts);
  for (const traffic of traffics) await traffic.prepare(options.rounds * posts * batch);
  const runs: Figures[][] = traffics.map(() => []);
  for (let round = 0; round < options.rounds; round++) {
    for (const [n, traffic] of traffics.entries()) {
      runs[n].push(await traffic.deliver(traffic.take(posts, batch), options.connections));
    }
  }
  return runs.map(medianOf);
}

/** Where the time of a delivery goes. */
export async function benchIngestProfile(options: IngestOptions): Promise<void> {
  await using traffic = await Traffic.start(CONTACTS * options.scale);
  await printProfile(traffic, options);
  console.log(`\n${await traffic.verify()}\n`);
}

function roundsOf({ connections, rounds, seconds }: IngestOptions): string {
  return `${connections} connections, ${rounds} × ${seconds} s`;
}
