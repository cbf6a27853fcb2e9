import assert from "node:assert/strict";
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify } from "jose";
import { mintMemberToken, publicKeySet } from "./tokens.ts";

async function signingKey() {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return { ...await exportJWK(privateKey), kid: "k1", alg: "ES256" };
}

Deno.test("the published key set has no private half", async () => {
  const [key] = JSON.parse(publicKeySet(await signingKey())).keys;
  assert.deepEqual(Object.keys(key).sort(), ["alg", "crv", "kid", "kty", "x", "y"]);
});

Deno.test("a member's token verifies against the key set and lasts thirty days", async () => {
  const key = await signingKey();
  const member = {
    userId: crypto.randomUUID(),
    email: "a@example.com",
    issuer: "http://x/auth/v1",
  };
  const token = await mintMemberToken(key, member);
  const keys = createLocalJWKSet(JSON.parse(publicKeySet(key)));
  const { payload, protectedHeader } = await jwtVerify(token, keys, { audience: "authenticated" });
  assert.equal(protectedHeader.alg, "ES256");
  assert.equal(payload.sub, member.userId);
  assert.equal(payload.role, "authenticated");
  assert.equal(payload.email, member.email);
  assert.equal(payload.exp! - payload.iat!, 30 * 24 * 3600);
});
