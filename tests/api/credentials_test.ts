/** Who may call what: every operation of the description with every kind of bad credential. */
import assert from "node:assert/strict";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { createContact } from "../support/contacts.ts";
import { type Sql, withDatabase } from "../support/database.ts";
import { type Answer, client, request } from "../support/http.ts";
import { fetchDescription, type Operation, operationsOf } from "../support/openapi.ts";
import { OPERATIONS, SCOPES } from "../support/operations.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import { signingKey } from "../support/stack.ts";
import { mintToken } from "../support/tokens.ts";
import type { Problem } from "../support/types.ts";
import { uniqueWord } from "../support/unique.ts";
import { makeKey, makeMember, makeWorkspace } from "../support/workspace.ts";

const operations = operationsOf(await fetchDescription());
const workspace = await makeWorkspace();
const other = await makeWorkspace();
const { admin, agent } = workspace;

/** Operations that take no credentials of ours, with how they are guarded instead. */
const PUBLIC: Record<string, Operation["security"]> = {
  "GET /openapi": [],
  "GET /health": [],
  "GET /whatsapp-webhook": [{ whatsappVerifyToken: [] }],
  "POST /whatsapp-webhook": [{ whatsappSignature: [] }],
  "POST /jobs": [{ secretKey: [] }],
};

Deno.test("every operation of the description is in the table, and nothing else is", () => {
  assert.deepEqual(
    [...operations.keys()].toSorted(),
    [...Object.keys(PUBLIC), ...Object.keys(OPERATIONS)].toSorted(),
  );
});

Deno.test("the description says what each operation needs", () => {
  for (const [name, operation] of operations) {
    const required = OPERATIONS[name]?.required;
    const expected = required === undefined
      ? PUBLIC[name]
      : required === "admin"
      ? [{ memberToken: [] }]
      : [{ apiKey: [required] }, { memberToken: [] }];
    assert.deepEqual(operation.security, expected, name);
  }
});

Deno.test("the public operations answer without credentials", async () => {
  assert.equal((await request("GET", "openapi")).status, 200);
  assert.equal((await request("GET", "health")).status, 200);
  // Guarded by what Meta knows, not by our credentials: a key of ours opens nothing.
  for (const headers of [undefined, { authorization: `Bearer ${workspace.key.token}` }]) {
    assertProblem(
      await request("GET", "whatsapp-webhook?hub.mode=subscribe&hub.challenge=1", { headers }),
      403,
      "verification_failed",
    );
    const unsigned = await request("POST", "whatsapp-webhook", { headers, body: {} });
    assertProblem(unsigned, 401, "invalid_signature");
    const code = headers ? "invalid_credentials" : "credentials_missing";
    assertProblem(await request("POST", "jobs", { headers }), 401, code);
  }
});

const base64url = (data: string | Uint8Array) =>
  (typeof data === "string" ? new TextEncoder().encode(data) : data)
    .toBase64({ alphabet: "base64url", omitPadding: true });

/** A token with the right claims whose header and signature are the given ones. */
async function forge(
  alg: string,
  sign: (input: string) => Promise<Uint8Array> | Uint8Array,
): Promise<string> {
  const [, claims] = (await mintToken(admin.userId)).split(".");
  const header = base64url(JSON.stringify({ alg, kid: signingKey().kid, typ: "JWT" }));
  return `${header}.${claims}.${base64url(await sign(`${header}.${claims}`))}`;
}

/** HS256 with what is public as the secret: the classic confusion of algorithms. */
async function hmacWith(secret: string, input: string): Promise<Uint8Array> {
  const bytes = new TextEncoder().encode(secret);
  const key = await crypto.subtle.importKey(
    "raw",
    bytes,
    { name: "HMAC", hash: "SHA-256" },
    false,
    [
      "sign",
    ],
  );
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(input)));
}

async function publicPem(): Promise<string> {
  const { d: _, key_ops: __, ...jwk } = signingKey();
  const usage = { name: "ECDSA", namedCurve: "P-256" };
  const key = await crypto.subtle.importKey("jwk", jwk, usage, true, ["verify"]);
  const der = new Uint8Array(await crypto.subtle.exportKey("spki", key));
  const lines = der.toBase64().match(/.{1,64}/g)!.join("\n");
  return `-----BEGIN PUBLIC KEY-----\n${lines}\n-----END PUBLIC KEY-----\n`;
}

function publicJwk(): string {
  const { d: _, ...jwk } = signingKey();
  return JSON.stringify(jwk);
}

async function foreignKey() {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return { ...await exportJWK(privateKey), kid: signingKey().kid };
}

async function withTamperedClaims(): Promise<string> {
  const [header, , signature] = agent.token.split(".");
  const [, claims] = (await mintToken(admin.userId)).split(".");
  return `${header}.${claims}.${signature}`;
}

async function rsaToken(): Promise<string> {
  const { privateKey } = await generateKeyPair("RS256");
  return await new SignJWT({ aud: "authenticated", sub: admin.userId })
    .setProtectedHeader({ alg: "RS256", kid: signingKey().kid })
    .setExpirationTime("1h").sign(privateKey);
}

const now = Math.floor(Date.now() / 1000);
const minted = (claims: Record<string, unknown>) => mintToken(admin.userId, { claims });
const keyOf = (sql: Sql, options: Parameters<typeof makeKey>[2]) =>
  makeKey(sql, workspace.id, options).then(({ token }) => token);

/** Every kind of credential that is none, as the value of `Authorization`. */
const BAD: Record<string, string | undefined> = await withDatabase(async (sql) => ({
  "no credential": undefined,
  "an empty header": "Bearer",
  "another scheme": `Basic ${btoa("user:password")}`,
  "a key without its scheme": workspace.key.token,
  "a garbage token": "Bearer garbage",
  "a garbage token with dots": "Bearer a.b.c",
  "a garbage key": "Bearer lb_garbage",
  "an unknown key": `Bearer lb_${"A".repeat(43)}`,
  "a key with a character more": `Bearer ${workspace.key.token}A`,
  "a revoked key": `Bearer ${await keyOf(sql, { revokedAt: new Date(Date.now() - 1000) })}`,
  "an expired key": `Bearer ${await keyOf(sql, { expiresAt: new Date(Date.now() - 1000) })}`,
  "an expired token": `Bearer ${await minted({ exp: now - 1, iat: now - 3600 })}`,
  "a token without an end": `Bearer ${await minted({ exp: undefined })}`,
  "a token of tomorrow": `Bearer ${await minted({ nbf: now + 3600 })}`,
  "a token for another audience": `Bearer ${await minted({ aud: "anon" })}`,
  "a token for nobody": `Bearer ${await minted({ aud: undefined })}`,
  "a token without sub": `Bearer ${await minted({ sub: undefined })}`,
  "a token whose sub is no user id": `Bearer ${await minted({ sub: "admin" })}`,
  "a token signed by another key": `Bearer ${await mintToken(admin.userId, {
    key: await foreignKey(),
  })}`,
  "a token of another algorithm": `Bearer ${await rsaToken()}`,
  "a token with another's claims": `Bearer ${await withTamperedClaims()}`,
  "a token of algorithm none": `Bearer ${await forge("none", () => new Uint8Array())}`,
  "HS256 signed with the public key as PEM": `Bearer ${await forge(
    "HS256",
    async (input) => hmacWith(await publicPem(), input),
  )}`,
  "HS256 signed with the public key as JWK": `Bearer ${await forge(
    "HS256",
    (input) => hmacWith(publicJwk(), input),
  )}`,
}));

function assertUnauthorized(answer: Answer<unknown>, credential: string): void {
  const missing = credential === "no credential";
  assertProblem(answer, 401, missing ? "credentials_missing" : "invalid_credentials");
  const challenge = answer.headers.get("www-authenticate") ?? "";
  assert.match(challenge, missing ? /^Bearer realm="[^"]+"$/ : /^Bearer .*error="invalid_token"/);
}

for (const [name, { example }] of Object.entries(OPERATIONS)) {
  Deno.test(`${name} with bad credentials is 401`, async () => {
    const { method, path, body } = await example(workspace);
    for (const [credential, authorization] of Object.entries(BAD)) {
      const headers = authorization === undefined ? undefined : { authorization };
      const answer = await request(method, path, { body, headers });
      try {
        assertUnauthorized(answer, credential);
      } catch (error) {
        throw new Error(`${credential}: ${(error as Error).message}`, { cause: error });
      }
    }
  });
}

for (const [name, { example, status, required, further = [] }] of Object.entries(OPERATIONS)) {
  Deno.test(`${name} works with ${[required, ...further].join(", ")} alone`, async () => {
    const caller = required === "admin"
      ? admin
      : await withDatabase(async (sql) =>
        client((await makeKey(sql, workspace.id, { scopes: [required, ...further] })).token)
      );
    const { method, path, body } = await example(workspace, caller);
    const answer = await caller.call(method, path, { body });
    assert.equal(answer.status, status, answer.text);
  });

  Deno.test(`${name} without ${required} is 403`, async () => {
    const { method, path, body } = await example(workspace);
    if (required === "admin") {
      const byAgent = await agent.call(method, path, { body });
      assertProblem(byAgent, 403, "insufficient_role", ["required_scope"]);
      const byKey = await workspace.key.call(method, path, { body });
      return void assertProblem(byKey, 403, "insufficient_role");
    }
    const scopes = SCOPES.filter((scope) => scope !== required);
    const { token } = await withDatabase((sql) => makeKey(sql, workspace.id, { scopes }));
    const answer = await client(token).call(method, path, { body });
    const problem = assertProblem(answer, 403, "insufficient_scope", ["required_scope"]);
    assert.equal(problem.required_scope, required);
  });
}

// Scopes that the role agent does not have.
const NOT_OF_AGENTS = new Set(["admin", "contacts:delete", "settings:write"]);

const secret = uniqueWord();
const ours = await createContact(workspace.key, { name: secret, tags: [secret] });

// Of two ids it says which one is not there.
const NAMED: Record<string, string[]> = { "POST /merge-contacts": ["contact_id"] };

for (const [name, { example, foreign, required }] of Object.entries(OPERATIONS)) {
  Deno.test(`${name} by another workspace answers ${foreign}, and nothing of ours`, async () => {
    const keys = required === "admin" ? [] : [other.key];
    const agents = NOT_OF_AGENTS.has(required) ? [] : [other.agent];
    const callers = [other.admin, ...agents, ...keys];
    for (const caller of callers) {
      const { method, path, body } = await example(workspace);
      const answer = await caller.call<Partial<Problem>>(method, path, { body });
      if (foreign === 404) assertProblem(answer, 404, answer.body.code ?? "none", NAMED[name]);
      else assert.equal(answer.status, foreign, answer.text);
      for (const word of [secret, ours.id, workspace.id, admin.userId]) {
        assert.equal(answer.text.includes(word), false, answer.text);
      }
    }
  });

  Deno.test(`${name} with a foreign X-Workspace-Id is 404`, async () => {
    const { method, path, body } = await example(workspace);
    for (const caller of required === "admin" ? [admin] : [admin, workspace.key]) {
      for (const id of [other.id, crypto.randomUUID()]) {
        const headers = { "x-workspace-id": id };
        const answer = await caller.call(method, path, { body, headers });
        assertProblem(answer, 404, "workspace_not_found");
      }
    }
    const own = { "x-workspace-id": workspace.id.toUpperCase() };
    const answer = await admin.call(method, path, { body, headers: own });
    assert.equal(answer.status, OPERATIONS[name].status, answer.text);
  });
}

Deno.test("what another workspace tried has changed nothing here", async () => {
  const { method, path, body } = await OPERATIONS["POST /update-contact"].example(workspace);
  await other.key.call(method, path, { body });
  const note = await OPERATIONS["DELETE /internal-notes/{id}"].example(workspace);
  assertProblem(await other.admin.call("DELETE", note.path), 404, "note_not_found");
  assert.equal((await admin.call("DELETE", note.path)).status, 204);
  const apiKey = await OPERATIONS["DELETE /api-keys/{id}"].example(workspace);
  assertProblem(await other.admin.call("DELETE", apiKey.path), 404, "api_key_not_found");
  assert.equal((await admin.call("DELETE", apiKey.path)).status, 204);
  const { contact_id: id } = body as { contact_id: string };
  const contact = await admin.get<{ data: { name: string | null } }>(
    `get-contact?contact_id=${id}`,
  );
  assert.equal(contact.body.data.name, null);
});

Deno.test("a member of several workspaces names one", async () => {
  const member = await withDatabase(async (sql) => {
    const made = await makeMember(sql, workspace.id, "agent", "both");
    await sql`
      insert into public.workspace_members (workspace_id, user_id, role, handle)
      values (${other.id}, ${made.userId}, 'admin', 'both')`;
    return made;
  });
  assertProblem(await member.get("contact-tags"), 400, "workspace_required");
  for (const { id } of [workspace, other]) {
    assert.equal((await member.get("contact-tags", { "x-workspace-id": id })).status, 200);
  }
  // The role is that of the workspace named.
  const keys = (id: string) => member.get("api-keys", { "x-workspace-id": id });
  assert.equal((await keys(other.id)).status, 200);
  assertProblem(await keys(workspace.id), 403, "insufficient_role", ["required_scope"]);
});

Deno.test("a user of no workspace is 403, one who was removed too", async () => {
  const nobody = client(await mintToken(crypto.randomUUID()));
  assertProblem(await nobody.get("contact-tags"), 403, "no_workspace");
  const removed = await withDatabase((sql) => makeMember(sql, workspace.id, "agent", "gone"));
  assert.equal((await removed.get("contact-tags")).status, 200);
  await withDatabase((sql) =>
    sql`delete from public.workspace_members where user_id = ${removed.userId}`
  );
  assertProblem(await removed.get("contact-tags"), 403, "no_workspace");
});

Deno.test("X-Workspace-Id has to be a UUID", async () => {
  const answer = await admin.get("contact-tags", { "x-workspace-id": "mine" });
  assertProblem(answer, 422, "invalid_header");
});

Deno.test("a role that was changed holds from the next call on", async () => {
  const member = await withDatabase((sql) => makeMember(sql, workspace.id, "agent", "rising"));
  assertProblem(await member.get("api-keys"), 403, "insufficient_role", ["required_scope"]);
  await withDatabase((sql) =>
    sql`update public.workspace_members set role = 'admin' where user_id = ${member.userId}`
  );
  assert.equal((await member.get("api-keys")).status, 200);
});

Deno.test("the scheme is written in any case", async () => {
  for (const scheme of ["bearer", "BEARER", "Bearer "]) {
    const headers = { authorization: `${scheme} ${workspace.key.token}` };
    assert.equal((await request("GET", "contact-tags", { headers })).status, 200, scheme);
  }
});

Deno.test("credentials come before everything else: a stranger learns nothing", async () => {
  assertProblem(await request("POST", "create-contact", { raw: "{" }), 401, "credentials_missing");
  assertProblem(await request("GET", "list-contacts?foo=1"), 401, "credentials_missing");
  const unknown = { authorization: `Bearer lb_${"A".repeat(43)}` };
  for (
    const [method, path, raw] of [
      ["GET", "list-contacts?foo=1", undefined],
      ["GET", "conversations/no-uuid", undefined],
      ["POST", "create-contact", "{"],
      ["POST", "create-contact", '{"colour":"red"}'],
    ] as const
  ) {
    const answer = await request(method, path, { raw, headers: unknown });
    assertProblem(answer, 401, "invalid_credentials");
  }
  assertInvalid(await workspace.key.get("list-contacts?foo=1"), { "/foo": "unknown_parameter" });
});
