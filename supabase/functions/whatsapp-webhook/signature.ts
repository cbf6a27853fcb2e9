/** Meta's signature: HMAC-SHA256 of the raw bytes, with the app's secret. */
import QuickLRU from "quick-lru";

const keys = new QuickLRU<string, Promise<CryptoKey>>({ maxSize: 10 });

/**
 * Whether `header` (`sha256=<hex>`) signs exactly these bytes with one of the secrets. The
 * comparison is WebCrypto's own, which takes the same time wherever the two differ.
 */
export async function isSigned(
  header: string | null,
  bytes: Uint8Array<ArrayBuffer>,
  secrets: readonly string[],
): Promise<boolean> {
  const signature = parseSignature(header);
  if (!signature) return false;
  for (const secret of secrets) {
    if (await crypto.subtle.verify("HMAC", await keyOf(secret), signature, bytes)) return true;
  }
  return false;
}

function parseSignature(header: string | null): Uint8Array<ArrayBuffer> | undefined {
  // Meta writes lower case; what is spelled otherwise does not come from there.
  const hex = /^sha256=([0-9a-f]{64})$/.exec(header ?? "")?.[1];
  return hex && Uint8Array.from(hex.match(/../g)!, (byte) => parseInt(byte, 16)) || undefined;
}

function keyOf(secret: string): Promise<CryptoKey> {
  const known = keys.get(secret);
  if (known) return known;
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const made = crypto.subtle.importKey("raw", new TextEncoder().encode(secret), hmac, false, [
    "verify",
  ]);
  keys.set(secret, made);
  return made;
}
