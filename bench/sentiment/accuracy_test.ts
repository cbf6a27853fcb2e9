import assert from "node:assert/strict";
import { accuracyOf } from "./accuracy.ts";
import { LANGUAGES, type Level, LEVELS, readSamples, readUnknown } from "./samples.ts";

const pair = (level: Level, read: Level) => ({ level, read });

Deno.test("what is read right is 1, and what is read wrong is 0", () => {
  const right = LEVELS.map((level) => pair(level, level));
  assert.deepEqual(accuracyOf(right), { five: 1, three: 1, macroF1: 1 });
  const wrong = [pair("positive", "negative"), pair("neutral", "positive")];
  assert.deepEqual(accuracyOf(wrong), { five: 0, three: 0, macroF1: 0 });
});

Deno.test("three classes forgive the degree, and F1 does not forgive a class that is never read", () => {
  const pairs = [
    pair("very_positive", "positive"),
    pair("neutral", "neutral"),
    pair("negative", "neutral"),
    pair("positive", "positive"),
  ];
  const { five, three, macroF1 } = accuracyOf(pairs);
  assert.deepEqual([five, three], [0.5, 0.75]);
  assert.ok(Math.abs(macroF1 - (0 + 2 / 3 + 1) / 3) < 1e-12);
});

for (const language of LANGUAGES) {
  Deno.test(`the labelled set of ${language} is large, balanced and apart from what tuned it`, async () => {
    const samples = await readSamples("labelled", language);
    assert.ok(samples.length >= 200);
    const texts = new Set(samples.map(({ text }) => text));
    assert.equal(texts.size, samples.length);
    for (const { text } of await readSamples("tuning", language)) {
      // Who says no more than hello says it everywhere.
      assert.ok(!texts.has(text) || text.split(" ").length < 3, text);
    }
    const share = (levels: Level[]) =>
      samples.filter(({ level }) => levels.includes(level)).length / samples.length;
    for (const side of [LEVELS.slice(0, 2), LEVELS.slice(2, 3), LEVELS.slice(3)]) {
      assert.ok(share([...side]) > 0.3);
    }
  });
}

Deno.test("there are sentences in languages that are not read", async () => {
  assert.ok((await readUnknown()).length >= 40);
});
