-- Contacts and their channel identities.

create type public.contact_status as enum ('new', 'contacted', 'qualified', 'converted', 'lost');
create type public.contact_auto_status as enum ('new', 'active', 'qualified', 'converted', 'inactive', 'churned');
create type public.contact_sale_status as enum ('none', 'pending', 'signed', 'sold');
create type public.contact_source as enum (
  'chat', 'broadcast', 'chat_conversion', 'manual', 'import', 'api', 'lead_form');
create type public.contact_grade as enum ('A', 'B', 'C', 'D', 'E', 'F');
create type public.sentiment_level as enum (
  'very_negative', 'negative', 'neutral', 'positive', 'very_positive');

create table public.contacts (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  name text check (char_length(name) between 1 and 200),
  name_source text not null default 'profile' check (name_source in ('person', 'profile')),
  profile_name text check (char_length(profile_name) <= 200),
  phonebook_name text check (char_length(phonebook_name) <= 200),
  phonebook_name_at timestamptz,
  phone text check (phone ~ '^\+[1-9][0-9]{5,14}$'),
  whatsapp_contact_id text,
  phone_key text,
  email text check (char_length(email) <= 254 and email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
  company text check (char_length(company) <= 200),
  source public.contact_source not null default 'manual',
  channels text[] not null default '{}' check (cardinality(channels) <= 20),
  status public.contact_status not null default 'new',
  auto_status public.contact_auto_status not null default 'new',
  sale_status public.contact_sale_status not null default 'none',
  stage text not null,
  value numeric(14, 2),
  score int not null default 0,
  grade public.contact_grade,
  sentiment public.sentiment_level not null default 'neutral',
  sentiment_score numeric(4, 3) not null default 0 check (sentiment_score between -1 and 1),
  tags text[] not null default '{}'
    -- The consent tags do not count: an opt-out must find room.
    check (cardinality(array_remove(array_remove(tags, 'opt-out'), 'Do Not Call')) <= 100),
  notes text check (char_length(notes) <= 20000),
  custom jsonb not null default '{}'
    check (jsonb_typeof(custom) = 'object' and octet_length(custom::text) <= 131072),
  assigned_to uuid,
  assigned_by uuid,
  assigned_at timestamptz,
  is_vip boolean not null default false,
  is_at_risk boolean not null default false,
  is_mystery_shopper boolean not null default false,
  is_contractor boolean not null default false,
  opted_out boolean not null default false,
  do_not_call boolean not null default false,
  completeness smallint not null default 0,
  avatar_url text check (char_length(avatar_url) <= 2048),
  country text check (country ~ '^[A-Z]{2}$'),
  call_count int not null default 0,
  search_text text not null default '',
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- One contact a number, whichever of its variants was typed or sent, however many write at once.
  constraint contacts_phone_key unique (phone_key, workspace_id),
  constraint contacts_assigned_to_member foreign key (workspace_id, assigned_to)
    references public.workspace_members (workspace_id, user_id) on delete set null (assigned_to)
);
comment on table public.contacts is 'People and companies of a workspace. Members change what people know; triggers keep what can be computed.';
comment on column public.contacts.name_source is 'person: set through the API, never overwritten; profile: follows the WhatsApp profile name.';
comment on column public.contacts.phonebook_name is 'The name in the phone book of the WhatsApp Business app; goes before the profile''s.';
comment on column public.contacts.phone is 'E.164.';
comment on column public.contacts.whatsapp_contact_id is 'The digits of phone, kept by a trigger.';
comment on column public.contacts.phone_key is 'private.phone_key of the digits: equal for the variants of one number.';
comment on column public.contacts.value is 'Expected revenue, in the workspace''s currency.';
comment on column public.contacts.score is 'Computed by scoring; 0 without any signal.';
comment on column public.contacts.assigned_by is 'Who assigned: a user''s id, an API key''s id, or the workspace''s own id for its router.';
comment on column public.contacts.completeness is 'Percent of name, phone, email, company and avatar that are filled.';
comment on column public.contacts.search_text is 'What search looks through: name, email, company, digits, notes; folded.';
comment on column public.contacts.version is 'Rises with every change; the ETag of the API.';

-- A keyset page is one range of one of these. Nulls are folded into the key (never contacted = the
-- beginning of time), because a row comparison with a null in it cannot use an index.
create index contacts_created_idx on public.contacts (workspace_id, created_at, id);
create index contacts_updated_idx on public.contacts (workspace_id, updated_at, id);
create index contacts_name_idx on public.contacts (workspace_id, lower(coalesce(name, '')), id);
create index contacts_value_idx on public.contacts (workspace_id, coalesce(value, 0), id);
create index contacts_score_idx on public.contacts (workspace_id, score, id);
create index contacts_status_idx on public.contacts (workspace_id, status, created_at, id);
create index contacts_assigned_idx on public.contacts (workspace_id, assigned_to, created_at, id);
create index contacts_email_idx on public.contacts (workspace_id, lower(email)) where email is not null;
create index contacts_tags_idx on public.contacts using gin (tags);
-- One combined column: a second trigram index would halve the insert speed.
create index contacts_search_idx on public.contacts using gin (search_text extensions.gin_trgm_ops);

-- What every message changes, apart from what people know: a message writes a short row with two
-- indexes instead of a long one with a dozen, and the contact's version stays what it was.
create table public.contact_activity (
  contact_id uuid primary key references public.contacts (id) on delete cascade,
  -- No reference of its own: every insert would lock the one row of the workspace, and the contact's holds.
  workspace_id uuid not null,
  message_count int not null default 0,
  last_contact_at timestamptz,
  profile_name text check (char_length(profile_name) <= 200),
  profile_name_at timestamptz,
  username text check (char_length(username) <= 256),
  username_at timestamptz
)
-- Room on the page for the row's next versions: it changes for as long as somebody talks.
with (fillfactor = 85);
create index contact_activity_last_contact_idx on public.contact_activity
  (workspace_id, coalesce(last_contact_at, '-infinity'::timestamptz), contact_id);
comment on table public.contact_activity is
  'What messages and calls say of a contact: one row each, made with the contact. Locked after the contact and before its conversations.';
comment on column public.contact_activity.profile_name is
  'The latest profile name by its own time; contacts.profile_name follows it.';
comment on column public.contact_activity.username is 'The WhatsApp username. People change and reuse them: no identity.';

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

-- Triggers, in the order of their names ------------------------------------------------------

create function private.contact_phone_digits() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.whatsapp_contact_id := private.digits(new.phone);
  new.phone_key := private.phone_key(new.whatsapp_contact_id);
  return new;
end
$$;
comment on function private.contact_phone_digits() is 'Trigger: whatsapp_contact_id and phone_key follow phone.';

create function private.contact_name_source() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    new.name_source := case when new.name is null then 'profile' else 'person' end;
    new.name := coalesce(new.name, new.phonebook_name, new.profile_name);
  elsif new.name is distinct from old.name then
    new.name_source := case when new.name is null then 'profile' else 'person' end;
  elsif new.name_source = 'profile' then
    new.name := coalesce(new.phonebook_name, new.profile_name);
  end if;
  return new;
end
$$;
comment on function private.contact_name_source() is
  'Trigger: the name follows the WhatsApp profile until a person sets one, and again after a person clears it.';

create function private.with_tag(tags text[], tag text, wanted boolean) returns text[]
language plpgsql immutable
set search_path = ''
as $$
begin
  return case
    when wanted and not tag = any (tags) then tags || tag
    when not wanted then array_remove(tags, tag)
    else tags
  end;
end
$$;
comment on function private.with_tag(text[], text, boolean) is 'The tags with or without one of them.';

create function private.clean_tags(tags text[]) returns text[]
language plpgsql immutable
set search_path = ''
as $$
begin
  return (
    select coalesce(array_agg(tag order by first), '{}')
    from (
      select tag, min(n) as first
      from (
        select case lower(btrim(t)) when 'opt-out' then 'opt-out' when 'do not call' then 'Do Not Call' else btrim(t) end, n
        from unnest(tags) with ordinality as given (t, n)
      ) as spelled (tag, n)
      where tag <> ''
      group by tag
    ) as cleaned
  );
end
$$;
comment on function private.clean_tags(text[]) is
  'Tags trimmed, without blanks and repetitions, in their order; the two consent tags in their one spelling.';

create function private.consent_tags(tags text[], opted_out boolean, do_not_call boolean) returns text[]
language plpgsql immutable
set search_path = ''
as $$
begin
  return private.with_tag(private.with_tag(tags, 'opt-out', opted_out), 'Do Not Call', do_not_call);
end
$$;
comment on function private.consent_tags(text[], boolean, boolean) is 'The tags with the two consent tags as the flags say.';

create function private.contact_consent_tags() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.tags := private.clean_tags(new.tags);
  if tg_op = 'INSERT' then
    new.opted_out := new.opted_out or 'opt-out' = any (new.tags);
    new.do_not_call := new.do_not_call or 'Do Not Call' = any (new.tags);
  else
    if new.opted_out = old.opted_out then
      new.opted_out := 'opt-out' = any (new.tags);
    end if;
    if new.do_not_call = old.do_not_call then
      new.do_not_call := 'Do Not Call' = any (new.tags);
    end if;
  end if;
  new.tags := private.consent_tags(new.tags, new.opted_out, new.do_not_call);
  return new;
end
$$;
comment on function private.contact_consent_tags() is
  'Trigger: the tags opt-out and Do Not Call and the flags opted_out and do_not_call say the same, whichever was written.';

create function private.contact_derived() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and (new.name, new.phone, new.email, new.company, new.notes, new.avatar_url)
      is not distinct from (old.name, old.phone, old.email, old.company, old.notes, old.avatar_url) then
    return new;
  end if;
  new.completeness := 20 * num_nonnulls(
    nullif(new.name, ''), new.phone, nullif(new.email, ''), nullif(new.company, ''), nullif(new.avatar_url, ''));
  new.search_text := private.fold(
    concat_ws(E'\n', new.name, new.email, new.company, new.whatsapp_contact_id, new.notes));
  return new;
end
$$;
comment on function private.contact_derived() is 'Trigger: completeness and search_text.';

create function private.contact_stage() returns trigger
language plpgsql
-- Definer: keys that may write contacts have no right to read workspaces.
security definer set search_path = ''
as $$
declare
  stages text[];
begin
  -- A stage that has left the list stays where it is until somebody changes it.
  if tg_op = 'UPDATE' and new.stage = old.stage then
    return new;
  end if;
  stages := (select w.stages from public.workspaces w where w.id = new.workspace_id);
  new.stage := coalesce(new.stage, stages[1]);
  if not new.stage = any (stages) then
    perform private.refuse_outsider(new.workspace_id);
    perform private.refuse_field('/stage', 'unknown_stage',
      format('The workspace''s stages are %s.', array_to_string(stages, ', ')));
  end if;
  return new;
end
$$;
comment on function private.contact_stage() is 'Trigger: a stage is one of the workspace''s list; the first one unless given.';

create function private.contact_touch() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if new is distinct from old then
    new.version := old.version + 1;
    new.updated_at := now();
  end if;
  return new;
end
$$;
comment on function private.contact_touch() is 'Trigger: version and updated_at rise when anything changed.';

create trigger contacts_100_phone_digits before insert or update of phone on public.contacts
  for each row execute function private.contact_phone_digits();
create trigger contacts_200_name_source before insert or update of name, profile_name, phonebook_name on public.contacts
  for each row execute function private.contact_name_source();
create trigger contacts_300_consent_tags before insert or update of tags, opted_out, do_not_call on public.contacts
  for each row execute function private.contact_consent_tags();
create trigger contacts_400_derived
  before insert or update of name, profile_name, phonebook_name, phone, email, company, notes, avatar_url on public.contacts
  for each row execute function private.contact_derived();
create trigger contacts_500_stage before insert or update of stage on public.contacts
  for each row execute function private.contact_stage();
create trigger contacts_900_touch before update on public.contacts
  for each row execute function private.contact_touch();

create function private.add_contact_activity() returns trigger
language plpgsql
-- Definer: nobody but triggers writes the table.
security definer set search_path = ''
as $$
begin
  insert into public.contact_activity (contact_id, workspace_id) select i.id, i.workspace_id from inserted i;
  return null;
end
$$;
comment on function private.add_contact_activity() is 'Trigger: every contact has its row of contact_activity.';

create trigger contacts_690_activity after insert on public.contacts
  referencing new table as inserted for each statement execute function private.add_contact_activity();

-- Audit ---------------------------------------------------------------------------------------

create function private.log_contact_changes() returns trigger
language plpgsql
-- Definer: nobody but this trigger writes the log.
-- A session plans this once, perhaps for a single row: a nested loop would then take minutes over
-- ten thousand. Joins are set here because callers' settings hold in triggers as well.
security definer set search_path = '' set enable_nestloop = off set enable_hashjoin = on
as $$
declare
  actor private.actor := private.current_actor();
begin
  insert into public.activity_log (workspace_id, actor_type, actor_id, action, entity_type, entity_id, changes)
  select n.workspace_id, actor.type, actor.id, 'contact.updated', 'contact', n.id, changed
  from inserted n
  join deleted o on o.id = n.id
  -- Cheap comparison first: many updates are computed ones, which are no news.
  join lateral private.row_changes(to_jsonb(o), to_jsonb(n), array[
    'updated_at', 'version', 'search_text', 'phone_key', 'whatsapp_contact_id', 'completeness', 'country',
    'name_source', 'profile_name', 'phonebook_name', 'phonebook_name_at', 'call_count',
    'assigned_by', 'assigned_at', 'auto_status', 'score', 'grade', 'sentiment', 'sentiment_score', 'is_at_risk'
  ]) as changed on true
  where (o.name, o.phone, o.email, o.company, o.source, o.channels, o.status, o.sale_status, o.stage, o.value,
      o.tags, o.notes, o.custom, o.assigned_to, o.is_vip, o.is_mystery_shopper, o.is_contractor, o.opted_out,
      o.do_not_call, o.avatar_url)
    is distinct from
      (n.name, n.phone, n.email, n.company, n.source, n.channels, n.status, n.sale_status, n.stage, n.value,
      n.tags, n.notes, n.custom, n.assigned_to, n.is_vip, n.is_mystery_shopper, n.is_contractor, n.opted_out,
      n.do_not_call, n.avatar_url);
  return null;
end
$$;
comment on function private.log_contact_changes() is 'Trigger: what people changed of contacts goes into the activity log, one statement a batch.';

create trigger contacts_700_log_insert after insert on public.contacts
  referencing new table as changed for each statement execute function private.log_rows('contact.created', 'contact');
create trigger contacts_700_log_update after update on public.contacts
  referencing old table as deleted new table as inserted for each statement execute function private.log_contact_changes();
create trigger contacts_700_log_delete after delete on public.contacts
  referencing old table as changed for each statement execute function private.log_rows('contact.deleted', 'contact');

-- Lookup --------------------------------------------------------------------------------------

-- On the hot paths planning costs more than running, so plans are made once a session. That may be
-- while the tables are nearly empty, when reading all of one looks cheapest: look-ups by key only.
create function private.contact_by_phone(workspace uuid, digits text) returns uuid
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  key text := private.phone_key(digits);
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
comment on function private.contact_by_phone(uuid, text) is
  'The contact that a number (digits, any variant) belongs to: by its own phone first, then by the identities it has.';
