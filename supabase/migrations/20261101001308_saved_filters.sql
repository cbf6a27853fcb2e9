-- Saved filters: parameters of list-contacts under a name.

create table public.saved_filters (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  owner_id uuid default (private.claims() ->> 'sub')::uuid,
  name text not null check (char_length(name) between 1 and 200),
  filter jsonb not null check (jsonb_typeof(filter) = 'object' and filter <> '{}' and octet_length(filter::text) <= 65536),
  shared boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint saved_filters_name_key unique nulls not distinct (workspace_id, owner_id, name),
  -- What belongs to nobody would be seen by nobody.
  constraint saved_filters_owner_or_shared check (owner_id is not null or shared),
  constraint saved_filters_owner_member foreign key (workspace_id, owner_id)
    references public.workspace_members (workspace_id, user_id) on delete cascade
);
comment on table public.saved_filters is 'Filters of contacts by name: a member''s own, or shared with the workspace.';
comment on column public.saved_filters.owner_id is
  'The member who saved it; null: an API key did, or a member who has left, so it is the workspace''s and shared.';
comment on column public.saved_filters.filter is 'Parameters of list-contacts, lists as arrays; at least one. "assigned_to": "me" is whoever uses it.';

create function private.saved_filter_touch() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at := now();
  return new;
end
$$;
comment on function private.saved_filter_touch() is 'Trigger: updated_at rises.';

create trigger saved_filters_900_touch before update on public.saved_filters
  for each row execute function private.saved_filter_touch();

create function private.keep_shared_filters() returns trigger
language plpgsql
-- Definer: whoever may remove members need not be allowed to write filters.
security definer set search_path = ''
as $$
declare
  kept public.saved_filters;
begin
  for kept in
    select * from public.saved_filters s
    where s.workspace_id = old.workspace_id and s.owner_id = old.user_id and s.shared order by s.id
  loop
    update public.saved_filters s
    set owner_id = null, name = (
      select named.name from generate_series(1, 1000) n
      cross join lateral (select case n when 1 then kept.name else left(kept.name, 194) || format(' (%s)', n) end as name) as named
      where not exists (
        select from public.saved_filters o
        where o.workspace_id = kept.workspace_id and o.owner_id is null and o.name = named.name)
      order by n limit 1)
    where s.id = kept.id;
  end loop;
  return old;
end
$$;
comment on function private.keep_shared_filters() is
  'Trigger: what a member who leaves has shared is the workspace''s from then on, with a number behind its name where that is taken.';

create trigger workspace_members_300_shared_filters before delete on public.workspace_members
  for each row execute function private.keep_shared_filters();

create function private.with_saved_filter(workspace uuid, filter jsonb) returns jsonb
language plpgsql stable
-- Definer: operations that read past the policies use it too; whose filter it is is checked here.
security definer set search_path = ''
as $$
declare
  saved jsonb;
begin
  if not filter ? 'filter_id' then
    return filter;
  end if;
  select s.filter into saved from public.saved_filters s
  where s.id = (with_saved_filter.filter ->> 'filter_id')::uuid and s.workspace_id = workspace
    and (s.shared or s.owner_id = (private.claims() ->> 'sub')::uuid);
  if saved is null then
    perform private.refuse(404, 'filter_not_found', 'There is no such saved filter.');
  end if;
  return saved || (filter - 'filter_id');
end
$$;
comment on function private.with_saved_filter(uuid, jsonb) is
  'A filter with what its filter_id stands for in place of it; what is given beside it wins. 404 filter_not_found.';

-- Operations ----------------------------------------------------------------------------------

create view private.saved_filter_records with (security_invoker = true) as
select id, name, filter, shared, owner_id, created_at, updated_at from public.saved_filters;
comment on view private.saved_filter_records is 'The saved filter as the API shows it.';

create function private.saved_filter_answer(status int, saved uuid) returns private.answer
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select row(saved_filter_answer.status, private.data(row_to_json(r)), null)::private.answer
    from private.saved_filter_records r where r.id = saved_filter_answer.saved);
end
$$;
comment on function private.saved_filter_answer(int, uuid) is 'A saved filter as an answer.';

create function private.require_writable_filter(saved uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  s public.saved_filters;
  caller uuid := (private.claims() ->> 'sub')::uuid;
begin
  select * into s from public.saved_filters f where f.id = saved;
  if s.id is null then
    perform private.refuse(404, 'filter_not_found', 'There is no such saved filter.');
  end if;
  if s.owner_id <> coalesce(caller, private.uuid_v7()) and s.workspace_id not in (select private.workspaces_allowing('admin')) then
    perform private.refuse(403, 'not_filter_owner', 'The saved filter belongs to somebody else.');
  end if;
end
$$;
comment on function private.require_writable_filter(uuid) is
  '404 filter_not_found unless the caller sees it, 403 not_filter_owner unless it is theirs, the workspace''s, or they are an admin.';

create function api.list_saved_filters(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:read');
begin
  return (
    select row(200, private.data_list(json_agg(row_to_json(r) order by r.name, r.id)::text), null)::private.answer
    from private.saved_filter_records r join public.saved_filters s using (id)
    where s.workspace_id = workspace);
end
$$;
comment on function api.list_saved_filters(jsonb) is '{} → the caller''s own saved filters and those that are shared, by name.';

create function api.create_saved_filter(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:write');
  created uuid;
begin
  insert into public.saved_filters (workspace_id, name, filter, shared)
  values (workspace, args ->> 'name', args -> 'filter',
    -- A key has nobody to keep a filter for.
    coalesce((args ->> 'shared')::boolean, false) or private.claims() ->> 'sub' is null)
  returning id into created;
  return private.saved_filter_answer(201, created);
exception when unique_violation then
  perform private.refuse(409, 'filter_exists', 'There is a saved filter of that name.');
end
$$;
comment on function api.create_saved_filter(jsonb) is '{ name, filter, shared? } → 201 the saved filter. 409 filter_exists.';

create function private.write_saved_filter(saved uuid, args jsonb) returns private.answer
language plpgsql
-- Definer: a member's filter that an admin stops sharing is out of the admin's sight at once, which a
-- policy would refuse. Whoever calls this has asked private.require_writable_filter.
security definer set search_path = ''
as $$
begin
  update public.saved_filters s
  set name = coalesce(args ->> 'name', s.name), filter = coalesce(args -> 'filter', s.filter),
    shared = coalesce((args ->> 'shared')::boolean, s.shared)
  where s.id = saved;
  return private.saved_filter_answer(200, saved);
end
$$;
comment on function private.write_saved_filter(uuid, jsonb) is 'Writes { name?, filter?, shared? } into a saved filter that the caller may change → the filter.';

create function api.update_saved_filter(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:write');
  target uuid := (args ->> 'id')::uuid;
begin
  perform private.require_writable_filter(target);
  if args ->> 'shared' = 'false' and exists (
    select from public.saved_filters s where s.id = target and s.owner_id is null) then
    perform private.refuse_field('/shared', 'invalid_value', 'A filter that an API key saved has no owner to keep it for.');
  end if;
  return private.write_saved_filter(target, args);
exception when unique_violation then
  perform private.refuse(409, 'filter_exists', 'There is a saved filter of that name.');
end
$$;
comment on function api.update_saved_filter(jsonb) is
  '{ id, name?, filter?, shared? } → the saved filter. 404 filter_not_found, 403 not_filter_owner, 409 filter_exists.';

create function api.delete_saved_filter(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:write');
begin
  perform private.require_writable_filter((args ->> 'id')::uuid);
  delete from public.saved_filters s where s.id = (args ->> 'id')::uuid and s.workspace_id = workspace;
  return row(204, null, null)::private.answer;
end
$$;
comment on function api.delete_saved_filter(jsonb) is '{ id } → 204. 404 filter_not_found, 403 not_filter_owner.';
