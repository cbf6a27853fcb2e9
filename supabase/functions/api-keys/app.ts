import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { route } from "../_shared/route.ts";
import { apiKey, dataOf, newApiKey, pageOf } from "../_shared/schemas/answers.ts";
import { API_KEY_EXAMPLE } from "../_shared/schemas/examples.ts";
import { futureTime, text, uuid } from "../_shared/schemas/fields.ts";
import { SCOPES } from "../_shared/scopes.ts";

const listApiKeys = route({
  method: "GET",
  path: "/",
  operationId: "listApiKeys",
  tag: "API keys",
  summary: "List API keys",
  description: "The workspace's keys that are not revoked, newest first.",
  scope: "admin",
  answers: () => ({
    200: {
      description: "The keys, without their secrets.",
      schema: pageOf(apiKey()),
      example: { data: [API_KEY_EXAMPLE], next_cursor: null },
    },
  }),
  errors: [],
  run: (call) => call.operate("list_api_keys", {}),
});

const createApiKey = route({
  method: "POST",
  path: "/",
  operationId: "createApiKey",
  tag: "API keys",
  summary: "Create an API key",
  description: "`key` is in this answer only; what is kept is its digest.",
  scope: "admin",
  body: z.strictObject({
    name: text(1, 200),
    scopes: z.array(z.enum(["*", ...SCOPES])).min(1).max(20),
    expires_at: futureTime.nullable().optional().meta({ description: "Never, unless given." }),
  }),
  example: { body: { name: "Website form", scopes: ["contacts:write"] } },
  answers: () => ({
    201: {
      description: "The key.",
      schema: dataOf(newApiKey()),
      example: {
        data: { ...API_KEY_EXAMPLE, key: "lb_x7Fq2LmAZk0yS3vB9cR1dE4fG5hJ6kL7mN8pQ9rT0uW" },
      },
    },
  }),
  errors: [],
  run: (call) => call.operate("create_api_key", call.body),
});

const deleteApiKey = route({
  method: "DELETE",
  path: "/:id",
  operationId: "deleteApiKey",
  tag: "API keys",
  summary: "Revoke an API key",
  description: "The key is refused from the next call on.",
  scope: "admin",
  params: z.strictObject({ id: uuid }),
  example: { params: { id: API_KEY_EXAMPLE.id } },
  answers: () => ({ 204: { description: "The key is revoked." } }),
  errors: ["api_key_not_found"],
  run: (call) => call.operate("delete_api_key", { key_id: call.params.id }),
});

export const app = createApp("api-keys", [listApiKeys, createApiKey, deleteApiKey]);
