import assert from "node:assert/strict";
import { createContact, updateContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import type { Client } from "../support/http.ts";
import { assertInvalid } from "../support/problem.ts";
import type { Data, Kpis } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";

async function kpis(client: Client, search = ""): Promise<Kpis> {
  const answer = await client.get<Data<Kpis>>(`contact-kpis${search}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data;
}

/** The KPIs of contacts in those numbers. */
function expected(counts: Partial<Record<string, number>>, conversion_rate: number): Kpis {
  const by_status = { new: 0, contacted: 0, qualified: 0, converted: 0, lost: 0, ...counts };
  return {
    total_contacts: Object.values(by_status).reduce((sum, count) => sum + count),
    qualified_leads: by_status.qualified + by_status.converted,
    conversion_rate,
    lost_leads: by_status.lost,
    by_status,
  };
}

Deno.test("a workspace without contacts has zeros, and a rate of 0", async () => {
  const { key } = await makeWorkspace();
  const answer = await key.get<Data<Kpis>>("contact-kpis");
  assert.deepEqual(answer.body, { data: expected({}, 0) });
});

Deno.test("every change is in the next read", async () => {
  const { key, id: workspace } = await makeWorkspace();
  const first = await createContact(key);
  assert.deepEqual(await kpis(key), expected({ new: 1 }, 0));
  const second = await createContact(key, { status: "qualified" });
  assert.deepEqual(await kpis(key), expected({ new: 1, qualified: 1 }, 50));
  await createContact(key, { status: "converted" });
  assert.deepEqual(await kpis(key), expected({ new: 1, qualified: 1, converted: 1 }, 66.67));
  await updateContact(key, second.id, { status: "lost" });
  assert.deepEqual(await kpis(key), expected({ new: 1, converted: 1, lost: 1 }, 33.33));
  await updateContact(key, first.id, { status: "contacted", name: "N" });
  assert.deepEqual(await kpis(key), expected({ contacted: 1, converted: 1, lost: 1 }, 33.33));
  await updateContact(key, first.id, { name: "Not about status" });
  assert.deepEqual(await kpis(key), expected({ contacted: 1, converted: 1, lost: 1 }, 33.33));
  await withDatabase((sql) => sql`delete from public.contacts where id = ${second.id}`);
  assert.deepEqual(await kpis(key), expected({ contacted: 1, converted: 1 }, 50));
  await withDatabase((sql) => sql`delete from public.contacts where workspace_id = ${workspace}`);
  assert.deepEqual(await kpis(key), expected({}, 0));
});

Deno.test("mystery shoppers count only if asked for", async () => {
  const { key } = await makeWorkspace();
  await createContact(key, { status: "qualified" });
  const shopper = await createContact(key, { status: "lost", is_mystery_shopper: true });
  assert.deepEqual(await kpis(key), expected({ qualified: 1 }, 100));
  assert.deepEqual(await kpis(key, "?include_test=false"), expected({ qualified: 1 }, 100));
  const all = expected({ qualified: 1, lost: 1 }, 50);
  assert.deepEqual(await kpis(key, "?include_test=true"), all);
  await updateContact(key, shopper.id, { is_mystery_shopper: false });
  assert.deepEqual(await kpis(key), all);
  await updateContact(key, shopper.id, { is_mystery_shopper: true, status: "new" });
  assert.deepEqual(await kpis(key), expected({ qualified: 1 }, 100));
  assert.deepEqual(await kpis(key, "?include_test=true"), expected({ qualified: 1, new: 1 }, 50));
});

Deno.test("bulk changes from a SQL console count too", async () => {
  const { key, id } = await makeWorkspace();
  await withDatabase(async (sql) => {
    await sql`
      insert into public.contacts (workspace_id, phone, status)
      select ${id}, '+49302' || lpad(n::text, 6, '0'), (enum_range(null::public.contact_status))[1 + n % 5]
      from generate_series(1, 1000) n`;
    await sql`update public.contacts set status = 'lost' where workspace_id = ${id} and status = 'new'`;
    await sql`
      delete from public.contacts
      where workspace_id = ${id} and status = 'contacted' and phone < '+49302000500'`;
  });
  assert.deepEqual(
    await kpis(key),
    expected({ contacted: 100, qualified: 200, converted: 200, lost: 400 }, 44.44),
  );
});

Deno.test("what is rolled back does not count", async () => {
  const { key, id } = await makeWorkspace();
  await createContact(key);
  await withDatabase(async (sql) => {
    const undone = sql.begin(async (transaction) => {
      await transaction`update public.contacts set status = 'lost' where workspace_id = ${id}`;
      assert.deepEqual(await kpis(key), expected({ new: 1 }, 0));
      throw new Error("undo");
    });
    await assert.rejects(undone, /undo/);
  });
  assert.deepEqual(await kpis(key), expected({ new: 1 }, 0));
});

Deno.test("housekeeping changes no count", async () => {
  const { key } = await makeWorkspace();
  const contact = await createContact(key);
  for (const status of ["lost", "new", "converted"]) {
    await updateContact(key, contact.id, { status });
  }
  await withDatabase((sql) => sql`select private.sweep()`);
  assert.deepEqual(await kpis(key), expected({ converted: 1 }, 100));
});

Deno.test("every workspace has its own", async () => {
  const [one, other] = [await makeWorkspace(), await makeWorkspace()];
  await createContact(one.key, { status: "lost" });
  assert.deepEqual(await kpis(other.key), expected({}, 0));
  assert.deepEqual(await kpis(one.agent), expected({ lost: 1 }, 0));
});

Deno.test("include_test is true or false, and nothing else is asked", async () => {
  const { key } = await makeWorkspace();
  const answer = await key.get("contact-kpis?include_test=1&status=new");
  assertInvalid(answer, { "/include_test": "invalid_value", "/status": "unknown_parameter" });
});
