/** The server dies in the middle of everything: nothing that it acknowledged is lost or doubled. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { spawnStack } from "../../scripts/spawn.ts";
import { contacts, messages } from "./kinds.ts";
import { assertKept } from "./ledger.ts";
import { sendAgain, startLoad, type Told, untilAcknowledged } from "./load.ts";

const ROUNDS = 3;

Deno.test("SIGKILL while eight senders write: acknowledged is there once, the rest can be sent again", async () => {
  const data = join(await Deno.makeTempDir({ prefix: "leadbase-kill-" }), "data");
  const everything: Told[] = [];
  let stack = await spawnStack({ data });
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const load = startLoad(stack.credentials, { kinds: [contacts, messages] });
      await untilAcknowledged(load.told, 150 + 50 * round);
      await stack.kill();
      const told = await load.stop();
      // The load was still going when the server died.
      assert.equal(told.some(({ status }) => status === 0), true);
      assert.deepEqual(told.filter((one) => ![0, 200, 201].includes(one.status)), []);
      everything.push(...told);

      stack = await spawnStack({ data });
      await assertKept(stack.credentials.database_url, everything);
      everything.push(...await sendAgain(stack.credentials, told));
      await assertKept(stack.credentials.database_url, everything);
    }
  } finally {
    await stack.stop();
    await Deno.remove(join(data, ".."), { recursive: true });
  }
});
