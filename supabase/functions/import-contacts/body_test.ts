import assert from "node:assert/strict";
import type { Refusal } from "../_shared/errors.ts";
import { FILE_LIMIT, receiveFile } from "./body.ts";

const ADDRESS = "http://x.example/import-contacts";

/** A request whose body comes in pieces; `end` is what comes of it. */
function streaming(
  type: string,
  pieces: Iterable<Uint8Array | string>,
  end: "closed" | "broken" | "silent" = "closed",
): Request {
  const encoder = new TextEncoder();
  const iterator = pieces[Symbol.iterator]();
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { done, value } = iterator.next();
      if (!done) controller.enqueue(typeof value === "string" ? encoder.encode(value) : value);
      else if (end === "closed") controller.close();
      else if (end === "broken") controller.error(new TypeError("connection reset"));
      else return new Promise(() => {});
    },
  }, { highWaterMark: 0 });
  return new Request(ADDRESS, { method: "POST", body, headers: { "content-type": type } });
}

/** The file that arrives, or the code of the refusal. */
async function receive(request: Request, patienceMs?: number) {
  const decoder = new TextDecoder();
  let text = "";
  try {
    const received = await receiveFile(request, (bytes) => {
      text += decoder.decode(bytes, { stream: true });
      return Promise.resolve();
    }, patienceMs);
    return { ...received, text };
  } catch (error) {
    return (error as Refusal).problem.code;
  }
}

const FORM = "multipart/form-data; boundary=x";
const head = (rest: string) => `--x\r\nContent-Disposition: form-data; ${rest}\r\n\r\n`;

Deno.test("a body is the file, with what its type says of it", async () => {
  const request = streaming('text/csv; charset="windows-1252"', ["pho", "ne\n1"]);
  const expected = { fileName: null, charset: "windows-1252", form: {}, text: "phone\n1" };
  assert.deepEqual(await receive(request), expected);
});

Deno.test("a body of bytes is read into one buffer, whatever the sink keeps of it", async () => {
  const pieces = [..."abcdefgh"].map((letter) => letter.repeat(50_000));
  const encoder = new TextEncoder();
  const body = new ReadableStream({
    type: "bytes",
    pull(controller) {
      const piece = pieces.shift();
      if (piece) controller.enqueue(encoder.encode(piece));
      else {
        controller.close();
        (controller as ReadableByteStreamController).byobRequest?.respond(0);
      }
    },
  });
  const expected = pieces.join("");
  const buffers = new Set<number>();
  let text = "";
  await receiveFile(
    new Request(ADDRESS, { method: "POST", body, headers: { "content-type": "text/csv" } }),
    (bytes) => {
      buffers.add(bytes.buffer.byteLength);
      text += new TextDecoder().decode(bytes);
      return Promise.resolve();
    },
  );
  assert.equal(text, expected);
  assert.deepEqual([...buffers], [65_536]);
});

Deno.test("a form has the file and its options in any order, cut anywhere", async () => {
  const whole = head('name="mapping"') + '{"a":"phone"}\r\n' +
    head('name="file"; filename="a\u0001b.csv"') + "a\r\n1\r\n" +
    head('name="__proto__"') + "x\r\n" + "--x--\r\n";
  for (const length of [whole.length, 7, 1]) {
    const pieces = Array.from(
      { length: Math.ceil(whole.length / length) },
      (_, n) => whole.slice(n * length, (n + 1) * length),
    );
    const received = await receive(streaming(FORM, pieces));
    assert.ok(typeof received === "object");
    assert.deepEqual([received.fileName, received.text], ["ab.csv", "a\r\n1"]);
    assert.deepEqual(Object.entries(received.form), [["mapping", '{"a":"phone"}'], [
      "__proto__",
      "x",
    ]]);
  }
});

Deno.test("fields may come as files; other files are told as unknown fields are", async () => {
  const file = head('name="file"; filename="a.csv"') + "a\r\n";
  const field = (name: string, type: string, value: string) =>
    head(`name="${name}"; filename="blob"\r\nContent-Type: ${type}`) + `${value}\r\n`;
  const whole = field("mapping", "application/json", '{"ä":"phone"}') + file +
    field("dry_run", "application/octet-stream", "true") +
    field("photo", "image/png", "x".repeat(200_000)) + "--x--\r\n";
  const received = await receive(streaming(FORM, [whole]));
  assert.ok(typeof received === "object");
  const { photo, ...form } = received.form;
  assert.deepEqual([received.text, form], ["a", { mapping: '{"ä":"phone"}', dry_run: "true" }]);
  assert.ok(photo.length > 0 && photo.length < 100);
});

Deno.test("the charset of a form's file is the one that its own part says", async () => {
  const part = (name: string, type: string) =>
    head(`name="${name}"; filename="a.csv"\r\nContent-Type: ${type}`);
  const whole = part("mapping", "text/plain; charset=utf-8") + "{}\r\n" +
    part("file", 'text/csv;charset="Windows-1250"') + "a\r\n" +
    part("dry_run", "text/plain; charset=us-ascii") + "true\r\n--x--\r\n";
  for (const length of [whole.length, 5]) {
    const pieces = whole.match(new RegExp(`[^]{1,${length}}`, "g"))!;
    const received = await receive(streaming(FORM, pieces));
    assert.ok(typeof received === "object");
    assert.equal(received.charset, "Windows-1250");
  }
});

Deno.test("every byte of a form counts, and every field", async () => {
  const file = head('name="file"; filename="a.csv"') + "a\r\n";
  const piece = new Uint8Array(1_000_000);
  const other = [
    file,
    head('name="photo"; filename="b"'),
    ...Array(201).fill(piece),
    "\r\n--x--\r\n",
  ];
  assert.equal(await receive(streaming(FORM, other)), "body_too_large");
  for (const more of ['name="mapping"', 'name="mapping"; filename="m.json"']) {
    const long = [file, head(more), "x".repeat(140_000), "\r\n--x--\r\n"];
    assert.equal(await receive(streaming(FORM, long)), "body_too_large");
    const many = [file, ...Array(30).fill(`${head(more)}{}\r\n`), "--x--\r\n"];
    assert.equal(await receive(streaming(FORM, many)), "body_too_large");
  }
});

for (const type of ["text/csv", FORM]) {
  const begin = type === FORM ? [head('name="file"; filename="a.csv"')] : [];

  Deno.test(`${type}: more than the limit is not taken`, async () => {
    const piece = new Uint8Array(1_000_000);
    const pieces = [...begin, ...Array(FILE_LIMIT / piece.length + 1).fill(piece)];
    let size = 0;
    const refused = receiveFile(streaming(type, pieces), (bytes) => {
      size += bytes.length;
      return Promise.resolve();
    });
    await assert.rejects(refused, ({ problem }: Refusal) => problem.code === "body_too_large");
    assert.equal(size <= FILE_LIMIT, true);
  });

  Deno.test(`${type}: a body that breaks off or stops is incomplete`, async () => {
    const pieces = [...begin, "phone\n1"];
    assert.equal(await receive(streaming(type, pieces, "broken")), "incomplete_body");
    assert.equal(await receive(streaming(type, pieces, "silent"), 50), "incomplete_body");
  });

  Deno.test(`${type}: what the store fails with is what is told`, async () => {
    const failing = receiveFile(
      streaming(type, [...begin, "phone", type === FORM ? "\r\n--x--\r\n" : ""]),
      () => Promise.reject(Object.assign(new Error("away"), { code: "CONNECTION_CLOSED" })),
    );
    await assert.rejects(failing, { code: "CONNECTION_CLOSED" });
  });
}

Deno.test("forms that are none are incomplete", async () => {
  const other = head('name="other"; filename="a"');
  for (
    const pieces of [[], ["x"], ["--x\r\n"], [head('name="file"; filename="a"')], [other, "x"]]
  ) {
    assert.equal(await receive(streaming(FORM, pieces)), "incomplete_body");
  }
  assert.equal(await receive(streaming("multipart/form-data", ["--x--"])), "incomplete_body");
  assert.equal(await receive(streaming(FORM, ["--x--\r\n"])), "validation_failed");
});
