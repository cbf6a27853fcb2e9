/** What is counted as things happen, beside what the rows add up to. */
import type { Sql } from "../../support/database.ts";

/** One line for each number or mark that is not what its rows say; none when all is well. */
export async function differences(sql: Sql, workspaceId: string): Promise<string[]> {
  const rows = await sql<{ line: string }[]>`
    with people as (
      select c.*, a.message_count, a.last_contact_at as last_contact, a.sentiment_sum,
        a.sentiment_count, a.profile_name as heard_name
      from public.contacts c join public.contact_activity a on a.contact_id = c.id
      where c.workspace_id = ${workspaceId}),
    threads as (
      select v.*, m.messages, m.latest,
        -- What came in the second in which the team had read may count, and may not.
        greatest(m.unread, least(v.unread_count, m.perhaps)) as unread
      from public.conversations v cross join lateral (
        select count(*) as messages, max(t.sent_at) as latest,
          count(*) filter (where t.sent_at > coalesce(v.read_until, '-infinity') and t.unread) as unread,
          count(*) filter (where t.sent_at >= coalesce(v.read_until, '-infinity') and t.unread) as perhaps
        from (
          select *, direction = 'inbound' and not from_history as unread
          from public.messages where conversation_id = v.id) as t) as m
      where v.workspace_id = ${workspaceId})
    select concat_ws(' ', what, id, kept, 'is', counted) as line from (
      select 'messages of' as what, p.id, p.message_count::text as kept, (
        select count(*) from public.messages m where m.contact_id = p.id)::text as counted
      from people p
      union all
      select 'last contact of', p.id, p.last_contact::text, greatest(
        (select max(m.sent_at) from public.messages m where m.contact_id = p.id),
        (select max(greatest(k.started_at, k.ended_at)) from public.calls k where k.contact_id = p.id))::text
      from people p
      union all
      select 'calls of', p.id, p.call_count::text, (
        select count(*) from public.calls k where k.contact_id = p.id)::text
      from people p
      union all
      select 'moods of', p.id, concat(p.sentiment_count, ': ', p.sentiment_sum::numeric(12, 3)), (
        select concat(count(*), ': ', coalesce(sum(m.sentiment_score), 0)::numeric(12, 3)) from public.messages m
        where m.contact_id = p.id and m.sentiment_source is not null)
      from people p
      union all
      select 'opt-out of', p.id, p.opted_out::text,
        coalesce(not (private.latest_consent(p.id, 'marketing')).granted, false)::text
      from people p
      union all
      select 'opt-out tag of', p.id, p.opted_out::text, ('opt-out' = any (p.tags))::text from people p
      union all
      select 'Do Not Call of', p.id, p.do_not_call::text,
        coalesce(not (private.latest_consent(p.id, 'calls')).granted, false)::text
      from people p
      union all
      select 'profile name of', p.id, p.profile_name, p.heard_name from people p
      union all
      select 'messages in', t.id, t.message_count::text, t.messages::text from threads t
      union all
      select 'latest in', t.id, t.last_message_at::text, t.latest::text from threads t
      union all
      select 'unread in', t.id, t.unread_count::text, t.unread::text from threads t
      union all
      select 'contact of', m.id, m.contact_id::text, t.contact_id::text
      from public.messages m join threads t on t.id = m.conversation_id
    ) as x
    where kept is distinct from counted order by 1`;
  return rows.map(({ line }) => line);
}
