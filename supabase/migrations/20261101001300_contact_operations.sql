-- The API's operations on contacts.

create view private.contact_records with (security_invoker = true) as
select id, name, phone, whatsapp_contact_id, email, company, source, channels, status, auto_status, sale_status,
  stage, trim_scale(value) as value, score, grade, sentiment, trim_scale(sentiment_score) as sentiment_score, tags,
  notes, custom, assigned_to, assigned_by, assigned_at, is_vip, is_at_risk, is_mystery_shopper, is_contractor,
  opted_out, do_not_call, completeness, avatar_url, country, message_count, call_count, last_contact_at,
  created_at, updated_at
from public.contacts;
comment on view private.contact_records is 'The contact as the API shows it, field by field in its order.';

create function private.contact_answer(status int, contact uuid) returns private.answer
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return (
    select row(contact_answer.status, private.data(row_to_json(r)),
      jsonb_build_object('ETag', '"' || c.version || '"'))::private.answer
    from private.contact_records r join public.contacts c using (id)
    where r.id = contact
  );
end
$$;
comment on function private.contact_answer(int, uuid) is 'A contact as an answer, with its ETag.';

-- Filters -------------------------------------------------------------------------------------

create function private.like_pattern(value text) returns text
language plpgsql immutable strict
set search_path = ''
as $$
begin
  return '%' || regexp_replace(value, '([\\%_])', '\\\1', 'g') || '%';
end
$$;
comment on function private.like_pattern(text) is 'A LIKE pattern for text that contains the value literally.';

create function private.search_condition(search text) returns text
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- A phone number is found by its digits, however it is punctuated; but what looks like one may
  -- also be a date or part of a name ("24-7").
  if search ~ '^[-+().\s0-9]*[0-9][-+().\s0-9]*$' and search ~ '[^0-9]' then
    return format('(c.search_text like %L or c.search_text like %L)',
      private.like_pattern(private.digits(search)), private.like_pattern(btrim(search)));
  end if;
  -- Else every word counts.
  return (
    select coalesce(string_agg(format('c.search_text like %L', private.like_pattern(word)), ' and '), 'true')
    from regexp_split_to_table(private.fold(search), '\s+') as word
    where word <> ''
  );
end
$$;
comment on function private.search_condition(text) is 'A search text → an SQL condition on contacts c.';

create function private.contact_conditions(workspace uuid, filter jsonb) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  conditions text[] := array[format('c.workspace_id = %L::uuid', workspace)];
  name text;
  value jsonb;
  list text[];
begin
  for name, value in select * from jsonb_each(filter) loop
    list := array(select jsonb_array_elements_text(private.json_list(value)));
    conditions := conditions || case name
      when 'search' then private.search_condition(value #>> '{}')
      when 'status' then format('c.status = any (%L::public.contact_status[])', list)
      when 'auto_status' then format('c.auto_status = any (%L::public.contact_auto_status[])', list)
      when 'source' then format('c.source = any (%L::public.contact_source[])', list)
      when 'channel' then format('c.channels && %L::text[]', list)
      when 'stage' then format('c.stage = any (%L::text[])', list)
      when 'sale_status' then format('c.sale_status = any (%L::public.contact_sale_status[])', list)
      when 'grade' then format('c.grade = any (%L::public.contact_grade[])', list)
      when 'sentiment' then format('c.sentiment = any (%L::public.sentiment_level[])', list)
      when 'tags' then format('c.tags && %L::text[]', list)
      when 'tags_all' then format('c.tags @> %L::text[]', list)
      when 'created_from' then format('c.created_at >= %L::timestamptz', value #>> '{}')
      when 'created_to' then format('c.created_at <= %L::timestamptz', value #>> '{}')
      -- The same expression as in the index; a contact never contacted has no last contact to compare.
      when 'last_contact_from' then
        format('coalesce(c.last_contact_at, ''-infinity''::timestamptz) >= %L::timestamptz', value #>> '{}')
      when 'last_contact_to' then
        format('coalesce(c.last_contact_at, ''-infinity''::timestamptz) <= %L::timestamptz and c.last_contact_at is not null',
          value #>> '{}')
      when 'has_email' then case when value = 'true' then 'c.email is not null' else 'c.email is null' end
      when 'call_count_min' then format('c.call_count >= %L::int', value #>> '{}')
      when 'call_count_max' then format('c.call_count <= %L::int', value #>> '{}')
      when 'score_min' then format('c.score >= %L::int', value #>> '{}')
      when 'score_max' then format('c.score <= %L::int', value #>> '{}')
      when 'value_min' then format('c.value >= %L::numeric', value #>> '{}')
      when 'value_max' then format('c.value <= %L::numeric', value #>> '{}')
      when 'assigned_to' then case value #>> '{}'
        when 'none' then 'c.assigned_to is null'
        when 'me' then format('c.assigned_to = %L::uuid', private.claims() ->> 'sub')
        else format('c.assigned_to = %L::uuid', value #>> '{}') end
      else
        case when name in ('is_vip', 'is_at_risk', 'is_mystery_shopper', 'is_contractor', 'opted_out', 'do_not_call')
          then format('c.%I = %L::boolean', name, value #>> '{}') end
    end;
    if conditions[cardinality(conditions)] is null then
      perform private.refuse_field('/' || name, 'unknown_parameter', format('There is no filter %s.', name));
    end if;
  end loop;
  return array_to_string(conditions, ' and ');
end
$$;
comment on function private.contact_conditions(uuid, jsonb) is
  'The filter of list-contacts ({ parameter: value }, lists as arrays) → an SQL condition on contacts c in that workspace. The only place that knows what a filter means.';

create function private.contact_sort(sort text, out expression text, out type text, out descending boolean)
language plpgsql immutable
set search_path = ''
as $$
begin
  -- The expressions of the indexes: null folded to the least value, so that paging is one range.
  expression := case ltrim(sort, '-')
    when 'created_at' then 'c.created_at'
    when 'updated_at' then 'c.updated_at'
    when 'last_contact_at' then 'coalesce(c.last_contact_at, ''-infinity''::timestamptz)'
    when 'name' then 'lower(coalesce(c.name, ''''))'
    when 'value' then 'coalesce(c.value, 0)'
    when 'score' then 'c.score'
  end;
  type := case ltrim(sort, '-') when 'name' then 'text' when 'value' then 'numeric' when 'score' then 'int' else 'timestamptz' end;
  descending := sort like '-%';
end
$$;
comment on function private.contact_sort(text) is 'A sort of the API → the SQL expression, its type and direction; expression null: there is no such sort.';

-- Operations ----------------------------------------------------------------------------------

create function api.list_contacts(args jsonb) returns private.answer
language plpgsql stable
-- Definer: `like` and `&&` are not leakproof, so under a policy Postgres would have to scan the
-- table (621 ms instead of 5 on a million rows). The workspace condition stands in every query instead.
security definer set search_path = ''
as $$
declare
  filter jsonb := coalesce(args -> 'filter', '{}');
  sort text := coalesce(args ->> 'sort', '-created_at');
  page_size int := coalesce((args ->> 'limit')::int, 50);
  workspace uuid := private.current_workspace('contacts:read');
  conditions text := private.contact_conditions(workspace, filter);
  ordering record := private.contact_sort(sort);
  query text := concat_ws(' ', 'list_contacts', workspace, sort, filter);
  after jsonb := private.decode_cursor(args ->> 'cursor', query);
  records text[];
  keys text[];
  ids uuid[];
  more boolean;
  total bigint;
begin
  -- One row more than the page tells whether there is a next one.
  execute format($sql$
    select array_agg(record), array_agg(key), array_agg(id)
    from (
      select c.id, (%1$s)::text as key,
        (select row_to_json(r)::text from private.contact_records r where r.id = c.id) as record
      from public.contacts c
      where %3$s %4$s
      order by %1$s %2$s, c.id %2$s
      limit %5$s
    ) as page
    $sql$,
    ordering.expression, case when ordering.descending then 'desc' else 'asc' end, conditions,
    case when after is not null then format('and (%s, c.id) %s (%L::%s, %L::uuid)',
      ordering.expression, case when ordering.descending then '<' else '>' end, after ->> 0, ordering.type, after ->> 1) end,
    page_size + 1)
  into records, keys, ids;
  more := cardinality(ids) > page_size;

  if args ->> 'count' = 'exact' then
    execute 'select count(*) from public.contacts c where ' || conditions into total;
  elsif args ->> 'count' = 'estimated' then
    total := private.estimated_rows('select from public.contacts c where ' || conditions);
  end if;

  return row(200,
    '{"data":[' || coalesce(array_to_string(records[:page_size], ','), '') || '],"next_cursor":'
      || coalesce(to_json(case when more then private.encode_cursor(query, keys[page_size], ids[page_size]) end)::text, 'null')
      || coalesce(',"total":' || total, '') || '}',
    null)::private.answer;
end
$$;
comment on function api.list_contacts(jsonb) is
  '{ filter, sort, limit, cursor, count } → a page of contacts. 400 invalid_cursor; 403 insufficient_scope.';

create function private.estimated_rows(query text) returns bigint
language plpgsql volatile -- explain is not allowed otherwise
set search_path = ''
as $$
declare
  plan json;
begin
  execute 'explain (format json) ' || query into plan;
  return (plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint;
end
$$;
comment on function private.estimated_rows(text) is 'How many rows the planner expects a query to return.';

create function private.require_contact(args jsonb, scopes text[]) returns uuid
language plpgsql stable
-- Definer: an operation of another room (handoff, notes) may find a contact that its scope cannot read.
security definer set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace(variadic scopes);
  contact uuid;
begin
  if args ? 'contact_id' then
    select c.id into contact from public.contacts c where c.id = (args ->> 'contact_id')::uuid and c.workspace_id = workspace;
  else
    contact := private.contact_by_phone(workspace, private.digits(args ->> 'phone'));
  end if;
  if contact is null then
    perform private.refuse(404, 'contact_not_found', 'There is no such contact.');
  end if;
  return contact;
end
$$;
comment on function private.require_contact(jsonb, text[]) is
  '{ contact_id } or { phone } → the id of the contact in the caller''s workspace; 404 contact_not_found.';

create function api.get_contact(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  contact uuid := private.require_contact(args, array['contacts:read']);
begin
  return (
    select row(200, private.data(row_to_json(detail)), jsonb_build_object('ETag', '"' || c.version || '"'))::private.answer
    from public.contacts c
    cross join lateral (
      select r.*,
        (select row_to_json(v) from private.conversation_records v
          where v.id = (
            select o.id from public.conversations o
            where o.contact_id = c.id and o.status = 'active'
            order by coalesce(o.last_message_at, o.created_at) desc limit 1)) as conversation,
        (select coalesce(json_agg(row_to_json(n) order by n.created_at desc, n.id desc), '[]')
          from (
            select * from private.note_records n where n.entity_type = 'lead' and n.entity_id = c.id
            order by n.created_at desc, n.id desc limit 10) as n) as latest_notes,
        (select coalesce(json_agg(json_build_object(
              'channel', i.channel, 'external_id', i.external_id, 'created_at', i.created_at) order by i.created_at, i.id), '[]')
          from public.contact_identities i where i.contact_id = c.id) as identities
      from private.contact_records r where r.id = c.id
    ) as detail
    where c.id = contact
  );
end
$$;
comment on function api.get_contact(jsonb) is
  '{ contact_id } or { phone } → the contact with its open conversation, ten latest notes and identities. 404 contact_not_found.';

-- What the API may write into a contact, from a JSON object that holds only what was given.
create function private.given_contact(given jsonb, current public.contacts) returns public.contacts
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return jsonb_populate_record(current, given - array['status', 'sale_status', 'tags', 'custom', 'channels', 'source',
      'is_vip', 'is_mystery_shopper', 'is_contractor', 'opted_out', 'do_not_call', 'stage']
    || (
      -- Where a column must have a value, null clears it to its beginning.
      select coalesce(jsonb_object_agg(key, coalesce(nullif(given -> key, 'null'), neutral)), '{}')
      from (values ('status', '"new"'::jsonb), ('sale_status', '"none"'), ('tags', '[]'), ('custom', '{}'),
        ('channels', '[]'), ('source', '"manual"'), ('is_vip', 'false'), ('is_mystery_shopper', 'false'),
        ('is_contractor', 'false'), ('opted_out', 'false'), ('do_not_call', 'false'), ('stage', 'null'))
        as neutral_values (key, neutral)
      where given ? key));
end
$$;
comment on function private.given_contact(jsonb, public.contacts) is 'The contact with the given fields written over it; null clears.';

create function private.write_contact(contact uuid, given jsonb) returns void
language plpgsql
set search_path = ''
as $$
declare
  c public.contacts := (select c from public.contacts c where c.id = contact);
begin
  if given ? 'tags' then
    -- A flag given beside the tags is meant: without this, the tags' list would decide alone.
    given := given || jsonb_build_object('tags', (
      select private.with_tag(private.with_tag(list, 'opt-out', coalesce((given ->> 'opted_out')::boolean, 'opt-out' = any (list))),
        'Do Not Call', coalesce((given ->> 'do_not_call')::boolean, 'Do Not Call' = any (list)))
      from private.clean_tags(array(select jsonb_array_elements_text(private.json_list(given -> 'tags')))) as list));
  end if;
  c := private.given_contact(given, c);
  update public.contacts t
  set name = c.name, phone = c.phone, email = c.email, company = c.company, source = c.source, channels = c.channels,
    status = c.status, sale_status = c.sale_status, stage = c.stage, value = c.value, tags = c.tags, notes = c.notes,
    custom = c.custom, assigned_to = c.assigned_to, is_vip = c.is_vip, is_mystery_shopper = c.is_mystery_shopper,
    is_contractor = c.is_contractor, opted_out = c.opted_out, do_not_call = c.do_not_call, avatar_url = c.avatar_url,
    country = c.country
  where t.id = contact;
end
$$;
comment on function private.write_contact(uuid, jsonb) is 'Writes the given fields of a contact that the caller has locked.';

create function private.existing_contact(workspace uuid, phone text) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  perform private.refuse(409, 'contact_exists', 'A contact with this phone number exists already.',
    jsonb_build_object('contact_id', private.contact_by_phone(workspace, private.digits(phone))));
end
$$;
comment on function private.existing_contact(uuid, text) is 'Raises 409 contact_exists with the contact''s id.';

create function api.create_contact(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:write');
  given jsonb := args -> 'contact';
  actor private.actor := private.current_actor();
  existing uuid := private.contact_by_phone(workspace, private.digits(given ->> 'phone'));
  c public.contacts;
  created uuid;
  answer private.answer;
begin
  if existing is null then
    c := private.given_contact(
      jsonb_build_object('source', case actor.type when 'api_key' then 'api' else 'manual' end,
        'tags', '[]'::jsonb, 'custom', '{}'::jsonb, 'channels', '[]'::jsonb, 'status', 'new', 'sale_status', 'none',
        'is_vip', false, 'is_mystery_shopper', false, 'is_contractor', false, 'opted_out', false, 'do_not_call', false)
      || given, null);
    insert into public.contacts (workspace_id, name, phone, email, company, source, channels, status, sale_status,
      stage, value, tags, notes, custom, assigned_to, is_vip, is_mystery_shopper, is_contractor, opted_out,
      do_not_call, avatar_url, country)
    values (workspace, c.name, c.phone, c.email, c.company, c.source, c.channels, c.status, c.sale_status,
      c.stage, c.value, c.tags, c.notes, c.custom, c.assigned_to, c.is_vip, c.is_mystery_shopper, c.is_contractor,
      c.opted_out, c.do_not_call, c.avatar_url, c.country)
    on conflict on constraint contacts_phone_key do nothing
    returning id into created;
    existing := coalesce(created, private.contact_by_phone(workspace, private.digits(given ->> 'phone')));
  end if;
  if created is null and args ->> 'on_conflict' is distinct from 'update' then
    perform private.existing_contact(workspace, given ->> 'phone');
  elsif created is null then
    perform from public.contacts t where t.id = existing for no key update;
    -- The number that is stored stays as it is: the one given may be a variant of it.
    perform private.write_contact(existing, given - array['phone', 'country']);
    return private.contact_answer(200, existing);
  end if;
  answer := private.contact_answer(201, created);
  answer.headers := answer.headers || jsonb_build_object('Location', '/functions/v1/get-contact?contact_id=' || created);
  return answer;
end
$$;
comment on function api.create_contact(jsonb) is
  '{ contact: { phone (E.164), … }, on_conflict? } → 201 the new contact, or 200 with on_conflict update. 409 contact_exists with contact_id.';

create function api.update_contact(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  contact uuid := private.require_contact(args, array['contacts:write']);
  given jsonb := args -> 'set';
  c public.contacts;
  tags text[];
  taken uuid;
begin
  select * into c from public.contacts t where t.id = contact for no key update;
  if c.id is null then
    perform private.refuse(404, 'contact_not_found', 'There is no such contact.');
  end if;
  if not private.matches_etag(args ->> 'if_match', '"' || c.version || '"') then
    perform private.refuse(412, 'precondition_failed', 'The contact has changed since it was read.',
      jsonb_build_object('etag', '"' || c.version || '"'));
  end if;
  if args ? 'add_tags' or args ? 'remove_tags' then
    tags := case when given ? 'tags' then array(select jsonb_array_elements_text(private.json_list(given -> 'tags'))) else c.tags end
      || array(select jsonb_array_elements_text(private.json_list(args -> 'add_tags')));
    given := given || jsonb_build_object('tags', array(
      select t from unnest(private.clean_tags(tags)) t
      where not t = any (private.clean_tags(array(select jsonb_array_elements_text(private.json_list(args -> 'remove_tags')))))));
  end if;
  if given ->> 'phone' is not null then
    taken := private.contact_by_phone(c.workspace_id, private.digits(given ->> 'phone'));
    if taken <> contact then
      perform private.existing_contact(c.workspace_id, given ->> 'phone');
    end if;
  elsif given ? 'phone' then
    given := given || '{"country": null}';
  end if;
  perform private.write_contact(contact, given);
  return private.contact_answer(200, contact);
exception when unique_violation then
  perform private.existing_contact(c.workspace_id, given ->> 'phone');
end
$$;
comment on function api.update_contact(jsonb) is
  '{ contact_id, set, add_tags?, remove_tags?, if_match? } → the contact. 404 contact_not_found, 409 contact_exists, 412 precondition_failed.';

create function private.matches_etag(if_match text, etag text) returns boolean
language plpgsql immutable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return if_match is null or btrim(if_match) = '*'
    or etag = any (select btrim(tag) from regexp_split_to_table(if_match, ',') as tag);
end
$$;
comment on function private.matches_etag(text, text) is 'RFC 9110 If-Match: no header, *, or a list with the (strong) tag.';

create function api.contact_kpis(args jsonb) returns private.answer
language plpgsql stable
-- Definer: the counts are kept in a service table.
security definer set search_path = ''
as $$
#variable_conflict use_column
begin
  return (
    with counts as (
      select * from private.contact_counts(private.current_workspace('contacts:read'),
        coalesce((args ->> 'include_test')::boolean, false))
    ), sums as (
      select sum(contacts) as total,
        sum(contacts) filter (where status in ('qualified', 'converted')) as qualified,
        sum(contacts) filter (where status = 'lost') as lost
      from counts
    )
    select row(200, private.data(json_build_object(
        'total_contacts', total,
        'qualified_leads', qualified,
        'conversion_rate', case when total > 0 then trim_scale(round(100.0 * qualified / total, 2)) else 0 end,
        'lost_leads', lost,
        'by_status', (select json_object_agg(status, contacts order by status) from counts))), null)::private.answer
    from sums
  );
end
$$;
comment on function api.contact_kpis(jsonb) is '{ include_test? } → the KPIs; mystery shoppers are left out unless asked for.';

create function api.contact_tags(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:read');
begin
  return (
    select row(200, private.data(coalesce(json_agg(json_build_object('tag', tag, 'count', n) order by n desc, tag), '[]')), null)::private.answer
    from (
      select tag, count(*) as n
      from public.contacts c cross join unnest(c.tags) as tag
      where c.workspace_id = workspace
      group by tag
    ) as counted
  );
end
$$;
comment on function api.contact_tags(jsonb) is '{} → the workspace''s tags with how many contacts have each, most used first.';
