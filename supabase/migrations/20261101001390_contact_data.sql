-- Everything held on one contact, section by section, so that nothing has to fit into memory at once.
--
-- A section is a table. Which tables there are, and how their rows belong to a contact, is read from
-- the catalogue: what refers to contacts, and what refers to that.

-- A section: the table, the SQL condition (on t, $1 = the contact) of the rows that are the contact's,
-- and the SQL expressions that its pages go by.
create type private.contact_section as (name text, relation regclass, condition text, sort text);

create function private.contact_links() returns table (relation regclass, condition text, depth int, is_sure boolean)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  with recursive links as (
    select k.conrelid, k.confrelid, a.attname, b.attname as target, a.attnotnull
    from pg_catalog.pg_constraint k
    join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
    join pg_catalog.pg_attribute b on b.attrelid = k.confrelid and b.attnum = k.confkey[1]
    where k.contype = 'f' and cardinality(k.conkey) = 1
  ), reached as (
    select l.conrelid, format('t.%I = $1', l.attname) as condition, 1 as depth, l.attnotnull as is_sure,
      array[l.confrelid, l.conrelid] as path
    from links l where l.confrelid = 'public.contacts'::regclass
    union all
    select l.conrelid, format('t.%I in (select t.%I from %s t where %s)', l.attname, l.target, r.conrelid::regclass, r.condition),
      r.depth + 1, r.is_sure and l.attnotnull, r.path || l.conrelid
    from reached r join links l on l.confrelid = r.conrelid
    where not l.conrelid = any (r.path)
  )
  select r.conrelid::regclass, r.condition, r.depth, r.is_sure from reached r;
end
$$;
comment on function private.contact_links() is
  'Every way from a table to contacts along foreign keys: the condition under which a row t is of the contact $1. is_sure: no column of the way may be null, so that one such way finds all rows.';

create function private.contact_sections() returns setof private.contact_section
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select c.relname::text, w.relation, w.condition,
    -- A contact may have 100,000 messages: read in the order of their index, not sorted for each page.
    case when w.relation = 'public.messages'::regclass then 't.sent_at, t.id' else (
      select string_agg(format('t.%I', a.attname), ', ' order by k.n)
      from pg_catalog.pg_index i
      cross join unnest(i.indkey::smallint[]) with ordinality as k (attnum, n)
      join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
      where i.indrelid = w.relation and i.indisprimary) end
  from (
    select l.relation, coalesce(
      (array_agg(l.condition order by l.depth, l.condition) filter (where l.is_sure))[1], string_agg(distinct l.condition, ' or ')) as condition
    from private.contact_links() l
    group by l.relation
    union all
    select 'public.contacts'::regclass, 't.id = $1'
    union all
    -- The log must outlive what it is about, so nothing refers from it.
    select 'public.activity_log'::regclass,
      't.workspace_id = (select c.workspace_id from public.contacts c where c.id = $1) and t.entity_id = any (
        private.logged_entities((select c.workspace_id from public.contacts c where c.id = $1), array[$1]))'
    union all
    -- Ids that were named together with the contact's and are nobody's yet.
    select 'private.identity_links'::regclass,
      'exists (select from public.contact_identities i where i.contact_id = $1 and i.workspace_id = t.workspace_id
        and i.channel = t.channel and i.external_id = t.external_id)'
  ) as w
  join pg_catalog.pg_class c on c.oid = w.relation
  order by w.relation <> 'public.contacts'::regclass, w.relation = 'public.messages'::regclass, c.relname;
end
$$;
comment on function private.contact_sections() is 'The tables that hold something on contacts; contacts first, messages, the longest, last.';

create function private.contact_row(section private.contact_section, held jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  -- What is only there to find or order rows by.
  row jsonb := held - array['workspace_id', 'search_text', 'facets', 'ranges', 'contact_created_at', 'phone_key', 'storage_path', 'lease_until',
    'next_attempt_at'];
begin
  return case section.relation
    when 'public.internal_notes'::regclass then
      row || jsonb_build_object('author', private.author((held ->> 'author_user_id')::uuid, (held ->> 'author_api_key_id')::uuid))
    when 'public.message_media'::regclass then
      row || jsonb_build_object('url', case when held ->> 'status' = 'stored' then '/functions/v1/media/' || (held ->> 'id') end)
    else row end;
end
$$;
comment on function private.contact_row(private.contact_section, jsonb) is 'A row as contact-data shows it: with its author''s name, with the address of its file.';

create function private.require_scope(scope text) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if not exists (select from private.workspaces_allowing(scope)) then
    perform private.refuse(403, 'insufficient_scope', format('The API key lacks the scope %s.', scope),
      jsonb_build_object('required_scope', scope));
  end if;
end
$$;
comment on function private.require_scope(text) is 'Raises 403 insufficient_scope unless the caller has a further scope beside the operation''s own.';

create function private.contact_section_page(contact uuid, name text, after jsonb, rows int, out items text, out last jsonb)
language plpgsql stable
-- Definer: some tables are the service's. Whose contact it is and what the caller may see is asked here.
security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  section private.contact_section;
begin
  -- Half of what is held would be taken for all of it.
  perform private.require_scope('conversations:read'), private.require_scope('notes:read');
  select * into section from private.contact_sections() s where s.name = contact_section_page.name;
  if section.name is null or not exists (
      select from public.contacts c
      where c.id = contact and c.workspace_id in (select private.workspaces_allowing('contacts:read'))) then
    return;
  end if;
  execute format($sql$
    select '[' || string_agg(private.contact_row($4, to_jsonb(t) - '{_key,_n}'::text[])::text, ',' order by _n) || ']',
      (array_agg(t._key order by _n desc))[1]
    from (
      select t.*, jsonb_build_array(%1$s) as _key, row_number() over (order by %1$s) as _n
      from %2$s t
      where (%3$s) %4$s
      order by %1$s limit $3
    ) as t $sql$, section.sort, section.relation, section.condition,
    case when after is not null then format('and (%s) > (%s)', section.sort, (
      select string_agg(format('%L', v), ', ' order by n) from jsonb_array_elements_text(after) with ordinality as a (v, n))) end)
  into items, last using contact, after, rows, section;
end
$$;
comment on function private.contact_section_page(uuid, text, jsonb, int) is
  'The next rows of a section of a contact of the caller''s workspace after a key (null: the first): JSON text, null if there are none, and the key of the last. 403 insufficient_scope.';

create function api.contact_data(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  contact uuid := private.require_contact(args, array['contacts:read']);
begin
  perform private.require_scope('conversations:read'), private.require_scope('notes:read');
  return row(200, (
    select json_build_object('contact_id', contact, 'sections', json_agg(s.name))::text from private.contact_sections() s),
    null)::private.answer;
end
$$;
comment on function api.contact_data(jsonb) is
  '{ contact_id } → { contact_id: the one it is now, sections: [name] }. 404 contact_not_found, 403 insufficient_scope.';

create function api.contact_data_page(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  page record := private.contact_section_page(private.require_contact(args, array['contacts:read']), args ->> 'section',
    nullif(args -> 'after', 'null'), coalesce((args ->> 'limit')::int, 500));
begin
  return row(200, '{"items":' || coalesce(page.items, '[]') || ',"last":' || coalesce(page.last::text, 'null') || '}', null)::private.answer;
end
$$;
comment on function api.contact_data_page(jsonb) is
  '{ contact_id, section, after?, limit? } → { items: rows, last: the key to go on after, null at the end }. 404 contact_not_found, 403 insufficient_scope.';
