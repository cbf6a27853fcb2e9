/** Tests that say "nobody deadlocks" would see it. */
import assert from "node:assert/strict";
import { withDatabase } from "./support/database.ts";
import { deadlocks } from "./support/deadlocks.ts";

Deno.test("two who wait for each other are reported", async () => {
  const before = (await deadlocks()).length;
  const [one, two] = Array.from(crypto.getRandomValues(new Int32Array(2)));
  await withDatabase(async (sql) => {
    let arrived = 0;
    let open = () => {};
    const both = new Promise<void>((resolve) => open = resolve);
    const take = (first: number, second: number) =>
      sql.begin(async (tx) => {
        await tx`select pg_advisory_xact_lock(${first})`;
        if (++arrived === 2) open();
        await both;
        await tx`select pg_advisory_xact_lock(${second})`;
      });
    const results = await Promise.allSettled([take(one, two), take(two, one)]);
    assert.equal(results.filter(({ status }) => status === "rejected").length, 1);
  }, 2);
  const reports = (await deadlocks()).slice(before);
  assert.equal(reports.length, 1);
  assert.match(reports[0], /DETAIL: {2}Process \d+ waits for .*pg_advisory_xact_lock/s);
});
