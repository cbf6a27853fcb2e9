/**
 * Scores against a plain model that has the ledger and the rules, and the ledger against one that
 * has the words of the messages; what is kept against what comes out of nothing; simulations
 * against the change itself; merges against their undo.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { withDatabase } from "../support/database.ts";
import { merge, undo } from "../support/merging.ts";
import { assertRebuilt } from "../support/rebuild.ts";
import { rescored, simulate } from "../support/scoring.ts";
import type { ScoringSignal } from "../support/types.ts";
import { holds } from "./runs.ts";
import { apply, bodyOf } from "./scoring/changes.ts";
import { type Rules, scoringOf } from "./scoring/model.ts";
import { contactsOf, type Graded, gradedOf, ledgerOf, rulesOf } from "./scoring/reading.ts";
import { lastWords, live, type Stage } from "./scoring/stage.ts";
import { anyStory, type Change, type Story } from "./scoring/story.ts";

/** What the ledger has to hold: whose, which signal or how many points, which message, when. */
function expectedLedger(story: Story, stage: Stage, signals: readonly ScoringSignal[]): string[] {
  const line = (who: number, counts: string, wamid: string | null, seconds: number) =>
    JSON.stringify([who, counts, wamid, new Date(seconds * 1000).toISOString()]);
  const known = new Set(signals.map(({ id }) => id));
  const given = stage.given.flatMap(({ who, signals: shown, points, at }) =>
    shown.length === 0
      ? [line(who, String(points), null, at)]
      : shown.filter((id) => known.has(id)).map((id) => line(who, id, null, at))
  );
  const shown = story.messages.flatMap((message, n) => {
    const words = lastWords(message);
    return signals.filter(({ kind, is_active, language, keywords }) =>
      words !== null && kind === "keyword" && is_active &&
      (language === null || language === words.language) &&
      keywords.some((keyword) => words.keywords.includes(keyword))
    ).map(({ id }) => line(message.who, id, stage.wamids[n], stage.now - message.age));
  });
  return [...given, ...shown].sort();
}

async function assertLedger(story: Story, stage: Stage, { signals }: Rules): Promise<void> {
  const messages = await withDatabase((sql) =>
    sql<{ id: string; wa_message_id: string; language: string }[]>`
      select id, wa_message_id, sentiment_language as language from public.messages
      where workspace_id = ${stage.workspace.id}`
  );
  const wamids = new Map(messages.map(({ id, wa_message_id }) => [id, wa_message_id]));
  const languages = new Map(messages.map((one) => [one.wa_message_id, one.language]));
  for (const [n, message] of story.messages.entries()) {
    // What is claimed of the ledger goes by it.
    const words = lastWords(message);
    if (words) assert.equal(languages.get(stage.wamids[n]), words.language, words.body);
  }
  const found = await Promise.all(
    stage.people.map(async ({ id }, who) =>
      (await ledgerOf(stage, id)).map((event) =>
        JSON.stringify([
          who,
          event.signal_id ?? String(event.points),
          event.message_id && wamids.get(event.message_id),
          new Date(event.occurred_at).toISOString(),
        ])
      )
    ),
  );
  assert.deepEqual(found.flat().sort(), expectedLedger(story, stage, signals));
}

/** Score and grade of every contact are what its ledger comes to. */
async function assertScores(stage: Stage, rules: Rules): Promise<void> {
  for (const { id, score, grade } of await contactsOf(stage)) {
    const expected = scoringOf(await ledgerOf(stage, id), rules, Date.now());
    assert.deepEqual({ score, grade }, expected, id);
  }
}

/** Whose grades a change changes, and into which, is what its simulation says. */
async function assertSimulated(stage: Stage, change: Change, rules: Rules): Promise<void> {
  const given = bodyOf(change, rules);
  const before = await gradedOf(stage);
  const { status, changed, examples } = await simulate(stage.workspace.admin, given);
  assert.equal(status, "completed");
  assert.deepEqual(await gradedOf(stage), before, "a simulation changes nothing");
  await apply(stage, given);
  const after = await gradedOf(stage);
  const line = (id: string, old: Graded, now: Graded) =>
    JSON.stringify([id, old.score, old.grade, now.score, now.grade]);
  const expected = [...before.values()].filter(({ id, grade }) => after.get(id)!.grade !== grade)
    .map((old) => line(old.id, old, after.get(old.id)!)).sort();
  const told = examples.map((one) =>
    JSON.stringify([
      one.contact_id,
      one.old_score,
      one.old_grade,
      one.new_score,
      one.new_grade,
    ])
  ).sort();
  assert.deepEqual([changed, told], [expected.length, expected]);
}

/** Two contacts in one have the score of both ledgers together; taken apart, each has its own. */
async function assertMerged(stage: Stage, rules: Rules): Promise<void> {
  const { workspace, people: [one, two] } = stage;
  const before = await gradedOf(stage);
  const together = [...await ledgerOf(stage, one.id), ...await ledgerOf(stage, two.id)];
  const mergeId = await merge(workspace.key, one.id, two.id);
  const merged = (await gradedOf(stage)).get(one.id)!;
  const { score, grade } = merged;
  assert.deepEqual({ score, grade }, scoringOf(together, rules, Date.now()));
  await undo(workspace.key, mergeId);
  assert.deepEqual(await gradedOf(stage), before, "a merge that is undone");
}

/** Rules that change while two contacts are one have changed for both when they are two again. */
async function assertChangedMeanwhile(story: Story, stage: Stage, rules: Rules): Promise<void> {
  const { workspace, people: [one, two] } = stage;
  const mergeId = await merge(workspace.key, one.id, two.id);
  await apply(stage, bodyOf(story.later, rules));
  await undo(workspace.key, mergeId);
  const changed = await rulesOf(stage);
  await assertLedger(story, stage, changed);
  await assertScores(stage, changed);
}

Deno.test("scores are the ledger's by the rules, the ledger is what was said, and nothing depends on how it came", async () => {
  await withDatabase(async (sql) => {
    await holds(
      fc.asyncProperty(anyStory, async (story) => {
        const stage = await live(story);
        await rescored(stage.workspace);
        const rules = await rulesOf(stage);
        await assertLedger(story, stage, rules);
        await assertScores(stage, rules);
        await assertRebuilt(sql, stage.workspace.id);
        for (const change of story.changes) {
          await assertSimulated(stage, change, await rulesOf(stage));
        }
        const changed = await rulesOf(stage);
        await assertLedger(story, stage, changed);
        await assertScores(stage, changed);
        await assertMerged(stage, changed);
        await assertChangedMeanwhile(story, stage, changed);
        await assertRebuilt(sql, stage.workspace.id);
      }),
      20,
    );
  });
});
