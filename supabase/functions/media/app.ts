import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { ApiError } from "../_shared/errors.ts";
import { mediaStore } from "../_shared/media_stores.ts";
import { route } from "../_shared/route.ts";
import { uuid } from "../_shared/schemas/fields.ts";
import { fileHeaders, isKnown, rangeHeaders, type StoredMedia } from "./file_headers.ts";
import { requestedRange } from "./requested_range.ts";

const getMedia = route({
  method: "GET",
  path: "/:id",
  operationId: "getMedia",
  tag: "Conversations",
  summary: "Get a file",
  description:
    "The bytes of a file that came with a message; a message's `media.url` leads here. Images, " +
    "audio and video come with their own type, everything else as `application/octet-stream`. " +
    "Players ask for a part of it with `Range`.",
  scope: "conversations:read",
  params: z.strictObject({ id: uuid }),
  ranges: true,
  example: { params: { id: "0198f6c2-7d1e-7c3a-9b52-3f1d5a6b7c8d" } },
  answers: () => ({
    200: {
      description: "The bytes.",
      contentType: "application/octet-stream",
      schema: z.string().meta({ format: "binary" }),
      headers: ["ETag", "Content-Disposition", "Accept-Ranges"],
    },
    206: {
      description: "Those of the one part that `Range` asks for.",
      contentType: "application/octet-stream",
      schema: z.string().meta({ format: "binary" }),
      headers: ["ETag", "Content-Disposition", "Accept-Ranges", "Content-Range"],
    },
    304: { description: "The file is that of `If-None-Match`.", headers: ["ETag"] },
  }),
  errors: ["media_not_found", "media_not_stored", "range_not_satisfiable"],
  run: async (call) => {
    const answer = await call.operate("get_media", { media_id: call.params.id });
    const media: StoredMedia = JSON.parse(answer.body!).data;
    const headers = fileHeaders(media);
    if (isKnown(call.request.headers.get("if-none-match"), headers.etag)) {
      return { status: 304, body: null, headers: { etag: headers.etag } };
    }
    // Opened for nothing, a file would stay open.
    if (call.request.method === "HEAD") return { status: 200, body: null, headers };
    const size = media.size_bytes;
    const range = requestedRange(call.request.headers, { size, etag: headers.etag });
    const body = await mediaStore().read(media.storage_path, range);
    if (!body) throw lost();
    if (!range) return { status: 200, body, headers };
    return { status: 206, body, headers: { ...headers, ...rangeHeaders(range, size) } };
  },
});

function lost(): ApiError {
  return new ApiError("media_not_stored", "The store has lost the file.", {
    members: { media_status: "failed", media_error: { code: "lost" } },
  });
}

export const app = createApp("media", [getMedia]);
