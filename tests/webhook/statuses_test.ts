/** What became of a message that was sent: statuses in any order, before their message too. */
import assert from "node:assert/strict";
import { withDatabase } from "../support/database.ts";
import { deadlocks } from "../support/deadlocks.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import {
  delivered,
  type Item,
  status,
  text,
  timeAt,
  uniqueWamid,
} from "../fixtures/whatsapp/delivery.ts";
import { deliver } from "./hook.ts";
import { contactsOf, eventsOf, messagesOf, storeOutbound } from "./rows.ts";

/** A workspace with a contact, and a wamid of a message to it. */
async function correspondence(): Promise<Workspace & { contactId: string; wamid: string }> {
  const workspace = await makeWorkspace();
  await deliver(delivered(workspace.phoneNumberId, { messages: [text("16045550111", "Hi")] }));
  const [{ id: contactId }] = await contactsOf(workspace.id);
  return { ...workspace, contactId, wamid: uniqueWamid() };
}

type Correspondence = Awaited<ReturnType<typeof correspondence>>;

function send(to: Correspondence, wamids = [to.wamid]): Promise<void> {
  const { id: workspaceId, contactId, phoneNumberId } = to;
  return withDatabase((sql) =>
    storeOutbound(sql, { workspaceId, contactId, phoneNumberId, wamids })
  );
}

function report(to: Correspondence, ...statuses: Item[]): Promise<void> {
  return deliver(delivered(to.phoneNumberId, { statuses }));
}

interface Outcome {
  status: string;
  delivered_at: Date | null;
  read_at: Date | null;
  played_at: Date | null;
  failed_at: Date | null;
  error: unknown;
}

const nothing = {
  delivered_at: null,
  read_at: null,
  played_at: null,
  failed_at: null,
  error: null,
};

async function outcome(to: Correspondence): Promise<Outcome> {
  const rows = await messagesOf(to.phoneNumberId);
  const [row] = rows.filter((row) => row.wa_message_id === to.wamid);
  const { status, delivered_at, read_at, played_at, failed_at, error } = row;
  return { status, delivered_at, read_at, played_at, failed_at, error };
}

Deno.test("each status moves the message on and leaves its time", async () => {
  const to = await correspondence();
  await send(to);
  assert.deepEqual(await outcome(to), { ...nothing, status: "queued" });
  await report(to, status(to.wamid, "sent", 1));
  assert.deepEqual(await outcome(to), { ...nothing, status: "sent" });
  await report(to, status(to.wamid, "delivered", 2));
  assert.deepEqual(await outcome(to), { ...nothing, status: "delivered", delivered_at: timeAt(2) });
  await report(to, status(to.wamid, "read", 3));
  const read = { ...nothing, status: "read", delivered_at: timeAt(2), read_at: timeAt(3) };
  assert.deepEqual(await outcome(to), read);
  await report(to, status(to.wamid, "played", 4));
  assert.deepEqual(await outcome(to), { ...read, status: "played", played_at: timeAt(4) });
});

const steps = ["sent", "delivered", "read"];

function permutations<T>(items: T[]): T[][] {
  if (items.length < 2) return [items];
  return items.flatMap((item, at) =>
    permutations([...items.slice(0, at), ...items.slice(at + 1)]).map((rest) => [item, ...rest])
  );
}

Deno.test("a message and its statuses end the same in all 24 orders", async () => {
  const one = await correspondence();
  for (const order of permutations(["message", ...steps])) {
    const to = { ...one, wamid: uniqueWamid() };
    for (const step of order) {
      if (step === "message") await send(to);
      else await report(to, status(to.wamid, step, steps.indexOf(step)));
    }
    const expected = { ...nothing, status: "read", delivered_at: timeAt(1), read_at: timeAt(2) };
    assert.deepEqual(await outcome(to), expected, order.join(", "));
  }
  assert.equal(await pendingOf(one.phoneNumberId), 0);
});

Deno.test("all statuses in one delivery, the last one first", async () => {
  const to = await correspondence();
  await send(to);
  await report(
    to,
    status(to.wamid, "read", 3),
    status(to.wamid, "sent", 1),
    status(to.wamid, "delivered", 2),
  );
  const { status: reached, delivered_at, read_at } = await outcome(to);
  assert.deepEqual([reached, delivered_at, read_at], ["read", timeAt(2), timeAt(3)]);
});

const failure = { code: 131049, title: "…", error_data: { details: "ecosystem" }, href: "h" };

Deno.test("failed keeps its reason, and no later status clears it", async () => {
  const to = await correspondence();
  await send(to);
  await report(to, status(to.wamid, "failed", 2, { errors: [failure] }));
  const failed = { ...nothing, status: "failed", failed_at: timeAt(2), error: failure };
  assert.deepEqual(await outcome(to), failed);
  await report(to, status(to.wamid, "sent", 1), status(to.wamid, "delivered", 3));
  await report(to, status(to.wamid, "read", 4));
  assert.deepEqual(await outcome(to), { ...failed, delivered_at: timeAt(3), read_at: timeAt(4) });
});

Deno.test("failed before its message is stored stays failed", async () => {
  const to = await correspondence();
  await report(
    to,
    status(to.wamid, "failed", 2, { errors: [failure] }),
    status(to.wamid, "sent", 1),
  );
  assert.equal(await pendingOf(to.phoneNumberId), 2);
  await send(to);
  assert.deepEqual(await outcome(to), {
    ...nothing,
    status: "failed",
    failed_at: timeAt(2),
    error: failure,
  });
  assert.equal(await pendingOf(to.phoneNumberId), 0);
});

Deno.test("a status that comes again keeps the earliest time, and changes nothing else", async () => {
  const to = await correspondence();
  await send(to);
  await report(to, status(to.wamid, "delivered", 5));
  await report(to, status(to.wamid, "delivered", 5), status(to.wamid, "delivered", 9));
  await report(to, status(to.wamid, "delivered", 4));
  assert.deepEqual(await outcome(to), { ...nothing, status: "delivered", delivered_at: timeAt(4) });
});

Deno.test("a bad status costs no other status and no message of its delivery", async () => {
  const to = await correspondence();
  await send(to);
  const message = text("16045550111", "meanwhile");
  const bad = [{ id: to.wamid, status: null }, { status: "read" }, null, {
    id: to.wamid,
    status: {},
  }];
  await deliver(delivered(to.phoneNumberId, {
    messages: [message],
    statuses: [...bad, status(to.wamid, "read", 3, { pricing: "odd", errors: {} })],
  }));
  assert.equal((await outcome(to)).status, "read");
  const bodies = (await messagesOf(to.phoneNumberId)).map((row) => row.body);
  assert.deepEqual(bodies.sort(), ["Hello", "Hi", "meanwhile"]);
});

Deno.test("a status of one number does not touch the same wamid of another", async () => {
  const [mine, other] = [await correspondence(), await correspondence()];
  await send(mine);
  await report({ ...other, wamid: mine.wamid }, status(mine.wamid, "read", 3));
  assert.equal((await outcome(mine)).status, "queued");
});

Deno.test("a status cannot change a message that a customer wrote", async () => {
  const workspace = await makeWorkspace();
  const message = text("16045550111", "Hi");
  await deliver(delivered(workspace.phoneNumberId, { messages: [message] }));
  await deliver(
    delivered(workspace.phoneNumberId, { statuses: [status(message.id, "failed", 3)] }),
  );
  assert.equal((await messagesOf(workspace.phoneNumberId))[0].status, "received");
});

Deno.test("eight senders at once with the statuses of a message that is stored meanwhile", async () => {
  for (let round = 0; round < 5; round++) {
    const to = await correspondence();
    const reports = [...steps, ...steps.toReversed(), "delivered", "read"].map((step) =>
      report(to, status(to.wamid, step, steps.indexOf(step)))
    );
    await Promise.all([...reports.slice(0, 4), send(to), ...reports.slice(4)]);
    assert.deepEqual(await outcome(to), {
      ...nothing,
      status: "read",
      delivered_at: timeAt(1),
      read_at: timeAt(2),
    });
    assert.equal(await pendingOf(to.phoneNumberId), 0);
    assert.deepEqual(await eventsOf(to.id), []);
  }
});

Deno.test("statuses that come at the very moment when their messages are stored are not lost", async () => {
  const to = await correspondence();
  // Many that are stored already make the delivery take its time, in which others come.
  const stored = Array.from({ length: 800 }, uniqueWamid);
  const coming = Array.from({ length: 40 }, uniqueWamid);
  await send(to, stored);
  await withDatabase(async (sql) => {
    const told = report(to, ...[...stored, ...coming].map((wamid) => status(wamid, "read", 2)));
    await Promise.all(
      coming.map((wamid) => storeOutbound(sql, { ...to, workspaceId: to.id, wamids: [wamid] })),
    );
    await told;
  }, 2);
  const rows = (await messagesOf(to.phoneNumberId)).filter((row) => row.direction === "outbound");
  assert.equal(rows.length, 840);
  assert.deepEqual(rows.filter((row) => row.status !== "read"), []);
  assert.equal(await pendingOf(to.phoneNumberId), 0);
});

Deno.test("deliveries about the same messages, stored meanwhile, wait for each other and never deadlock", async () => {
  const to = await correspondence();
  const wamids = Array.from({ length: 200 }, uniqueWamid);
  const before = (await deadlocks()).length;
  await withDatabase(async (sql) => {
    const store = async (wamid: string) => {
      await pause(Math.random() * 300);
      await storeOutbound(sql, { ...to, workspaceId: to.id, wamids: [wamid] });
    };
    const tell = async (step: string) => {
      await pause(Math.random() * 300);
      const some = wamids.filter(() => Math.random() < 0.3).toSorted(() => Math.random() - 0.5);
      await report(to, ...some.map((wamid) => status(wamid, step, steps.indexOf(step))));
    };
    const telling = Array.from({ length: 48 }, (_, n) => tell(steps[n % steps.length]));
    await Promise.all([...wamids.map(store), ...telling]);
  }, 8);
  const rows = (await messagesOf(to.phoneNumberId)).filter((row) => row.direction === "outbound");
  assert.equal(rows.length, wamids.length);
  assert.equal(await pendingOf(to.phoneNumberId), 0);
  assert.deepEqual((await deadlocks()).slice(before), []);
});

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function pendingOf(phoneNumberId: string): Promise<number> {
  return withDatabase(async (sql) => {
    const [{ count }] = await sql<{ count: number }[]>`
      select count(*)::int as count from public.whatsapp_pending_statuses
      where phone_number_id = ${phoneNumberId}`;
    return count;
  });
}
