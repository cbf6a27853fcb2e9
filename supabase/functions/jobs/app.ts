import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { runJobs } from "../_shared/jobs.ts";
import { route } from "../_shared/route.ts";
import { dataOf } from "../_shared/schemas/answers.ts";
import { requireSecretKey } from "../_shared/secret_key.ts";

const run = route({
  method: "POST",
  path: "/",
  operationId: "runJobs",
  tag: "Service",
  summary: "Run what is due",
  description:
    "For the project's clock: sends messages that wait, fetches media, stores updates that came " +
    "before their number was registered, goes on with work over many contacts, brings contacts up to date " +
    "whom time alone has changed, and has a language model read the mood of messages where one is " +
    "configured. Answers when nothing is due any " +
    "more, or after two minutes. May be called at any time, also while it runs.",
  scope: null,
  security: "secretKey",
  answers: () => ({
    200: {
      description: "How much of each was done.",
      schema: dataOf(
        z.strictObject({
          media: z.int(),
          updates: z.int(),
          outbox: z.int(),
          batches: z.int(),
          contacts: z.int(),
          sentiment: z.int(),
        }),
      ),
      example: { data: { media: 2, updates: 0, outbox: 1, batches: 0, contacts: 0, sentiment: 0 } },
    },
  }),
  errors: [
    "credentials_missing",
    "invalid_credentials",
    "not_configured",
    "database_unavailable",
    "timeout",
  ],
  run: async ({ request }) => {
    await requireSecretKey(request.headers);
    return { status: 200, body: JSON.stringify({ data: await runJobs() }) };
  },
});

export const app = createApp("jobs", [run]);
