/** Stacks of their own, filled with contacts. */
import postgres from "postgres";
import { join } from "node:path";
import { type SpawnedStack, spawnStack, StartFailed } from "../../scripts/spawn.ts";
import { seedContacts } from "./seed.ts";

export interface FilledOptions {
  /** In the workspace. */
  contacts: number;
  /** In others around it. */
  around?: number;
  /** Keeps the filled stacks for the next run; without it they are made and removed. */
  folder?: string;
}

/** Runs `use` on a filled stack, with a folder for its files; stops the stack whatever happens. */
export async function withStack(
  { contacts, around, folder }: FilledOptions,
  use: (stack: SpawnedStack, folder: string) => Promise<void>,
): Promise<void> {
  const data = folder === undefined
    ? await Deno.makeTempDir({ prefix: "leadbase-bench-" })
    : join(folder, `${contacts}${around === undefined ? "" : `-${around}`}`);
  await Deno.mkdir(data, { recursive: true });
  const stack = await start(data);
  try {
    await fill(stack, { contacts, around });
    const files = await Deno.makeTempDir({ prefix: "leadbase-bench-files-" });
    try {
      await use(stack, files);
    } finally {
      await Deno.remove(files, { recursive: true });
    }
  } finally {
    await stack.stop();
    if (folder === undefined) await Deno.remove(data, { recursive: true });
  }
}

/** The same with one stack a size, all running at once. */
export async function withStacks(
  sizes: FilledOptions[],
  use: (stacks: SpawnedStack[]) => Promise<void>,
  running: SpawnedStack[] = [],
): Promise<void> {
  if (sizes.length === running.length) return await use(running);
  await withStack(sizes[running.length], (stack) => withStacks(sizes, use, [...running, stack]));
}

/** What is kept may have been made by other migrations: it is made anew then. */
async function start(data: string): Promise<SpawnedStack> {
  try {
    return await spawnStack({ data });
  } catch (error) {
    if (!(error instanceof StartFailed && error.output.includes("--fresh"))) throw error;
    return await spawnStack({ data, args: ["--fresh"] });
  }
}

async function fill(stack: SpawnedStack, options: FilledOptions): Promise<void> {
  const { database_url: url, workspace_id: workspaceId } = stack.credentials;
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    // No limit on the key, and rows only once.
    await sql`update public.api_keys set rate_limit = 1000000`;
    const [{ count }] = await sql`select count(*)::int from public.contacts`;
    if (count >= options.contacts) return;
  } finally {
    await sql.end();
  }
  const began = performance.now();
  await seedContacts(url, { ...options, workspaceId });
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(`Filled with ${options.contacts} contacts in ${seconds} s`);
}
