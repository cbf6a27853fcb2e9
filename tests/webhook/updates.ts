/** Updates of other fields than `messages`, and what tests ask about their effects. */
import { withDatabase } from "../support/database.ts";
import type { Workspace } from "../support/workspace.ts";
import {
  at,
  change,
  delivery,
  EPOCH,
  type Json,
  type Parts,
} from "../fixtures/whatsapp/delivery.ts";
import { deliver } from "./hook.ts";

/** Posts one change about the workspace's number. */
export function tell(
  { phoneNumberId }: Workspace,
  parts: Parts,
  field = "messages",
): Promise<void> {
  return deliver(delivery(change(phoneNumberId, parts, field)));
}

/** An echo of what the business wrote to a person in WhatsApp's own app. */
export function echo(to: string, wamid: string, seconds: number, more: Json = {}): Json {
  return {
    from: "16045550123",
    to,
    id: wamid,
    timestamp: at(seconds),
    type: "text",
    text: { body: "From the app" },
    ...more,
  };
}

/** The rows that a statement answers with, as a plain list. */
export async function ask<Row extends object>(statement: string, ...values: string[]) {
  return [...await withDatabase((sql) => sql.unsafe<Row[]>(statement, values))] as Row[];
}

/** Resolves the conversations of a workspace as people do, at that second. */
export function resolveAt(workspace: Workspace, second: number): Promise<unknown> {
  return withDatabase((sql) =>
    sql`update public.conversations
      set status = 'resolved', phase = 'resolved', ai_enabled = false, bot_status = 'paused',
        resolved_at = to_timestamp(${EPOCH + second})
      where workspace_id = ${workspace.id}`
  );
}
