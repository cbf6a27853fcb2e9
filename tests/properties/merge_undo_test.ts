/**
 * A merge and its undo leave every row of every table as it was, whatever the two contacts have been
 * through, whoever merged them, and whatever WhatsApp delivers again meanwhile and afterwards.
 *
 * Not compared is what says that it was done: the activity log, contact_merges and what both add to
 * contact_history; versions, updated_at and control_epoch, which only rise; the pace of sending,
 * which is never forgotten.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { createContact } from "../support/contacts.ts";
import { type Sql, withDatabase } from "../support/database.ts";
import { merge, undo, UNTOUCHED } from "../support/merging.ts";
import { snapshot, strayHistory, withoutNewHistory, WRITTEN } from "../support/snapshot.ts";
import { makeWorkspace } from "../support/workspace.ts";
import { deliver } from "../webhook/hook.ts";
import { anyEvents, happen, setRules, setStage, type Stage } from "./merging/happenings.ts";
import { holds } from "./runs.ts";

/** Who merges: a caller, or WhatsApp's updates, in a session of any time zone. */
type Manner = "asked" | "automatic";

async function mergeSomehow(
  sql: Sql,
  { workspace, people }: Stage,
  manner: Manner,
): Promise<string> {
  const [one, two] = people;
  if (manner === "asked") return await merge(workspace.agent, one.id, two.id);
  return await sql.begin(async (tx) => {
    await tx`set local timezone = 'Asia/Kathmandu'`;
    await tx`select private.merge_contacts(array[${one.id}::uuid, ${two.id}::uuid])`;
    const [{ id }] = await tx<{ id: string }[]>`
      select id from public.contact_merges where workspace_id = ${workspace.id} order by id desc limit 1`;
    return id;
  });
}

const anyCase = fc.record({
  events: anyEvents,
  hasPhone: fc.boolean(),
  manner: fc.constantFrom<Manner>("asked", "automatic"),
  // Somebody who went up in one of the two before.
  earlier: fc.constantFrom(null, 0, 1),
});

Deno.test("merge and undo is the identity, row by row over all tables", async () => {
  const workspace = await makeWorkspace();
  await setRules(workspace);
  await withDatabase(async (sql) => {
    await holds(
      fc.asyncProperty(anyCase, async ({ events, hasPhone, manner, earlier }) => {
        const stage = await setStage(workspace, hasPhone);
        await happen(stage, events);
        if (earlier !== null) {
          const { id } = await createContact(workspace.key, { tags: ["Earlier"] });
          await merge(workspace.key, stage.people[earlier].id, id);
        }
        const before = await snapshot(sql, workspace.id, WRITTEN);
        const mergeId = await mergeSomehow(sql, stage, manner);
        for (const told of stage.delivered) await deliver(told);
        const { touched } = await undo(workspace.agent, mergeId);
        const now = async () =>
          withoutNewHistory(await snapshot(sql, workspace.id, WRITTEN), before);
        assert.deepEqual(await now(), before);
        assert.deepEqual(touched, UNTOUCHED);
        for (const told of stage.delivered) await deliver(told);
        assert.deepEqual(await now(), before);
        assert.deepEqual(await strayHistory(sql, workspace.id), []);
      }),
      40,
    );
  });
});
