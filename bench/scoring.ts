/**
 * What scoring and sentiment cost the deliveries, and what the sweep of statuses that time has
 * changed costs whoever writes meanwhile.
 */
import { type Figures, medianOf } from "./figures.ts";
import { inTurns } from "./ingest.ts";
import type { IngestOptions } from "./ingest/options.ts";
import { BATCHES, cells, postsFor, printHead, printRow, warmUp } from "./ingest/rounds.ts";
import { Traffic } from "./ingest/traffic.ts";
import { addSignals, fallDue, restDue, untilSwept, withoutSentiment } from "./scoring/rules.ts";

const CONTACTS = 20_000;
const SIGNALS = 50;
const SWEPT_CONTACTS = 1_000_000;
const DUE_SHARE = 0.01;

const FIGURES = ["items/s", "p50 ms", "p99 ms"];

export async function benchScoring(options: IngestOptions): Promise<void> {
  await compareDeliveries(options);
  await compareSweep(options);
}

/** The same traffic with 50 signals and sentiment, and with neither, in turns. */
async function compareDeliveries(options: IngestOptions): Promise<void> {
  await using off = await Traffic.start(CONTACTS * options.scale);
  await using on = await Traffic.start(CONTACTS * options.scale);
  await withoutSentiment(off.sql);
  await addSignals(on.sql, SIGNALS);
  console.log(`${on.contacts} contacts, ${SIGNALS} signals, a fifth of the messages shows one\n`);
  printHead("updates a POST", ...FIGURES.map((name) => `off: ${name}`), ...FIGURES, "cost");
  for (const batch of BATCHES) {
    const [without, with_] = await inTurns([off, on], batch, options);
    const cost = without.perSecond / with_.perSecond;
    printRow(batch, ...cells(without), ...cells(with_), cost.toFixed(2));
  }
  const [{ scored }] = await on.sql<{ scored: number }[]>`
    select count(*)::int as scored from public.contacts where score <> 0`;
  console.log(`\n${scored} contacts have a score; ${await on.verify()}\n`);
}

/** Deliveries alone, and while a hundredth of a million contacts is due, in turns. */
async function compareSweep(options: IngestOptions): Promise<void> {
  await using traffic = await Traffic.start(SWEPT_CONTACTS * options.scale);
  await restDue(traffic.sql);
  const due = Math.round(traffic.contacts * DUE_SHARE);
  console.log(`${traffic.contacts} contacts, ${due} of them due, POSTs of 10 updates\n`);
  const perSecond = await warmUp(traffic, 10, { ...options, seconds: 1 }) * 10;
  const posts = postsFor(perSecond, options.seconds, 10);
  await traffic.prepare(2 * options.rounds * posts * 10);
  const runs: Record<"alone" | "sweeping", Figures[]> = { alone: [], sweeping: [] };
  const run = () => traffic.deliver(traffic.take(posts, 10), options.connections);
  const seconds: number[] = [];
  for (let round = 0; round < options.rounds; round++) {
    runs.alone.push(await run());
    // What makes them due locks them as well, and is not what is measured.
    await fallDue(traffic.sql, due);
    const swept = untilSwept(traffic.sql);
    runs.sweeping.push(await run());
    seconds.push(await swept);
  }
  const [alone, sweeping] = [runs.alone, runs.sweeping].map(medianOf);
  printHead("", ...FIGURES);
  printRow("alone", ...cells(alone));
  printRow("while it sweeps", ...cells(sweeping));
  const ratio = sweeping.perSecond / alone.perSecond;
  const took = seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)];
  console.log(
    `\nSwept in ${took.toFixed(1)} s; writers keep ${ratio.toFixed(2)} of their speed.\n`,
  );
}
