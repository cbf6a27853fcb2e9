import assert from "node:assert/strict";
import { query } from "../support/http.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import { createSignal } from "../support/scoring.ts";
import type { Page, ScoringSignal } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";

const { key, admin } = await makeWorkspace();
await createSignal((await makeWorkspace()).admin);

const KINDS = [
  { kind: "keyword", keywords: ["price"], language: "en" },
  { kind: "keyword", keywords: ["precio"] },
  { kind: "action", action: "booking_attempt", buying_intent: true },
  { kind: "manual", is_active: false },
  { kind: "ai", description: "Asks for a discount." },
];

/** Ten signals that differ in everything that can be asked for; the cases of names alternate. */
const signals: ScoringSignal[] = [];
for (let n = 0; n < 10; n++) {
  signals.push(
    await createSignal(admin, {
      name: `${n % 2 ? "s" : "S"}ignal ${(n * 7) % 10}`,
      points: n % 3 - 1 || 2,
      category: n % 4 === 0 ? "intent" : "fit",
      ...KINDS[n % KINDS.length],
    }),
  );
}

async function pages(
  parameters: Record<string, string>,
  limit: number,
): Promise<ScoringSignal[]> {
  const found: ScoringSignal[] = [];
  let cursor: string | undefined;
  do {
    const answer = await key.get<Page<ScoringSignal>>(
      `scoring-signals${query({ ...parameters, limit, cursor })}`,
    );
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.data.length <= limit, true);
    found.push(...answer.body.data);
    cursor = answer.body.next_cursor ?? undefined;
  } while (cursor);
  return found;
}

const names = (found: readonly ScoringSignal[]) => found.map(({ name }) => name);
const byName = signals.toSorted((a, b) => a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1);

const FILTERS: [Record<string, string>, (signal: ScoringSignal) => boolean][] = [
  [{}, () => true],
  [{ kind: "keyword" }, ({ kind }) => kind === "keyword"],
  [{ kind: "ai,manual" }, ({ kind }) => ["ai", "manual"].includes(kind)],
  [{ category: "intent" }, ({ category }) => category === "intent"],
  [{ language: "en,fr" }, ({ language }) => language === "en"],
  [{ action: "booking_attempt" }, ({ action }) => action === "booking_attempt"],
  [{ is_active: "false" }, ({ is_active }) => !is_active],
  [{ buying_intent: "true", category: "fit" }, (s) => s.buying_intent && s.category === "fit"],
  [{ kind: "keyword", action: "booking_attempt" }, () => false],
];

for (const [parameters, matches] of FILTERS) {
  Deno.test(`the signals that fit, page by page: ${JSON.stringify(parameters)}`, async () => {
    assert.deepEqual(names(await pages(parameters, 3)), names(byName.filter(matches)));
  });
}

const SORTS: [string, (a: ScoringSignal, b: ScoringSignal) => number][] = [
  ["name", (a, b) => byName.indexOf(a) - byName.indexOf(b)],
  ["created_at", (a, b) => signals.indexOf(a) - signals.indexOf(b)],
  ["points", (a, b) => a.points - b.points || signals.indexOf(a) - signals.indexOf(b)],
];

for (const [sort, order] of SORTS) {
  Deno.test(`sorted by ${sort}, and the other way round`, async () => {
    const sorted = signals.toSorted(order);
    assert.deepEqual(names(await pages({ sort }, 4)), names(sorted));
    assert.deepEqual(names(await pages({ sort: `-${sort}` }, 4)), names(sorted.toReversed()));
  });
}

Deno.test("what cannot be asked is refused; a cursor is for its own list", async () => {
  assertInvalid(await key.get("scoring-signals?kind=guess&is_active=maybe&sort=kind&color=red"), {
    "/kind/0": "invalid_value",
    "/is_active": "invalid_value",
    "/sort": "invalid_value",
    "/color": "unknown_parameter",
  });
  const { next_cursor } = (await key.get<Page<ScoringSignal>>("scoring-signals?limit=2")).body;
  const other = await key.get(`scoring-signals${query({ sort: "points", cursor: next_cursor! })}`);
  assertProblem(other, 400, "invalid_cursor");
});
