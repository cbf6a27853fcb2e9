-- Deleting people: by ids or by a filter, keeping what was said or not, with a receipt that tells
-- nothing of them. What is known of them outside of their own rows: …001384_erasure.sql.

alter table public.workspaces add column deletion_history text not null default 'keep'
  check (deletion_history in ('keep', 'erase'));
comment on column public.workspaces.deletion_history is
  'What becomes of the messages of deleted contacts unless the request says: keep (under a pseudonym) or erase.';

create table public.deletion_receipts (
  -- The job's as well, which knows nothing of the people either once it is through.
  id uuid primary key,
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  actor_type text not null check (actor_type in ('member', 'api_key', 'system')),
  actor_id uuid,
  history text not null check (history in ('keep', 'erase')),
  requested int not null,
  deleted int not null default 0,
  requested_at timestamptz not null default now(),
  finished_at timestamptz
);
create index deletion_receipts_workspace_idx on public.deletion_receipts (workspace_id, requested_at, id);
comment on table public.deletion_receipts is
  'Who had how many contacts deleted, when and how: nothing of whom, and no id that leads back to them.';
comment on column public.deletion_receipts.finished_at is
  'When the last trace in the database was gone, raw deliveries included; private.media_removals tells whether files are left.';

-- One batch of people -------------------------------------------------------------------------

create function private.lock_people(contacts uuid[]) returns boolean
language plpgsql
-- Whoever stores messages never waits long for a deletion, and no deadlock is ever resolved at their
-- cost: long before Postgres looks for one, the deletion gives way and tries again later.
set search_path = '' set lock_timeout = '500ms'
as $$
begin
  perform from public.contacts c where c.id = any (contacts) order by c.id for update;
  perform from public.contact_activity a where a.contact_id = any (contacts) order by a.contact_id for update;
  perform from public.conversations v where v.contact_id = any (contacts) order by v.id for update;
  perform from public.messages m where m.contact_id = any (contacts) order by m.id for update;
  return true;
exception when lock_not_available then
  return false;
end
$$;
comment on function private.lock_people(uuid[]) is
  'Locks contacts and what was said with them, in everybody''s order; false, holding nothing, if somebody is at one of them for longer than half a second.';

create function private.next_people(job private.batch_jobs, out asked uuid[], out contacts uuid[], out taken int)
language plpgsql stable
set search_path = ''
as $$
declare
  at int := coalesce((job.state ->> 'at')::int, 0);
  ids uuid[] := (
    select p.ids[at + 1 : at + coalesce((job.state ->> 'most')::int, 500)] from private.batch_job_parts p
    where p.job_id = job.id and p.part = coalesce((job.state ->> 'part')::int, 0));
begin
  -- So many that a batch takes well below a second, but one at least.
  select count(*) into taken
  from (
    select g.n, sum(coalesce(a.message_count, 0)) over (order by g.n) as messages
    from unnest(ids) with ordinality as g (id, n) left join public.contact_activity a on a.contact_id = g.id
  ) as counted
  where messages <= 2000 or n = 1;
  asked := ids[:taken];
  -- Who went up in another contact since is that one.
  contacts := private.current_contacts(job.workspace_id, asked);
end
$$;
comment on function private.next_people(private.batch_jobs) is
  'The next ids that a deletion was asked for, which contacts these are now, and how many ids; 0: no more.';

create function private.logged_entities(workspace uuid, contacts uuid[]) returns uuid[]
language plpgsql stable
set search_path = ''
as $$
declare
  -- Under all ids that they ever had.
  people uuid[] := contacts || array(
    select m.duplicate_id from public.contact_merges m where m.primary_id = any (contacts) and m.undone_at is null);
begin
  return people || array(
    select v.id from public.conversations v where v.contact_id = any (contacts)
    union all
    select t.conversation_id from private.merged_conversations t join public.conversations v on v.id = t.merged_into
    where v.contact_id = any (contacts)
    union all
    select d.id from public.deals d where d.contact_id = any (contacts)
    union all
    select g.id from public.meetings g where g.contact_id = any (contacts)
    union all
    select a.entity_id from public.activity_log a
    where a.workspace_id = workspace and a.action in ('deal.deleted', 'meeting.deleted')
      and a.changes ->> 'contact_id' = any (people::text[]));
end
$$;
comment on function private.logged_entities(uuid, uuid[]) is
  'Of what there may be lines in the log that are about contacts of the workspace: themselves, their conversations, deals and meetings, under ids from before a merge and after they were deleted, too.';

create function private.delete_people(receipt uuid, contacts uuid[], history text) returns int
language plpgsql
-- Locks are waited for briefly here as in private.lock_people.
set search_path = '' set lock_timeout = '500ms'
as $$
declare
  workspace uuid := (select r.workspace_id from public.deletion_receipts r where r.id = receipt);
  entities uuid[] := private.logged_entities(workspace, contacts);
  updates private.update_name[] := private.latest_updates(contacts);
  -- Who was once merged with them by mistake.
  parted uuid[] := array(
    select case when m.primary_id = any (contacts) then m.duplicate_id else m.primary_id end
    from public.contact_merges m
    where m.undone_at is not null and (m.primary_id = any (contacts) or m.duplicate_id = any (contacts)));
  reacted_to text[] := array(
    select h.target_wa_message_id from public.message_changes h where h.contact_id = any (contacts) and h.kind = 'reaction');
  gone int;
begin
  -- Read by the trigger that queues files for removal.
  perform set_config('leadbase.receipt', receipt::text, true);
  perform private.keep_erasure_keys(receipt, private.external_ids(contacts) || array(select u.id from unnest(updates) u));
  perform private.forget_updates(updates);
  perform private.keep_suppressions(contacts);
  if history = 'keep' then
    perform private.retain_messages(contacts);
  end if;
  delete from public.message_changes h
  where h.workspace_id = workspace and h.contact_id is null and h.target_wa_message_id in (
    select m.wa_message_id from public.messages m where m.contact_id = any (contacts));
  -- Everything that refers to them goes with them.
  delete from public.messages m where m.contact_id = any (contacts);
  delete from public.contacts c where c.id = any (contacts);
  get diagnostics gone = row_count;
  -- The deletion's own lines of them too: the receipt is what stays.
  delete from public.activity_log a where a.workspace_id = workspace and a.entity_id = any (entities);
  delete from public.contact_merges m where m.undone_at is not null and m.duplicate_id = any (contacts);
  delete from public.activity_log a
  where a.workspace_id = workspace and a.entity_id = any (parted) and a.action in ('contact.merged', 'contact.unmerged')
    and coalesce(a.changes ->> 'duplicate_id', a.changes ->> 'primary_id')::uuid = any (contacts);
  -- In a group they may have reacted to what others said.
  perform private.show_message_changes(reacted_to) where cardinality(reacted_to) > 0;
  update public.deletion_receipts r set deleted = r.deleted + gone where r.id = receipt;
  return gone;
end
$$;
comment on function private.delete_people(uuid, uuid[], text) is
  'Deletes locked contacts with everything that refers to them and every line of the log about them or that names them as merged; returns how many there were. history: keep = what was said stays under a pseudonym.';

create function private.fewer_people(job private.batch_jobs, tried int) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  -- Of many somebody is nearly always just writing; of one hardly ever.
  return job.state || jsonb_build_object('most', greatest(tried / 8, 1));
end
$$;
comment on function private.fewer_people(private.batch_jobs, int) is 'The state of a deletion that found somebody of so many busy: next time it tries fewer.';

create function private.delete_next_people(job private.batch_jobs) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  next record := private.next_people(job);
  part int := coalesce((job.state ->> 'part')::int, 0);
  at int := coalesce((job.state ->> 'at')::int, 0) + next.taken;
  numbers text[];
begin
  if next.taken = 0 then
    return case when at = 0 then job.state - '{part,at,most}'::text[]
        || jsonb_build_object('phase', 'deliveries', 'horizon', pg_current_xact_id()::text, 'until', now())
      else job.state || jsonb_build_object('part', part + 1, 'at', 0) end;
  elsif not private.lock_people(next.contacts) then
    return private.fewer_people(job, next.taken);
  elsif private.current_contacts(job.workspace_id, next.asked) <> next.contacts then
    -- A merge or its undo was through while we waited: whom it has left is not locked.
    raise sqlstate 'LB002';
  end if;
  numbers := array(
    select jsonb_array_elements_text(private.json_list(job.state -> 'numbers'))
    union
    select m.phone_number_id from public.messages m where m.contact_id = any (next.contacts) and m.phone_number_id is not null);
  perform private.delete_people(job.id, next.contacts, job.args ->> 'history');
  return job.state || jsonb_build_object('part', part, 'at', at, 'numbers', numbers, 'most', least(2 * next.taken, 500));
exception
  when lock_not_available then
    return private.fewer_people(job, next.taken);
  when sqlstate 'LB002' then
    return job.state;
end
$$;
comment on function private.delete_next_people(private.batch_jobs) is
  'Deletes the next contacts of a deletion; the new state of its job, which stays what it is if they have to be looked up again.';

create function private.bulk_delete_batch(job private.batch_jobs) returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  case coalesce(job.state ->> 'phase', 'people')
    when 'people' then
      return private.delete_next_people(job);
    when 'deliveries' then
      if not private.is_past((job.state ->> 'horizon')::xid8) then
        -- Whoever is still storing something is done in a moment.
        perform pg_sleep(0.02);
        return job.state;
      end if;
      -- One delivery may be three megabytes, and others' batches wait their turn behind this one.
      return private.redact_deliveries(job, 20000, '500 ms');
    when 'events' then
      return private.erase_events(job, 5000);
    else
      perform private.erase_loose_ends(job);
      update public.deletion_receipts r set finished_at = clock_timestamp() where r.id = job.id;
      return '{"done": true}';
  end case;
end
$$;
comment on function private.bulk_delete_batch(private.batch_jobs) is
  'Batches of a deletion: people first, each whole or not at all; then, once nothing that began before is still being stored, raw deliveries, events and what else names their ids.';

create function private.resume_deletions() returns int
language plpgsql
set search_path = ''
as $$
declare
  resumed int;
begin
  update private.batch_jobs j
  set status = 'running', attempts = 0, finished_at = null, due_at = now()
  where j.kind = 'bulk_delete' and j.status = 'failed'
    and exists (select from public.deletion_receipts r where r.id = j.id and r.finished_at is null);
  get diagnostics resumed = row_count;
  return resumed;
end
$$;
comment on function private.resume_deletions() is
  'Deletions that failed go on with the traces of whom they did delete: whoever is gone must not be left in raw deliveries. Returns how many.';

-- Operations ----------------------------------------------------------------------------------

create function private.deletion_answer(receipt uuid, not_found jsonb default null) returns private.answer
language plpgsql stable
-- Definer: jobs are the service's. Only this workspace's receipts: the caller has checked that.
security definer set search_path = ''
as $$
begin
  return (
    select row(case when s.status = 'running' then 202 else 200 end, private.data((jsonb_build_object('receipt_id', r.id,
        'status', s.status, 'history', r.history, 'requested', r.requested, 'deleted', r.deleted, 'files_left', f.files,
        'actor', jsonb_build_object('type', r.actor_type, 'id', r.actor_id),
        'requested_at', r.requested_at, 'finished_at', r.finished_at)
      || case when not_found is null then '{}' else jsonb_build_object('not_found', not_found) end)::json), null)::private.answer
    from public.deletion_receipts r
    left join private.batch_jobs j on j.id = r.id
    cross join lateral (select count(*) as files from private.media_removals m where m.receipt_id = r.id) as f
    cross join lateral (
      select case when r.finished_at is null then coalesce(j.status, 'failed') when f.files > 0 then 'running'
        else 'completed' end as status) as s
    where r.id = receipt
  );
end
$$;
comment on function private.deletion_answer(uuid, jsonb) is 'A deletion as an answer (202 while it is running): how far it is, and which of the ids asked for were nobody''s.';

create function private.people_asked_for(workspace uuid, args jsonb) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  filter jsonb;
begin
  if args ?| '{filter,filter_id}' then
    filter := private.with_saved_filter(workspace,
      coalesce(args -> 'filter', '{}') || jsonb_strip_nulls(jsonb_build_object('filter_id', args -> 'filter_id')));
    -- What was left out by mistake, here or when it was saved, must not mean everybody.
    if not private.leaves_somebody_out(filter) then
      perform private.refuse_field(case when args ? 'filter' then '/filter' else '/filter_id' end, 'required',
        'The filter leaves nobody out; give at least one that does.');
    end if;
    return format('select c.id from %s where %s', private.contact_source(workspace, filter, null),
      private.contact_conditions(workspace, filter));
  end if;
  return format('select distinct id from (select private.current_contact(%L, given::uuid) from jsonb_array_elements_text(%L) given) as f (id) where id is not null',
    workspace, args -> 'contact_ids');
end
$$;
comment on function private.people_asked_for(uuid, jsonb) is '{ contact_ids } or { filter, filter_id } → SQL that selects the ids of the contacts meant. 404 filter_not_found, 422 for a filter without a condition.';

create function api.delete_contacts(args jsonb) returns private.answer
language plpgsql
-- Definer: receipts and jobs are the service's to write. The workspace is in every query.
security definer set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:delete');
  mode text := coalesce(args ->> 'history', (select w.deletion_history from public.workspaces w where w.id = workspace));
  actor private.actor := private.current_actor();
  job uuid := private.start_batch_job('bulk_delete', workspace, jsonb_build_object('history', mode), private.people_asked_for(workspace, args));
  not_found jsonb := (
    select coalesce(jsonb_agg(g.id order by g.n), '[]')
    from (
      select id, min(n) as n from jsonb_array_elements_text(private.json_list(args -> 'contact_ids')) with ordinality as a (id, n)
      group by id
    ) as g
    where private.current_contact(workspace, g.id::uuid) is null);
begin
  insert into public.deletion_receipts (id, workspace_id, actor_type, actor_id, history, requested)
  select job, workspace, actor.type, actor.id, mode, j.total from private.batch_jobs j where j.id = job;
  insert into public.activity_log (workspace_id, actor_type, actor_id, action, entity_type, entity_id, changes)
  select workspace, actor.type, actor.id, 'contacts.deleted', 'deletion', job,
    jsonb_build_object('history', mode, 'requested', r.requested) from public.deletion_receipts r where r.id = job;
  return private.deletion_answer(job, not_found);
end
$$;
comment on function api.delete_contacts(jsonb) is
  '{ contact_ids | filter, filter_id; history? } → 202 { receipt_id, status, history, requested, deleted, not_found, … }: the contacts are fixed, a job deletes them. 403 insufficient_scope, 404 filter_not_found.';

create function api.get_deletion(args jsonb) returns private.answer
language plpgsql stable
-- Definer: see private.deletion_answer.
security definer set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:delete');
begin
  if not exists (select from public.deletion_receipts r where r.id = (args ->> 'receipt_id')::uuid and r.workspace_id = workspace) then
    perform private.refuse(404, 'receipt_not_found', 'There is no such receipt.');
  end if;
  return private.deletion_answer((args ->> 'receipt_id')::uuid);
end
$$;
comment on function api.get_deletion(jsonb) is '{ receipt_id } → how far a deletion is, 202 while it is running. 404 receipt_not_found.';
