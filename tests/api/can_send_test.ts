/** The guard behind every send, as a caller may ask it. */
import assert from "node:assert/strict";
import { openConversation } from "../support/conversations.ts";
import { createContact, updateContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import { type Client, query } from "../support/http.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Data } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";

interface Verdict {
  allowed: boolean;
  reasons: string[];
  window_expires_at: string | null;
  template_required: boolean;
  retry_at: string | null;
}

const workspace = await makeWorkspace();
const { key, agent } = workspace;
await withDatabase((sql) =>
  sql`
    insert into private.whatsapp_tokens (phone_number_id, sealed)
    values (${workspace.phoneNumberId}, '\\x00')`
);

async function ask(
  contact_id: string,
  more: Record<string, string | boolean> = {},
  caller: Client = agent,
): Promise<Verdict> {
  const answer = await caller.get<Data<Verdict>>(`can-send${query({ contact_id, ...more })}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data;
}

/** A contact who wrote `hours` ago. */
async function writer(hours: number): Promise<string> {
  const { id, contact } = await openConversation(key);
  await withDatabase((sql) =>
    sql`
      update public.conversations set last_inbound_at = now() - ${hours} * interval '1 hour'
      where id = ${id}`
  );
  return contact.id;
}

Deno.test("within the window all may go", async () => {
  const id = await writer(23);
  const { window_expires_at, ...rest } = await ask(id);
  assert.deepEqual(rest, { allowed: true, reasons: [], template_required: false, retry_at: null });
  assert.equal(Math.abs(Date.parse(window_expires_at!) - Date.now() - 3_600_000) < 60_000, true);
  assert.equal((await ask(id, { automated: true })).allowed, true);
});

Deno.test("after it a template has to", async () => {
  const id = await writer(24);
  const closed = await ask(id);
  assert.deepEqual(
    [closed.allowed, closed.reasons, closed.template_required],
    [false, ["window_closed"], true],
  );
  assert.equal(Date.parse(closed.window_expires_at!) <= Date.now(), true);
  const template = await ask(id, { kind: "template" });
  assert.deepEqual([template.allowed, template.template_required], [true, true]);
});

Deno.test("who never wrote has no window", async () => {
  const { id } = await createContact(key);
  const verdict = await ask(id, {}, key);
  assert.deepEqual(verdict, {
    allowed: false,
    reasons: ["window_closed"],
    window_expires_at: null,
    template_required: true,
    retry_at: null,
  });
});

Deno.test("an opt-out binds what is automated, not what people write", async () => {
  const id = await writer(1);
  await updateContact(key, id, { add_tags: ["opt-out"] });
  assert.deepEqual((await ask(id, { automated: true })).reasons, ["opted_out"]);
  assert.deepEqual((await ask(id, { automated: true, kind: "template" })).reasons, ["opted_out"]);
  assert.equal((await ask(id, { automated: false })).allowed, true);
});

Deno.test("Do Not Call binds calls, whoever makes them", async () => {
  const id = await writer(1);
  await updateContact(key, id, { do_not_call: true });
  for (const automated of [true, false]) {
    assert.deepEqual((await ask(id, { kind: "call", automated })).reasons, ["do_not_call"]);
    assert.equal((await ask(id, { automated })).allowed, true);
  }
});

Deno.test("quiet hours bind what is automated, and say when they end", async () => {
  const quiet = await makeWorkspace();
  const { id } = await createContact(quiet.key);
  await withDatabase((sql) =>
    sql`
      update public.workspaces set time_zone = 'Asia/Tokyo',
        quiet_hours_start = ((now() at time zone 'Asia/Tokyo')::time - interval '1 hour')::time,
        quiet_hours_end = ((now() at time zone 'Asia/Tokyo')::time + interval '1 hour')::time
      where id = ${quiet.id}`
  );
  const verdict = await ask(id, { automated: true, kind: "call" }, quiet.key);
  assert.deepEqual(verdict.reasons, ["quiet_hours"]);
  assert.equal(Math.abs(Date.parse(verdict.retry_at!) - Date.now() - 3_600_000) < 60_000, true);
  assert.deepEqual((await ask(id, { kind: "call" }, quiet.key)).allowed, true);
});

Deno.test("a workspace without a number that can send is told", async () => {
  const bare = await makeWorkspace();
  const { id } = await createContact(bare.key);
  assert.deepEqual((await ask(id, { kind: "template" }, bare.key)).reasons, ["no_number"]);
});

Deno.test("a contact of another workspace is not there", async () => {
  const elsewhere = await makeWorkspace();
  const { id } = await createContact(elsewhere.key);
  assertProblem(await key.get(`can-send?contact_id=${id}`), 404, "contact_not_found");
  assertInvalid(await key.get("can-send"), { "/contact_id": "required" });
  assertInvalid(await key.get(`can-send?contact_id=${id}&kind=fax&automated=1`), {
    "/kind": "invalid_value",
    "/automated": "invalid_value",
  });
});
