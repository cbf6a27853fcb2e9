import assert from "node:assert/strict";
import { isStorable, replaceUnstorable, unstorablePath } from "./text.ts";

Deno.test("what Postgres can hold", () => {
  for (const text of ["", "é", "👍", "\ufffd", "\\u0000"]) {
    assert.equal(isStorable(text), true, text);
  }
  for (const text of ["\u0000", "a\u0000b", "\ud83d", "\udc4d", "\udc4d\ud83d"]) {
    assert.equal(isStorable(text), false);
  }
});

Deno.test("the path to what it cannot hold", () => {
  assert.equal(unstorablePath({ a: ["b", { c: null, d: 1 }] }), undefined);
  assert.deepEqual(unstorablePath({ a: ["b", { c: "\u0000" }] }), ["a", "1", "c"]);
  assert.deepEqual(unstorablePath({ a: { "\ud800": 1 } }), ["a"]);
  assert.deepEqual(unstorablePath("\u0000"), []);
});

const REPLACED: [json: string, expected: string][] = [
  ['{"a":"x\\u0000y"}', '{"a":"x\\ufffdy"}'],
  ['"\\ud83d\\udc4d"', '"\\ud83d\\udc4d"'],
  ['"\\uD83D\\uDC4D"', '"\\uD83D\\uDC4D"'],
  ['"\\ud83d"', '"\\ufffd"'],
  ['"\\ud83d\\ud83d\\udc4d"', '"\\ufffd\\ud83d\\udc4d"'],
  ['"\\udc4d\\ud83d"', '"\\ufffd\\ufffd"'],
  ['"\\ud83d\\u0041"', '"\\ufffd\\u0041"'],
  ['"\\\\u0000"', '"\\\\u0000"'],
  ['"\\\\\\u0000"', '"\\\\\\ufffd"'],
  ['"\\\\ud83d"', '"\\\\ud83d"'],
  [
    '{"\\u0000":12345678901234567890, "url":"https:\\/\\/x"}',
    '{"\\ufffd":12345678901234567890, "url":"https:\\/\\/x"}',
  ],
  ['"é👍 \\u00e9"', '"é👍 \\u00e9"'],
];

for (const [json, expected] of REPLACED) {
  Deno.test(`${json} is stored as ${expected}`, () => {
    assert.equal(replaceUnstorable(json), expected);
    assert.equal(unstorablePath(JSON.parse(replaceUnstorable(json))), undefined);
  });
}
