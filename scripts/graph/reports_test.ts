import assert from "node:assert/strict";
import { APP_SECRET, type Json, NUMBER, send, withGraph, withWebhook } from "./test_support.ts";
import type { Received } from "./test_support.ts";
import type { Graph, GraphOptions } from "./types.ts";

/** A stand-in that reports to a receiver; `webhook` adds to the options of its webhook. */
function reporting(
  { webhook = {}, ...options }: Omit<GraphOptions, "webhook"> & { webhook?: Json },
  run: (graph: Graph, received: Received[]) => Promise<void>,
  answers?: number[],
): Promise<void> {
  return withWebhook((url, received) => {
    const all = { ...options, webhook: { url, appSecret: APP_SECRET, delayMs: 1, ...webhook } };
    return withGraph(all, (graph) => run(graph, received));
  }, answers);
}

const names = (received: Received[]) => received.map(({ status }) => status.status);

Deno.test("a message to a number is sent, delivered and read, in Meta's words", () => {
  const recipients = { "34600111222": { userId: "ES.7", name: "Ana", username: "@ana" } };
  return reporting({ recipients, now: () => 9000 }, async (graph, received) => {
    await (await send(graph, { biz_opaque_callback_data: "job-42" })).body?.cancel();
    await graph.settled();
    assert.ok(received.every(({ signed }) => signed));
    assert.deepEqual(names(received), ["sent", "delivered", "read"]);
    const contact = { profile: { name: "Ana" }, wa_id: "34600111222", user_id: "ES.7" };
    const status = {
      id: graph.sent[0].wamid,
      status: "sent",
      timestamp: "9",
      recipient_id: "34600111222",
      recipient_user_id: "ES.7",
      biz_opaque_callback_data: "job-42",
      pricing: {
        billable: false,
        pricing_model: "PMP",
        type: "free_customer_service",
        category: "service",
      },
    };
    assert.deepEqual(received[0].value, {
      messaging_product: "whatsapp",
      metadata: { display_phone_number: "16045550100", phone_number_id: NUMBER },
      contacts: [contact],
      statuses: [status],
    });
    const named = { ...contact, profile: { name: "Ana", username: "@ana" } };
    assert.deepEqual(received[1].value.contacts, [named]);
  });
});

Deno.test("to a user id no number is told, unless it is known", () =>
  reporting({ webhook: { statuses: ["sent"] } }, async (graph, received) => {
    await (await send(graph, { recipient: "ES.7" })).body?.cancel();
    await graph.settled();
    graph.setRecipient("ES.7", { waId: "34600111222" });
    await (await send(graph, { recipient: "ES.7" })).body?.cancel();
    await graph.settled();
    const ids = received.map(({ status }) => [status.recipient_id, status.recipient_user_id]);
    assert.deepEqual(ids, [[undefined, "ES.7"], ["34600111222", "ES.7"]]);
    const waIds = received.map(({ value }) => (value.contacts as Json[])[0].wa_id);
    assert.deepEqual(waIds, [undefined, "34600111222"]);
  }));

Deno.test("a message that fails says why, without contacts", () => {
  const fail = { code: 131049, details: "wait" };
  const recipients = { "34600111222": { fail }, "ES.7": { fail } };
  return reporting({ recipients }, async (graph, received) => {
    await (await send(graph)).body?.cancel();
    await graph.settled();
    await (await send(graph, { recipient: "ES.7" })).body?.cancel();
    await graph.settled();
    assert.deepEqual(names(received), ["failed", "failed"]);
    assert.ok(received.every(({ value }) => value.contacts === undefined));
    const [error] = received[0].status.errors as Json[];
    assert.deepEqual([error.code, error.error_data], [131049, { details: "wait" }]);
    const ids = received.map(({ status }) => [status.recipient_id, status.recipient_user_id]);
    assert.deepEqual(ids, [["34600111222", undefined], [undefined, "ES.7"]]);
  });
});

Deno.test("a user id in `to` is never heard of again", () =>
  reporting({}, async (graph, received) => {
    await (await send(graph, { to: "ES.7" })).body?.cancel();
    await graph.settled();
    assert.equal(graph.sent.length, 1);
    assert.deepEqual(received, []);
  }));

Deno.test("statuses can come twice, backwards, or not all of them", () =>
  reporting({ webhook: { duplicates: 1, reorder: true } }, async (graph, received) => {
    await (await send(graph)).body?.cancel();
    await graph.settled();
    graph.setRecipient("34600111222", { statuses: ["sent"] });
    await (await send(graph)).body?.cancel();
    await graph.settled();
    assert.deepEqual(
      names(received),
      ["read", "read", "delivered", "delivered", "sent", "sent", "sent", "sent"],
    );
  }));

Deno.test("backwards means in arrival: the times stay true", () =>
  reporting({ now: () => 0, webhook: { reorder: true, delayMs: 400 } }, async (graph, received) => {
    await (await send(graph)).body?.cancel();
    await graph.settled();
    const times = received.map(({ status }) => [status.status, status.timestamp]);
    assert.deepEqual(times, [["read", "1"], ["delivered", "0"], ["sent", "0"]]);
  }));

Deno.test("a delivery comes again until it gets 200, signed and the same", () =>
  reporting({ webhook: { statuses: ["sent"], retryMs: 1 } }, async (graph, received) => {
    await (await send(graph)).body?.cancel();
    await graph.settled();
    assert.equal(received.length, 4);
    assert.ok(received.every(({ signed }) => signed));
    assert.deepEqual(new Set(received.map(({ value }) => JSON.stringify(value))).size, 1);
  }, [503, 201, 302]));

Deno.test("a lost answer's message is reported as well", () =>
  reporting({}, async (graph, received) => {
    graph.queue({ kind: "lost" });
    await assert.rejects(send(graph));
    await graph.settled();
    assert.deepEqual(received.map(({ status }) => status.id), Array(3).fill(graph.sent[0].wamid));
  }));

Deno.test("settled says that a webhook lacks its 200; a stop ends the retries", async () => {
  const webhook = { url: "http://127.0.0.1:1/", appSecret: APP_SECRET, delayMs: 0, retryMs: 5 };
  await withGraph({ webhook }, async (graph) => {
    await (await send(graph)).body?.cancel();
    await assert.rejects(graph.settled(50), /1 messages' webhooks lack a 200/);
  });
});

Deno.test("a hundred messages at once are all reported", () =>
  reporting({}, async (graph, received) => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => send(graph)));
    await Promise.all(answers.map((answer) => answer.body?.cancel()));
    await graph.settled();
    const seen = received.map(({ status }) => `${status.id} ${status.status}`);
    assert.equal(new Set(seen).size, 300);
  }));

Deno.test("with replies on, each text is answered by its recipient", () =>
  reporting({ reply: true }, async (graph, received) => {
    await (await send(graph, { recipient: "ES.7" })).body?.cancel();
    await graph.settled();
    const [message] = received[3].value.messages as Json[];
    const { id, timestamp, ...rest } = message;
    assert.ok(String(id).startsWith("wamid.") && id !== graph.sent[0].wamid);
    assert.match(String(timestamp), /^\d+$/);
    const text = { body: "You said: Hola" };
    assert.deepEqual(rest, { from_user_id: "ES.7", type: "text", text });
    await (await send(graph, { type: "image", image: { id: "1" } })).body?.cancel();
    await graph.settled();
    assert.equal(received.length, 7, "there is nothing to repeat of a picture");
  }));

Deno.test("a person's text can be posted", () =>
  reporting({}, async (graph, received) => {
    const wamid = graph.receive({ phoneNumberId: NUMBER, from: "34600111222", text: "Hi" });
    await graph.settled();
    const [message] = received[0].value.messages as Json[];
    assert.deepEqual([message.id, message.from], [wamid, "34600111222"]);
    const [contact] = received[0].value.contacts as Json[];
    assert.deepEqual([contact.wa_id, contact.user_id], ["34600111222", message.from_user_id]);
  }));
