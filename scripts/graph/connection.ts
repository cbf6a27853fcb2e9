/** Requests in and answers out over node:http, which lets an answer be cut off or left out. */
import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answer } from "./router.ts";
import { sleep } from "./sleep.ts";
import type { Behaviour, GraphRequest } from "./types.ts";

/** The whole request, but for what it asks for; undefined if the caller hung up before its end. */
export async function readRequest(
  incoming: IncomingMessage,
  time: number,
): Promise<Omit<GraphRequest, "kind"> | undefined> {
  const bytes = await readBytes(incoming);
  if (!bytes) return undefined;
  const url = new URL(incoming.url ?? "/", "http://graph");
  const headers = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]);
  return {
    method: incoming.method ?? "GET",
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: Object.fromEntries(headers),
    body: parse(new TextDecoder().decode(bytes)),
    time,
  };
}

async function readBytes(incoming: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of incoming) chunks.push(chunk);
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}

function parse(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

/** Sends the answer as the behaviour says; resolves when nothing more will be sent. */
export async function sendAnswer(
  response: ServerResponse,
  answer: Answer,
  behaviour: Behaviour,
  stopping: AbortSignal,
): Promise<void> {
  if (behaviour.delayMs) await sleep(behaviour.delayMs, stopping);
  // The caller may have given up meanwhile.
  if (response.destroyed) return;
  if (behaviour.kind === "lost" || behaviour.kind === "refused") return hangUp(response);
  response.writeHead(answer.status, {
    ...answer.headers,
    "content-length": String(answer.body.length),
  });
  if (behaviour.kind === "truncated") {
    await written(response, answer.body.subarray(0, behaviour.bytes));
    return hangUp(response);
  }
  if (behaviour.kind === "slow") {
    const { pieceBytes, everyMs } = behaviour;
    for (let at = 0; at < answer.body.length && !response.destroyed; at += pieceBytes) {
      await written(response, answer.body.subarray(at, at + pieceBytes));
      await sleep(everyMs, stopping);
    }
    response.end();
    return;
  }
  response.end(answer.body);
}

function hangUp(response: ServerResponse): void {
  response.socket?.destroy();
}

/** Resolves even if the connection is gone: there is nobody left to care. */
function written(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    response.once("close", resolve);
    response.write(bytes, () => resolve());
  });
}
