import assert from "node:assert/strict";
import { parseContactsOptions, PARTS } from "./options.ts";

Deno.test("parts and options are told apart; without parts it is all of them", () => {
  const { parts, options } = parseContactsOptions(["reads", "--contacts", "1000,10", "--rounds=1"]);
  assert.deepEqual(parts, ["reads"]);
  assert.deepEqual(options.contacts, [10, 1000]);
  assert.deepEqual([options.rounds, options.connections, options.data], [1, 16, undefined]);
  assert.deepEqual(parseContactsOptions([]).parts, [...PARTS]);
  const { options: usual } = parseContactsOptions([]);
  assert.deepEqual(usual.contacts, [10_000, 100_000, 1_000_000]);
  assert.deepEqual([usual.imported, usual.messages], [100_000, 100_000]);
});

Deno.test("what is no number above 0 and what is not known are refused", () => {
  for (
    const args of [["--contacts", "10,x"], ["--rounds", "0"], ["everything"], ["--speed", "1"]]
  ) {
    assert.throws(() => parseContactsOptions(args), String(args));
  }
});
