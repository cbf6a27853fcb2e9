/** STOP and START as people write them: flag, tag and the record of it. */
import assert from "node:assert/strict";
import { updateContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import type { Contact, Data } from "../support/types.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import {
  at,
  delivered,
  type Item,
  person,
  text,
  timeAt,
  uniqueWamid,
} from "../fixtures/whatsapp/delivery.ts";
import { deliver } from "./hook.ts";
import { contactsOf } from "./rows.ts";

const FROM = "16045550111";

function write(workspace: Workspace, ...messages: Item[]): Promise<void> {
  return deliver(delivered(workspace.phoneNumberId, { contacts: [person(FROM, "Ana")], messages }));
}

function say(body: string, seconds: number): Item {
  return text(FROM, body, { timestamp: at(seconds) });
}

/** Flag and tags, as the API shows them. */
async function shown(workspace: Workspace): Promise<[boolean, string[]]> {
  const [{ id }] = await contactsOf(workspace.id);
  const answer = await workspace.key.get<Data<Contact>>(`get-contact?contact_id=${id}`);
  const { opted_out, tags } = answer.body.data;
  return [opted_out, tags];
}

interface Consent {
  kind: string;
  granted: boolean;
  source: string;
  wa_message_id: string | null;
  detail: string | null;
  happened_at: Date;
}

async function consents(workspace: Workspace): Promise<Consent[]> {
  return [
    ...await withDatabase((sql) =>
      sql<Consent[]>`
      select kind, granted, source, wa_message_id, detail, happened_at from public.contact_consents
      where workspace_id = ${workspace.id} order by happened_at, granted`
    ),
  ];
}

Deno.test("STOP opts out, with the message as evidence; START opts in again", async () => {
  const workspace = await makeWorkspace();
  const shout = ` Stop!${"!".repeat(40)}${" ".repeat(40)} `;
  const stop = say(shout, 10);
  await write(workspace, say("Hello", 5), stop, say("Why do you write?", 12));
  assert.deepEqual(await shown(workspace), [true, ["opt-out"]]);
  assert.deepEqual(await consents(workspace), [{
    kind: "marketing",
    granted: false,
    source: "keyword",
    wa_message_id: stop.id,
    detail: shout,
    happened_at: timeAt(10),
  }]);
  await write(workspace, say("START", 20));
  assert.deepEqual(await shown(workspace), [false, []]);
  assert.equal((await consents(workspace)).length, 2);
});

Deno.test("redelivered, also by several at once, it is stored once", async () => {
  const workspace = await makeWorkspace();
  const stop = say("STOP", 10);
  await Promise.all(Array.from({ length: 6 }, () => write(workspace, stop)));
  await write(workspace, stop, say("START", 20));
  await write(workspace, stop);
  assert.equal((await consents(workspace)).length, 2);
  assert.deepEqual(await shown(workspace), [false, []]);
});

Deno.test("a STOP older than a START changes nothing, however late it comes", async () => {
  const workspace = await makeWorkspace();
  await write(workspace, say("START", 20));
  await write(workspace, say("STOP", 10));
  assert.deepEqual(await shown(workspace), [false, []]);
  await write(workspace, say("STOP", 30), say("START", 25));
  assert.deepEqual(await shown(workspace), [true, ["opt-out"]]);
  assert.equal((await consents(workspace)).length, 4);
});

Deno.test("of the same second the STOP counts, in either order", async () => {
  for (const words of [["STOP", "START"], ["START", "STOP"]]) {
    const workspace = await makeWorkspace();
    for (const word of words) await write(workspace, say(word, 10));
    assert.deepEqual(await shown(workspace), [true, ["opt-out"]]);
  }
});

Deno.test("many people's words in one delivery, in many languages", async () => {
  const workspace = await makeWorkspace();
  const said = [
    "BAJA",
    "Parar",
    "sair",
    "STOPP",
    "arrêt",
    "СТОП",
    "退订",
    "cancelar",
    "sí",
    "stop it",
  ];
  const people = said.map((_, n) => `1604555${2000 + n}`);
  await deliver(delivered(workspace.phoneNumberId, {
    contacts: people.map((waId) => person(waId)),
    messages: said.map((body, n) => text(people[n], body, { timestamp: at(n) })),
  }));
  const rows = await withDatabase((sql) =>
    sql<{ phone: string; opted_out: boolean }[]>`
      select phone, opted_out from public.contacts where workspace_id = ${workspace.id} order by phone`
  );
  assert.deepEqual(rows.map(({ opted_out }) => opted_out), [
    ...Array(7).fill(true),
    ...Array(3).fill(false),
  ]);
});

Deno.test("a button says what it says: Stop promotions is an opt-out, Cancel an answer", async () => {
  const workspace = await makeWorkspace();
  const press = (title: string, seconds: number): Item => ({
    from: FROM,
    id: uniqueWamid(),
    timestamp: at(seconds),
    type: "button",
    button: { payload: "x", text: title },
  });
  await write(workspace, press("Cancel", 1));
  assert.deepEqual(await shown(workspace), [false, []]);
  await write(workspace, press("Stop promotions", 2));
  assert.deepEqual(await shown(workspace), [true, ["opt-out"]]);
});

Deno.test("what a person sets is a consent as well, and the latest counts", async () => {
  const workspace = await makeWorkspace();
  await write(workspace, say("STOP", 10));
  const [{ id }] = await contactsOf(workspace.id);
  await updateContact(workspace.agent, id, { remove_tags: ["opt-out"], add_tags: ["VIP"] });
  assert.deepEqual(await shown(workspace), [false, ["VIP"]]);
  const [, { source, granted, detail }] = await consents(workspace);
  assert.deepEqual([source, granted, detail], ["person", true, `member ${workspace.agent.userId}`]);
  // WhatsApp delivers again what was before.
  await write(workspace, say("STOP", 15));
  assert.deepEqual(await shown(workspace), [false, ["VIP"]]);
});
