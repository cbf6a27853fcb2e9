import assert from "node:assert/strict";
import { call, NUMBER, refusal, send, text, withGraph } from "./test_support.ts";

const PATH = `/v26.0/${NUMBER}/messages`;

Deno.test("a message is accepted, answered as Meta does, and kept", () =>
  withGraph({ now: () => 5000 }, async (graph) => {
    const response = await send(graph, { biz_opaque_callback_data: "job-1" });
    const answer = await response.json();
    assert.equal(response.status, 200);
    const wamid = answer.messages[0].id;
    assert.match(wamid, /^wamid\.[0-9A-F]{40}$/);
    assert.deepEqual(answer, {
      messaging_product: "whatsapp",
      contacts: [{ input: "+34600111222", wa_id: "34600111222" }],
      messages: [{ id: wamid, message_status: "accepted" }],
    });
    assert.deepEqual(graph.sent, [{
      wamid,
      phone_number_id: NUMBER,
      recipient: "34600111222",
      body: text({ biz_opaque_callback_data: "job-1" }),
      biz_opaque_callback_data: "job-1",
      dropped: false,
      time: 5000,
    }]);
  }));

Deno.test("every request is logged with its headers and parsed body", () =>
  withGraph({ now: () => 7 }, async (graph) => {
    await (await call(graph, `${PATH}?a=b`, { body: text(), token: "secret" })).body?.cancel();
    const [{ headers, ...request }] = graph.requests;
    assert.equal(headers.authorization, "Bearer secret");
    assert.deepEqual(request, {
      kind: "message",
      method: "POST",
      path: PATH,
      query: { a: "b" },
      body: text(),
      time: 7,
    });
  }));

Deno.test("wamids never repeat, neither within a run nor in the next", async () => {
  const seen: string[] = [];
  for (const _run of [1, 2]) {
    await withGraph({}, async (graph) => {
      for (const _message of [1, 2]) await (await send(graph)).body?.cancel();
      seen.push(...graph.sent.map(({ wamid }) => wamid));
    });
  }
  assert.equal(seen.length, 4);
  assert.equal(new Set(seen).size, 4);
});

Deno.test("a token that is not among the accepted ones is 401 with code 190", () =>
  withGraph({ tokens: ["good"] }, async (graph) => {
    for (const path of [PATH, `/v26.0/${NUMBER}`]) {
      const body = path === PATH ? text() : undefined;
      const { error, ...rest } = await refusal(await call(graph, path, { body, token: "bad" }));
      assert.deepEqual(rest, { status: 401, code: 190, subcode: undefined });
      assert.equal(error.type, "OAuthException");
      assert.equal((await call(graph, path, { body, token: "good" })).status, 200);
    }
    assert.equal(graph.sent.length, 1);
  }));

Deno.test("without a list of tokens any will do, but there must be one", () =>
  withGraph({}, async (graph) => {
    const response = await fetch(graph.url + PATH, { method: "POST", body: "{}" });
    assert.equal((await refusal(response)).status, 401);
    assert.equal((await send(graph)).status, 200);
  }));

Deno.test("a user id belongs in `recipient`", () =>
  withGraph({}, async (graph) => {
    const answer = await (await send(graph, { recipient: "ES.70010020030" })).json();
    assert.deepEqual(answer.contacts, [{ input: "ES.70010020030", user_id: "ES.70010020030" }]);
    assert.deepEqual([graph.sent[0].recipient, graph.sent[0].dropped], ["ES.70010020030", false]);
  }));

Deno.test("`to` wins over `recipient`, and a user id in it is accepted but dropped", () =>
  withGraph({}, async (graph) => {
    await (await send(graph, { to: "34600111222", recipient: "ES.7" })).body?.cancel();
    assert.equal(graph.sent[0].recipient, "34600111222");
    const response = await send(graph, { to: "ES.70010020030" });
    assert.equal(response.status, 200);
    assert.equal((await response.json()).contacts[0].wa_id, "70010020030");
    assert.equal(graph.sent[1].dropped, true);
  }));

Deno.test("the WhatsApp id of a number may be another one", () =>
  withGraph({ recipients: { "5511987654321": { waId: "551187654321" } } }, async (graph) => {
    const answer = await (await send(graph, { to: "+55 11 98765-4321" })).json();
    assert.deepEqual(answer.contacts, [{ input: "+55 11 98765-4321", wa_id: "551187654321" }]);
  }));

Deno.test("receipts and typing succeed without being messages", () =>
  withGraph({}, async (graph) => {
    const receipt = { messaging_product: "whatsapp", status: "read", message_id: "wamid.A1" };
    for (const body of [receipt, { ...receipt, typing_indicator: { type: "text" } }]) {
      const response = await call(graph, PATH, { body });
      assert.deepEqual(await response.json(), { success: true });
    }
    assert.deepEqual(graph.requests.map(({ kind }) => kind), ["receipt", "receipt"]);
    assert.deepEqual(graph.sent, []);
  }));

Deno.test("a missing template is 132001", () =>
  withGraph({}, async (graph) => {
    const template = { name: "missing_template", language: { code: "es" } };
    assert.equal((await refusal(await send(graph, { type: "template", template }))).code, 132001);
    const other = { ...template, name: "cita" };
    assert.equal((await send(graph, { type: "template", template: other })).status, 200);
    assert.equal(graph.sent.length, 1);
  }));

Deno.test("a person may be set to refuse", () =>
  withGraph({}, async (graph) => {
    graph.setRecipient("34600111222", { refuse: { code: 131047, details: "24 hours" } });
    const { status, code, error } = await refusal(await send(graph));
    assert.deepEqual([status, code, error.error_data.details], [400, 131047, "24 hours"]);
    assert.deepEqual(graph.sent, []);
  }));

Deno.test("only the business's own numbers can send", () =>
  withGraph({ numbers: [{ id: NUMBER }] }, async (graph) => {
    assert.equal((await send(graph)).status, 200);
    const { status, code, subcode } = await refusal(await send(graph, {}, "999"));
    assert.deepEqual([status, code, subcode], [400, 100, 33]);
  }));

const WRONG: [string, unknown][] = [
  ["no JSON", "{"],
  ["an array", [text()]],
  ["another product", text({ messaging_product: "sms" })],
  ["nobody to send to", text({ to: undefined })],
  ["a number that is none", text({ to: "Ana" })],
  ["a number as a number", text({ to: 34600111222 })],
  ["a number in recipient", text({ recipient: "+34600111222" })],
  ["a receipt for nothing", { messaging_product: "whatsapp", status: "read" }],
];

for (const [what, body] of WRONG) {
  Deno.test(`refused with code 100: ${what}`, () =>
    withGraph({}, async (graph) => {
      const { status, code } = await refusal(await call(graph, PATH, { body }));
      assert.deepEqual([status, code], [400, 100]);
      assert.deepEqual(graph.sent, []);
    }));
}

Deno.test("other paths are no part of the API", () =>
  withGraph({}, async (graph) => {
    assert.equal((await refusal(await call(graph, "/messages", { body: text() }))).code, 2500);
    assert.equal((await refusal(await call(graph, "/v26.0/1/2/3"))).code, 2500);
  }));
