import { existsSync } from "node:fs";
import { describeFailure } from "./stack/problem.ts";
import { onStopRequest } from "./stack/signals.ts";
import type { SpawnedStack } from "./spawn.ts";
import { combine, failed, type StepResult } from "./testing/result.ts";
import { select, type Selection, type StepName } from "./testing/selection.ts";
import { makeSteps, NEEDS_STACK, type Step, testStack } from "./testing/steps.ts";

async function main(args: string[]): Promise<number> {
  const selection = select(args, existsSync);
  const stop = new AbortController();
  onStopRequest(() => stop.abort());
  const temp = await Deno.makeTempDir({ prefix: "leadbase-test-" });
  const startStack = testStack(temp);
  let stack: Promise<SpawnedStack> | undefined;
  let results: StepResult[] = [];
  try {
    const useStack = () => stack ??= startStack();
    // Ready by the time that the checks which need none are through.
    if (selection.steps.some((step) => NEEDS_STACK.includes(step))) useStack();
    const steps = makeSteps({ selection, temp, signal: stop.signal, stack: useStack });
    results = await runSteps(selection, steps, stop.signal);
  } finally {
    await stack?.then((running) => running.stop(), () => {});
    await removeAll(temp);
  }
  return summarise(results, selection);
}

/** A stack that a test killed may still be writing its last words. */
async function removeAll(folder: string): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    try {
      return await Deno.remove(folder, { recursive: true });
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
  console.log(`${folder} could not be removed.`);
}

/** Each runs even if an earlier one failed: one run tells everything that is wrong. */
async function runSteps(
  selection: Selection,
  steps: Record<StepName, Step>,
  signal: AbortSignal,
): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const name of selection.steps) {
    const started = performance.now();
    const result = checked(await attempt(steps[name]), selection);
    if (signal.aborted) return [...results, interrupted()];
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    report(name, result, seconds);
    results.push(result);
  }
  return results;
}

function interrupted(): StepResult {
  console.log("Interrupted.");
  return failed("interrupted");
}

async function attempt(step: Step): Promise<StepResult> {
  try {
    return await step();
  } catch (error) {
    return failed(describeFailure(error));
  }
}

/** A step that runs nothing has lost its tests; with a filter another step may have them. */
function checked(result: StepResult, { filter }: Selection): StepResult {
  const ran = result.passed + result.failed;
  return ran === 0 && filter === undefined ? failed("nothing to run was found") : result;
}

function report(name: StepName, result: StepResult, seconds: string): void {
  const counts = [
    result.passed > 0 || result.failed === 0 ? `${result.passed} passed` : "",
    result.failed > 0 ? `${result.failed} FAILED` : "",
    result.note ?? "",
  ].filter(Boolean).join(", ");
  console.log(
    `${result.failed > 0 ? "✗" : "✓"} ${name.padEnd(9)} ${seconds.padStart(6)} s  ${counts}`,
  );
  for (const failure of result.failures) console.log(indent(failure));
}

function indent(text: string): string {
  return text.split("\n").map((line) => `    ${line}`.trimEnd()).join("\n");
}

function summarise(results: StepResult[], selection: Selection): number {
  const total = combine(results);
  const ran = total.passed + total.failed;
  if (ran === 0) console.log(`Nothing matches ${selection.filter ?? "that"}.`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return ran === 0 || total.failed > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
