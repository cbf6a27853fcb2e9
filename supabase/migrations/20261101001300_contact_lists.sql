-- The API's operations on many contacts: filters, sorts, pages, and what is counted.

create view private.contact_records with (security_invoker = true) as
select c.id, name, phone, whatsapp_contact_id, email, company, source, channels, status, auto_status, sale_status,
  stage, trim_scale(value) as value, score, grade, sentiment, trim_scale(sentiment_score) as sentiment_score, tags,
  notes, custom, assigned_to, assigned_by, assigned_at, is_vip, is_at_risk, is_mystery_shopper, is_contractor,
  opted_out, do_not_call, completeness, avatar_url, country, message_count, call_count, last_contact_at,
  created_at, updated_at
from public.contacts c join public.contact_activity a on a.contact_id = c.id;
comment on view private.contact_records is 'The contact as the API shows it, field by field in its order.';

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

create function private.contact_conditions(workspace uuid, filter jsonb, checked_only boolean default false) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  -- contact_activity has a workspace_id too. To the planner two such conditions are two chances: of a
  -- workspace with a hundredth of all contacts it would expect a ten-thousandth, and sort what it
  -- could read in order. Written as a number the condition holds, and counts as certain.
  conditions text[] := array[format(
    case when checked_only then '(c.workspace_id = %L::uuid)::int <> 0' else 'c.workspace_id = %L::uuid' end, workspace)];
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
        format('coalesce(a.last_contact_at, ''-infinity''::timestamptz) >= %L::timestamptz', value #>> '{}')
      when 'last_contact_to' then
        format('coalesce(a.last_contact_at, ''-infinity''::timestamptz) <= %L::timestamptz and a.last_contact_at is not null',
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
comment on function private.contact_conditions(uuid, jsonb, boolean) is
  'The filter of list-contacts ({ parameter: value }, lists as arrays) → an SQL condition on private.contact_source in that workspace. checked_only: the workspace is looked up in contact_activity and only checked in contacts. The only place that knows what a filter means.';

create function private.contact_source(workspace uuid, filter jsonb, sort text) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return concat('public.contacts c', case
    when filter ?| '{last_contact_from,last_contact_to}' or ltrim(sort, '-') = 'last_contact_at'
    then format(' join public.contact_activity a on a.contact_id = c.id and a.workspace_id = %L::uuid', workspace) end);
end
$$;
comment on function private.contact_source(uuid, jsonb, text) is
  'The tables that a filter and a sort (null: none) speak of: contacts c and, only if it is needed, contact_activity a.';

create function private.contact_sort(sort text, out expression text, out id text, out type text, out descending boolean)
language plpgsql immutable
set search_path = ''
as $$
begin
  -- The expressions of the indexes: null folded to the least value, so that paging is one range.
  expression := case ltrim(sort, '-')
    when 'created_at' then 'c.created_at'
    when 'updated_at' then 'c.updated_at'
    when 'last_contact_at' then 'coalesce(a.last_contact_at, ''-infinity''::timestamptz)'
    when 'name' then 'lower(coalesce(c.name, ''''))'
    when 'value' then 'coalesce(c.value, 0)'
    when 'score' then 'c.score'
  end;
  id := case ltrim(sort, '-') when 'last_contact_at' then 'a.contact_id' else 'c.id' end;
  type := case ltrim(sort, '-') when 'name' then 'text' when 'value' then 'numeric' when 'score' then 'int' else 'timestamptz' end;
  descending := sort like '-%';
end
$$;
comment on function private.contact_sort(text) is 'A sort of the API → the SQL expression, the id of the same index, the type and direction; expression null: there is no such sort.';

-- Operations ----------------------------------------------------------------------------------

create function private.contact_page(workspace uuid, filter jsonb, sort text, after jsonb, rows int) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  ordering record := private.contact_sort(sort);
  way text := case when ordering.descending then 'desc' else 'asc' end;
  -- Other filters may have an index of contacts that begins with the workspace.
  by_activity_alone boolean := ordering.id = 'a.contact_id' and filter - '{last_contact_from,last_contact_to}'::text[] = '{}';
begin
  return format($sql$
    select c.id, (%1$s)::text as key,
      (select row_to_json(r)::text from private.contact_records r where r.id = c.id) as record
    from %2$s
    where %3$s %4$s
    order by %1$s %5$s, %6$s %5$s
    limit %7$s
    $sql$,
    ordering.expression, private.contact_source(workspace, filter, sort),
    private.contact_conditions(workspace, filter, by_activity_alone), case when after is not null then format('and (%s, %s) %s (%L::%s, %L::uuid)', ordering.expression, ordering.id,
      case when ordering.descending then '<' else '>' end, after ->> 0, ordering.type, after ->> 1) end,
    way, ordering.id, rows);
end
$$;
comment on function private.contact_page(uuid, jsonb, text, jsonb, int) is
  'The query of a page of contacts (id, key, record): that many rows after [key, id]; null: from the beginning.';

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
  query text := concat_ws(' ', 'list_contacts', workspace, sort, filter);
  source text := private.contact_source(workspace, filter, null);
  records text[];
  keys text[];
  ids uuid[];
  total bigint;
begin
  -- One row more than the page tells whether there is a next one.
  execute format('select array_agg(record), array_agg(key), array_agg(id) from (%s) as page',
    private.contact_page(workspace, filter, sort, private.decode_cursor(args ->> 'cursor', query), page_size + 1))
  into records, keys, ids;

  if args ->> 'count' = 'exact' then
    execute format('select count(*) from %s where %s', source, private.contact_conditions(workspace, filter)) into total;
  elsif args ->> 'count' = 'estimated' then
    total := private.estimated_rows(format('select from %s where %s', source,
      private.contact_conditions(workspace, filter, source <> private.contact_source(workspace, '{}', null))));
  end if;

  return row(200, private.data_list(
      '[' || coalesce(array_to_string(records[:page_size], ','), '') || ']',
      case when cardinality(ids) > page_size then private.encode_cursor(query, keys[page_size], ids[page_size]) end,
      coalesce(',"total":' || total, '')),
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

create function api.contact_kpis(args jsonb) returns private.answer
language plpgsql stable
-- Definer: the counts are kept in a service table.
security definer set search_path = ''
as $$
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
