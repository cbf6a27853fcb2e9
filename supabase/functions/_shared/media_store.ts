/** Where the bytes of media are kept. */

export type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>;

/** A part of a file, as the numbers of its first and its last byte. */
export interface ByteRange {
  start: number;
  end: number;
}

/** Paths are `<uuid>/<uuid>`: of our own making, never a name that came from outside. */
export interface MediaStore {
  /**
   * Keeps the bytes under a path, in place of what was there: all of them, or it fails.
   *
   * @param signal breaks it off
   */
  write(path: string, bytes: Bytes, signal?: AbortSignal): Promise<void>;
  /** All bytes, or those of a range within the file; undefined if there is nothing under the path. */
  read(path: string, range?: ByteRange): Promise<Bytes | undefined>;
  /** Nothing is under the path afterwards, whether or not there was. */
  remove(path: string): Promise<void>;
}
