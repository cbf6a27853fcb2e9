/** Pieces of a file in any of the encodings → UTF-8, and lengths in it → lengths in the file. */
import { Buffer } from "node:buffer";
import type { Encoding } from "./encoding.ts";

/** The text of whole characters as UTF-8. */
export function toUtf8(bytes: Uint8Array, encoding: Encoding): Buffer {
  if (encoding === "utf-8") return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Byte order marks are cut off before; one within is a character like others.
  return Buffer.from(new TextDecoder(encoding, { ignoreBOM: true }).decode(bytes));
}

/** How many bytes of the file that much of its UTF-8 takes. */
export function lengthInFile(utf8: Buffer, encoding: Encoding): number {
  if (encoding === "utf-8") return utf8.length;
  const units = utf8.toString().length;
  return encoding.startsWith("utf-16") ? 2 * units : units;
}
