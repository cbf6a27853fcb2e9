import assert from "node:assert/strict";
import { parseOptions } from "./options.ts";

Deno.test("names and options are told apart, the rest is as documented", () => {
  assert.deepEqual(parseOptions(["ingest", "--connections", "8", "--scale=0.1"]), {
    names: ["ingest"],
    options: { connections: 8, seconds: 5, rounds: 3, scale: 0.1, silent: 0 },
  });
});

Deno.test("what is no number above 0 and what is not known are refused", () => {
  for (const args of [["--rounds", "0"], ["--rounds", "x"], ["--speed", "3"], ["--rounds"]]) {
    assert.throws(() => parseOptions(args), String(args));
  }
});
