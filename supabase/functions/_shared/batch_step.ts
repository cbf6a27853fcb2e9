/** What a kind of job does for itself, batch by batch. */
import type postgres from "postgres";

/** A job as a step sees it; its row is locked. */
export interface BatchJob {
  id: string;
  workspace_id: string;
  kind: string;
  args: Record<string, unknown>;
  state: Record<string, unknown>;
}

/**
 * A step that SQL cannot do (`private.<kind>_batch` returned null), e.g. reading a file. All that
 * it writes through `sql` is committed together with the state that it returns, or not at all.
 *
 * @throws ApiError with what the job's error is to say; anything else is an error of our own
 */
export type BatchStep = (
  given: { job: BatchJob; sql: postgres.TransactionSql; signal: AbortSignal },
) => Promise<Record<string, unknown>>;
