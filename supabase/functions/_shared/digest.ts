/** Digests and comparisons, on the web's own crypto. */

const encoder = new TextEncoder();

/** SHA-256 of a text's UTF-8 bytes, or of bytes, as lower-case hex. */
export async function sha256Hex(data: string | Uint8Array<ArrayBuffer>): Promise<string> {
  return hex(new Uint8Array(await sha256(data)));
}

/** Whether two texts are equal, in a time that says nothing about where they differ. */
export async function equalInConstantTime(a: string, b: string): Promise<boolean> {
  // Of the digests, so that the length is not told either.
  const [left, right] = (await Promise.all([sha256(a), sha256(b)])).map((d) => new Uint8Array(d));
  let difference = 0;
  for (let i = 0; i < left.length; i++) difference |= left[i] ^ right[i];
  return difference === 0;
}

/** Bytes → lower-case hex. */
export function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function sha256(data: string | Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", typeof data === "string" ? encoder.encode(data) : data);
}
