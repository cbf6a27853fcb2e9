/** A file that comes in: put aside in Postgres piece by piece, its encoding found out on the way. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { EncodingScan } from "../_shared/import/encoding.ts";
import { dropFile, PIECE, storePiece } from "../_shared/import/file.ts";

// Half a megabyte: the first line is in there, however many columns it has.
const HEAD_PIECES = 16;

/** An upload under way; what it has stored is removed again unless an import takes it. */
export class Upload {
  readonly id = crypto.randomUUID();
  readonly scan = new EncodingScan();
  readonly #hash = createHash("sha256");
  readonly #buffer = new Uint8Array(PIECE);
  #filled = 0;
  #pieces = 0;
  readonly #head: Uint8Array[] = [];
  size = 0;

  /** Takes the next bytes; they may be written over once that is done. */
  async add(bytes: Uint8Array): Promise<void> {
    this.size += bytes.length;
    this.#hash.update(bytes);
    for (let at = 0; at < bytes.length;) {
      const taken = Math.min(bytes.length - at, PIECE - this.#filled);
      this.#buffer.set(bytes.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled === PIECE) await this.#store();
    }
  }

  /** Stores what is left. */
  async end(): Promise<void> {
    if (this.#filled > 0 || this.#pieces === 0) await this.#store();
  }

  async drop(): Promise<void> {
    if (this.#pieces > 0) await dropFile(this.id);
  }

  /** The file's beginning. */
  get head(): Uint8Array {
    return Buffer.concat(this.#head);
  }

  /** Whether that is all of it. */
  get isWhole(): boolean {
    return this.#pieces === this.#head.length;
  }

  /** SHA-256 (hex) of all bytes; once, at the end. */
  digest(): string {
    return this.#hash.digest("hex");
  }

  async #store(): Promise<void> {
    const bytes = this.#buffer.subarray(0, this.#filled);
    this.scan.add(bytes);
    if (this.#pieces < HEAD_PIECES) this.#head.push(bytes.slice());
    await storePiece(this.id, this.#pieces++, bytes);
    this.#filled = 0;
  }
}
