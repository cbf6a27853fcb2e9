/** Calls: each once, however many updates tell of it; only a person's call opens the window. */
import assert from "node:assert/strict";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import { at, type Json, person, timeAt } from "../fixtures/whatsapp/delivery.ts";
import { contactsOf, eventsOf } from "./rows.ts";
import { ask, tell } from "./updates.ts";

const ANA = "16045550111";
const BUSINESS = "16045550123";

const connect = {
  id: "wacid.1",
  from: ANA,
  from_user_id: "CA.7",
  to: BUSINESS,
  event: "connect",
  timestamp: at(10),
  direction: "USER_INITIATED",
  session: { sdp_type: "offer", sdp: "…" },
};
const terminate = {
  ...connect,
  event: "terminate",
  timestamp: at(40),
  status: "COMPLETED",
  start_time: at(12),
  end_time: at(40),
  duration: 28,
};

interface Call {
  direction: string;
  status: string;
  started_at: Date;
  accepted_at: Date | null;
  ended_at: Date | null;
  duration_seconds: number | null;
}

function callsOf(workspace: Workspace): Promise<Call[]> {
  return ask<Call>(
    `select direction, status, started_at, accepted_at, ended_at, duration_seconds
      from public.calls where workspace_id = $1 order by wa_call_id`,
    workspace.id,
  );
}

/** The number of calls that the contact shows, and when the window opened. */
async function effectsOf(workspace: Workspace): Promise<unknown[]> {
  const rows = await ask<
    { call_count: number; last_inbound_at: Date | null; last_contact_at: Date }
  >(
    `select c.call_count, v.last_inbound_at, a.last_contact_at
      from public.contacts c join public.contact_activity a on a.contact_id = c.id
      join public.conversations v on v.contact_id = c.id
      where c.workspace_id = $1`,
    workspace.id,
  );
  return rows.map((row) => [row.call_count, row.last_inbound_at, row.last_contact_at]);
}

const ring = (workspace: Workspace, ...calls: Json[]) => tell(workspace, { calls }, "calls");

Deno.test("a person calls: a contact, a call, an open window, in any order of the updates", async () => {
  for (const order of [[connect, terminate], [terminate, connect], [connect, terminate, connect]]) {
    const workspace = await makeWorkspace();
    for (const update of order) await ring(workspace, update);
    assert.deepEqual(await callsOf(workspace), [{
      direction: "inbound",
      status: "completed",
      started_at: timeAt(10),
      accepted_at: null,
      ended_at: timeAt(40),
      duration_seconds: 28,
    }]);
    assert.deepEqual(await effectsOf(workspace), [[1, timeAt(10), timeAt(40)]]);
    assert.deepEqual((await contactsOf(workspace.id)).map(({ phone }) => phone), [`+${ANA}`]);
    assert.deepEqual(await eventsOf(workspace.id), []);
  }
});

Deno.test("the business calls: ringing, accepted, ended; no window opens", async () => {
  const updates: Json[] = ["RINGING", "ACCEPTED"].map((status, n) => ({
    id: "wacid.2",
    type: "call",
    status,
    timestamp: at(11 + n),
    recipient_id: ANA,
  }));
  const ended = {
    ...terminate,
    id: "wacid.2",
    from: BUSINESS,
    from_user_id: undefined,
    to: ANA,
    direction: "BUSINESS_INITIATED",
  };
  for (const order of [[0, 1, 2], [2, 1, 0]]) {
    const workspace = await makeWorkspace();
    const steps = [
      () => tell(workspace, { statuses: [updates[0]] }, "calls"),
      () => tell(workspace, { statuses: [updates[1]] }, "calls"),
      () => ring(workspace, ended),
    ];
    for (const index of order) await steps[index]();
    assert.deepEqual(await callsOf(workspace), [{
      direction: "outbound",
      status: "completed",
      started_at: timeAt(11),
      accepted_at: timeAt(12),
      ended_at: timeAt(40),
      duration_seconds: 28,
    }]);
    assert.deepEqual(await effectsOf(workspace), [[1, null, timeAt(40)]]);
  }
});

Deno.test("a call that the person declined is rejected, whatever its end is called and whichever comes first", async () => {
  const declined = {
    id: "wacid.2",
    type: "call",
    status: "REJECTED",
    timestamp: at(11),
    recipient_id: ANA,
  };
  for (const status of ["COMPLETED", "FAILED"]) {
    const ended = {
      id: "wacid.2",
      from: BUSINESS,
      to: ANA,
      event: "terminate",
      direction: "BUSINESS_INITIATED",
      timestamp: at(12),
      status,
    };
    for (const order of [[0, 1], [1, 0]]) {
      const workspace = await makeWorkspace();
      const steps = [
        () => tell(workspace, { statuses: [declined] }, "calls"),
        () => ring(workspace, ended),
      ];
      for (const index of order) await steps[index]();
      assert.deepEqual(
        (await callsOf(workspace)).map((call) => [call.status, call.ended_at]),
        [["rejected", timeAt(12)]],
        `${status} ${order}`,
      );
    }
  }
});

for (
  const [status, shown] of Object.entries({
    COMPLETED: "completed",
    FAILED: "failed",
    REJECTED: "rejected",
  })
) {
  Deno.test(`a call that ended ${status} is ${shown}`, async () => {
    const workspace = await makeWorkspace();
    await ring(workspace, connect, { ...terminate, status });
    assert.deepEqual((await callsOf(workspace)).map((call) => call.status), [shown]);
  });
}

Deno.test("a caller by a business-scoped id alone, and one named by contacts[], is the contact that is known", async () => {
  const workspace = await makeWorkspace();
  await ring(workspace, connect);
  await ring(workspace, { ...connect, id: "wacid.2", from: undefined });
  await tell(workspace, {
    contacts: [{ ...person(ANA, "Ana"), user_id: "CA.7" }],
    calls: [{ ...connect, id: "wacid.3", from_user_id: undefined }],
  }, "calls");
  assert.equal((await contactsOf(workspace.id)).length, 1);
  assert.deepEqual((await effectsOf(workspace)).map((row) => (row as unknown[])[0]), [3]);
});

/** The name of the only contact, and when it was called that. */
async function nameOf(workspace: Workspace): Promise<unknown[]> {
  const rows = await ask<{ name: string | null; profile_name_at: Date | null }>(
    `select c.name, a.profile_name_at
      from public.contacts c join public.contact_activity a on a.contact_id = c.id
      where c.workspace_id = $1`,
    workspace.id,
  );
  return rows.map(({ name, profile_name_at }) => [name, profile_name_at]);
}

Deno.test("a caller has the profile name that comes with the call, by the times of the updates", async () => {
  const earlier = { ...connect, id: "wacid.2", timestamp: at(5) };
  const byId = { ...connect, id: "wacid.3", from: undefined, timestamp: at(20) };
  const steps: Json[] = [
    { contacts: [person(ANA, "Ana")], calls: [connect] },
    { contacts: [person(ANA, "Anna")], calls: [earlier] },
    { contacts: [{ user_id: "CA.7", profile: { name: "Anita" } }], calls: [byId] },
    { contacts: [person("16045550112", "Bob")], calls: [{ ...connect, id: "wacid.4" }] },
  ];
  for (const order of [[0, 1], [1, 0], [0, 3], [3, 0], [0, 2], [2, 0], [1, 2, 3, 0]]) {
    const workspace = await makeWorkspace();
    for (const index of order) await tell(workspace, steps[index], "calls");
    const latest = order.includes(2) ? ["Anita", timeAt(20)] : ["Ana", timeAt(10)];
    assert.deepEqual(await nameOf(workspace), [latest], `${order}`);
  }
});

Deno.test("a call by nobody is kept as an event", async () => {
  const workspace = await makeWorkspace();
  const nobody = { ...connect, from: "nobody", from_user_id: null };
  await ring(workspace, nobody, connect);
  assert.deepEqual((await eventsOf(workspace.id)).map(({ payload }) => payload), [nobody]);
  assert.equal((await callsOf(workspace)).length, 1);
});
