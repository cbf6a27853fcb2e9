/** Reading a request: its body within a limit, as JSON, and its query. */
import { ApiError, invalid } from "./errors.ts";
import { isStorable, unstorablePath } from "./text.ts";
import { pointer } from "./validation.ts";

/** Bytes that a JSON body may have unless the route says otherwise. */
export const BODY_LIMIT = 1_000_000;

/**
 * The raw bytes of a body.
 *
 * @param limit in bytes; a larger body is not read to its end
 * @throws ApiError 413 `body_too_large`, 400 `incomplete_body`
 */
export async function readBytes(request: Request, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const declared = request.headers.get("content-length");
  if (Number(declared ?? 0) > limit) throw tooLarge(limit);
  try {
    // The server holds a sender to the length that was declared, so one read is enough.
    const bytes = declared === null
      ? await readStream(request.body, limit)
      : new Uint8Array(await request.arrayBuffer());
    if (bytes.byteLength > limit) throw tooLarge(limit);
    return bytes;
  } catch (error) {
    throw error instanceof ApiError
      ? error
      : new ApiError("incomplete_body", undefined, { cause: error });
  }
}

async function readStream(
  body: ReadableStream<Uint8Array> | null,
  limit: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.byteLength;
    if (length > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return joined(chunks, length);
}

function tooLarge(limit: number): ApiError {
  return new ApiError("body_too_large", `The body may have ${limit} bytes at most.`);
}

function joined(chunks: Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

// Nesting that a body of ours can have with room to spare: `custom` takes 32.
const DEEPEST = 64;

/**
 * Bytes → the JSON value in them.
 *
 * @throws ApiError 400 `malformed_json`; 422 for text that cannot be stored or too deep nesting
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decodeUtf8(bytes);
  const value = parseText(text);
  if (isDeeperThan(DEEPEST, value)) {
    throw invalid({
      path: "",
      code: "too_deep",
      message: `The body is nested more than ${DEEPEST} deep.`,
    });
  }
  // In valid UTF-8 only an escape can bring in what cannot be stored.
  const path = text.includes("\\u") ? unstorablePath(value) : undefined;
  if (path) {
    throw invalid({
      path: pointer(path),
      code: "invalid_text",
      message: "Text may not hold U+0000 or half of a surrogate pair.",
    });
  }
  return value;
}

/** @throws ApiError 400 `malformed_json` if the bytes are not UTF-8 */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ApiError("malformed_json", "The body is not UTF-8.", { cause: error });
  }
}

/** @throws ApiError 400 `malformed_json` */
export function parseText(text: string): unknown {
  if (text.trim() === "") {
    throw new ApiError("malformed_json", "The body is empty; a JSON object is needed.");
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError("malformed_json", undefined, { cause: error });
  }
}

/** Whether a JSON value has more than `depth` levels of objects and lists. */
export function isDeeperThan(depth: number, value: unknown): boolean {
  if (value === null || typeof value !== "object") return false;
  if (depth === 0) return true;
  return Object.values(value).some((item) => isDeeperThan(depth - 1, item));
}

/**
 * Refuses bodies that are not JSON. A body of no bytes needs no type.
 *
 * @throws ApiError 415 `unsupported_media_type`
 */
export function requireJson(headers: Headers, bytes: Uint8Array): void {
  const type = headers.get("content-type");
  if (type === null && bytes.length === 0) return;
  const json = /^application\/(?:[\w.+-]+\+)?json *(?:; *charset="?utf-8"? *)?$/i.test(type ?? "");
  const encoding = headers.get("content-encoding");
  if (!json || (encoding !== null && encoding !== "identity")) {
    throw new ApiError("unsupported_media_type");
  }
}

/**
 * A query as an object: names → value, or list of values for those in `lists`. Lists may be
 * repeated or comma-separated; `\,` stands for a comma within a value.
 *
 * @throws ApiError 422 for what is no UTF-8, cannot be stored, or is given twice without being a list
 */
export function readQuery(
  search: string,
  lists: ReadonlySet<string>,
): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = {};
  if (search === "" || search === "?") return query;
  requireDecodable(search);
  for (const [name, value] of new URLSearchParams(search)) {
    if (!isStorable(name) || !isStorable(value)) {
      throw invalid({
        path: pointer([name]),
        code: "invalid_text",
        message: "Text may not hold U+0000.",
      });
    }
    const before = Object.hasOwn(query, name) ? query[name] : undefined;
    if (lists.has(name)) {
      query[name] = [...(before ?? []), ...splitList(value)];
    } else if (before === undefined) {
      setOwn(query, name, value);
    } else {
      throw invalid({
        path: pointer([name]),
        code: "repeated",
        message: `${name} may be given once only.`,
      });
    }
  }
  return query;
}

// `__proto__` as a name is a caller's joke, and has to end up as an unknown parameter like others.
function setOwn(query: Record<string, string | string[]>, name: string, value: string): void {
  Object.defineProperty(query, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function requireDecodable(search: string): void {
  if (!search.includes("%")) return;
  try {
    decodeURIComponent(search);
  } catch {
    throw invalid({
      path: "",
      code: "invalid_encoding",
      message: "The query is not percent-encoded UTF-8.",
    });
  }
}

function splitList(value: string): string[] {
  return value.split(/(?<!\\),/).map((item) => item.replaceAll("\\,", ",").trim());
}
