/** Calls on a conversation and a delivery about it take their locks in one order. */
import assert from "node:assert/strict";
import { withDatabase } from "../support/database.ts";
import { openConversation } from "../support/sending.ts";
import { until } from "../support/until.ts";
import { makeWorkspace } from "../support/workspace.ts";

const workspace = await makeWorkspace();
const CALLS: [action: string, body: unknown, status: number][] = [
  ["messages", { type: "text", text: { body: "Hi" } }, 202],
  ["assign", { user_id: workspace.agent.userId }, 200],
  ["resolve", {}, 200],
];

for (const [action, body, status] of CALLS) {
  Deno.test(`${action} does not hold the conversation while it waits for who stores a message`, async () => {
    const { id, contact } = await openConversation(workspace);
    const called = await withDatabase((sql) =>
      sql.begin(async (tx) => {
        const [{ pid }] = await tx<{ pid: number }[]>`
          select pg_backend_pid() as pid from public.contact_activity
          where contact_id = ${contact.id} for no key update`;
        const answer = workspace.key.post(`conversations/${id}/${action}`, body);
        await until(async () => {
          const [waiting] = await sql`
            select from pg_stat_activity where ${pid}::int = any (pg_blocking_pids(pid))`;
          return waiting;
        });
        // As a delivery does next.
        await tx`select from public.conversations where id = ${id} for no key update nowait`;
        return { answer };
      }), 2);
    assert.equal((await called.answer).status, status);
  });
}
