/**
 * Secrets at rest: AES-256-GCM under a key that only the functions have, so that a copy of the
 * database tells nothing. A sealed text opens only in the context that it was sealed for.
 *
 * Layout: version (1 byte), nonce (12 bytes), ciphertext and tag (16 bytes longer than the text).
 */
import { encryptionKeys } from "./env.ts";

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/**
 * A text → its sealed bytes.
 *
 * @param context what the text belongs to, e.g. a phone_number_id; needed again to open it
 * @param base64 the key; the first of `LEADBASE_ENCRYPTION_KEY` unless given
 * @throws Error if there is no usable key
 */
export async function seal(
  text: string,
  context: string,
  base64?: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const key = base64 === undefined ? (await importKeys())[0] : await importKey(base64);
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const secret = await crypto.subtle.encrypt(parameters(nonce, context), key, utf8(text));
  const sealed = new Uint8Array(1 + NONCE_BYTES + secret.byteLength);
  sealed[0] = VERSION;
  sealed.set(nonce, 1);
  sealed.set(new Uint8Array(secret), 1 + NONCE_BYTES);
  return sealed;
}

/**
 * Sealed bytes → the text, if any of the keys and this context open it.
 *
 * @throws Error for bytes that were altered, of another context, or under a key that is gone
 */
export async function open(sealed: Uint8Array, context: string): Promise<string> {
  if (sealed[0] !== VERSION || sealed.length < 1 + NONCE_BYTES + TAG_BYTES) throw unopened();
  const nonce = sealed.slice(1, 1 + NONCE_BYTES);
  const secret = sealed.slice(1 + NONCE_BYTES);
  for (const key of await importKeys()) {
    try {
      const text = await crypto.subtle.decrypt(parameters(nonce, context), key, secret);
      return new TextDecoder().decode(text);
    } catch {
      // Sealed under one of the other keys, perhaps.
    }
  }
  throw unopened();
}

/** At every use, as the environment is read: one import takes microseconds. */
async function importKeys(): Promise<CryptoKey[]> {
  const keys = encryptionKeys();
  if (keys.length === 0) throw new Error("LEADBASE_ENCRYPTION_KEY is not set.");
  return await Promise.all(keys.map(importKey));
}

async function importKey(base64: string): Promise<CryptoKey> {
  const bytes = decodeBase64(base64);
  if (bytes?.length !== KEY_BYTES) {
    throw new Error("Each LEADBASE_ENCRYPTION_KEY has to be 32 bytes in base64.");
  }
  return await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function parameters(nonce: Uint8Array<ArrayBuffer>, context: string): AesGcmParams {
  return { name: "AES-GCM", iv: nonce, additionalData: utf8(context) };
}

// Why is not told apart: neither is any of the caller's business.
function unopened(): Error {
  return new Error("A sealed secret does not open: altered, misplaced, or its key is gone.");
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
