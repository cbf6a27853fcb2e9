import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { ApiError } from "../_shared/errors.ts";
import { mediaStore } from "../_shared/media_store.ts";
import { route } from "../_shared/route.ts";
import { uuid } from "../_shared/schemas/fields.ts";
import { fileHeaders, type StoredMedia } from "./file_headers.ts";

const getMedia = route({
  method: "GET",
  path: "/:id",
  operationId: "getMedia",
  tag: "Conversations",
  summary: "Get a file",
  description:
    "The bytes of a file that came with a message; a message's `media.url` leads here. Images, " +
    "audio and video come with their own type, everything else as `application/octet-stream`.",
  scope: "conversations:read",
  params: z.strictObject({ id: uuid }),
  example: { params: { id: "0198f6c2-7d1e-7c3a-9b52-3f1d5a6b7c8d" } },
  answers: () => ({
    200: {
      description: "The bytes.",
      contentType: "application/octet-stream",
      schema: z.string().meta({ format: "binary" }),
      headers: ["ETag", "Content-Disposition"],
    },
    304: { description: "The file is that of `If-None-Match`.", headers: ["ETag"] },
  }),
  errors: ["media_not_found", "media_not_stored"],
  run: async (call) => {
    const { body } = await call.operate("get_media", { media_id: call.params.id });
    const media: StoredMedia = JSON.parse(body!).data;
    const headers = fileHeaders(media);
    if (call.request.headers.get("if-none-match") === headers.etag) {
      return { status: 304, body: null, headers: { etag: headers.etag } };
    }
    // Opened for nothing, a file would stay open.
    if (call.request.method === "HEAD") return { status: 200, body: null, headers };
    const bytes = await mediaStore().read(media.storage_path);
    if (!bytes) throw lost();
    return { status: 200, body: bytes, headers };
  },
});

function lost(): ApiError {
  return new ApiError("media_not_stored", "The store has lost the file.", {
    members: { media_status: "failed", media_error: { code: "lost" } },
  });
}

export const app = createApp("media", [getMedia]);
