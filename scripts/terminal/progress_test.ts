import assert from "node:assert/strict";
import { Progress } from "./progress.ts";

function written(isTerminal: boolean, percents: number[]): string {
  let text = "";
  const progress = new Progress({ isTerminal, columns: 80, write: (more) => text += more });
  for (const percent of percents) progress.show("Importing", percent);
  progress.clear();
  return text;
}

Deno.test("a terminal has a bar that is drawn over, everything else a line a tenth", () => {
  assert.equal(
    written(false, [0, 1, 9, 10, 55, 56, 100]),
    [0, 10, 55, 100].map((n) => `Importing ${n} %\n`).join(""),
  );
  const bar = written(true, [0, 50, 100]);
  assert.equal(bar.split("\r").length, 5);
  assert.match(bar, /\rImporting {2}█{15}░{15} {2}50 %/);
  assert.equal(bar.includes("\n"), false);
});
