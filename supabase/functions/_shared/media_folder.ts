/** Media in a folder of this machine: what the embedded stack uses. */
import { dirname, join } from "node:path";
import { requireMediaPath } from "./media_path.ts";
import type { Bytes, MediaStore } from "./media_store.ts";

/** Below the folder: where files are until they are whole. */
export const INCOMING = ".incoming";

export class FolderStore implements MediaStore {
  constructor(readonly folder: string) {}

  async write(path: string, bytes: Bytes): Promise<void> {
    const target = this.#file(path);
    const draft = join(this.folder, INCOMING, crypto.randomUUID());
    await Deno.mkdir(dirname(draft), { recursive: true });
    await Deno.mkdir(dirname(target), { recursive: true });
    try {
      await writeAll(draft, bytes);
      await Deno.rename(draft, target);
    } catch (error) {
      await removeIfThere(draft);
      throw error;
    }
  }

  async read(path: string): Promise<Bytes | undefined> {
    try {
      return (await Deno.open(this.#file(path))).readable;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  async remove(path: string): Promise<void> {
    await removeIfThere(this.#file(path));
  }

  #file(path: string): string {
    requireMediaPath(path);
    return join(this.folder, path);
  }
}

async function writeAll(path: string, bytes: Bytes): Promise<void> {
  const file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  try {
    for await (const chunk of bytes) await writeChunk(file, chunk);
    // On disk before its name says that it is whole.
    await file.sync();
  } finally {
    file.close();
  }
}

async function writeChunk(file: Deno.FsFile, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.byteLength;) at += await file.write(chunk.subarray(at));
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
