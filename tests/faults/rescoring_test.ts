/** Rules change while messages stream in, and the server is killed while it rescores. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type postgres from "postgres";
import { type SpawnedStack, spawnStack } from "../../scripts/spawn.ts";
import { delivered, person, sign, text } from "../fixtures/whatsapp/delivery.ts";
import { assertRebuilt } from "../support/rebuild.ts";
import { assertOnce, withSql } from "./ledger.ts";
import type { Kind } from "./kinds.ts";
import {
  isAcknowledged,
  pause,
  sendAgain,
  startLoad,
  type Told,
  untilAcknowledged,
} from "./load.ts";

const PEOPLE = 4_000;

/** Everybody says one of these; only the first word is what is looked for. */
const SAID = ["What is the price, please?", "Good morning to all of you"];

/** Deliveries of messages by people who are there already. */
const talk: Kind = {
  make({ whatsapp }, random) {
    const digits = `1604600${String(Math.floor(PEOPLE * random())).padStart(4, "0")}`;
    const timestamp = String(Math.floor(Date.now() / 1000));
    const message = text(digits, SAID[random() < 0.5 ? 0 : 1], { timestamp });
    const body = JSON.stringify(
      delivered(whatsapp.phone_number_id, { contacts: [person(digits)], messages: [message] }),
    );
    return [{
      kind: talk,
      path: "whatsapp-webhook",
      headers: { "x-hub-signature-256": sign(body, whatsapp.app_secret) },
      body,
      stores: { wamids: [message.id] },
    }];
  },
  verify: assertOnce,
};

/** People with a message each, who were there before there was a rule. */
async function fill(sql: postgres.Sql, workspaceId: string): Promise<void> {
  await sql`
    insert into public.contacts (workspace_id, phone)
    select ${workspaceId}, '+1604600' || lpad(n::text, 4, '0')
    from generate_series(0, ${PEOPLE - 1}::int) n`;
  await sql`
    insert into public.contact_identities (workspace_id, contact_id, channel, external_id)
    select c.workspace_id, c.id, 'whatsapp', substr(c.phone, 2) from public.contacts c
    where c.workspace_id = ${workspaceId} and c.phone like '+1604600%'`;
  await sql`
    with threads as (
      insert into public.conversations (workspace_id, contact_id)
      select c.workspace_id, c.id from public.contacts c
      where c.workspace_id = ${workspaceId} and c.phone like '+1604600%'
      returning id, workspace_id, contact_id)
    insert into public.messages
      (workspace_id, conversation_id, contact_id, direction, sender_type, type, body, status, sent_at)
    select t.workspace_id, t.id, t.contact_id, 'inbound', 'contact', 'text',
      (${SAID}::text[])[1 + (row_number() over (order by t.id)) % 2], 'received',
      now() - interval '10 days'
    from threads t`;
}

async function call<Body>(
  { credentials: { url, admin } }: SpawnedStack,
  method: string,
  path: string,
  body?: unknown,
): Promise<Body> {
  const answer = await fetch(`${url}/${path}`, {
    method,
    body: JSON.stringify(body),
    headers: { authorization: `Bearer ${admin.token}`, "content-type": "application/json" },
  });
  const said = await answer.text();
  assert.ok(answer.ok, said);
  return JSON.parse(said).data as Body;
}

/** Once the rescoring has done some and not most of its work. */
async function untilBegun(sql: postgres.Sql, workspaceId: string): Promise<void> {
  for (let waited = 0; waited < 30_000; waited += 2) {
    const [{ begun }] = await sql`
      select exists (select from private.batch_jobs
        where workspace_id = ${workspaceId} and kind = 'rescore' and status = 'running'
          and (state ->> 'seen')::int between 1 and ${PEOPLE / 2}::int) as begun`;
    if (begun) return;
    await pause(2);
  }
  throw new Error("The rescoring does not begin.");
}

/** What was done is what the job says, and it is not all. */
async function assertHalfway(sql: postgres.Sql, workspaceId: string): Promise<void> {
  const [{ status, missing }] = await sql`
    select j.status, (
        select count(*)::int from public.messages m join public.contacts c on c.id = m.contact_id
        where m.body = ${SAID[0]} and (c.created_at, c.id)
            <= ((j.state ->> 'after_at')::timestamptz, (j.state ->> 'after_id')::uuid)
          and not exists (select from public.score_events e where e.message_id = m.id)) as missing
    from private.batch_jobs j where j.workspace_id = ${workspaceId} and j.kind = 'rescore'`;
  assert.deepEqual({ status, missing }, { status: "running", missing: 0 });
}

async function untilRescored(stack: SpawnedStack): Promise<void> {
  for (let waited = 0; waited < 60_000; waited += 50) {
    const { status } = await call<{ status: string }>(stack, "GET", "scoring-signals/rescoring");
    assert.notEqual(status, "failed");
    if (status === "idle") return;
    await pause(50);
  }
  throw new Error("The rescoring does not end.");
}

/** Of every message that shows the signal there is one event, and no other. */
async function assertLedger(sql: postgres.Sql, signalId: string): Promise<void> {
  const wrong = await sql`
    select m.id, m.body, count(e.id)::int as events
    from public.messages m left join public.score_events e
      on e.message_id = m.id and e.signal_id = ${signalId} and e.contact_id = m.contact_id
    where m.body = any (${SAID})
    group by m.id
    having count(e.id) <> case when m.body = ${SAID[0]} then 1 else 0 end limit 5`;
  assert.deepEqual([...wrong], []);
}

/** While senders deliver what people write; returns what they were told. */
async function whileTalking(stack: SpawnedStack, use: () => Promise<unknown>): Promise<Told[]> {
  const load = startLoad(stack.credentials, { kinds: [talk], senders: 3 });
  try {
    await untilAcknowledged(load.told, 20);
    await use();
  } finally {
    await load.stop();
  }
  return load.told;
}

const RULE = {
  name: "Asks for the price",
  kind: "keyword",
  category: "intent",
  points: 30,
  keywords: ["price"],
  half_life_days: 10,
};

Deno.test("SIGKILL while it rescores and messages stream in: finished, and everything by the new rules", async () => {
  const folder = await Deno.makeTempDir({ prefix: "leadbase-rescoring-" });
  const data = join(folder, "data");
  let stack = await spawnStack({ data });
  try {
    const { workspace_id } = stack.credentials;
    await withSql(stack.credentials.database_url, (sql) => fill(sql, workspace_id));
    let signal: { id: string };
    const told = await whileTalking(stack, async () => {
      signal = await call(stack, "POST", "scoring-signals", RULE);
      await withSql(stack.credentials.database_url, (sql) => untilBegun(sql, workspace_id));
      await stack.kill();
      await withSql(stack.credentials.database_url, (sql) => assertHalfway(sql, workspace_id));
    });
    stack = await spawnStack({ data });
    const later = await whileTalking(stack, async () => {
      // Another rule, before the first is through: both hold in the end.
      await call(stack, "PATCH", "settings", { weights: { intent: 2 }, grades: { A: 70 } });
      await untilRescored(stack);
    });
    const resent = await sendAgain(stack.credentials, told);
    await withSql(stack.credentials.database_url, async (sql) => {
      await assertOnce(sql, [...told.filter(isAcknowledged), ...later, ...resent]);
      await assertLedger(sql, signal.id);
      await assertRebuilt(sql, workspace_id);
    });
  } finally {
    await stack.stop();
    await Deno.remove(folder, { recursive: true });
  }
});
