/** Latencies held against their aims. */
import type { Aim, Case } from "./cases.ts";
import type { Compared, Latency } from "./latency.ts";
import { ms, times } from "./table.ts";

/** A case with what it showed. */
export interface Measured extends Compared {
  one: Case;
}

/** How many times the smallest workspace's median of the same request the largest one's is. */
export function growth({ latencies }: Compared): number {
  return latencies[latencies.length - 1].p50 / latencies[0].p50;
}

/** The aim in words, and whether it is missed. */
export function verdict(measured: Measured, health: Latency[]): [string, boolean] {
  const { one, latencies } = measured;
  if (!one.aim) return ["", false];
  const last = latencies.length - 1;
  const { most } = one.aim;
  const said: Record<Aim["kind"], [string, number]> = {
    "ratio": [`≤ ${most} ×`, growth(measured)],
    "p95": [`p95 ≤ ${most} ms`, latencies[last].p95],
    "over health": [
      `p50 ≤ health + ${most} ms`,
      latencies[last].p50 - health[last].p50,
    ],
  };
  const [words, value] = said[one.aim.kind];
  return [words, value > most];
}

/** A line of the table. */
export function line(measured: Measured, health: Latency[]): string[] {
  const { one, latencies } = measured;
  const [aim, missed] = verdict(measured, health);
  return [
    one.name.replaceAll("|", "\\|"),
    ...latencies.flatMap(({ p50, p95, rows }) => [ms(p50), ms(p95), String(rows)]),
    latencies.length > 1 ? times(growth(measured)) : "",
    missed ? `${aim}, **missed**` : aim,
  ];
}
