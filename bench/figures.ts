/** What a run of some seconds showed. Latencies in milliseconds. */
export interface Figures {
  perSecond: number;
  p50: number;
  p95: number;
  p99: number;
}

/** Latencies of all transactions of a run → its figures. */
export function figuresOf(latencies: number[], seconds: number): Figures {
  const sorted = latencies.toSorted((a, b) => a - b);
  return {
    perSecond: sorted.length / seconds,
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
  };
}

/** The middle one of several runs, each figure by itself. */
export function medianOf(runs: Figures[]): Figures {
  const middle = (figure: keyof Figures) =>
    percentile(runs.map((run) => run[figure]).toSorted((a, b) => a - b), 0.5);
  return {
    perSecond: middle("perSecond"),
    p50: middle("p50"),
    p95: middle("p95"),
    p99: middle("p99"),
  };
}

export function median(values: number[]): number {
  return percentile(values.toSorted((a, b) => a - b), 0.5);
}

/** Of values in rising order; `share` 0.95 is the 95th percentile. */
export function percentile(sorted: number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
