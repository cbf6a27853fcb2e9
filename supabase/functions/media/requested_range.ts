/** Which part of a file a request is for (RFC 9110, section 14). */
// @ts-types="@types/range-parser"
import parseRange from "range-parser";
import { ApiError } from "../_shared/errors.ts";
import type { ByteRange } from "../_shared/media_store.ts";

/**
 * Undefined: for all of it. So is what asks for several parts, or for one of another version.
 *
 * @param etag of the file
 * @throws ApiError 416 `range_not_satisfiable`
 */
export function requestedRange(
  headers: Headers,
  { size, etag }: { size: number; etag: string },
): ByteRange | undefined {
  const range = headers.get("range");
  if (range === null || (headers.get("if-range") ?? etag) !== etag) return undefined;
  const parts = parseRange(size, range);
  if (parts === -1) {
    throw new ApiError("range_not_satisfiable", `The file has ${size} bytes.`, {
      headers: { "content-range": `bytes */${size}` },
    });
  }
  return parts !== -2 && parts.type === "bytes" && parts.length === 1 ? parts[0] : undefined;
}
