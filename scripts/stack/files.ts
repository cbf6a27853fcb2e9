import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout: the folder that holds deno.json. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The path as the caller means it: `deno task` runs us in the checkout. */
export function callersPath(path: string): string {
  const folder = Deno.env.get("LEADBASE_TASK") ? Deno.env.get("INIT_CWD") : undefined;
  return resolve(folder ?? Deno.cwd(), path);
}

/** Whole or not at all, and readable by its owner only: the files hold keys and passwords. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const draft = join(dirname(path), `.${crypto.randomUUID()}.tmp`);
  const file = await Deno.open(draft, { write: true, createNew: true, mode: 0o600 });
  try {
    await file.write(new TextEncoder().encode(text));
    await file.sync();
  } finally {
    file.close();
  }
  await Deno.rename(draft, path);
}

export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** What stands behind so many bytes of a file. */
export async function readTextFrom(path: string, offset: number): Promise<string> {
  const file = await Deno.open(path);
  await file.seek(offset, Deno.SeekMode.Start);
  return await new Response(file.readable).text();
}

export async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

export async function isThere(path: string): Promise<boolean> {
  return await sizeIfThere(path) !== undefined;
}

/** In bytes. */
export async function sizeIfThere(path: string): Promise<number | undefined> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
