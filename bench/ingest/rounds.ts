/** Rounds of a bench: how long they are made, and their figures. */
import type { Figures } from "../figures.ts";
import type { IngestOptions } from "./options.ts";
import type { Traffic } from "./traffic.ts";
import { GROUP } from "./stream.ts";

export const BATCHES = [1, 10, 100];

// Enough for every session of the pool to have made its plans; the second half tells the speed.
const WARM_UP: Record<number, number> = { 1: 400, 10: 240, 100: 80 };

/** How many POSTs a round of that batch size has to have, by how fast they go now. */
export async function warmUp(
  traffic: Traffic,
  batch: number,
  { connections, seconds }: IngestOptions,
): Promise<number> {
  const posts = WARM_UP[batch];
  await traffic.prepare(2 * posts * batch);
  await traffic.deliver(traffic.take(posts, batch), connections);
  const { perSecond } = await traffic.deliver(traffic.take(posts, batch), connections);
  return postsFor(perSecond, seconds, batch);
}

/** The same for the bare inserts. */
export async function warmUpBare(
  traffic: Traffic,
  batch: number,
  { seconds }: IngestOptions,
): Promise<number> {
  const { perSecond } = await traffic.insertBare(4 * WARM_UP[batch], batch);
  return postsFor(perSecond, seconds, batch);
}

/** POSTs of `batch` updates that take about so long: whole groups, whatever the batch. */
export function postsFor(perSecond: number, seconds: number, batch: number): number {
  return Math.ceil(perSecond * seconds / batch / GROUP) * GROUP;
}

/** Figures as cells of a table. */
export function cells({ perSecond, p50, p99 }: Figures): string[] {
  return [String(Math.round(perSecond)), p50.toFixed(1), p99.toFixed(1)];
}

export function printRow(...row: (string | number)[]): void {
  console.log(`| ${row.join(" | ")} |`);
}

/** The first lines of a table. */
export function printHead(...names: string[]): void {
  printRow(...names);
  printRow(...names.map(() => "---"));
}
