/** Merges at the same time, of the same contacts, and while WhatsApp delivers to both. */
import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { type Sql, withDatabase } from "../support/database.ts";
import { deadlocks } from "../support/deadlocks.ts";
import type { Answer } from "../support/http.ts";
import { merge, undo } from "../support/merging.ts";
import type { Contact, Data } from "../support/types.ts";
import { uniquePhone } from "../support/unique.ts";
import { until } from "../support/until.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import {
  at,
  change,
  delivered,
  delivery,
  EPOCH,
  type Json,
  status,
  text,
} from "../fixtures/whatsapp/delivery.ts";
import { deliver } from "../webhook/hook.ts";
import { storeOutbound } from "../webhook/rows.ts";

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Nothing of a workspace contradicts itself: counters, owners, threads, and where old ids lead. */
async function assertSound(sql: Sql, workspaceId: string): Promise<void> {
  const wrong = await sql`
    select 'counter' as what, a.contact_id as id from public.contact_activity a
    where a.workspace_id = ${workspaceId} and a.message_count <> (
      select count(*) from public.messages m where m.contact_id = a.contact_id)
    union all
    select 'thread', v.id from public.conversations v
    where v.workspace_id = ${workspaceId} and v.message_count <> (
      select count(*) from public.messages m where m.conversation_id = v.id)
    union all
    select 'owner', m.id from public.messages m join public.conversations v on v.id = m.conversation_id
    where m.workspace_id = ${workspaceId} and m.contact_id <> v.contact_id
    union all
    select 'id', m.duplicate_id from public.contact_merges m
    where m.workspace_id = ${workspaceId} and m.undone_at is null
      and private.current_contact(${workspaceId}, m.duplicate_id) is null`;
  assert.deepEqual([...wrong], []);
}

/** With the channel that messages would add: that is locked late, and tried again, by deliveries alone. */
async function crowd({ key }: Workspace, size: number): Promise<Contact[]> {
  return await Promise.all(
    Array.from(
      { length: size },
      (_, n) =>
        createContact(key, { phone: uniquePhone(), tags: [`t${n}`], channels: ["whatsapp"] }),
    ),
  );
}

Deno.test("overlapping merges at once: each is done or told why not, and nobody deadlocks", async () => {
  const workspace = await makeWorkspace();
  const { key } = workspace;
  await withDatabase(async (sql) => {
    const before = (await deadlocks()).length;
    for (let round = 0; round < 5; round++) {
      const people = await crowd(workspace, 6);
      for (const { id } of people.slice(3)) await key.post("handoff", { contact_id: id });
      // Every pair both ways round: 30 merges, of which five can come about.
      const pairs = people.flatMap((one) => people.map((two) => [one.id, two.id]))
        .filter(([one, two]) => one !== two).toSorted(() => Math.random() - 0.5);
      const answers: Answer<unknown>[] = await Promise.all(
        pairs.map(([primary_id, duplicate_id]) =>
          key.post("merge-contacts", { primary_id, duplicate_id })
        ),
      );
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200, 409]));
      assert.equal(answers.filter(({ status }) => status === 200).length, 5);
      const current = await Promise.all(
        people.map(async ({ id }) =>
          (await key.get<Data<Contact>>(`get-contact?contact_id=${id}`)).body.data
        ),
      );
      assert.equal(new Set(current.map(({ id }) => id)).size, 1);
      assert.deepEqual(current[0].tags.toSorted(), ["t0", "t1", "t2", "t3", "t4", "t5"]);
    }
    await assertSound(sql, workspace.id);
    assert.deepEqual((await deadlocks()).slice(before), []);
  });
});

Deno.test("a merge waits with no contact in hand, also if it had to bring one up to date first", async () => {
  const workspace = await makeWorkspace();
  const people = await crowd(workspace, 2);
  const [first, second] = people.map(({ id }) => id).toSorted();
  await withDatabase(async (sql) => {
    let merging: Promise<string> | undefined;
    await sql`select private.put_off(array[${second}::uuid])`;
    await sql.begin(async (tx) => {
      await tx`select from public.contacts where id = ${first} for no key update`;
      merging = merge(workspace.key, first, second);
      // Whoever awaits it sees a failure.
      merging.catch(() => {});
      await pause(500);
      await tx`select from public.contacts where id = ${second} for no key update nowait`;
    });
    assert.ok(await merging);
  });
});

Deno.test("what comes while a merge is undone goes to the contact that its sender is again", async () => {
  const workspace = await makeWorkspace();
  const people = await crowd(workspace, 2);
  const [first, second] = people.toSorted((one, two) => one.id < two.id ? -1 : 1);
  const from = [first, second].map(({ phone }) => phone!.slice(1));
  const say = (body: string) => from.map((waId) => text(waId, body));
  await deliver(delivered(workspace.phoneNumberId, { messages: say("Hi") }));
  // The duplicate comes first in the order of locks, and is not there yet when the delivery asks.
  const merge_id = await merge(workspace.key, second.id, first.id);
  const messages = say("STOP");
  const before = (await deadlocks()).length;
  await withDatabase(async (sql) => {
    let delivering: Promise<void> | undefined;
    await sql.begin(async (tx) => {
      await tx`select private.undo_merge(${workspace.id}, ${merge_id})`;
      delivering = deliver(delivered(workspace.phoneNumberId, { messages }));
      // Whoever awaits it sees a failure.
      delivering.catch(() => {});
      await pause(500);
    });
    await delivering;
    const owners = await sql`
      select m.wa_message_id, m.contact_id from public.messages m
      where m.wa_message_id = any (${messages.map(({ id }) => id)})`;
    assert.deepEqual(
      new Map(owners.map(({ wa_message_id, contact_id }) => [wa_message_id, contact_id])),
      new Map([[messages[0].id, first.id], [messages[1].id, second.id]]),
    );
    await assertSound(sql, workspace.id);
  });
  assert.deepEqual((await deadlocks()).slice(before), []);
});

Deno.test("one merge undone by many at once is undone once", async () => {
  const workspace = await makeWorkspace();
  const [one, two] = await crowd(workspace, 2);
  const merge_id = await merge(workspace.key, one.id, two.id);
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => workspace.key.post("merge-contacts/undo", { merge_id })),
  );
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, ...Array(7).fill(409)]);
});

Deno.test("merges and undos while WhatsApp delivers to both and people work: no deadlock, nothing lost", async () => {
  const workspace = await makeWorkspace();
  const { key, agent, phoneNumberId } = workspace;
  const [one, two] = await crowd(workspace, 2);
  const numbers = [one, two].map(({ phone }) => phone!.slice(1));
  const wamids = Array.from({ length: 40 }, () => `wamid.${crypto.randomUUID()}`);
  await withDatabase(async (sql) => {
    for (const [index, { id }] of [one, two].entries()) {
      await storeOutbound(sql, {
        workspaceId: workspace.id,
        contactId: id,
        phoneNumberId,
        wamids: wamids.slice(index * 20, index * 20 + 20),
      });
    }
    const before = (await deadlocks()).length;
    let going = true;
    const sent: string[] = [];
    const any = <Value>(values: readonly Value[]) =>
      values[Math.floor(Math.random() * values.length)];
    const changesOfMessages = (turn: number) => {
      const from = any(numbers);
      const about = (type: string, more: Json) => ({
        ...text(from, "", { timestamp: at(turn) }),
        text: undefined,
        type,
        [type]: more,
      });
      const messages = [
        about("reaction", { message_id: any(wamids), emoji: "👍" }),
        ...sent.slice(-2).map((original_message_id) => about("revoke", { original_message_id })),
      ];
      return [change(phoneNumberId, { messages })];
    };
    const calls = (turn: number) => {
      const one = (from: string) => ({
        id: `wacid.${crypto.randomUUID()}`,
        from,
        event: "connect",
        timestamp: at(turn),
        direction: "USER_INITIATED",
      });
      const both = numbers.toSorted(() => Math.random() - 0.5);
      return [change(phoneNumberId, { calls: both.map(one) }, "calls")];
    };
    const wishes = (turn: number) => {
      const one = (wa_id: string) => ({
        wa_id,
        category: "marketing_messages",
        value: any(["stop", "resume"]),
        timestamp: EPOCH + turn,
      });
      const user_preferences = numbers.toSorted(() => Math.random() - 0.5).map(one);
      return [change(phoneNumberId, { user_preferences }, "user_preferences")];
    };
    const chatter = async () => {
      for (let turn = 1; going; turn++) {
        const messages = numbers.toSorted(() => Math.random() - 0.5).map((from) =>
          text(from, any(["Hi", "Hi", "STOP", "START"]), { timestamp: at(turn) })
        );
        const statuses = wamids.toSorted(() => Math.random() - 0.5).slice(0, 10)
          .map((wamid) => status(wamid, any(["sent", "delivered", "read"]), turn));
        const further = any([() => [], changesOfMessages, calls, wishes])(turn);
        await deliver(delivery(change(phoneNumberId, { messages, statuses }), ...further));
        sent.push(...messages.map(({ id }) => id));
      }
    };
    const work = async () => {
      while (going) {
        const contact_id = any([one, two]).id;
        const answer = await any([
          () => agent.post("update-contact", { contact_id, company: crypto.randomUUID() }),
          () => agent.post("handoff", { contact_id }),
          () =>
            key.post("calls", {
              contact_id,
              direction: "outbound",
              started_at: new Date().toISOString(),
            }),
          () =>
            agent.post("internal-notes", {
              entity_type: "lead",
              entity_id: contact_id,
              content: "N",
            }),
          () => agent.get(`merge-contacts?contact_id=${contact_id}`),
        ])();
        // Between an undo and a merge an id may be gone for the blink in which it is looked up.
        assert.ok(answer.status < 500, answer.text);
      }
    };
    const working = Promise.all([chatter(), chatter(), chatter(), work(), work()]);
    for (let round = 0; round < 15; round++) {
      // Either stays: the one who goes comes before the other in the order of locks, or after.
      const [primary, duplicate] = any([[one, two], [two, one]]);
      const merge_id = await merge(key, primary.id, duplicate.id);
      await pause(20);
      await undo(key, merge_id);
    }
    going = false;
    await working;
    assert.deepEqual((await deadlocks()).slice(before), []);
    await assertSound(sql, workspace.id);
    const [{ stored }] = await sql<{ stored: number }[]>`
      select count(*)::int as stored from public.messages where wa_message_id = any (${sent})`;
    assert.equal(stored, sent.length);
    const [{ failures }] = await sql<{ failures: number }[]>`
      select count(*)::int as failures from private.webhook_failures f
      join private.webhook_deliveries d on d.id = f.delivery_id where d.body like ${`%${phoneNumberId}%`}`;
    assert.equal(failures, 0);
  });
});

/** What is asked for while a merge or an undo is about to be committed, and finds it done. */
async function meeting<Result>(
  sql: Sql,
  change: (tx: Sql) => Promise<unknown>,
  ask: () => Promise<Result>,
): Promise<Result> {
  let asked: Promise<Result> | undefined;
  await sql.begin(async (tx) => {
    await change(tx as unknown as Sql);
    asked = ask();
    asked.catch(() => {});
    await until(async () => {
      const [waiting] = await tx`
        select from pg_stat_activity where pg_backend_pid() = any (pg_blocking_pids(pid))`;
      return waiting;
    });
  });
  return await asked!;
}

Deno.test("a deletion that meets a merge or its undo is of whom the id is now", async () => {
  const workspace = await makeWorkspace();
  const { key } = workspace;
  const remove = (id: string) => () =>
    withDatabase(async (sql) => {
      // As the request makes it, but left to the worker, and of the very id.
      const [{ job }] = await sql<{ job: string }[]>`
        with made as (
          select private.start_batch_job('bulk_delete', ${workspace.id}, '{"history": "keep"}',
            format('select %L::uuid', ${id}::text)) as id)
        insert into public.deletion_receipts (id, workspace_id, actor_type, history, requested)
        select id, ${workspace.id}, 'system', 'keep', 1 from made returning id as job`;
      const [{ deleted }] = await until(async () => {
        const rows = await sql<{ deleted: number }[]>`
          select deleted from public.deletion_receipts where id = ${job} and finished_at is not null`;
        return rows.length > 0 ? rows : undefined;
      });
      return deleted;
    });
  const left = async (...ids: string[]) => {
    const there = await withDatabase((sql) =>
      sql<{ id: string }[]>`select id from public.contacts where id = any (${ids})`
    );
    return there.map(({ id }) => id);
  };
  await withDatabase(async (sql) => {
    const [kept, other] = (await crowd(workspace, 2)).map(({ id }) => id);
    const merging = (tx: Sql) => tx`select private.merge_contact(${kept}, ${other})`;
    assert.equal(await meeting(sql, merging, remove(other)), 1);
    assert.deepEqual(await left(kept, other), []);

    const [first, second] = (await crowd(workspace, 2)).map(({ id }) => id);
    const mergeId = await merge(key, first, second);
    const parting = (tx: Sql) => tx`select private.undo_merge(${workspace.id}, ${mergeId})`;
    assert.equal(await meeting(sql, parting, remove(second)), 1);
    assert.deepEqual(await left(first, second), [first]);
  });
});

Deno.test("a bulk update that meets a merge changes whom the id is of now", async () => {
  const workspace = await makeWorkspace();
  const { key } = workspace;
  const set = { is_vip: true };
  const update = (contact_ids: string[]) => async () => {
    const asked = { contact_ids, set };
    const answer = await key.post<Data<{ updated: number }>>("bulk-update-contacts", asked);
    assert.equal(answer.status, 200, answer.text);
    return answer.body.data.updated;
  };
  const isVip = async (id: string) =>
    (await key.get<Data<Contact>>(`get-contact?contact_id=${id}`)).body.data.is_vip;
  await withDatabase(async (sql) => {
    const [kept, other] = (await crowd(workspace, 2)).map(({ id }) => id);
    const merging = (tx: Sql) => tx`select private.merge_contact(${kept}, ${other})`;
    assert.equal(await meeting(sql, merging, update([other])), 1);
    assert.equal(await isVip(kept), true);
  });
});
