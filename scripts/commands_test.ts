/** `deno task import` and `deno task export` as they are called, against an API that is made up. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "./stack/files.ts";

const ID = "0198f6c2-7d1e-7c3a-9b52-3f1d5a6b7c8d";
const DONE = {
  id: ID,
  status: "completed",
  dry_run: false,
  columns: [],
  progress: 100,
  rows: 2,
  created: 1,
  updated: 0,
  skipped: 0,
  failed: 1,
  error: null,
  errors: [{ row: 2, column: "phone", message: "No." }],
};

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

type Place = Pick<Api, "folder" | "url">;

/** The command as its task runs it, called from a folder with those files. */
function command(name: "import" | "export", args: string[], { folder, url }: Place): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(ROOT, "scripts", `${name}.ts`), ...args],
    cwd: ROOT,
    env: { LEADBASE_TASK: "1", INIT_CWD: folder, LEADBASE_URL: url, LEADBASE_KEY: "lb_1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function run(name: "import" | "export", args: string[], place: Place): Promise<Ran> {
  const output = await command(name, args, place).output();
  const text = new TextDecoder();
  const [stdout, stderr] = [text.decode(output.stdout), text.decode(output.stderr)];
  return { code: output.code, stdout, stderr };
}

interface Api {
  url: string;
  folder: string;
  /** Methods and paths of the requests. */
  asked: string[];
}

/** An API with those answers, and a folder with a file. */
async function withApi(
  answers: (request: Request, nth: number) => Response | Promise<Response>,
  use: (api: Api) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const asked: string[] = [];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    return answers(request, asked.push(`${request.method} ${pathname}`));
  });
  try {
    await Deno.writeTextFile(join(folder, "a.csv"), "phone\n+34600111222\n1\n");
    await use({ url: `http://127.0.0.1:${server.addr.port}`, folder, asked });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const data = (fields: Record<string, unknown> = {}) =>
  Response.json({ data: { ...DONE, ...fields } });

async function importing(request: Request): Promise<Response> {
  if (new URL(request.url).pathname.endsWith("/errors")) return new Response("row\r\n2\r\n");
  await request.text();
  return data();
}

Deno.test("files are those of the folder that the import is called from", async () => {
  await withApi(importing, async (api) => {
    const { code, stdout } = await run("import", ["a.csv", "--errors", "e.csv"], api);
    assert.equal(code, 1);
    assert.match(stdout, new RegExp(`1 failed of 2 rows. Import ${ID}`));
    assert.equal(await Deno.readTextFile(join(api.folder, "e.csv")), "row\r\n2\r\n");
  });
});

Deno.test("the encoding of a file is said to the server", async () => {
  let type: string | null = null;
  const answers = (request: Request) => {
    type = request.headers.get("content-type");
    return importing(request);
  };
  await withApi(answers, async (api) => {
    await run("import", ["a.csv", "--charset", "macintosh"], api);
    assert.equal(type, "text/csv; charset=macintosh");
    await run("import", ["a.csv"], api);
    assert.equal(type, "text/csv");
  });
});

Deno.test("a place for errors that cannot be written is told before anything is sent", async () => {
  await withApi(importing, async (api) => {
    const { code, stderr } = await run("import", ["a.csv", "--errors", "none/e.csv"], api);
    assert.equal(code, 1);
    assert.match(stderr, /^\S*none\/e\.csv cannot be opened: .*\n$/);
    assert.deepEqual(api.asked, []);
  });
});

Deno.test("a folder is no file, and the server is not to blame", async () => {
  await withApi(importing, async (api) => {
    const { code, stderr } = await run("import", ["."], api);
    assert.equal(code, 1);
    assert.match(stderr, /^\. cannot be opened: .*\n$/);
    assert.deepEqual(api.asked, []);
  });
});

Deno.test("the errors take the place of what was there, once the file is sent", async () => {
  let sent = "";
  const answers = async (request: Request) => {
    if (request.method !== "POST") return new Response("row\r\n");
    sent = await request.text();
    return data();
  };
  await withApi(answers, async (api) => {
    await run("import", ["a.csv", "--errors", "a.csv"], api);
    assert.equal(sent, "phone\n+34600111222\n1\n");
    assert.equal(await Deno.readTextFile(join(api.folder, "a.csv")), "row\r\n");
  });
});

Deno.test("errors that cannot be fetched cost nobody the report", async () => {
  const answers = (request: Request) =>
    request.method === "POST" ? importing(request) : new Response("", { status: 500 });
  await withApi(answers, async (api) => {
    const { code, stdout, stderr } = await run("import", ["a.csv", "--errors", "e.csv"], api);
    assert.equal(code, 1);
    assert.match(stdout, new RegExp(`Import ${ID}`));
    assert.match(stderr, /The server answers 500\.\n$/);
  });
});

Deno.test("the errors, too, are waited for while the server is away", async () => {
  const answers = (request: Request, nth: number) =>
    nth === 2 ? new Response("", { status: 503 }) : importing(request);
  await withApi(answers, async (api) => {
    const { stderr } = await run("import", ["a.csv", "--errors", "e.csv"], api);
    assert.equal(await Deno.readTextFile(join(api.folder, "e.csv")), "row\r\n2\r\n", stderr);
  });
});

/** An answer that breaks off. */
function broken(): Response {
  const encoder = new TextEncoder();
  return new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(encoder.encode('{"data":')),
      pull: (controller) => controller.error(new Error("away")),
    }),
  );
}

Deno.test("an import is waited for while the server is away", async () => {
  const status = (status: number) => () => new Response("", { status });
  const away = [status(503), status(502), status(429), broken, () => data({ failed: 0 })];
  const answers = async (request: Request, nth: number) => {
    if (request.method === "GET") return away[nth - 2]();
    await request.text();
    return data({ status: "running" });
  };
  await withApi(answers, async (api) => {
    const { code, stdout, stderr } = await run("import", ["a.csv"], api);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /1 created/);
  });
});

Deno.test("who gives up an import names it", async () => {
  const answers = async (request: Request) => {
    if (request.method === "GET") {
      return Response.json({ detail: "Gone.", code: "x" }, { status: 404 });
    }
    await request.text();
    return data({ status: "running" });
  };
  await withApi(answers, async (api) => {
    const { code, stderr } = await run("import", ["a.csv"], api);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`Gone\\. \\(404 x\\).*${ID}.*\n$`));
    assert.equal(stderr.includes("    at "), false);
  });
});

Deno.test("who stops waiting for an import is told that it goes on", async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const asked = Promise.withResolvers<void>();
    const answers = async (request: Request) => {
      if (request.method === "GET") asked.resolve();
      else await request.text();
      return data({ status: "running" });
    };
    await withApi(answers, async (api) => {
      const child = command("import", ["a.csv"], api).spawn();
      await asked.promise;
      child.kill(signal);
      const { code, stderr } = await child.output();
      assert.equal(code, 130);
      assert.match(new TextDecoder().decode(stderr), new RegExp(`goes on .*${ID}\n$`));
    });
  }
});

Deno.test("a refusal names what is refused", async () => {
  const answers = async (request: Request) => {
    await request.text();
    const errors = [{ path: "/mapping/Fax" }, { path: "/mapping/Tel" }];
    return Response.json({ detail: "No.", code: "x", errors }, { status: 422 });
  };
  await withApi(answers, async (api) => {
    const { stderr } = await run("import", ["a.csv"], api);
    assert.match(stderr, /^No\. \(422 x: \/mapping\/Fax, \/mapping\/Tel\)$/m);
  });
});

Deno.test("an export without a server says so in one line", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const url = `http://127.0.0.1:${listener.addr.port}`;
  listener.close();
  const { code, stderr } = await run("export", ["a.csv"], { folder: ROOT, url });
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`^${url} does not answer: .*\n$`));
});

Deno.test("an export that breaks off, or has no place, says so in one line and leaves no file", async () => {
  const answers = ({ url }: Request) =>
    url.includes("list-contacts") ? Response.json({ data: [], total: 3 }) : broken();
  await withApi(answers, async (api) => {
    for (const file of ["b.csv", "none/b.csv"]) {
      const { code, stderr } = await run("export", [file], api);
      assert.equal(code, 1);
      assert.match(stderr, /The contacts could not be written: .*\n$/);
      assert.equal(stderr.includes("    at "), false);
    }
    assert.deepEqual([...Deno.readDirSync(api.folder)].map(({ name }) => name), ["a.csv"]);
  });
});

/** An API that has so many contacts. */
const holding = (contacts: number) => ({ url }: Request): Response =>
  url.includes("list-contacts")
    ? Response.json({ data: [], total: contacts })
    : new Response("name\r\n" + '"A\nB"\r\n'.repeat(contacts));

Deno.test("an export says how many contacts there are, in the file and beside it", async () => {
  await withApi(holding(3), async (api) => {
    const { code, stdout, stderr } = await run("export", ["b.csv"], api);
    assert.deepEqual([code, stdout, stderr], [0, "", "Exporting 100 %\n3 contacts in b.csv\n"]);
    const file = await Deno.readTextFile(join(api.folder, "b.csv"));
    assert.equal(file, 'name\r\n"A\nB"\r\n"A\nB"\r\n"A\nB"\r\n');
    assert.equal((await run("export", [], api)).stdout, file);
  });
});

Deno.test("an export whose reader has seen enough ends without a complaint", async () => {
  await withApi(holding(1_000_000), async (api) => {
    const child = command("export", [], api).spawn();
    await child.stdout.cancel();
    const [{ code }, stderr] = await Promise.all([child.status, new Response(child.stderr).text()]);
    assert.deepEqual([code, stderr.replace(/^Exporting \d+ %\n/gm, "")], [0, ""]);
  });
});

/** An API with an export of its own for each caller, which ends when `end` is called. */
function slow(): { answers: (request: Request) => Response; begun: Promise<void>; end(): void } {
  const [begun, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const encoder = new TextEncoder();
  const answers = ({ url }: Request) => {
    if (url.includes("list-contacts")) return Response.json({ data: [], total: 2 });
    const name = new URL(url).searchParams.get("search")!;
    if (name === "fast") return new Response("name\r\nfast\r\n");
    return new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(encoder.encode("name\r\n")),
        pull: async (controller) => {
          begun.resolve();
          await end.promise;
          controller.enqueue(encoder.encode(`${name}\r\n`));
          controller.close();
        },
      }, { highWaterMark: 0 }),
    );
  };
  return { answers, begun: begun.promise, end: end.resolve };
}

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

async function untilThere(folder: string, count: number): Promise<void> {
  for (let n = 0; n < 400 && names(folder).length < count; n++) {
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

Deno.test("two exports into one file at once are each whole, whoever is last", async () => {
  const { answers, begun, end } = slow();
  await withApi(answers, async (api) => {
    const first = command("export", ["b.csv", "--search", "slow"], api).output();
    await begun;
    await untilThere(api.folder, 2);
    const { code } = await run("export", ["b.csv", "--search", "fast"], api);
    assert.equal(code, 0);
    const file = () => Deno.readTextFile(join(api.folder, "b.csv"));
    assert.equal(await file(), "name\r\nfast\r\n");
    end();
    assert.equal((await first).code, 0);
    assert.equal(await file(), "name\r\nslow\r\n");
    assert.deepEqual(names(api.folder), ["a.csv", "b.csv"]);
  });
});

Deno.test("an export that is stopped leaves no file", async () => {
  const { answers, begun, end } = slow();
  await withApi(answers, async (api) => {
    const child = command("export", ["b.csv", "--search", "slow"], api).spawn();
    await begun;
    await untilThere(api.folder, 2);
    child.kill("SIGINT");
    assert.equal((await child.output()).code, 130);
    assert.deepEqual(names(api.folder), ["a.csv"]);
    end();
  });
});

Deno.test("a pipe or a link that an export is sent to stays one, a folder is told to be one", async () => {
  await withApi(holding(1), async (api) => {
    const path = (name: string) => join(api.folder, name);
    await new Deno.Command("mkfifo", { args: [path("pipe")] }).output();
    const [read, piped] = await Promise.all([
      new Deno.Command("cat", { args: [path("pipe")], signal: AbortSignal.timeout(20_000) })
        .output(),
      run("export", ["pipe"], api),
    ]);
    assert.deepEqual([piped.code, read.code], [0, 0], piped.stderr);
    const text = 'name\r\n"A\nB"\r\n';
    assert.equal(new TextDecoder().decode(read.stdout), text);
    assert.equal((await Deno.lstat(path("pipe"))).isFifo, true);
    await Deno.symlink("a.csv", path("link.csv"));
    await run("export", ["link.csv"], api);
    assert.equal((await Deno.lstat(path("link.csv"))).isSymlink, true);
    assert.equal(await Deno.readTextFile(path("a.csv")), text);
    const { code, stderr } = await run("export", ["."], api);
    assert.equal(code, 1);
    assert.match(stderr, /^The contacts could not be written: it is a folder$/m);
  });
});
