-- API keys, and who a call is made by: the one place that turns claims into rights.

create table public.api_keys (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  name text not null check (char_length(name) between 1 and 200),
  prefix text not null check (prefix ~ '^lb_[A-Za-z0-9_-]{8}$'),
  key_hash bytea not null unique check (octet_length(key_hash) = 32),
  scopes text[] not null check (
    cardinality(scopes) > 0
    and scopes <@ array['*', 'contacts:read', 'contacts:write', 'contacts:delete', 'conversations:read',
      'conversations:write', 'notes:read', 'notes:write', 'settings:read', 'settings:write']),
  rate_limit int not null default 6000 check (rate_limit between 1 and 1000000),
  created_by uuid references public.profiles (user_id) on delete set null,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  created_at timestamptz not null default now()
);
create index api_keys_workspace_id_idx on public.api_keys (workspace_id);
create index api_keys_created_by_idx on public.api_keys (created_by);
comment on table public.api_keys is 'Keys of a workspace. Only the SHA-256 of a key is kept: it has 256 random bits, so there is nothing to stretch.';
comment on column public.api_keys.prefix is 'The first eleven characters, to tell keys apart in a list.';
comment on column public.api_keys.rate_limit is 'Calls a minute.';

create function private.claims() returns jsonb
language plpgsql stable parallel safe
set search_path = ''
as $$
begin
  return nullif(current_setting('request.jwt.claims', true), '')::jsonb;
end
$$;
comment on function private.claims() is 'The claims of the running call, null for the service: a member''s JWT, or what private.call sets for an API key.';

create function private.role_scopes(role public.member_role) returns text[]
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case
    when role in ('owner', 'admin') then array['contacts:read', 'contacts:write', 'contacts:delete',
      'conversations:read', 'conversations:write', 'notes:read', 'notes:write',
      'settings:read', 'settings:write', 'admin']
    else array['contacts:read', 'contacts:write', 'conversations:read', 'conversations:write',
      'notes:read', 'notes:write', 'settings:read']
  end;
end
$$;
comment on function private.role_scopes(public.member_role) is
  'What a member of that role may do, in the words of the API keys'' scopes; `admin` is what no key has: managing keys and members.';

create function private.workspaces_allowing(variadic scopes text[]) returns setof uuid
language plpgsql stable
-- Definer: policies call it, and the tables it reads have policies of their own.
security definer set search_path = ''
as $$
declare
  claims constant jsonb := private.claims();
begin
  if claims ? 'api_key_id' then
    return query
    select k.workspace_id
    from public.api_keys k
    where k.id = (claims ->> 'api_key_id')::uuid and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
      and (k.scopes && workspaces_allowing.scopes
        or ('*' = any (k.scopes) and workspaces_allowing.scopes <> array['admin']));
  else
    return query
    select m.workspace_id
    from public.workspace_members m
    where m.user_id = (claims ->> 'sub')::uuid
      and (claims ->> 'workspace_id' is null or m.workspace_id = (claims ->> 'workspace_id')::uuid)
      and private.role_scopes(m.role) && workspaces_allowing.scopes;
  end if;
end
$$;
comment on function private.workspaces_allowing(text[]) is
  'The workspaces in which the caller has any of the scopes. Policies use it as `workspace_id in (select private.workspaces_allowing(…))`, so that it runs once a query.';

create function private.current_workspace(variadic scopes text[]) returns uuid
language plpgsql stable
set search_path = ''
as $$
declare
  found uuid[] := array(select private.workspaces_allowing(variadic scopes));
begin
  if cardinality(found) <> 1 then
    perform private.refuse(403, 'insufficient_scope', 'The credentials do not allow this.');
  end if;
  return found[1];
end
$$;
comment on function private.current_workspace(text[]) is
  'The one workspace of the running call if it allows any of the scopes there; raises 403 insufficient_scope otherwise.';

create function private.refuse_outsider(workspace uuid) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if private.claims() ->> 'role' <> 'service_role'
    and workspace not in (select private.workspaces_allowing('contacts:write')) then
    raise insufficient_privilege using message = 'The credentials do not allow this.';
  end if;
end
$$;
comment on function private.refuse_outsider(uuid) is
  'Raises 42501 for a caller who may not write contacts of the workspace. Triggers run before the policies: without this, what a trigger refuses would tell outsiders about the workspace.';

create type private.actor as (type text, id uuid);

create function private.current_actor() returns private.actor
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select case
      when c ? 'api_key_id' then row('api_key', (c ->> 'api_key_id')::uuid)::private.actor
      when c ->> 'sub' is not null then row('member', (c ->> 'sub')::uuid)::private.actor
      else row('system', null)::private.actor
    end
    from (select private.claims() as c) as claims
  );
end
$$;
comment on function private.current_actor() is
  'Who acts: (member, user id), (api_key, key id) or (system, null): the webhook, the router, a job.';

-- Who asks, as private.call resolves it before anything of theirs runs.
create type private.principal as (rate_limit int, principal_id text, claims jsonb);

create function private.key_principal(key_hash bytea, workspace text, scope text) returns private.principal
language plpgsql stable
set search_path = ''
as $$
declare
  k public.api_keys;
begin
  select * into k from public.api_keys a where a.key_hash = key_principal.key_hash;
  if k.id is null or k.revoked_at is not null or k.expires_at <= now() then
    perform private.refuse(401, 'invalid_credentials', 'The API key is unknown, revoked or expired.');
  end if;
  if k.workspace_id::text <> lower(workspace) then
    perform private.refuse(404, 'workspace_not_found', 'There is no such workspace.');
  end if;
  if scope = 'admin' then
    perform private.refuse(403, 'insufficient_role', 'This needs the token of an owner or admin; API keys cannot do it.');
  end if;
  if not (scope = any (k.scopes) or '*' = any (k.scopes)) then
    perform private.refuse(403, 'insufficient_scope', format('The API key lacks the scope %s.', scope),
      jsonb_build_object('required_scope', scope));
  end if;
  return row(k.rate_limit, 'key:' || k.id,
    jsonb_build_object('role', 'authenticated', 'workspace_id', k.workspace_id, 'api_key_id', k.id))::private.principal;
end
$$;
comment on function private.key_principal(bytea, text, text) is
  'SHA-256 of an API key and the workspace named in X-Workspace-Id (null: its own) → its principal; 401 invalid_credentials, 404 workspace_not_found, 403 insufficient_scope or insufficient_role.';

create function private.member_principal(user_id uuid, workspace text, scope text) returns private.principal
language plpgsql stable
set search_path = ''
as $$
declare
  memberships public.workspace_members[] := array(
    select m from public.workspace_members m
    where m.user_id = member_principal.user_id
      and (workspace is null or m.workspace_id::text = lower(workspace))
    limit 2);
  m public.workspace_members := memberships[1];
begin
  if cardinality(memberships) = 0 and workspace is not null then
    perform private.refuse(404, 'workspace_not_found', 'There is no such workspace.');
  elsif cardinality(memberships) = 0 then
    perform private.refuse(403, 'no_workspace', 'The user is not a member of any workspace.');
  elsif cardinality(memberships) > 1 then
    perform private.refuse(400, 'workspace_required', 'The user belongs to several workspaces: name one in X-Workspace-Id.');
  end if;
  if not scope = any (private.role_scopes(m.role)) then
    perform private.refuse(403, 'insufficient_role', format('The role %s does not allow this.', m.role),
      jsonb_build_object('required_scope', scope));
  end if;
  return row(6000, 'member:' || m.user_id || ':' || m.workspace_id,
    jsonb_build_object('role', 'authenticated', 'sub', m.user_id, 'workspace_id', m.workspace_id))::private.principal;
end
$$;
comment on function private.member_principal(uuid, text, text) is
  'A user and the workspace named in X-Workspace-Id (null: their only one) → the principal; 404 workspace_not_found, 403 no_workspace or insufficient_role, 400 workspace_required.';
