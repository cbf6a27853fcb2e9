import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { route } from "../_shared/route.ts";
import { dataOf, pageOf } from "../_shared/schemas/answers.ts";
import {
  newPipeline,
  pipeline,
  PIPELINE_EXAMPLE,
  pipelineChange,
} from "../_shared/schemas/deals.ts";
import { uuid } from "../_shared/schemas/fields.ts";

const tag = "Pipelines";
const params = z.strictObject({ id: uuid });
const EXAMPLE_PARAMS = { id: PIPELINE_EXAMPLE.id };

const one = () => ({
  description: "The pipeline.",
  schema: dataOf(pipeline()),
  example: { data: PIPELINE_EXAMPLE },
});

const listPipelines = route({
  method: "GET",
  path: "/",
  operationId: "listPipelines",
  tag,
  summary: "List pipelines",
  description: "The default one first. Every workspace has one from the beginning.",
  scope: "contacts:read",
  answers: () => ({
    200: {
      description: "The pipelines with their stages.",
      schema: pageOf(pipeline()),
      example: { data: [PIPELINE_EXAMPLE], next_cursor: null },
    },
  }),
  errors: [],
  run: (call) => call.operate("list_pipelines", {}),
});

const getPipeline = route({
  method: "GET",
  path: "/:id",
  operationId: "getPipeline",
  tag,
  summary: "Read a pipeline",
  description: "The pipeline with its stages.",
  scope: "contacts:read",
  params,
  example: { params: EXAMPLE_PARAMS },
  answers: () => ({ 200: one() }),
  errors: ["pipeline_not_found"],
  run: (call) => call.operate("get_pipeline", { pipeline_id: call.params.id }),
});

const createPipeline = route({
  method: "POST",
  path: "/",
  operationId: "createPipeline",
  tag,
  summary: "Make a pipeline",
  description: "50 of a workspace at most, each with a name of its own.",
  scope: "settings:write",
  body: newPipeline,
  example: {
    body: {
      name: "Leasing",
      stages: [{ name: "Viewing", probability: 20 }, { name: "Contract", probability: 80 }],
    },
  },
  answers: () => ({ 201: { ...one(), headers: ["Location"] } }),
  errors: ["conflict", "too_many_pipelines"],
  run: (call) => call.operate("create_pipeline", call.body),
});

const updatePipeline = route({
  method: "PATCH",
  path: "/:id",
  operationId: "updatePipeline",
  tag,
  summary: "Change a pipeline",
  description: "A stage that deals are in cannot be removed.",
  scope: "settings:write",
  params,
  body: pipelineChange,
  example: { params: EXAMPLE_PARAMS, body: { name: "Sales 2027" } },
  answers: () => ({ 200: one() }),
  errors: ["pipeline_not_found", "conflict", "stage_in_use", "default_pipeline"],
  run: (call) =>
    call.operate("update_pipeline", { pipeline_id: call.params.id, set: call.body as object }),
});

const deletePipeline = route({
  method: "DELETE",
  path: "/:id",
  operationId: "deletePipeline",
  tag,
  summary: "Delete a pipeline",
  description: "Neither the default one nor one that deals are in.",
  scope: "settings:write",
  params,
  example: { params: EXAMPLE_PARAMS },
  answers: () => ({ 204: { description: "The pipeline is gone." } }),
  errors: ["pipeline_not_found", "stage_in_use", "default_pipeline"],
  run: (call) => call.operate("delete_pipeline", { pipeline_id: call.params.id }),
});

export const app = createApp("pipelines", [
  listPipelines,
  createPipeline,
  getPipeline,
  updatePipeline,
  deletePipeline,
]);
