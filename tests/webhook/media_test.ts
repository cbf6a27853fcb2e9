/** A file that a person sends: acknowledged first, then fetched, stored, given out, removed. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { delayed } from "../../scripts/graph/behaviours.ts";
import { until } from "../support/until.ts";
import { MediaStack, randomBytes, sha256, TOKEN } from "./media_stack.ts";

Deno.test("a file's way from the webhook to whoever may see it", async (t) => {
  const stack = await MediaStack.start();
  const { graph } = stack;
  const bytes = randomBytes(200_000);
  try {
    graph.addMedia({ id: "1001", bytes, mimeType: "image/jpeg", sha256: "hex" });
    const wamid = await stack.receive("1001", { sha256: sha256(bytes, "base64") });
    const { id, path } = await stack.row(wamid);

    await t.step("without a token it waits, and WhatsApp is not asked", async () => {
      await until(async () => {
        const [row] = await stack.sql`
          select from public.message_media where id = ${id} and next_attempt_at = 'infinity'`;
        return row;
      });
      const answer = await stack.get(id);
      const problem = await answer.json();
      assert.deepEqual([answer.status, problem.code], [409, "media_not_stored"]);
      assert.equal(problem.media_status, "pending");
      assert.deepEqual(graph.requests, []);
    });

    await t.step("with one it is fetched", async () => {
      await stack.register();
      const row = await stack.settled(wamid);
      assert.deepEqual([row.status, row.code, row.attempts], ["stored", null, 1]);
      assert.deepEqual(graph.requests.map(({ kind }) => kind), ["media", "media_bytes"]);
      assert.equal(graph.requests[0].query.phone_number_id, "100000000000001");
      assert.deepEqual(
        graph.requests.map(({ headers }) => headers.authorization),
        [`Bearer ${TOKEN}`, `Bearer ${TOKEN}`],
      );
      assert.deepEqual(await Deno.readFile(join(stack.folder, path)), bytes);
    });

    await t.step("the API gives it out byte for byte", () => assertGivenOut(stack, id, bytes));

    await t.step("nobody else sees that it is there", async () => {
      const { other_workspace } = stack.credentials;
      const statuses = [];
      for (const key of [other_workspace.api_key, "lb_nobody"]) {
        const answer = await stack.get(id, {}, key);
        statuses.push(answer.status, (await answer.json()).code);
      }
      assert.deepEqual(statuses, [404, "media_not_found", 401, "invalid_credentials"]);
    });

    await t.step("the acknowledgement does not wait for it", async () => {
      graph.script(() => delayed(1000));
      graph.addMedia({ id: "1002", bytes, mimeType: "image/jpeg", sha256: "base64" });
      const later = await stack.receive("1002", { sha256: sha256(bytes, "hex") });
      assert.equal((await stack.row(later)).status, "pending");
      assert.equal((await stack.settled(later)).status, "stored");
      graph.script(undefined);
    });

    await t.step("what its sender took back is not given out", async () => {
      const setRevoked = (at: string | null) =>
        stack.sql`update public.messages set revoked_at = ${at} where wa_message_id = ${wamid}`;
      await setRevoked("2026-11-01T12:00:00Z");
      const answer = await stack.get(id);
      assert.deepEqual([answer.status, (await answer.json()).code], [404, "media_not_found"]);
      await setRevoked(null);
      const shown = await stack.get(id);
      await shown.body?.cancel();
      assert.equal(shown.status, 200);
    });

    await t.step("it goes when its message goes", async () => {
      await stack.sql`delete from public.messages where wa_message_id = ${wamid}`;
      await until(async () => await isGone(join(stack.folder, path)) || undefined);
      assert.equal((await stack.get(id)).status, 404);
    });

    await t.step("an edit brings another file in place of the first", async () => {
      graph.addMedia({ id: "1004", bytes, mimeType: "image/jpeg" });
      graph.addMedia({ id: "1005", bytes: randomBytes(1000), mimeType: "image/jpeg" });
      const edited = await stack.receive("1004");
      const first = await stack.settled(edited);
      await stack.edit(edited, { type: "image", image: { id: "1005", mime_type: "image/jpeg" } });
      const second = await stack.settled(edited);
      assert.notEqual(second.id, first.id);
      assert.equal((await stack.get(first.id)).status, 404);
      assert.equal((await (await stack.get(second.id)).bytes()).length, 1000);
      await until(async () => await isGone(join(stack.folder, first.path)) || undefined);
    });

    await t.step(
      "a text that becomes a picture has a file, and none as a text again",
      async () => {
        graph.addMedia({ id: "1006", bytes, mimeType: "image/jpeg" });
        const words = await stack.deliver({ type: "text", text: { body: "Look" } });
        const picture = { type: "image", image: { id: "1006", mime_type: "image/jpeg" } };
        await stack.edit(words, picture, 10);
        const { status, path } = await stack.settled(words);
        assert.equal(status, "stored");
        await stack.edit(words, { type: "text", text: { body: "Look there" } }, 20);
        await until(async () => await isGone(join(stack.folder, path)) || undefined);
      },
    );

    await t.step("a file that the store has lost is not there", async () => {
      graph.addMedia({ id: "1003", bytes, mimeType: "image/jpeg" });
      const row = await stack.settled(await stack.receive("1003"));
      await Deno.remove(join(stack.folder, row.path));
      const answer = await stack.get(row.id);
      assert.deepEqual([answer.status, (await answer.json()).code], [409, "media_not_stored"]);
    });

    await t.step("the clock of a project runs the jobs with a secret key", () => assertJobs(stack));
  } finally {
    await stack.stop();
  }
});

async function assertGivenOut(stack: MediaStack, id: string, bytes: Uint8Array): Promise<void> {
  const answer = await stack.get(id);
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.bytes(), bytes);
  const etag = `"${sha256(bytes, "hex")}"`;
  const expected = {
    "content-type": "image/jpeg",
    "content-length": String(bytes.length),
    "content-disposition": `inline; filename="${id}"; filename*=UTF-8''${id}`,
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    etag,
  };
  for (const [name, value] of Object.entries(expected)) {
    assert.equal(answer.headers.get(name), value, name);
  }
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
    const again = await stack.get(id, { headers: { "if-none-match": known } });
    assert.deepEqual([again.status, await again.text()], [304, ""], known);
  }
  const other = await stack.get(id, { headers: { "if-none-match": '"other"' } });
  assert.deepEqual([other.status, (await other.bytes()).length], [200, bytes.length]);
  const head = await stack.get(id, { method: "HEAD" });
  assert.deepEqual([head.status, head.headers.get("etag")], [200, etag]);
  assert.equal(head.headers.get("accept-ranges"), "bytes");
  await assertParts(stack, { id, etag, bytes });
}

async function assertParts(
  stack: MediaStack,
  { id, etag, bytes }: { id: string; etag: string; bytes: Uint8Array },
): Promise<void> {
  const get = (headers: Record<string, string>) => stack.get(id, { headers });
  const { length } = bytes;
  for (
    const [range, start, end] of [
      ["bytes=0-0", 0, 0],
      ["bytes=100-70000", 100, 70_000],
      [`bytes=${length - 5}-`, length - 5, length - 1],
      ["bytes=-9", length - 9, length - 1],
      [`bytes=5-${2 * length}`, 5, length - 1],
    ] as const
  ) {
    const part = await get({ range, "if-range": etag });
    assert.equal(part.status, 206, range);
    assert.equal(part.headers.get("content-range"), `bytes ${start}-${end}/${length}`);
    assert.equal(part.headers.get("content-length"), String(end + 1 - start));
    assert.equal(part.headers.get("content-type"), "image/jpeg");
    assert.deepEqual(await part.bytes(), bytes.slice(start, end + 1));
  }
  // Of another version, several at once, or nothing that can be understood: all of it.
  for (
    const headers of [
      { range: "bytes=0-9", "if-range": '"another"' },
      { range: "bytes=0-1,5-6" },
      { range: "bytes=x" },
      { range: "pages=1-2" },
    ] as Record<string, string>[]
  ) {
    const whole = await get(headers);
    assert.equal(whole.status, 200, JSON.stringify(headers));
    assert.deepEqual(await whole.bytes(), bytes);
  }
  const beyond = await get({ range: `bytes=${length}-` });
  assert.deepEqual([beyond.status, (await beyond.json()).code], [416, "range_not_satisfiable"]);
  assert.equal(beyond.headers.get("content-range"), `bytes */${length}`);
}

async function assertJobs({ credentials, data }: MediaStack): Promise<void> {
  const secrets = JSON.parse(await Deno.readTextFile(join(data, "secrets.json")));
  const post = async (headers: HeadersInit) => {
    const answer = await fetch(`${credentials.url}/jobs`, { method: "POST", headers });
    return [answer.status, await answer.json()];
  };
  for (
    const headers of [
      { authorization: `Bearer ${secrets.secret_key}` },
      { apikey: secrets.secret_key },
    ] as HeadersInit[]
  ) {
    const [status, body] = await post(headers);
    assert.equal(status, 200);
    assert.equal(body.data.media, 0, "the loop was there before");
  }
  for (const key of [secrets.publishable_key, `${secrets.secret_key}x`, credentials.api_key]) {
    const [status, problem] = await post({ authorization: `Bearer ${key}` });
    assert.deepEqual([status, problem.code], [401, "invalid_credentials"]);
  }
}

async function isGone(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}
