/** Runs what goes in batches over many contacts (private.batch_jobs). */
import type { BatchJob, BatchStep } from "./batch_step.ts";
import { database, json, retrying } from "./database.ts";
import { toProblem } from "./errors.ts";
import { readStep } from "./import/read_step.ts";
import { inTransaction } from "./transaction.ts";

export type BatchStatus = "running" | "completed" | "failed";

/** By the job's kind. */
export const BATCH_STEPS: Record<string, BatchStep> = { import: readStep };

/** resting: nothing was done, since the job's last batch failed and its next try is not due. */
export type RunStatus = BatchStatus | "resting";

interface Ran {
  id: string | null;
  kind: string | null;
  status: RunStatus | null;
  needs_step: boolean;
}

/**
 * Does one batch of a job, or of any that is due.
 *
 * @returns the job's status afterwards; null: there is no such job, or none is due
 */
export async function runBatch(
  { id, signal }: { id?: string; signal: AbortSignal },
): Promise<RunStatus | null> {
  const db = database();
  const [ran] = await retrying(() =>
    db<Ran[]>`select id, kind, status, needs_step from private.run_batch(${id ?? null}::uuid)`
  );
  return ran.needs_step ? await runStep(ran.id!, ran.kind!, signal) : ran.status;
}

async function runStep(id: string, kind: string, signal: AbortSignal): Promise<BatchStatus | null> {
  try {
    return await inTransaction(async (sql) => {
      const [job] = await sql<BatchJob[]>`
        select id, workspace_id, kind, args, state from private.lock_batch_job(${id}::uuid)`;
      // Another one may have ended it since.
      if (!job.id) return null;
      const state = await BATCH_STEPS[kind]({ job, sql, signal });
      const [{ status }] = await sql<{ status: BatchStatus }[]>`
        select private.record_batch(${id}::uuid, ${json(sql as never, state)}::jsonb) as status`;
      return status;
    });
  } catch (error) {
    if (signal.aborted) return "running";
    return await recordFailure(id, error);
  }
}

async function recordFailure(id: string, error: unknown): Promise<BatchStatus> {
  const { code, detail } = toProblem(error);
  if (code === "internal_error") console.error(`A step of the batch job ${id} failed:`, error);
  const [{ status }] = await database()<{ status: BatchStatus }[]>`
    select private.record_batch_failure(${id}::uuid, ${code}::text, ${detail}::text) as status`;
  return status;
}

/** The worker: batches of whatever is due, in turn; returns how many. */
export async function runDueBatches({ signal }: { signal: AbortSignal }): Promise<number> {
  let count = 0;
  while (!signal.aborted && await runBatch({ signal }) !== null) count++;
  return count;
}
