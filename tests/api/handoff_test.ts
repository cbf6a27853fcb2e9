import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { type Sql, withDatabase } from "../support/database.ts";
import { type Client, client } from "../support/http.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Contact, Data, Handoff } from "../support/types.ts";
import { uniqueCanadianPhone, uniquePhone } from "../support/unique.ts";
import { makeKey, makeMember, makeWorkspace } from "../support/workspace.ts";

const workspace = await makeWorkspace({ country: "CA" });
const { key, agent } = workspace;

const DASHBOARD = (Deno.env.get("DASHBOARD_URL") ?? "").replace(/\/+$/, "");
const INBOX = `${DASHBOARD}/dashboard/whatsapp/inbox`;

async function handoff(caller: Client, body: Record<string, unknown>): Promise<Handoff> {
  const answer = await caller.post<Data<Handoff>>("handoff", body);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get("location"), answer.body.data.redirect_url);
  return answer.body.data;
}

Deno.test("the first handoff makes the conversation as documented", async () => {
  const contact = await createContact(key, { name: "John Smith" });
  const { conversation, ...rest } = await handoff(agent, { contact_id: contact.id });
  const { id, created_at, ...thread } = conversation!;
  assert.deepEqual(rest, { created: true, fallback: false, redirect_url: `${INBOX}?chat=${id}` });
  assert.equal(Math.abs(Date.parse(created_at) - Date.now()) < 60_000, true);
  assert.deepEqual(thread, {
    channel: "whatsapp",
    contact: { id: contact.id, name: "John Smith", phone: contact.phone },
    contact_id: contact.whatsapp_contact_id,
    contact_name: "John Smith",
    status: "active",
    phase: "automated",
    ai_enabled: true,
    bot_status: "active",
    control_epoch: 1,
    assigned_to: null,
    unread_count: 0,
    last_message_at: null,
    window_expires_at: null,
    resolved_at: null,
  });
});

Deno.test("it is readable as whatsapp_conversations", async () => {
  const contact = await createContact(key, { name: "John Smith" });
  const { conversation } = await handoff(agent, { contact_id: contact.id });
  const rows = await withDatabase((sql) =>
    sql`
      select contact_id, contact_name, status, ai_enabled
      from public.whatsapp_conversations where id = ${conversation!.id}`
  );
  assert.deepEqual([...rows], [{
    contact_id: contact.whatsapp_contact_id,
    contact_name: "John Smith",
    status: "active",
    ai_enabled: true,
  }]);
});

Deno.test("the second handoff finds the same one, by id and by any notation of the number", async () => {
  const phone = uniqueCanadianPhone();
  const contact = await createContact(key, { phone });
  const first = await handoff(agent, { contact_id: contact.id });
  const local = `(${phone.slice(2, 5)}) ${phone.slice(5)}`;
  for (const body of [{ contact_id: contact.id }, { phone }, { phone: local }]) {
    const again = await handoff(agent, body);
    assert.deepEqual(again, { ...first, created: false });
  }
});

Deno.test("a contact without a name goes by its number", async () => {
  const contact = await createContact(key);
  const { conversation } = await handoff(key, { phone: contact.phone });
  assert.equal(conversation!.contact_name, contact.phone);
});

Deno.test("ten agents at once get one conversation, and one of them made it", async () => {
  const agents = await withDatabase(async (sql) => {
    const made = [];
    for (let n = 0; n < 10; n++) made.push(await makeMember(sql, workspace.id, "agent", `a${n}`));
    return made;
  });
  for (let round = 0; round < 5; round++) {
    const contact = await createContact(key);
    const answers = await Promise.all(
      agents.map((agent) => handoff(agent, { contact_id: contact.id })),
    );
    assert.equal(new Set(answers.map(({ conversation }) => conversation!.id)).size, 1);
    assert.equal(answers.filter(({ created }) => created).length, 1);
    const [{ count }] = await withDatabase((sql) =>
      sql`select count(*)::int from public.conversations where contact_id = ${contact.id}`
    );
    assert.equal(count, 1);
  }
});

Deno.test("redirect=true answers 303 to the inbox, without a body", async () => {
  const contact = await createContact(key);
  const answer = await agent.post("handoff?redirect=true", { contact_id: contact.id });
  assert.deepEqual([answer.status, answer.text], [303, ""]);
  const { conversation } = await handoff(agent, { contact_id: contact.id });
  assert.equal(answer.headers.get("location"), `${INBOX}?chat=${conversation!.id}`);
  const plain = await agent.post("handoff?redirect=false", { contact_id: contact.id });
  assert.equal(plain.status, 200);
});

Deno.test("a resolved conversation is opened again", async () => {
  const contact = await createContact(key);
  const first = await handoff(agent, { contact_id: contact.id });
  const id = first.conversation!.id;
  const resolve = (sql: Sql, ai: boolean) =>
    sql`
      update public.conversations
      set status = 'resolved', phase = 'resolved', resolved_at = now(), ai_enabled = ${ai}
      where id = ${id}`;
  await withDatabase((sql) => resolve(sql, true));
  const again = await handoff(agent, { contact_id: contact.id });
  assert.deepEqual(again, {
    ...first,
    created: false,
    conversation: { ...first.conversation, control_epoch: 3 },
  });
  // As it began: with the bot, also where that was switched off.
  await withDatabase((sql) => resolve(sql, false));
  const { conversation } = await handoff(agent, { contact_id: contact.id });
  assert.deepEqual(
    [conversation!.status, conversation!.phase, conversation!.ai_enabled],
    ["active", "automated", true],
  );
});

Deno.test("a contractor's conversation starts with a person", async () => {
  const contact = await createContact(key, { is_contractor: true });
  const { conversation } = await handoff(agent, { contact_id: contact.id });
  assert.deepEqual(
    [conversation!.phase, conversation!.ai_enabled, conversation!.bot_status],
    ["waiting", false, "agent"],
  );
});

/** Has the database refuse new conversations of that contact while something runs. */
async function whileRefused(contact: Contact, run: () => Promise<void>): Promise<void> {
  const name = `refuse_${contact.id.replaceAll("-", "")}`;
  await withDatabase(async (sql) => {
    await sql.unsafe(`
      create function private.${name}() returns trigger language plpgsql as $$
      begin
        raise exception 'relation "conversations" violates a constraint' using errcode = 'check_violation';
      end $$;
      create trigger ${name} before insert or update on public.conversations for each row
      when (new.contact_id = '${contact.id}') execute function private.${name}()`);
    try {
      await run();
    } finally {
      await sql.unsafe(`
        drop trigger ${name} on public.conversations;
        drop function private.${name}()`);
    }
  });
}

Deno.test("when the conversation cannot be made, the inbox's search is the fallback", async () => {
  const contact = await createContact(key);
  const search = `${INBOX}?search=${contact.whatsapp_contact_id}`;
  await whileRefused(contact, async () => {
    const fallback = { conversation: null, created: false, fallback: true, redirect_url: search };
    assert.deepEqual(await handoff(agent, { contact_id: contact.id }), fallback);
    assert.deepEqual(await handoff(agent, { phone: contact.phone }), fallback);
    const redirect = await agent.post("handoff?redirect=true", { contact_id: contact.id });
    assert.deepEqual([redirect.status, redirect.headers.get("location")], [303, search]);
  });
  const later = await handoff(agent, { contact_id: contact.id });
  assert.deepEqual([later.created, later.fallback], [true, false]);
});

Deno.test("nobody there is 404 contact_not_found", async () => {
  const foreign = await createContact((await makeWorkspace()).key);
  for (
    const body of [
      { contact_id: crypto.randomUUID() },
      { contact_id: foreign.id },
      { phone: uniquePhone() },
      { phone: foreign.phone },
    ]
  ) {
    assertProblem(await agent.post("handoff", body), 404, "contact_not_found");
    assertProblem(await agent.post("handoff?redirect=true", body), 404, "contact_not_found");
  }
});

Deno.test("a key for conversations alone is enough", async () => {
  const contact = await createContact(key);
  const { token } = await withDatabase((sql) =>
    makeKey(sql, workspace.id, { scopes: ["conversations:write"] })
  );
  assert.equal((await handoff(client(token), { phone: contact.phone })).created, true);
});

Deno.test("exactly one of contact_id and phone, and nothing else", async () => {
  const id = crypto.randomUUID();
  assertInvalid(await agent.post("handoff", {}), { "": "exclusive" });
  const both = { contact_id: id, phone: uniquePhone() };
  assertInvalid(await agent.post("handoff", both), { "": "exclusive" });
  assertInvalid(await agent.post("handoff", { contact_id: "7" }), {
    "/contact_id": "invalid_format",
  });
  assertInvalid(await agent.post("handoff", { contact_id: id, name: "N" }), {
    "/name": "unknown_field",
  });
  assertInvalid(await agent.post("handoff?redirect=1", { contact_id: id }), {
    "/redirect": "invalid_value",
  });
});
