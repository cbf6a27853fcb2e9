import { join } from "node:path";
import { findFiles } from "./find.ts";
import { readTextIfThere, ROOT } from "../stack/files.ts";
import { run } from "../stack/process.ts";
import { countJunit, failureText } from "./junit.ts";
import type { StepResult } from "./result.ts";

export interface DenoTestOptions {
  /** Files, and folders of *_test.ts files. */
  paths: string[];
  filter?: string;
  env?: Record<string, string>;
  /** Where reports go and tests make their temporary files. */
  temp: string;
  signal?: AbortSignal;
}

/** Files are named to Deno one by one: left to itself it would take scripts/test.ts for a test. */
export async function denoTest(options: DenoTestOptions): Promise<StepResult> {
  const files = await findFiles(options.paths, "_test.ts");
  if (files.length === 0) return { passed: 0, failed: 0, failures: [] };
  const report = join(options.temp, `${crypto.randomUUID()}.xml`);
  const filter = options.filter === undefined ? [] : [`--filter=${options.filter}`];
  const result = await run(Deno.execPath(), [
    "test",
    "--allow-all",
    "--no-check",
    `--junit-path=${report}`,
    ...filter,
    ...files,
  ], {
    cwd: ROOT,
    env: { NO_COLOR: "1", TMPDIR: options.temp, TEMP: options.temp, ...options.env },
    signal: options.signal,
  });
  const counts = countJunit(await readTextIfThere(report) ?? "");
  if (result.code === 0) return { ...counts, failures: [] };
  // Also when no test failed but a module did not load, or something leaked.
  return {
    passed: counts.passed,
    failed: Math.max(counts.failed, 1),
    failures: [failureText(`${result.stdout}\n${result.stderr}`)],
  };
}
