/** What the tests of the stand-in share: a running one, calls to it, a receiver of webhooks. */
import { startGraph } from "./server.ts";
import { sign } from "./signature.ts";
import type { Graph, GraphOptions } from "./types.ts";

export type Json = Record<string, unknown>;

export const NUMBER = "100000000000001";
export const APP_SECRET = "an app secret";

export async function withGraph(
  options: GraphOptions,
  run: (graph: Graph) => Promise<void>,
): Promise<void> {
  const graph = await startGraph(options);
  try {
    await run(graph);
  } finally {
    await graph.stop();
  }
}

/** A call as the product makes it; without a body a GET. */
export function call(
  graph: Graph,
  path: string,
  { body, token = "t", signal }: { body?: unknown; token?: string; signal?: AbortSignal } = {},
): Promise<Response> {
  return fetch(path.startsWith("http") ? path : graph.url + path, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: typeof body === "string" || body === undefined ? body : JSON.stringify(body),
    redirect: "manual",
    signal,
  });
}

/** A text, or what `more` makes of it, to `messages` of a number. */
export function send(graph: Graph, more: Json = {}, number = NUMBER): Promise<Response> {
  return call(graph, `/v26.0/${number}/messages`, { body: text(more) });
}

export function text(more: Json = {}): Json {
  const to = "recipient" in more ? {} : { to: "+34600111222" };
  return { messaging_product: "whatsapp", ...to, type: "text", text: { body: "Hola" }, ...more };
}

/** The status and Meta's error of a refusal. */
export async function refusal(response: Response) {
  const { error } = await response.json();
  return { status: response.status, code: error.code, subcode: error.error_subcode, error };
}

export interface Received {
  value: Json;
  /** Of `value`. */
  status: Json;
  signed: boolean;
}

/** A receiver of webhooks that answers with the next of `answers`, then 200. */
export async function withWebhook(
  run: (url: string, received: Received[]) => Promise<void>,
  answers: number[] = [],
): Promise<void> {
  const received: Received[] = [];
  const serve = async (request: Request) => {
    const bytes = new Uint8Array(await request.arrayBuffer());
    const { entry } = JSON.parse(new TextDecoder().decode(bytes));
    const { value } = entry[0].changes[0];
    const signed = request.headers.get("x-hub-signature-256") === sign(bytes, APP_SECRET);
    received.push({ value, status: value.statuses?.[0], signed });
    return new Response("ok", { status: answers.shift() ?? 200 });
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, serve);
  try {
    await run(`http://127.0.0.1:${server.addr.port}/`, received);
  } finally {
    await server.shutdown();
  }
}
