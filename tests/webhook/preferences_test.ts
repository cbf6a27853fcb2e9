/** user_preferences: who wants no marketing messages is opted out, by the time they said so. */
import assert from "node:assert/strict";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import { EPOCH, type Json } from "../fixtures/whatsapp/delivery.ts";
import { contactsOf, eventsOf } from "./rows.ts";
import { ask, tell } from "./updates.ts";

const ANA = "16045550111";

function wish(value: string, seconds: number, more: Json = {}): Json {
  return {
    wa_id: ANA,
    user_id: "CA.7",
    category: "marketing_messages",
    value,
    detail: `User requested to ${value} marketing messages`,
    timestamp: EPOCH + seconds,
    ...more,
  };
}

function say(workspace: Workspace, ...user_preferences: Json[]): Promise<void> {
  return tell(workspace, { user_preferences }, "user_preferences");
}

async function optedOut(workspace: Workspace): Promise<boolean[]> {
  const rows = await ask<{ opted_out: boolean }>(
    "select opted_out from public.contacts where workspace_id = $1",
    workspace.id,
  );
  return rows.map(({ opted_out }) => opted_out);
}

Deno.test("stop opts out and resume opts in, the later one counts, each is on record once", async () => {
  const [stop, resume] = [wish("stop", 12), wish("resume", 13)];
  for (const order of [[stop, resume], [resume, stop], [stop, resume, stop]]) {
    const workspace = await makeWorkspace();
    for (const one of order) await say(workspace, one);
    assert.deepEqual(await optedOut(workspace), [false]);
    const record = await ask(
      `select kind, granted, source, detail from public.contact_consents
        where workspace_id = $1 order by happened_at`,
      workspace.id,
    );
    assert.deepEqual(
      record,
      [stop, resume].map(({ value, detail }) => ({
        kind: "marketing",
        granted: value === "resume",
        source: "whatsapp_preference",
        detail,
      })),
    );
    assert.deepEqual(await eventsOf(workspace.id), []);
  }
});

Deno.test("stop alone opts out, also somebody known by one id only", async () => {
  for (const who of [{}, { wa_id: undefined }, { user_id: undefined }]) {
    const workspace = await makeWorkspace();
    await say(workspace, wish("stop", 12, who));
    assert.deepEqual(await optedOut(workspace), [true]);
    assert.equal((await contactsOf(workspace.id)).length, 1);
  }
});

Deno.test("what is no wish about marketing messages is kept and changes nothing", async () => {
  const workspace = await makeWorkspace();
  await say(workspace, wish("resume", 1));
  const others = [
    wish("stop", 12, { category: "of_tomorrow" }),
    wish("perhaps", 12),
    wish("stop", 12, { wa_id: null, user_id: null }),
  ];
  await say(workspace, ...others);
  await say(workspace, ...others);
  assert.deepEqual(await optedOut(workspace), [false]);
  assert.equal((await eventsOf(workspace.id)).length, 3);
});
