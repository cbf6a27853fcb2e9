-- Ids of the benchmark's workspaces, users and contacts. Temporary: gone with the session.

create function pg_temp.workspace_id(number int) returns uuid language sql immutable
as $$ select ('71000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid $$;

create function pg_temp.user_id(number int) returns uuid language sql immutable
as $$ select ('72000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid $$;

-- Of one of the other workspaces.
create function pg_temp.owner_id(workspace uuid) returns uuid language sql immutable
as $$ select ('72' || substr(workspace::text, 3))::uuid $$;

-- A version 7 UUID of that time.
create function pg_temp.contact_id(n bigint, created_at timestamptz) returns uuid language sql immutable
as $$ select overlay(overlay(md5('contact ' || n) placing lpad(to_hex((extract(epoch from created_at) * 1000)::bigint), 12, '0') from 1)
  placing '7' from 13)::uuid $$;
