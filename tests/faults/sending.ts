/** Sending in the tests of faults: a WhatsApp that outlives every kill, and what it was asked for. */
import assert from "node:assert/strict";
import type postgres from "postgres";
import { delayed, graphError, lost, refused, serverError } from "../../scripts/graph/behaviours.ts";
import { startGraph } from "../../scripts/graph/server.ts";
import type { Behaviour, Graph, Script, SentMessage } from "../../scripts/graph/types.ts";
import type { Credentials } from "../../scripts/stack/credentials.ts";
import { delivered, person, sign, text } from "../fixtures/whatsapp/delivery.ts";
import { uniquePhone } from "../support/unique.ts";
import { until } from "../support/until.ts";
import { type Kind, pick } from "./kinds.ts";
import { assertOnce } from "./ledger.ts";
import type { Sent, Told } from "./load.ts";

const TOKEN = "EAAB-the-token-of-the-number";

/** Enough of them that nobody's messages wait for six seconds each: 45 go to a person at once. */
const PEOPLE = 200;

/** Of one in so many no status ever comes: what was lost of their messages stays unknown. */
const SILENT = 4;

/** Longer than the server waits for an answer. */
const TIMEOUT_MS = 1000;

/** Longer than the worker tries to send something and to tell Postgres what became of it. */
const PATIENCE_MS = 17_000;

/** How often WhatsApp dawdles or fails, and how; else it answers well and at once. */
const FAULTS: [share: number, behaviour: Behaviour][] = [
  [0.04, lost()],
  [0.02, refused()],
  [0.02, serverError(502, true)],
  [0.06, graphError(2)],
  [0.06, graphError(131056)],
  [0.02, graphError(131026)],
  [0.4, delayed(100)],
  [0.1, delayed(300)],
  [0.01, delayed(TIMEOUT_MS + 500)],
];

/** A message of the load, as the database has it, and how the outbox has it. */
interface Row {
  id: string;
  body: string;
  status: string;
  error: { title?: string } | null;
  wamid: string | null;
  state: string | null;
}

/** Messages that are sent through the API; a kind of load. */
export class Sending implements Kind {
  #threads: string[] = [];
  readonly #silent = new Set<string>();

  private constructor(
    readonly graph: Graph,
    readonly webhook: { url: string; appSecret: string },
  ) {}

  /** A WhatsApp with faults, that tells whoever it is told to `follow`. */
  static async start(random: () => number): Promise<Sending> {
    const webhook = { url: "http://127.0.0.1:9", appSecret: "none yet" };
    const statuses = ["delivered", "read"] as const;
    // So soon that they meet the answer.
    const reports = Object.assign(webhook, { statuses, delayMs: 2 });
    const graph = await startGraph({ tokens: [TOKEN], webhook: reports, pairLimit: true });
    graph.script(failing(random));
    return new Sending(graph, webhook);
  }

  /** What the server has to know. */
  get env(): Record<string, string> {
    return {
      GRAPH_API_URL: this.graph.url,
      GRAPH_TIMEOUT_MS: String(TIMEOUT_MS),
      LEADBASE_SEND_BACKOFF_MS: "20",
    };
  }

  /** Has statuses posted to the server that runs now; those without their 200 come there too. */
  follow({ url, whatsapp }: Credentials): void {
    this.webhook.url = `${url}/whatsapp-webhook`;
    this.webhook.appSecret = whatsapp.app_secret;
  }

  /** A number that can send, and people who have just written to it. */
  async prepare(credentials: Credentials, sql: postgres.Sql): Promise<void> {
    const { phone_number_id, app_secret } = credentials.whatsapp;
    const number = { phone_number_id, access_token: TOKEN };
    await post(credentials, "whatsapp-numbers", JSON.stringify(number), {
      authorization: `Bearer ${credentials.api_key}`,
    });
    const people = Array.from({ length: PEOPLE }, () => uniquePhone().slice(1));
    const timestamp = String(Math.floor(Date.now() / 1000));
    const body = JSON.stringify(delivered(phone_number_id, {
      contacts: people.map((waId) => person(waId, "Ana")),
      messages: people.map((waId) => text(waId, "Hello", { timestamp })),
    }));
    await post(credentials, "whatsapp-webhook", body, {
      "x-hub-signature-256": sign(body, app_secret),
    });
    for (const [n, waId] of people.entries()) if (n % SILENT === 0) this.#silence(waId);
    this.#threads = (await sql<{ id: string }[]>`
      select v.id from public.conversations v join public.contacts c on c.id = v.contact_id
      where c.phone = any (${people.map((waId) => `+${waId}`)})`).map(({ id }) => id);
    assert.equal(this.#threads.length, PEOPLE);
  }

  #silence(waId: string): void {
    this.#silent.add(waId);
    this.graph.setRecipient(waId, { statuses: [] });
  }

  make({ api_key }: Credentials, random: () => number): Sent[] {
    const body = `Message ${crypto.randomUUID()}`;
    return [{
      kind: this,
      path: `conversations/${pick(this.#threads, random)}/messages`,
      headers: { authorization: `Bearer ${api_key}`, "idempotency-key": crypto.randomUUID() },
      body: JSON.stringify({ type: "text", text: { body } }),
      stores: { bodies: [body] },
    }];
  }

  async verify(sql: postgres.Sql, told: Told[]): Promise<void> {
    await assertOnce(sql, told);
    const before = this.#accepted();
    const rows = await readRows(sql, told);
    const after = this.#accepted();
    assertAnswered(rows, told);
    assertNone(rows, "sent twice", ({ id }) => (after.get(id) ?? []).length > 1);
    assertNone(rows, "to be sent again", ({ id, status }) => status === "queued" && before.has(id));
    assertNone(rows, "given up and sent", ({ id, status }) => status === "failed" && after.has(id));
    assertNone(
      rows,
      "taken for sent, or for another",
      ({ id, status, wamid }) => isSent(status) && after.get(id)?.[0].wamid !== wamid,
    );
    assertNone(rows, "without a reason", ({ status, error }) => isGivenUp(status) && !error?.title);
    assertNone(
      rows,
      "of two minds",
      ({ status, state }) => state !== (isSent(status) ? "accepted" : status),
    );
  }

  /** As if the minute had passed in which whoever claimed it before that moment may be alive. */
  async endLeases(sql: postgres.Sql, before: Date): Promise<void> {
    await sql`
      update private.outbox set lease_until = now()
      where state = 'sending' and attempted_at < ${before}`;
  }

  /** Waits until nothing is to be sent any more and all statuses have been taken. */
  async runDry(sql: postgres.Sql): Promise<void> {
    await until(async () => {
      // The worker has given up on such, or its claim was never answered.
      await this.endLeases(sql, new Date(Date.now() - PATIENCE_MS));
      const [{ left }] = await sql<{ left: number }[]>`
        select count(*)::int as left from private.outbox where state in ('queued', 'sending')`;
      return left === 0 ? true : undefined;
    });
    await this.graph.settled(20_000);
  }

  /** What holds once it has run dry, beside what always does. */
  async verifyEnd(sql: postgres.Sql, told: Told[]): Promise<void> {
    const rows = await readRows(sql, told.filter(({ kind }) => kind === this));
    const accepted = this.#accepted();
    assert.equal(new Set(rows.map(({ id }) => id)).size >= accepted.size, true, "sent by nobody");
    assertNone(rows, "unfinished", ({ status }) => !isSent(status) && !isGivenUp(status));
    assertNone(rows, "told about, and yet not read", ({ id, status }) => {
      const [message] = accepted.get(id) ?? [];
      return message !== undefined && !this.#silent.has(message.recipient) && status !== "read";
    });
    // Or the faults have missed it.
    for (const status of ["read", "sent", "unknown", "failed"]) {
      assert.equal(rows.some((row) => row.status === status), true, `no message is ${status}`);
    }
  }

  /** What WhatsApp has accepted, by our id. */
  #accepted(): Map<string, SentMessage[]> {
    return Map.groupBy(this.graph.sent, (message) => String(message.biz_opaque_callback_data));
  }
}

function failing(random: () => number): Script {
  return ({ kind }) => {
    if (kind !== "message") return undefined;
    let left = random();
    return FAULTS.find(([share]) => (left -= share) < 0)?.[1];
  };
}

async function post(
  { url }: Credentials,
  path: string,
  body: string,
  headers: Record<string, string>,
): Promise<void> {
  const response = await fetch(`${url}/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
  assert.equal(response.status, 200, await response.text());
}

async function readRows(sql: postgres.Sql, told: Told[]): Promise<Row[]> {
  const bodies = new Set(told.flatMap(({ stores }) => stores.bodies ?? []));
  return await sql<Row[]>`
    select m.id, m.body, m.status, m.error, m.wa_message_id as wamid, o.state
    from public.messages m left join private.outbox o on o.id = m.id
    where m.body = any (${[...bodies]})`;
}

/** Whoever got an answer was told of the message that is there. */
function assertAnswered(rows: Row[], told: Told[]): void {
  const ids = new Map(rows.map(({ body, id }) => [body, id]));
  const others = told.filter(({ messageId, stores }) =>
    messageId !== undefined && ids.get(stores.bodies![0]) !== messageId
  );
  assert.deepEqual(others.slice(0, 5), [], "answered with another message");
}

function isSent(status: string): boolean {
  return ["sent", "delivered", "read"].includes(status);
}

function isGivenUp(status: string): boolean {
  return ["failed", "unknown"].includes(status);
}

function assertNone(rows: Row[], claim: string, wrong: (row: Row) => boolean): void {
  assert.deepEqual(rows.filter(wrong).slice(0, 5), [], claim);
}
