/** The file in a request's body, as it streams in: a form's part, or the whole body. */
import { Busboy, type BusboyInstance, type Dicer } from "@fastify/busboy";
import { Readable } from "node:stream";
import { ApiError, invalid } from "../_shared/errors.ts";
import { importOptions } from "./options.ts";

/** What came with the file. */
export interface Received {
  fileName: string | null;
  charset?: string;
  /** The other fields of a form; of files that are no fields the names count alone. */
  form: Record<string, string>;
}

/** Bytes that a file may have. */
export const FILE_LIMIT = 200_000_000;
// A form's boundaries and other fields.
const FORM_ROOM = 262_144;
const FIELDS = 20;
const FIELD_BYTES = 131_072;
const PATIENCE_MS = 30_000;
const READ_BYTES = 65_536;

/** What takes the bytes of the file, in order; the next ones wait for it and may be in their place. */
export type Sink = (bytes: Uint8Array) => Promise<void>;

/**
 * Reads a body and hands its file on.
 *
 * @param patienceMs how long a sender may take for the next bytes
 * @throws ApiError 413 `body_too_large`, 415 `unsupported_media_type`, 400 `incomplete_body`,
 *   422 `validation_failed`
 */
export async function receiveFile(
  request: Request,
  sink: Sink,
  patienceMs = PATIENCE_MS,
): Promise<Received> {
  const type = request.headers.get("content-type") ?? "";
  const encoding = request.headers.get("content-encoding") ?? "identity";
  const kind = /^\s*(multipart\/form-data|text\/csv)\s*(?:;|$)/i.exec(type)?.[1].toLowerCase();
  if (!kind || encoding !== "identity") throw wrongType();
  if (Number(request.headers.get("content-length") ?? 0) > FILE_LIMIT + FORM_ROOM) throw tooLarge();
  const counted = limited(sink);
  const body = bounded(paced(request.body, patienceMs));
  if (kind === "multipart/form-data") return await receiveForm(body, type, counted);
  await whole(async () => {
    for await (const bytes of body) await counted(bytes);
  });
  return { fileName: null, charset: parameter(type, "charset"), form: {} };
}

type Bytes = AsyncIterable<Uint8Array>;

/** The bytes of a body, each time in the same memory; a sender who stops sending ends it. */
async function* paced(
  body: ReadableStream<Uint8Array> | null,
  patienceMs: number,
): AsyncGenerator<Uint8Array> {
  const reader = body && readerOf(body);
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    while (reader) {
      const late = new Promise<never>((_, reject) => {
        const error = () => new ApiError("incomplete_body", "The body stopped arriving.");
        timer = setTimeout(() => reject(error()), patienceMs);
      });
      const { done, value } = await Promise.race([reader.read(), late]);
      clearTimeout(timer);
      if (done) return;
      yield value;
    }
  } finally {
    clearTimeout(timer);
    // What is left of it is nobody's business any more, nor how that ends.
    reader?.cancel().catch(() => undefined);
  }
}

/** The same bytes, up to as many as a body may have, whichever parts of a form they are in. */
async function* bounded(body: Bytes): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const bytes of body) {
    size += bytes.length;
    if (size > FILE_LIMIT + FORM_ROOM) throw tooLarge();
    yield bytes;
  }
}

interface Reader {
  read(): Promise<{ done: true; value?: undefined } | { done: false; value: Uint8Array }>;
  cancel(): Promise<void>;
}

/** Reads into one buffer where the stream can: new ones for 200 MB would pile up as garbage. */
function readerOf(body: ReadableStream<Uint8Array>): Reader {
  const reader = byteReader(body);
  if (!reader) return body.getReader() as Reader;
  let buffer = new Uint8Array(READ_BYTES);
  return {
    async read() {
      const { done, value } = await reader.read(buffer);
      if (done) return { done };
      buffer = new Uint8Array(value.buffer);
      return { done, value };
    },
    cancel: () => reader.cancel(),
  };
}

function byteReader(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    // Not a stream of bytes, but of chunks.
    return undefined;
  }
}

function limited(sink: Sink): Sink {
  let size = 0;
  return async (bytes) => {
    size += bytes.length;
    if (size > FILE_LIMIT) throw tooLarge();
    await sink(bytes);
  };
}

async function receiveForm(body: Bytes, type: string, sink: Sink): Promise<Received> {
  const received: Received = { fileName: null, form: {} };
  const parser = formParser(type);
  let files = 0;
  let written: Promise<void> | undefined;
  let partType = "";
  onType(parser, (type) => partType = type);
  takeFields(parser, received.form);
  parser.on("file", (name, stream, fileName) => {
    // A form that breaks off is told by both: here it would end the process.
    stream.on("error", (error) => parser.destroy(error));
    if (name !== "file") set(received.form, name, "A file.");
    if (name !== "file" || ++files > 1) return void stream.resume();
    received.fileName = shortName(fileName);
    received.charset = parameter(partType, "charset");
    written = handOn(stream, sink);
    written.catch((error) => parser.destroy(error));
  });
  await whole(async () => {
    await piped(body, parser);
    await written;
  });
  if (files === 1) return received;
  throw invalid({
    path: "/file",
    code: files === 0 ? "required" : "repeated",
    message: "The form has to have one file, in the field file.",
  });
}

function takeFields(parser: BusboyInstance, form: Record<string, string>): void {
  const refuse = () => void parser.destroy(tooMuchForm());
  parser.on("field", (name, value, _isNameCut, isCut) => isCut ? refuse() : set(form, name, value));
  // What is beyond would be passed over in silence.
  parser.on("fieldsLimit", refuse).on("partsLimit", refuse);
}

/** Sets a member, whatever it is called. */
function set(form: Record<string, string>, name: string, value: string): void {
  Object.defineProperty(form, name, { value, enumerable: true, configurable: true });
}

/**
 * Tells the type of each part before the part itself, with its parameters: the form's parser leaves
 * them out, so the parser of parts below it is asked.
 */
function onType(parser: BusboyInstance, hear: (type: string) => void): void {
  const parts = (parser as unknown as { _parser: { parser: Dicer } })._parser.parser;
  parts.prependListener("part", (part) => {
    part.on("header", (header) => {
      hear((header as Record<string, string[] | undefined>)["content-type"]?.[0] ?? "");
    });
  });
}

/** Ends when the parser has taken the whole body; rejects with the first failure of either. */
function piped(bytes: Bytes, parser: BusboyInstance): Promise<void> {
  return new Promise((resolve, reject) => {
    // Not once: what comes after the first failure has to be heard, too.
    parser.on("finish", resolve).on("error", reject);
    const body = Readable.from(copies(bytes));
    body.on("error", reject);
    parser.on("close", () => body.destroy());
    body.pipe(parser);
  });
}

/** The parser holds on to what it was given until its file is read. */
async function* copies(bytes: Bytes): AsyncGenerator<Uint8Array> {
  for await (const some of bytes) yield some.slice();
}

function formParser(type: string): BusboyInstance {
  try {
    return new Busboy({
      headers: { "content-type": type },
      limits: { fields: FIELDS, fieldSize: FIELD_BYTES, parts: FIELDS + 5 },
      // Some clients send every part as a file.
      isPartAFile: (name, type, fileName) =>
        (fileName !== undefined || type === "application/octet-stream") &&
        !Object.hasOwn(importOptions.shape, name ?? ""),
    });
  } catch (cause) {
    throw new ApiError("incomplete_body", "The form has no boundary.", { cause });
  }
}

async function handOn(stream: Readable, sink: Sink): Promise<void> {
  for await (const bytes of stream) await sink(bytes);
}

/** Runs what reads a body; whatever goes wrong with the body itself has one name. */
async function whole(read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    const code = (error as { code?: unknown } | null)?.code;
    // Errors of the database have a code of theirs.
    if (error instanceof ApiError || typeof code === "string" && !/^(ERR_|ABORT)/.test(code)) {
      throw error;
    }
    throw new ApiError("incomplete_body", undefined, { cause: error });
  }
}

function parameter(type: string, name: string): string | undefined {
  return new RegExp(`;\\s*${name}="?([\\w.:-]+)`, "i").exec(type)?.[1];
}

function shortName(name: string | undefined): string | null {
  const plain = (name ?? "").replace(/[\p{Cc}\p{Cs}]/gu, "").trim();
  return plain === "" ? null : [...plain].slice(0, 255).join("");
}

function tooLarge(): ApiError {
  return new ApiError("body_too_large", `A file may have ${FILE_LIMIT} bytes at most.`);
}

function tooMuchForm(): ApiError {
  return new ApiError(
    "body_too_large",
    `A form may have ${FIELDS} fields of ${FIELD_BYTES} bytes at most beside its file.`,
  );
}

function wrongType(): ApiError {
  return new ApiError(
    "unsupported_media_type",
    "Send the file as multipart/form-data in the field file, or as text/csv, uncompressed.",
  );
}
