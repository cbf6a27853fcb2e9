/** Nothing can be asked for again, so every signed delivery is kept as it came, before the 200. */
import assert from "node:assert/strict";
import { withDatabase } from "../support/database.ts";
import { makeWorkspace } from "../support/workspace.ts";
import { delivered, text } from "../fixtures/whatsapp/delivery.ts";
import { assertAcknowledged, post } from "./hook.ts";
import { deliveriesOf, messagesOf } from "./rows.ts";

Deno.test("a delivery is kept byte for byte, its spelling included", async () => {
  const { phoneNumberId } = await makeWorkspace();
  const json = JSON.stringify(
    delivered(phoneNumberId, { messages: [text("16045550111", "PLACE")] }),
  );
  const odd = String.raw`caf\u00e9 é \/ \u0040 👍 \ud83d\udc4d`;
  const body = ` \r\n\t${json.replace("PLACE", odd).replaceAll(":", " :\t")}\n \n`;
  assertAcknowledged(await post(body));
  const [kept, ...more] = await deliveriesOf(body);
  assert.deepEqual(more, []);
  assert.equal(kept.body, body);
  assert.equal(kept.status, "processed");
  assert.deepEqual(kept.failures, []);
  const [row] = await messagesOf(phoneNumberId);
  assert.equal(row.body, "café é / @ 👍 👍");
});

Deno.test("members' names and repeated members of a delivery are kept as they came", async () => {
  const body = `{"entry":[],"entry":[],"z":1,"a":1e2,"nonce":"${crypto.randomUUID()}"}`;
  assertAcknowledged(await post(body));
  const [kept] = await deliveriesOf(body);
  assert.equal(kept.body, body);
});

Deno.test("the acknowledgement waits for the commit of the delivery and its messages", async () => {
  const workspace = await makeWorkspace();
  const first = delivered(workspace.phoneNumberId, { messages: [text("16045550111", "first")] });
  assertAcknowledged(await post(JSON.stringify(first)));
  const second = delivered(workspace.phoneNumberId, { messages: [text("16045550111", "second")] });
  const body = JSON.stringify(second);
  let answered = false;
  let answering: ReturnType<typeof post> | undefined;
  await withDatabase((sql) =>
    sql.begin(async (transaction) => {
      await transaction`select from public.contacts where workspace_id = ${workspace.id} for update`;
      answering = post(body).finally(() => answered = true);
      await new Promise((resolve) => setTimeout(resolve, 400));
      assert.equal(answered, false);
      assert.deepEqual(await deliveriesOf(body), []);
    })
  );
  assertAcknowledged(await answering!);
  assert.equal((await deliveriesOf(body)).length, 1);
  const bodies = (await messagesOf(workspace.phoneNumberId)).map((row) => row.body);
  assert.deepEqual(bodies.sort(), ["first", "second"]);
});

Deno.test("a byte order mark does not get in the way", async () => {
  const { phoneNumberId } = await makeWorkspace();
  const message = text("16045550111", "Hi");
  const body = `\ufeff${JSON.stringify(delivered(phoneNumberId, { messages: [message] }))}`;
  assertAcknowledged(await post(body));
  assert.equal((await messagesOf(phoneNumberId)).length, 1);
  assert.equal((await deliveriesOf(body)).length, 1);
});
