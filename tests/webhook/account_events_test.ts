/** What WhatsApp says about accounts, templates and quality: kept once each, and what it changes. */
import assert from "node:assert/strict";
import { withDatabase } from "../support/database.ts";
import { uniqueNumericId, uniquePhone } from "../support/unique.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import { at, change, type Json, status, text, uniqueWamid } from "../fixtures/whatsapp/delivery.ts";
import { deliver } from "./hook.ts";
import { contactsOf, eventsOf, messagesOf, storeOutbound } from "./rows.ts";
import { ask, tell } from "./updates.ts";

const ANA = "16045550111";

async function accountOf(workspace: Workspace): Promise<string> {
  const [{ waba_id }] = await ask<{ waba_id: string }>(
    "select waba_id from public.whatsapp_numbers where workspace_id = $1",
    workspace.id,
  );
  return waba_id;
}

function about(account: string, field: string, value: Json, time = 1790000000): Promise<void> {
  return deliver({ entry: [{ id: account, time, changes: [{ field, value }] }] });
}

Deno.test("the same event at two times is two, its redelivery none", async () => {
  const workspace = await makeWorkspace();
  const account = await accountOf(workspace);
  const value = { event: "ACCOUNT_RESTRICTION" };
  for (const time of [1, 1, 2]) await about(account, "account_update", value, 1790000000 + time);
  const times = await ask<{ occurred_at: Date }>(
    "select occurred_at from public.whatsapp_events where workspace_id = $1 order by 1",
    workspace.id,
  );
  assert.deepEqual(times.map(({ occurred_at }) => occurred_at.getTime() / 1000), [
    1790000001,
    1790000002,
  ]);
});

Deno.test("an account that nobody has a number of is nobody's, until somebody has one", async () => {
  const [workspace, other] = [await makeWorkspace(), await makeWorkspace()];
  const account = uniqueNumericId();
  await about(account, "account_alerts", { entity_id: account });
  assert.deepEqual(await eventsOf(workspace.id), []);
  await withDatabase((sql) =>
    sql`update public.whatsapp_numbers set waba_id = null where workspace_id = ${workspace.id}`
  );
  // Whose the account is shows with the first message of one of its numbers.
  const messages = [text(uniquePhone().slice(1), "Hi")];
  const changes = [change(workspace.phoneNumberId, { messages })];
  await deliver({ object: "whatsapp_business_account", entry: [{ id: account, changes }] });
  assert.deepEqual((await eventsOf(workspace.id)).map(({ field }) => field), ["account_alerts"]);
  assert.deepEqual(await eventsOf(other.id), []);
});

async function speedOf(workspace: Workspace): Promise<number> {
  const [{ messages_per_second }] = await ask<{ messages_per_second: number }>(
    "select messages_per_second from public.whatsapp_numbers where workspace_id = $1",
    workspace.id,
  );
  return messages_per_second;
}

Deno.test("a throughput upgrade lets the number of that account send faster, and no other", async () => {
  const [workspace, other] = [await makeWorkspace(), await makeWorkspace()];
  const upgrade = { display_phone_number: "+1 604 555 0123", event: "THROUGHPUT_UPGRADE" };
  const field = "phone_number_quality_update";
  const account = await accountOf(workspace);
  await about(account, field, { ...upgrade, event: "FLAGGED" });
  await about(account, field, { ...upgrade, display_phone_number: "34910000001" });
  assert.equal(await speedOf(workspace), 80);
  await about(account, field, upgrade);
  assert.deepEqual([await speedOf(workspace), await speedOf(other)], [1000, 80]);
  assert.equal((await eventsOf(workspace.id)).length, 3);
});

/** A second workspace's number of the same account, whose account we have not heard yet. */
async function sibling(display: string): Promise<Workspace> {
  const workspace = await makeWorkspace();
  await withDatabase((sql) =>
    sql`update public.whatsapp_numbers set waba_id = null, display_phone_number = ${display}
      where workspace_id = ${workspace.id}`
  );
  return workspace;
}

/** A message of somebody who is known, or of a stranger: either shows whose account it is. */
function wrote(workspace: Workspace, account: string, from = ANA): Promise<void> {
  const changes = [change(workspace.phoneNumberId, { messages: [text(from, "Hi")] })];
  return deliver({ object: "whatsapp_business_account", entry: [{ id: account, changes }] });
}

const UPGRADE = { display_phone_number: "+34 910 000 777", event: "THROUGHPUT_UPGRADE" };

Deno.test("an account shows with any message, and what was said of it before counts", async () => {
  for (const order of ["message first", "upgrade first"]) {
    const workspace = await makeWorkspace();
    await wrote(workspace, uniqueNumericId());
    await withDatabase((sql) =>
      sql`update public.whatsapp_numbers set waba_id = null, display_phone_number = '34910000777'
        where workspace_id = ${workspace.id}`
    );
    const account = uniqueNumericId();
    const steps = [
      // Nothing new but the message: the person has been there.
      () => wrote(workspace, account),
      () => about(account, "phone_number_quality_update", UPGRADE),
    ];
    if (order === "upgrade first") steps.reverse();
    for (const step of steps) await step();
    assert.deepEqual([order, await accountOf(workspace)], [order, account]);
    assert.deepEqual([order, await speedOf(workspace)], [order, 1000]);
    assert.deepEqual(
      (await eventsOf(workspace.id)).map(({ field }) => field),
      ["phone_number_quality_update"],
      order,
    );
  }
});

Deno.test("an upgrade in the very delivery that shows the account counts", async () => {
  const workspace = await sibling("34910000777");
  const account = uniqueNumericId();
  const field = "phone_number_quality_update";
  const changes = [
    change(workspace.phoneNumberId, { messages: [text(ANA, "Hi")] }),
    { field, value: UPGRADE },
  ];
  await deliver({ object: "whatsapp_business_account", entry: [{ id: account, changes }] });
  assert.equal(await speedOf(workspace), 1000);
  assert.deepEqual((await eventsOf(workspace.id)).map((event) => event.field), [field]);
});

Deno.test("what names a number is its workspace's, whoever else has a number of the account", async () => {
  for (const order of ["message first", "event first"]) {
    const others = [await makeWorkspace(), await makeWorkspace()];
    const workspace = await sibling("34910000777");
    const account = await accountOf(others[0]);
    await withDatabase((sql) =>
      sql`update public.whatsapp_numbers set waba_id = ${account}, display_phone_number = '34910000776'
        where workspace_id in ${sql(others.map(({ id }) => id))}`
    );
    const steps = [
      () => wrote(workspace, account),
      () => about(account, "phone_number_quality_update", UPGRADE),
    ];
    if (order === "event first") steps.reverse();
    for (const step of steps) await step();
    const fields = (await eventsOf(workspace.id)).map(({ field }) => field);
    assert.deepEqual([order, ...fields], [order, "phone_number_quality_update"]);
    assert.equal(await speedOf(workspace), 1000);
    for (const other of others) {
      assert.deepEqual([await eventsOf(other.id), await speedOf(other)], [[], 80], order);
    }
  }
});

Deno.test("statuses with a price and with errors: what each says is kept, the earliest failure counts", async () => {
  const workspace = await makeWorkspace();
  await tell(workspace, { messages: [text("16045550111", "Hi")] });
  const [{ id: contactId }] = await contactsOf(workspace.id);
  const wamids = [uniqueWamid(), uniqueWamid()];
  const { id: workspaceId, phoneNumberId } = workspace;
  await withDatabase((sql) =>
    storeOutbound(sql, { workspaceId, contactId, phoneNumberId, wamids })
  );
  const pricing = { billable: true, pricing_model: "PMP", type: "regular", category: "utility" };
  const error = (code: number) => ({
    errors: [{ code, title: "…", error_data: { details: "…" } }],
  });
  await tell(workspace, {
    statuses: [
      status(wamids[0], "delivered", 5, { pricing, biz_opaque_callback_data: "job-42" }),
      status(wamids[0], "read", 6),
      status(wamids[1], "failed", 8, error(131026)),
      status(wamids[1], "failed", 7, error(131049)),
    ],
  });
  const rows = (await messagesOf(phoneNumberId)).filter(({ direction }) =>
    direction === "outbound"
  );
  const shown = wamids.map((wamid) => rows.find((row) => row.wa_message_id === wamid)!);
  assert.deepEqual(
    shown.map((row) => [row.status, row.pricing, row.error?.code]),
    [["read", pricing, undefined], ["failed", null, 131049]],
  );
});

Deno.test("errors and actions beside nothing are kept once; a message without a body beside errors as well", async () => {
  const workspace = await makeWorkspace();
  const errors = [{ code: 131051, title: "…", error_data: { details: "…" }, href: "…" }];
  const bare = { from: "16045550111", id: uniqueWamid(), timestamp: at(1), type: "unsupported" };
  for (let times = 0; times < 2; times++) {
    await tell(workspace, { errors, messages: [bare] });
    await tell(workspace, { user_actions: [{ action_type: "cart", timestamp: 1790000000 }] });
  }
  const [row, ...others] = await messagesOf(workspace.phoneNumberId);
  assert.deepEqual([row.type, row.body, others.length], ["unsupported", null, 0]);
  assert.deepEqual(
    (await eventsOf(workspace.id)).map(({ payload }) => Object.keys(payload as Json)),
    [
      ["errors"],
      ["user_actions"],
    ],
  );
});
