/** What one step of the test command found out. */
export interface StepResult {
  passed: number;
  failed: number;
  /** Each failure in full, for people. */
  failures: string[];
  /** A few words on a success, such as sizes. */
  note?: string;
}

export function passed(note?: string): StepResult {
  return { passed: 1, failed: 0, failures: [], note };
}

export function failed(...failures: string[]): StepResult {
  return { passed: 0, failed: 1, failures };
}

export function combine(results: readonly StepResult[]): StepResult {
  return {
    passed: results.reduce((sum, result) => sum + result.passed, 0),
    failed: results.reduce((sum, result) => sum + result.failed, 0),
    failures: results.flatMap((result) => result.failures),
    note: results.map((result) => result.note).filter(Boolean).join(", ") || undefined,
  };
}
