/** Postgres's CSV → the CSV that spreadsheets open right: a byte order mark, and CRLF behind a row. */

const CHUNK = 65_536;
const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;
/** Without it Excel takes the file for the system's own eight-bit characters. */
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

export class SpreadsheetCsv {
  #out = new Uint8Array(CHUNK);
  #length = 0;
  #isQuoted = false;

  constructor() {
    this.#out.set(BYTE_ORDER_MARK);
    this.#length = BYTE_ORDER_MARK.length;
  }

  /** A part of the file, cut anywhere → what is ready to be sent, if that is worth it. */
  push(bytes: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
    // Each byte may need a second one.
    const needed = 2 * bytes.length;
    const full = this.#length + needed > this.#out.length ? this.#take(needed) : undefined;
    this.#write(bytes);
    return full;
  }

  /** What is left. */
  end(): Uint8Array<ArrayBuffer> {
    return this.#take(0);
  }

  #take(needed: number): Uint8Array<ArrayBuffer> {
    const taken = this.#out.subarray(0, this.#length);
    this.#out = new Uint8Array(Math.max(CHUNK, needed));
    this.#length = 0;
    return taken;
  }

  #write(bytes: Uint8Array): void {
    const out = this.#out;
    let length = this.#length;
    let isQuoted = this.#isQuoted;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i];
      // A doubled quote turns it twice.
      if (byte === QUOTE) isQuoted = !isQuoted;
      // Line breaks within a cell stay what they are.
      else if (byte === LF && !isQuoted) out[length++] = CR;
      out[length++] = byte;
    }
    this.#length = length;
    this.#isQuoted = isQuoted;
  }
}
