-- Contacts.

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
