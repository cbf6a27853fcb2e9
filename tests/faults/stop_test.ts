/** A server that is told to stop answers everything that it has taken on. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { spawnStack } from "../../scripts/spawn.ts";
import { assertKept, storedCounts } from "./ledger.ts";
import { isAcknowledged, startLoad, untilAcknowledged } from "./load.ts";

Deno.test("SIGTERM under load: whatever was stored was also answered", async () => {
  const folder = await Deno.makeTempDir({ prefix: "leadbase-stop-" });
  const data = join(folder, "data");
  try {
    const stopped = await spawnStack({ data });
    const load = startLoad(stopped.credentials);
    await untilAcknowledged(load.told, 200);
    assert.equal(await stopped.stop(), 0, stopped.output());
    const told = await load.stop();
    // Before its end they were answered well, after it they could not connect: nothing between.
    assert.deepEqual(told.filter(({ status }) => ![0, 200, 201].includes(status)), []);

    const stack = await spawnStack({ data });
    try {
      await assertKept(stack.credentials.database_url, told);
      const counts = await storedCounts(stack.credentials.database_url, told);
      const unanswered = told.filter((one) => !isAcknowledged(one) && counts.get(one)! > 0);
      assert.deepEqual(unanswered, []);
    } finally {
      assert.equal(await stack.stop(), 0);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
