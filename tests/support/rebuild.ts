/** What is kept of contacts as things happen, made of everything that is stored instead. */
import assert from "node:assert/strict";
import type { Sql } from "./database.ts";
import { snapshot } from "./snapshot.ts";

/** What a rebuild may change: when to look at a contact again, which is never late. */
const PUT_OFF = { "public.contact_activity": ["due_at"], "public.api_keys": ["last_used_at"] };

/** Moods, last messages, scores, grades, automatic status and risk of all contacts, from nothing. */
export async function rebuild(sql: Sql, workspaceId: string): Promise<void> {
  await sql.begin(async (tx) => {
    const contacts =
      tx`array(select c.id from public.contacts c where c.workspace_id = ${workspaceId})`;
    await tx`update public.contact_activity set last_inbound_at = null, shows_intent = not shows_intent
      where workspace_id = ${workspaceId}`;
    await tx`select private.recount_sentiment(${contacts})`;
    await tx`select private.recount_inbound(${contacts})`;
    await tx`select private.follow_contacts(${contacts})`;
  });
}

/** Nothing that is kept differs from what comes out of a rebuild, and counts are those of the rows. */
export async function assertRebuilt(sql: Sql, workspaceId: string): Promise<void> {
  const kept = await snapshot(sql, workspaceId, PUT_OFF);
  await rebuild(sql, workspaceId);
  assert.deepEqual(await snapshot(sql, workspaceId, PUT_OFF), kept);
  assert.deepEqual(await miscounted(sql, workspaceId), []);
}

/** Deltas of KPIs and tags that are not what the contacts add up to. */
async function miscounted(sql: Sql, workspaceId: string): Promise<unknown[]> {
  return [
    ...await sql`
      select 'status ' || s as what, k.contacts, c.contacts as counted
      from unnest(enum_range(null::public.contact_status)) s
      left join private.contact_counts(${workspaceId}, true) k on k.status = s
      cross join lateral (
        select count(*) as contacts from public.contacts t
        where t.workspace_id = ${workspaceId} and t.status = s) as c
      where coalesce(k.contacts, 0) <> c.contacts
      union all
      select 'tag ' || tag, k.contacts, c.contacts
      from (
        select d.tag, sum(d.delta) as contacts from private.contact_tag_deltas d
        where d.workspace_id = ${workspaceId} group by d.tag) as k
      full join (
        select tag, count(*) as contacts from public.contacts t cross join unnest(t.tags) as tag
        where t.workspace_id = ${workspaceId} group by tag) as c using (tag)
      where coalesce(k.contacts, 0) <> coalesce(c.contacts, 0)`,
  ];
}
