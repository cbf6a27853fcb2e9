/** Where an export goes. */
import { onStopRequest } from "../stack/signals.ts";

type Bytes = ReadableStream<Uint8Array>;

/** Under its name a file is whole: until then it has another. */
export async function write(body: Bytes, file: string | undefined): Promise<void> {
  if (file === undefined) return await body.pipeTo(Deno.stdout.writable, { preventClose: true });
  const there = await Deno.stat(file).catch(() => undefined);
  if (there?.isDirectory) throw new Error("it is a folder");
  // A pipe or a device is written to: a file in its place would be none for those who read there.
  if (there && !there.isFile) {
    return await body.pipeTo((await Deno.open(file, { write: true })).writable);
  }
  await replace(there ? await Deno.realPath(file) : file, body);
}

async function replace(file: string, body: Bytes): Promise<void> {
  // A name of its own: two exports into one file are one or the other.
  const part = `${file}.${crypto.randomUUID().slice(0, 8)}.part`;
  onStopRequest(() => {
    removeIfThere(part);
    Deno.exit(130);
  });
  try {
    await body.pipeTo((await Deno.open(part, { write: true, createNew: true })).writable);
    await Deno.rename(part, file);
  } catch (error) {
    removeIfThere(part);
    throw error;
  }
}

function removeIfThere(file: string): void {
  try {
    Deno.removeSync(file);
  } catch {
    // There is nothing.
  }
}
