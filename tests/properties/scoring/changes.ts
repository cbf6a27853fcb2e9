/** Changes of the rules, made over HTTP. */
import assert from "node:assert/strict";
import { createSignal, rescored, signalBody } from "../../support/scoring.ts";
import type { ScoringSignal } from "../../support/types.ts";
import type { Rules } from "./model.ts";
import type { Stage } from "./stage.ts";
import type { Change } from "./story.ts";

/** The changes of signals, each signal once, as a simulation is given them. */
function signalChanges(change: Change, signals: readonly ScoringSignal[]) {
  const of = (which: number) => signals[which % signals.length].id;
  const changes = new Map<string, Record<string, unknown>>();
  const known = signals.length > 0;
  for (const { which, fields } of known ? change.changed : []) {
    changes.set(of(which), { id: of(which), ...fields });
  }
  if (known && change.deleted !== null) {
    changes.set(of(change.deleted), { id: of(change.deleted), is_deleted: true });
  }
  return [...changes.values(), ...change.added.map((fields) => signalBody(fields))];
}

/** Makes it, and waits until it counts for the past as well. */
export async function apply(stage: Stage, change: Record<string, unknown>): Promise<void> {
  const { signals, ...settings } = change as { signals: Record<string, unknown>[] };
  const { admin } = stage.workspace;
  for (const { id, is_deleted, ...fields } of signals) {
    if (id === undefined) await createSignal(admin, fields);
    else {
      const method = is_deleted ? "DELETE" : "PATCH";
      const options = is_deleted ? {} : { body: fields };
      const answer = await admin.call(method, `scoring-signals/${id}`, options);
      assert.ok([200, 204].includes(answer.status), answer.text);
    }
  }
  const answer = await admin.call("PATCH", "settings", { body: settings });
  assert.equal(answer.status, 200, answer.text);
  await rescored(stage.workspace);
}

/** A change as the API is given it. */
export const bodyOf = (change: Change, { signals }: Rules) => ({
  signals: signalChanges(change, signals),
  ...(change.weights === null ? {} : { weights: change.weights }),
  ...(change.grades === null ? {} : { grades: change.grades }),
});
