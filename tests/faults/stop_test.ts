/** A server that is told to stop answers everything that it has taken on. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { spawnStack } from "../../scripts/spawn.ts";
import { contacts, messages } from "./kinds.ts";
import { assertKept, storedCounts, withSql } from "./ledger.ts";
import { isAcknowledged, startLoad, untilAcknowledged } from "./load.ts";

Deno.test("SIGTERM under load: whatever was stored was also answered", async () => {
  const folder = await Deno.makeTempDir({ prefix: "leadbase-stop-" });
  const data = join(folder, "data");
  try {
    const stopped = await spawnStack({ data });
    const load = startLoad(stopped.credentials, { kinds: [contacts, messages] });
    await untilAcknowledged(load.told, 200);
    assert.equal(await stopped.stop(), 0, stopped.output());
    const told = await load.stop();
    // Answered well, told to come back, or too late to connect: nobody was cut off with a 500.
    const statuses = new Set(told.map(({ status }) => status));
    assert.deepEqual([...statuses].filter((status) => ![0, 200, 201, 503].includes(status)), []);

    const stack = await spawnStack({ data });
    try {
      await assertKept(stack.credentials.database_url, told);
      const counts = await withSql(
        stack.credentials.database_url,
        (sql) => storedCounts(sql, told),
      );
      const unanswered = told.filter((one) =>
        !isAcknowledged(one) && counts.get(one)!.some((count) => count > 0)
      );
      assert.deepEqual(unanswered, []);
    } finally {
      assert.equal(await stack.stop(), 0);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
