/** Contacts that are created while others are: together, and each with its own answer. */
import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Answer } from "../support/http.ts";
import type { Contact, Data } from "../support/types.ts";
import { uniquePhone } from "../support/unique.ts";
import { until } from "../support/until.ts";
import { makeWorkspace } from "../support/workspace.ts";

type Created = Answer<Data<Contact>>;

/** What they answer if nobody can write contacts until all of them have come. */
async function atOnce(calls: (() => Promise<Created>)[]): Promise<Created[]> {
  const asked = await withDatabase((sql) =>
    sql.begin(async (held) => {
      await held`lock table public.contacts in share mode`;
      const first = calls[0]();
      await until(async () => {
        const [{ waits }] = await held<{ waits: boolean }[]>`
          select exists(select from pg_locks
            where relation = 'public.contacts'::regclass and not granted) as waits`;
        return waits || undefined;
      });
      const others = calls.slice(1).map((call) => call());
      // Time for all of them to come.
      await new Promise((resolve) => setTimeout(resolve, 300));
      // Not awaited here: they wait for the lock.
      return { all: Promise.all([first, ...others]) };
    })
  );
  return await asked.all;
}

Deno.test("what comes while a contact is created goes together", async () => {
  const { key, id } = await makeWorkspace();
  const given = Array.from({ length: 20 }, (_, n) => ({ phone: uniquePhone(), name: `No. ${n}` }));
  const answers = await atOnce(given.map((body) => () => key.post("create-contact", body)));
  for (const [n, { status, body, headers, text }] of answers.entries()) {
    assert.equal(status, 201, text);
    const { name, phone } = body.data;
    assert.deepEqual({ phone, name }, given[n]);
    assert.equal(headers.get("etag"), '"1"');
    assert.match(headers.get("location")!, new RegExp(`contact_id=${body.data.id}$`));
    const read = await key.get<Data<Contact>>(`get-contact?contact_id=${body.data.id}`);
    assert.equal(read.body.data.name, name);
  }
  // Each is counted against the limit.
  const left = answers.slice(1).map(({ headers }) => headers.get("ratelimit"));
  assert.equal(new Set(left).size, left.length);
  const [{ transactions }] = await withDatabase((sql) =>
    sql<{ transactions: number }[]>`
      select count(distinct xmin::text)::int as transactions from public.contacts
      where workspace_id = ${id}`
  );
  assert.equal(transactions, 2);
});

Deno.test("who comes with a number that somebody else is about to store waits alone", async () => {
  const { key, id } = await makeWorkspace();
  const [taken, ...free] = Array.from({ length: 6 }, uniquePhone);
  const create = (phone: string) => key.post<Data<Contact>>("create-contact", { phone });
  const waiting = await withDatabase((sql) =>
    sql.begin(async (held) => {
      await held`insert into public.contacts (workspace_id, phone) values (${id}, ${taken})`;
      const waiting = create(taken);
      const others = await Promise.all(free.map(create));
      assert.deepEqual(others.map(({ status }) => status), free.map(() => 201));
      return { answer: waiting };
    })
  );
  assertProblem(await waiting.answer, 409, "contact_exists", ["contact_id"]);
});

Deno.test("what is wrong with one costs its neighbours nothing", async () => {
  const [{ key }, other] = [await makeWorkspace(), await makeWorkspace()];
  const existing = await createContact(key, { name: "Was here" });
  const [phone, kept] = [uniquePhone(), crypto.randomUUID()];
  const post = (body: object, query = "", headers = {}, by = key) => () =>
    by.post<Data<Contact>>(`create-contact${query}`, { phone: uniquePhone(), ...body }, headers);
  const answers = await atOnce([
    post({ name: "first" }),
    post({ name: "good" }),
    post({ stage: "nowhere" }),
    post({ assigned_to: crypto.randomUUID() }),
    post({ phone: existing.phone }),
    post({ phone: existing.phone, name: "Now" }, "?on_conflict=update"),
    post({ phone }),
    post({ phone }),
    post({ name: "once" }, "", { "idempotency-key": kept }),
    post({ phone: existing.phone, name: "theirs" }, "", {}, other.key),
    post({ name: "good too" }),
  ]);
  const [first, good, unstaged, unassigned, exists, updated, one, same, once, theirs, goodToo] =
    answers;
  for (const [answer, name] of [[first, "first"], [good, "good"], [goodToo, "good too"]] as const) {
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.body.data.name, name);
  }
  assertInvalid(unstaged, { "/stage": "unknown_stage" });
  assertInvalid(unassigned, { "/assigned_to": "not_a_member" });
  assert.equal(
    assertProblem(exists, 409, "contact_exists", ["contact_id"]).contact_id,
    existing.id,
  );
  assert.deepEqual([updated.status, updated.body.data.name], [200, "Now"]);
  const [made, refused] = one.status === 201 ? [one, same] : [same, one];
  assert.equal(made.status, 201);
  const problem = assertProblem(refused, 409, "contact_exists", ["contact_id"]);
  assert.equal(problem.contact_id, made.body.data.id);
  assert.deepEqual([once.status, once.body.data.name], [201, "once"]);
  assert.deepEqual([theirs.status, theirs.body.data.name], [201, "theirs"]);
  assert.notEqual(theirs.body.data.id, existing.id);
});
