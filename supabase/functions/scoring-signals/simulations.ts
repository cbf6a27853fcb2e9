/** What changed rules would do, and how far it is what they have done. */
import * as z from "zod";
import { runBatchJob } from "../_shared/batch_jobs.ts";
import { type Call, type OperationReply, route } from "../_shared/route.ts";
import { dataOf } from "../_shared/schemas/answers.ts";
import { time, uuid } from "../_shared/schemas/fields.ts";
import {
  SIMULATED_EXAMPLE,
  simulatedChange,
  simulation,
  SIMULATION_EXAMPLE,
} from "../_shared/schemas/simulations.ts";
import { tag } from "./parts.ts";

const RUNNING = { ...SIMULATION_EXAMPLE, status: "running", done: 400, changed: 35 };

const answers = () => ({
  200: {
    description: "It is through, or has failed.",
    schema: dataOf(simulation()),
    example: { data: SIMULATION_EXAMPLE },
  },
  202: {
    description: "It goes on; `GET scoring-signals/simulate?id=` tells how far it is.",
    schema: dataOf(simulation()),
    example: { data: RUNNING },
  },
});

const simulate = route({
  method: "POST",
  path: "/simulate",
  operationId: "simulateScoring",
  tag,
  summary: "Try a change of scoring",
  description:
    "How many contacts would change their grade, with examples, if signals, weights and " +
    "thresholds were what is given; what is not given is as it is. Nothing is changed. What the " +
    "change itself would be refused for, this is. Needs `contacts:read` as well.",
  scope: "settings:write",
  body: simulatedChange,
  example: { body: SIMULATED_EXAMPLE },
  answers,
  errors: ["signal_not_found", "conflict", "too_many_signals"],
  run: async (call) => {
    const asked = await call.operate("simulate_scoring", call.body);
    const { id } = JSON.parse(asked.body!).data;
    await runBatchJob(id);
    return { ...await readSimulation(call, id), headers: asked.headers };
  },
});

const getSimulation = route({
  method: "GET",
  path: "/simulate",
  operationId: "getScoringSimulation",
  tag,
  summary: "Get a simulation",
  description: "How far it is, and what it has found so far. Needs `contacts:read` as well.",
  scope: "settings:read",
  query: z.strictObject({ id: uuid }),
  example: { query: { id: SIMULATION_EXAMPLE.id } },
  answers,
  errors: ["simulation_not_found"],
  run: (call) => readSimulation(call, call.query.id),
});

function readSimulation(call: Pick<Call, "read">, id: string): Promise<OperationReply> {
  return call.read("get_simulation", { id });
}

const getRescoring = route({
  method: "GET",
  path: "/rescoring",
  operationId: "getRescoring",
  tag,
  summary: "Get the rescoring",
  description:
    "A changed signal, weight or threshold counts for the past as well: how far that is.",
  scope: "settings:read",
  answers: () => ({
    200: {
      description: "The latest one; `idle` when there is nothing to do.",
      schema: dataOf(z.strictObject({
        status: z.enum(["idle", "running", "failed"]),
        contacts: z.int(),
        done: z.int(),
        finished_at: time.nullable(),
      })),
      example: { data: { status: "running", contacts: 1200, done: 400, finished_at: null } },
    },
  }),
  errors: [],
  run: (call) => call.operate("rescoring", {}),
});

export const simulations = [simulate, getSimulation, getRescoring];
