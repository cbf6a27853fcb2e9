/** WhatsApp's 24-hour window, which each of a workspace's numbers has for itself. */
import assert from "node:assert/strict";
import {
  change,
  delivered,
  delivery,
  person,
  text,
  uniqueWamid,
} from "../fixtures/whatsapp/delivery.ts";
import { withDatabase } from "../support/database.ts";
import type { Answer } from "../support/http.ts";
import { query } from "../support/http.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import { registerNumber } from "../support/sending.ts";
import type { Conversation, Data, Page } from "../support/types.ts";
import { uniqueNumericId, uniquePhone } from "../support/unique.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import { deliver } from "../webhook/hook.ts";

const GUARD = ["reasons", "retry_at", "template_required", "window_expires_at"];

/** A workspace with a second number, and a person who wrote to that one days ago, to the other now. */
async function writer() {
  const workspace = await makeWorkspace();
  const second = uniqueNumericId();
  await registerNumber(workspace.key, workspace.phoneNumberId);
  await registerNumber(workspace.key, second);
  const digits = uniquePhone().slice(1);
  await write(second, digits, 5 * 86_400);
  await write(workspace.phoneNumberId, digits, 60);
  const { body } = await workspace.key.get<Page<Conversation>>(`conversations?search=${digits}`);
  return { workspace, second, digits, conversation: body.data[0] };
}

function before(seconds: number): string {
  return String(Math.floor(Date.now() / 1000) - seconds);
}

function write(number: string, digits: string, seconds: number): Promise<void> {
  const messages = [text(digits, "Hello", { timestamp: before(seconds) })];
  return deliver(delivered(number, { contacts: [person(digits)], messages }));
}

function send(
  { key }: Workspace,
  { id }: Conversation,
  phone_number_id?: string,
): Promise<Answer<unknown>> {
  return key.post(`conversations/${id}/messages`, {
    type: "text",
    text: { body: "Hi" },
    phone_number_id,
  });
}

async function verdict({ key }: Workspace, { contact }: Conversation, phone_number_id?: string) {
  const answer = await key.get<Data<{ reasons: string[]; window_expires_at: string | null }>>(
    `can-send${query({ contact_id: contact.id, ...phone_number_id && { phone_number_id } })}`,
  );
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data;
}

Deno.test("who wrote to one number has opened no window for another", async () => {
  const { workspace, second, conversation } = await writer();
  assert.equal((await send(workspace, conversation)).status, 202);
  assert.equal((await send(workspace, conversation, workspace.phoneNumberId)).status, 202);
  const refused = await send(workspace, conversation, second);
  const problem = assertProblem(refused, 409, "send_refused", GUARD);
  assert.deepEqual(
    [problem.reasons, problem.template_required, problem.window_expires_at],
    [["window_closed"], true, null],
  );
  assert.deepEqual((await verdict(workspace, conversation)).reasons, []);
  assert.deepEqual((await verdict(workspace, conversation, second)).reasons, ["window_closed"]);
});

Deno.test("an older message to a number keeps its window open", async () => {
  const { workspace, second, digits, conversation } = await writer();
  await write(second, digits, 3600);
  assert.equal((await send(workspace, conversation, second)).status, 202);
  const { window_expires_at } = await verdict(workspace, conversation, second);
  const remains = Date.parse(window_expires_at!) - Date.now();
  assert.equal(Math.abs(remains - 23 * 3_600_000) < 60_000, true, window_expires_at!);
});

Deno.test("so does a call", async () => {
  const { workspace, second, digits, conversation } = await writer();
  const rings = {
    id: uniqueWamid(),
    from: digits,
    event: "connect",
    timestamp: before(120),
    direction: "USER_INITIATED",
  };
  await deliver(delivery(change(second, { calls: [rings] }, "calls")));
  await write(workspace.phoneNumberId, digits, 30);
  assert.equal((await send(workspace, conversation, second)).status, 202);
});

Deno.test("the window is that of the number that stands in", async () => {
  const { workspace, conversation } = await writer();
  await withDatabase((sql) =>
    sql`delete from private.whatsapp_tokens where phone_number_id = ${workspace.phoneNumberId}`
  );
  const problem = assertProblem(await send(workspace, conversation), 409, "send_refused", GUARD);
  assert.deepEqual(problem.reasons, ["window_closed"]);
  const named = await verdict(workspace, conversation, workspace.phoneNumberId);
  assert.deepEqual(named.reasons, ["no_number"]);
});

Deno.test("the number of another workspace is none", async () => {
  const { workspace, conversation } = await writer();
  const other = await makeWorkspace();
  const asked = query({
    contact_id: conversation.contact.id,
    phone_number_id: other.phoneNumberId,
  });
  assertInvalid(await workspace.key.get(`can-send${asked}`), {
    "/phone_number_id": "unknown_number",
  });
});
