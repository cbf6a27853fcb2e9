/** Reading what Postgres copies out. */
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";

/**
 * Gives all bytes of a copy to `take`, which must not wait: a copy that is paused never ends now and
 * then.
 */
export async function drain(reading: Readable, take: (bytes: Uint8Array) => void): Promise<void> {
  reading.on("data", take);
  await finished(reading);
}

/** Writes a copy into a file. */
export async function drainInto(path: string, reading: Readable): Promise<void> {
  using file = await Deno.create(path);
  await drain(reading, (bytes) => {
    for (let from = 0; from < bytes.length;) from += file.writeSync(bytes.subarray(from));
  });
}
