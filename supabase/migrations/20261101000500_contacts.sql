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
  -- What lists and searches look at comes first, and of it what is always there and always as long:
  -- to get at a column of a row Postgres steps over all those before it.
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  created_at timestamptz not null default private.now(),
  updated_at timestamptz not null default now(),
  facets bigint not null default 0,
  ranges bigint not null default 0,
  status public.contact_status not null default 'new',
  auto_status public.contact_auto_status not null default 'new',
  sale_status public.contact_sale_status not null default 'none',
  source public.contact_source not null default 'manual',
  sentiment public.sentiment_level not null default 'neutral',
  score int not null default 0,
  call_count int not null default 0,
  version int not null default 1,
  completeness smallint not null default 0,
  is_vip boolean not null default false,
  is_at_risk boolean not null default false,
  is_mystery_shopper boolean not null default false,
  is_contractor boolean not null default false,
  opted_out boolean not null default false,
  do_not_call boolean not null default false,
  search_text text not null default '',
  stage text not null,
  tags text[] not null default '{}'
    -- The consent tags do not count: an opt-out must find room.
    check (cardinality(array_remove(array_remove(tags, 'opt-out'), 'Do Not Call')) <= 100),
  channels text[] not null default '{}' check (cardinality(channels) <= 20),
  assigned_to uuid,
  grade public.contact_grade,
  value numeric(14, 2),
  email text check (char_length(email) <= 254 and email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
  whatsapp_contact_id text,
  name text check (char_length(name) between 1 and 200),
  name_source text not null default 'profile' check (name_source in ('person', 'profile')),
  profile_name text check (char_length(profile_name) <= 200),
  phonebook_name text check (char_length(phonebook_name) <= 200),
  phonebook_name_at timestamptz,
  phone text check (phone ~ '^\+[1-9][0-9]{5,14}$'),
  phone_key text,
  company text check (char_length(company) <= 200),
  notes text check (char_length(notes) <= 20000),
  custom jsonb not null default '{}'
    check (jsonb_typeof(custom) = 'object' and octet_length(custom::text) <= 131072),
  assigned_by uuid,
  assigned_at timestamptz,
  avatar_url text check (char_length(avatar_url) <= 2048),
  country text check (country ~ '^[A-Z]{2}$'),
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
comment on column public.contacts.sentiment is
  'The level of contact_activity.sentiment_score: written when that level changes, which most messages do not do.';
comment on column public.contacts.score is 'Computed by scoring; 0 without any signal.';
comment on column public.contacts.assigned_by is 'Who assigned: a user''s id, an API key''s id, or the workspace''s own id for its router.';
comment on column public.contacts.completeness is 'Percent of name, phone, email, company and avatar that are filled.';
comment on column public.contacts.search_text is
  'What search looks through: name, email, company, digits, notes; folded. A line break stands before what may be the beginning of a find: every word of the name, the rest as a whole.';
comment on column public.contacts.facets is 'private.contact_facets: one bit a value, for what lists are filtered by.';
comment on column public.contacts.ranges is 'private.contact_ranges: the same for score, value and call_count.';
comment on column public.contacts.version is 'Rises with every change of what people set; the ETag of the API.';

-- What lists are filtered by, so short that every index can carry it. Values of open lists (stages,
-- tags, …) share a few bits: whoever looks at one asks the contact itself as well.
create function private.facet(kind text, value text) returns bigint
language plpgsql immutable parallel safe strict
set search_path = ''
as $$
begin
  return 1::bigint << case kind
    when 'status' then array_position('{new,contacted,qualified,converted,lost}', value) - 1
    when 'auto_status' then array_position('{new,active,qualified,converted,inactive,churned}', value) + 4
    when 'source' then array_position('{chat,broadcast,chat_conversion,manual,import,api,lead_form}', value) + 10
    when 'sale_status' then array_position('{none,pending,signed,sold}', value) + 17
    when 'grade' then array_position('{A,B,C,D,E,F}', value) + 21
    when 'sentiment' then array_position('{very_negative,negative,neutral,positive,very_positive}', value) + 27
    when 'is' then array_position('{is_vip,is_at_risk,is_mystery_shopper,is_contractor,opted_out,do_not_call,has_email,none}', value) + 32
    -- The usual ones have their own. md5, because what is stored has to mean the same in the next
    -- version of Postgres.
    when 'assigned_to' then 41 + ('x' || left(md5(value), 2))::bit(8)::int % 6
    when 'stage' then 46 + coalesce(array_position('{inquiry,comparing,closing,in_progress,follow_up}', value),
      1 + ('x' || left(md5(value), 2))::bit(8)::int % 6)
    when 'channel' then 52 + coalesce(array_position('{whatsapp,web}', value), 3 + ('x' || left(md5(value), 2))::bit(8)::int % 2)
    when 'tags' then 57 + ('x' || left(md5(value), 2))::bit(8)::int % 6
  end;
end
$$;
comment on function private.facet(text, text) is
  'The bit of a value of a filter of list-contacts. is: a flag, has_email or (assigned to) none. Null: unknown.';

create function private.facets(kind text, list text[]) returns bigint
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  facets bigint := 0;
  value text;
begin
  foreach value in array list loop
    facets := facets | private.facet(kind, value);
  end loop;
  return facets;
end
$$;
comment on function private.facets(text, text[]) is 'The bits of any of the values.';

create function private.contact_facets(c public.contacts) returns bigint
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return private.facet('status', c.status::text) | private.facet('auto_status', c.auto_status::text)
    | private.facet('source', c.source::text) | private.facet('sale_status', c.sale_status::text)
    | private.facet('sentiment', c.sentiment::text) | private.facet('stage', c.stage)
    | case when c.grade is not null then private.facet('grade', c.grade::text) else 0 end
    | case when c.is_vip then private.facet('is', 'is_vip') else 0 end
    | case when c.is_at_risk then private.facet('is', 'is_at_risk') else 0 end
    | case when c.is_mystery_shopper then private.facet('is', 'is_mystery_shopper') else 0 end
    | case when c.is_contractor then private.facet('is', 'is_contractor') else 0 end
    | case when c.opted_out then private.facet('is', 'opted_out') else 0 end
    | case when c.do_not_call then private.facet('is', 'do_not_call') else 0 end
    | case when c.email is not null then private.facet('is', 'has_email') else 0 end
    | case when c.assigned_to is null then private.facet('is', 'none') else private.facet('assigned_to', c.assigned_to::text) end
    | case when c.channels <> '{}' then private.facets('channel', c.channels) else 0 end
    | case when c.tags <> '{}' then private.facets('tags', c.tags) else 0 end;
end
$$;
comment on function private.contact_facets(public.contacts) is 'What of a contact lists are filtered by, as bits.';

create function private.range_bit(kind text, value numeric) returns int
language plpgsql immutable parallel safe strict
set search_path = ''
as $$
begin
  return case kind
    when 'score' then width_bucket(value, '{-100,-50,-20,-10,-5,0,1,5,10,20,30,40,50,60,70,80,85,90,95,98,100,150,200}'::numeric[])
    when 'value' then 24 + width_bucket(value, '{0,1,10,50,100,250,500,1000,2500,5000,10000,20000,30000,40000,50000,75000,100000,1000000}'::numeric[])
    when 'call_count' then 43 + width_bucket(value, '{1,2,3,5,9,17,33,65}'::numeric[])
  end;
end
$$;
comment on function private.range_bit(text, numeric) is
  'The number of the bit of a score (0 to 23), value (24 to 42) or call_count (43 to 51), rising with it.';

create function private.contact_ranges(score int, value numeric, call_count int) returns bigint
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return (1::bigint << private.range_bit('score', score)) | coalesce(1::bigint << private.range_bit('value', value), 0)
    | (1::bigint << private.range_bit('call_count', call_count));
end
$$;
comment on function private.contact_ranges(int, numeric, int) is 'About how high the score, value (null: no bit) and call_count of a contact are, as bits.';

create function private.search_text(name text, email text, company text, digits text, notes text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return concat(E'\n', translate(private.fold(name), ' ', E'\n'), E'\n', private.fold(email), E'\n', private.fold(company),
    E'\n', digits, E'\n ', private.fold(notes));
end
$$;
comment on function private.search_text(text, text, text, text, text) is 'What search looks through: contacts.search_text.';

-- pg_trgm finds nothing shorter than three letters, and drops letters under some locales.
create function private.search_grams(search_text text) returns tsvector
language plpgsql immutable parallel safe strict
-- Dear, so that the planner has it run by the index or else last, on what everything else let through.
cost 10000
set search_path = ''
as $$
declare
  letters text[] := string_to_array(search_text, null) || array[' ', ' ', ' '];
  grams text[] := letters;
  i int;
begin
  for i in 1 .. cardinality(letters) - 3 loop
    grams[i] := letters[i] || letters[i + 1] || letters[i + 2];
  end loop;
  -- What begins with three letters is asked for by these alone: with two in a gram, and all three in
  -- another, many would be found who have them apart.
  foreach i in array array_positions(letters, E'\n') loop
    grams[i] := grams[i] || letters[i + 3];
  end loop;
  return array_to_tsvector(grams);
end
$$;
comment on function private.search_grams(text) is
  'Every three letters in a row of a search_text, with the line break before a beginning as a fourth: found by one, two (as the beginning) or three of them.';

-- Pages that vacuum has not seen since they were written have to be read for what an index holds: after
-- an import of some ten thousand, not of a fifth of all.
alter table public.contacts set (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05,
  autovacuum_analyze_scale_factor = 0.02);

-- A keyset page is one range of one of these. Nulls are folded into the key (never contacted = the
-- beginning of time), because a row comparison with a null in it cannot use an index. Facets are
-- carried along, so that a page of who fits a filter is read without looking at who does not.
create index contacts_created_idx on public.contacts (workspace_id, created_at, id) include (facets, ranges);
create index contacts_updated_idx on public.contacts (workspace_id, updated_at, id) include (facets, ranges);
create index contacts_name_idx on public.contacts (workspace_id, lower(coalesce(name, '')), id) include (facets, ranges, name);
create index contacts_value_idx on public.contacts (workspace_id, coalesce(value, 0), id) include (facets, ranges, value);
create index contacts_score_idx on public.contacts (workspace_id, score, id) include (facets, ranges);
create index contacts_assigned_idx on public.contacts (workspace_id, assigned_to);
create index contacts_calls_idx on public.contacts (workspace_id, call_count) where call_count > 0;
create index contacts_email_idx on public.contacts (workspace_id, lower(email), id) where email is not null;
-- For filters that few fit. With the workspace inside, a small one is not searched among a big one's.
create index contacts_filter_idx on public.contacts using gin (workspace_id, tags, channels, status, auto_status, source,
  sale_status, stage, grade, sentiment, is_vip, is_at_risk, is_mystery_shopper, is_contractor, opted_out, do_not_call)
  -- Every look-up reads what is still pending from end to end.
  with (gin_pending_list_limit = 512);
create index contacts_search_idx on public.contacts using gin (workspace_id, private.search_grams(search_text))
  with (gin_pending_list_limit = 512);

create function private.sentiment_level(score numeric) returns public.sentiment_level
language plpgsql immutable
set search_path = ''
as $$
begin
  return case when score <= -0.6 then 'very_negative' when score <= -0.2 then 'negative'
    when score < 0.2 then 'neutral' when score < 0.6 then 'positive' else 'very_positive' end;
end
$$;
comment on function private.sentiment_level(numeric) is 'A score of -1 … 1 → its level, of five.';

create function private.average_sentiment(total numeric, messages int) returns numeric
language plpgsql immutable
set search_path = ''
as $$
begin
  return case when messages > 0 then round(total / messages, 3) else 0 end;
end
$$;
comment on function private.average_sentiment(numeric, int) is 'The average of scores, in thousandths; 0 of none.';

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
  username_at timestamptz,
  sentiment_sum numeric(14, 3) not null default 0,
  sentiment_count int not null default 0,
  sentiment_score numeric(4, 3) not null generated always as (private.average_sentiment(sentiment_sum, sentiment_count)) stored,
  last_sentiment_score numeric(4, 3),
  last_sentiment_at timestamptz,
  last_inbound_at timestamptz,
  converted_at timestamptz,
  shows_intent boolean not null default false,
  auto_status public.contact_auto_status not null default 'new',
  is_at_risk boolean not null default false,
  due_at timestamptz,
  contact_created_at timestamptz not null default private.now(),
  facets bigint not null default 0,
  ranges bigint not null default 0
)
-- Room on the page for the row's next versions: it changes for as long as somebody talks.
with (fillfactor = 85);
create index contact_activity_last_contact_idx on public.contact_activity
  (workspace_id, coalesce(last_contact_at, '-infinity'::timestamptz), contact_id)
  include (facets, ranges, last_contact_at, contact_created_at);
-- Who was contacted last at a time was created by then, but for these few: their history was imported.
-- Of the others the newest who were contacted long ago are found without passing over all newer ones.
-- An hour, because a message is older than the contact that it makes, and clocks differ.
create index contact_activity_met_before_idx on public.contact_activity (workspace_id, contact_created_at, contact_id)
  include (facets, ranges, last_contact_at) where contact_created_at - last_contact_at > interval '1 hour';
comment on table public.contact_activity is
  'What messages and calls say of a contact: one row each, made with the contact. Locked after the contact and before its conversations.';
comment on column public.contact_activity.profile_name is
  'The latest profile name by its own time; contacts.profile_name follows it.';
comment on column public.contact_activity.contact_created_at is 'contacts.created_at.';
comment on column public.contact_activity.facets is 'Those of the contact.';
comment on column public.contact_activity.ranges is 'Those of the contact.';
comment on column public.contact_activity.sentiment_score is
  'The average of the messages of which a mood was read: sentiment_sum of sentiment_count. contacts.sentiment is its level.';
comment on column public.contact_activity.last_sentiment_score is
  'The latest of them by its own time; of two of one second the lower.';
comment on column public.contact_activity.last_inbound_at is 'When the person wrote last, also in a chat history that was handed over.';
comment on column public.contact_activity.converted_at is 'When the contact bought or booked last; null: never, or it was taken back.';
comment on column public.contact_activity.shows_intent is 'Whether a person or a scoring signal says that the contact means to buy.';
comment on column public.contact_activity.auto_status is 'private.lifecycle of the row; contacts.auto_status follows it.';
comment on column public.contact_activity.is_at_risk is 'The same; contacts.is_at_risk follows it.';
comment on column public.contact_activity.due_at is
  'Not after the moment at which time alone changes what is computed of the contact; null: it does not. A message only brings it forward.';
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
declare
  clean text[] := '{}';
  tag text;
begin
  foreach tag in array coalesce(tags, '{}') loop
    tag := btrim(tag);
    tag := case lower(tag) when 'opt-out' then 'opt-out' when 'do not call' then 'Do Not Call' else tag end;
    if tag <> '' and tag <> all (clean) then
      clean := clean || tag;
    end if;
  end loop;
  return clean;
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
  new.search_text := private.search_text(new.name, new.email, new.company, new.whatsapp_contact_id, new.notes);
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

create function private.contact_facets_follow() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.facets := private.contact_facets(new);
  new.ranges := private.contact_ranges(new.score, new.value, new.call_count);
  return new;
end
$$;
comment on function private.contact_facets_follow() is 'Trigger: facets and ranges.';

create function private.contact_touch() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  before public.contacts := old;
begin
  -- What messages, scores and time alone make of a contact is nobody's edit: who has read it may still
  -- write it, and an import that made it may take it back.
  before.sentiment := new.sentiment;
  before.auto_status := new.auto_status;
  before.is_at_risk := new.is_at_risk;
  before.score := new.score;
  before.grade := new.grade;
  before.facets := new.facets;
  before.ranges := new.ranges;
  if new is distinct from before then
    new.version := old.version + 1;
    new.updated_at := now();
  end if;
  return new;
end
$$;
comment on function private.contact_touch() is
  'Trigger: version and updated_at rise when anything changed but mood, automatic status, risk, score and grade.';

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
create trigger contacts_850_facets before insert or update on public.contacts
  for each row execute function private.contact_facets_follow();
create trigger contacts_900_touch before update on public.contacts
  for each row execute function private.contact_touch();

create function private.activity_facets() returns trigger
language plpgsql
-- Definer: nobody but triggers writes the table.
-- A session plans this once, perhaps for a single row: a nested loop of the two transition tables
-- would then take minutes over ten thousand.
security definer set search_path = '' set enable_nestloop = off set enable_hashjoin = on
as $$
declare
  changed uuid[] := array(select n.id from inserted n join deleted o on o.id = n.id
    where (n.facets, n.ranges, n.created_at) <> (o.facets, o.ranges, o.created_at));
begin
  if cardinality(changed) > 0 then
    perform private.copy_facets(changed);
  end if;
  return null;
end
$$;
comment on function private.activity_facets() is 'Trigger: contact_activity.facets, ranges and contact_created_at follow those of the contact.';

create function private.copy_facets(contacts uuid[]) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  perform from public.contact_activity a where a.contact_id = any (contacts) order by a.contact_id for no key update;
  update public.contact_activity a set facets = c.facets, ranges = c.ranges, contact_created_at = c.created_at
  from public.contacts c where c.id = a.contact_id and a.contact_id = any (contacts);
end
$$;
comment on function private.copy_facets(uuid[]) is 'Copies the facets, ranges and created_at of the contacts, which are locked, to their contact_activity.';

create trigger contacts_695_activity_facets after update on public.contacts
  referencing old table as deleted new table as inserted for each statement execute function private.activity_facets();

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
    'updated_at', 'version', 'search_text', 'facets', 'ranges', 'phone_key', 'whatsapp_contact_id', 'completeness', 'country',
    'name_source', 'value_source', 'vip_source', 'deals_value', 'profile_name', 'phonebook_name', 'phonebook_name_at', 'call_count',
    'assigned_by', 'assigned_at', 'auto_status', 'score', 'grade', 'sentiment', 'is_at_risk'
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
