/** Postgres dies and the server is told to stop, or nothing helps: it ends in good order. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { spawnStack } from "../../scripts/spawn.ts";
import { isAlive } from "../../scripts/stack/process.ts";
import { pause } from "./load.ts";
import { postmasterPid } from "./postmaster.ts";

async function withData(use: (data: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "leadbase-supervisor-" });
  try {
    await use(join(folder, "data"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a stop while Postgres is away: exit code 0, and nothing is left running", async () => {
  await withData(async (data) => {
    // Before the loss is seen, while Postgres starts, about when it is back.
    for (const moment of [0, 300, 600]) {
      const stack = await spawnStack({ data });
      const killed = await postmasterPid(data);
      Deno.kill(killed, "SIGKILL");
      await pause(moment);
      assert.equal(await stack.stop(), 0, stack.output());
      const left = await postmasterPid(data).catch(() => killed);
      assert.equal(isAlive(left), false, `Postgres runs after a stop ${moment} ms after its end`);
    }
  });
});

Deno.test("a Postgres that cannot come back ends the server, which says why", async () => {
  await withData(async (data) => {
    const stack = await spawnStack({ data });
    const port = Number(new URL(stack.credentials.database_url).port);
    Deno.kill(await postmasterPid(data), "SIGKILL");
    // Somebody else has the port before the loss is seen, and keeps it.
    using _taken = await listenSoon(port);
    const began = Date.now();
    assert.equal(await stack.ended, 1, stack.output());
    assert.equal(Date.now() - began > 20_000, true, "it gave up before a passing fault may pass");
    assert.match(
      stack.output(),
      /does not come back; the server stops\. Postgres does not start: .*\n/,
    );
    await assert.rejects(fetch(`${stack.credentials.url}/health`));
  });
});

/** A killed process lets go of its port a little later. */
async function listenSoon(port: number): Promise<Deno.TcpListener> {
  for (let attempt = 1;; attempt++) {
    try {
      return Deno.listen({ hostname: "127.0.0.1", port });
    } catch (error) {
      if (attempt === 100) throw error;
      await pause(2);
    }
  }
}
