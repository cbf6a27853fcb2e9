/** A delivery may hold a thousand updates in any number of entries and changes: none is left out. */
import assert from "node:assert/strict";
import { withDatabase } from "../support/database.ts";
import { uniquePhone } from "../support/unique.ts";
import { makeWorkspace } from "../support/workspace.ts";
import {
  at,
  change,
  delivered,
  type Delivery,
  person,
  text,
} from "../fixtures/whatsapp/delivery.ts";
import { assertAcknowledged, deliver, post } from "./hook.ts";
import { contactsOf, deliveriesOf, eventsOf, messagesOf, wamidsOf } from "./rows.ts";

Deno.test("every item of every change of every entry is stored", async () => {
  const { id, phoneNumberId } = await makeWorkspace();
  const messages = Array.from({ length: 8 }, (_, n) => text(`1604555000${n}`, `message ${n}`));
  const [a, b, c, d, e, f, g, h] = messages;
  const payload: Delivery = {
    object: "whatsapp_business_account",
    entry: [
      {
        id: "1",
        changes: [
          change(phoneNumberId, { messages: [a, b] }),
          change(phoneNumberId, { statuses: [] }),
          change(phoneNumberId, { messages: [c] }),
          change(phoneNumberId, {}, "a_field_between"),
        ],
      },
      { id: "2", changes: [] },
      { id: "3", changes: [change(phoneNumberId, { messages: [d, e, f] })] },
      {
        id: "3",
        changes: [
          change(phoneNumberId, { messages: [g] }),
          change(phoneNumberId, { messages: [h] }),
        ],
      },
    ],
  };
  await deliver(payload);
  const stored = (await messagesOf(phoneNumberId)).map((row) => [row.wa_message_id, row.body]);
  assert.deepEqual(stored.sort(), messages.map((m, n) => [m.id, `message ${n}`]).sort());
  assert.equal((await contactsOf(id)).length, 8);
  assert.deepEqual((await eventsOf(id)).map(({ field }) => field), ["a_field_between"]);
});

Deno.test("a thousand messages of a hundred people in one delivery", async () => {
  const { id, phoneNumberId } = await makeWorkspace();
  const people = Array.from({ length: 100 }, (_, n) => `1604555${1000 + n}`);
  const messages = Array.from(
    { length: 1000 },
    (_, n) => text(people[n % 100], `message ${n}`, { timestamp: at(n) }),
  );
  const contacts = people.map((waId, n) => person(waId, `Person ${n}`)).reverse();
  const body = JSON.stringify(delivered(phoneNumberId, { contacts, messages }));
  assertAcknowledged(await post(body));
  assert.deepEqual(
    (await messagesOf(phoneNumberId)).map((row) => row.wa_message_id),
    messages.map((message) => message.id),
  );
  const stored = await contactsOf(id);
  assert.deepEqual(
    stored.map(({ phone, name, message_count }) => ({ phone, name, message_count })),
    people.map((waId, n) => ({ phone: `+${waId}`, name: `Person ${n}`, message_count: 10 })),
  );
  const [kept] = await deliveriesOf(body);
  assert.deepEqual([kept.status, kept.detail.messages, kept.detail.contacts], [
    "processed",
    1000,
    100,
  ]);
});

Deno.test("names go with senders by id, never by position", async () => {
  const { id, phoneNumberId } = await makeWorkspace();
  const [ana, ben, cem] = ["16045550101", "16045550102", "16045550103"];
  await deliver(delivered(phoneNumberId, {
    contacts: [person("16045559999", "Nobody here"), person(cem, "Cem"), person(ana, "Ana")],
    messages: [text(ana, "1"), text(ben, "2"), text(cem, "3")],
  }));
  const stored = await contactsOf(id);
  assert.deepEqual(stored.map(({ phone, name }) => [phone, name]), [
    [`+${ana}`, "Ana"],
    [`+${ben}`, null],
    [`+${cem}`, "Cem"],
  ]);
});

Deno.test("two numbers of two workspaces in one delivery: each gets its own", async () => {
  const [one, two] = [await makeWorkspace(), await makeWorkspace({ country: "US" })];
  const waId = uniquePhone().slice(1);
  const [mine, yours] = [text(waId, "to one"), text(waId, "to two")];
  const shared = { contacts: [person(waId, "Ana")] };
  await deliver({
    object: "whatsapp_business_account",
    entry: [
      {
        id: "1",
        changes: [
          change(one.phoneNumberId, { ...shared, messages: [mine] }),
          change(two.phoneNumberId, { ...shared, messages: [yours] }),
        ],
      },
    ],
  });
  for (const [workspace, message] of [[one, mine], [two, yours]] as const) {
    const [row, ...others] = await messagesOf(workspace.phoneNumberId);
    assert.deepEqual(others, []);
    assert.deepEqual([row.wa_message_id, row.workspace_id], [message.id, workspace.id]);
    const contacts = await contactsOf(workspace.id);
    assert.deepEqual(contacts.map(({ id, phone }) => [id, phone]), [[row.contact_id, `+${waId}`]]);
  }
});

Deno.test("the same wamid at two numbers is two messages", async () => {
  const [one, two] = [await makeWorkspace(), await makeWorkspace()];
  const message = text("16045550111", "Hi");
  await deliver({
    object: "whatsapp_business_account",
    entry: [one, two].map(({ phoneNumberId }) => ({
      id: "1",
      changes: [change(phoneNumberId, { messages: [message] })],
    })),
  });
  assert.deepEqual(await wamidsOf(one.phoneNumberId), [message.id]);
  assert.deepEqual(await wamidsOf(two.phoneNumberId), [message.id]);
});

Deno.test("an unknown number is acknowledged, kept and named, beside a known one", async () => {
  const { phoneNumberId } = await makeWorkspace();
  const message = text("16045550111", "Hi");
  const body = JSON.stringify({
    object: "whatsapp_business_account",
    entry: [{
      id: "1",
      changes: [
        change("999999999999999", { messages: [text("16045550112", "lost?")] }),
        change(phoneNumberId, { messages: [message] }),
      ],
    }],
  });
  assertAcknowledged(await post(body));
  assert.deepEqual(await wamidsOf(phoneNumberId), [message.id]);
  assert.deepEqual(await messagesOf("999999999999999"), []);
  const [kept] = await deliveriesOf(body);
  assert.equal(kept.body, body);
  assert.deepEqual(kept.detail.unknown_numbers, ["999999999999999"]);
});

Deno.test("of deliveries that come at once one that cannot be stored costs the others nothing", async () => {
  const { id, phoneNumberId } = await makeWorkspace();
  const messages = Array.from({ length: 30 }, (_, n) => text(`1604555${1000 + n}`, "Hi"));
  const bad = messages[15].id;
  await withDatabase(async (sql) => {
    const poison = `private.poison_${id.replaceAll("-", "")}`;
    await sql.unsafe(`
      create function ${poison}() returns trigger language plpgsql as
        $$ begin raise exception 'poisoned'; end $$;
      create trigger poison before insert on public.messages for each row
      when (new.wa_message_id = '${bad}') execute function ${poison}()`);
    try {
      await Promise.all(
        messages.map((message) => deliver(delivered(phoneNumberId, { messages: [message] }))),
      );
    } finally {
      await sql.unsafe(`drop function ${poison}() cascade`);
    }
    const failed = await sql`
      select f.item #>> '{entry,0,changes,0,value,messages,0,id}' as id, f.error
      from private.webhook_failures f where f.item::text like ${`%${phoneNumberId}%`}`;
    assert.deepEqual([...failed], [{ id: bad, error: "P0001 poisoned" }]);
  });
  assert.deepEqual(
    (await wamidsOf(phoneNumberId)).toSorted(),
    messages.map((message) => message.id).filter((wamid) => wamid !== bad).toSorted(),
  );
});
