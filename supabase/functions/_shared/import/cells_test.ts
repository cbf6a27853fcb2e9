import assert from "node:assert/strict";
import { CellProblem, firstOf, flagOf, listOf, numberOf, plainText, wordOf } from "./cells.ts";

const LISTS: [string, string[]][] = [
  ["", []],
  ["a", ["a"]],
  ["a;b", ["a", "b"]],
  ["a, b ;c", ["a", "b", "c"]],
  [";;a,,", ["a"]],
  ['"VIP","Blog reader"', ["VIP", "Blog reader"]],
  ['VIP;"a, b; c";d', ["VIP", "a, b; c", "d"]],
  ['"say ""hi"""', ['say "hi"']],
  ['half "open', ['half "open']],
  ['"open, b', ['"open', "b"]],
  ["* myContacts ::: Friends ::: Super Bowl", ["Friends", "Super Bowl"]],
  ["* starred", []],
  ['"* starred";"a ::: b"', ["* starred", "a ::: b"]],
  ["a\nb", ["a\nb"]],
];
for (const [text, items] of LISTS) {
  Deno.test(`the list ${JSON.stringify(text)}`, () => assert.deepEqual(listOf(text), items));
}

const NUMBERS: [string, number | string][] = [
  ["0", 0],
  ["12", 12],
  ["-3.5", -3.5],
  ["+7", 7],
  ["1234.5", 1234.5],
  ["1234,5", 1234.5],
  ["1,5", 1.5],
  ["0,125", 0.125],
  ["0.125", 0.125],
  ["1,234.50", 1234.5],
  ["1.234,50", 1234.5],
  ["1 234,50", 1234.5],
  ["1\u00a0234,50", 1234.5],
  ["1'234.50", 1234.5],
  ["1,234,567", 1234567],
  ["1.234.567", 1234567],
  ["12.345.678,9", 12345678.9],
  ["$1,200.50", 1200.5],
  ["1.200,50 €", 1200.5],
  ["-$5", -5],
  ["- $ 5", -5],
  ["1,234", "ambiguous_number"],
  ["1.234", "ambiguous_number"],
  ["-12,345", "ambiguous_number"],
  ["1,23,456", "invalid_type"],
  ["1,234,56", "invalid_type"],
  ["1.234.5", "invalid_type"],
  ["1,234,567,5", "invalid_type"],
  ["1e5", "invalid_type"],
  ["0x10", "invalid_type"],
  ["NaN", "invalid_type"],
  ["12a", "invalid_type"],
  ["--1", "invalid_type"],
];
for (const [text, expected] of NUMBERS) {
  Deno.test(`the number ${text}`, () => {
    const found = numberOf(text);
    assert.equal(found instanceof CellProblem ? found.code : found, expected);
  });
}

Deno.test("a number is short: what is not is refused before it is looked through", () => {
  const begun = performance.now();
  for (const text of [`1${" ".repeat(100_000)}x`, `-${" ".repeat(100_000)}€x`, "1".repeat(65)]) {
    const found = numberOf(text);
    assert.equal(found instanceof CellProblem && found.code, "invalid_type");
  }
  assert.ok(performance.now() - begun < 1000);
  assert.equal(numberOf(`$${" ".repeat(62)}5`), 5);
  assert.equal(numberOf(`5${" ".repeat(62)}$`), 5);
});

Deno.test("one quote before a formula is taken off, and no other", () => {
  for (const sign of ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"]) {
    assert.equal(plainText(`'${sign}1`), `${sign}1`);
    assert.equal(plainText(`''${sign}1`), `'${sign}1`);
    assert.equal(plainText(`'''${sign}1`), `''${sign}1`);
  }
  for (const text of ["'quoted'", "'", "O'=", "", "=1"]) assert.equal(plainText(text), text);
});

Deno.test("flags are words of people and programs", () => {
  for (const word of ["true", "TRUE", "Yes", "y", "1", "x"]) assert.equal(flagOf(word), true);
  for (const word of ["false", "False", "NO", "n", "0"]) assert.equal(flagOf(word), false);
  for (const word of ["", "2", "maybe"]) assert.ok(flagOf(word) instanceof CellProblem);
});

Deno.test("words of a list are found in any case, others stay what they are", () => {
  const words = ["in_progress", "new", "Très-Chaud"];
  assert.equal(wordOf("In Progress", words), "in_progress");
  assert.equal(wordOf("in-progress", words), "in_progress");
  assert.equal(wordOf("NEW", words), "new");
  assert.equal(wordOf("très chaud", words), "Très-Chaud");
  assert.equal(wordOf("newer", words), "newer");
});

Deno.test("of Google's several values the first counts", () => {
  assert.equal(firstOf("+1 604 555 ::: +1 605"), "+1 604 555");
  assert.equal(firstOf("a@b.example"), "a@b.example");
});
