import { errorBody, Refusal, statusOf } from "./errors.ts";
import type { MediaStore } from "./media.ts";
import { type MessageContext, postMessage } from "./messages.ts";
import { isObject } from "./shape.ts";
import type { GraphFault, GraphRequest, RequestKind } from "./types.ts";

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
}

export interface Routes extends MessageContext {
  media: MediaStore;
  /** Tokens that are accepted; any if undefined. */
  tokens: readonly string[] | undefined;
  /** What media addresses start with. */
  origin: () => string;
  newTraceId: () => string;
}

const MESSAGES = /^\/v\d+\.\d+\/([^/]+)\/messages$/;
const OBJECT = /^\/v\d+\.\d+\/([^/]+)$/;
const FILE = /^\/media\/([^/]+)$/;

/** What is asked for; an object that is no known file counts as one if it names a number. */
export function kindOf(
  { method, path, query, body }: Omit<GraphRequest, "kind">,
  media: MediaStore,
): RequestKind {
  if (method === "POST" && MESSAGES.test(path)) {
    return isObject(body) && body.status !== undefined ? "receipt" : "message";
  }
  if (method !== "GET") return "unknown";
  if (FILE.test(path)) return "media_bytes";
  const id = OBJECT.exec(path)?.[1];
  if (id === undefined) return "unknown";
  return media.has(id) || query.phone_number_id !== undefined ? "media" : "number";
}

/** The usual answer to a request, with everything done that it asks for. */
export function answer(routes: Routes, request: GraphRequest): Answer {
  try {
    if (request.kind === "media_bytes") return file(routes, request);
    authorize(routes, request);
    return json(200, route(routes, request));
  } catch (error) {
    if (error instanceof Refusal) return faultAnswer(error.fault, routes.newTraceId());
    throw error;
  }
}

export function faultAnswer(
  fault: GraphFault,
  traceId: string,
  headers?: Record<string, string>,
): Answer {
  return json(statusOf(fault), errorBody(fault, traceId), headers);
}

function route(routes: Routes, { kind, path, query, body }: GraphRequest): unknown {
  const id = (pattern: RegExp) => pattern.exec(path)![1];
  switch (kind) {
    case "message":
    case "receipt":
      return postMessage(routes, id(MESSAGES), body);
    case "media":
      return routes.media.describe(id(OBJECT), query.phone_number_id, routes.origin());
    case "number":
      return routes.numbers.describe(id(OBJECT), query.fields);
    default:
      throw new Refusal({ code: 2500, message: `Unknown path components: ${path}` });
  }
}

function authorize(routes: Routes, request: GraphRequest): void {
  if (isAuthorized(routes, request)) return;
  const message = "Invalid OAuth access token - Cannot parse access token";
  throw new Refusal({ code: 190, message });
}

function isAuthorized({ tokens }: Routes, { headers }: GraphRequest): boolean {
  const token = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
  return token !== undefined && (tokens?.includes(token) ?? true);
}

/** The media host is no part of the Graph API: its refusals have no JSON. */
function file(routes: Routes, request: GraphRequest): Answer {
  if (!isAuthorized(routes, request)) return plain(401, "Unauthorized");
  const id = FILE.exec(request.path)![1];
  const found = routes.media.read(id, request.query.expires);
  if (!found) return plain(404, "Not found");
  return { status: 200, headers: { "content-type": found.mimeType }, body: found.bytes };
}

export function plain(status: number, text: string, headers?: Record<string, string>): Answer {
  const body = new TextEncoder().encode(text);
  return { status, headers: { "content-type": "text/plain", ...headers }, body };
}

function json(status: number, value: unknown, headers?: Record<string, string>): Answer {
  return plain(status, JSON.stringify(value), {
    "content-type": "application/json; charset=UTF-8",
    ...headers,
  });
}
