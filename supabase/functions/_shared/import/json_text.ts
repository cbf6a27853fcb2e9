/** The JSON text of a list that is made item by item. */
import { Buffer } from "node:buffer";

const FIRST_BYTES = 65_536;

/** Holds its items as bytes: a thousand small objects would outlive small collections of garbage. */
export class JsonList {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #end = 0;

  add(item: unknown): void {
    const text = (this.#end === 0 ? "[" : ",") + JSON.stringify(item);
    // A unit of UTF-16 takes three bytes at most.
    this.#makeRoom(3 * text.length);
    this.#end += this.#bytes.write(text, this.#end);
  }

  get isEmpty(): boolean {
    return this.#end === 0;
  }

  /** The whole list. */
  toString(): string {
    return this.isEmpty ? "[]" : this.#bytes.toString("utf8", 0, this.#end) + "]";
  }

  #makeRoom(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * this.#bytes.length + bytes);
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}
