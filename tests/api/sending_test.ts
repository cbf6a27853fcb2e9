/** Messages as WhatsApp gets them, and what becomes of them when it does not answer well. */
import assert from "node:assert/strict";
import { join } from "node:path";
import postgres from "postgres";
import {
  delayed,
  graphError,
  lost,
  notJson,
  serverError,
  truncated,
} from "../../scripts/graph/behaviours.ts";
import type { Behaviour } from "../../scripts/graph/types.ts";
import { closeDatabase } from "../../supabase/functions/_shared/database.ts";
import { drainOutbox } from "../../supabase/functions/_shared/outbox_worker.ts";
import { type Json, person, text } from "../fixtures/whatsapp/delivery.ts";
import { type Said, SendingStack, type Thread, TOKEN } from "../support/sending_stack.ts";
import { uniquePhone } from "../support/unique.ts";
import { until } from "../support/until.ts";

const FILE = { link: "https://example.com/plan.pdf" };
const BUTTON = {
  type: "button",
  body: { text: "Confirm?" },
  action: { buttons: [{ type: "reply", reply: { id: "yes", title: "Yes" } }] },
};
const LIST = {
  type: "list",
  header: { type: "text", text: "Rooms" },
  body: { text: "Which?" },
  footer: { text: "All with a view" },
  action: {
    button: "Choose",
    sections: [{ rows: [{ id: "r1", title: "Blue", description: "Two beds" }] }],
  },
};
const TEMPLATE = {
  name: "appointment",
  language: { code: "es" },
  components: [{
    type: "body",
    parameters: [{ type: "text", parameter_name: "name", text: "Ana" }],
  }],
};
const CARD = [{ name: { formatted_name: "Ana R" }, phones: [{ phone: "+34600111222" }] }];

/** Type, its content, and the text that people read of it. */
const KINDS: [type: string, content: unknown, body: string | null][] = [
  ["text", { body: " Hello\n", preview_url: true }, " Hello\n"],
  ["image", { id: "901", caption: "The plan" }, "The plan"],
  ["video", { link: "https://example.com/v.mp4" }, null],
  ["audio", { id: "902", voice: true }, null],
  ["document", { ...FILE, filename: "plan.pdf", caption: "The plan" }, "The plan"],
  ["sticker", { id: "903" }, null],
  ["template", TEMPLATE, null],
  ["interactive", BUTTON, "Confirm?"],
  ["interactive", LIST, "Which?"],
  ["location", { latitude: 49.28, longitude: -123.12, name: "Office" }, null],
  ["contacts", CARD, null],
];

Deno.test("sending", async (test) => {
  const stack = await SendingStack.start();
  try {
    for (const [title, run] of Object.entries(CASES)) {
      await test.step(title, async () => {
        try {
          await run(stack);
        } finally {
          stack.graph.script(undefined);
        }
      });
    }
    await test.step("no token is in what the server printed", () => {
      assert.equal(stack.stack.output().includes(TOKEN), false);
    });
  } finally {
    await stack.stop();
  }
});

type Case = (stack: SendingStack) => Promise<void>;

const CASES: Record<string, Case> = {
  "each type reaches WhatsApp as it was given": eachType,
  "who shows no number is written to by their user id": byUserId,
  "an answer quotes by id or wamid": quotes,
  "a reaction is shown once it is sent, and not when it is taken back": reactions,
  "one after the other to a person, whatever the answers take": inOrder,
  "what many say at once is listed as it is sent": together,
  "a passing fault is tried again and sent once": retried,
  "a final error fails at once and is shown": failed,
  "an answer to one of two is theirs once they are parted": parted,
  "a lost answer is unknown until a status with our data comes; nothing is sent twice": reconciled,
  "every way to lose an answer ends as unknown": losses,
  "a status may come before the answer": statusFirst,
  "45 to a person at once, no more": pairLimit,
  "the same Idempotency-Key queues once": idempotent,
  "a receipt and typing": signals,
  "workers of two processes send each message once, in order": shared,
  "a worker that has all it can take asks for nothing": busy,
};

async function eachType(stack: SendingStack): Promise<void> {
  const thread = await stack.open();
  for (const [type, content, body] of KINDS) {
    const said = await stack.send(thread, { type, [type]: content });
    assert.deepEqual([said.status, said.direction, said.sender_type, said.type, said.body], [
      "queued",
      "outbound",
      "agent",
      type,
      body,
    ]);
    assert.deepEqual(said.payload, type === "text" ? {} : { [type]: content });
    const sent = await stack.becomes(said, thread, "sent");
    assert.deepEqual(stack.posts(said), [{
      messaging_product: "whatsapp",
      recipient_type: "individual",
      to: `+${thread.from}`,
      type,
      [type]: content,
      biz_opaque_callback_data: said.id,
    }]);
    const accepted = stack.graph.sent.at(-1)!;
    assert.equal(sent.wa_message_id, accepted.wamid);
    assert.equal(accepted.phone_number_id, stack.number);
    assert.equal(accepted.dropped, false);
  }
  const request = stack.graph.requests.at(-1)!;
  assert.equal(request.path, `/v26.0/${stack.number}/messages`);
  assert.equal(request.headers.authorization, `Bearer ${TOKEN}`);
}

async function byUserId(stack: SendingStack): Promise<void> {
  const userId = `ES.${crypto.randomUUID().replaceAll("-", "")}`;
  const thread = await stack.open(userId);
  const said = await stack.say(thread, "Hello");
  await stack.becomes(said, thread, "sent");
  const [post] = stack.posts(said);
  assert.deepEqual([post.to, post.recipient], [undefined, userId]);
  assert.equal(stack.graph.sent.at(-1)!.dropped, false);
}

async function quotes(stack: SendingStack): Promise<void> {
  const thread = await stack.open();
  const [hello] = await stack.messages(thread);
  for (const reply_to of [hello.id, thread.wamid]) {
    const said = await stack.send(thread, { type: "text", text: { body: "Hi" }, reply_to });
    assert.equal(said.reply_to, thread.wamid);
    await stack.becomes(said, thread, "sent");
    assert.deepEqual(stack.posts(said)[0].context, { message_id: thread.wamid });
  }
  const other = await stack.open();
  for (const reply_to of [other.wamid, crypto.randomUUID(), "wamid.nothing"]) {
    const body = { type: "text", text: { body: "Hi" }, reply_to };
    const answer = await stack.call("POST", `conversations/${thread.id}/messages`, body);
    assert.deepEqual([answer.status, fieldErrors(answer.body)], [422, [
      "/reply_to unknown_message",
    ]]);
  }
}

async function reactions(stack: SendingStack): Promise<void> {
  const thread = await stack.open();
  const [hello] = await stack.messages(thread);
  const react = async (emoji: string, message_id: string) => {
    const before = stack.graph.sent.length;
    const about = await stack.send(thread, { type: "reaction", reaction: { message_id, emoji } });
    assert.equal(about.id, hello.id);
    await until(() => Promise.resolve(stack.graph.sent[before]));
    assert.deepEqual(stack.graph.sent[before].body.reaction, { message_id: thread.wamid, emoji });
    return await until(async () => {
      const { reactions } = await stack.message(hello, thread);
      const shown = (reactions as Json[]).map(({ emoji, from }) => `${emoji} ${from}`);
      return shown.length === (emoji === "" ? 0 : 1) ? shown : undefined;
    });
  };
  assert.deepEqual(await react("👍", hello.id), ["👍 business"]);
  assert.deepEqual(await react("", thread.wamid), []);
  assert.equal((await stack.messages(thread)).length, 1);
}

async function inOrder(stack: SendingStack): Promise<void> {
  const thread = await stack.open();
  stack.graph.queue(delayed(200), graphError(131000), delayed(100));
  const words = ["one", "two", "three", "four"];
  const said: Said[] = [];
  for (const word of words) said.push(await stack.say(thread, word));
  await Promise.all(said.map((message) => stack.becomes(message, thread, "sent")));
  const sent = stack.graph.sent.filter(({ recipient }) => recipient === thread.from);
  assert.deepEqual(sent.map(({ body }) => (body.text as Json).body), words);
}

async function together(stack: SendingStack): Promise<void> {
  const thread = await stack.open();
  const words = Array.from({ length: 24 }, (_, n) => `at once ${n}`);
  const said = await Promise.all(words.map((word) => stack.say(thread, word)));
  await Promise.all(said.map((message) => stack.becomes(message, thread, "sent")));
  const sent = stack.graph.sent.filter(({ recipient }) => recipient === thread.from);
  const listed = (await stack.messages(thread)).slice(1);
  assert.deepEqual(
    listed.map(({ body }) => body),
    sent.map(({ body }) => (body.text as Json).body),
  );
}

async function retried(stack: SendingStack): Promise<void> {
  const thread = await stack.open();
  stack.graph.queue(graphError(131000), graphError(130429), graphError(131056));
  const said = await stack.say(thread, "Patience");
  const sent = await stack.becomes(said, thread, "sent", "failed", "unknown");
  assert.deepEqual([sent.status, sent.error], ["sent", null]);
  assert.equal(stack.posts(said).length, 4);
  const requests = stack.graph.requests.filter(({ body }) =>
    (body as Json)?.biz_opaque_callback_data === said.id
  );
  const pauses = requests.slice(1).map(({ time }, n) => time - requests[n].time);
  // 1, 4 and 16 times the 20 ms that this stack's pauses are multiples of.
  [20, 80, 320].forEach((least, n) => assert.ok(pauses[n] >= least, `${pauses}`));
  assert.equal(acceptedOf(stack, said), 1);
}

async function failed(stack: SendingStack): Promise<void> {
  const thread = await stack.open();
  stack.graph.queue(graphError({ code: 131047, details: "More than 24 hours have passed" }));
  const said = await stack.say(thread, "Late");
  const message = await stack.becomes(said, thread, "failed");
  assert.equal(message.error?.code, 131047);
  assert.equal(message.error?.details, "More than 24 hours have passed");
  assert.equal(stack.posts(said).length, 1);
  const next = await stack.say(thread, "Next");
  await stack.becomes(next, thread, "sent");
}

async function parted(stack: SendingStack): Promise<void> {
  const [one, two] = [await stack.open(), await stack.open()];
  const body = { primary_id: one.contactId, duplicate_id: two.contactId };
  const merged = await stack.call<{ data: { merge_id: string } }>("POST", "merge-contacts", body);
  const now = String(Math.floor(Date.now() / 1000) + 1);
  await stack.deliver({ messages: [text(two.from, "Me again", { timestamp: now })] });
  const said = await stack.becomes(await stack.say(one, "Hello both"), one, "sent");
  assert.equal(stack.posts(said)[0].to, `+${two.from}`);
  const { merge_id } = merged.body.data;
  assert.equal((await stack.call("POST", "merge-contacts/undo", { merge_id })).status, 200);
  const bodies = async (thread: Thread) =>
    (await stack.messages(thread)).map((message) => message.body).sort();
  assert.deepEqual(await bodies(one), ["Hello"]);
  assert.deepEqual(await bodies(two), ["Hello", "Hello both", "Me again"]);
}

async function reconciled(stack: SendingStack): Promise<void> {
  const thread = await stack.open();
  stack.graph.queue(lost());
  const said = await stack.say(thread, "Did it arrive?");
  const unknown = await stack.becomes(said, thread, "unknown", "sent");
  assert.deepEqual([unknown.status, unknown.error?.code], ["unknown", "no_answer"]);
  const { wamid } = stack.graph.sent.at(-1)!;
  await stack.report(said, "delivered", wamid);
  const told = await stack.message(said, thread);
  assert.deepEqual([told.status, told.wa_message_id, told.error], ["delivered", wamid, null]);
  await stack.becomes(await stack.say(thread, "Yes"), thread, "sent");
  assert.equal(stack.posts(said).length, 1);
}

async function losses(stack: SendingStack): Promise<void> {
  const thread = await stack.open();
  const ways = {
    lost: lost(),
    page: notJson(),
    mute: serverError(502),
    cut: truncated(20),
    unstorable: named("wamid.\u0000"),
    endless: named(crypto.randomUUID().repeat(100)),
  };
  for (const [way, behaviour] of Object.entries({ ...ways, slow: delayed(1500) })) {
    stack.graph.queue(behaviour);
    const said = await stack.say(thread, way);
    const message = await stack.becomes(said, thread, "unknown", "sent", "failed");
    assert.equal(message.status, "unknown", way);
    assert.equal(stack.posts(said).length, 1, way);
  }
}

/** An answer that names the message so. */
function named(id: string): Behaviour {
  return {
    kind: "answer",
    status: 200,
    body: JSON.stringify({ messages: [{ id }] }),
    accepts: true,
  };
}

async function statusFirst(stack: SendingStack): Promise<void> {
  const thread = await stack.open();
  stack.graph.queue(delayed(400));
  const said = await stack.say(thread, "Quick");
  await until(() => Promise.resolve(stack.posts(said)[0]));
  const wamid = await stack.report(said, "read");
  assert.equal((await stack.message(said, thread)).status, "read");
  await stack.becomes(await stack.say(thread, "Then"), thread, "sent");
  const told = await stack.message(said, thread);
  assert.deepEqual([told.status, told.wa_message_id], ["read", wamid]);
}

async function pairLimit(stack: SendingStack): Promise<void> {
  const thread = await stack.open();
  const said: Said[] = [];
  for (let n = 1; n <= 46; n++) said.push(await stack.say(thread, `Message ${n}`));
  await stack.becomes(said[44], thread, "sent");
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.equal((await stack.message(said[45], thread)).status, "queued");
  assert.equal(stack.posts(said[45]).length, 0);
}

async function idempotent(stack: SendingStack): Promise<void> {
  const thread = await stack.open();
  const headers = { "idempotency-key": crypto.randomUUID() };
  const body = { type: "text", text: { body: "Once" } };
  const first = await stack.send(thread, body, headers);
  assert.deepEqual(await stack.send(thread, body, headers), first);
  await stack.becomes(first, thread, "sent");
  assert.equal((await stack.messages(thread)).filter(({ body }) => body === "Once").length, 1);
  assert.equal(stack.posts(first).length, 1);
}

async function signals(stack: SendingStack): Promise<void> {
  const thread = await stack.open();
  const ask = (path: string, body: Json) =>
    stack.call<{ data: Json }>("POST", `conversations/${thread.id}/${path}`, body);
  const typing = await ask("typing", {});
  assert.equal(typing.status, 202);
  const seen = (more: Json) => receiptsOf(stack, thread).some((body) => matches(body, more));
  await until(() => Promise.resolve(seen({ typing_indicator: { type: "text" } }) || undefined));
  const read = await ask("read", {});
  assert.deepEqual([read.status, read.body.data.unread_count], [200, 0]);
  await until(() => Promise.resolve(seen({ typing_indicator: undefined }) || undefined));
  assert.equal((await ask("read", {})).status, 200);
  await stack.becomes(await stack.say(thread, "Done"), thread, "sent");
  assert.equal(receiptsOf(stack, thread).length, 2);
  const silent = await stack.open();
  await stack.call("POST", `conversations/${silent.id}/read`, { receipt: false });
  await stack.becomes(await stack.say(silent, "Done"), silent, "sent");
  assert.deepEqual(receiptsOf(stack, silent), []);
}

async function shared(stack: SendingStack): Promise<void> {
  const threads = await Promise.all(Array.from({ length: 12 }, () => stack.open()));
  // Answers that take a while keep several under way.
  stack.graph.script(() => delayed(15));
  const helping = await joinIn(stack);
  const said = await Promise.all(threads.map(async (thread) => {
    const messages: Said[] = [];
    for (let n = 1; n <= 5; n++) messages.push(await stack.say(thread, `${n}`));
    return messages;
  }));
  await Promise.all(threads.map((thread, n) => stack.becomes(said[n][4], thread, "sent")));
  assert.ok(await helping.end() > 0);
  for (const { from } of threads) {
    const sent = stack.graph.sent.filter(({ recipient }) => recipient === from);
    assert.deepEqual(sent.map(({ body }) => (body.text as Json).body), ["1", "2", "3", "4", "5"]);
  }
}

/** Three workers of this process on the stack's database; `end` says how many they sent. */
async function joinIn({ stack, folder, graph }: SendingStack): Promise<{ end(): Promise<number> }> {
  const secrets = JSON.parse(await Deno.readTextFile(join(folder, "data", "secrets.json")));
  const env = {
    SUPABASE_DB_URL: stack.credentials.database_url,
    LEADBASE_ENCRYPTION_KEY: secrets.encryption_key,
    GRAPH_API_URL: graph.url,
  };
  for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
  const stopping = new AbortController();
  const { signal } = stopping;
  const work = async () => {
    let sent = 0;
    while (!signal.aborted) sent += await drainOutbox({ signal });
    return sent;
  };
  const working = Promise.all([work(), work(), work()]);
  return {
    async end() {
      stopping.abort();
      const sent = await working;
      await closeDatabase();
      for (const name of Object.keys(env)) Deno.env.delete(name);
      return sent.reduce((sum, count) => sum + count);
    },
  };
}

/** Each time that a worker asks when the next is due is counted. */
const COUNTED = `
  create sequence private.asked;
  alter function private.outbox_wait_ms() rename to outbox_wait_ms_uncounted;
  create function private.outbox_wait_ms() returns int language plpgsql set search_path = '' as $$
  begin
    perform nextval('private.asked');
    return private.outbox_wait_ms_uncounted();
  end $$;
  update public.whatsapp_numbers set messages_per_second = 1000;`;

const ANSWER_EVERYBODY = `
  with said as (
    insert into public.messages (workspace_id, conversation_id, contact_id, direction, sender_type, type, status)
    select v.workspace_id, v.id, v.contact_id, 'outbound', 'agent', 'text', 'queued'
    from public.conversations v join public.messages m on m.conversation_id = v.id and m.body = 'Anybody?'
    returning *
  )
  select private.enqueue_outbox(s.id, s.workspace_id, s.conversation_id, s.id, $1, 'message',
    '{"type": "text", "text": {"body": "Yes"}}') from said s`;

async function busy(stack: SendingStack): Promise<void> {
  const people = Array.from({ length: 100 }, () => uniquePhone().slice(1));
  const messages = people.map((digits) => text(digits, "Anybody?"));
  await stack.deliver({ contacts: people.map((digits) => person(digits)), messages });
  const sql = postgres(stack.stack.credentials.database_url, { onnotice: () => {} });
  const counts = async () => {
    const [row] = await sql<{ asked: number; sending: number; queued: number }[]>`
      select (select last_value::int from private.asked) as asked,
        count(*) filter (where state = 'sending')::int as sending,
        count(*) filter (where state = 'queued')::int as queued from private.outbox`;
    return row;
  };
  try {
    await sql.unsafe(COUNTED);
    stack.graph.script(() => delayed(900));
    await sql.unsafe(ANSWER_EVERYBODY, [stack.number]);
    const full = async () => (await counts()).sending === 64 || undefined;
    await until(full);
    const before = await counts();
    await new Promise((resolve) => setTimeout(resolve, 400));
    const after = await counts();
    assert.deepEqual([after.sending, after.queued], [64, before.queued]);
    // Whether there is work for any worker is asked four times a second.
    assert.ok(after.asked - before.asked <= 4, `asked ${after.asked - before.asked} times`);
    stack.graph.script(undefined);
    await until(async () => {
      const { sending, queued } = await counts();
      return sending + queued === 0 || undefined;
    });
  } finally {
    await sql.end();
  }
}

function receiptsOf(stack: SendingStack, { wamid }: Thread): Json[] {
  return stack.graph.requests.filter(({ kind }) => kind === "receipt")
    .map(({ body }) => body as Json).filter(({ message_id }) => message_id === wamid);
}

function matches(body: Json, wanted: Json): boolean {
  return Object.entries(wanted).every(([name, value]) =>
    JSON.stringify(body[name]) === JSON.stringify(value)
  );
}

function acceptedOf(stack: SendingStack, { id }: Said): number {
  return stack.graph.sent.filter(({ biz_opaque_callback_data }) => biz_opaque_callback_data === id)
    .length;
}

function fieldErrors(body: Json): string[] {
  return (body.errors as Json[]).map(({ path, code }) => `${path} ${code}`);
}
