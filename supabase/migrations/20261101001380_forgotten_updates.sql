-- Under which ids a person is looked for outside of their own rows, and what of theirs must not come
-- back once they are deleted: neither what WhatsApp delivers again nor what it tells later.

insert into private.secrets (name, value) values ('erasure', extensions.gen_random_bytes(32));

create function private.erasure_hashes(items text[]) returns table (item text, hash bytea)
language plpgsql stable
-- Definer: only this function may read the key.
security definer set search_path = ''
as $$
begin
  return query
  select i, substring(extensions.hmac(convert_to(i, 'UTF8'), s.value, 'sha256') from 1 for 16)
  from unnest(items) i cross join private.secrets s where s.name = 'erasure' and i is not null;
end
$$;
comment on function private.erasure_hashes(text[]) is
  'Keyed hashes of what must not be kept but be recognised. Whoever has the database has the key as well: it keeps copies of single tables from being tried out.';

-- Under which ids a person is found -----------------------------------------------------------

create function private.external_ids(contacts uuid[]) returns text[]
language plpgsql stable
set search_path = ''
as $$
begin
  return array(
    with known as (
      select i.workspace_id, i.channel, i.external_id from public.contact_identities i where i.contact_id = any (contacts)
      union
      select c.workspace_id, 'whatsapp', c.whatsapp_contact_id from public.contacts c
      where c.id = any (contacts) and c.whatsapp_contact_id is not null
      union
      select m.workspace_id, 'whatsapp', m.duplicate ->> 'whatsapp_contact_id' from public.contact_merges m
      where m.primary_id = any (contacts) and m.duplicate ->> 'whatsapp_contact_id' is not null
    ), linked as (
      select k.channel, k.external_id from known k
      union
      -- What some update named together with them and is nobody's yet.
      select l.other_channel, l.other_id
      from known k
      join private.identity_links l
        on l.workspace_id = k.workspace_id and l.channel = k.channel and l.external_id = k.external_id
    )
    select distinct s.id from linked l cross join lateral private.id_spellings(l.channel, l.external_id) as s (id));
end
$$;
comment on function private.external_ids(uuid[]) is
  'The ids of contacts in all spellings: numbers (digits), business-scoped user ids, ids of other channels.';

create table private.erasure_keys (
  receipt_id uuid not null,
  key text not null,
  primary key (receipt_id, key)
);
alter table private.erasure_keys enable row level security;
comment on table private.erasure_keys is
  'What running deletions look for in raw deliveries and the like: ids of the people and of their latest messages. Emptied when a deletion is through.';

-- What an update is known by: an id of WhatsApp's or ours, and the number that it is about. Another
-- workspace's update is another one, whatever its id.
create type private.update_name as (phone_number_id text, id text);

create function private.latest_updates(contacts uuid[]) returns private.update_name[]
language plpgsql stable
set search_path = ''
as $$
begin
  -- For as long as deliveries are kept.
  return array(
    select distinct told::private.update_name
    from (
      select m.phone_number_id, unnest(array[m.wa_message_id, case when m.direction = 'outbound' then m.id::text end]) as id
      from public.messages m
      where m.contact_id = any (contacts) and m.created_at > now() - interval '30 days'
      union all
      select h.phone_number_id, h.wa_message_id from public.message_changes h
      where h.contact_id = any (contacts) and h.created_at > now() - interval '30 days'
      union all
      select o.phone_number_id, unnest(array[o.wa_message_id, o.id::text])
      from private.outbox o join public.conversations v on v.id = o.conversation_id where v.contact_id = any (contacts)
      union all
      select k.phone_number_id, k.wa_call_id from public.calls k
      where k.contact_id = any (contacts) and k.created_at > now() - interval '30 days'
    ) as told
    where told.id is not null and told.phone_number_id is not null);
end
$$;
comment on function private.latest_updates(uuid[]) is
  'What WhatsApp may still deliver again or tell more about: the contacts'' messages, changes and calls, and the opaque data of what we sent.';

create function private.keep_erasure_keys(receipt uuid, ids text[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.erasure_keys (receipt_id, key)
  select distinct receipt, k from unnest(ids) k where char_length(k) between 5 and 512 order by 2
  on conflict do nothing;
end
$$;
comment on function private.keep_erasure_keys(uuid, text[]) is 'Notes what a deletion is to look for in raw deliveries and the like.';

-- What must not come back ---------------------------------------------------------------------

create table private.forgotten_updates (
  hash bytea primary key,
  forgotten_at timestamptz not null default now()
);
create index forgotten_updates_forgotten_idx on private.forgotten_updates (forgotten_at);
alter table private.forgotten_updates enable row level security;
comment on table private.forgotten_updates is
  'Keyed hashes of messages, calls and other updates of deleted people: WhatsApp delivers again for seven days and tells statuses for thirty, and neither brings anybody back. Swept after 31 days.';

create function private.forget_updates(updates private.update_name[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.forgotten_updates (hash)
  select distinct h.hash from private.erasure_hashes(array(select u.phone_number_id || ' ' || u.id from unnest(updates) u)) h order by 1
  on conflict do nothing;
end
$$;
comment on function private.forget_updates(private.update_name[]) is 'Updates that are left out from now on.';

-- Taking updates out of JSON ------------------------------------------------------------------

create function private.may_name(item jsonb, keys text[]) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  -- Looking for each of many takes longer than taking the JSON apart, and what JSON escapes is spelt
  -- otherwise in its text.
  return cardinality(keys) > 60 or private.holds_any(item::text, keys) or array_to_string(keys, '') ~ '["\\[:cntrl:]]';
end
$$;
comment on function private.may_name(jsonb, text[]) is
  'False: none of the ids is anywhere in the JSON. Costs a tenth of taking it apart.';

create function private.names_itself(item jsonb, keys text[], depth int default 0) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return case jsonb_typeof(item)
    when 'string' then ltrim(item #>> '{}', '+') = any (keys)
    when 'number' then item #>> '{}' = any (keys)
    -- WhatsApp nests ten deep, and Postgres' stack is finite: what is deeper is not told apart.
    when 'object' then (case when depth >= 50 then private.may_name(item, keys) else exists (
      select from jsonb_each(item) m where jsonb_typeof(m.value) <> 'array' and private.names_itself(m.value, keys, depth + 1)) end)
    else false end;
end
$$;
comment on function private.names_itself(jsonb, text[], int) is
  'Whether JSON holds one of the ids, not counting the lists in it, whose elements speak for themselves. depth: how deep it lies in what is looked at.';

create function private.without_items(value jsonb, keys text[], depth int default 0) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  return case when depth >= 50 then case when private.may_name(value, keys) then 'null' else value end
    when jsonb_typeof(value) = 'array' then (
      select coalesce(jsonb_agg(case when o.may_name then private.without_items(e, keys, depth + 1) else e end order by n), '[]')
      from jsonb_array_elements(value) with ordinality as a (e, n)
      cross join lateral (select private.may_name(e, keys) as may_name offset 0) as o
      where not (o.may_name and private.names_itself(e, keys)))
    when jsonb_typeof(value) = 'object' then (
      select coalesce(jsonb_object_agg(o.key, private.without_items(o.value, keys, depth + 1)), '{}') from jsonb_each(value) o)
    else value end;
end
$$;
comment on function private.without_items(jsonb, text[], int) is
  'JSON without the elements of its lists (at any depth) that hold one of the ids: of a delivery, without the updates that are about them.';

create function private.json_tokens(body text) returns setof text
language plpgsql immutable
set search_path = ''
as $$
begin
  -- Ids have neither quotes nor escapes but that of the slash: cutting costs a fraction of parsing.
  return query
  select ltrim(t, '+')
  from string_to_table(translate(replace(body, '\/', '/'), e':,{}[] \n\t', '"""""""""'), '"') as t
  where char_length(t) between 5 and 512;
end
$$;
comment on function private.json_tokens(text) is 'What in a JSON text may be an id, a leading + left out.';

-- What comes from WhatsApp again --------------------------------------------------------------

create function private.update_names(body jsonb) returns setof private.update_name
language plpgsql immutable
set search_path = ''
as $$
declare
  told text := body::text;
  -- Most deliveries have few of these, and to look for a word costs a hundredth of looking along a path.
  ids jsonpath[] := array(
    select p.path from (values ('"id"', jsonpath '$.value.*.id'), ('"message_id"', '$.value.*.*.message_id'),
      ('"original_message_id"', '$.value.*.*.original_message_id'),
      ('"biz_opaque_callback_data"', '$.value.*.biz_opaque_callback_data'), ('"history"', '$.value.history.threads.messages.id')) as p (word, path)
    where strpos(told, p.word) > 0);
  -- What has no id of its own is known by all of it.
  wholes jsonpath[] := array(
    select p.path from (values ('"user_preferences"', jsonpath '$.value.user_preferences[*]'), ('"user_id_update"', '$.value.user_id_update[*]'),
      ('"state_sync"', '$.value.state_sync[*]')) as p (word, path)
    where strpos(told, p.word) > 0);
begin
  return query
  select distinct c.number, n.id
  from jsonb_path_query(body, '$.entry.changes[*]') as change
  cross join lateral (select change #>> '{value,metadata,phone_number_id}' as number offset 0) as c
  cross join lateral (
    select found.id #>> '{}' from unnest(ids) path cross join lateral jsonb_path_query(change, path) as found (id)
    where jsonb_typeof(found.id) = 'string'
    union all
    select item::text from unnest(wholes) path cross join lateral jsonb_path_query(change, path) as item
  ) as n (id)
  where c.number is not null;
end
$$;
comment on function private.update_names(jsonb) is
  'What the updates of a delivery (or a list of them) are known by: their ids, those of the messages that they change, their opaque data; the whole text of those without an id. What a reply quotes is not among them.';

create function private.is_nobody_forgotten() returns boolean
language plpgsql volatile
set search_path = ''
as $$
begin
  -- Before the table is read: a deletion waits for whoever may have read it too early (private.is_past).
  perform pg_current_xact_id();
  return not exists (select from private.forgotten_updates);
end
$$;
comment on function private.is_nobody_forgotten() is
  'Whether nobody was deleted in the last month: all that most deliveries are asked.';

create function private.forgotten_in(body jsonb) returns private.update_name[]
language plpgsql volatile
set search_path = ''
as $$
begin
  return case when private.is_nobody_forgotten() then '{}' else array(
    with told as materialized (select u.phone_number_id, u.id, u.phone_number_id || ' ' || u.id as item from private.update_names(body) u)
    select row(t.phone_number_id, t.id)::private.update_name
    from private.erasure_hashes(array(select t.item from told t)) h
    join told t on t.item = h.item
    -- One look a name. A join reads all that was forgotten, however few names there are.
    where (select true from private.forgotten_updates f where f.hash = h.hash)) end;
end
$$;
comment on function private.forgotten_in(jsonb) is 'Those of the updates of a delivery (or of a list of them) that were forgotten.';

create function private.without_forgotten_change(change jsonb, updates private.update_name[]) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
declare
  value jsonb := change -> 'value';
  forgotten text[] := array(
    select u.id from unnest(updates) u where u.phone_number_id = change #>> '{value,metadata,phone_number_id}');
  rest jsonb;
begin
  if jsonb_typeof(value) is distinct from 'object' or cardinality(forgotten) = 0 then
    return change;
  end if;
  rest := (
    select coalesce(jsonb_object_agg(l.key, case when l.key in ('user_preferences', 'user_id_update', 'state_sync') then (
        select coalesce(jsonb_agg(i.item order by i.n), '[]')
        from jsonb_array_elements(private.json_list(l.value)) with ordinality as i (item, n) where not i.item::text = any (forgotten))
      else private.without_quoting(l.value, forgotten) end), '{}')
    from jsonb_each(value) l);
  if rest ? 'contacts' then
    -- Who is named beside what is left out goes with it, unless something else is left of theirs.
    rest := rest || jsonb_build_object('contacts', (
      select coalesce(jsonb_agg(p order by n), '[]')
      from jsonb_array_elements(private.json_list(rest -> 'contacts')) with ordinality as a (p, n)
      where exists (
        select from jsonb_each(rest - 'contacts') l cross join jsonb_array_elements(private.json_list(l.value)) as item
        where private.names_itself(item, array_remove(array[p ->> 'wa_id', p ->> 'user_id'], null)))));
  end if;
  return change || jsonb_build_object('value', rest);
end
$$;
comment on function private.without_forgotten_change(jsonb, private.update_name[]) is
  'A change of a delivery without these updates, as far as they are of its number, and without the people whom only these name.';

create function private.without_quoting(value jsonb, forgotten text[], depth int default 0) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  return case when not private.may_name(value, forgotten) then value
    when depth >= 50 then 'null'
    when jsonb_typeof(value) = 'array' then (
      select coalesce(jsonb_agg(r.rest order by n), '[]')
      from jsonb_array_elements(value) with ordinality as a (e, n)
      cross join lateral (select private.without_quoting(e, forgotten, depth + 1) as rest offset 0) as r
      -- A reply to what was forgotten is news all the same.
      where jsonb_typeof(e) <> 'object' or not private.names_itself(e - 'context', forgotten)
        -- A chat of the history says by itself whose it is.
        and (r.rest -> 'messages' is distinct from '[]' or e -> 'messages' = '[]'))
    when jsonb_typeof(value) = 'object' then (
      select coalesce(jsonb_object_agg(o.key, private.without_quoting(o.value, forgotten, depth + 1)), '{}') from jsonb_each(value) o)
    else value end;
end
$$;
comment on function private.without_quoting(jsonb, text[], int) is
  'As private.without_items, but what merely quotes one of the ids stays; a chat goes with the last of its messages.';

create function private.without_updates(body jsonb, updates private.update_name[]) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  return case when cardinality(updates) = 0 then body
    when jsonb_typeof(body) = 'array' then (
      select coalesce(jsonb_agg(private.without_updates(d, updates) order by n), '[]')
      from jsonb_array_elements(body) with ordinality as a (d, n))
    when jsonb_typeof(body -> 'entry') = 'array' then jsonb_set(body, '{entry}', (
      select coalesce(jsonb_agg(case when jsonb_typeof(e -> 'changes') = 'array' then e || jsonb_build_object('changes', (
          select coalesce(jsonb_agg(private.without_forgotten_change(c, updates) order by m), '[]')
          from jsonb_array_elements(e -> 'changes') with ordinality as k (c, m))) else e end order by n), '[]')
      from jsonb_array_elements(body -> 'entry') with ordinality as a (e, n)))
    else body end;
end
$$;
comment on function private.without_updates(jsonb, private.update_name[]) is 'A delivery (or a list of them) without these updates.';

create function private.without_forgotten(body jsonb) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
begin
  return private.without_updates(body, private.forgotten_in(body));
end
$$;
comment on function private.without_forgotten(jsonb) is
  'A delivery (or a list of them) without what deleted people said and what is told about that.';

create function private.without_forgotten(body text) returns text
language plpgsql volatile
set search_path = ''
as $$
declare
  parsed jsonb;
  rest jsonb;
begin
  if private.is_nobody_forgotten() then
    return body;
  end if;
  parsed := body::jsonb;
  rest := private.without_forgotten(parsed);
  -- Kept as it came, to the letter, unless something has to go.
  return case when rest = parsed then body else rest::text end;
end
$$;
comment on function private.without_forgotten(text) is 'The same of a delivery as text, which stays to the letter if nothing is left out.';
