/** Pipelines and deals: what callers may write, and what they read. */
import * as z from "zod";
import { Constants } from "../database.types.ts";
import { lazy } from "../route.ts";
import { money } from "./contact.ts";
import { CONTACT_EXAMPLE } from "./examples.ts";
import { text, time, uuid } from "./fields.ts";
import { currency } from "./settings.ts";

export const DEAL_STATUS = Constants.public.Enums.deal_status;

const probability = z.int().min(0).max(100).meta({ description: "Percent." });
const stageFields = { name: text(1, 100).meta({ example: "Proposal" }), probability };

const stages = z.array(z.strictObject(stageFields)).min(1).max(50);

/** Body of a new pipeline. */
export const newPipeline = z.strictObject({
  name: text(1, 100),
  stages: stages.meta({ description: "In the order in which deals go through them." }),
  is_default: z.boolean().optional(),
});

/** Body of a changed pipeline. */
export const pipelineChange = z.strictObject({
  name: text(1, 100).optional(),
  stages: z.array(z.strictObject({ id: uuid.optional(), ...stageFields })).min(1).max(50).optional()
    .meta({
      description:
        "All stages in their new order: those with their `id` stay, those without are new, those " +
        "left out are removed.",
    }),
  is_default: z.boolean().optional(),
});

const id = z.guid();

export const pipeline = lazy(() =>
  z.strictObject({
    id,
    name: z.string(),
    is_default: z.boolean().meta({
      description: "Whether deals begin here unless told otherwise.",
    }),
    stages: z.array(z.strictObject({ id, name: z.string(), probability: z.int() })).meta({
      description: "In their order.",
    }),
    created_at: time,
    updated_at: time,
  }).meta({ id: "Pipeline" })
);

const writable = {
  title: text(1, 200).meta({ example: "Oak table" }),
  value: money.min(0).nullable().optional().meta({ example: 1200.5 }),
  currency: currency.optional().meta({ description: "The workspace's unless given." }),
  stage_id: uuid.optional().meta({
    description: "The first stage of the default pipeline unless given.",
  }),
  probability: probability.nullable().optional().meta({ description: "The stage's unless given." }),
  expected_close_on: z.iso.date().nullable().optional(),
  assigned_to: uuid.nullable().optional().meta({ description: "User id of a member." }),
};

/** Body of a new deal. */
export const newDeal = z.strictObject({ contact_id: uuid, ...writable });

/** Body of a changed deal. */
export const dealChange = z.strictObject({ ...writable, title: writable.title.optional() });

/** Fields of a deal that change in ways of their own, or by themselves. */
export const DEAL_READ_ONLY: ReadonlySet<string> = new Set([
  "id",
  "status",
  "pipeline_id",
  "stage",
  "lost_reason",
  "auto_reason",
  "is_stale",
  "last_activity_at",
  "closed_at",
  "created_at",
  "updated_at",
]);

export const deal = lazy(() =>
  z.strictObject({
    id,
    contact_id: id,
    title: z.string(),
    value: z.number().nullable(),
    currency: z.string(),
    status: z.enum(DEAL_STATUS),
    pipeline_id: id,
    stage_id: id,
    stage: z.string(),
    probability: z.int().meta({ description: "Percent; 100 once won, 0 once lost." }),
    expected_close_on: z.string().nullable().meta({ format: "date" }),
    lost_reason: z.string().nullable(),
    assigned_to: id.nullable(),
    auto_reason: z.string().nullable().meta({ description: "Why it was opened by itself." }),
    is_stale: z.boolean().meta({
      description: "Open, without any change, message or call for `stale_deal_days`.",
    }),
    last_activity_at: time,
    closed_at: time.nullable(),
    created_at: time,
    updated_at: time,
  }).meta({ id: "Deal" })
);

export const PIPELINE_EXAMPLE = {
  id: "0198f6c2-b144-7a43-9f72-9c315e4dc001",
  name: "Sales",
  is_default: true,
  stages: [
    { id: "0198f6c2-b144-7a43-9f72-9c315e4dc011", name: "New", probability: 10 },
    { id: "0198f6c2-b144-7a43-9f72-9c315e4dc012", name: "Proposal", probability: 50 },
  ],
  created_at: "2026-11-01T09:30:00.123456+00:00",
  updated_at: "2026-11-01T09:30:00.123456+00:00",
};

export const DEAL_EXAMPLE = {
  id: "0198f6c2-b244-7a43-9f72-9c315e4dc021",
  contact_id: CONTACT_EXAMPLE.id,
  title: "Oak table",
  value: 1200.5,
  currency: "CAD",
  status: "open",
  pipeline_id: PIPELINE_EXAMPLE.id,
  stage_id: PIPELINE_EXAMPLE.stages[1].id,
  stage: "Proposal",
  probability: 50,
  expected_close_on: "2026-12-15",
  lost_reason: null,
  assigned_to: null,
  auto_reason: null,
  is_stale: false,
  last_activity_at: "2026-11-01T09:30:00.123456+00:00",
  closed_at: null,
  created_at: "2026-11-01T09:30:00.123456+00:00",
  updated_at: "2026-11-01T09:30:00.123456+00:00",
};
