-- Workspaces (tenants), profiles, members and their roles.

create type public.member_role as enum ('owner', 'admin', 'agent');
create type public.presence_state as enum ('online', 'away', 'offline');
create type public.routing_mode as enum ('off', 'round_robin');

create table public.workspaces (
  id uuid primary key default private.uuid_v7(),
  name text not null check (char_length(name) between 1 and 200),
  default_country text not null default 'US' check (default_country ~ '^[A-Z]{2}$'),
  stages text[] not null default array['inquiry', 'comparing', 'closing', 'in_progress', 'follow_up']
    check (cardinality(stages) between 1 and 50 and array_position(stages, null) is null),
  routing public.routing_mode not null default 'off',
  time_zone text not null default 'UTC',
  quiet_hours_start time,
  quiet_hours_end time,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint workspaces_quiet_hours check (
    num_nonnulls(quiet_hours_start, quiet_hours_end) in (0, 2) and quiet_hours_start <> quiet_hours_end)
);
comment on table public.workspaces is 'A tenant. Everything else belongs to exactly one.';
comment on column public.workspaces.default_country is 'ISO 3166-1 alpha-2; the country of phone numbers entered in local format.';
comment on column public.workspaces.stages is 'The journey stages a contact may have; the first one is where new contacts start.';
comment on column public.workspaces.routing is 'Who gets a new contact that writes in: nobody (off) or the next online agent (round_robin).';
comment on column public.workspaces.time_zone is 'IANA name: whose clock the quiet hours go by.';
comment on column public.workspaces.quiet_hours_start is 'Nothing is sent automatically from here to quiet_hours_end, which may be the next day.';

create table public.profiles (
  user_id uuid primary key references auth.users (id) on delete cascade,
  name text check (char_length(name) between 1 and 200),
  avatar_url text check (char_length(avatar_url) <= 2048),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on table public.profiles is 'What colleagues see of a user; one row for every auth user.';

create table public.workspace_members (
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id uuid not null references public.profiles (user_id) on delete cascade,
  role public.member_role not null default 'agent',
  handle text not null check (handle ~ '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$'),
  capacity int not null default 20 check (capacity between 0 and 10000),
  last_routed_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (workspace_id, user_id)
);
create unique index workspace_members_handle_key on public.workspace_members (workspace_id, lower(handle));
create index workspace_members_user_id_idx on public.workspace_members (user_id);
comment on table public.workspace_members is 'Who belongs to a workspace, with what role.';
comment on column public.workspace_members.handle is 'What colleagues type after @ to mention the member; unique in the workspace, any case.';
comment on column public.workspace_members.capacity is 'How many open contacts the router may give the member.';

-- Presence changes every minute, membership hardly ever: two tables, so that agents can write
-- the one without any right on the other.
create table public.member_presence (
  workspace_id uuid not null,
  user_id uuid not null,
  state public.presence_state not null default 'online',
  last_seen_at timestamptz not null default now(),
  primary key (workspace_id, user_id),
  foreign key (workspace_id, user_id) references public.workspace_members (workspace_id, user_id) on delete cascade
);
comment on table public.member_presence is 'Who is at work now; an agent counts as online for two minutes after last_seen_at.';

create trigger workspaces_900_touch before update on public.workspaces
  for each row execute function private.touch_updated_at();
create trigger profiles_900_touch before update on public.profiles
  for each row execute function private.touch_updated_at();

create function private.add_profile(auth_user uuid, email text, metadata jsonb) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into public.profiles (user_id, name, avatar_url)
  values (
    auth_user,
    left(coalesce(nullif(metadata ->> 'name', ''), nullif(split_part(email, '@', 1), '')), 200),
    left(metadata ->> 'avatar_url', 2048))
  on conflict (user_id) do nothing;
end
$$;
comment on function private.add_profile(uuid, text, jsonb) is 'A profile of an auth user who has none, from their raw_user_meta_data.';

create function private.create_profile() returns trigger
language plpgsql
-- Definer: the auth service, which inserts users, has no rights on public.profiles.
security definer set search_path = ''
as $$
begin
  perform private.add_profile(new.id, new.email, new.raw_user_meta_data);
  return null;
end
$$;
comment on function private.create_profile() is 'Trigger: every auth user has a profile.';

create trigger leadbase_create_profile after insert on auth.users
  for each row execute function private.create_profile();

-- Who signed up before this was installed.
do $$
begin
  perform private.add_profile(u.id, u.email, u.raw_user_meta_data) from auth.users u;
end
$$;

create function private.create_workspace(name text, default_country text, owner uuid) returns uuid
language plpgsql
set search_path = ''
as $$
declare
  p public.profiles := (select t from public.profiles t where t.user_id = owner);
  workspace uuid;
begin
  if p.user_id is null then
    raise no_data_found using message = 'no user has signed up under that id or address';
  end if;
  insert into public.workspaces (name, default_country)
  values (create_workspace.name, upper(create_workspace.default_country)) returning id into workspace;
  insert into public.workspace_members (workspace_id, user_id, role, handle)
  values (workspace, owner, 'owner',
    coalesce(nullif(left(ltrim(regexp_replace(p.name, '[^A-Za-z0-9_.-]', '', 'g'), '.-'), 63), ''), 'owner'));
  return workspace;
end
$$;
comment on function private.create_workspace(text, text, uuid) is
  'Makes a workspace with its first owner (an auth user id); returns its id. P0002 for an unknown user. For the SQL console of the project.';
