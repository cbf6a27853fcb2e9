/** What WhatsApp calls two people while they are one contact, and what each is called afterwards. */
import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { merge, undo } from "../support/merging.ts";
import type { Contact } from "../support/types.ts";
import { uniquePhone } from "../support/unique.ts";
import { makeWorkspace } from "../support/workspace.ts";
import { at, person, text } from "../fixtures/whatsapp/delivery.ts";
import { ask, tell } from "../webhook/updates.ts";

const home = await makeWorkspace();

type Names = (string | null)[];
type Said = [who: 0 | 1, name: string, seconds: number];

function say({ phone }: Contact, name: string, seconds: number): Promise<void> {
  const digits = phone!.slice(1);
  const profile = { name, username: `@${name.toLowerCase()}` };
  return tell(home, {
    contacts: [{ ...person(digits), profile }],
    messages: [text(digits, "Hi", { timestamp: at(seconds) })],
  });
}

/** What each of the two is called: name, profile name and username. */
async function called(...both: Contact[]): Promise<Names[]> {
  const rows = await ask<{ id: string; names: Names }>(
    `select c.id, array[c.name, a.profile_name, a.username] as names
      from public.contacts c join public.contact_activity a on a.contact_id = c.id
      where c.id in ($1, $2)`,
    ...both.map(({ id }) => id),
  );
  return both.map((contact) => rows.find(({ id }) => id === contact.id)!.names);
}

/** Two people who have each written once and are merged, and what was touched when that is undone. */
async function undone(since: Said[], later: Said[] = []) {
  const make = () => createContact(home.key, { phone: uniquePhone() });
  const both = [await make(), await make()];
  await say(both[0], "Ana", 1);
  await say(both[1], "Bea", 2);
  const mergeId = await merge(home.key, both[0].id, both[1].id);
  for (const [who, name, seconds] of since) await say(both[who], name, seconds);
  const { touched } = await undo(home.key, mergeId);
  for (const [who, name, seconds] of later) await say(both[who], name, seconds);
  return { names: await called(...both), fields: touched.fields };
}

const names = (name: string): Names => [name, name, `@${name.toLowerCase()}`];

Deno.test("a name that came with the duplicate's message is not the primary's", async () => {
  assert.deepEqual(await undone([[1, "Bea", 20]]), {
    names: [names("Ana"), names("Bea")],
    fields: [],
  });
});

Deno.test("a message of between brings nobody the other's name", async () => {
  assert.deepEqual(await undone([[1, "Bea", 20]], [[0, "Ana", 10]]), {
    names: [names("Ana"), names("Bea")],
    fields: [],
  });
});

Deno.test("each is called as it was last, also meanwhile", async () => {
  const { names: [one, two] } = await undone([[0, "Anita", 20], [1, "Beatriz", 30]]);
  assert.deepEqual([one, two], [names("Anita"), names("Beatriz")]);
});

Deno.test("a new name of the primary's own stays, and is named", async () => {
  assert.deepEqual(await undone([[1, "Beatriz", 20], [0, "Anita", 30]]), {
    names: [names("Anita"), names("Beatriz")],
    fields: ["name"],
  });
});

Deno.test("who is still merged may be called as the one who is not any more", async () => {
  const make = () => createContact(home.key, { phone: uniquePhone() });
  const [one, two, three] = [await make(), await make(), await make()];
  await say(two, "Bea", 1);
  await say(one, "Ana", 2);
  await say(three, "Bea", 3);
  await merge(home.key, one.id, two.id);
  const mergeId = await merge(home.key, one.id, three.id);
  await say(two, "Bea", 20);
  await undo(home.key, mergeId);
  assert.deepEqual(await called(one, three), [names("Bea"), names("Bea")]);
});
