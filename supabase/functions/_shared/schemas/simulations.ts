/** Simulations of scoring: what changed rules would do. */
import * as z from "zod";
import { lazy } from "../route.ts";
import { CONTACT_EXAMPLE } from "./examples.ts";
import { GRADE } from "./enums.ts";
import { uuid } from "./fields.ts";
import { category, SIGNAL_EXAMPLE, signalChange } from "./scoring.ts";
import { threshold, weight } from "./settings.ts";

const NEEDED = ["name", "kind", "category", "points"] as const;

const signal = z.strictObject({
  id: uuid.optional().meta({ description: "Of one that there is; without it the signal is new." }),
  ...signalChange.shape,
  is_deleted: z.boolean().optional().meta({ description: "As if it were deleted." }),
}).check((ctx) => {
  const { id, is_deleted } = ctx.value;
  if (id !== undefined) return;
  const missing = is_deleted === undefined
    ? NEEDED.filter((name) => ctx.value[name] === undefined)
    : ["id"];
  for (const name of missing) {
    ctx.issues.push({
      code: "custom",
      params: { code: "required" },
      message: `${name} is required.`,
      path: [name],
      input: ctx.value,
    });
  }
});

/** Body of a simulation: a change as it would be made. */
export const simulatedChange = z.strictObject({
  signals: z.array(signal).max(500).optional(),
  weights: z.record(category, weight.nullable()).optional().meta({
    description: "As in the settings.",
    example: { intent: 2 },
  }),
  grades: z.strictObject({
    A: threshold,
    B: threshold,
    C: threshold,
    D: threshold,
    E: threshold,
  }).partial().optional().meta({ description: "As in the settings." }),
});

const grade = z.enum(GRADE).nullable();

export const simulation = lazy(() =>
  z.strictObject({
    id: z.guid(),
    status: z.enum(["running", "completed", "failed"]),
    contacts: z.int().meta({ description: "Of the workspace." }),
    done: z.int().meta({ description: "How many of them have been looked at." }),
    changed: z.int().meta({ description: "How many of those would have another grade." }),
    by_change: z.array(z.strictObject({ from: grade, to: grade, contacts: z.int() })),
    examples: z.array(z.strictObject({
      contact_id: z.guid(),
      name: z.string().nullable(),
      old_score: z.int(),
      new_score: z.int(),
      old_grade: grade,
      new_grade: grade,
    })).meta({ description: "20 at most." }),
    error: z.string().nullable().meta({ description: "Why it failed." }),
  }).meta({ id: "ScoringSimulation" })
);

export const SIMULATION_EXAMPLE = {
  id: "0198f6c2-d244-7a43-9f72-9c315e4dc051",
  status: "completed",
  contacts: 1200,
  done: 1200,
  changed: 35,
  by_change: [{ from: "C", to: "B", contacts: 31 }, { from: null, to: "D", contacts: 4 }],
  examples: [{
    contact_id: CONTACT_EXAMPLE.id,
    name: CONTACT_EXAMPLE.name,
    old_score: 55,
    new_score: 65,
    old_grade: "C",
    new_grade: "B",
  }],
  error: null,
};

export const SIMULATED_EXAMPLE = {
  signals: [{ id: SIGNAL_EXAMPLE.id, points: 20 }],
  weights: { intent: 2 },
};
