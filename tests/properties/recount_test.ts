/**
 * Whatever WhatsApp, the business and its team do to contacts, in any order: every counter, mark and
 * score that is kept is what the rows add up to, and hearing all of it once more changes nothing.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { withDatabase } from "../support/database.ts";
import { assertRebuilt } from "../support/rebuild.ts";
import { snapshot, WRITTEN } from "../support/snapshot.ts";
import { makeWorkspace } from "../support/workspace.ts";
import { differences } from "./recounting/recounts.ts";
import { anySteps, Story } from "./recounting/story.ts";
import { holds } from "./runs.ts";

Deno.test("what is counted is what the rows add up to, whatever happens to contacts", async () => {
  await withDatabase(async (sql) => {
    await holds(
      fc.asyncProperty(anySteps, async (steps) => {
        const story = new Story(await makeWorkspace());
        const { id } = story.workspace;
        for (const step of steps) {
          await story.live(step);
          assert.deepEqual(await differences(sql, id), []);
        }
        await assertRebuilt(sql, id);
        const before = await snapshot(sql, id, WRITTEN);
        await story.redeliver();
        assert.deepEqual(await snapshot(sql, id, WRITTEN), before);
      }),
      20,
    );
  });
});
