import { join } from "node:path";
import { startGraph } from "../graph/server.ts";
import { type SpawnedStack, spawnStack } from "../spawn.ts";
import { isThere, ROOT } from "../stack/files.ts";
import { checkBundles } from "./bundle.ts";
import { checkConfig } from "./config.ts";
import { makePgtapDatabase } from "./databases.ts";
import { denoTest } from "./deno_runner.ts";
import { findFiles } from "./find.ts";
import { runPgtap } from "./pgtap.ts";
import type { StepResult } from "./result.ts";
import type { Selection, StepName } from "./selection.ts";
import { checkFormat, checkLint, checkMigrations, checkTypes } from "./static_checks.ts";
import { checkAdvisors, checkDatabaseTypes } from "./supabase_checks.ts";

export type Step = () => Promise<StepResult>;

/** Those that need a running stack; the others run while it starts. */
export const NEEDS_STACK: readonly StepName[] = ["pgtap", "types", "http", "advisors"];

export interface StepContext {
  selection: Selection;
  /** Everything temporary goes here and is removed with it. */
  temp: string;
  signal: AbortSignal;
  stack(): Promise<SpawnedStack>;
}

export function makeSteps(context: StepContext): Record<StepName, Step> {
  const { selection, temp, signal } = context;
  const database = async () => (await context.stack()).credentials.database_url;
  const tests = { filter: selection.filter, temp, signal };
  return {
    fmt: () => checkFormat(signal),
    lint: () => checkLint(signal),
    check: () => checkTypes(signal),
    config: checkConfig,
    bundle: () => checkBundles(temp, signal),
    squawk: () => checkMigrations(signal),
    unit: async () => {
      const paths = selection.paths.unit ??
        await existing(["supabase/functions", "scripts", "bench"]);
      return await denoTest({ ...tests, paths });
    },
    pgtap: async () => {
      const { credentials, adminDatabaseUrl } = await context.stack();
      const files = await findFiles(
        selection.paths.pgtap ?? [join(ROOT, "supabase", "tests")],
        ".sql",
      );
      if (files.length === 0) return { passed: 0, failed: 0, failures: [] };
      const url = await makePgtapDatabase(credentials.database_url, adminDatabaseUrl, signal);
      return await runPgtap(url, files, signal);
    },
    types: async () => await checkDatabaseTypes(await database(), signal),
    http: async () => {
      const env = { LEADBASE_TEST_CREDENTIALS: (await context.stack()).credentialsPath };
      return await denoTest({
        ...tests,
        paths: selection.paths.http ?? [join(ROOT, "tests")],
        env,
      });
    },
    advisors: async () => await checkAdvisors(await database(), signal),
  };
}

/** The stack of one test run: the real start command, in a process of its own, and a WhatsApp here. */
export function testStack(temp: string): () => Promise<SpawnedStack> {
  let starting: Promise<SpawnedStack> | undefined;
  return () => {
    starting ??= startWithGraph(join(temp, "stack"));
    starting.catch(() => {});
    return starting;
  };
}

async function startWithGraph(data: string): Promise<SpawnedStack> {
  const graph = await startGraph();
  try {
    const stack = await spawnStack({ data, env: { GRAPH_API_URL: graph.url } });
    const stop = () => stack.stop().finally(() => graph.stop());
    return { ...stack, stop };
  } catch (error) {
    await graph.stop();
    throw error;
  }
}

async function existing(folders: string[]): Promise<string[]> {
  const paths = folders.map((folder) => join(ROOT, folder));
  const there = await Promise.all(paths.map(isThere));
  return paths.filter((_, index) => there[index]);
}
