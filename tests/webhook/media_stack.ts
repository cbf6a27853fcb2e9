/** A stack of its own whose WhatsApp is the stand-in, for files that people send. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import postgres from "postgres";
import { startGraph } from "../../scripts/graph/server.ts";
import type { Graph } from "../../scripts/graph/types.ts";
import { type SpawnedStack, spawnStack } from "../../scripts/spawn.ts";
import { seal } from "../../supabase/functions/_shared/secret_box.ts";
import { at, delivered, person, sign, uniqueWamid } from "../fixtures/whatsapp/delivery.ts";
import { until } from "../support/until.ts";

export const TOKEN = "EAAB-the-token-of-the-number";
export const LARGEST = 500_000;

export interface MediaRow {
  id: string;
  status: string;
  attempts: number;
  code: string | null;
  path: string;
}

/** What a test of media has at hand. */
export class MediaStack {
  readonly folder: string;
  #stack: SpawnedStack;
  #sql: postgres.Sql;

  private constructor(readonly data: string, readonly graph: Graph, stack: SpawnedStack) {
    this.folder = join(data, "media");
    this.#stack = stack;
    this.#sql = connect(stack);
  }

  static async start(): Promise<MediaStack> {
    const data = join(await Deno.makeTempDir({ prefix: "leadbase-media-" }), "data");
    const graph = await startGraph({ tokens: [TOKEN] });
    return new MediaStack(data, graph, await spawn(data, graph));
  }

  get credentials() {
    return this.#stack.credentials;
  }

  get sql(): postgres.Sql {
    return this.#sql;
  }

  /** Ends the server, with SIGKILL or as it should; returns at once what it takes to start anew. */
  async restart(how: "kill" | "stop"): Promise<void> {
    await this.#sql.end({ timeout: 5 });
    await this.#stack[how]();
    this.#stack = await spawn(this.data, this.graph);
    this.#sql = connect(this.#stack);
  }

  async stop(): Promise<void> {
    await this.#sql.end({ timeout: 5 });
    await this.#stack.stop();
    await this.graph.stop();
    await Deno.remove(join(this.data, ".."), { recursive: true });
  }

  /** Gives the number its access token, sealed with the stack's own key. */
  async register(): Promise<void> {
    const secrets = JSON.parse(await Deno.readTextFile(join(this.data, "secrets.json")));
    const { phone_number_id } = this.credentials.whatsapp;
    // Not through the environment, which all test files of a run share.
    const sealed = await seal(TOKEN, phone_number_id, secrets.encryption_key);
    await this.#sql`
      insert into private.whatsapp_tokens (phone_number_id, sealed)
      values (${phone_number_id}, ${sealed})`;
  }

  /** Delivers an image; returns the message's wamid once the delivery is acknowledged. */
  async receive(mediaId: string, more: Record<string, unknown> = {}): Promise<string> {
    return await this.deliver({
      type: "image",
      image: { id: mediaId, mime_type: "image/jpeg", ...more },
    });
  }

  /** Delivers an edit of a message into that content. */
  async edit(wamid: string, message: Record<string, unknown>, seconds = 10): Promise<void> {
    const edit = { original_message_id: wamid, message };
    await this.deliver({ type: "edit", edit, timestamp: at(seconds) });
  }

  /** Delivers what a person writes; returns its wamid once it is acknowledged. */
  async deliver(content: Record<string, unknown>): Promise<string> {
    const { whatsapp, url } = this.credentials;
    const wamid = uniqueWamid();
    const message = { from: "16045550144", id: wamid, timestamp: at(1), ...content };
    const parts = { contacts: [person("16045550144", "Ana")], messages: [message] };
    const body = JSON.stringify(delivered(whatsapp.phone_number_id, parts));
    const headers = { "x-hub-signature-256": sign(body, whatsapp.app_secret) };
    const response = await fetch(`${url}/whatsapp-webhook`, { method: "POST", body, headers });
    if (response.status !== 200) throw new Error(await response.text());
    await response.body?.cancel();
    return wamid;
  }

  async row(wamid: string): Promise<MediaRow> {
    const [row] = await this.#sql<MediaRow[]>`
      select f.id, f.status, f.attempts, f.error ->> 'code' as code, f.storage_path as path
      from public.message_media f join public.messages m on m.id = f.message_id
      where m.wa_message_id = ${wamid}`;
    return row;
  }

  /** Waits until the file is stored or given up. `hurry`: no wait between attempts. */
  async settled(wamid: string, { hurry = false } = {}): Promise<MediaRow> {
    return await until(async () => {
      if (hurry) {
        await this.#sql`
          update public.message_media set next_attempt_at = now()
          where status = 'pending' and error is not null and next_attempt_at > now()
            and next_attempt_at < 'infinity'`;
      }
      const row = await this.row(wamid);
      return row.status === "pending" ? undefined : row;
    });
  }

  /** As if the time had passed until which whoever claimed it may be alive. */
  async endLeases(): Promise<void> {
    await this
      .#sql`update public.message_media set next_attempt_at = now() where status = 'pending'`;
  }

  /** The file as the API gives it out. */
  async get(id: string, init: RequestInit = {}, key = this.credentials.api_key): Promise<Response> {
    const headers = { authorization: `Bearer ${key}`, ...init.headers };
    return await fetch(`${this.credentials.url}/media/${id}`, { ...init, headers });
  }
}

function connect({ credentials }: SpawnedStack): postgres.Sql {
  return postgres(credentials.database_url, { max: 1, onnotice: () => {} });
}

async function spawn(data: string, graph: Graph): Promise<SpawnedStack> {
  const env = { GRAPH_API_URL: graph.url, MEDIA_MAX_BYTES: String(LARGEST) };
  return await spawnStack({ data, env });
}

/** Bytes that are like no others. */
export function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  }
  return bytes;
}

export function sha256(bytes: Uint8Array, encoding: "hex" | "base64"): string {
  return createHash("sha256").update(bytes).digest(encoding);
}
