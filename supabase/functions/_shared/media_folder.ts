/** Media in a folder of this machine: what the embedded stack uses. */
import type { FileHandle } from "node:fs/promises";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { requireMediaPath } from "./media_path.ts";
import type { ByteRange, Bytes, MediaStore } from "./media_store.ts";

/** Below the folder: where files are until they are whole. */
export const INCOMING = ".incoming";

const PIECE_BYTES = 65_536;
const WHOLE: ByteRange = { start: 0, end: Infinity };

export class FolderStore implements MediaStore {
  constructor(readonly folder: string) {}

  async write(path: string, bytes: Bytes): Promise<void> {
    const target = this.#file(path);
    const draft = join(this.folder, INCOMING, crypto.randomUUID());
    await mkdir(dirname(draft), { recursive: true });
    await mkdir(dirname(target), { recursive: true });
    try {
      await writeAll(draft, bytes);
      await rename(draft, target);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }

  async read(path: string, range?: ByteRange): Promise<Bytes | undefined> {
    try {
      return streamOf(await open(this.#file(path)), range);
    } catch (error) {
      if ((error as { code?: unknown }).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async remove(path: string): Promise<void> {
    await rm(this.#file(path), { force: true });
  }

  #file(path: string): string {
    requireMediaPath(path);
    return join(this.folder, path);
  }
}

async function writeAll(path: string, bytes: Bytes): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    for await (const chunk of bytes) await writeChunk(file, chunk);
    // On disk before its name says that it is whole.
    await file.sync();
  } finally {
    await file.close();
  }
}

async function writeChunk(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.byteLength;) {
    at += (await file.write(chunk, at, chunk.byteLength - at)).bytesWritten;
  }
}

/** A piece at a time, as they are asked for; closes the file at its end or when nobody reads on. */
function streamOf(file: FileHandle, { start, end }: ByteRange = WHOLE): Bytes {
  let at = start;
  return new ReadableStream({
    async pull(controller) {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, end + 1 - at));
      const { bytesRead } = await file.read(piece, 0, piece.byteLength, at).catch(async (error) => {
        await file.close();
        throw error;
      });
      at += bytesRead;
      if (bytesRead > 0) return controller.enqueue(piece.subarray(0, bytesRead));
      await file.close();
      controller.close();
    },
    cancel: () => file.close(),
  }, { highWaterMark: 0 });
}
