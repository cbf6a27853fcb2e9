import assert from "node:assert/strict";
import { join } from "node:path";
import { MediaFault } from "./media_check.ts";
import { FolderStore, INCOMING } from "./media_folder.ts";
import { StorageStore } from "./media_storage.ts";
import type { ByteRange, Bytes, MediaStore } from "./media_store.ts";
import { mediaStore } from "./media_stores.ts";

const PATH = `${crypto.randomUUID()}/${crypto.randomUUID()}`;

function bytesOf(...pieces: string[]): Bytes {
  return ReadableStream.from(pieces.map((piece) => new TextEncoder().encode(piece)));
}

/** Some bytes, then a failure in place of the end. */
function brokenAfter(piece: string): Bytes {
  return ReadableStream.from((async function* () {
    yield new TextEncoder().encode(piece);
    await Promise.resolve();
    throw new Error("broken");
  })());
}

async function textOf(
  store: MediaStore,
  path: string,
  range?: ByteRange,
): Promise<string | undefined> {
  const bytes = await store.read(path, range);
  return bytes && await new Response(bytes).text();
}

async function withFolder(use: (store: FolderStore, folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "leadbase-media-" });
  try {
    await use(new FolderStore(join(folder, "media")), join(folder, "media"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function claimBehaviour(store: MediaStore): Promise<void> {
  assert.equal(await textOf(store, PATH), undefined, "nothing is there yet");
  await store.remove(PATH);
  await assert.rejects(store.write(PATH, brokenAfter("half")));
  assert.equal(await textOf(store, PATH), undefined, "a half is not kept");
  await store.write(PATH, bytesOf("who", "le"));
  assert.equal(await textOf(store, PATH), "whole");
  await assert.rejects(store.write(PATH, brokenAfter("half")));
  assert.equal(await textOf(store, PATH), "whole", "nor in place of a whole one");
  await store.write(PATH, bytesOf("another"));
  assert.equal(await textOf(store, PATH), "another");
  for (const [start, end] of [[0, 0], [0, 6], [2, 4], [6, 6]]) {
    const part = "another".slice(start, end + 1);
    assert.equal(await textOf(store, PATH, { start, end }), part);
  }
  const large = "0123456789".repeat(30_000);
  await store.write(PATH, bytesOf(large));
  const range = { start: 65_530, end: 200_001 };
  assert.equal(await textOf(store, PATH, range), large.slice(65_530, 200_002));
  await store.remove(PATH);
  assert.equal(await textOf(store, PATH), undefined);
  assert.equal(await textOf(store, PATH, { start: 0, end: 1 }), undefined);
}

Deno.test("a folder keeps whole files only", () => withFolder(claimBehaviour));

Deno.test("a folder's files are their owner's, and no half of one is left behind", () =>
  withFolder(async (store, folder) => {
    await assert.rejects(store.write(PATH, brokenAfter("half")));
    await store.write(PATH, bytesOf("whole"));
    const left = Array.from(Deno.readDirSync(join(folder, INCOMING)));
    assert.deepEqual(left, []);
    if (Deno.build.os !== "windows") {
      const { mode } = await Deno.stat(join(folder, PATH));
      assert.equal(mode! & 0o777, 0o600);
    }
  }));

Deno.test("no path but one of our own making is used", () =>
  withFolder(async (folderStore, folder) => {
    const outside = join(folder, "..", "outside");
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(outside, "safe");
    // Nobody listens there: a path that got through would fail in another way.
    for (const store of [folderStore, new StorageStore("http://127.0.0.1:9", "key")]) {
      for (const path of ["../outside", "a", "", `${PATH}/..`, `${PATH}\n`, PATH.toUpperCase()]) {
        for (
          const use of [
            () => store.read(path),
            () => store.write(path, bytesOf("x")),
            () => store.remove(path),
          ]
        ) await assert.rejects(use, /Not a path of media/, path);
      }
    }
    assert.equal(await Deno.readTextFile(outside), "safe");
  }));

type Seen = { pathname: string; method: string; headers: Headers };

/** The three requests of Supabase Storage that are made, with its answers. */
async function withStorage(
  use: (store: StorageStore, seen: Seen[], answer: (status?: number) => void) => Promise<void>,
  knowsRanges = true,
) {
  const objects = new Map<string, Uint8Array<ArrayBuffer>>();
  const seen: Seen[] = [];
  let refusal: number | undefined;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    // A request tells nothing any more once it is answered.
    seen.push({ pathname, method: request.method, headers: new Headers(request.headers) });
    try {
      const bytes = await request.bytes();
      if (refusal) return new Response("{}", { status: refusal });
      if (request.method === "POST") objects.set(pathname, bytes);
    } catch {
      return new Response(null, { status: 400 });
    }
    const object = objects.get(pathname);
    if (!object) return Response.json({ statusCode: "404" }, { status: 400 });
    if (request.method === "DELETE") objects.delete(pathname);
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "");
    if (!range || !knowsRanges) return new Response(object);
    return new Response(object.slice(Number(range[1]), Number(range[2]) + 1), { status: 206 });
  });
  try {
    const store = new StorageStore(`http://127.0.0.1:${server.addr.port}`, "sb_secret_x");
    await use(store, seen, (status) => refusal = status);
  } finally {
    await server.shutdown();
  }
}

Deno.test("Storage keeps whole files only", () => withStorage(claimBehaviour));

Deno.test("a Storage that gives all where a part is asked for is read as far as that goes", () =>
  withStorage(claimBehaviour, false));

Deno.test("Storage is asked with the secret key, below the private bucket", () =>
  withStorage(async (store, seen) => {
    await store.write(PATH, bytesOf("whole"));
    const [{ pathname, headers, method }] = seen;
    assert.equal(method, "POST");
    assert.equal(pathname, `/storage/v1/object/whatsapp-media/${PATH}`);
    assert.equal(headers.get("authorization"), "Bearer sb_secret_x");
    assert.equal(headers.get("apikey"), "sb_secret_x");
    assert.equal(headers.get("content-type"), "application/octet-stream");
    assert.equal(headers.get("x-upsert"), "true");
  }));

Deno.test("a refusal of Storage is an error; too large is one for good", () =>
  withStorage(async (store, _, refuse) => {
    refuse(503);
    await assert.rejects(store.write(PATH, bytesOf("x")), /503/);
    await assert.rejects(store.read(PATH), /503/);
    await assert.rejects(store.remove(PATH), /503/);
    // What it says of a key that it does not take, as well as of what is not there.
    refuse(400);
    await assert.rejects(store.read(PATH), /400/);
    await assert.rejects(store.remove(PATH), /400/);
    refuse(413);
    await assert.rejects(
      store.write(PATH, bytesOf("x")),
      (error) =>
        error instanceof MediaFault && error.code === "too_large" && error.more.final === true,
    );
  }));

Deno.test("the store is the folder that is named, else Storage, else a fault", () => {
  const names = ["LEADBASE_MEDIA_DIR", "SUPABASE_URL", "SUPABASE_SECRET_KEYS"];
  const before = names.map((name) => [name, Deno.env.get(name)] as const);
  try {
    for (const name of names) Deno.env.delete(name);
    assert.throws(mediaStore, /LEADBASE_MEDIA_DIR/);
    Deno.env.set("SUPABASE_URL", "http://127.0.0.1:9/");
    Deno.env.set("SUPABASE_SECRET_KEYS", '{"default":"sb_secret_x"}');
    assert.ok(mediaStore() instanceof StorageStore);
    Deno.env.set("LEADBASE_MEDIA_DIR", "/tmp/x");
    assert.ok(mediaStore() instanceof FolderStore);
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
});

/** A Storage that takes a request and says nothing, or no more than the head of an answer. */
async function withSilence(
  head: ResponseInit | undefined,
  use: (store: StorageStore) => Promise<void>,
) {
  const over = Promise.withResolvers<void>();
  const silent = () => new ReadableStream({ pull: () => over.promise });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async () => {
    if (head) return new Response(silent(), head);
    await over.promise;
    return new Response();
  });
  try {
    await use(new StorageStore(`http://127.0.0.1:${server.addr.port}`, "key", { answerMs: 50 }));
  } finally {
    over.resolve();
    await server.shutdown();
  }
}

Deno.test("a Storage that does not answer is not waited for", () =>
  withSilence(undefined, async (store) => {
    const late = { name: "TimeoutError" };
    await assert.rejects(store.read(PATH), late);
    await assert.rejects(store.remove(PATH), late);
    await assert.rejects(store.write(PATH, bytesOf("x"), AbortSignal.timeout(50)), late);
  }));

Deno.test("nor is one that does not say why it refuses", () =>
  withSilence({ status: 500 }, async (store) => {
    await assert.rejects(store.read(PATH), /500/);
    await assert.rejects(store.remove(PATH), /500/);
  }));
