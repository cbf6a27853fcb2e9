/**
 * The start command as people use it: real processes, each with a data folder of its own. What is
 * asked here is what is left behind, so nothing is mocked and every signal is a real one.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import postgres from "postgres";
import { type SpawnedStack, type SpawnOptions, spawnStack, StartFailed } from "../scripts/spawn.ts";
import { ROOT } from "../scripts/stack/files.ts";

const temp = await Deno.makeTempDir({ prefix: "leadbase-stack-" });
globalThis.addEventListener("unload", () => Deno.removeSync(temp, { recursive: true }));

let folders = 0;
const newFolder = () => join(temp, String(++folders));

/** The one line and the exit code of a start that has to fail. */
async function failure(options: SpawnOptions): Promise<{ line: string; exitCode: number }> {
  try {
    await (await spawnStack(options)).stop();
  } catch (error) {
    if (!(error instanceof StartFailed)) throw error;
    // Progress ends in an ellipsis; besides that there is the one line.
    const lines = error.output.trim().split("\n").filter((line) => !line.endsWith("…"));
    assert.equal(lines.length, 1, error.output);
    return { line: lines[0], exitCode: error.exitCode };
  }
  throw new assert.AssertionError({ message: "it started" });
}

async function withStack(options: SpawnOptions, use: (stack: SpawnedStack) => Promise<unknown>) {
  const stack = await spawnStack(options);
  try {
    await use(stack);
  } finally {
    await stack.stop();
  }
}

async function isRunning(data: string): Promise<boolean> {
  try {
    const [pid] = (await Deno.readTextFile(join(data, "postgres", "postmaster.pid"))).split("\n");
    Deno.kill(Number(pid), "SIGCONT");
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function createContact({ credentials }: SpawnedStack, phone: string): Promise<number> {
  const response = await fetch(`${credentials.url}/create-contact`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${credentials.api_key}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ phone }),
  });
  await response.body?.cancel();
  return response.status;
}

async function hasContact({ credentials }: SpawnedStack, phone: string): Promise<boolean> {
  const response = await fetch(
    `${credentials.url}/get-contact?phone=${encodeURIComponent(phone)}`,
    { headers: { authorization: `Bearer ${credentials.api_key}` } },
  );
  await response.body?.cancel();
  assert.ok([200, 404].includes(response.status), `status ${response.status}`);
  return response.status === 200;
}

/** A request whose body ends only when it is told to: in flight as long as the test needs it. */
function slowRequest({ credentials }: SpawnedStack, phone: string) {
  const body = new TransformStream<Uint8Array, Uint8Array>();
  const writer = body.writable.getWriter();
  const text = new TextEncoder().encode(JSON.stringify({ phone }));
  const answer = fetch(`${credentials.url}/create-contact`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${credentials.api_key}`,
      "content-type": "application/json",
    },
    body: body.readable,
  });
  // Whoever awaits it sees a failure; until then it is not an unhandled one.
  answer.catch(() => {});
  return {
    answer,
    begin: () => writer.write(text.slice(0, 5)),
    finish: async () => {
      await writer.write(text.slice(5));
      await writer.close();
    },
  };
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A copy of what a start reads besides the code, for migrations that differ. */
async function copyProject(): Promise<string> {
  const project = newFolder();
  for (const folder of ["migrations", "seed"]) {
    await Deno.mkdir(join(project, "supabase", folder), { recursive: true });
    for await (const { name } of Deno.readDir(join(ROOT, "supabase", folder))) {
      const path = join("supabase", folder, name);
      await Deno.copyFile(join(ROOT, path), join(project, path));
    }
  }
  await Deno.copyFile(
    join(ROOT, "supabase", "config.toml"),
    join(project, "supabase", "config.toml"),
  );
  return project;
}

Deno.test("a start writes its credentials, for their owner only, once the server answers", async () => {
  const data = newFolder();
  await withStack({ data }, async ({ credentials, credentialsPath }) => {
    assert.equal((await Deno.stat(credentialsPath)).mode! & 0o777, 0o600);
    assert.equal((await Deno.stat(join(data, "secrets.json"))).mode! & 0o777, 0o600);
    const members = (value: object) => Object.keys(value).sort();
    assert.deepEqual(members(credentials), [
      "admin",
      "agent",
      "api_key",
      "database_url",
      "other_workspace",
      "url",
      "whatsapp",
      "workspace_id",
    ]);
    assert.deepEqual(members(credentials.admin), ["token", "user_id"]);
    assert.deepEqual(members(credentials.agent), ["token", "user_id"]);
    assert.deepEqual(members(credentials.other_workspace), ["api_key", "workspace_id"]);
    assert.deepEqual(members(credentials.whatsapp), [
      "app_secret",
      "phone_number_id",
      "verify_token",
    ]);
    assert.match(credentials.url, /^http:\/\/127\.0\.0\.1:\d+\/functions\/v1$/);
    const health = await fetch(`${credentials.url}/health`);
    await health.body?.cancel();
    assert.equal(health.status, 200);
  });
  assert.ok(!await exists(join(data, "credentials.json")), "they are gone after the stop");
});

Deno.test("the database is durable, migrated as in production, and its role is no superuser", async () => {
  await withStack({ data: newFolder() }, async ({ credentials }) => {
    const sql = postgres(credentials.database_url, { max: 1 });
    try {
      const [settings] = await sql`
        select current_setting('fsync') as fsync, current_setting('full_page_writes') as pages,
          current_setting('synchronous_commit') as commit,
          current_setting('listen_addresses') as addresses,
          current_setting('is_superuser') as superuser, current_user::text as role
      `;
      assert.deepEqual({ ...settings }, {
        fsync: "on",
        pages: "on",
        commit: "on",
        addresses: "127.0.0.1",
        superuser: "off",
        role: "postgres",
      });
      const files = [...Deno.readDirSync(join(ROOT, "supabase", "migrations"))]
        .map(({ name }) => name.split("_")[0]).sort();
      const applied = await sql`
        select version from supabase_migrations.schema_migrations order by version
      `;
      assert.deepEqual(applied.map(({ version }) => version), files);
    } finally {
      await sql.end();
    }
  });
});

Deno.test("a data folder in use and a taken port are refused, and nothing is half-started", async () => {
  const data = newFolder();
  await withStack({ data }, async ({ credentials }) => {
    const inUse = await failure({ data });
    assert.deepEqual(inUse, {
      line: `The data folder ${data} is in use by another server. ` +
        "Stop that one, or choose another folder with --data.",
      exitCode: 1,
    });
    const other = newFolder();
    const port = Number(new URL(credentials.url).port);
    const taken = await failure({ data: other, port });
    assert.equal(taken.exitCode, 1);
    assert.match(taken.line, new RegExp(`^Port ${port} is taken\\.`));
    assert.ok(!await exists(join(other, "postgres")));
  });
});

Deno.test("SIGTERM finishes the request in flight, stops Postgres and exits with 0", async () => {
  const data = newFolder();
  const stack = await spawnStack({ data });
  const request = slowRequest(stack, "+16045550101");
  await request.begin();
  // Long enough for the request to have reached the server.
  await pause(300);
  const stopped = stack.stop();
  await pause(300);
  await request.finish();
  const response = await request.answer;
  await response.body?.cancel();
  assert.equal(response.status, 201);
  assert.equal(await stopped, 0, stack.output());
  assert.ok(!await isRunning(data));
  await assert.rejects(fetch(`${stack.credentials.url}/health`));
});

Deno.test("SIGTERM while it starts leaves nothing running", async () => {
  const data = newFolder();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(ROOT, "scripts", "start.ts"), "--port", "0", "--data", data],
    stdout: "null",
    stderr: "null",
  }).spawn();
  while (!await exists(join(data, "secrets.json"))) await pause(20);
  await pause(700);
  child.kill("SIGTERM");
  assert.equal((await child.status).code, 0);
  assert.ok(!await isRunning(data));
  await withStack({ data }, (stack) => createContact(stack, "+16045550102"));
});

Deno.test("after SIGKILL the next start recovers what was acknowledged, with the same keys", async () => {
  const data = newFolder();
  const killed = await spawnStack({ data });
  assert.equal(await createContact(killed, "+16045550103"), 201);
  await killed.kill();
  assert.ok(await isRunning(data), "Postgres is orphaned");
  await withStack({ data }, async (stack) => {
    assert.equal(stack.credentials.api_key, killed.credentials.api_key);
    assert.ok(await hasContact(stack, "+16045550103"));
  });
  assert.ok(!await isRunning(data));
});

Deno.test("after SIGKILL of Postgres as well the next start recovers", async () => {
  const data = newFolder();
  const killed = await spawnStack({ data });
  assert.equal(await createContact(killed, "+16045550104"), 201);
  const [pid] = (await Deno.readTextFile(join(data, "postgres", "postmaster.pid"))).split("\n");
  Deno.kill(Number(pid), "SIGKILL");
  await killed.kill();
  await withStack({ data }, async (stack) => {
    assert.ok(await hasContact(stack, "+16045550104"));
  });
});

Deno.test("--fresh drops the data, also what an orphaned Postgres still holds", async () => {
  const data = newFolder();
  const killed = await spawnStack({ data });
  assert.equal(await createContact(killed, "+16045550105"), 201);
  await killed.kill();
  await withStack({ data, args: ["--fresh"] }, async (stack) => {
    assert.ok(!await hasContact(stack, "+16045550105"));
  });
});

Deno.test("a failing migration is named with its error, and nothing is left running", async () => {
  const data = newFolder();
  const project = await copyProject();
  const file = join(project, "supabase", "migrations", "29990101000000_bad.sql");
  await Deno.writeTextFile(file, "create table public.half ();\nselect 1 / 0;\n");
  const { line, exitCode } = await failure({ data, env: { LEADBASE_PROJECT: project } });
  assert.equal(exitCode, 1);
  assert.match(line, /^Migration 29990101000000_bad\.sql failed: ERROR: division by zero/);
  assert.ok(!await isRunning(data));
  assert.ok(!await exists(join(data, "credentials.json")));

  // Mended, it goes on where it stopped: the failed file left nothing behind.
  await Deno.writeTextFile(file, "create table public.half ();\n");
  await withStack({ data, env: { LEADBASE_PROJECT: project } }, async () => {});

  await Deno.writeTextFile(file, "create table public.other ();\n");
  const edited = await failure({ data, env: { LEADBASE_PROJECT: project } });
  assert.match(edited.line, /^Migration 29990101000000_bad\.sql is not what was applied .*--fresh/);
  assert.ok(!await isRunning(data));
});

Deno.test("--db-url runs on an existing Postgres that has nothing of Supabase's", async () => {
  await withStack({ data: newFolder() }, async ({ adminDatabaseUrl }) => {
    const admin = postgres(adminDatabaseUrl, { max: 1 });
    await admin`create database bare owner postgres`;
    await admin.end();
    const url = new URL(adminDatabaseUrl);
    url.pathname = "/bare";
    const data = newFolder();
    await withStack({ data, args: ["--db-url", url.href] }, async (stack) => {
      assert.equal(stack.credentials.database_url, url.href);
      assert.equal(await createContact(stack, "+16045550106"), 201);
      assert.ok(!await exists(join(data, "postgres")));
    });
  });
});

Deno.test("an unknown flag is refused with exit code 2", async () => {
  const { line, exitCode } = await failure({ data: newFolder(), args: ["--frsh"] });
  assert.equal(exitCode, 2);
  assert.match(line, /^unknown option --frsh/);
});
