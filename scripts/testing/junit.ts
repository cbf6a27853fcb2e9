/** How many tests of a `deno test --junit-path` report passed and failed; ignored ones are neither. */
export function countJunit(xml: string): { passed: number; failed: number } {
  let passed = 0;
  let failed = 0;
  for (const [, body] of xml.matchAll(/<testcase\b[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    if (/<(failure|error)\b/.test(body ?? "")) failed++;
    else if (!/<skipped\b/.test(body ?? "")) passed++;
  }
  return { passed, failed };
}

/** The part of `deno test`'s output that explains failures; all of it if it has no such part. */
export function failureText(output: string): string {
  const start = output.search(/^ ?ERRORS ?$/m);
  const end = output.search(/^ ?FAILURES ?$/m);
  return (start < 0 ? output : output.slice(start, end < start ? undefined : end)).trim();
}
