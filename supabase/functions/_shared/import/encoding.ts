/** Which encoding a CSV file is in, found out while it streams past. */
import { isAscii, isUtf8 } from "node:buffer";
import { ApiError } from "../errors.ts";

/** As TextDecoder calls it: UTF-8, UTF-16, or one that has a byte for every character. */
export type Encoding = string;

/** How the bytes of a file become text, and where its text begins. */
export interface Decoding {
  encoding: Encoding;
  /** Bytes of the byte order mark. */
  mark: number;
}

// Of others it cannot be told from a piece of text where in the file it ends.
const READ =
  /^(?:utf-8|utf-16[lb]e|windows-\d+|iso-8859-\d+(?:-i)?|koi8-[ru]|ibm866|macintosh|x-mac-cyrillic)$/;

/**
 * The encoding that a sender says (a charset), where it cannot be seen.
 *
 * @throws ApiError 422 `unreadable_file`
 */
function encodingOf(charset: string): Encoding {
  const known = knownEncoding(charset);
  if (known !== undefined && READ.test(known)) return known;
  throw unreadable(`Its charset is said to be ${charset.slice(0, 50)}, which is not read.`);
}

function knownEncoding(charset: string): string | undefined {
  try {
    return new TextDecoder(charset).encoding;
  } catch {
    return undefined;
  }
}

/** Counts what tells encodings apart; `decoding` decides. */
export class EncodingScan {
  #size = 0;
  #start = new Uint8Array();
  #rest = new Uint8Array();
  #isUtf8 = true;
  /** Whether there is more than ASCII in what is UTF-8 for sure. */
  #hasUtf8 = false;
  readonly #counts = new ByteCounts();

  add(bytes: Uint8Array): void {
    if (this.#size < 4) {
      this.#start = Uint8Array.from([...this.#start, ...bytes.subarray(0, 4 - this.#size)]);
    }
    // In UTF-8 only NUL matters, and whoever writes UTF-16 shows it at once.
    if (this.#isUtf8) this.#checkUtf8(bytes);
    if (this.#size === 0 || !this.#isUtf8) this.#counts.add(bytes, this.#size % 2);
    this.#size += bytes.length;
  }

  /**
   * @param charset what the sender says it is, if anything; counts where the bytes leave it open
   * @throws ApiError 422 `unreadable_file`
   */
  decoding(charset?: string): Decoding {
    const marked = this.#marked();
    if (marked) return marked;
    const wide = this.#counts.wide();
    if (wide && this.#size % 2 === 0) return { encoding: wide, mark: 0 };
    if (this.#isUtf8 && this.#rest.length === 0) return { encoding: "utf-8", mark: 0 };
    const said = charset === undefined ? "utf-8" : encodingOf(charset);
    // That it is UTF-8 has just been seen to be wrong.
    if (said !== "utf-8" && !(said.startsWith("utf-16") && this.#size % 2 === 1)) {
      return { encoding: said, mark: 0 };
    }
    if (!this.#hasUtf8 && this.#counts.isWestern()) return { encoding: "windows-1252", mark: 0 };
    throw unreadable(
      "Its encoding cannot be told: it is neither UTF-8 nor UTF-16, nor surely Windows-1252.",
    );
  }

  #marked(): Decoding | undefined {
    const [a, b, c, d] = this.#start;
    if (a === 0xef && b === 0xbb && c === 0xbf) {
      if (this.#isUtf8 && this.#rest.length === 0) return { encoding: "utf-8", mark: 3 };
      throw unreadable("It says that it is UTF-8, and is not.");
    }
    const isLittle = a === 0xff && b === 0xfe;
    if (!isLittle && !(a === 0xfe && b === 0xff)) return undefined;
    if (isLittle && c === 0 && d === 0) throw unreadable("UTF-32 is not read.");
    if (this.#size % 2 === 1) {
      throw unreadable("It says that it is UTF-16, and has an odd number of bytes.");
    }
    return { encoding: isLittle ? "utf-16le" : "utf-16be", mark: 2 };
  }

  #checkUtf8(bytes: Uint8Array): void {
    if (this.#rest.length > 0) {
      // The sequence that the last piece broke off is checked by itself, the rest in place.
      const missing = sequenceLength(this.#rest[0]) - this.#rest.length;
      const sequence = Uint8Array.from([...this.#rest, ...bytes.subarray(0, missing)]);
      this.#rest = bytes.length < missing ? sequence : new Uint8Array();
      if (bytes.length < missing) return;
      this.#isUtf8 = isUtf8(sequence);
      bytes = bytes.subarray(missing);
    }
    const whole = bytes.length - brokenOff(bytes);
    this.#rest = bytes.slice(whole);
    this.#isUtf8 &&= isUtf8(bytes.subarray(0, whole));
    this.#hasUtf8 ||= this.#isUtf8 && !isAscii(bytes.subarray(0, whole));
  }
}

function unreadable(why: string): ApiError {
  return new ApiError(
    "unreadable_file",
    `The file cannot be read. ${why} Save it as CSV in UTF-8.`,
  );
}

function sequenceLength(lead: number): number {
  return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
}

/** How many bytes at the end are the beginning of a sequence that goes on in the next piece. */
function brokenOff(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if (byte >= 0xc0) return sequenceLength(byte) > back ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

// Bytes that Windows-1252 has no character for.
const UNUSED = new Set([0x81, 0x8d, 0x8f, 0x90, 0x9d]);
// £ ¥ ³ ¹ there, which stand within no word; in Windows-1250 Ł Ą ł ą, without which there is no Polish.
const SIGNS = new Set([0xa3, 0xa5, 0xb3, 0xb9]);

function isLetter(byte: number): boolean {
  return byte >= 0xc0 || byte >= 0x61 && byte <= 0x7a || byte >= 0x41 && byte <= 0x5a;
}

class ByteCounts {
  #even = 0;
  #odd = 0;
  #total = 0;
  #high = 0;
  /** High bytes among at least three in a row: whole words, as in Cyrillic or Chinese. */
  #inWords = 0;
  /** High bytes that are a valid sequence of UTF-8. */
  #asUtf8 = 0;
  #unused = 0;
  #control = 0;
  /** Signs between two letters. */
  #signsInWords = 0;
  #lastButOne = 0;
  #last = 0;

  add(bytes: Uint8Array, phase: number): void {
    this.#total += bytes.length;
    let run = 0;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i];
      if (SIGNS.has(this.#last) && isLetter(this.#lastButOne) && isLetter(byte)) {
        this.#signsInWords++;
      }
      this.#lastButOne = this.#last;
      this.#last = byte;
      if (byte >= 0x80) {
        run++;
        continue;
      }
      if (run > 0) this.#count(bytes.subarray(i - run, i));
      run = 0;
      if (byte === 0) (i + phase) % 2 === 0 ? this.#even++ : this.#odd++;
      else if (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13) this.#control++;
    }
    if (run > 0) this.#count(bytes.subarray(bytes.length - run));
  }

  #count(run: Uint8Array): void {
    this.#high += run.length;
    if (run.length >= 3) this.#inWords += run.length;
    if (isUtf8(run)) this.#asUtf8 += run.length;
    for (const byte of run) if (UNUSED.has(byte)) this.#unused++;
  }

  /** Which UTF-16 it is: the ASCII in it has its zeros on one side. */
  wide(): Encoding | undefined {
    const [more, less] = [Math.max(this.#even, this.#odd), Math.min(this.#even, this.#odd)];
    if (more === 0 || more < this.#total / 20 || less > more / 10) return undefined;
    return this.#odd > this.#even ? "utf-16le" : "utf-16be";
  }

  /** Whether it looks like a Western European language, and like nothing else. */
  isWestern(): boolean {
    const few = this.#high / 5;
    return this.#even + this.#odd + this.#unused + this.#control === 0 && this.#inWords <= few &&
      this.#asUtf8 <= few && this.#signsInWords <= this.#high / 50;
  }
}
