-- Internal notes: a timeline on a contact, conversation or deal, hidden from the customer.

create table public.internal_notes (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  -- Real references instead of a bare (entity_type, entity_id), so that deleting and merging
  -- contacts cannot forget notes.
  contact_id uuid references public.contacts (id) on delete cascade,
  conversation_id uuid references public.conversations (id) on delete cascade,
  deal_id uuid references public.deals (id) on delete cascade,
  content text not null check (char_length(content) between 1 and 10000),
  author_user_id uuid references public.profiles (user_id) on delete set null,
  author_api_key_id uuid references public.api_keys (id) on delete set null,
  mentions uuid[] not null default '{}',
  created_at timestamptz not null default now(),
  entity_type text not null generated always as (
    case when contact_id is not null then 'lead' when deal_id is not null then 'deal' else 'conversation' end) stored,
  entity_id uuid not null generated always as (coalesce(contact_id, deal_id, conversation_id)) stored,
  constraint internal_notes_one_entity check (num_nonnulls(contact_id, conversation_id, deal_id) = 1)
);
create index internal_notes_entity_idx on public.internal_notes (entity_id, created_at, id);
create index internal_notes_contact_idx on public.internal_notes (contact_id);
create index internal_notes_conversation_idx on public.internal_notes (conversation_id);
create index internal_notes_deal_idx on public.internal_notes (deal_id);
create index internal_notes_workspace_id_idx on public.internal_notes (workspace_id);
create index internal_notes_author_user_id_idx on public.internal_notes (author_user_id);
create index internal_notes_author_api_key_id_idx on public.internal_notes (author_api_key_id);
comment on table public.internal_notes is 'Notes of the team. entity_type lead is a contact.';
comment on column public.internal_notes.mentions is 'User ids of the members whose @handle stands in the content, kept by a trigger.';

create function private.mentioned_members(workspace uuid, content text) returns uuid[]
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(array_agg(m.user_id order by m.user_id), '{}')
    from public.workspace_members m
    where m.workspace_id = workspace
      and lower(m.handle) in (
        -- A handle may hold dots and hyphens but a sentence may end in one: both readings count.
        select lower(reading)
        from regexp_matches(content, '(?:^|[^A-Za-z0-9_.@-])@([A-Za-z0-9_][A-Za-z0-9_.-]*)', 'g') as found (groups)
        cross join lateral (values (groups[1]), (rtrim(groups[1], '.-'))) as readings (reading))
  );
end
$$;
comment on function private.mentioned_members(uuid, text) is
  'The members whose @handle stands in a text; an e-mail address mentions nobody.';

create function private.note_defaults() returns trigger
language plpgsql
-- Definer: handles are read whatever rights the author has on members.
security definer set search_path = ''
as $$
declare
  actor private.actor := private.current_actor();
begin
  if tg_op = 'INSERT' and actor.type <> 'system' then
    new.author_user_id := case when actor.type = 'member' then actor.id end;
    new.author_api_key_id := case when actor.type = 'api_key' then actor.id end;
  end if;
  if new.workspace_id is distinct from coalesce(
      (select c.workspace_id from public.contacts c where c.id = new.contact_id),
      (select v.workspace_id from public.conversations v where v.id = new.conversation_id),
      (select d.workspace_id from public.deals d where d.id = new.deal_id)) then
    perform private.refuse(404, 'entity_not_found', 'There is nothing with this id to note something on.');
  end if;
  new.mentions := private.mentioned_members(new.workspace_id, new.content);
  return new;
end
$$;
comment on function private.note_defaults() is
  'Trigger: the author is who writes, the entity is of the same workspace, the mentions are those in the content.';

create trigger internal_notes_100_defaults before insert or update on public.internal_notes
  for each row execute function private.note_defaults();

create function private.log_notes() returns trigger
language plpgsql
-- Definer: nobody but this trigger writes the log.
security definer set search_path = ''
as $$
declare
  actor private.actor := private.current_actor();
begin
  if tg_op = 'INSERT' then
    insert into public.activity_log (workspace_id, actor_type, actor_id, action, entity_type, entity_id, changes)
    select n.workspace_id, actor.type, actor.id, 'note.created',
      case n.entity_type when 'lead' then 'contact' else n.entity_type end, n.entity_id,
      jsonb_build_object('note_id', n.id)
    from inserted n;
  else
    insert into public.activity_log (workspace_id, actor_type, actor_id, action, entity_type, entity_id, changes)
    select o.workspace_id, actor.type, actor.id, 'note.deleted',
      case o.entity_type when 'lead' then 'contact' else o.entity_type end, o.entity_id,
      jsonb_build_object('note_id', o.id)
    from deleted o
    where exists (select from public.workspaces w where w.id = o.workspace_id);
  end if;
  return null;
end
$$;
comment on function private.log_notes() is 'Trigger: notes written and deleted go into the activity log, without their text.';

create trigger internal_notes_700_log_insert after insert on public.internal_notes
  referencing new table as inserted for each statement execute function private.log_notes();
create trigger internal_notes_700_log_delete after delete on public.internal_notes
  referencing old table as deleted for each statement execute function private.log_notes();
