/** Batch jobs as a request runs them: as far as it gets in its time; the worker does the rest. */
import { type BatchStatus, runBatch, type RunStatus } from "./batch_worker.ts";
import { nudge } from "./jobs.ts";

// What a caller waits for; a job that takes longer is answered with 202.
const LONGEST_MS = 5_000;

/**
 * Runs a job that was just made until it ends, the time is over, or a batch fails: when that is due
 * again is longer than a caller waits.
 *
 * @returns its status; "running": the worker goes on with it
 */
export async function runBatchJob(
  id: string,
  { maxMs = LONGEST_MS }: { maxMs?: number } = {},
): Promise<BatchStatus> {
  const signal = AbortSignal.timeout(maxMs);
  let status: RunStatus | null = "running";
  let runs = 0;
  try {
    while (status === "running" && (runs === 0 || !signal.aborted)) {
      runs++;
      status = await runBatch({ id, signal });
    }
  } finally {
    if (status === "running") nudge();
  }
  if (status === "resting") return "running";
  return status ?? "failed";
}
