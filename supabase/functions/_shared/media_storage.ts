/**
 * Media in Supabase Storage, over its HTTP API: three requests, where the client library would be
 * the larger part of a function's bundle.
 */
import { MediaFault } from "./media_check.ts";
import { requireMediaPath } from "./media_path.ts";
import type { ByteRange, Bytes, MediaStore } from "./media_store.ts";

/** Private; made by the migrations. */
const BUCKET = "whatsapp-media";

// A connection that hangs keeps a lane of the worker, or a caller, for as long as it is waited for.
const ANSWER_MS = 30_000;

export class StorageStore implements MediaStore {
  readonly #objects: string;
  readonly #headers: Record<string, string>;
  readonly #answerMs: number;

  /**
   * @param key one of the project's secret keys
   * @param answerMs how long Storage may take for an answer; what is read may take any time after
   * its beginning, and what is written as long as its signal lets it
   */
  constructor(url: string, key: string, { answerMs = ANSWER_MS } = {}) {
    this.#objects = `${url}/storage/v1/object/${BUCKET}`;
    this.#headers = { authorization: `Bearer ${key}`, apikey: key };
    this.#answerMs = answerMs;
  }

  /** A stream that fails breaks the request off, and Storage keeps nothing of it. */
  async write(path: string, bytes: Bytes, signal?: AbortSignal): Promise<void> {
    const response = await this.#ask("POST", path, {
      body: bytes,
      signal,
      // What it really is, is said when it is given out; nothing is ever served from here.
      headers: { "content-type": "application/octet-stream", "x-upsert": "true" },
    });
    await response.body?.cancel();
    if (response.status === 413) {
      throw new MediaFault("too_large", "The file is larger than the project's Storage takes.", {
        final: true,
      });
    }
    if (!response.ok) throw refused("write", response);
  }

  read(path: string, range?: ByteRange): Promise<Bytes | undefined> {
    const headers = range && { range: `bytes=${range.start}-${range.end}` };
    return this.#inTime(async (signal) => {
      const response = await this.#ask("GET", path, { headers, signal });
      if (response.ok) {
        const bytes = response.body ?? new Blob().stream();
        // A Storage that keeps its files in a folder gives all of them.
        return range && response.status !== 206 ? partOf(bytes, range) : bytes;
      }
      if (await isMissing(response)) return undefined;
      throw refused("read", response);
    });
  }

  remove(path: string): Promise<void> {
    return this.#inTime(async (signal) => {
      const response = await this.#ask("DELETE", path, { signal });
      if (response.ok) await response.body?.cancel();
      else if (!await isMissing(response)) throw refused("remove", response);
    });
  }

  /** What it resolves with is no longer timed: a file is read as fast as its reader goes. */
  async #inTime<T>(use: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const late = new AbortController();
    const timer = setTimeout(() => {
      late.abort(new DOMException("Storage does not answer.", "TimeoutError"));
    }, this.#answerMs);
    try {
      return await use(late.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  async #ask(method: string, path: string, more: RequestInit = {}): Promise<Response> {
    requireMediaPath(path);
    return await fetch(`${this.#objects}/${path}`, {
      method,
      ...more,
      headers: { ...this.#headers, ...more.headers },
      redirect: "error",
    });
  }
}

function partOf(bytes: Bytes, { start, end }: ByteRange): Bytes {
  let at = 0;
  return bytes.pipeThrough(
    new TransformStream({
      transform(piece, controller) {
        const part = piece.subarray(Math.max(0, start - at), Math.max(0, end + 1 - at));
        at += piece.byteLength;
        if (part.byteLength > 0) controller.enqueue(part);
        if (at > end) controller.terminate();
      },
    }),
  );
}

/**
 * Storage answers 400 for what is not there, and for a key that it does not take; its body tells
 * them apart. Taken for gone, a file would stay for ever.
 */
async function isMissing(response: Response): Promise<boolean> {
  const body: unknown = await response.json().catch(() => undefined);
  if (response.status === 404) return true;
  return response.status === 400 && (body as { statusCode?: unknown })?.statusCode === "404";
}

function refused(what: string, { status }: Response): Error {
  return new Error(`Storage does not ${what} media: ${status}`);
}
