/**
 * A stack of its own is taken through time (private.clock): what time alone changes is so at the
 * very next read, whatever is read, and without waiting for whoever looks for what is due.
 */
import assert from "node:assert/strict";
import type postgres from "postgres";
import { type Shown, Traveller } from "./support/traveller.ts";
import type { Contact, Deal, Page } from "./support/types.ts";
import { until } from "./support/until.ts";

const BOOKS = {
  name: "Books",
  kind: "action",
  action: "booking_attempt",
  category: "intent",
  points: 40,
  half_life_days: 10,
  buying_intent: true,
};

const active = { auto_status: "active", reason: "recent_messages" };
const fresh = { auto_status: "new", reason: "nothing_else" };
const inactive = { auto_status: "inactive", reason: "silent" };
const qualified = { auto_status: "qualified", reason: "buying_intent" };
const converted = { auto_status: "converted", reason: "converted" };
const churned = { auto_status: "churned", reason: "silent_since_conversion" };

Deno.test("statuses, risks and scores go by the clock, at the very next read", async () => {
  await Traveller.with(async (time) => {
    const [ana, bob] = ["+16045550301", "+16045550302"];
    await time.call("POST", "scoring-signals", BOOKS);
    await time.write(ana, "Good morning");
    await time.write(bob, "Hello", "I am in the garden", "At the gate");
    const ids = [(await time.contact(ana)).id, (await time.contact(bob)).id];
    const are = (one: Shown, two: Shown) => time.assertShown({ [ids[0]]: one, [ids[1]]: two });
    await are(fresh, active);
    await time.write(ana, "Hello again", "It is Monday");
    await are(active, active);
    await time.call("POST", "score-events", { contact_id: ids[0], action: "booking_attempt" });
    await are({ ...qualified, score: 40, grade: "C" }, active);
    await time.to(8);
    await are({ ...qualified, risks: ["lead_gone_cold"], score: 23, grade: "D" }, active);
    await time.write(ana, "Here I am");
    await are({ ...qualified, score: 23, grade: "D" }, active);
    await time.to(10);
    await are({ ...qualified, score: 20, grade: "D" }, active);
    await time.call("POST", "update-contact", { contact_id: ids[0], status: "converted" });
    await are({ ...converted, score: 20, grade: "D" }, active);
    await time.to(14.5);
    await are({ ...converted, score: 15, grade: "E" }, fresh);
    await time.to(31);
    await are({ ...converted, score: 5, grade: "E" }, inactive);
    await time.write(bob, "Back from the sea");
    await are({ ...converted, score: 5, grade: "E" }, active);
    await time.to(41);
    await are({ ...converted, risks: ["bought_and_silent"], score: 2, grade: "E" }, active);
    await time.to(101);
    await are({ ...churned, score: 0, grade: "F" }, inactive);
    await time.write(ana, "Hello, me again");
    await are({ ...converted, score: 0, grade: "F" }, inactive);
  });
});

Deno.test("deals are stale by the clock", async () => {
  await Traveller.with(async (time) => {
    const phone = "+16045550303";
    await time.write(phone, "Hello");
    const { id: contact_id } = await time.contact(phone);
    await time.call("POST", "deals", { contact_id, title: "A table" });
    const stale = async () => {
      const { data } = await time.get<Page<Deal>>(`deals?contact_id=${contact_id}`);
      const found = await time.get<Page<Deal>>("deals?is_stale=true");
      assert.deepEqual(found.data, data.filter(({ is_stale }) => is_stale));
      return data.map(({ is_stale }) => is_stale);
    };
    for (const [days, isStale] of [[0, false], [29, false], [31, true], [5, false]] as const) {
      await time.to(days);
      assert.deepEqual(await stale(), [isStale], `after ${days} days`);
    }
    await time.to(31);
    await time.write(phone, "Hello again");
    assert.deepEqual(await stale(), [false], "who wrote is in touch");
  });
});

Deno.test("who reads while somebody else is at a contact that is due waits for them", async (test) => {
  await Traveller.with(async (time) => {
    const phone = "+16045550304";
    await time.write(phone, "Hello", "I am in the garden", "At the gate");
    const { id } = await time.contact(phone);
    const inactive = { [id]: { auto_status: "inactive", reason: "silent" } };
    const whileLocked = async (use: (tx: postgres.TransactionSql) => Promise<unknown>) => {
      let reading: Promise<unknown> | undefined;
      await time.sql.begin(async (tx) => {
        await tx`select from public.contacts where id = ${id} for no key update`;
        await time.to(31);
        await use(tx);
        reading = time.assertShown(inactive);
        // Whoever awaits it sees a failure.
        reading.catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 150));
      });
      await reading;
    };
    await test.step("who bring it up to date", () =>
      whileLocked((tx) => tx`select private.follow_due(200)`));
    await time.to(0);
    await time.write(phone, "Hello again");
    await time.sql`select private.follow_contacts(array[${id}::uuid])`;
    await test.step("who do not", () => whileLocked(() => Promise.resolve()));
  });
});

Deno.test("who writes waits for nobody who is at their contact, and the next read shows it", async () => {
  await Traveller.with(async (time) => {
    const phones = ["+16045550305", "+16045550306"];
    const say = () => time.writeAll(phones, "Hello", "I am in the garden", "At the gate");
    const shown = (sql: postgres.Sql | postgres.TransactionSql) =>
      sql<{ auto_status: string }[]>`
        select auto_status from public.contacts where phone in ${sql(phones)} order by phone`;
    await say();
    await time.to(31);
    for (const phone of phones) {
      assert.equal((await time.contact(phone)).auto_status, "inactive");
    }
    await time.sql.begin(async (tx) => {
      await tx`select from public.contacts where phone = ${phones[0]} for no key update`;
      await say();
      const statuses = (await shown(tx)).map(({ auto_status }) => auto_status);
      assert.deepEqual(statuses, ["inactive", "active"], "whoever can be is shown at once");
    });
    for (const phone of phones) assert.equal((await time.contact(phone)).auto_status, "active");
  });
});

Deno.test("however many are due at once, the next read says so", async () => {
  await Traveller.with(async (time) => {
    const people = 1200;
    for (let from = 0; from < people; from += 300) {
      const phones = Array.from({ length: 300 }, (_, n) => `+1604556${String(from + n + 1000)}`);
      await time.writeAll(phones, "Hello", "I am in the garden", "At the gate");
    }
    const total = async (status: string) =>
      (await time.get<Page<Contact>>(`list-contacts?auto_status=${status}&count=exact`)).total!;
    assert.equal(await total("active"), people);
    await time.to(31);
    // But for those that the worker is at, two hundred at once.
    assert.ok(await total("inactive") >= people - 200);
    await until(async () => await total("inactive") === people || undefined);
  });
});
