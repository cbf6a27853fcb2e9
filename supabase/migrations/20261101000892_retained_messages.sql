-- What stays of people who were deleted with history=keep: what was said, without who said it.
--
-- Tables of their own: lists, counters and the ingest path know nothing of deleted people, and who may
-- read is a policy of its own.

create table public.retained_conversations (
  -- Not the conversation's own id, and not one that tells when: whoever noted that finds nothing here.
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  pseudonym text not null,
  channel text not null,
  message_count int not null,
  retained_on date not null default current_date
);
create index retained_conversations_workspace_idx on public.retained_conversations (workspace_id, pseudonym);
comment on table public.retained_conversations is
  'Threads of deleted people whose messages are kept for compliance; owners and admins read them.';
comment on column public.retained_conversations.pseudonym is
  'One a deleted person, drawn by lot: nothing of the person goes into it, so nothing leads back.';

create table public.retained_messages (
  id uuid primary key default gen_random_uuid(),
  -- No foreign key: the conversation's says as much.
  workspace_id uuid not null,
  conversation_id uuid not null references public.retained_conversations (id) on delete cascade,
  direction public.message_direction not null,
  sender_type public.sender_type not null,
  sender_id uuid,
  type text not null,
  body text,
  payload jsonb not null default '{}',
  reply_to uuid,
  status public.message_status not null,
  error_code text,
  reactions jsonb not null default '[]',
  sent_at timestamptz not null,
  delivered_at timestamptz,
  read_at timestamptz,
  edited_at timestamptz,
  revoked_at timestamptz
);
create index retained_messages_conversation_idx on public.retained_messages (conversation_id, sent_at, id);
comment on table public.retained_messages is
  'Messages of deleted people: names, numbers, addresses and ids of the person masked in them, no WhatsApp id, no file.';
comment on column public.retained_messages.sender_id is 'Who of the team wrote it; never the person.';
comment on column public.retained_messages.reply_to is 'The retained message that this one quotes.';

-- Masking -------------------------------------------------------------------------------------

create function private.literal_pattern(value text) returns text
language plpgsql immutable strict
set search_path = ''
as $$
declare
  -- People leave accents out, or put them in: a letter is itself with any marks, or with none.
  marks constant text := '[\u0300-\u036f]*';
  any_marks constant text := chr(1);
  plain text := lower(regexp_replace(normalize(value, nfd), '[\u0300-\u036f]', '', 'g'));
  pattern text;
  spelling text[];
begin
  -- Letters that do not come apart into another and a mark.
  foreach spelling slice 1 in array array[['ß', 'ss'], ['æ', 'ae'], ['œ', 'oe'], ['ø', 'o'], ['ł', 'l'], ['đ', 'd'], ['ð', 'd'], ['ı', 'i']] loop
    plain := replace(plain, spelling[1], spelling[2]);
  end loop;
  pattern := regexp_replace(
    regexp_replace(plain, '([^[:alnum:][:space:]])', '\\\1', 'g'), '([[:alnum:]])', '\1' || any_marks, 'g');
  foreach spelling slice 1 in array array[['ss', 'ß'], ['ae', 'æ'], ['oe', 'œ']] loop
    pattern := replace(pattern, regexp_replace(spelling[1], '(.)', '\1' || any_marks, 'g'),
      format('(?:%s|%s)', regexp_replace(spelling[1], '(.)', '\1' || any_marks, 'g'), spelling[2]));
  end loop;
  foreach spelling slice 1 in array array[['o', '[oø]'], ['l', '[lł]'], ['d', '[dđð]'], ['i', '[iı]']] loop
    pattern := replace(pattern, spelling[1] || any_marks, spelling[2] || any_marks);
  end loop;
  -- Not in the middle of a longer Latin word or number, nor of a letter that is taken apart (Hangul,
  -- kana); scripts without spaces have no other middle.
  return '(?<![A-Za-z0-9\u0300-\u036f])' || replace(pattern, any_marks, marks)
    || '(?![A-Za-z0-9\u0300-\u036f\u1160-\u11ff\u3099\u309a])';
end
$$;
comment on function private.literal_pattern(text) is
  'A regular expression for this text, with any accents or none, as words of their own; of private.mask, which takes letters apart.';

create function private.number_pattern(digits text) returns text
language plpgsql immutable strict
set search_path = ''
as $$
declare
  certain int := least(char_length(digits), 7);
  pieces text[] := string_to_array(digits, null);
  gap text := '[^0-9A-Za-z]*';
begin
  -- The last seven digits decide; what goes before may be left out, as in local notation.
  return '(?<![0-9])[+(]?(?:0' || gap || '){0,2}'
    || coalesce((select string_agg('(?:' || d || gap || ')?', '' order by n)
        from unnest(pieces) with ordinality as p (d, n) where n <= cardinality(pieces) - certain), '')
    || (select string_agg(d, gap order by n)
        from unnest(pieces) with ordinality as p (d, n) where n > cardinality(pieces) - certain)
    || '(?![0-9])';
end
$$;
comment on function private.number_pattern(text) is
  'A regular expression for a phone number (international digits) in any punctuation, with or without its country and area code.';

create function private.mask_pattern(contact uuid) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  names text[];
  ids text[];
  -- What they were called before stands where it was changed.
  former jsonb[] := array(
    select l.changes from public.activity_log l
    where l.workspace_id = (select c.workspace_id from public.contacts c where c.id = contact) and l.action = 'contact.updated'
      and l.entity_id = any (contact || array(
        select g.duplicate_id from public.contact_merges g where g.primary_id = contact and g.undone_at is null))
      and l.changes ?| '{name,email,phone}');
begin
  select array_agg(distinct btrim(n)) into names
  from (
    select unnest(array[c.name, c.profile_name, c.phonebook_name, a.profile_name, a.username]) as n
    from public.contacts c join public.contact_activity a on a.contact_id = c.id where c.id = contact
    union all
    select unnest(array[m.sender_name, m.sender_username]) from public.messages m
    where m.contact_id = contact and m.direction = 'inbound'
    union all
    select unnest(array[g.duplicate ->> 'name', g.duplicate ->> 'profile_name', g.duplicate ->> 'phonebook_name',
      g.duplicate ->> 'username']) from public.contact_merges g where g.primary_id = contact
    union all
    select unnest(array[f #>> '{name,from}', f #>> '{name,to}']) from unnest(former) f
  ) as called
  where char_length(btrim(n)) > 1;
  select array_agg(distinct i) into ids
  from (
    select c.email from public.contacts c where c.id = contact
    union all
    select g.duplicate ->> 'email' from public.contact_merges g where g.primary_id = contact
    union all
    select unnest(array[f #>> '{email,from}', f #>> '{email,to}',
      private.digits(f #>> '{phone,from}'), private.digits(f #>> '{phone,to}')]) from unnest(former) f
    union all
    select unnest(private.external_ids(array[contact]))
  ) as known (i)
  where i is not null;
  return (
    select string_agg(p, '|' order by char_length(p) desc, p)
    from (
      select private.literal_pattern(n) from unnest(names) n
      union
      -- People are called by parts of their names.
      select private.literal_pattern(w) from unnest(names) n cross join regexp_split_to_table(n, '\s+') w
      where char_length(w) > 2
      union
      select case when i ~ '^[0-9]{5,20}$' then private.number_pattern(i) else private.literal_pattern(i) end from unnest(ids) i
      union
      -- WhatsApp's ids of messages have the number in them.
      select 'wamid\.[A-Za-z0-9+/=_.-]+'
    ) as patterns (p)
  );
end
$$;
comment on function private.mask_pattern(uuid) is
  'A regular expression for whatever names a contact, or once did: names and their words, usernames, e-mail addresses, numbers, ids.';

create function private.mask(value text, pattern text) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  apart constant text := normalize(value, nfd);
  masked constant text := regexp_replace(apart, pattern, '[masked]', 'gi');
begin
  return case when masked = apart then value else normalize(masked, nfc) end;
end
$$;
comment on function private.mask(text, text) is 'The text with everything that fits the pattern masked; null stays null.';

create function private.mask_json(value jsonb, pattern text, depth int default 0) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  -- Text by text: over the whole as text a number could be masked into what is no JSON any more.
  return case jsonb_typeof(value)
    when 'string' then to_jsonb(private.mask(value #>> '{}', pattern))
    when 'number' then case when value #>> '{}' ~* pattern then '"[masked]"' else value end
    when 'array' then case when depth >= 50 then '"[masked]"' else (
      select coalesce(jsonb_agg(private.mask_json(e, pattern, depth + 1) order by n), '[]')
      from jsonb_array_elements(value) with ordinality as a (e, n)) end
    when 'object' then case when depth >= 50 then '"[masked]"' else (
      select coalesce(jsonb_object_agg(private.mask(key, pattern), private.mask_json(o.value, pattern, depth + 1)), '{}')
      from jsonb_each(value) o) end
    else value end;
end
$$;
comment on function private.mask_json(jsonb, text, int) is
  'JSON with everything that fits the pattern masked, in keys too, and lists and objects deeper than any that WhatsApp sends, which Postgres'' stack does not hold. depth: how deep it lies in what is masked.';

create function private.retained_payload(type text, payload jsonb) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
declare
  rest jsonb := payload - '{context,identity,contacts,errors}'::text[];
begin
  -- The file is gone, and its name, hash and address are as good as a name.
  return case when jsonb_typeof(rest -> type) = 'object' and type in ('image', 'video', 'audio', 'document', 'sticker')
    then rest || jsonb_build_object(type, (rest -> type) - '{id,sha256,url,link,filename}'::text[])
    else rest end;
end
$$;
comment on function private.retained_payload(text, jsonb) is
  'What stays of a message''s payload: no quoted ids, no contact cards, nothing that leads to a file.';

create function private.retained_id(salt bytea, id uuid) returns uuid
language plpgsql immutable
set search_path = ''
as $$
begin
  return encode(substring(sha256(salt || uuid_send(id)) from 1 for 16), 'hex')::uuid;
end
$$;
comment on function private.retained_id(bytea, uuid) is
  'The id under which something is kept: with a salt that nobody keeps it leads nowhere.';

create function private.retain_messages(contacts uuid[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  salt bytea := extensions.gen_random_bytes(16);
  retained int;
begin
  with people as materialized (
    select given.id, 'person-' || encode(extensions.gen_random_bytes(12), 'hex') as pseudonym, private.mask_pattern(given.id) as pattern
    from unnest(contacts) as given (id)
    where exists (select from public.messages m where m.contact_id = given.id)
  ), threads as materialized (
    select v.id, private.retained_id(salt, v.id) as new_id, v.workspace_id, v.channel, p.pseudonym, p.pattern
    from public.conversations v join people p on p.id = v.contact_id
  ), said as materialized (
    select m.*, t.new_id as thread_id, private.mask(m.body, t.pattern) as masked_body,
      case when m.payload = '{}' then m.payload
        else private.mask_json(private.retained_payload(m.type, m.payload), t.pattern) end as masked_payload
    from threads t
    -- One thread after the other: Postgres keeps few compiled patterns, and each takes a millisecond to make.
    cross join lateral (select * from public.messages o where o.conversation_id = t.id offset 0) as m
  ), kept as (
    insert into public.retained_conversations (id, workspace_id, pseudonym, channel, message_count)
    select t.new_id, t.workspace_id, t.pseudonym, t.channel, (select count(*) from said s where s.thread_id = t.new_id)
    from threads t where exists (select from said s where s.thread_id = t.new_id)
  )
  insert into public.retained_messages (id, workspace_id, conversation_id, direction, sender_type, sender_id, type, body, payload,
    reply_to, status, error_code, reactions, sent_at, delivered_at, read_at, edited_at, revoked_at)
  select private.retained_id(salt, s.id), s.workspace_id, s.thread_id, s.direction, s.sender_type, s.sender_id, s.type, s.masked_body, s.masked_payload,
    (select private.retained_id(salt, q.id) from public.messages q
      where q.wa_message_id = s.reply_to and q.conversation_id = s.conversation_id limit 1), s.status, s.error ->> 'code',
    s.reactions, s.sent_at, s.delivered_at, s.read_at, s.edited_at, s.revoked_at
  from said s;
  get diagnostics retained = row_count;
  return retained;
end
$$;
comment on function private.retain_messages(uuid[]) is
  'Copies what was said with contacts (locked, about to be deleted) to where it is kept under a pseudonym; returns how many messages.';
