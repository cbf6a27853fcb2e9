-- What Supabase provides and a bare Postgres lacks: roles, the auth and extensions schemas, their
-- grants. Applied to the embedded Postgres, and to a --db-url database that has none of it; never
-- part of a deployment. Idempotent, since the embedded stack applies it at every start.

set client_min_messages = warning;

-- Roles ---------------------------------------------------------------------------------------

do $$
declare
  wanted record;
begin
  for wanted in
    select * from (values
      ('anon', 'nologin noinherit'),
      ('authenticated', 'nologin noinherit'),
      ('service_role', 'nologin noinherit bypassrls'),
      ('authenticator', 'login noinherit'),
      -- As on hosted projects no superuser: what only one could do has to fail here too.
      ('postgres', 'login createdb createrole bypassrls replication')
    ) as roles (name, attributes)
  loop
    if not exists (select from pg_roles where rolname = wanted.name) then
      execute format('create role %I %s', wanted.name, wanted.attributes);
      if wanted.name = 'postgres' then
        alter role postgres set search_path = "$user", public, extensions;
      end if;
    end if;
  end loop;
end
$$;

do $$
declare
  wanted record;
begin
  for wanted in
    select * from (values
      ('authenticator', 'anon'), ('authenticator', 'authenticated'), ('authenticator', 'service_role'),
      ('postgres', 'anon'), ('postgres', 'authenticated'), ('postgres', 'service_role'),
      ('postgres', 'pg_monitor'), ('postgres', 'pg_read_all_data'), ('postgres', 'pg_signal_backend'),
      -- With --db-url the functions connect as whoever this is.
      (current_user, 'anon'), (current_user, 'authenticated'), (current_user, 'service_role')
    ) as memberships (member, role)
    -- What is there already, a superuser's membership in everything included, needs no granting.
    where not pg_has_role(member, role,
      case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end)
  loop
    execute format('grant %I to %I', wanted.role, wanted.member);
  end loop;
end
$$;

-- The CLI migrates as `postgres` where there is one, whoever connects; it need not own the database.
do $$
begin
  if current_user <> 'postgres'
    and has_database_privilege(current_user, current_database(), 'create with grant option') then
    execute format('grant all on database %I to postgres', current_database());
    grant all on schema public to postgres;
  end if;
end
$$;

-- extensions ----------------------------------------------------------------------------------

create schema if not exists extensions;
grant usage on schema extensions to anon, authenticated, service_role;
grant all on schema extensions to postgres;
create extension if not exists pgcrypto with schema extensions;

-- public: usage for the API's roles, nothing on its tables unless a migration grants it ---------

grant usage on schema public to anon, authenticated, service_role;

-- auth: the part of Supabase Auth that a schema may refer to -------------------------------------

create schema if not exists auth;
grant usage on schema auth to anon, authenticated, service_role;
grant all on schema auth to postgres;

create table if not exists auth.users (
  id uuid primary key,
  instance_id uuid,
  aud varchar(255),
  role varchar(255),
  email varchar(255),
  phone text unique,
  encrypted_password varchar(255),
  email_confirmed_at timestamptz,
  last_sign_in_at timestamptz,
  raw_app_meta_data jsonb,
  raw_user_meta_data jsonb,
  is_sso_user boolean not null default false,
  is_anonymous boolean not null default false,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  deleted_at timestamptz
);
create unique index if not exists users_email_partial_key
  on auth.users (email) where not is_sso_user;
alter table auth.users enable row level security;
grant all on table auth.users to postgres;

-- PostgREST sets request.jwt.claims for the transaction; older versions one setting per claim.
create or replace function auth.jwt() returns jsonb
language sql stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')
  )::jsonb
$$;

create or replace function auth.uid() returns uuid
language sql stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
  )::uuid
$$;

create or replace function auth.role() returns text
language sql stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.role', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
  )
$$;

create or replace function auth.email() returns text
language sql stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.email', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
  )
$$;

grant execute on function auth.jwt(), auth.uid(), auth.role(), auth.email()
  to anon, authenticated, service_role, postgres;
