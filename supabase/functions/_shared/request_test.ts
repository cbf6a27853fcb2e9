import assert from "node:assert/strict";
import { Refusal } from "./errors.ts";
import { isDeeperThan, parseJson, readBytes, readQuery, requireJson } from "./request.ts";

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    const { code, members } = (error as Refusal).problem;
    const [first] = members?.errors as { path: string; code: string }[] ?? [];
    return first ? `${first.path} ${first.code}` : code;
  }
  return "none";
}

const bytes = (text: string) => new TextEncoder().encode(text);

function post(body: BodyInit, headers: Record<string, string> = {}): Request {
  return new Request("http://localhost/", { method: "POST", body, headers });
}

/** A body of unknown length, as a chunked one is. */
function stream(...chunks: string[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(chunks.map(bytes));
}

Deno.test("a body within the limit is read whole", async () => {
  assert.deepEqual(await readBytes(post("12345"), 5), bytes("12345"));
  assert.deepEqual(await readBytes(post(stream("12", "345")), 5), bytes("12345"));
  assert.deepEqual(
    await readBytes(new Request("http://localhost/", { method: "POST" }), 5),
    bytes(""),
  );
});

Deno.test("a body over the limit is refused, whatever its length says", async () => {
  const code = "body_too_large";
  await assert.rejects(readBytes(post("123456"), 5), { message: code });
  await assert.rejects(readBytes(post(stream("123", "456")), 5), { message: code });
  await assert.rejects(readBytes(post("1", { "content-length": "6" }), 5), { message: code });
  await assert.rejects(readBytes(post(stream("123456"), { "content-length": "1" }), 5), {
    message: code,
  });
});

Deno.test("a body that breaks off is the caller's fault", async () => {
  const broken = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes("{"));
      controller.error(new Error("connection reset"));
    },
  });
  await assert.rejects(readBytes(post(broken), 5), { message: "incomplete_body" });
});

Deno.test("JSON is parsed, with a byte order mark too", () => {
  assert.deepEqual(parseJson(bytes('{"a":[1,null,"é\\ud83d\\udc4d"]}')), { a: [1, null, "é👍"] });
  assert.deepEqual(parseJson(new Uint8Array([0xef, 0xbb, 0xbf, 0x7b, 0x7d])), {});
});

Deno.test("what is no JSON in UTF-8 is malformed", () => {
  for (
    const text of ["", "  ", "{", '{"a":}', "undefined", "NaN", "{'a':1}", '{"a":1}}', '"\u0000"']
  ) {
    assert.equal(refusal(() => parseJson(bytes(text))), "malformed_json", text);
  }
  for (
    const invalid of [[0x22, 0xff, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0xff, 0xfe, 0x7b, 0]]
  ) {
    assert.equal(refusal(() => parseJson(new Uint8Array(invalid))), "malformed_json");
  }
});

Deno.test("text that cannot be stored is refused where it stands", () => {
  assert.equal(
    refusal(() => parseJson(bytes('{"a":{"b":["x","\\u0000"]}}'))),
    "/a/b/1 invalid_text",
  );
  assert.equal(refusal(() => parseJson(bytes('{"a/b":"\\udc4d"}'))), "/a~1b invalid_text");
  assert.equal(refusal(() => parseJson(bytes('{"\\ud83d":1}'))), " invalid_text");
});

Deno.test("nesting is bounded", () => {
  const nested = (depth: number) => bytes("[".repeat(depth) + "]".repeat(depth));
  assert.doesNotThrow(() => parseJson(nested(64)));
  assert.equal(refusal(() => parseJson(nested(65))), " too_deep");
  assert.equal(refusal(() => parseJson(nested(400_000))), " too_deep");
  assert.deepEqual([0, 1, 2].map((depth) => isDeeperThan(depth, { a: {} })), [true, true, false]);
});

Deno.test("bodies are JSON by their type", () => {
  const check = (type: string | null, body = "{}", more = {}) =>
    refusal(() =>
      requireJson(
        new Headers({ ...(type === null ? {} : { "content-type": type }), ...more }),
        bytes(body),
      )
    );
  for (
    const type of [
      "application/json",
      "application/json; charset=utf-8",
      "Application/JSON;charset=UTF-8",
    ]
  ) {
    assert.equal(check(type), "none", type);
  }
  assert.equal(check("application/vnd.api+json"), "none");
  assert.equal(check(null, ""), "none");
  for (
    const type of [
      null,
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "json",
    ]
  ) {
    assert.equal(check(type), "unsupported_media_type", String(type));
  }
  assert.equal(check("application/json; charset=utf-16"), "unsupported_media_type");
  assert.equal(
    check("application/json", "{}", { "content-encoding": "gzip" }),
    "unsupported_media_type",
  );
});

const LISTS = new Set(["tags"]);

Deno.test("a query becomes an object", () => {
  assert.deepEqual(readQuery("", LISTS), {});
  assert.deepEqual(readQuery("?", LISTS), {});
  assert.deepEqual(readQuery("?a=1&b=%C3%A9+x&c", LISTS), { a: "1", b: "é x", c: "" });
});

Deno.test("lists are repeated, comma-separated or both; an escaped comma is part of a value", () => {
  assert.deepEqual(readQuery("?tags=a,b&tags=c", LISTS), { tags: ["a", "b", "c"] });
  assert.deepEqual(readQuery("?tags=a%5C,b,%20c%20", LISTS), { tags: ["a,b", "c"] });
  assert.deepEqual(readQuery("?tags=", LISTS), { tags: [""] });
});

Deno.test("queries that cannot be meant are refused", () => {
  assert.equal(refusal(() => readQuery("?a=1&a=2", LISTS)), "/a repeated");
  assert.equal(refusal(() => readQuery("?a=%00", LISTS)), "/a invalid_text");
  assert.equal(refusal(() => readQuery("?a=%ED%A0%80", LISTS)), " invalid_encoding");
  assert.equal(refusal(() => readQuery("?a=%", LISTS)), " invalid_encoding");
});

Deno.test("a parameter named __proto__ is a parameter", () => {
  assert.deepEqual(Object.keys(readQuery("?__proto__=1", LISTS)), ["__proto__"]);
});
