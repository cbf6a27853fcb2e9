/** Meta's handshake: a bare challenge for the right token, 403 for everything else. */
import assert from "node:assert/strict";
import { query, request } from "../support/http.ts";
import { assertProblem } from "../support/problem.ts";
import { stack } from "../support/stack.ts";

const good = {
  "hub.mode": "subscribe",
  "hub.challenge": "1158201444",
  "hub.verify_token": stack.whatsapp.verify_token,
};

Deno.test("the handshake with the right token is answered with the bare challenge", async () => {
  const answer = await request("GET", `whatsapp-webhook${query(good)}`);
  assert.equal(answer.status, 200);
  assert.equal(answer.text, "1158201444");
  assert.match(answer.headers.get("content-type") ?? "", /^text\/plain\b/);
});

Deno.test("the challenge comes back as it was sent, whatever stands in it", async () => {
  const challenge = `<b>"ä" & 'ß'</b> {"data":1}`;
  const answer = await request(
    "GET",
    `whatsapp-webhook${query({ ...good, "hub.challenge": challenge })}`,
  );
  assert.equal(answer.status, 200);
  assert.equal(answer.text, challenge);
  assert.match(answer.headers.get("content-type") ?? "", /^text\/plain\b/);
});

Deno.test("the handshake needs no credentials and heeds none", async () => {
  const headers = { authorization: "Bearer lb_nonsense" };
  const answer = await request("GET", `whatsapp-webhook${query(good)}`, { headers });
  assert.equal(answer.status, 200);
});

const refused: Record<string, Record<string, string>> = {
  "a wrong token": { ...good, "hub.verify_token": "wrong" },
  "no token": { "hub.mode": "subscribe", "hub.challenge": "1" },
  "an empty token": { ...good, "hub.verify_token": "" },
  "the token with a space behind": {
    ...good,
    "hub.verify_token": `${stack.whatsapp.verify_token} `,
  },
  "the beginning of the token": {
    ...good,
    "hub.verify_token": stack.whatsapp.verify_token.slice(0, -1),
  },
  "another mode": { ...good, "hub.mode": "unsubscribe" },
  "no mode": { "hub.challenge": "1", "hub.verify_token": stack.whatsapp.verify_token },
  "no challenge": { "hub.mode": "subscribe", "hub.verify_token": stack.whatsapp.verify_token },
  "nothing at all": {},
};

for (const [name, parameters] of Object.entries(refused)) {
  Deno.test(`the handshake is refused with ${name}`, async () => {
    const answer = await request("GET", `whatsapp-webhook${query(parameters)}`);
    assertProblem(answer, 403, "verification_failed");
    assert.doesNotMatch(answer.text, new RegExp(stack.whatsapp.verify_token));
  });
}
