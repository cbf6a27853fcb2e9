/** POST import-contacts/revert: what an import's writing has brought about, and who has said so since. */
import assert from "node:assert/strict";
import { createContact, updateContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import { createDeal } from "../support/deals.ts";
import type { Client } from "../support/http.ts";
import { findings, importCsv, revert, reverted } from "../support/imports.ts";
import type { Contact, Data, Deal, Page } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";

const PHONE = "+34600111222";
const UPDATE = { on_conflict: "update" } as const;

async function contact(client: Client, id: string): Promise<Contact> {
  return (await client.get<Data<Contact>>(`get-contact?contact_id=${id}`)).body.data;
}

/** What the person says themselves, by a word or in WhatsApp. */
async function consent(id: string, kind: string, granted: boolean): Promise<void> {
  await withDatabase((sql) =>
    sql`
      select private.record_consents(jsonb_build_array(jsonb_build_object('workspace_id', c.workspace_id,
        'contact_id', c.id, 'kind', ${kind}::text, 'granted', ${granted}::boolean, 'source', 'keyword',
        'happened_at', clock_timestamp())))
      from public.contacts c where c.id = ${id}`
  );
}

for (
  const [field, kind, tag] of [
    ["opted_out", "marketing", "opt-out"],
    ["do_not_call", "calls", "Do Not Call"],
  ] as const
) {
  Deno.test(`${field}: a person's own word since the import stays, and is told`, async () => {
    const { key } = await makeWorkspace();
    const { id } = await createContact(key, { phone: PHONE, tags: ["x"] });
    const file = `phone,${field},tags\n${PHONE},yes,y\n`;
    const done = await importCsv(key, file, UPDATE);
    await consent(id, kind, false);
    const after = await revert(key, done.id);
    assert.deepEqual(findings(after.conflicts), [`1 ${field} edited_since`]);
    const now = await contact(key, id);
    assert.equal(now[field], true);
    assert.deepEqual(now.tags, ["x", tag]);
    const said = await withDatabase((sql) =>
      sql`select granted, source from public.contact_consents
        where contact_id = ${id} and kind = ${kind} order by happened_at desc limit 1`
    );
    assert.deepEqual([...said], [{ granted: false, source: "keyword" }]);
  });
}

Deno.test("a person who said start since the import is not stopped again", async () => {
  const { key } = await makeWorkspace();
  const { id } = await createContact(key, { phone: PHONE, opted_out: true });
  const done = await importCsv(key, `phone,opted_out\n${PHONE},no\n`, UPDATE);
  await consent(id, "marketing", true);
  const after = await revert(key, done.id);
  assert.deepEqual(findings(after.conflicts), ["1 opted_out edited_since"]);
  const { opted_out, tags } = await contact(key, id);
  assert.deepEqual([opted_out, tags], [false, []]);
});

for (const [field, kind] of [["opted_out", "marketing"], ["do_not_call", "calls"]] as const) {
  Deno.test(`${field}: a file takes back what the team has set, not what the person said`, async () => {
    const { key } = await makeWorkspace();
    const { id } = await createContact(key, { phone: PHONE });
    const file = `phone,${field},company,tags
${PHONE},no,Acme,x
`;
    await consent(id, kind, false);
    await importCsv(key, file, UPDATE);
    const kept = await contact(key, id);
    assert.deepEqual([kept[field], kept.company, kept.tags.length], [true, "Acme", 2]);
    await updateContact(key, id, { [field]: false });
    await updateContact(key, id, { [field]: true });
    await importCsv(key, file, UPDATE);
    const taken = await contact(key, id);
    assert.deepEqual([taken[field], taken.tags], [false, ["x"]]);
  });
}

Deno.test("what the person had said before the import goes back", async () => {
  const { key } = await makeWorkspace();
  const { id } = await createContact(key, { phone: PHONE });
  await consent(id, "marketing", false);
  await consent(id, "marketing", true);
  const done = await importCsv(key, `phone,tags\n${PHONE},opt-out\n`, UPDATE);
  assert.equal((await contact(key, id)).opted_out, true);
  assert.deepEqual(reverted(await revert(key, done.id)), ["reverted", 0, 1, 0]);
  const { opted_out, tags } = await contact(key, id);
  assert.deepEqual([opted_out, tags], [false, []]);
});

async function statusOf(client: Client, { id }: Deal): Promise<string> {
  return (await client.get<Data<Deal>>(`deals/${id}`)).body.data.status;
}

async function changeDeal(client: Client, { id }: Deal, body: Record<string, unknown>) {
  assert.equal((await client.call("PATCH", `deals/${id}`, { body })).status, 200);
}

async function decide(client: Client, { id }: Deal, outcome: "lose" | "reopen") {
  assert.equal((await client.post(`deals/${id}/${outcome}`, {})).status, 200);
}

Deno.test("deals that the import has closed are open again", async () => {
  const { key } = await makeWorkspace();
  const { id } = await createContact(key, { phone: PHONE });
  const deal = await createDeal(key, { contact_id: id, value: 500 });
  const lost = await createDeal(key, { contact_id: id, value: 40 });
  await decide(key, lost, "lose");
  const before = await contact(key, id);
  const file = `phone,status,sale_status,value\n${PHONE},converted,sold,700\n`;
  const done = await importCsv(key, file, UPDATE);
  assert.equal(await statusOf(key, deal), "won");
  assert.equal((await contact(key, id)).auto_status, "converted");
  const after = await revert(key, done.id);
  assert.deepEqual(findings(after.conflicts), []);
  assert.deepEqual(reverted(after), ["reverted", 0, 1, 0]);
  assert.deepEqual([await statusOf(key, deal), await statusOf(key, lost)], ["open", "lost"]);
  const now = await contact(key, id);
  assert.deepEqual({ ...now, updated_at: "" }, { ...before, updated_at: "" });
});

Deno.test("deals that somebody has changed since stay closed, and are told", async () => {
  const { key } = await makeWorkspace();
  const { id } = await createContact(key, { phone: PHONE, status: "qualified" });
  const [changed, reopened, gone, untouched] = await Promise.all(
    [1, 2, 3, 4].map((value) => createDeal(key, { contact_id: id, value })),
  );
  const file = `phone,status,name\n${PHONE},converted,New\n`;
  const done = await importCsv(key, file, UPDATE);
  await changeDeal(key, changed, { title: "Somebody's" });
  await decide(key, reopened, "reopen");
  assert.equal((await key.call("DELETE", `deals/${gone.id}`)).status, 204);
  await updateContact(key, id, { name: "Newer" });
  const after = await revert(key, done.id);
  assert.deepEqual(findings(after.conflicts), ["1 name edited_since", "1 null deal_changed_since"]);
  assert.ok(after.conflicts[1].message.includes(changed.id));
  assert.deepEqual(reverted(after), ["reverted", 0, 0, 1]);
  const statuses = [changed, reopened, untouched].map((deal) => statusOf(key, deal));
  assert.deepEqual(await Promise.all(statuses), ["won", "open", "open"]);
});

Deno.test("a revert that makes the contact converted again wins no deal", async () => {
  const { key } = await makeWorkspace();
  const { id } = await createContact(key, { phone: PHONE, status: "converted" });
  const done = await importCsv(key, `phone,status\n${PHONE},lost\n`, UPDATE);
  const deal = await createDeal(key, { contact_id: id, value: 500 });
  assert.deepEqual(reverted(await revert(key, done.id)), ["reverted", 0, 1, 0]);
  assert.equal((await contact(key, id)).status, "converted");
  assert.equal(await statusOf(key, deal), "open");
});

async function sources(id: string) {
  const [row] = await withDatabase((sql) =>
    sql`select value::float8, value_source, is_vip, vip_source from public.contacts where id = ${id}`
  );
  return Object.values(row);
}

/** A workspace whose contacts are VIPs from 5,000 on. */
async function withVips(): Promise<Client> {
  const { id, key } = await makeWorkspace();
  await withDatabase((sql) =>
    sql`insert into public.workspace_settings (workspace_id, vip_min_value) values (${id}, 5000)
      on conflict (workspace_id) do update set vip_min_value = excluded.vip_min_value`
  );
  return key;
}

Deno.test("VIPs by rule follow the rule after a revert, whoever has changed the value since", async () => {
  for (const [since, expected] of [[9000, true], [50, false]] as const) {
    const key = await withVips();
    const { id } = await createContact(key, { phone: PHONE, value: 100 });
    const done = await importCsv(key, `phone,value\n${PHONE},7000\n`, UPDATE);
    assert.deepEqual(await sources(id), [7000, "person", true, "rule"]);
    await updateContact(key, id, { value: since });
    const after = await revert(key, done.id);
    assert.deepEqual(findings(after.conflicts), ["1 value edited_since"]);
    assert.deepEqual(await sources(id), [since, "person", expected, "rule"]);
  }
});

Deno.test("a VIP that the import named is one by rule again", async () => {
  const key = await withVips();
  const { id } = await createContact(key, { phone: PHONE, value: 100 });
  const done = await importCsv(key, `phone,is_vip\n${PHONE},yes\n`, UPDATE);
  assert.deepEqual(await sources(id), [100, "person", true, "person"]);
  await updateContact(key, id, { value: 6000 });
  assert.deepEqual(reverted(await revert(key, done.id)), ["reverted", 0, 1, 0]);
  assert.deepEqual(await sources(id), [6000, "person", true, "rule"]);
  await updateContact(key, id, { value: 10 });
  assert.deepEqual(await sources(id), [10, "person", false, "rule"]);
});

Deno.test("a VIP that somebody has named since stays one, and is told", async () => {
  const key = await withVips();
  const { id } = await createContact(key, { phone: PHONE, value: 100 });
  const done = await importCsv(key, `phone,value\n${PHONE},7000\n`, UPDATE);
  await updateContact(key, id, { value: 50 });
  await updateContact(key, id, { is_vip: true });
  const after = await revert(key, done.id);
  assert.deepEqual(findings(after.conflicts), ["1 is_vip edited_since", "1 value edited_since"]);
  assert.deepEqual(await sources(id), [50, "person", true, "person"]);
});

Deno.test("a value that came from deals comes from there again", async () => {
  const { key } = await makeWorkspace();
  const { id } = await createContact(key, { phone: PHONE });
  await createDeal(key, { contact_id: id, value: 500 });
  const done = await importCsv(key, `phone,value\n${PHONE},700\n`, UPDATE);
  await createDeal(key, { contact_id: id, value: 300 });
  assert.deepEqual(await sources(id), [700, "person", false, "rule"]);
  assert.deepEqual(reverted(await revert(key, done.id)), ["reverted", 0, 1, 0]);
  assert.deepEqual(await sources(id), [800, "deals", false, "rule"]);
});

Deno.test("a value that the import made follow the deals is what somebody had set again", async () => {
  const { key } = await makeWorkspace();
  const { id } = await createContact(key, { phone: PHONE });
  const deal = await createDeal(key, { contact_id: id, value: 500 });
  await updateContact(key, id, { value: 900 });
  const done = await importCsv(key, `phone,value\n${PHONE},500\n`, UPDATE);
  await changeDeal(key, deal, { value: 600 });
  assert.deepEqual(await sources(id), [600, "deals", false, "rule"]);
  assert.deepEqual(reverted(await revert(key, done.id)), ["reverted", 0, 1, 0]);
  assert.deepEqual(await sources(id), [900, "person", false, "rule"]);
});

Deno.test("a deal that rows far apart have closed is open again", async () => {
  const { key } = await makeWorkspace();
  const { id } = await createContact(key, { phone: PHONE });
  const deal = await createDeal(key, { contact_id: id });
  const between = Array.from({ length: 1000 }, (_, n) => `+1604${2000000 + n},,`);
  const rows = [`${PHONE},converted,`, ...between, `${PHONE},,sold`];
  const file = `phone,status,sale_status\n${rows.join("\n")}\n`;
  const done = await importCsv(key, file, UPDATE);
  assert.equal(await statusOf(key, deal), "won");
  assert.deepEqual(reverted(await revert(key, done.id)), ["reverted", 1000, 1, 0]);
  assert.equal(await statusOf(key, deal), "open");
  const { data } = (await key.get<Page<Deal>>(`deals?contact_id=${id}`)).body;
  assert.equal(data.length, 1);
});
