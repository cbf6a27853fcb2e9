import assert from "node:assert/strict";
import { describeNumber, type GraphOutcome, postMessage } from "./graph.ts";

const TOKEN = "EAAB-secret";

/** What comes of a request to a server that answers so; undefined: to a port that is closed. */
async function outcome(
  answer: (() => Response | Promise<Response>) | undefined,
  ask: () => Promise<GraphOutcome> = post,
): Promise<GraphOutcome> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    assert.equal(request.headers.get("authorization"), `Bearer ${TOKEN}`);
    return answer!();
  });
  const { port } = server.addr;
  const stopped = answer ? undefined : server.shutdown();
  await stopped;
  Deno.env.set("GRAPH_API_URL", `http://127.0.0.1:${port}/`);
  Deno.env.set("GRAPH_TIMEOUT_MS", "300");
  try {
    return await ask();
  } finally {
    Deno.env.delete("GRAPH_API_URL");
    Deno.env.delete("GRAPH_TIMEOUT_MS");
    await server.shutdown();
  }
}

const post = () => postMessage({ phoneNumberId: "1", token: TOKEN, body: "{}" });

function text(body: string, init?: ResponseInit): () => Response {
  return () => new Response(body, init);
}

Deno.test("an answer in JSON is one", async () => {
  assert.deepEqual(await outcome(text('{"success":true}')), {
    kind: "answered",
    body: { success: true },
  });
});

Deno.test("an error tells code, subcode, title and details, and how long to wait", async () => {
  const error = {
    message: "(#130429) Rate limit hit",
    code: 130429,
    error_subcode: 2494055,
    error_data: { details: "Slower" },
  };
  const headers = { "retry-after": "7" };
  assert.deepEqual(await outcome(text(JSON.stringify({ error }), { status: 429, headers })), {
    kind: "refused",
    error: {
      code: 130429,
      subcode: 2494055,
      title: "(#130429) Rate limit hit",
      details: "Slower",
      http_status: 429,
    },
    afterSeconds: 7,
  });
});

Deno.test("a token that Graph quotes is not in the error", async () => {
  const error = { message: `Malformed access token ${TOKEN}`, code: 190 };
  const found = await outcome(text(JSON.stringify({ error }), { status: 401 }));
  assert.equal(found.kind === "refused" && found.error.title, "Malformed access token …");
});

for (const body of ["", "<html>", "[]", "null", '{"error":"no object"}']) {
  Deno.test(`an answer 502 ${JSON.stringify(body)} has no code`, async () => {
    const found = await outcome(text(body, { status: 502 }));
    assert.equal(found.kind, "refused");
    if (found.kind === "refused") assert.equal(found.error.code, undefined);
  });
}

Deno.test("a 200 with a page is no answer of Graph's", async () => {
  const found = await outcome(text("<html>"));
  assert.equal(found.kind === "refused" && found.error.http_status, 200);
});

Deno.test("a redirect is not followed with the token", async () => {
  const headers = { location: "http://127.0.0.1:9/" };
  const found = await outcome(text("", { status: 302, headers }));
  assert.equal(found.kind === "refused" && found.error.http_status, 302);
});

Deno.test("where nobody listens nothing has left", async () => {
  const found = await outcome(undefined);
  assert.equal(found.kind, "unsent");
});

Deno.test("an unknown name neither", async () => {
  Deno.env.set("GRAPH_API_URL", "http://graph.invalid");
  try {
    assert.equal((await post()).kind, "unsent");
  } finally {
    Deno.env.delete("GRAPH_API_URL");
  }
});

Deno.test("an answer that does not come in time is lost", async () => {
  const late = () => new Promise<Response>((resolve) => setTimeout(resolve, 600, new Response()));
  const found = await outcome(late);
  assert.equal(found.kind === "lost" && found.error.details, "No answer in time.");
});

Deno.test("a number is asked for by its id", async () => {
  const ask = () => describeNumber({ phoneNumberId: "100000000000001", token: TOKEN });
  const found = await outcome(text('{"id":"100000000000001"}'), ask);
  assert.equal(found.kind, "answered");
});

Deno.test("on a kept connection that ends without an answer nothing is sent twice", async () => {
  let requests = 0;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) {
      const buffer = new Uint8Array(65_536);
      // Answers one request a connection; the next it takes, and hangs up.
      for (let taken = 0; taken < 2; taken++) {
        let text = "";
        while (!text.endsWith("{}") && !text.endsWith("0\r\n\r\n")) {
          const length = await connection.read(buffer);
          if (length === null) break;
          text += new TextDecoder().decode(buffer.subarray(0, length));
        }
        requests++;
        const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n{"success":true}';
        if (taken === 0) await connection.write(new TextEncoder().encode(answer));
      }
      connection.close();
    }
  })();
  const { port } = listener.addr as Deno.NetAddr;
  Deno.env.set("GRAPH_API_URL", `http://127.0.0.1:${port}`);
  try {
    assert.equal((await post()).kind, "answered");
    assert.equal((await post()).kind, "lost");
    assert.equal(requests, 2);
  } finally {
    Deno.env.delete("GRAPH_API_URL");
    listener.close();
    await serving;
  }
});
