/** Updates of a number that is registered later reach its workspace by themselves. */
import assert from "node:assert/strict";
import { withDatabase } from "../support/database.ts";
import { uniqueNumericId } from "../support/unique.ts";
import { until } from "../support/until.ts";
import { makeWorkspace } from "../support/workspace.ts";
import { delivered, person, text } from "../fixtures/whatsapp/delivery.ts";
import { deliver } from "./hook.ts";
import { messagesOf } from "./rows.ts";

Deno.test("what came before its number was registered is stored once it is", async () => {
  const number = uniqueNumericId();
  const message = text("16045550155", "Anybody there?");
  await deliver(delivered(number, { contacts: [person("16045550155")], messages: [message] }));
  assert.deepEqual(await messagesOf(number), []);
  const { id } = await makeWorkspace();
  await withDatabase((sql) =>
    sql`
      insert into public.whatsapp_numbers (phone_number_id, workspace_id, display_phone_number)
      values (${number}, ${id}, '16045550100')`
  );
  const [row, ...more] = await until(async () => {
    const rows = await messagesOf(number);
    return rows.length > 0 ? rows : undefined;
  });
  assert.deepEqual(more, []);
  assert.deepEqual([row.workspace_id, row.wa_message_id, row.body], [
    id,
    message.id,
    "Anybody there?",
  ]);
});
