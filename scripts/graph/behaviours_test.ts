import assert from "node:assert/strict";
import {
  delayed,
  graphError,
  lost,
  notJson,
  refused,
  serverError,
  slow,
  truncated,
} from "./behaviours.ts";
import { call, NUMBER, refusal, send, text, withGraph } from "./test_support.ts";

async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise((resolve) => setTimeout(resolve, 2));
}

Deno.test("a scripted error is answered and nothing is accepted", () =>
  withGraph({}, async (graph) => {
    graph.queue(
      graphError(131016, 7),
      graphError({ code: 368, status: 403, subcode: 4, details: "d", message: "m", type: "T" }),
    );
    const first = await send(graph);
    assert.equal(first.headers.get("retry-after"), "7");
    const { status, code } = await refusal(first);
    assert.deepEqual([status, code], [500, 131016]);
    const second = await refusal(await send(graph));
    const { fbtrace_id, ...error } = second.error;
    assert.equal(second.status, 403);
    assert.equal(typeof fbtrace_id, "string");
    assert.deepEqual(error, {
      message: "m",
      type: "T",
      code: 368,
      error_subcode: 4,
      error_data: { messaging_product: "whatsapp", details: "d" },
    });
    assert.deepEqual(graph.sent, []);
  }));

Deno.test("a lost answer's message is accepted, a refused one's is not", () =>
  withGraph({}, async (graph) => {
    graph.queue(lost(), refused());
    await assert.rejects(send(graph));
    assert.equal(graph.sent.length, 1);
    await assert.rejects(send(graph));
    assert.equal(graph.sent.length, 1);
    assert.equal(graph.requests.length, 2);
    assert.equal((await send(graph)).status, 200);
    assert.equal(graph.sent.length, 2);
  }));

Deno.test("a message that would be refused is not accepted by losing its answer", () =>
  withGraph({}, async (graph) => {
    graph.queue(lost());
    await assert.rejects(send(graph, { to: "nobody" }));
    assert.deepEqual(graph.sent, []);
  }));

Deno.test("answers that are no JSON or have no body, accepting or not", () =>
  withGraph({}, async (graph) => {
    graph.queue(notJson(), notJson(true), serverError(), serverError(502, true));
    const seen = [];
    for (let time = 0; time < 4; time++) {
      const response = await send(graph);
      seen.push([response.status, (await response.text()).slice(0, 6), graph.sent.length]);
    }
    assert.deepEqual(seen, [[200, "<html>", 0], [200, "<html>", 1], [500, "", 1], [502, "", 2]]);
  }));

Deno.test("a delayed answer is late, but what it answers is done at once", () =>
  withGraph({}, async (graph) => {
    graph.queue(delayed(200), delayed(50, graphError(2)));
    const start = performance.now();
    let answered = false;
    const answer = send(graph).finally(() => answered = true);
    await until(() => graph.sent.length === 1);
    assert.equal(answered, false);
    assert.equal((await answer).status, 200);
    assert.ok(performance.now() - start >= 195);
    assert.equal((await refusal(await send(graph))).code, 2);
    assert.ok(performance.now() - start >= 245);
  }));

Deno.test("a caller who gives up has sent the message all the same", () =>
  withGraph({}, async (graph) => {
    graph.queue(delayed(60_000));
    const path = `/v26.0/${NUMBER}/messages`;
    const caller = new AbortController();
    const given = assert.rejects(call(graph, path, { body: text(), signal: caller.signal }));
    await until(() => graph.requests.length === 1);
    caller.abort();
    await given;
    assert.equal(graph.sent.length, 1);
    assert.equal((await send(graph)).status, 200);
  }));

Deno.test("the queue is for messages, in turn, and comes before the script", () =>
  withGraph({}, async (graph) => {
    graph.queue(graphError(1), undefined);
    graph.script(({ kind, body }) => {
      const to = (body as { to?: string } | undefined)?.to;
      return kind === "number" || to === "+34600000009" ? graphError(2) : undefined;
    });
    const codes = [];
    codes.push((await refusal(await call(graph, `/v26.0/${NUMBER}`))).code);
    codes.push((await refusal(await send(graph))).code);
    codes.push((await send(graph, { to: "+34600000009" })).status);
    codes.push((await refusal(await send(graph, { to: "+34600000009" }))).code);
    codes.push((await send(graph)).status);
    graph.script(undefined);
    codes.push((await send(graph, { to: "+34600000009" })).status);
    assert.deepEqual(codes, [2, 1, 200, 2, 200, 200]);
  }));

Deno.test("a stop does not wait for delays, and ends connections", async () => {
  const start = performance.now();
  const answers: Promise<unknown>[] = [];
  await withGraph({}, async (graph) => {
    graph.queue(delayed(60_000), { kind: "slow", pieceBytes: 1, everyMs: 60_000 });
    answers.push(assert.rejects(send(graph)));
    await until(() => graph.requests.length === 1);
    const slow = await send(graph);
    answers.push(assert.rejects(slow.text()));
  });
  await Promise.all(answers);
  assert.ok(performance.now() - start < 5000);
});

Deno.test("a caller who leaves in the middle of an answer leaves nothing behind", () =>
  withGraph({}, async (graph) => {
    graph.queue(slow(1, 1), truncated(3));
    const response = await send(graph);
    await response.body?.cancel();
    const cut = await send(graph);
    await assert.rejects(cut.text());
    assert.equal((await send(graph)).status, 200);
  }));
