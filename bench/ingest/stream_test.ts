import assert from "node:assert/strict";
import { GROUP, outboundNeeded, outboundWith, STRANGER_EVERY, updateAt } from "./stream.ts";

const CONTACTS = 20_000;
const GROUPS = 5000;
const updates = Array.from({ length: GROUPS * GROUP }, (_, n) => updateAt(n, CONTACTS));
const messages = updates.filter((update) => update.kind === "message");
const statuses = updates.filter((update) => update.kind === "status");

Deno.test("three statuses come to one message, in any stretch of whole groups", () => {
  for (let start = 0; start < updates.length; start += GROUP) {
    const kinds = updates.slice(start, start + GROUP).map(({ kind }) => kind);
    assert.deepEqual(kinds, ["message", "status", "status", "status"]);
  }
});

Deno.test("no message comes twice, no status either", () => {
  assert.equal(new Set(messages.map(({ wamid }) => wamid)).size, GROUPS);
  assert.equal(new Set(statuses.map((s) => s.wamid + s.status)).size, 3 * GROUPS);
  const inbound = new Set(messages.map(({ wamid }) => wamid));
  assert.ok(!statuses.some(({ wamid }) => inbound.has(wamid)));
});

Deno.test("a message is sent, delivered, read, in this order and never in one POST of hundreds", () => {
  const seen = new Map<string, { status: string; n: number }[]>();
  for (const [n, update] of updates.entries()) {
    if (update.kind !== "status") continue;
    seen.set(update.wamid, [...seen.get(update.wamid) ?? [], { status: update.status, n }]);
  }
  const whole = [...seen.values()].filter(({ length }) => length === 3);
  assert.ok(whole.length > GROUPS / 2);
  for (const steps of whole) {
    assert.deepEqual(steps.map(({ status }) => status), ["sent", "delivered", "read"]);
    assert.ok(steps[1].n - steps[0].n > 2000 && steps[2].n - steps[1].n > 2000);
  }
});

Deno.test("what is to be stored before and what is there after are told rightly", () => {
  const about = new Set(statuses.map(({ wamid }) => wamid));
  assert.equal(about.size, outboundNeeded(GROUPS));
  for (const status of ["delivered", "read"] as const) {
    const [from, to] = outboundWith(status, GROUPS);
    const got = statuses.filter((update) => update.status === status);
    assert.equal(got.length, to - from);
  }
});

Deno.test("one message in fifty is from someone new, the others from everyone in turn", () => {
  const strangers = messages.filter(({ waId }) => waId.startsWith("347"));
  assert.equal(strangers.length, GROUPS / STRANGER_EVERY);
  assert.equal(new Set(strangers.map(({ waId }) => waId)).size, strangers.length);
  const known = messages.filter(({ person }) => person < CONTACTS);
  assert.equal(known.length, GROUPS - strangers.length);
  assert.equal(new Set(known.map(({ waId }) => waId)).size, known.length);
});
