/** How a stranger's file is given out so that it can do no harm in a browser. */

import type { ByteRange } from "../_shared/media_store.ts";

/** What `api.get_media` answers. */
export interface StoredMedia {
  id: string;
  storage_path: string;
  mime_type: string | null;
  /** In hex. */
  sha256: string;
  size_bytes: number;
  file_name: string | null;
}

// What a browser shows without running anything; SVG, HTML and PDF are not among it.
const SHOWN = new Set([
  "image/jpeg",
  "image/png",
  "image/gif",
  "image/webp",
  "audio/aac",
  "audio/amr",
  "audio/mp4",
  "audio/mpeg",
  "audio/ogg",
  "video/3gpp",
  "video/mp4",
]);

/** The headers of an answer with a file's bytes. */
export function fileHeaders(media: StoredMedia) {
  const type = media.mime_type?.split(";")[0].trim().toLowerCase() ?? "";
  const shown = SHOWN.has(type);
  return {
    "content-type": shown ? type : "application/octet-stream",
    "content-length": String(media.size_bytes),
    "accept-ranges": "bytes",
    "content-disposition": disposition(shown ? "inline" : "attachment", nameOf(media)),
    "content-security-policy": "default-src 'none'; sandbox",
    "cache-control": "private, no-cache",
    etag: `"${media.sha256}"`,
  };
}

/** Whether an `If-None-Match` (RFC 9110, section 13.1.2) names the file, as proxies also do with `W/`. */
export function isKnown(ifNoneMatch: string | null, etag: string): boolean {
  const named = ifNoneMatch?.split(",").map((name) => name.trim().replace(/^W\//, "")) ?? [];
  return named.includes(etag) || named.includes("*");
}

/** What an answer with a part of a file has in place of those headers, and beside them. */
export function rangeHeaders({ start, end }: ByteRange, size: number) {
  return {
    "content-length": String(end + 1 - start),
    "content-range": `bytes ${start}-${end}/${size}`,
  };
}

/** A name without folders and control characters, and never one that a system hides. */
function nameOf({ id, file_name }: StoredMedia): string {
  const name = (file_name ?? "").toWellFormed()
    // deno-lint-ignore no-control-regex
    .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "")
    .replace(/[/\\:*?"<>|]/g, "_").replace(/^[. ]+|[. ]+$/g, "");
  return name || id;
}

/** RFC 6266: a name for old clients in ASCII, and the true one as RFC 8187 has it. */
function disposition(kind: "inline" | "attachment", name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]|%/g, "_");
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${kind}; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
