import assert from "node:assert/strict";
import { assertInvalid } from "../support/problem.ts";
import { createSignal } from "../support/scoring.ts";
import type { Data, Page, ScoringSignal } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";

const { key, admin } = await makeWorkspace();

interface Template {
  business_type: string;
  signals: Omit<ScoringSignal, "id" | "is_active" | "created_at" | "updated_at">[];
}

const templates = (await key.get<Page<Template>>("scoring-signals/templates")).body.data;

type Applied = Data<{ added: ScoringSignal[]; kept: string[] }>;
const apply = (caller: typeof admin, business_type: string) =>
  caller.post<Applied>("scoring-signals/templates", { business_type });

Deno.test("there is a template for each kind of business", () => {
  assert.deepEqual(templates.map(({ business_type }) => business_type), [
    "real_estate",
    "retail",
    "clinic",
    "services",
    "education",
    "hospitality",
  ]);
  for (const { business_type, signals } of templates) {
    assert.equal(signals.length >= 10 && signals.length <= 20, true, business_type);
    assert.deepEqual(
      new Set(signals.map(({ kind }) => kind)),
      new Set(["keyword", "action", "ai", "manual"]),
    );
    assert.equal(signals.some(({ points }) => points < 0), true, business_type);
    assert.equal(signals.some(({ buying_intent }) => buying_intent), true, business_type);
    for (const { category } of signals) {
      assert.equal(["intent", "engagement", "fit", "sentiment"].includes(category), true, category);
    }
  }
});

for (const { business_type, signals } of templates) {
  Deno.test(`the template's signals become the workspace's own: ${business_type}`, async () => {
    const workspace = await makeWorkspace();
    const answer = await apply(workspace.admin, business_type);
    assert.equal(answer.status, 200, answer.text);
    const { added, kept } = answer.body.data;
    assert.deepEqual(kept, []);
    assert.deepEqual(
      added.map(({ id: _, is_active, created_at: __, updated_at: ___, ...signal }) => {
        assert.equal(is_active, true);
        return signal;
      }),
      signals,
    );
    const again = (await apply(workspace.admin, business_type)).body.data;
    assert.deepEqual(again, { added: [], kept: signals.map(({ name }) => name) });
    const list = await workspace.key.get<Page<ScoringSignal>>("scoring-signals");
    assert.equal(list.body.data.length, signals.length);
  });
}

Deno.test("a signal that has the name already stays as it is", async () => {
  const mine = await createSignal(admin, { name: "ASKS for the price" });
  const { added, kept } = (await apply(admin, "retail")).body.data;
  assert.deepEqual(kept, ["Asks for the price"]);
  assert.equal(added.some(({ name }) => /price/.test(name)), false);
  const read = await key.get<Data<ScoringSignal>>(`scoring-signals/${mine.id}`);
  assert.deepEqual(read.body.data, mine);
});

Deno.test("two templates share what every business hears", async () => {
  const { admin } = await makeWorkspace();
  const first = (await apply(admin, "clinic")).body.data.added.map(({ name }) => name);
  const { added, kept } = (await apply(admin, "education")).body.data;
  assert.equal(kept.length > 3 && kept.every((name) => first.includes(name)), true);
  assert.equal(added.length + kept.length, templates[4].signals.length);
});

Deno.test("whoever applies a template at once with another finds what that one has added", async () => {
  const { admin, key } = await makeWorkspace();
  const answers = await Promise.all([1, 2, 3, 4].map(() => apply(admin, "services")));
  for (const answer of answers) assert.equal(answer.status, 200, answer.text);
  const added = answers.flatMap(({ body }) => body.data.added.map(({ name }) => name));
  assert.deepEqual(added.sort(), templates[3].signals.map(({ name }) => name).sort());
  assert.equal((await key.get<Page<unknown>>("scoring-signals")).body.data.length, added.length);
});

Deno.test("no other kind of business has a template", async () => {
  const answer = await admin.post("scoring-signals/templates", { business_type: "farming" });
  assertInvalid(answer, { "/business_type": "invalid_value" });
});
