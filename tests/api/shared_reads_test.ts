/** Callers who ask the same at the same time: one reading for many, and never an old one. */
import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import type { Contact, Page } from "../support/types.ts";
import { until } from "../support/until.ts";
import { makeWorkspace } from "../support/workspace.ts";

const READERS = 12;

Deno.test("who asks what is being asked waits for it, then one reads for all", async () => {
  const { id, key } = await makeWorkspace();
  const list = async () => {
    const answer = await key.get<Page<{ name: string }>>("surveys");
    assert.equal(answer.status, 200, answer.text);
    return answer.body.data.map(({ name }) => name);
  };
  const { early, others, another } = await withDatabase((sql) =>
    sql.begin(async (held) => {
      const waiting = async () => {
        const [{ count }] = await held<{ count: number }[]>`
          select count(*)::int from pg_locks
          where relation = 'public.surveys'::regclass and not granted`;
        return count;
      };
      await held`lock table public.surveys in access exclusive mode`;
      const early = [list(), list()];
      await until(async () => await waiting() === 2 || undefined);
      const others = Array.from({ length: READERS }, list);
      const another = key.get("surveys?limit=1");
      await until(async () => await waiting() === 3 || undefined);
      // Time for all of them to come.
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.equal(await waiting(), 3);
      await held`
        insert into public.surveys (workspace_id, name, questions) values (${id}, 'Late', '[]')`;
      return { early: Promise.all(early), others: Promise.all(others), another };
    })
  );
  // What was written after they had begun to read is not in their answers, and nobody else gets those.
  assert.deepEqual(await early, [[], []]);
  assert.deepEqual(await others, Array.from({ length: READERS }, () => ["Late"]));
  assert.equal((await another).status, 200);
});

Deno.test("an answer is shared by those alone who may have it, and each is counted", async () => {
  const workspaces = [await makeWorkspace(), await makeWorkspace()];
  const known = await Promise.all(workspaces.map(({ key }) => createContact(key)));
  const nobody = workspaces[0].key.get("list-contacts?limit=1", {
    authorization: "Bearer lb_nobody",
  });
  const limits = [new Set<string | null>(), new Set<string | null>()];
  await Promise.all(Array.from({ length: READERS }, async (_, reader) => {
    const who = reader % 2;
    const answer = await workspaces[who].key.get<Page<Contact>>("list-contacts?limit=1");
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body.data.map(({ id }) => id), [known[who].id]);
    limits[who].add(answer.headers.get("ratelimit"));
  }));
  assert.equal((await nobody).status, 401);
  assert.deepEqual(limits.map(({ size }) => size), [READERS / 2, READERS / 2]);
});
