/**
 * However a story is cut, shuffled and repeated on its way here, it ends in the same rows, and in
 * those that the model (whatsapp/model.ts) says.
 *
 * Left out is what is about arrival itself: ids, created_at, updated_at and version; the activity
 * log, contact_merges and the deliveries, which record what we did when we heard of it; who the
 * router gave a new contact to, for that depends on who is there then; how often a contractor's
 * thread changed hands (control_epoch), because a bot that was told an epoch before we knew whose
 * thread it is must be refused, and since when they wait (escalated_at). Messages after a
 * conversation was resolved are no part of stories: people resolve it by our clock.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { withDatabase } from "../support/database.ts";
import { holds } from "./runs.ts";
import { tellAll } from "./whatsapp/deliveries.ts";
import { comparable, known } from "./whatsapp/known.ts";
import { expected } from "./whatsapp/model.ts";
import { found, renamed } from "./whatsapp/rows.ts";
import { setStage } from "./whatsapp/stage.ts";
import { freshCast, freshPeople } from "./whatsapp/story.ts";
import { anyTelling, plainly } from "./whatsapp/tellings.ts";

Deno.test("any order, partition and repetition of a story ends in the same rows", async () => {
  await withDatabase(async (sql) => {
    await holds(
      fc.asyncProperty(anyTelling, async ({ story, parts, ...manner }) => {
        const people = freshPeople(story);
        const plain = await setStage(sql, story, freshCast(people));
        await tellAll(sql, plain, plainly(story), { packed: false, overHttp: false });
        const other = await setStage(sql, story, freshCast(people));
        await tellAll(sql, other, parts, manner);
        const [usual, shuffled] = [await found(sql, plain), await found(sql, other)];
        assert.deepEqual(shuffled, usual);
        // Moods are kept as they come in; from all messages at once they are the same.
        await sql`
          select private.recount_sentiment(array(
            select c.id from public.contacts c where c.workspace_id = ${other.workspaceId}))`;
        assert.deepEqual((await found(sql, other)).contacts, shuffled.contacts);
        const told = renamed(expected(story, plain.cast), plain.cast);
        assert.deepEqual(comparable(known(usual)), comparable(told));
      }),
      200,
    );
  }, 4);
});
