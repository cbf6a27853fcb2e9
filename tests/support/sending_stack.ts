/** A stack of its own whose WhatsApp is the stand-in, in this process: what it saw can be claimed. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { startGraph } from "../../scripts/graph/server.ts";
import type { Graph, GraphOptions } from "../../scripts/graph/types.ts";
import { type SpawnedStack, spawnStack } from "../../scripts/spawn.ts";
import { delivered, type Json, sign, text, uniqueWamid } from "../fixtures/whatsapp/delivery.ts";
import { uniquePhone } from "./unique.ts";
import { until } from "./until.ts";

export const TOKEN = "EAAB-the-token-of-the-number";

export interface Said {
  id: string;
  conversation_id: string;
  status: string;
  error: Json | null;
  wa_message_id: string | null;
  [field: string]: unknown;
}

export interface Reply<Body = Json> {
  status: number;
  headers: Headers;
  body: Body;
}

/** A conversation that the person has opened. */
export interface Thread {
  id: string;
  contactId: string;
  /** The digits of the number; the user id of who has none. */
  from: string;
  /** Of the person's first message. */
  wamid: string;
}

export class SendingStack {
  readonly number: string;

  private constructor(
    readonly folder: string,
    readonly graph: Graph,
    readonly stack: SpawnedStack,
  ) {
    this.number = stack.credentials.whatsapp.phone_number_id;
  }

  /** Started, with the demo workspace's number registered. */
  static async start(options: GraphOptions = {}): Promise<SendingStack> {
    const folder = await Deno.makeTempDir({ prefix: "leadbase-sending-" });
    const graph = await startGraph({ tokens: [TOKEN], ...options });
    const env = {
      GRAPH_API_URL: graph.url,
      GRAPH_TIMEOUT_MS: "1000",
      LEADBASE_SEND_BACKOFF_MS: "20",
    };
    const stack = await spawnStack({ data: join(folder, "data"), env });
    const started = new SendingStack(folder, graph, stack);
    const body = { phone_number_id: started.number, access_token: TOKEN };
    const answer = await started.call("POST", "whatsapp-numbers", body);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return started;
  }

  async stop(): Promise<void> {
    try {
      assert.equal(await this.stack.stop(), 0);
    } finally {
      await this.graph.stop();
      await Deno.remove(this.folder, { recursive: true });
    }
  }

  async call<Body = Json>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply<Body>> {
    const { url, api_key } = this.stack.credentials;
    const response = await fetch(`${url}/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${api_key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const given = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: given === "" ? undefined : JSON.parse(given),
    };
  }

  /** Posts a delivery to the webhook as WhatsApp does. */
  async deliver(parts: Json): Promise<void> {
    const { url, whatsapp } = this.stack.credentials;
    const body = JSON.stringify(delivered(this.number, parts));
    const headers = { "x-hub-signature-256": sign(body, whatsapp.app_secret) };
    const response = await fetch(`${url}/whatsapp-webhook`, { method: "POST", body, headers });
    assert.equal(response.status, 200, await response.text());
  }

  /** A person writes, so that we may; `userId`: one who shows no number. */
  async open(userId?: string): Promise<Thread> {
    const from = userId ?? uniquePhone().slice(1);
    const now = String(Math.floor(Date.now() / 1000));
    const { from: _, ...hello } = text(from, "Hello", { timestamp: now });
    const sender = userId === undefined ? { from } : { from_user_id: userId };
    const person = userId === undefined ? { wa_id: from } : { user_id: userId };
    const contacts = [{ ...person, profile: { name: `Person ${from}` } }];
    await this.deliver({ contacts, messages: [{ ...hello, ...sender }] });
    const search = encodeURIComponent(`Person ${from}`);
    const { body } = await this.call<{ data: Json[] }>("GET", `conversations?search=${search}`);
    const [conversation] = body.data as { id: string; contact: { id: string } }[];
    return { id: conversation.id, contactId: conversation.contact.id, from, wamid: hello.id };
  }

  /** Sends, which has to be taken; the message as answered. */
  async send(thread: Thread, body: Json, headers?: Record<string, string>): Promise<Said> {
    const answer = await this.call<{ data: { message: Said } }>(
      "POST",
      `conversations/${thread.id}/messages`,
      body,
      headers,
    );
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    return answer.body.data.message;
  }

  say(thread: Thread, body: string): Promise<Said> {
    return this.send(thread, { type: "text", text: { body } });
  }

  async messages(thread: Thread): Promise<Said[]> {
    const path = `conversations/${thread.id}/messages?order=asc&limit=200`;
    return (await this.call<{ data: Said[] }>("GET", path)).body.data;
  }

  async message({ id }: Pick<Said, "id">, thread: Thread): Promise<Said> {
    return (await this.messages(thread)).find((message) => message.id === id)!;
  }

  /** The message once it is in one of these states. */
  async becomes(said: Said, thread: Thread, ...statuses: string[]): Promise<Said> {
    return await until(async () => {
      const message = await this.message(said, thread);
      return statuses.includes(message.status) ? message : undefined;
    });
  }

  /** What WhatsApp was asked to send with that opaque data, in order. */
  posts({ id }: Pick<Said, "id">): Json[] {
    return this.graph.requests.map(({ body }) => body as Json)
      .filter((body) => body?.biz_opaque_callback_data === id);
  }

  /** A status as WhatsApp reports it of a message with our data. */
  async report(said: Pick<Said, "id">, name: string, wamid = uniqueWamid()): Promise<string> {
    const timestamp = String(Math.floor(Date.now() / 1000));
    const more = { recipient_id: "16045550111", biz_opaque_callback_data: said.id };
    await this.deliver({ statuses: [{ id: wamid, status: name, timestamp, ...more }] });
    return wamid;
  }
}
