import assert from "node:assert/strict";
import { LEXICON_PATH } from "../sentiment_lexicon.ts";
import { renderLexicon } from "./migration.ts";
import { CODE, codeOf } from "./pack.ts";
import { LANGUAGES } from "./libraries.ts";
import { parseSupplement, readSupplement } from "./supplement.ts";

Deno.test("the migration is what the libraries and our own words make", async () => {
  assert.equal(await Deno.readTextFile(LEXICON_PATH), await renderLexicon());
});

Deno.test("lines of a kind and its words", () => {
  const { roles, words } = parseSupplement(
    "# why\n1.4 good fine\nneg not\nexpect:2 answers\nknown hello\n0 fine\n",
  );
  assert.deepEqual(Object.fromEntries(roles), {
    good: { valence: 1.4 },
    fine: { valence: 0 },
    not: { role: "negator" },
    answers: { expected: 2 },
  });
  assert.deepEqual([...words], ["good", "fine", "not", "answers", "hello"]);
  assert.throws(() => parseSupplement("nonsense word\n"), /no kind of word "nonsense"/);
});

Deno.test("a code has six bits, and no two meanings", () => {
  assert.equal(codeOf({ valence: 0 }), 0);
  assert.equal(codeOf({ valence: 0.04 }), 0);
  assert.equal(codeOf({ valence: -0.2 }), CODE.zero - 1);
  assert.equal(codeOf({ valence: 9 }), 45);
  assert.equal(codeOf({ valence: -9 }), 1);
  assert.equal(codeOf({ role: "negator" }), 46);
  assert.equal(codeOf({ expected: 0.4 }), 54);
  assert.equal(codeOf({ expected: 9 }), 62);
  assert.equal(codeOf({ role: "greeting" }), 63);
});

for (const name of [...LANGUAGES, "emoji"]) {
  Deno.test(`our own words of ${name} are words`, async () => {
    const { words } = await readSupplement(name);
    const pattern = name === "emoji" ? /^\p{Extended_Pictographic}$/u : /^\p{L}+$/u;
    assert.deepEqual([...words].filter((word) => !pattern.test(word)), []);
  });
}
