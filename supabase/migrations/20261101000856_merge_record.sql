-- What is known of merges: which id went up in which, and what it takes to undo it.

create table public.contact_merges (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  primary_id uuid not null references public.contacts (id) on delete cascade,
  duplicate_id uuid not null,
  actor_type text not null check (actor_type in ('member', 'api_key', 'system')),
  actor_id uuid,
  duplicate jsonb not null,
  merged_at timestamptz not null default now(),
  undone_at timestamptz
);
create index contact_merges_primary_id_idx on public.contact_merges (primary_id);
create index contact_merges_duplicate_id_idx on public.contact_merges (duplicate_id);
create index contact_merges_workspace_id_idx on public.contact_merges (workspace_id);
comment on table public.contact_merges is
  'Which contact went up in which: the old id still leads to the new one. duplicate and what refers to a merge (private.merge_rows, private.merge_moves) is personal data of both contacts; it goes with the primary, and once the merge is undone.';
comment on column public.contact_merges.id is
  'Made once both contacts are locked: what the merge found has smaller ids, what came afterwards has greater ones.';
comment on column public.contact_merges.primary_id is 'The contact that it all is now; moves on when that one is merged itself.';
comment on column public.contact_merges.duplicate is 'The contact and its contact_activity as they were; {} once the merge is undone.';

create table private.merge_moves (
  merge_id uuid not null references public.contact_merges (id) on delete cascade,
  seq bigint generated always as identity,
  relation text not null,
  attributes jsonb not null,
  keys jsonb not null,
  primary key (merge_id, seq)
);
alter table private.merge_moves enable row level security;
comment on table private.merge_moves is
  'For undoing a merge: the rows of a table that referred to the duplicate or one of its conversations. Ids only; whose, merge_id tells.';
comment on column private.merge_moves.attributes is '{ column: [before, after] }.';
comment on column private.merge_moves.keys is 'The rows by their primary key: { column: [value, …] }, the lists being equally long.';

create table private.merge_rows (
  merge_id uuid not null references public.contact_merges (id) on delete cascade,
  seq bigint generated always as identity,
  relation text not null,
  before jsonb,
  after jsonb,
  primary key (merge_id, seq)
);
alter table private.merge_rows enable row level security;
comment on table private.merge_rows is
  'For undoing a merge: the rows that it wrote, as they were and as they became, the primary contact''s own among them. Personal data of both contacts of merge_id.';
comment on column private.merge_rows.before is 'null: the merge made the row.';
comment on column private.merge_rows.after is 'null: the merge removed the row.';

create table private.merged_conversations (
  conversation_id uuid primary key,
  merged_into uuid not null references public.conversations (id) on delete cascade,
  merge_id uuid not null references public.contact_merges (id) on delete cascade
);
create index merged_conversations_merged_into_idx on private.merged_conversations (merged_into);
create index merged_conversations_merge_id_idx on private.merged_conversations (merge_id);
alter table private.merged_conversations enable row level security;
comment on table private.merged_conversations is
  'Which conversation went up in which when their contacts were merged: the old id still leads to the new one. Ids only.';

create function private.current_contact(workspace uuid, contact uuid) returns uuid
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce(
    -- `is true`: see private.check_contact_of.
    (select c.id from public.contacts c where c.id = contact and (c.workspace_id = workspace) is true),
    (select m.primary_id from public.contact_merges m
      where m.duplicate_id = contact and m.workspace_id = workspace and m.undone_at is null
      order by m.id desc limit 1));
end
$$;
comment on function private.current_contact(uuid, uuid) is
  'A contact''s id, also one that it had before a merge → the id it has now; null if there is none in the workspace.';

create function private.current_contacts(workspace uuid, contacts uuid[]) returns uuid[]
language plpgsql stable
set search_path = ''
as $$
begin
  return array(
    select distinct f.id from (select private.current_contact(workspace, g) as id from unnest(contacts) g) as f
    where f.id is not null order by f.id);
end
$$;
comment on function private.current_contacts(uuid, uuid[]) is
  'The same of many: the contacts that there are now, each once, in the order of their ids.';

create function private.current_conversation(conversation uuid) returns uuid
language plpgsql stable
-- Definer: the table is the service's. Whose conversation it is, whoever asks has to find out.
security definer set search_path = ''
as $$
begin
  return coalesce(
    (select m.merged_into from private.merged_conversations m where m.conversation_id = conversation), conversation);
end
$$;
comment on function private.current_conversation(uuid) is
  'A conversation''s id, also one that it had before its contact was merged → the id it has now; any other id as it is.';

create function private.merged_ids(workspace uuid, entity uuid) returns uuid[]
language plpgsql stable
-- Definer: see private.current_conversation; both look-ups stay in the workspace.
security definer set search_path = ''
as $$
declare
  contact uuid := private.current_contact(workspace, entity);
  conversation uuid := private.current_conversation(entity);
begin
  return array(
    select entity
    union select contact where contact is not null
    union select m.duplicate_id from public.contact_merges m
      where m.primary_id = contact and m.workspace_id = workspace and m.undone_at is null
    union select v.id from public.conversations v where v.id = conversation and v.workspace_id = workspace
    union select t.conversation_id from private.merged_conversations t
      join public.conversations v on v.id = t.merged_into
      where t.merged_into = conversation and v.workspace_id = workspace);
end
$$;
comment on function private.merged_ids(uuid, uuid) is
  'The id of a contact or conversation, old or new → all that it has had: what stands in the log under any of them is its history.';
