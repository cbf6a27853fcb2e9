import assert from "node:assert/strict";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { authenticate } from "./credentials.ts";
import type { Refusal } from "./errors.ts";

const USER = "20000000-0000-4000-8000-000000000001";
const now = () => Math.floor(Date.now() / 1000);

const ec = await generateKeyPair("ES256", { extractable: true });
const rsa = await generateKeyPair("RS256", { extractable: true });
const stranger = await generateKeyPair("ES256");

Deno.env.set(
  "SUPABASE_JWKS",
  JSON.stringify({
    keys: [
      { ...await exportJWK(ec.publicKey), kid: "ec", alg: "ES256", use: "sig" },
      { ...await exportJWK(rsa.publicKey), kid: "rsa", alg: "RS256", use: "sig" },
    ],
  }),
);

interface Given {
  alg?: string;
  kid?: string;
  key?: CryptoKey | Uint8Array;
  claims?: Record<string, unknown>;
}

/** A token as Supabase Auth issues it, but for what is given; a claim of undefined is left out. */
function token(
  { alg = "ES256", kid = "ec", key = ec.privateKey, claims = {} }: Given = {},
): Promise<string> {
  const payload = {
    sub: USER,
    aud: "authenticated",
    role: "authenticated",
    exp: now() + 3600,
    ...claims,
  };
  return new SignJWT(JSON.parse(JSON.stringify(payload))).setProtectedHeader({
    alg,
    kid,
    typ: "JWT",
  }).sign(key);
}

async function caller(
  authorization: string | null,
  more: Record<string, string> = {},
): Promise<unknown> {
  const headers = new Headers({ ...(authorization === null ? {} : { authorization }), ...more });
  try {
    return (await authenticate(headers)).credential;
  } catch (error) {
    const { status, code } = (error as Refusal).problem;
    return `${status} ${code}`;
  }
}

const MEMBER = { type: "member", user_id: USER };

Deno.test("tokens of the project's keys are accepted, ES256 and RS256", async () => {
  assert.deepEqual(await caller(`Bearer ${await token()}`), MEMBER);
  assert.deepEqual(
    await caller(`Bearer ${await token({ alg: "RS256", kid: "rsa", key: rsa.privateKey })}`),
    MEMBER,
  );
  assert.deepEqual(await caller(`bearer  ${await token()} `), MEMBER);
  assert.deepEqual(
    await caller(`Bearer ${await token({ claims: { aud: ["other", "authenticated"] } })}`),
    MEMBER,
  );
});

Deno.test("the workspace comes from X-Workspace-Id", async () => {
  const workspace_id = "10000000-0000-4000-8000-00000000000A";
  const given = await caller(`Bearer ${await token()}`, { "x-workspace-id": workspace_id });
  assert.deepEqual(given, { ...MEMBER, workspace_id: workspace_id.toLowerCase() });
  assert.equal(
    await caller(`Bearer ${await token()}`, { "x-workspace-id": "1" }),
    "422 invalid_header",
  );
});

Deno.test("a key may name its workspace too", async () => {
  const authorization = `Bearer lb_${"a".repeat(43)}`;
  const workspace_id = "10000000-0000-4000-8000-000000000001";
  const plain = await caller(authorization);
  const named = await caller(authorization, { "x-workspace-id": workspace_id });
  assert.deepEqual(named, { ...plain as object, workspace_id });
});

Deno.test("callers with other workspaces are other callers", async () => {
  const authorization = `Bearer ${await token()}`;
  const id = async (headers: Record<string, string>) =>
    (await authenticate(new Headers({ authorization, ...headers }))).id;
  const plain = await id({});
  const named = await id({ "x-workspace-id": "10000000-0000-4000-8000-000000000001" });
  assert.notEqual(plain, named);
  assert.equal(plain, await id({}));
});

const REFUSED: [name: string, given: Given][] = [
  ["expired", { claims: { exp: now() - 1 } }],
  ["without exp", { claims: { exp: undefined } }],
  ["not yet valid", { claims: { nbf: now() + 3600 } }],
  ["of another audience", { claims: { aud: "anon" } }],
  ["without audience", { claims: { aud: undefined } }],
  ["without sub", { claims: { sub: undefined } }],
  ["with an empty sub", { claims: { sub: "" } }],
  ["with a sub that is no UUID", { claims: { sub: "admin" } }],
  ["of another's key", { key: stranger.privateKey }],
  ["of an unknown kid", { kid: "nobody", key: stranger.privateKey }],
  ["of the EC key under the RSA key's kid", { kid: "rsa" }],
  // The confusion attack: the public key, which everybody has, taken for a shared secret.
  ["HS256 with the public key's PEM", {
    alg: "HS256",
    key: new TextEncoder().encode(await exportSPKI(ec.publicKey)),
  }],
  ["HS256 with the public key's JWK", {
    alg: "HS256",
    key: new TextEncoder().encode(JSON.stringify(await exportJWK(ec.publicKey))),
  }],
];

for (const [name, given] of REFUSED) {
  Deno.test(`a token is refused: ${name}`, async () => {
    assert.equal(await caller(`Bearer ${await token(given)}`), "401 invalid_credentials");
  });
}

Deno.test("a token is refused: unsigned", async () => {
  const claims = { sub: USER, aud: "authenticated", exp: now() + 3600 };
  assert.equal(
    await caller(`Bearer ${new UnsecuredJWT(claims).encode()}`),
    "401 invalid_credentials",
  );
});

Deno.test("a token is refused: altered, cut, or no token at all", async () => {
  const good = await token();
  const [header, , signature] = good.split(".");
  const claims = btoa(JSON.stringify({ sub: USER, aud: "authenticated", exp: now() + 9999 }))
    .replaceAll("=", "");
  for (
    const bad of [
      `${header}.${claims}.${signature}`,
      good.slice(0, -4),
      `${header}.${claims}.`,
      "a.b.c",
      "x",
      "é",
    ]
  ) {
    assert.equal(await caller(`Bearer ${encodeURIComponent(bad)}`), "401 invalid_credentials", bad);
  }
});

Deno.test("a token that was verified is refused once it has expired", async () => {
  const short = await token({ claims: { exp: now() + 1 } });
  assert.deepEqual(await caller(`Bearer ${short}`), MEMBER);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal(await caller(`Bearer ${short}`), "401 invalid_credentials");
});

Deno.test("a token that was verified is refused once its key is gone", async () => {
  const before = Deno.env.get("SUPABASE_JWKS")!;
  const authorization = `Bearer ${await token()}`;
  assert.deepEqual(await caller(authorization), MEMBER);
  Deno.env.set("SUPABASE_JWKS", JSON.stringify({ keys: [await exportJWK(rsa.publicKey)] }));
  assert.equal(await caller(authorization), "401 invalid_credentials");
  Deno.env.set("SUPABASE_JWKS", before);
  assert.deepEqual(await caller(authorization), MEMBER);
});

Deno.test("without keys nobody is let in, and it is not the caller's fault", async () => {
  const before = Deno.env.get("SUPABASE_JWKS")!;
  const authorization = `Bearer ${await token()}`;
  for (const jwks of ["", "{", "{}"]) {
    Deno.env.set("SUPABASE_JWKS", jwks);
    assert.equal(await caller(authorization), "503 not_configured", jwks);
  }
  Deno.env.set("SUPABASE_JWKS", before);
});

Deno.test("an API key is known by its SHA-256", async () => {
  const key = `lb_${"A".repeat(42)}_`;
  const hash = "2d0899afd1263bf80bb119a336937fd4a453666120cb2e021caff50cf5b801c9";
  assert.deepEqual(await caller(`Bearer ${key}`), { type: "api_key", hash });
  assert.deepEqual(await caller(`Bearer ${key}`), { type: "api_key", hash });
});

Deno.test("what cannot be an API key is refused unasked", async () => {
  for (const key of ["lb_", "lb_short", `lb_${"A".repeat(44)}`, `lb_${"A".repeat(42)}!`]) {
    assert.equal(await caller(`Bearer ${key}`), "401 invalid_credentials", key);
  }
});

Deno.test("no credentials, and other schemes", async () => {
  assert.equal(await caller(null), "401 credentials_missing");
  for (const header of ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "lb_x", "Bearer a b"]) {
    assert.match(String(await caller(header)), /^401 /, header);
  }
});
