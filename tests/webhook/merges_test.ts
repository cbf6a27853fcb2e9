/** Two contacts that WhatsApp says are one person become one, with everything that was theirs. */
import assert from "node:assert/strict";
import { withDatabase } from "../support/database.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import { at, type Json, text, uniqueWamid } from "../fixtures/whatsapp/delivery.ts";
import { contactsOf, identitiesOf, messagesOf } from "./rows.ts";
import { ask, tell } from "./updates.ts";

const ANA = "16045550111";
const ID = "CA.7";

const byId = (seconds: number, body = "by id"): Json => ({
  from_user_id: ID,
  id: uniqueWamid(),
  timestamp: at(seconds),
  type: "text",
  text: { body },
});

/** The status that says that the number and the id are one person's. */
const link = {
  statuses: [{
    id: "wamid.link",
    status: "delivered",
    timestamp: at(50),
    recipient_id: ANA,
    recipient_user_id: ID,
  }],
};

/** A contact by its number and another by its id; both have written. */
async function twoContacts(given?: Workspace): Promise<
  { workspace: Workspace; byNumber: string; byUserId: string }
> {
  const workspace = given ?? await makeWorkspace();
  await tell(workspace, { messages: [text(ANA, "by number", { timestamp: at(10) })] });
  await tell(workspace, { messages: [byId(20)] });
  const [one, two] = await messagesOf(workspace.phoneNumberId);
  return { workspace, byNumber: one.contact_id, byUserId: two.contact_id };
}

for (
  const [name, update] of Object.entries<() => Json>({
    "a status": () => link,
    "a message with both": () => ({ messages: [{ ...byId(30), from: ANA }] }),
    "contacts[] beside a message": () => ({
      contacts: [{ wa_id: ANA, user_id: ID }],
      messages: [byId(30)],
    }),
    "contacts[] beside a status": () => ({ contacts: [{ wa_id: ANA, user_id: ID }] }),
  })
) {
  Deno.test(`two contacts turn out to be one: ${name}`, async () => {
    const { workspace } = await twoContacts();
    await tell(workspace, update());
    const [contact, ...others] = await contactsOf(workspace.id);
    assert.deepEqual(others, []);
    assert.equal(contact.phone, `+${ANA}`);
    assert.deepEqual(await identitiesOf(workspace.id), [`whatsapp ${ANA}`, `whatsapp_bsuid ${ID}`]);
    const rows = await messagesOf(workspace.phoneNumberId);
    assert.deepEqual(new Set(rows.map(({ contact_id }) => contact_id)), new Set([contact.id]));
    assert.equal(contact.message_count, rows.length);
    const [thread, ...threads] = await ask<Json>(
      "select message_count, unread_count from public.conversations where workspace_id = $1",
      workspace.id,
    );
    assert.deepEqual(threads, []);
    assert.deepEqual(thread, { message_count: rows.length, unread_count: rows.length });
  });
}

Deno.test("everything that was either's is the one's: notes, consents, calls, changes, assignment", async () => {
  const { workspace, byNumber, byUserId } = await twoContacts();
  const people = [
    { contact: byNumber, sender: { from: ANA }, wa: { wa_id: ANA } },
    { contact: byUserId, sender: { from_user_id: ID }, wa: { user_id: ID } },
  ];
  for (const [index, { contact, sender, wa }] of people.entries()) {
    const note = { content: `note ${index}`, entity_type: "lead", entity_id: contact };
    assert.equal((await workspace.key.post("internal-notes", note)).status, 201);
    await tell(workspace, {
      calls: [{ ...sender, id: `wacid.${index}`, event: "connect", timestamp: at(30 + index) }],
    }, "calls");
    await tell(workspace, {
      user_preferences: [{
        ...wa,
        category: "marketing_messages",
        value: ["stop", "resume"][index],
        timestamp: 1790000040 + index,
      }],
    }, "user_preferences");
    const reaction = { message_id: "wamid.OUT", emoji: ["👍", "👎"][index] };
    await tell(workspace, {
      messages: [{ ...sender, id: uniqueWamid(), timestamp: at(40), type: "reaction", reaction }],
    });
  }
  await ask(
    "update public.contacts set assigned_to = $2 where id = $1",
    byUserId,
    workspace.agent.userId,
  );
  await tell(workspace, link);

  const [{ id, ...contact }] = await ask<{ id: string } & Json>(
    `select c.id, message_count, call_count, assigned_to, opted_out
      from public.contacts c join public.contact_activity a on a.contact_id = c.id
      where c.workspace_id = $1`,
    workspace.id,
  );
  assert.deepEqual(contact, {
    message_count: 2,
    call_count: 2,
    assigned_to: workspace.agent.userId,
    // The later of the two words.
    opted_out: false,
  });
  const counts = await ask(
    `select (select count(*)::int from public.internal_notes where contact_id = $1) as notes,
      (select count(*)::int from public.calls where contact_id = $1) as calls,
      (select count(*)::int from public.contact_consents where contact_id = $1) as consents,
      (select count(distinct assigned_to)::int from public.contact_assignments
        where contact_id = $1) as assignments,
      (select count(distinct contact_id)::int from public.message_changes where contact_id is not null
        and target_wa_message_id = 'wamid.OUT' and contact_id = $1) as reacting`,
    id,
  );
  assert.deepEqual(counts, [{ notes: 2, calls: 2, consents: 2, assignments: 1, reacting: 1 }]);
});

Deno.test("the contact that people made is kept, the old id leads to it, and the log says so", async () => {
  const { workspace, byNumber, byUserId } = await twoContacts();
  await ask("update public.contacts set source = 'manual' where id = $1", byUserId);
  await tell(workspace, link);
  assert.deepEqual((await contactsOf(workspace.id)).map(({ id }) => id), [byUserId]);
  const [{ current }] = await ask<{ current: string }>(
    "select private.current_contact($1, $2) as current",
    workspace.id,
    byNumber,
  );
  assert.equal(current, byUserId);
  const [foreign] = await ask<{ current: string | null }>(
    "select private.current_contact($1, $2) as current",
    (await makeWorkspace()).id,
    byNumber,
  );
  assert.equal(foreign.current, null);
  const log = await ask(
    `select actor_type, entity_id, changes from public.activity_log
      where workspace_id = $1 and action = 'contact.merged'`,
    workspace.id,
  );
  assert.deepEqual(log, [{
    actor_type: "system",
    entity_id: byUserId,
    changes: { duplicate_id: byNumber },
  }]);
});

Deno.test("an id of two merges ago leads to the contact there is", async () => {
  const workspace = await makeWorkspace();
  // The oldest of those that people made is the one that is kept.
  const [{ id: oldest }] = await ask<{ id: string }>(
    `insert into public.contacts (workspace_id, phone, source) values ($1, '+16045550333', 'manual')
      returning id`,
    workspace.id,
  );
  const { byNumber, byUserId } = await twoContacts(workspace);
  await ask("update public.contacts set source = 'manual' where id = $1", byUserId);
  await tell(workspace, link);
  await tell(workspace, {
    messages: [{
      from: ANA,
      id: uniqueWamid(),
      timestamp: at(60),
      type: "system",
      system: { type: "user_changed_number", wa_id: "16045550333" },
    }],
  });
  const contacts = await contactsOf(workspace.id);
  assert.deepEqual(contacts.map(({ id }) => id), [oldest]);
  for (const old of [byNumber, byUserId]) {
    const [{ current }] = await ask<{ current: string }>(
      "select private.current_contact($1, $2) as current",
      workspace.id,
      old,
    );
    assert.equal(current, oldest);
  }
});

Deno.test("what both were being sent goes on in the one conversation, in the order it was queued", async () => {
  const { workspace, byNumber, byUserId } = await twoContacts();
  for (const [index, contact] of [byNumber, byUserId, byNumber].entries()) {
    const id = `00000000-0000-4000-8000-${String(index).padStart(4, "0")}${
      crypto.randomUUID().slice(-8)
    }`;
    await queueForLater(workspace, contact, id);
  }
  await tell(workspace, link);
  const [thread, ...threads] = await ask<{ id: string }>(
    "select id from public.conversations where workspace_id = $1",
    workspace.id,
  );
  assert.deepEqual(threads, []);
  const queue = await ask<{ id: string; conversation_id: string; due: boolean }>(
    `select o.id, o.conversation_id, l.due_at is not null as due from private.outbox o
      join private.outbox_lanes l using (conversation_id, phone_number_id, signal)
      where o.workspace_id = $1 order by o.seq`,
    workspace.id,
  );
  assert.deepEqual(
    queue.map(({ id, conversation_id, due }) => [id.slice(24, 28), conversation_id, due]),
    ["0000", "0001", "0002"].map((id) => [id, thread.id, true]),
  );
});

/** An hour from now, so that the stack's own worker leaves it alone. */
async function queueForLater(workspace: Workspace, contact: string, id: string): Promise<void> {
  await withDatabase((sql) =>
    sql.begin(async (transaction) => {
      await transaction`
        select private.enqueue_outbox(${id}, v.workspace_id, v.id, null, ${workspace.phoneNumberId},
          'message', '{}')
        from public.conversations v where v.contact_id = ${contact}`;
      await transaction`
        update private.outbox set next_attempt_at = now() + interval '1 hour' where id = ${id}`;
      await transaction`
        select private.wake_lane(private.lane_of(o)) from private.outbox o where o.id = ${id}`;
    })
  );
}
