/** A file that comes in: put aside in Postgres piece by piece, its encoding found out on the way. */
import { createHash } from "node:crypto";
import { EncodingScan } from "../_shared/import/encoding.ts";
import { dropFile, PIECE, storePiece } from "../_shared/import/file.ts";

/** An upload under way; what it has stored is removed again unless an import takes it. */
export class Upload {
  readonly id = crypto.randomUUID();
  readonly scan = new EncodingScan();
  readonly #hash = createHash("sha256");
  #buffer = new Uint8Array(PIECE);
  #filled = 0;
  #pieces = 0;
  #head = new Uint8Array();
  size = 0;

  /** Takes the next bytes. */
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

  /** The first piece. */
  get head(): Uint8Array {
    return this.#head;
  }

  get isWhole(): boolean {
    return this.#pieces === 1;
  }

  /** SHA-256 (hex) of all bytes; once, at the end. */
  digest(): string {
    return this.#hash.digest("hex");
  }

  async #store(): Promise<void> {
    const bytes = this.#buffer.subarray(0, this.#filled);
    this.scan.add(bytes);
    if (this.#pieces === 0) this.#head = bytes.slice();
    await storePiece(this.id, this.#pieces++, bytes);
    this.#filled = 0;
  }
}
