/** Whom the token is shown to. What the Graph API answers is tried end to end (tests/webhook). */
import assert from "node:assert/strict";
import { graphApiUrl, graphMediaHosts } from "./env.ts";
import { MediaFault } from "./media_check.ts";
import { openMedia, trusted } from "./media_source.ts";

const signal = new AbortController().signal;

/** Runs `work` with that address of the Graph API. */
async function withGraph(url: string | undefined, work: () => void | Promise<void>): Promise<void> {
  const before = Deno.env.get("GRAPH_API_URL");
  const set = (value?: string) =>
    value === undefined ? Deno.env.delete("GRAPH_API_URL") : Deno.env.set("GRAPH_API_URL", value);
  set(url);
  try {
    await work();
  } finally {
    set(before);
  }
}

/** A server that remembers what it was asked with. */
function listener(answer: (request: Request) => Response) {
  const seen: { path: string; authorization: string | null }[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const authorization = request.headers.get("authorization");
    seen.push({ path: new URL(request.url).pathname, authorization });
    return answer(request);
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, seen, stop: () => server.shutdown() };
}

function isUntrusted(error: unknown): boolean {
  assert.ok(error instanceof MediaFault, String(error));
  assert.equal(error.code, "untrusted_media_host");
  return error.more.final === true;
}

Deno.test("Meta's media host is trusted with Meta's Graph API only", async () => {
  await withGraph(undefined, () => {
    assert.equal(graphApiUrl(), "https://graph.facebook.com");
    assert.deepEqual(graphMediaHosts(), ["graph.facebook.com", "lookaside.fbsbx.com"]);
  });
  await withGraph("http://127.0.0.1:54330/", () => {
    assert.equal(graphApiUrl(), "http://127.0.0.1:54330");
    assert.deepEqual(graphMediaHosts(), ["127.0.0.1:54330"]);
  });
});

// Asked of the rule itself: a broken one must not make a test call a true host.
Deno.test("addresses that only look like Meta's are refused", () =>
  withGraph(undefined, () => {
    for (const host of ["graph.facebook.com", "lookaside.fbsbx.com"]) {
      assert.equal(trusted(`https://${host}/a`).host, host);
    }
    for (
      const address of [
        "http://lookaside.fbsbx.com/a",
        "https://lookaside.fbsbx.com:8443/a",
        "https://lookaside.fbsbx.com.example/a",
        "https://example/lookaside.fbsbx.com",
        "https://lookaside.fbsbx.com@example/a",
        "https://user:password@lookaside.fbsbx.com/a",
        "https://127.0.0.1/a",
        "file:///etc/passwd",
        "data:,x",
        "//lookaside.fbsbx.com/a",
        "",
      ]
    ) assert.throws(() => trusted(address), isUntrusted, address);
  }));

Deno.test("another port of the same machine does not see the token, nor after a redirect", async () => {
  const foreign = listener(() => new Response("mine now"));
  const graph = listener(({ url }) => {
    const { pathname } = new URL(url);
    const to = { "/away": `${foreign.url}/a`, "/here": "/file", "/circle": "/circle" }[pathname];
    return to
      ? new Response(null, { status: 302, headers: { location: to } })
      : new Response("bytes");
  });
  try {
    await withGraph(graph.url, async () => {
      for (const address of [`${foreign.url}/a`, `${graph.url}/away`]) {
        await assert.rejects(openMedia(address, "secret", signal), isUntrusted);
      }
      assert.deepEqual(foreign.seen, []);
      const bytes = await openMedia(`${graph.url}/here`, "secret", signal);
      assert.equal(await new Response(bytes).text(), "bytes");
      assert.deepEqual(graph.seen.at(-1), { path: "/file", authorization: "Bearer secret" });
      await assert.rejects(
        openMedia(`${graph.url}/circle`, "secret", signal),
        /redirected_too_often/,
      );
    });
  } finally {
    await Promise.all([graph.stop(), foreign.stop()]);
  }
});

Deno.test("a server that is not there is a passing fault", () =>
  withGraph("http://127.0.0.1:9", async () => {
    await assert.rejects(
      openMedia("http://127.0.0.1:9/a", "secret", signal),
      (error) =>
        error instanceof MediaFault && error.code === "connection_failed" && !error.more.final,
    );
  }));
