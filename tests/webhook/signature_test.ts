/** The signature covers the bytes as they came; without it nothing is stored. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { request } from "../support/http.ts";
import { assertProblem } from "../support/problem.ts";
import { stack } from "../support/stack.ts";
import { makeWorkspace } from "../support/workspace.ts";
import { delivered, sign, text } from "../fixtures/whatsapp/delivery.ts";
import { assertAcknowledged, post } from "./hook.ts";
import { contactsOf, deliveriesOf, messagesOf } from "./rows.ts";

const secret = stack.whatsapp.app_secret;

/** A delivery of one text, written as JSON text by hand: `body` is the text's raw JSON string. */
function spelled(phoneNumberId: string, wamid: string, body: string): string {
  return `{"object":"whatsapp_business_account",\r\n\t"entry" : [ {"id":"1","changes":[{"value":{` +
    `"metadata":{"phone_number_id":"${phoneNumberId}"},"messages":[{"from":"16045550111",` +
    `"id":"${wamid}","timestamp":"1790000001","type":"text","text":{"body":${body}}}]},` +
    `"field":"messages"}]} ] }\n`;
}

const spellings: Record<string, [json: string, text: string]> = {
  "escaped slashes": ['"https:\\/\\/example.com\\/"', "https://example.com/"],
  "an escaped at sign": ['"ana\\u0040example.com"', "ana@example.com"],
  "escaped accents and emoji": ['"caf\\u00e9 \\ud83d\\udc4d"', "café 👍"],
  "accents as they are": ['"café ñ ü 👍"', "café ñ ü 👍"],
  "line separators": ['"a\u2028b\u2029c\ufeffd"', "a\u2028b\u2029c\ufeffd"],
};

for (const [name, [json, read]] of Object.entries(spellings)) {
  Deno.test(`the raw bytes are what is signed: ${name}`, async () => {
    const workspace = await makeWorkspace();
    const wamid = `wamid.${crypto.randomUUID()}`;
    const body = spelled(workspace.phoneNumberId, wamid, json);
    assert.notEqual(JSON.stringify(JSON.parse(body)), body);
    assertAcknowledged(await post(body));
    const [row, ...others] = await messagesOf(workspace.phoneNumberId);
    assert.deepEqual(others, []);
    assert.equal(row.body, read);

    // The same JSON written anew has other bytes, so the signature is not its own.
    const rewritten = JSON.stringify(JSON.parse(body));
    const refused = await post(rewritten, { "x-hub-signature-256": sign(body, secret) });
    assertProblem(refused, 401, "invalid_signature");
    assert.deepEqual(await deliveriesOf(rewritten), []);
  });
}

const wrong: Record<string, (body: string) => string | undefined> = {
  "none": () => undefined,
  "an empty one": () => "",
  "another secret's": (body) => sign(body, `${secret}x`),
  "that of another body": (body) => sign(`${body} `, secret),
  "a truncated one": (body) => sign(body, secret).slice(0, -2),
  "one with an odd number of digits": (body) => sign(body, secret).slice(0, -1),
  "one that goes on": (body) => `${sign(body, secret)}00`,
  "one in upper case": (body) => `sha256=${sign(body, secret).slice(7).toUpperCase()}`,
  "one with its algorithm in upper case": (body) => sign(body, secret).replace("sha256", "SHA256"),
  "one without its algorithm": (body) => sign(body, secret).slice(7),
  "one of SHA-1": (body) => `sha1=${createHmac("sha1", secret).update(body).digest("hex")}`,
  "one of SHA-512": (body) => `sha512=${createHmac("sha512", secret).update(body).digest("hex")}`,
  "one of SHA-1 that claims SHA-256": (body) =>
    `sha256=${createHmac("sha1", secret).update(body).digest("hex")}`,
  "one in base64": (body) => `sha256=${createHmac("sha256", secret).update(body).digest("base64")}`,
  "one of an empty secret": (body) =>
    `sha256=${createHmac("sha256", "").update(body).digest("hex")}`,
  "letters that are no digits": () => `sha256=${"g".repeat(64)}`,
  "two, the second one good": (body) => `sha256=${"0".repeat(64)}, ${sign(body, secret)}`,
};

// Nothing may ever come into it, so one is enough for all.
let empty: ReturnType<typeof makeWorkspace> | undefined;

for (const [name, header] of Object.entries(wrong)) {
  Deno.test(`401 and nothing stored for a signature: ${name}`, async () => {
    const workspace = await (empty ??= makeWorkspace());
    const body = JSON.stringify(
      delivered(workspace.phoneNumberId, { messages: [text("16045550111", "Hi")] }),
    );
    const signature = header(body);
    const answer = await request("POST", "whatsapp-webhook", {
      raw: body,
      headers: signature === undefined ? {} : { "x-hub-signature-256": signature },
    });
    assertProblem(answer, 401, "invalid_signature");
    assert.deepEqual(await deliveriesOf(body), []);
    assert.deepEqual(await messagesOf(workspace.phoneNumberId), []);
    assert.deepEqual(await contactsOf(workspace.id), []);
  });
}

Deno.test("an API key is no substitute for a signature", async () => {
  const body = JSON.stringify({ object: "whatsapp_business_account", entry: [] });
  const headers = { authorization: `Bearer ${stack.api_key}` };
  const answer = await request("POST", "whatsapp-webhook", { raw: body, headers });
  assertProblem(answer, 401, "invalid_signature");
});

Deno.test("the older SHA-1 header alone does not count", async () => {
  const body = JSON.stringify({ object: "whatsapp_business_account", entry: [] });
  const sha1 = `sha1=${createHmac("sha1", secret).update(body).digest("hex")}`;
  const headers = { "x-hub-signature": sha1 };
  assertProblem(
    await request("POST", "whatsapp-webhook", { raw: body, headers }),
    401,
    "invalid_signature",
  );
});

Deno.test("a signature does not depend on the content type", async () => {
  const body = JSON.stringify({ object: "whatsapp_business_account", entry: [] });
  assertAcknowledged(await post(body, { "content-type": "text/plain" }));
});
