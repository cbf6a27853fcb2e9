/** What the routes of a conversation share. */
import * as z from "zod";
import { type Answer, NOTHING, route } from "../_shared/route.ts";
import type { Route } from "../_shared/route.ts";
import type { ErrorCode } from "../_shared/error_codes.ts";
import { conversation, dataOf } from "../_shared/schemas/answers.ts";
import { CONVERSATION_EXAMPLE } from "../_shared/schemas/examples.ts";
import { uuid } from "../_shared/schemas/fields.ts";

/** The path's `:id`. */
export const params = z.strictObject({ id: uuid });

export const EXAMPLE_PARAMS = { id: CONVERSATION_EXAMPLE.id };

interface Change<Body extends z.ZodType> {
  /** The last part of the path, `/accept`. */
  path: string;
  operationId: string;
  summary: string;
  description: string;
  body?: Body;
  exampleBody?: unknown;
  /** What the answer's conversation has become. */
  becomes: Partial<typeof CONVERSATION_EXAMPLE> | Record<string, unknown>;
  errors: readonly ErrorCode[];
  /** The operation in Postgres; its arguments are the body's fields and `conversation_id`. */
  operation: string;
}

/** A route that changes who holds a conversation and answers with it. */
export function change<Body extends z.ZodType>(given: Change<Body>): Route {
  const { path, operation, becomes, exampleBody = {}, ...rest } = given;
  const answer: Answer = {
    description: "The conversation.",
    example: { data: { ...CONVERSATION_EXAMPLE, ...becomes } },
  };
  return route({
    // Without a schema a body would be passed over, whatever its caller expects of it.
    body: NOTHING as z.ZodType,
    bodyOptional: given.body === undefined,
    ...rest,
    method: "POST",
    path: `/:id${path}`,
    tag: "Conversations",
    scope: "conversations:write",
    params,
    example: { params: EXAMPLE_PARAMS, body: exampleBody },
    answers: () => ({ 200: { ...answer, schema: dataOf(conversation()) } }),
    errors: ["conversation_not_found", ...given.errors],
    run: (call) =>
      call.operate(operation, { ...(call.body as object), conversation_id: call.params.id }),
  });
}
