/** What comes for a number before it is registered is kept, and stored once it is. */
import assert from "node:assert/strict";
import { withDatabase } from "../support/database.ts";
import { uniqueNumericId } from "../support/unique.ts";
import { until } from "../support/until.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import {
  at,
  change,
  delivered,
  delivery,
  type Item,
  person,
  status,
  text,
  timeAt,
} from "../fixtures/whatsapp/delivery.ts";
import { deliver } from "./hook.ts";
import { contactsOf, eventsOf, messagesOf } from "./rows.ts";
import { ask, echo } from "./updates.ts";

const ANA = "16045550111";

function kept(phoneNumberId: string): Promise<{ field: string }[]> {
  return ask<{ field: string }>(
    `select body #>> '{entry,0,changes,0,field}' as field from private.unclaimed_updates
      where phone_number_id = $1 order by 1`,
    phoneNumberId,
  );
}

async function register(workspace: Workspace, phoneNumberId: string): Promise<void> {
  await withDatabase((sql) =>
    sql`insert into public.whatsapp_numbers
      (phone_number_id, workspace_id, waba_id, display_phone_number)
      values (${phoneNumberId}, ${workspace.id}, ${uniqueNumericId()}, '16045550199')`
  );
}

/** Claims until nothing of the number is left; the stack's own worker may be at it as well. */
async function claim(phoneNumberId: string): Promise<void> {
  await until(async () => {
    await ask("select private.claim_unclaimed_update()");
    return (await kept(phoneNumberId)).length === 0 || undefined;
  });
}

interface Given {
  phoneNumberId: string;
  message: Item;
  reply: Item;
  payload: ReturnType<typeof delivery>;
}

/** A message, an echo and its status, a call and an unknown field for a new number. */
function given(): Given {
  const phoneNumberId = uniqueNumericId();
  const message = text(ANA, "Anybody there?", { timestamp: at(5) });
  const reply = echo(ANA, `wamid.${crypto.randomUUID()}`, 7) as Item;
  const call = { id: "wacid.1", from: ANA, event: "connect", timestamp: at(9) };
  const payload = delivery(
    change(phoneNumberId, { contacts: [person(ANA, "Ana")], messages: [message] }),
    change(phoneNumberId, { statuses: [status(reply.id, "read", 8)] }),
    change(phoneNumberId, { message_echoes: [reply] }, "smb_message_echoes"),
    change(phoneNumberId, { calls: [call] }, "calls"),
    change(phoneNumberId, { anything: phoneNumberId }, "a_field_of_next_year"),
  );
  return { phoneNumberId, message, reply, payload };
}

/** Everything of the delivery is there, exactly once. */
async function assertStored(workspace: Workspace, { phoneNumberId, message, reply }: Given) {
  const rows = await messagesOf(phoneNumberId);
  assert.deepEqual(
    rows.map((row) => [row.workspace_id, row.wa_message_id, row.status, row.sent_at]),
    [
      [workspace.id, message.id, "received", timeAt(5)],
      [workspace.id, reply.id, "read", timeAt(7)],
    ],
  );
  const contacts = await contactsOf(workspace.id);
  assert.deepEqual(
    contacts.map(({ name, phone, country, message_count }) => [
      name,
      phone,
      country,
      message_count,
    ]),
    [["Ana", `+${ANA}`, "CA", 2]],
  );
  const [{ calls }] = await ask<{ calls: number }>(
    "select count(*)::int as calls from public.calls where phone_number_id = $1",
    phoneNumberId,
  );
  assert.equal(calls, 1);
  const events = await eventsOf(workspace.id);
  assert.deepEqual(events.map(({ field }) => field), ["a_field_of_next_year"]);
}

async function assertNothingOf(workspace: Workspace): Promise<void> {
  assert.deepEqual(await contactsOf(workspace.id), []);
  assert.deepEqual(await eventsOf(workspace.id), []);
}

Deno.test("kept and acknowledged, once, until the number is registered; then all of it is stored", async () => {
  const [workspace, stranger] = [await makeWorkspace(), await makeWorkspace()];
  const update = given();
  await deliver(update.payload);
  await deliver(update.payload);
  assert.deepEqual((await kept(update.phoneNumberId)).map(({ field }) => field), [
    "a_field_of_next_year",
    "calls",
    "messages",
    "messages",
    "smb_message_echoes",
  ]);
  assert.deepEqual(await messagesOf(update.phoneNumberId), []);
  await ask("select private.claim_unclaimed_update()");
  assert.equal((await kept(update.phoneNumberId)).length, 5);

  await register(workspace, update.phoneNumberId);
  await claim(update.phoneNumberId);
  await assertStored(workspace, update);
  await assertNothingOf(stranger);
});

Deno.test("delivered again once the number is registered, before or after the claim: still once", async () => {
  for (const order of ["claim first", "delivery first"]) {
    const workspace = await makeWorkspace();
    const update = given();
    await deliver(update.payload);
    await register(workspace, update.phoneNumberId);
    const steps = [() => claim(update.phoneNumberId), () => deliver(update.payload)];
    if (order === "delivery first") steps.reverse();
    for (const step of steps) await step();
    await assertStored(workspace, update);
    await claim(update.phoneNumberId);
    await assertStored(workspace, update);
  }
});

Deno.test("two that claim at once share the work, and each update is stored once", async () => {
  const workspace = await makeWorkspace();
  const phoneNumberId = uniqueNumericId();
  const messages = Array.from({ length: 12 }, (_, n) => text(ANA, `${n}`, { timestamp: at(n) }));
  for (const message of messages) await deliver(delivered(phoneNumberId, { messages: [message] }));
  await register(workspace, phoneNumberId);
  await Promise.all([1, 2, 3].map(() => ask("select private.claim_unclaimed_update()")));
  await claim(phoneNumberId);
  assert.deepEqual(
    (await messagesOf(phoneNumberId)).map(({ wa_message_id }) => wa_message_id),
    messages.map(({ id }) => id),
  );
  assert.deepEqual((await contactsOf(workspace.id)).map(({ message_count }) => message_count), [
    12,
  ]);
});

Deno.test("several numbers of several workspaces and an unknown one in one POST: each its own", async () => {
  const [one, two] = [await makeWorkspace(), await makeWorkspace({ country: "US" })];
  const unknown = uniqueNumericId();
  const numbers = [one.phoneNumberId, unknown, two.phoneNumberId];
  const messages = numbers.map((id) => text(ANA, `for ${id}`));
  await deliver(delivery(...numbers.map((id, n) => change(id, { messages: [messages[n]] }))));
  for (const [n, workspace] of [[0, one], [2, two]] as const) {
    assert.deepEqual(
      (await messagesOf(numbers[n])).map((row) => [row.workspace_id, row.body]),
      [[workspace.id, `for ${numbers[n]}`]],
    );
    assert.equal((await contactsOf(workspace.id)).length, 1);
    await assertSeesOnly(workspace, messages[n]);
  }
  assert.equal((await kept(unknown)).length, 1);
});

/** Through the eyes of a member of the workspace, with its rights. */
async function assertSeesOnly(workspace: Workspace, message: Item): Promise<void> {
  const seen = await withDatabase((sql) =>
    sql.begin(async (transaction) => {
      const claims = JSON.stringify({ role: "authenticated", sub: workspace.admin.userId });
      await transaction`select set_config('request.jwt.claims', ${claims}, true),
        set_config('role', 'authenticated', true)`;
      return await transaction<{ wa_message_id: string }[]>`
        select wa_message_id from public.messages`;
    })
  );
  assert.deepEqual(seen.map(({ wa_message_id }) => wa_message_id), [message.id]);
}
