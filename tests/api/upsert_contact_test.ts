/** `create-contact?on_conflict=update` where somebody else is at the contact, and what null says. */
import assert from "node:assert/strict";
import type postgres from "postgres";
import { createContact, updateContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import type { Contact, Data } from "../support/types.ts";
import { until } from "../support/until.ts";
import { makeWorkspace } from "../support/workspace.ts";

const { key } = await makeWorkspace();
const PATH = "create-contact?on_conflict=update";

Deno.test("null is as good as left out, and takes nothing away", async () => {
  const fields = { name: "Ana", email: "ana@example.com", notes: "n", tags: ["a"], value: 12 };
  const contact = await createContact(key, { ...fields, custom: { k: null }, opted_out: true });
  const answer = await key.post<Data<Contact>>(PATH, {
    phone: contact.phone,
    ...{ name: null, email: "", notes: null, tags: null, value: null },
    ...{ custom: null, opted_out: null, status: null },
    company: "Acme",
  });
  assert.equal(answer.status, 200, answer.text);
  const { updated_at: _, ...updated } = answer.body.data;
  const { updated_at: __, ...before } = contact;
  const { completeness } = updated;
  assert.deepEqual(updated, { ...before, company: "Acme", completeness });
  assert.equal(completeness > before.completeness, true);
});

Deno.test("what a field holds is written whole, with its nulls", async () => {
  const contact = await createContact(key);
  const custom = { kept: null };
  const answer = await key.post<Data<Contact>>(PATH, { phone: contact.phone, custom });
  assert.deepEqual(answer.body.data.custom, custom);
});

Deno.test("update-contact clears with null, as it says", async () => {
  const contact = await createContact(key, { name: "Ana", opted_out: true });
  const cleared = await updateContact(key, contact.id, { name: null, opted_out: null });
  assert.deepEqual([cleared.name, cleared.opted_out, cleared.tags], [null, false, []]);
});

/** Answers of a call that waits for the contact while somebody is at it. */
async function meanwhile(
  contact: Contact,
  change: (sql: postgres.TransactionSql) => Promise<unknown>,
) {
  const idempotencyKey = crypto.randomUUID();
  const post = () =>
    key.call<Data<Contact>>("POST", PATH, {
      body: { phone: contact.phone, notes: "Given meanwhile" },
      headers: { "idempotency-key": idempotencyKey },
    });
  let call: ReturnType<typeof post>;
  await withDatabase((sql) =>
    sql.begin(async (transaction) => {
      await transaction`select from public.contacts where id = ${contact.id} for update`;
      const [{ pid }] = await transaction`select pg_backend_pid() as pid`;
      call = post();
      await until(async () => {
        const [{ waiting }] = await sql`
          select count(*)::int as waiting from pg_stat_activity
          where ${pid}::int = any (pg_blocking_pids(pid))`;
        return waiting > 0 || undefined;
      });
      await change(transaction);
    }), 2);
  const first = await call!;
  return [first, await post()];
}

Deno.test("who is deleted meanwhile is created anew, once", async () => {
  const contact = await createContact(key, { name: "Before" });
  const [answer, again] = await meanwhile(
    contact,
    (sql) => sql`delete from public.contacts where id = ${contact.id}`,
  );
  assert.equal(answer.status, 201, answer.text);
  assert.notEqual(answer.body.data.id, contact.id);
  assert.deepEqual([answer.body.data.name, answer.body.data.notes], [null, "Given meanwhile"]);
  assert.deepEqual([again.status, again.body.data.id], [201, answer.body.data.id]);
});

Deno.test("who is merged meanwhile is updated as who took them in", async () => {
  const contact = await createContact(key, { name: "Duplicate" });
  const primary = await createContact(key, { name: "Primary" });
  const [answer, again] = await meanwhile(
    contact,
    async (sql) => {
      await sql`select private.lock_contacts(array[${primary.id}, ${contact.id}]::uuid[])`;
      await sql`select private.merge_pair(${primary.id}, ${contact.id})`;
    },
  );
  assert.equal(answer.status, 200, answer.text);
  const { id, name, notes } = answer.body.data;
  assert.deepEqual([id, name, notes], [primary.id, "Primary", "Given meanwhile"]);
  assert.deepEqual([again.status, again.body.data.id], [200, primary.id]);
});
