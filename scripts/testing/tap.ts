import type { StepResult } from "./result.ts";

/**
 * Counts a TAP stream as pg_prove would. A test that never ran, one too many, and a stream without
 * a plan are failures too: otherwise a file that ends early would pass.
 */
export function readTap(lines: readonly string[], error?: string): StepResult {
  let passed = 0;
  let failed = 0;
  let planned: number | undefined;
  const failures: string[] = [];
  for (const line of lines) {
    const plan = /^1\.\.(\d+)/.exec(line);
    const test = /^(not )?ok\b\s*(\d+)?\s*-?\s*(.*)$/.exec(line);
    if (plan) {
      planned = Number(plan[1]);
    } else if (test && (!test[1] || isExpectedFailure(test[3]))) {
      passed++;
    } else if (test) {
      failed++;
      failures.push(`not ok ${test[2] ?? ""} ${test[3]}`.replace(/\s+/g, " "));
    } else if (/^Bail out!/i.test(line)) {
      error ??= line;
    } else if (line.startsWith("#") && failures.length > 0) {
      failures[failures.length - 1] += `\n  ${line}`;
    }
  }
  const ran = passed + failed;
  if (error !== undefined) {
    failures.push(`after ${ran} tests: ${error}`);
  } else if (planned === undefined) {
    failures.push("no plan: start with plan(n), end with finish()");
  } else if (planned !== ran) {
    failures.push(`planned ${planned} tests but ran ${ran}`);
  }
  return { passed, failed: Math.max(failed, failures.length), failures };
}

function isExpectedFailure(description: string): boolean {
  return /# *TODO\b/i.test(description);
}
