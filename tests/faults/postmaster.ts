/** The Postgres process of a data folder. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { SpawnedStack } from "../../scripts/spawn.ts";
import { pause } from "./load.ts";

export async function postmasterPid(data: string): Promise<number> {
  const file = await Deno.readTextFile(join(data, "postgres", "postmaster.pid"));
  return Number(file.split("\n")[0]);
}

/**
 * SIGKILL, as the kernel does it when memory runs out; resolves when the server says that Postgres
 * is back. Not when callers are served: its processes finish what they have been sent already.
 */
export async function killPostmaster(stack: SpawnedStack, data: string): Promise<void> {
  const times = comebacks(stack);
  Deno.kill(await postmasterPid(data), "SIGKILL");
  for (let waited = 0; comebacks(stack) === times; waited += 10) {
    assert.equal(waited < 20_000, true, "Postgres does not come back");
    await pause(10);
  }
}

function comebacks(stack: SpawnedStack): number {
  return stack.output().split("\nPostgres is back.\n").length;
}
