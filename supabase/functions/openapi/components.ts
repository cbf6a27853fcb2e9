/** What operations of the description share. */
import type { ZodOpenApiComponentsObject } from "zod-openapi";

const text = { type: "string" } as const;
const uuid = { type: "string", format: "uuid" } as const;

export const components: ZodOpenApiComponentsObject = {
  securitySchemes: {
    apiKey: {
      type: "http",
      scheme: "bearer",
      bearerFormat: "lb_…",
      description: "An API key of the workspace with the operation's scope, or `*`.",
    },
    memberToken: {
      type: "http",
      scheme: "bearer",
      bearerFormat: "JWT",
      description:
        "A Supabase Auth access token of a member. One of several workspaces is named in `X-Workspace-Id`.",
    },
    whatsappSignature: {
      type: "apiKey",
      in: "header",
      name: "X-Hub-Signature-256",
      description: "`sha256=` and the hex HMAC-SHA256 of the raw body with the Meta app's secret.",
    },
    whatsappVerifyToken: {
      type: "apiKey",
      in: "query",
      name: "hub.verify_token",
      description: "The verify token set for the webhook.",
    },
    secretKey: {
      type: "http",
      scheme: "bearer",
      bearerFormat: "sb_secret_…",
      description: "A secret key of the project; the header `apikey` takes it as well.",
    },
  },
  parameters: {
    "X-Request-Id": {
      in: "header",
      name: "X-Request-Id",
      description: "Kept if it is 1–128 letters, digits or `. _ : / + = @ -`; made otherwise.",
      schema: text,
    },
    "X-Workspace-Id": {
      in: "header",
      name: "X-Workspace-Id",
      description:
        "The workspace that a member of several means. An API key belongs to one; naming another is a 404.",
      schema: uuid,
    },
    "Idempotency-Key": {
      in: "header",
      name: "Idempotency-Key",
      description:
        "1–255 visible ASCII characters. The same request with the same key is carried out once " +
        "in 24 hours; later ones get the first answer again.",
      schema: { ...text, minLength: 1, maxLength: 255 },
    },
    "If-Match": {
      in: "header",
      name: "If-Match",
      description: "The `ETag` read before; 412 if it has changed since.",
      schema: text,
    },
    "If-None-Match": {
      in: "header",
      name: "If-None-Match",
      description: "The `ETag` of what the caller has: 304 if it is still that.",
      schema: text,
    },
    Range: {
      in: "header",
      name: "Range",
      description: "One part, as `bytes=0-1023`: 206 with it. Several at once are as good as none.",
      schema: text,
      example: "bytes=0-1023",
    },
    "If-Range": {
      in: "header",
      name: "If-Range",
      description: "The `ETag` that `Range` speaks of; all of it if it is another by now.",
      schema: text,
    },
  },
  headers: {
    "X-Request-Id": { description: "Names this request in questions about it.", schema: text },
    RateLimit: {
      description:
        "`r` calls are left for the next `t` seconds (draft-ietf-httpapi-ratelimit-headers).",
      schema: text,
      example: '"default";r=5999;t=42',
    },
    "RateLimit-Policy": {
      description: "`q` calls in `w` seconds.",
      schema: text,
      example: '"default";q=6000;w=60',
    },
    "Retry-After": { description: "Seconds to wait.", schema: { type: "integer" } },
    "WWW-Authenticate": { description: "The challenge of RFC 6750.", schema: text },
    ETag: {
      description:
        "Changes with what is answered. A contact's is for `If-Match` and changes as its " +
        "`updated_at` does: what messages, scores and time alone make of it changes neither.",
      schema: text,
      example: '"3"',
    },
    Location: { description: "Where the thing is.", schema: text },
    "Content-Disposition": {
      description:
        "`inline` for images, audio and video, `attachment` for all else; the file's name.",
      schema: text,
      example: "inline; filename=\"photo.jpg\"; filename*=UTF-8''photo.jpg",
    },
    "Accept-Ranges": { description: "`bytes`: parts can be asked for.", schema: text },
    "Content-Range": {
      description: "Which bytes these are, of how many.",
      schema: text,
      example: "bytes 0-1023/146515",
    },
    "Idempotency-Replayed": {
      description: "`true` if this is the answer to an earlier request with the same key.",
      schema: text,
    },
  },
  schemas: {
    Problem: {
      type: "object",
      description: "RFC 9457. Some codes have more members, such as `contact_id`.",
      required: ["type", "title", "status", "detail", "code", "request_id", "errors"],
      properties: {
        type: { ...text, description: "`urn:leadbase:problem:` and the code." },
        title: text,
        status: { type: "integer" },
        detail: { ...text, description: "What happened here, for people." },
        code: {
          ...text,
          description: "What happened, for programs. Codes are added, never renamed.",
        },
        request_id: text,
        errors: {
          type: "array",
          description: "With `validation_failed`: everything that is wrong. Empty otherwise.",
          items: {
            type: "object",
            required: ["path", "code", "message"],
            properties: {
              path: { ...text, description: "JSON pointer into the body or the query." },
              code: text,
              message: text,
            },
          },
        },
      },
    },
  },
};
