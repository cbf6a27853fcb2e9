/** What holds for every function: request ids, problems, methods, bodies. */
import assert from "node:assert/strict";
import { type Answer, type Client, request } from "../support/http.ts";
import { fetchDescription, operationsOf } from "../support/openapi.ts";
import { OPERATIONS } from "../support/operations.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import { stack } from "../support/stack.ts";
import { uniquePhone } from "../support/unique.ts";
import { makeWorkspace } from "../support/workspace.ts";

const workspace = await makeWorkspace();
const { key, admin } = workspace;

const operations = operationsOf(await fetchDescription());

/** `/list-contacts` → the methods that it has. */
const methods = new Map<string, string[]>();
for (const name of operations.keys()) {
  const [method, path] = name.split(" ");
  methods.set(path, [...methods.get(path) ?? [], method]);
}
const functions = [...new Set([...methods.keys()].map((path) => path.split("/")[1]))];
const place = (path: string) => path.slice(1).replace("{id}", crypto.randomUUID());

Deno.test("the functions are those of the contract", () => {
  assert.deepEqual(functions.toSorted(), [
    "activity",
    "api-keys",
    "bulk-update-contacts",
    "calls",
    "can-send",
    "contact-data",
    "contact-explanation",
    "contact-kpis",
    "contact-tags",
    "contact-timeline",
    "conversations",
    "create-contact",
    "deals",
    "delete-contacts",
    "export-contacts",
    "get-contact",
    "handoff",
    "health",
    "import-contacts",
    "internal-notes",
    "jobs",
    "list-contacts",
    "media",
    "meetings",
    "merge-contacts",
    "openapi",
    "pipelines",
    "saved-filters",
    "score-events",
    "scoring-signals",
    "settings",
    "surveys",
    "update-contact",
    "whatsapp-numbers",
    "whatsapp-webhook",
  ]);
});

for (const name of functions) {
  Deno.test(`${name} keeps a sane X-Request-Id and replaces any other`, async () => {
    const ask = (id?: string) =>
      request("GET", name, { headers: id === undefined ? {} : { "x-request-id": id } });
    const made = async (id?: string) => {
      const given = (await ask(id)).headers.get("x-request-id") ?? "";
      assert.match(given, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      return given;
    };
    for (const id of ["abc-123", "x", "a".repeat(128), "trace:1/2+3=4.5_6@7"]) {
      assert.equal((await ask(id)).headers.get("x-request-id"), id);
    }
    for (const id of ["a b", "a".repeat(129), "<script>", "ä", '"', "a,b"]) {
      assert.notEqual(await made(id), id);
    }
    assert.notEqual(await made(), await made());
  });

  Deno.test(`${name} knows no path below its own`, async () => {
    assertProblem(await key.get(`${name}/no/such/path`), 404, "not_found");
  });
}

Deno.test("an address of no function is 404", async () => {
  for (const path of ["no-such-function", "", "_shared", "list-contacts2", "__proto__"]) {
    const answer = await key.get<{ code: string }>(path);
    assertProblem(answer, 404, answer.body?.code);
  }
});

for (const [path, allowed] of methods) {
  Deno.test(`${path} answers other methods with 405 and Allow`, async () => {
    const expected = [...allowed, "OPTIONS", ...(allowed.includes("GET") ? ["HEAD"] : [])];
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
      if (allowed.includes(method)) continue;
      const answer = await key.call(method, place(path));
      assertProblem(answer, 405, "method_not_allowed");
      const said = (answer.headers.get("allow") ?? "").split(", ");
      assert.deepEqual(said.toSorted(), expected.toSorted());
    }
  });
}

Deno.test("HEAD is GET without its body", async () => {
  for (const path of ["list-contacts", "health", "openapi", "contact-kpis"]) {
    const [head, get] = [await key.call("HEAD", path), await key.get(path)];
    assert.equal(head.status, 200);
    assert.equal(head.text, "");
    assert.equal(head.headers.get("content-type"), get.headers.get("content-type"));
  }
});

Deno.test("answers are not to be cached or sniffed", async () => {
  const { headers } = await key.get("list-contacts");
  assert.equal(headers.get("cache-control"), "no-store");
  assert.equal(headers.get("x-content-type-options"), "nosniff");
});

/** Operations with a JSON body, each with a caller who may make them. */
const writes = Object.entries(OPERATIONS)
  .filter(([name]) => operations.get(name)?.requestBody?.content["application/json"])
  .map(([name, { example, required }]) => ({
    name,
    example,
    caller: required === "admin" ? admin : key as Client,
  }));

for (const { name, example, caller } of writes) {
  Deno.test(`${name} refuses what is not JSON: 400 malformed_json`, async () => {
    const { path, method } = await example(workspace, caller);
    // No body at all is no malformed one where the description says that it may be left out.
    const none = operations.get(name)!.requestBody!.required ? [""] : [];
    const texts = [
      ...none,
      " ",
      "{",
      '{"a":1',
      "{'a':1}",
      '{"a":1}}',
      "undefined",
      "NaN",
      '{"a":01}',
    ];
    const bytes = [
      new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      new Uint8Array([0xef, 0xbb]),
    ];
    for (const raw of [...texts, ...bytes]) {
      const headers = { "content-type": "application/json" };
      assertProblem(await caller.call(method, path, { raw, headers }), 400, "malformed_json");
    }
  });

  Deno.test(`${name} refuses other content types: 415`, async () => {
    const { path, method, body } = await example(workspace, caller);
    const raw = JSON.stringify(body);
    for (
      const headers of [
        { "content-type": "text/plain" },
        { "content-type": "application/x-www-form-urlencoded" },
        { "content-type": "application/json; charset=latin1" },
        { "content-type": "application/jsonp" },
        { "content-type": "application/json", "content-encoding": "gzip" },
      ]
    ) {
      const answer = await caller.call(method, path, { raw, headers });
      assertProblem(answer, 415, "unsupported_media_type");
    }
  });

  Deno.test(`${name} takes application/json with a charset`, async () => {
    const { path, method, body } = await example(workspace, caller);
    const headers = { "content-type": 'Application/JSON; charset="UTF-8"' };
    const answer = await caller.call(method, path, { raw: JSON.stringify(body), headers });
    assert.equal(answer.status, OPERATIONS[name].status, answer.text);
  });

  Deno.test(`${name} refuses a body of more than a megabyte: 413`, async () => {
    const { path, method, body } = await example(workspace, caller);
    const raw = JSON.stringify({ ...body, padding: "x".repeat(1_100_000) });
    assertProblem(await caller.call(method, path, { raw }), 413, "body_too_large");
    // Without a declared length it has to be counted.
    const stream = new Blob([raw]).stream();
    assertProblem(await caller.call(method, path, { raw: stream }), 413, "body_too_large");
  });

  Deno.test(`${name} refuses U+0000 and half surrogates: 422`, async () => {
    const { path, method, body } = await example(workspace, caller);
    for (const text of ["a\\u0000b", "\\ud800", "\\udc00\\ud800"]) {
      const [field] = Object.keys(body!);
      const raw = JSON.stringify({ ...body, [field]: "TEXT" }).replace("TEXT", text);
      const answer = await caller.call(method, path, { raw });
      assertInvalid(answer, { [`/${field}`]: "invalid_text" });
    }
    const raw = `{"a\\u0000":1}`;
    assertInvalid(await caller.call(method, path, { raw }), { "": "invalid_text" });
  });

  Deno.test(`${name} refuses nesting without end: 422`, async () => {
    const { path, method } = await example(workspace, caller);
    const raw = `{"custom":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
    assertInvalid(await caller.call(method, path, { raw }), { "": "too_deep" });
  });

  Deno.test(`${name} takes no query parameter it does not know`, async () => {
    const { path, method, body } = await example(workspace, caller);
    const answer = await caller.call(method, `${path}?verbose=1`, { body });
    assertInvalid(answer, { "/verbose": "unknown_parameter" });
  });
}

Deno.test("an escaped backslash before u0000 is text like any other", async () => {
  const raw = `{"phone":"${uniquePhone()}","notes":"a\\\\u0000b"}`;
  const answer = await key.call<{ data: { notes: string } }>("POST", "create-contact", { raw });
  assert.equal(answer.status, 201, answer.text);
  assert.equal(answer.body.data.notes, "a\\u0000b");
});

Deno.test("ids in paths have to be ids", async () => {
  const refused: Answer<unknown>[] = [
    await key.delete("internal-notes/7"),
    await admin.delete("api-keys/not-an-id"),
  ];
  for (const answer of refused) assertInvalid(answer, { "/id": "invalid_format" });
});

Deno.test("a raw connection with a broken request does not harm the server", async () => {
  const { hostname, port } = new URL(stack.url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const lines = [
    "POST /functions/v1/create-contact HTTP/1.1",
    "Host: localhost",
    `Authorization: Bearer ${key.token}`,
    "Content-Type: application/json",
    "Content-Length: 1000",
    "",
    '{"phone":',
  ];
  await connection.write(new TextEncoder().encode(lines.join("\r\n")));
  connection.close();
  assert.equal((await request("GET", "health")).status, 200);
});
