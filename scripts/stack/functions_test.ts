import assert from "node:assert/strict";
import { dispatcher } from "./functions.ts";

const echo = {
  fetch: async (request: Request) =>
    Response.json({ url: request.url, method: request.method, body: await request.text() }),
};
const serve = dispatcher(new Map([["notes", echo]]));

Deno.test("a function sees its path without the prefix, the rest as it came", async () => {
  const request = new Request("http://127.0.0.1:1/functions/v1/notes/7?a=%20b", {
    method: "POST",
    body: "text",
  });
  assert.deepEqual(await (await serve(request)).json(), {
    url: "http://127.0.0.1:1/notes/7?a=%20b",
    method: "POST",
    body: "text",
  });
});

for (const path of ["/", "/functions/v1/", "/functions/v1/other", "/notes", "/functions/v1notes"]) {
  Deno.test(`${path} leads to no function: a 404 problem`, async () => {
    const response = await serve(new Request(`http://127.0.0.1:1${path}`));
    assert.equal(response.status, 404);
    assert.equal(response.headers.get("content-type"), "application/problem+json");
    assert.equal((await response.json()).request_id, response.headers.get("x-request-id"));
  });
}
