import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { databaseAnswers } from "../_shared/database.ts";
import { ApiError } from "../_shared/errors.ts";
import { route } from "../_shared/route.ts";
import { dataOf } from "../_shared/schemas/answers.ts";

// Less than what load balancers usually wait for an answer.
const PATIENCE_MS = 2000;

const health = route({
  method: "GET",
  path: "/",
  operationId: "health",
  tag: "Service",
  summary: "Check the service",
  description: "Whether the function runs and the database answers it within two seconds.",
  scope: null,
  answers: () => ({
    200: {
      description: "Both do.",
      schema: dataOf(
        z.strictObject({
          status: z.literal("ok"),
          database: z.literal("ok"),
          time: z.iso.datetime(),
        }),
      ),
      example: { data: { status: "ok", database: "ok", time: "2026-11-01T09:30:00.123Z" } },
    },
  }),
  errors: ["database_unavailable"],
  run: async () => {
    if (!await databaseAnswers(PATIENCE_MS)) throw new ApiError("database_unavailable");
    const data = { status: "ok", database: "ok", time: new Date().toISOString() };
    return { status: 200, body: JSON.stringify({ data }) };
  },
});

export const app = createApp("health", [health]);
