-- What every later file stands on: schemas, extensions, small pure functions.
--
-- `public`  tables, readable by members through PostgREST under row level security
-- `api`     one function per operation of the HTTP API; not exposed by PostgREST
-- `private` helpers, triggers, service tables; not exposed, granted by name only

create schema if not exists extensions;
create schema api;
create schema private;

comment on schema api is 'Operations of the HTTP API: api.<operation>(args jsonb) returns private.answer. Called by private.call only.';
comment on schema private is 'Helpers, trigger functions and service tables. Never exposed through PostgREST.';

create extension if not exists pg_trgm with schema extensions;
create extension if not exists unaccent with schema extensions;
create extension if not exists btree_gin with schema extensions;
create extension if not exists pgcrypto with schema extensions;

grant usage on schema api, private to authenticated, service_role;

-- Time-ordered ids keep the primary keys of fast-growing tables appending at their right edge,
-- so that an insert costs the same with ten rows as with ten million.
create function private.uuid_v7() returns uuid
language plpgsql volatile parallel safe
set search_path = ''
as $$
declare
  us bigint := extract(epoch from clock_timestamp()) * 1000000;
begin
  return encode(
    overlay(
      uuid_send(gen_random_uuid())
      placing substring(int8send(us / 1000) from 3) || int2send((x'7000'::int + us % 1000 * 4096 / 1000)::int2)
      from 1 for 8),
    'hex')::uuid;
end
$$;
comment on function private.uuid_v7() is
  'A version 7 UUID (RFC 9562): 48 bits of milliseconds, 12 bits of the fraction, the rest random.';

-- unaccent(regdictionary, text) is only marked stable because a dictionary could be altered;
-- ours is the extension's own, so the result may be indexed.
create function private.fold(value text) returns text
language plpgsql immutable parallel safe strict
set search_path = ''
as $$
begin
  -- Most texts are ASCII, and a twentieth of the work.
  if octet_length(value) = char_length(value) then
    return lower(translate(value, E'\t\n\v\f\r', '     '));
  end if;
  -- Taken apart (which also makes full-width forms, ligatures and presentation forms plain), the
  -- marks left out: accents, Hebrew points, Arabic vowels, hamzas and tatweel, joiners and direction
  -- marks. Put together again, since Hangul and kana would stay in pieces.
  value := regexp_replace(normalize(value, nfkd),
    '[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]+',
    '', 'g');
  value := lower(extensions.unaccent('extensions.unaccent'::regdictionary, normalize(value, nfkc)));
  -- A sigma at the end of a word is one that is not typed yet. Arabic and Persian keyboards have digits
  -- of their own, in which phone numbers are typed, too.
  return translate(regexp_replace(value, '\s', ' ', 'g'), 'ς٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹', 'σ01234567890123456789');
end
$$;
comment on function private.fold(text) is
  'Text for comparing: lower case, without accents and other marks, compatible forms and digits made one, every kind of space a space.';

create function private.digits(value text) returns text
language plpgsql immutable parallel safe strict
set search_path = ''
as $$
begin
  return nullif(regexp_replace(value, '[^0-9]', '', 'g'), '');
end
$$;
comment on function private.digits(text) is 'The ASCII digits of a text; null when it has none.';

-- WhatsApp ids and typed numbers of one person differ in three countries: Brazil's ninth digit,
-- Mexico's 1 after 52, Argentina's 9 after 54. The key is what they have in common; the ids
-- themselves are never rewritten.
create function private.phone_key(digits text) returns text
language plpgsql immutable parallel safe strict
set search_path = ''
as $$
begin
  return case
    when digits ~ '^55[0-9]{2}9[0-9]{8}$' then left(digits, 4) || right(digits, 8)
    when digits ~ '^521[0-9]{10}$' then '52' || right(digits, 10)
    when digits ~ '^549[0-9]{10}$' then '54' || right(digits, 10)
    else digits
  end;
end
$$;
comment on function private.phone_key(text) is 'International digits → the key under which Brazilian, Mexican and Argentine variants of one number are equal.';

create function private.phone_variants(digits text) returns setof text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  key text := private.phone_key(digits);
begin
  return query
  select distinct v
  from unnest(array[digits, key,
    case when key ~ '^55[0-9]{10}$' then left(key, 4) || '9' || right(key, 8) end,
    case when key ~ '^52[0-9]{10}$' then '521' || right(key, 10) end,
    case when key ~ '^54[0-9]{10}$' then '549' || right(key, 10) end]) v
  where v is not null;
end
$$;
comment on function private.phone_variants(text) is 'All spellings that private.phone_key holds for one number.';

create function private.id_spellings(channel text, external_id text) returns setof text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  if channel in ('whatsapp', 'phone') then
    return query select private.phone_variants(external_id);
  else
    return next external_id;
  end if;
end
$$;
comment on function private.id_spellings(text, text) is
  'How an id of a contact may be written: a number (digits) in all its variants, another id as it is.';

create function private.touch_updated_at() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at := now();
  return new;
end
$$;
comment on function private.touch_updated_at() is 'Trigger: keeps updated_at.';

-- One way for SQL to refuse. The SQLSTATE carries the HTTP status (PostgREST reads it the same
-- way), the message a stable code, the detail a sentence for people.
create function private.refuse(status int, code text, detail text, extra jsonb default null) returns void
language plpgsql
set search_path = ''
as $$
begin
  if extra is null then
    raise exception using errcode = 'PT' || status, message = code, detail = detail;
  end if;
  raise exception using errcode = 'PT' || status, message = code, detail = detail, hint = extra::text;
end
$$;
comment on function private.refuse(int, text, text, jsonb) is
  'Raises SQLSTATE PT<status> with a documented code; extra becomes members of the problem document.';

create function private.refuse_field(path text, code text, message text) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.refuse(422, 'validation_failed', message,
    jsonb_build_object('errors', jsonb_build_array(
      jsonb_build_object('path', path, 'code', code, 'message', message))));
end
$$;
comment on function private.refuse_field(text, text, text) is
  'Raises 422 validation_failed for one field; path is a JSON pointer into the body.';

-- Secrets the database makes for itself, e.g. the key that signs cursors.
create table private.secrets (
  name text primary key,
  value bytea not null,
  created_at timestamptz not null default now()
);
alter table private.secrets enable row level security;
comment on table private.secrets is 'Keys made by the database for its own use; no role but the owner reads them.';
insert into private.secrets (name, value) values ('cursor', extensions.gen_random_bytes(32));
