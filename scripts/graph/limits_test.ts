import assert from "node:assert/strict";
import { makeLimits } from "./limits.ts";
import { refusal, send, withGraph } from "./test_support.ts";

Deno.test("a pair may have 45 messages at once, then one every 6 seconds", () => {
  let time = 0;
  const limit = makeLimits({ pairLimit: true }, () => time);
  const accepted = () => {
    let count = 0;
    while (!limit("1", "34600111222")) count++;
    return count;
  };
  assert.equal(accepted(), 45);
  assert.deepEqual(limit("1", "34600111222"), { code: 131056 });
  assert.equal(limit("1", "34600111223"), undefined, "another person is another pair");
  assert.equal(limit("2", "34600111222"), undefined, "another number is another pair");
  time = 5999;
  assert.equal(accepted(), 0);
  time = 6000;
  assert.equal(accepted(), 1);
  time = 1_000_000_000;
  assert.equal(accepted(), 45);
});

Deno.test("a number may send so many messages a second, to whomever", () => {
  let time = 0;
  const limit = makeLimits({ throughput: 3, pairLimit: { burst: 1, everyMs: 1e9 } }, () => time);
  const faults = () => ["a", "b", "c", "d"].map((person) => limit("1", person + time)?.code);
  assert.deepEqual(faults(), [undefined, undefined, undefined, 130429]);
  assert.equal(limit("2", "a"), undefined);
  time = 1000;
  assert.deepEqual(faults(), [undefined, undefined, undefined, 130429]);
});

Deno.test("over HTTP the limits are 400 with 131056 and 429 with 130429", async () => {
  const now = () => 0;
  await withGraph({ now, pairLimit: { burst: 1, everyMs: 1000 } }, async (graph) => {
    assert.equal((await send(graph)).status, 200);
    const { status, code } = await refusal(await send(graph, { to: "34600111222" }));
    assert.deepEqual([status, code, graph.sent.length], [400, 131056, 1]);
  });
  await withGraph({ now, throughput: 1 }, async (graph) => {
    assert.equal((await send(graph)).status, 200);
    const { status, code } = await refusal(await send(graph, { to: "+34600000009" }));
    assert.deepEqual([status, code, graph.sent.length], [429, 130429, 1]);
  });
});
