/**
 * KPIs against a model that has nothing but the contacts, over random histories: all groups and
 * ranges at every step, and at the end once more what was answered at each.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { withDatabase } from "../support/database.ts";
import { momentOf, readKpis } from "../support/kpis.ts";
import type { AnyKpis } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";
import { anyStep, Story } from "./kpis/story.ts";
import { expectedKpis, type Range } from "./kpis/model.ts";
import { holds } from "./runs.ts";

const ZONES = ["UTC", "America/Vancouver", "Asia/Kolkata", "Pacific/Kiritimati"];
const DAYS = ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02", "2026-03-08", "2026-03-31"];
const BY = "status,source,stage,grade,assignee,day";

const anyBound = fc.option(fc.constantFrom(...DAYS));
const anyRange = fc.tuple(anyBound, anyBound)
  .filter(([from, to]) => from === null || to === null || from < to)
  .map(([from, to]): Range => ({ ...(from ? { from } : {}), ...(to ? { to } : {}) }));
const anyHistory = fc.record({
  steps: fc.array(anyStep, { minLength: 1, maxLength: 12 }),
  zone: fc.constantFrom(...ZONES),
  range: anyRange,
  includeTest: fc.boolean(),
  fold: fc.nat({ max: 6 }),
});

/** What was answered, and what was asked for. */
interface Told {
  as_of: string;
  include_test: string;
  answer: AnyKpis;
}

/** The fields that the model knows. */
function counted(kpis: AnyKpis): AnyKpis {
  const {
    from: _,
    to: __,
    won: ___,
    opened_conversations: ____,
    first_response,
    resolution,
    ...rest
  } = kpis;
  assert.equal(first_response === undefined, resolution === undefined);
  return rest;
}

async function assertCounts(story: Story, range: Range, include_test: string): Promise<void> {
  for (const asked of [{}, range]) {
    const read = await readKpis(story.workspace.key, { ...asked, by: BY, include_test });
    const expected = expectedKpis(story, asked, include_test === "true");
    assert.deepEqual(counted(read), expected, JSON.stringify(asked));
  }
}

Deno.test("KPIs are those of a plain model, now, of any range, and at any moment before", async () => {
  await withDatabase(async (sql) => {
    await holds(
      fc.asyncProperty(anyHistory, async ({ steps, zone, range, includeTest, fold }) => {
        const story = new Story(await makeWorkspace(), zone, sql);
        await sql`update public.workspaces set time_zone = ${zone} where id = ${story.workspace.id}`;
        const told: Told[] = [];
        for (const step of steps) {
          await story.live(step);
          for (const include_test of ["false", "true"]) {
            const answer = await readKpis(story.workspace.key, { by: "stage", include_test });
            told.push({ as_of: await momentOf(sql), include_test, answer });
          }
          await assertCounts(story, range, String(includeTest));
          await sql`select private.fold_contact_kpis(${story.workspace.id}, ${fold})`;
        }
        for (const { answer, ...asked } of told) {
          const { as_of: _, ...then } = await readKpis(story.workspace.key, {
            ...asked,
            by: "stage",
          });
          assert.deepEqual(then, answer, asked.as_of);
        }
      }),
      30,
    );
  });
});
