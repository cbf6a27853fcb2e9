/** Files that do not come as they should, and servers that end in the middle of one. */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  graphError,
  redirect,
  serverError,
  slow,
  truncated,
} from "../../scripts/graph/behaviours.ts";
import type { Behaviour, RequestKind } from "../../scripts/graph/types.ts";
import { until } from "../support/until.ts";
import { LARGEST, MediaStack, randomBytes, sha256, TOKEN } from "./media_stack.ts";

const bytes = randomBytes(300_000);
const stack = await MediaStack.start();
const { graph } = stack;
await stack.register();
let ids = 2000;

Deno.test.afterAll(() => stack.stop());

/** A file at WhatsApp, delivered; the first requests of a kind go as said. */
async function send(
  claims: { sha256?: string; file_size?: number; url?: string } = {},
  first: Partial<Record<RequestKind, Behaviour[]>> = {},
  content = bytes,
): Promise<string> {
  const id = String(++ids);
  graph.addMedia({ id, bytes: content, mimeType: "image/jpeg", claims });
  graph.requests.length = 0;
  graph.script(({ kind }) => first[kind]?.shift());
  return await stack.receive(id, { sha256: sha256(content, "hex") });
}

function requested(kind: RequestKind): number {
  return graph.requests.filter((request) => request.kind === kind).length;
}

async function assertStored(
  wamid: string,
  attempts: number,
  { content = bytes, hurry = true } = {},
): Promise<void> {
  const row = await stack.settled(wamid, { hurry });
  assert.deepEqual([row.status, row.code, row.attempts], ["stored", null, attempts]);
  const answer = await stack.get(row.id);
  assert.deepEqual(await answer.bytes(), content);
}

async function assertFailed(wamid: string, code: string, attempts = 1): Promise<void> {
  const row = await stack.settled(wamid, { hurry: true });
  assert.deepEqual([row.status, row.code, row.attempts], ["failed", code, attempts]);
  await assert.rejects(Deno.stat(join(stack.folder, row.path)), Deno.errors.NotFound);
  assert.deepEqual(Array.from(Deno.readDirSync(join(stack.folder, ".incoming"))), []);
  const answer = await stack.get(row.id);
  const problem = await answer.json();
  assert.deepEqual([answer.status, problem.code], [409, "media_not_stored"]);
  assert.deepEqual([problem.media_status, problem.media_error.code], ["failed", code]);
}

Deno.test("a good one first", async () => await assertStored(await send(), 1));

Deno.test("other bytes than announced are given up at the third time", async () => {
  await assertFailed(await send({ sha256: sha256(bytes.slice(1), "base64") }), "hash_mismatch", 3);
  assert.equal(requested("media_bytes"), 3);
});

Deno.test("a file that is too large by its own account is not asked for", async () => {
  await assertFailed(await send({ file_size: LARGEST + 1 }), "too_large");
  assert.equal(requested("media_bytes"), 0);
});

Deno.test("one that is larger than it says is cut off", async () => {
  await assertFailed(await send({ file_size: 10 }, {}, randomBytes(LARGEST + 1)), "too_large");
  await assertStored(await send({ file_size: 10 }, {}, bytes), 1);
});

Deno.test("a file that WhatsApp does not have any more", async () => {
  graph.script(undefined);
  await assertFailed(await stack.receive("999999"), "media_gone");
});

Deno.test("an address that has expired is asked for anew", async () => {
  await assertStored(await send({}, { media_bytes: [serverError(404), serverError(403)] }), 3);
  assert.equal(requested("media"), 3);
});

Deno.test("faults of the Graph API pass", async () => {
  const media = [graphError(131000), graphError(190), serverError(503), redirect("/elsewhere")];
  await assertStored(await send({}, { media }), 5);
});

Deno.test("a connection that breaks in the middle is made again", async () => {
  await assertStored(await send({}, { media_bytes: [truncated(1000), truncated(299_999)] }), 3);
});

Deno.test("the token is not sent to another host, neither at once nor after a redirect", async () => {
  const seen: Request[] = [];
  const foreign = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    seen.push(request);
    return new Response(bytes);
  });
  const url = `http://127.0.0.1:${foreign.addr.port}/media`;
  try {
    await assertFailed(await send({ url }), "untrusted_media_host");
    await assertFailed(await send({}, { media_bytes: [redirect(url)] }), "untrusted_media_host");
    assert.deepEqual(seen, []);
    assert.equal(
      graph.requests.every(({ headers }) => headers.authorization === `Bearer ${TOKEN}`),
      true,
    );
    // It does listen.
    await (await fetch(url)).body?.cancel();
    assert.equal(seen.length, 1);
  } finally {
    await foreign.shutdown();
  }
});

for (const how of ["kill", "stop"] as const) {
  Deno.test(`a server that ends in the middle of a file (${how}): the next one fetches it`, async () => {
    // Seconds, so that even on a busy machine it is not whole before the server ends.
    const wamid = await send({}, { media_bytes: [slow(1000, 100)] });
    const half = await until(async () => {
      const drafts = await draftsOf();
      return drafts.some(({ bytes }) => bytes > 10_000) ? drafts : undefined;
    });
    const started = Date.now();
    await stack.restart(how);
    const names = (await draftsOf()).map(({ name }) => name);
    assert.deepEqual(half.filter(({ name }) => names.includes(name)), [], "the half file is gone");
    // Whoever was killed could not say so; whoever was stopped did.
    if (how === "kill") await stack.endLeases();
    else assert.ok(Date.now() - started < 9_000, "the stop does not wait for the file");
    // To hurry would end the lease of the server that may be at it already.
    await assertStored(wamid, 2, { hurry: false });
  });
}

/** The files that are not whole yet. */
async function draftsOf(): Promise<{ name: string; bytes: number }[]> {
  const folder = join(stack.folder, ".incoming");
  const drafts = [];
  try {
    for (const { name } of Deno.readDirSync(folder)) {
      drafts.push({ name, bytes: (await Deno.stat(join(folder, name))).size });
    }
  } catch (error) {
    // Made with the first file; and a file that is whole leaves it at any moment.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return drafts;
}
