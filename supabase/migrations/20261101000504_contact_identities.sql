-- By which ids people are known on their channels, and how a contact is looked up by its number.

create table public.contact_identities (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  contact_id uuid not null references public.contacts (id) on delete cascade,
  channel text not null check (channel ~ '^[a-z][a-z0-9_]{0,31}$'),
  external_id text not null check (char_length(external_id) between 1 and 256),
  phone_key text generated always as (
    case when channel in ('whatsapp', 'phone') then private.phone_key(external_id) end) stored,
  country text check (country ~ '^[A-Z]{2}$'),
  moved_at timestamptz,
  created_at timestamptz not null default now(),
  unique (workspace_id, channel, external_id)
);
create index contact_identities_contact_id_idx on public.contact_identities (contact_id);
create index contact_identities_phone_key_idx on public.contact_identities (phone_key, workspace_id);
comment on table public.contact_identities is 'Under which ids a contact is known to a channel: whatsapp (wa_id), whatsapp_bsuid, phone, web, telegram, …; never rewritten.';

comment on column public.contact_identities.moved_at is 'When the contact changed to this id; the latest is the one to write to.';

create table private.identity_links (
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  channel text not null,
  external_id text not null,
  other_channel text not null,
  other_id text not null,
  country text,
  moved_at timestamptz,
  primary key (workspace_id, channel, external_id, other_channel, other_id)
);
alter table private.identity_links enable row level security;
comment on table private.identity_links is
  'Two ids of one person, heard of before that person is a contact; both ways round. country and moved_at are of external_id.';

create table private.identities_together (
  identity_id uuid not null references public.contact_identities (id) on delete cascade,
  other_id uuid not null references public.contact_identities (id) on delete cascade,
  primary key (identity_id, other_id)
);
create index identities_together_other_id_idx on private.identities_together (other_id);
alter table private.identities_together enable row level security;
comment on table private.identities_together is
  'With which others an id of a merged contact was named when it was first heard of: tells whose it is when the merge is undone.';

-- Lookup --------------------------------------------------------------------------------------

-- On the hot paths planning costs more than running, so plans are made once a session. That may be
-- while the tables are nearly empty, when reading all of one looks cheapest: look-ups by key only.
create function private.contact_by_phone_key(workspace uuid, key text) returns uuid
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  return coalesce(
    -- Offset 0 keeps the workspace out of the look-up: without statistics every index that begins
    -- with it looks as good as the one on the key.
    (select c.id
      from (select * from public.contacts where contacts.phone_key = key offset 0) as c
      where c.workspace_id = workspace),
    (select i.contact_id
      from (select * from public.contact_identities where contact_identities.phone_key = key offset 0) as i
      where i.workspace_id = workspace
      order by i.created_at, i.id limit 1));
end
$$;
comment on function private.contact_by_phone_key(uuid, text) is
  'The contact that a number belongs to, by its private.phone_key: by its own phone first, then by the identities it has.';

create function private.contact_by_phone(workspace uuid, digits text) returns uuid
language plpgsql stable
set search_path = ''
as $$
begin
  return private.contact_by_phone_key(workspace, private.phone_key(digits));
end
$$;
comment on function private.contact_by_phone(uuid, text) is 'The contact that a number (digits, any variant) belongs to.';
