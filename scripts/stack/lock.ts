import { join } from "node:path";
import { StackProblem } from "./problem.ts";

/**
 * One server a data folder. The lock is the operating system's, on an open file, so that it ends
 * with the process however that ends: nothing stale is ever left to clean up by hand.
 */
export async function lockDataFolder(data: string): Promise<() => void> {
  await makeFolder(data);
  const file = await openLock(join(data, "lock"));
  if (!(await file.tryLock(true))) {
    file.close();
    throw new StackProblem(
      `The data folder ${data} is in use by another server. Stop that one, or choose another folder with --data.`,
    );
  }
  return () => file.close();
}

async function openLock(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { read: true, write: true, create: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    throw new StackProblem(
      `${path} cannot be opened: it was made by another user, as root perhaps. Delete its folder, or choose another with --data.`,
    );
  }
}

async function makeFolder(data: string): Promise<void> {
  try {
    await Deno.mkdir(data, { recursive: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StackProblem(`The data folder ${data} cannot be made: ${reason}`);
  }
}
