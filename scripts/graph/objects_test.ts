import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { redirect, slow, truncated } from "./behaviours.ts";
import { call, NUMBER, refusal, withGraph } from "./test_support.ts";
import type { GraphMedia } from "./types.ts";

const FIELDS = "display_phone_number,verified_name,quality_rating,throughput{level}";
const bytes = new TextEncoder().encode("a picture of some kind");
const MEDIA: GraphMedia = { id: "901", bytes, mimeType: "image/png" };
const digest = (encoding: "hex" | "base64") => createHash("sha256").update(bytes).digest(encoding);

Deno.test("a number is described by the fields asked for", () => {
  const number = { id: NUMBER, display_phone_number: "+1 555", verified_name: "Acme" };
  return withGraph({ numbers: [number] }, async (graph) => {
    const response = await call(graph, `/v26.0/${NUMBER}?fields=${encodeURIComponent(FIELDS)}`);
    assert.deepEqual(await response.json(), {
      ...number,
      quality_rating: "GREEN",
      throughput: { level: "STANDARD" },
    });
    const one = await call(graph, `/v26.0/${NUMBER}?fields=verified_name`);
    assert.deepEqual(await one.json(), { id: NUMBER, verified_name: "Acme" });
  });
});

Deno.test("an unknown number is 400 with code 100, subcode 33; an unknown field code 100", () =>
  withGraph({ numbers: [{ id: NUMBER }] }, async (graph) => {
    const { status, code, subcode } = await refusal(await call(graph, "/v26.0/5"));
    assert.deepEqual([status, code, subcode], [400, 100, 33]);
    const field = await refusal(await call(graph, `/v26.0/${NUMBER}?fields=colour`));
    assert.deepEqual([field.status, field.code, field.subcode], [400, 100, undefined]);
  }));

Deno.test("media is described, and its bytes come from the address in the description", () =>
  withGraph({}, async (graph) => {
    graph.addMedia(MEDIA);
    const about = await (await call(graph, `/v26.0/901?phone_number_id=${NUMBER}`)).json();
    const { url, ...rest } = about;
    assert.deepEqual(rest, {
      messaging_product: "whatsapp",
      mime_type: "image/png",
      sha256: digest("hex"),
      file_size: bytes.length,
      id: "901",
    });
    const file = await call(graph, url);
    assert.equal(file.headers.get("content-type"), "image/png");
    assert.deepEqual(new Uint8Array(await file.arrayBuffer()), bytes);
    assert.deepEqual(graph.requests.map(({ kind }) => kind), ["media", "media_bytes"]);
  }));

Deno.test("the digest may be base64, and the description may lie", () =>
  withGraph({}, async (graph) => {
    graph.addMedia({ ...MEDIA, sha256: "base64" });
    const honest = await (await call(graph, "/v26.0/901")).json();
    assert.equal(honest.sha256, digest("base64"));
    const claims = { sha256: "00", file_size: 1, url: "http://127.0.0.1:9/x", mime_type: "a/b" };
    graph.addMedia({ ...MEDIA, claims });
    const lie = await (await call(graph, "/v26.0/901")).json();
    assert.deepEqual(lie, { messaging_product: "whatsapp", id: "901", ...claims });
  }));

Deno.test("media needs the token, also at its own address", () =>
  withGraph({ tokens: ["good"] }, async (graph) => {
    graph.addMedia(MEDIA);
    for (const path of ["/v26.0/901", "/media/901"]) {
      const wrong = await call(graph, path, { token: "bad" });
      await wrong.body?.cancel();
      assert.equal(wrong.status, 401);
      const right = await call(graph, path, { token: "good" });
      await right.body?.cancel();
      assert.equal(right.status, 200);
    }
  }));

Deno.test("an address is good for five minutes, a removed file for nothing", async () => {
  let time = 0;
  await withGraph({ now: () => time }, async (graph) => {
    graph.addMedia(MEDIA);
    const { url } = await (await call(graph, "/v26.0/901")).json();
    const statuses = [];
    for (time of [5 * 60_000 - 1, 5 * 60_000]) {
      const response = await call(graph, url);
      await response.body?.cancel();
      statuses.push(response.status);
    }
    assert.deepEqual(statuses, [200, 404]);
    graph.removeMedia("901");
    const gone = await refusal(await call(graph, `/v26.0/901?phone_number_id=${NUMBER}`));
    assert.deepEqual([gone.status, gone.code, gone.subcode], [400, 100, 33]);
    const bytesGone = await call(graph, "/media/901");
    await bytesGone.body?.cancel();
    assert.equal(bytesGone.status, 404);
  });
});

Deno.test("another number's media does not exist", () =>
  withGraph({}, async (graph) => {
    graph.addMedia({ ...MEDIA, phoneNumberId: NUMBER });
    const other = await refusal(await call(graph, "/v26.0/901?phone_number_id=5"));
    assert.equal(other.subcode, 33);
    const own = await call(graph, `/v26.0/901?phone_number_id=${NUMBER}`);
    await own.body?.cancel();
    assert.equal(own.status, 200);
  }));

Deno.test("a file can be cut off, come slowly, or be elsewhere", () =>
  withGraph({}, async (graph) => {
    graph.addMedia(MEDIA);
    graph.script(() => truncated(5));
    const cut = await call(graph, "/media/901");
    assert.equal(cut.headers.get("content-length"), String(bytes.length));
    await assert.rejects(cut.arrayBuffer());

    graph.script(({ kind }) => kind === "media_bytes" ? slow(4, 5) : undefined);
    const start = performance.now();
    const late = await call(graph, "/media/901");
    assert.deepEqual(new Uint8Array(await late.arrayBuffer()), bytes);
    assert.ok(performance.now() - start >= 4 * 5, "six pieces take their time");

    graph.script(() => redirect("http://127.0.0.1:9/"));
    const elsewhere = await call(graph, "/media/901");
    await elsewhere.body?.cancel();
    assert.deepEqual([elsewhere.status, elsewhere.headers.get("location")], [
      302,
      "http://127.0.0.1:9/",
    ]);
  }));
