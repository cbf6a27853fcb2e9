-- Who is responsible for a contact: the log of assignments, and the router.

create table public.contact_assignments (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  contact_id uuid not null references public.contacts (id) on delete cascade,
  assigned_from uuid,
  assigned_to uuid,
  assigned_by uuid,
  assigned_by_type text not null check (assigned_by_type in ('member', 'api_key', 'system')),
  assigned_at timestamptz not null default now()
);
create index contact_assignments_contact_idx on public.contact_assignments (contact_id, assigned_at desc, id desc);
create index contact_assignments_workspace_idx on public.contact_assignments (workspace_id, assigned_at desc, id desc);
comment on table public.contact_assignments is 'Every change of contacts.assigned_to, written by a trigger. assigned_by_type system is the workspace''s router.';

create function private.contact_assigned() returns trigger
language plpgsql
-- Definer: keys that may write contacts have no right to read members.
security definer set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and new.assigned_to is not distinct from old.assigned_to then
    return new;
  end if;
  if new.assigned_to is null then
    new.assigned_by := null;
    new.assigned_at := null;
  elsif not exists (
    select from public.workspace_members m where m.workspace_id = new.workspace_id and m.user_id = new.assigned_to) then
    perform private.refuse_outsider(new.workspace_id);
    perform private.refuse_field('/assigned_to', 'not_a_member', 'A contact can only be assigned to a member of its workspace.');
  else
    new.assigned_by := coalesce((private.current_actor()).id, new.workspace_id);
    new.assigned_at := now();
  end if;
  return new;
end
$$;
comment on function private.contact_assigned() is
  'Trigger: assigned_by and assigned_at follow assigned_to; without a caller it is the router, known by the workspace''s id.';

create trigger contacts_600_assigned before insert or update of assigned_to on public.contacts
  for each row execute function private.contact_assigned();

create function private.log_assignments() returns trigger
language plpgsql
-- Definer: nobody but this trigger writes the log.
-- A session plans this once, perhaps for a single row: a nested loop would then take minutes over
-- ten thousand. Joins are set here because callers' settings hold in triggers as well.
security definer set search_path = '' set enable_nestloop = off set enable_hashjoin = on
as $$
declare
  actor private.actor := private.current_actor();
begin
  if tg_op = 'INSERT' then
    insert into public.contact_assignments (workspace_id, contact_id, assigned_to, assigned_by, assigned_by_type)
    select n.workspace_id, n.id, n.assigned_to, n.assigned_by, actor.type
    from inserted n where n.assigned_to is not null;
  else
    insert into public.contact_assignments
      (workspace_id, contact_id, assigned_from, assigned_to, assigned_by, assigned_by_type)
    select n.workspace_id, n.id, o.assigned_to, n.assigned_to, coalesce(actor.id, n.workspace_id), actor.type
    from inserted n join deleted o on o.id = n.id
    where n.assigned_to is distinct from o.assigned_to;
  end if;
  return null;
end
$$;
comment on function private.log_assignments() is 'Trigger: every assignment and unassignment is logged.';

create trigger contacts_710_log_assignment_insert after insert on public.contacts
  referencing new table as inserted for each statement execute function private.log_assignments();
create trigger contacts_710_log_assignment_update after update on public.contacts
  referencing old table as deleted new table as inserted for each statement execute function private.log_assignments();

create function private.route_contacts(contact_ids uuid[]) returns int
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  contact record;
  agent uuid;
  routed int := 0;
begin
  for contact in
    select c.id, c.workspace_id
    from public.contacts c join public.workspaces w on w.id = c.workspace_id
    -- `is true`: see private.check_contact_of.
    where c.id = any (contact_ids) and (c.assigned_to is null) is true and w.routing = 'round_robin'
    order by c.id
  loop
    -- Skip locked: two batches that route at once take different agents instead of waiting.
    select m.user_id into agent
    from public.workspace_members m
    join public.member_presence p using (workspace_id, user_id)
    where m.workspace_id = contact.workspace_id
      and p.state = 'online' and p.last_seen_at > now() - interval '2 minutes'
      and m.capacity > (
        select count(*) from public.contacts c
        where c.workspace_id = m.workspace_id and c.assigned_to = m.user_id
          and c.status not in ('converted', 'lost'))
    order by m.last_routed_at nulls first, m.user_id
    limit 1
    for update of m skip locked;
    continue when agent is null;
    update public.workspace_members set last_routed_at = clock_timestamp()
    where workspace_id = contact.workspace_id and user_id = agent;
    update public.contacts set assigned_to = agent where id = contact.id;
    routed := routed + 1;
  end loop;
  return routed;
end
$$;
comment on function private.route_contacts(uuid[]) is
  'Gives unassigned contacts of workspaces with routing on to the online agent with capacity left who has waited longest; returns how many.';
