/** Which contacts may be one person: by number, by variant of a number, by e-mail address. */
import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import { type Answer, query } from "../support/http.ts";
import { merge, undo } from "../support/merging.ts";
import { assertProblem } from "../support/problem.ts";
import type { Contact, Data, Page } from "../support/types.ts";
import { uniquePhone, uniqueWord } from "../support/unique.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";

interface Candidate {
  confidence: number;
  reasons: { type: string; value: string }[];
  primary: Contact;
  duplicate: Contact;
}

async function candidates(
  { key }: Workspace,
  parameters: Record<string, string | number | undefined> = {},
): Promise<Candidate[]> {
  const found: Candidate[] = [];
  let cursor: string | undefined;
  do {
    const page: Answer<Page<Candidate>> = await key.get<Page<Candidate>>(
      `merge-contacts${query({ ...parameters, cursor })}`,
    );
    assert.equal(page.status, 200, page.text);
    assert.ok(page.body.data.length <= Number(parameters.limit ?? 50));
    found.push(...page.body.data);
    cursor = page.body.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}

/** `names [reasons] confidence`, so that a claim reads as it is meant. */
const told = (found: Candidate[]) =>
  found.map(({ primary, duplicate, reasons, confidence }) =>
    `${primary.name} ← ${duplicate.name} ${reasons.map(({ type }) => type)} ${confidence}`
  );

async function identity(place: Workspace, contact: { id: string }, channel: string, id: string) {
  await withDatabase((sql) =>
    sql`insert into public.contact_identities (workspace_id, contact_id, channel, external_id)
      values (${place.id}, ${contact.id}, ${channel}, ${id})`
  );
}

/** A contact, and others that share something with it or nothing. */
async function family() {
  const place = await makeWorkspace();
  const create = (name: string, more: Record<string, unknown> = {}) =>
    createContact(place.key, { name, ...more });
  const digits = "551187654321";
  const one = await create("One", { phone: `+${digits}`, email: "One.Two@Example.com" });
  const others = {
    email: await create("E-mail", { email: "one.two@example.COM" }),
    dotted: await create("Dotted", { email: "onetwo@example.com" }),
    phone: await create("Number"),
    variant: await create("Variant"),
    all: await create("Number and e-mail", { email: "one.two@example.com" }),
    elsewhere: await createContact((await makeWorkspace()).key, { email: "one.two@example.com" }),
  };
  // An identity without a + is as good a number as any; one of another channel is none.
  await identity(place, others.phone, "whatsapp", digits);
  await identity(place, others.variant, "whatsapp", "5511987654321");
  await identity(place, others.all, "phone", digits);
  await identity(place, others.dotted, "telegram", digits);
  return { place, one, others };
}

Deno.test("the contacts that share something with one, likeliest first, whatever it is asked by", async () => {
  const { place, one, others } = await family();
  const expected = [
    "One ← Number and e-mail phone,email 95",
    "One ← Number phone 90",
    "One ← Variant phone_variant 80",
    "One ← E-mail email 60",
  ];
  assert.deepEqual(told(await candidates(place, { contact_id: one.id })), expected);
  assert.deepEqual(told(await candidates(place, { contact_id: one.id, limit: 1 })), expected);
  const [first] = await candidates(place, { contact_id: one.id });
  assert.deepEqual(first.reasons, [
    { type: "phone", value: "551187654321" },
    { type: "email", value: "one.two@example.com" },
  ]);
  assert.equal(first.duplicate.id, others.all.id);
  assert.equal(first.primary.phone, "+551187654321");
  // From the other side: identities of one number, and addresses.
  assert.deepEqual(told(await candidates(place, { contact_id: others.variant.id })), [
    "One ← Variant phone_variant 80",
    "Number ← Variant phone_variant 80",
    "Variant ← Number and e-mail phone_variant 80",
  ]);
  assert.deepEqual(await candidates(place, { contact_id: others.dotted.id }), []);
});

Deno.test("all pairs of a workspace, each once: those of numbers, then those of addresses", async () => {
  const { place, one, others } = await family();
  const expected = [
    "Number ← Number and e-mail phone 90",
    "Number ← Variant phone_variant 80",
    "One ← E-mail email 60",
    "One ← Number and e-mail phone,email 95",
    "One ← Number phone 90",
    "One ← Variant phone_variant 80",
    "Variant ← Number and e-mail phone_variant 80",
  ];
  for (const limit of [undefined, 1, 2, 3]) {
    const found = told(await candidates(place, { limit }));
    assert.deepEqual(found.toSorted(), expected, `limit ${limit}`);
    assert.equal(found.at(-1), "One ← E-mail email 60");
  }
  const mergeId = await merge(place.key, one.id, others.all.id);
  assert.equal(told(await candidates(place)).some((pair) => pair.includes("and e-mail")), false);
  await undo(place.key, mergeId);
  assert.deepEqual(told(await candidates(place)).toSorted(), expected);
});

Deno.test("an address that many have: everybody with the first, not everybody with everybody", async () => {
  const place = await makeWorkspace();
  const email = `${uniqueWord()}@example.com`;
  const people: Contact[] = [];
  for (let n = 0; n < 7; n++) people.push(await createContact(place.key, { name: `N${n}`, email }));
  const found = await candidates(place, { limit: 2 });
  assert.deepEqual(told(found), [1, 2, 3, 4, 5, 6].map((n) => `N0 ← N${n} email 60`));
  assert.deepEqual(told(await candidates(place, { contact_id: people[3].id, limit: 4 })).length, 6);
});

Deno.test("two who share several numbers are one pair", async () => {
  const place = await makeWorkspace();
  const [one, two] = [await createContact(place.key), await createContact(place.key)];
  for (const number of [uniquePhone(), uniquePhone()].map((phone) => phone.slice(1))) {
    await identity(place, one, "whatsapp", number);
    await identity(place, two, "phone", number);
  }
  await identity(place, two, "whatsapp", one.phone!.slice(1));
  const found = await candidates(place);
  assert.deepEqual(found.map(({ confidence, reasons }) => [confidence, reasons.length]), [[99, 3]]);
});

Deno.test("who people have worked with is the one to keep, else the older", async () => {
  const place = await makeWorkspace();
  const email = `${uniqueWord()}@example.com`;
  const chat = await createContact(place.key, { name: "Chat", source: "chat", email });
  const made = await createContact(place.key, { name: "Made", email });
  assert.deepEqual(told(await candidates(place)), ["Made ← Chat email 60"]);
  assert.deepEqual(told(await candidates(place, { contact_id: chat.id })), [
    "Made ← Chat email 60",
  ]);
  assert.equal(
    (await place.key.get<Data<Contact>>(`get-contact?contact_id=${made.id}`)).status,
    200,
  );
});

Deno.test("a page walks a bounded way, and says where it goes on", async () => {
  const place = await makeWorkspace();
  await withDatabase((sql) =>
    sql`insert into public.contacts (workspace_id, name, email)
      select ${place.id}, 'N' || n, 'n' || (n % 5600) || '@example.com' from generate_series(1, 5602) n`
  );
  const first = await place.key.get<Page<Candidate>>("merge-contacts");
  assert.notEqual(first.body.next_cursor, null);
  assert.deepEqual(told(await candidates(place)), ["N1 ← N5601 email 60", "N2 ← N5602 email 60"]);
});

Deno.test("what cannot be listed is refused", async () => {
  const place = await makeWorkspace();
  const [one, two] = [await createContact(place.key), await createContact(place.key)];
  const foreign = await createContact((await makeWorkspace()).key);
  const list = (parameters: Record<string, string>) =>
    place.key.get(`merge-contacts${query(parameters)}`);
  assertProblem(await list({ contact_id: foreign.id }), 404, "contact_not_found");
  assertProblem(await list({ cursor: "nonsense" }), 400, "invalid_cursor");
  for (const contact of [one, two]) await identity(place, contact, "web", crypto.randomUUID());
  await withDatabase((sql) =>
    sql`update public.contacts set email = 'same@example.com' where workspace_id = ${place.id}`
  );
  await createContact(place.key, { email: "same@example.com" });
  const page = await place.key.get<Page<Candidate>>(`merge-contacts?contact_id=${one.id}&limit=1`);
  const cursor = page.body.next_cursor!;
  assert.equal((await list({ contact_id: one.id, cursor, limit: "1" })).status, 200);
  assertProblem(await list({ contact_id: two.id, cursor }), 400, "invalid_cursor");
  assertProblem(await list({ cursor }), 400, "invalid_cursor");
});
