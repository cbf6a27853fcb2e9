/** Bytes that have to be what was promised: counted and hashed while they pass, never held. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/** Why media are not kept; `final`: no further try will change it. */
export class MediaFault extends Error {
  constructor(
    readonly code: string,
    readonly title: string,
    readonly more: { final?: boolean; afterSeconds?: number } = {},
  ) {
    super(code);
    this.name = "MediaFault";
  }
}

/** What has passed, once all of it has. */
export interface Passed {
  /** In hex. */
  sha256: string;
  sizeBytes: number;
}

export interface Check {
  /** Fails with a MediaFault in place of its end if the bytes are not right. */
  stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Undefined until the stream has ended well. */
  passed(): Passed | undefined;
  /** Why the stream failed, where whoever read it tells something else. */
  fault(): MediaFault | undefined;
}

/**
 * @param limit in bytes; the stream ends at the first byte too many
 * @param hashes SHA-256 as told, hex or base64; all of them have to hold
 * @param signal breaks off: the stream fails with its reason, the source is cancelled
 */
export function check(
  source: ReadableStream<Uint8Array<ArrayBuffer>>,
  limit: number,
  hashes: readonly string[],
  signal: AbortSignal,
): Check {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  let passed: Passed | undefined;
  let fault: MediaFault | undefined;
  const fail = (found: MediaFault): never => {
    throw fault = found;
  };
  const stream = source.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        sizeBytes += chunk.byteLength;
        if (sizeBytes > limit) fail(tooLarge(limit));
        hash.update(chunk);
        controller.enqueue(chunk);
      },
      flush() {
        const sha256 = hash.digest("hex");
        if (hashes.some((told) => hexOf(told) !== sha256)) {
          fail(new MediaFault("hash_mismatch", "The bytes are not those that WhatsApp announced."));
        }
        passed = { sha256, sizeBytes };
      },
    }),
    // Not left to the fetch that it comes from: Deno forgets its signal once the Response is collected.
    { signal },
  );
  return { stream, passed: () => passed, fault: () => fault };
}

export function tooLarge(limit: number): MediaFault {
  return new MediaFault("too_large", `The file has more than ${limit} bytes.`, { final: true });
}

/** A SHA-256 in hex or base64 → lower-case hex; undefined for what is neither. */
export function hexOf(told: string): string | undefined {
  if (/^[0-9a-f]{64}$/i.test(told)) return told.toLowerCase();
  if (!/^[\w+/-]{43}=?$/.test(told)) return undefined;
  return Buffer.from(told, "base64").toString("hex");
}
