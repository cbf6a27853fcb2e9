export const STEPS = [
  "fmt",
  "lint",
  "check",
  "config",
  "bundle",
  "squawk",
  "unit",
  "pgtap",
  "types",
  "http",
  "advisors",
] as const;

export type StepName = typeof STEPS[number];

/** What one run of the test command runs. */
export interface Selection {
  steps: StepName[];
  /** Files or folders for each of unit, pgtap and http; all of them if absent. */
  paths: Partial<Record<StepName, string[]>>;
  /** Names of tests; then a step may find nothing, as long as another does. */
  filter?: string;
}

/**
 * Nothing runs everything. A step's name runs the step, a path what is in it, anything else is a
 * filter on the names of Deno's tests.
 */
export function select(args: readonly string[], exists: (path: string) => boolean): Selection {
  if (args.length === 0) return { steps: [...STEPS], paths: {} };
  const steps = new Set<StepName>();
  const paths: Selection["paths"] = {};
  const filters: string[] = [];
  for (const arg of args) {
    if (isStep(arg)) {
      steps.add(arg);
    } else if (exists(arg)) {
      const step = stepOf(arg);
      steps.add(step);
      (paths[step] ??= []).push(arg);
    } else {
      filters.push(arg);
    }
  }
  const filter = filters.join(" ") || undefined;
  if (filter !== undefined && steps.size === 0) {
    ["unit" as const, "http" as const].forEach((step) => steps.add(step));
  }
  return { steps: STEPS.filter((step) => steps.has(step)), paths, filter };
}

function isStep(word: string): word is StepName {
  return (STEPS as readonly string[]).includes(word);
}

function stepOf(path: string): StepName {
  const plain = path.replaceAll("\\", "/").replace(/^\.\//, "").replace(/\/+$/, "");
  if (plain.endsWith(".sql") || /(^|\/)supabase\/tests(\/|$)/.test(plain)) return "pgtap";
  return /(^|\/)(supabase|scripts|bench)(\/|$)/.test(plain) ? "unit" : "http";
}
