import assert from "node:assert/strict";
import type { Aim } from "./cases.ts";
import type { Latency } from "./latency.ts";
import { growth, line, type Measured, verdict } from "./verdicts.ts";

const took = (p50: number, rows = 50, p95 = p50): Latency => ({ p50, p95, rows });
const HEALTH = [took(1), took(1)];

function measured(aim: Aim, small: Latency, large: Latency): Measured {
  return { one: { name: "a|b", paths: ["/x"], aim }, latencies: [small, large] };
}

Deno.test("growth compares the largest workspace with the smallest, whatever is between", () => {
  assert.equal(growth({ latencies: [took(4), took(1), took(6)] }), 1.5);
  assert.equal(growth({ latencies: [took(4, 3), took(6)] }), 1.5);
});

Deno.test("an aim is missed above its limit only", () => {
  const cases: [Aim, Latency, Latency, boolean][] = [
    [{ kind: "ratio", most: 1.5 }, took(4), took(6), false],
    [{ kind: "ratio", most: 1.5 }, took(4), took(6.1), true],
    [{ kind: "p95", most: 25 }, took(1), took(1, 50, 25), false],
    [{ kind: "p95", most: 25 }, took(30), took(1, 50, 25.1), true],
    [{ kind: "over health", most: 2 }, took(9), took(3), false],
    [{ kind: "over health", most: 2 }, took(1), took(3.1), true],
  ];
  for (const [aim, small, large, missed] of cases) {
    assert.equal(verdict(measured(aim, small, large), HEALTH)[1], missed, JSON.stringify(aim));
  }
});

Deno.test("a line has every size, and says what is missed", () => {
  const cells = line(measured({ kind: "ratio", most: 1.5 }, took(4, 50, 5), took(8)), HEALTH);
  assert.deepEqual(cells, [
    ...["a\\|b", "4.00", "5.00", "50", "8.00", "8.00", "50", "2.00 ×", "≤ 1.5 ×, **missed**"],
  ]);
});
