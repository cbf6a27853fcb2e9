/** Two servers on one database are one service: what one of them knows binds the other. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type SpawnedStack, spawnStack } from "../../scripts/spawn.ts";
import { delivered, sign, text } from "../fixtures/whatsapp/delivery.ts";
import { uniquePhone } from "../support/unique.ts";
import { withSql } from "./ledger.ts";
import { pause } from "./load.ts";

type Pair = [one: SpawnedStack, two: SpawnedStack];

async function withPair(use: (pair: Pair) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "leadbase-pair-" });
  const one = await spawnStack({ data: join(folder, "one") });
  try {
    const args = ["--db-url", one.credentials.database_url];
    const two = await spawnStack({ data: join(folder, "two"), args });
    try {
      await use([one, two]);
    } finally {
      assert.equal(await two.stop(), 0);
    }
  } finally {
    assert.equal(await one.stop(), 0);
    await Deno.remove(folder, { recursive: true });
  }
}

interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

async function call(
  { credentials }: SpawnedStack,
  key: string,
  path: string,
  given: { body?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(`${credentials.url}/${path}`, {
    method: given.body === undefined ? "GET" : "POST",
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      ...given.headers,
    },
    body: given.body,
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

Deno.test("two servers on one database: keys, idempotency, deliveries and rate limits", async (test) => {
  await withPair(async (pair) => {
    await test.step("an API key of one is good at the other", () => keysHold(pair));
    await test.step("an Idempotency-Key counts at both", () => idempotencyHolds(pair));
    await test.step("of eight at once under one Idempotency-Key one creates", () =>
      oneCreates(pair));
    await test.step("a delivery that both get is stored once", () => deliveriesHold(pair));
    await test.step("rate limits add up over both", () => limitsHold(pair));
  });
});

async function keysHold([one, two]: Pair): Promise<void> {
  for (const stack of [one, two]) {
    for (const { credentials } of [one, two]) {
      assert.equal((await call(stack, credentials.api_key, "list-contacts")).status, 200);
    }
  }
}

async function idempotencyHolds([one, two]: Pair): Promise<void> {
  const { api_key } = one.credentials;
  const headers = { "idempotency-key": crypto.randomUUID() };
  const body = JSON.stringify({ phone: uniquePhone(), name: "Once" });
  const first = await call(one, api_key, "create-contact", { body, headers });
  assert.equal(first.status, 201, first.text);
  assert.equal(first.headers.get("idempotency-replayed"), null);
  const second = await call(two, api_key, "create-contact", { body, headers });
  assert.deepEqual([second.status, second.text], [201, first.text]);
  assert.equal(second.headers.get("idempotency-replayed"), "true");
  assert.equal(second.headers.get("etag"), first.headers.get("etag"));
  const other = JSON.stringify({ phone: uniquePhone(), name: "Another" });
  const reused = await call(two, api_key, "create-contact", { body: other, headers });
  assert.equal(reused.status, 422);
  assert.equal(JSON.parse(reused.text).code, "idempotency_key_reused");
}

async function oneCreates([one, two]: Pair): Promise<void> {
  for (let round = 0; round < 5; round++) {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const phone = uniquePhone();
    const body = JSON.stringify({ phone });
    const answers = await Promise.all(
      Array.from(
        { length: 8 },
        (_, n) =>
          call(n % 2 ? one : two, one.credentials.api_key, "create-contact", { body, headers }),
      ),
    );
    const created = answers.filter(({ status }) => status === 201);
    const fresh = created.filter(({ headers }) => headers.get("idempotency-replayed") === null);
    assert.equal(fresh.length, 1);
    assert.equal(new Set(created.map(({ text }) => text)).size, 1);
    const others = answers.filter(({ status }) => status !== 201);
    assert.deepEqual(
      others.map(({ status, text }) => [status, JSON.parse(text).code]),
      others.map(() => [409, "idempotency_in_progress"]),
    );
    const [{ count }] = await withSql(
      one.credentials.database_url,
      (sql) =>
        sql<{ count: number }[]>`
        select count(*)::int as count from public.contacts where phone = ${phone}`,
    );
    assert.equal(count, 1);
  }
}

async function deliveriesHold([one, two]: Pair): Promise<void> {
  const messages = Array.from({ length: 5 }, (_, n) => text(`1604555030${n}`, "Hi"));
  const { phone_number_id } = one.credentials.whatsapp;
  const body = JSON.stringify(delivered(phone_number_id, { messages }));
  const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => {
    const stack = n % 2 ? one : two;
    const signature = sign(body, stack.credentials.whatsapp.app_secret);
    const headers = { "x-hub-signature-256": signature };
    return call(stack, "", "whatsapp-webhook", { body, headers });
  }));
  assert.deepEqual(answers.map(({ status }) => status), answers.map(() => 200));
  const wamids = messages.map(({ id }) => id);
  const stored = await withSql(one.credentials.database_url, (sql) =>
    sql<{ wamid: string }[]>`
      select wa_message_id as wamid from public.messages where wa_message_id = any (${wamids})`);
  assert.deepEqual(stored.map(({ wamid }) => wamid).sort(), wamids.sort());
}

const LIMIT = 40;

async function limitsHold([one, two]: Pair): Promise<void> {
  const key = await limitedKey(one);
  // The windows are minutes of the clock: a quarter of one is enough for what follows.
  const second = new Date().getSeconds();
  if (second > 45) await pause((60 - second) * 1000);
  const ask = (stack: SpawnedStack) => call(stack, key, "contact-tags");
  for (let n = 0; n < 30; n++) assert.equal((await ask(one)).status, 200);
  // Counts are exchanged once a second while there is traffic.
  await pause(2000);
  assert.equal((await ask(two)).status, 200);
  await pause(2000);
  let granted = 0;
  let refused: Answer | undefined;
  while (!refused && granted < LIMIT) {
    const answer = await ask(two);
    if (answer.status === 200) granted++;
    else refused = answer;
  }
  assert.equal(granted, LIMIT - 31);
  assert.equal(refused?.status, 429, refused?.text);
  assert.equal(JSON.parse(refused!.text).code, "rate_limited");
  assert.equal(Number(refused!.headers.get("retry-after")) >= 1, true);
  // The first one learns of it with its next exchange.
  await pause(1500);
  await ask(one);
  await pause(2000);
  assert.equal((await ask(one)).status, 429);
}

/** A key of the demo workspace with few calls a minute. */
async function limitedKey({ credentials }: SpawnedStack): Promise<string> {
  const random = crypto.getRandomValues(new Uint8Array(32));
  const token = `lb_${random.toBase64({ alphabet: "base64url", omitPadding: true })}`;
  await withSql(
    credentials.database_url,
    (sql) =>
      sql`insert into public.api_keys (workspace_id, name, prefix, key_hash, scopes, rate_limit)
      values (${credentials.workspace_id}, 'Limited', ${token.slice(0, 11)},
        sha256(convert_to(${token}, 'UTF8')), array['*'], ${LIMIT})`,
  );
  return token;
}
