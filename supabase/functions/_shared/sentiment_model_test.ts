import assert from "node:assert/strict";
import { readMoods, type Unread } from "./sentiment_model.ts";

const KEY = "sk-secret";
const unread = (...bodies: string[]): Unread[] => bodies.map((body) => ({ body, signals: [] }));
const TEXTS = unread("Great!", "Where are you?");
const GOOD = {
  readings: [
    { n: 2, score: 0, language: null },
    { n: 1, score: 0.81249, language: "en" },
  ],
};

interface Asked {
  method: string;
  path: string;
  headers: Headers;
  body: Record<string, unknown>;
}

/** What comes of asking a model whose server answers so, and what the server was asked. */
async function ask(
  answer: () => Response | Promise<Response>,
  { key, texts = TEXTS, signal }: { key?: string; texts?: Unread[]; signal?: AbortSignal } = {},
) {
  const asked: Asked[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { method, url, headers } = request;
    asked.push({ method, path: new URL(url).pathname, headers, body: await request.json() });
    return answer();
  });
  const model = { url: `http://127.0.0.1:${server.addr.port}/v1`, name: "small", key };
  try {
    return { moods: await readMoods(model, texts, signal), asked };
  } catch (error) {
    return { error: error as Error, asked };
  } finally {
    await server.shutdown();
  }
}

/** An answer as the endpoint gives it, with that content. */
function says(content: unknown): () => Response {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  return () => Response.json({ choices: [{ message: { role: "assistant", content: text } }] });
}

Deno.test("each text gets its mood, whatever the order of the answer", async () => {
  const { moods, asked: [request] } = await ask(says(GOOD), { key: KEY });
  assert.deepEqual(moods, [{ score: 0.812, language: "en" }, { score: 0, language: null }]);
  assert.deepEqual([request.method, request.path], ["POST", "/v1/chat/completions"]);
  assert.equal(request.headers.get("authorization"), `Bearer ${KEY}`);
  assert.equal(request.body.model, "small");
  const [system, user] = request.body.messages as { role: string; content: string }[];
  assert.deepEqual([system.role, user.role], ["system", "user"]);
  assert.deepEqual(JSON.parse(user.content), {
    messages: [{ n: 1, text: "Great!" }, { n: 2, text: "Where are you?" }],
  });
});

const BUDGET = { id: "b", look_for: "Says what they can pay." };
const HURRY = { id: "h", look_for: "Is in a hurry." };
const LOOKED: Unread[] = [
  { body: "Great!", signals: [] },
  { body: "I have 900 and need it now", signals: [HURRY, BUDGET] },
];
const reads = (first: object, second: object) => ({
  readings: [{ n: 1, score: 0.5, language: "en", ...first }, {
    ...{ n: 2, score: 0, language: "en" },
    ...second,
  }],
});

Deno.test("it looks for the signals of each message", async () => {
  const { moods, asked: [request] } = await ask(says(reads({}, { shows: [2] })), { texts: LOOKED });
  assert.deepEqual(moods?.map(({ signals }) => signals), [undefined, ["b"]]);
  const [system, user] = request.body.messages as { content: string }[];
  assert.match(system.content, /look_for/);
  assert.deepEqual(JSON.parse(user.content), {
    messages: [{ n: 1, text: "Great!" }, { n: 2, text: LOOKED[1].body, signals: [1, 2] }],
    signals: [{ s: 1, look_for: HURRY.look_for }, { s: 2, look_for: BUDGET.look_for }],
  });
});

for (
  const [name, content] of [
    ["nothing of the signals", reads({}, {})],
    ["signals of a message that has none", reads({ shows: [] }, { shows: [1] })],
    ["signals that there are not", reads({}, { shows: [3] })],
  ] as const
) {
  Deno.test(`not believed: ${name}`, async () => {
    const { moods, error } = await ask(says(content), { texts: LOOKED });
    assert.equal(moods, undefined);
    assert.ok(error instanceof Error);
  });
}

Deno.test("without a key none is sent", async () => {
  const { asked } = await ask(says(GOOD));
  assert.equal(asked[0].headers.get("authorization"), null);
});

Deno.test("of a long text the beginning is sent", async () => {
  const { asked } = await ask(says(GOOD), { texts: unread("x".repeat(5000), "y") });
  const [, user] = asked[0].body.messages as { content: string }[];
  assert.deepEqual(
    JSON.parse(user.content).messages.map(({ text }: { text: string }) => text.length),
    [2000, 1],
  );
});

const [second, first] = GOOD.readings;
const UNUSABLE: [name: string, content: unknown][] = [
  ["no JSON", "They are happy."],
  ["JSON of another shape", [0.5, 0.5]],
  ["a reading too few", { readings: [first] }],
  ["a reading too many", { readings: [first, second, { ...second, n: 3 }] }],
  ["one message twice", { readings: [first, { ...first, score: 0 }] }],
  ["a message that there is not", { readings: [first, { ...second, n: 3 }] }],
  ["a score beyond 1", { readings: [{ ...first, score: 1.01 }, second] }],
  ["a score that is none", { readings: [{ ...first, score: "0.5" }, second] }],
  ["a language that is none", { readings: [{ ...first, language: "English" }, second] }],
  ["more than was asked", { readings: [first, second], note: "I am sure." }],
  ["more of a reading than was asked", { readings: [{ ...first, why: "Great!" }, second] }],
];

for (const [name, content] of UNUSABLE) {
  Deno.test(`not believed: ${name}`, async () => {
    const { moods, error } = await ask(says(content));
    assert.equal(moods, undefined);
    assert.ok(error instanceof Error);
  });
}

for (const status of [400, 401, 429, 500]) {
  Deno.test(`HTTP ${status} is no reading, and the error tells nothing of the texts`, async () => {
    const { error } = await ask(() => new Response(JSON.stringify(GOOD), { status }), { key: KEY });
    assert.equal(error?.message, `The model answered with HTTP ${status}.`);
  });
}

Deno.test("texts and key do not follow a redirect", async () => {
  const elsewhere: string[] = [];
  const other = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    elsewhere.push(request.url);
    return says(GOOD)();
  });
  try {
    const { error, asked } = await ask(
      () => Response.redirect(`http://127.0.0.1:${other.addr.port}/v1/chat/completions`, 307),
      { key: KEY },
    );
    assert.match(error!.message, /HTTP 307/);
    assert.deepEqual([asked.length, elsewhere], [1, []]);
  } finally {
    await other.shutdown();
  }
});

Deno.test("it is not waited for longer than whoever asks has time", async () => {
  const { error } = await ask(
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      return says(GOOD)();
    },
    { signal: AbortSignal.timeout(50) },
  );
  assert.equal(error?.name, "TimeoutError");
});
