-- Lists of records, page by page.

create function private.assignee_condition(attribute text, value text) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return case value
    when 'none' then format('t.%I is null', attribute)
    when 'me' then format('t.%I = %L::uuid', attribute, private.claims() ->> 'sub')
    else format('t.%I = %L::uuid', attribute, value) end;
end
$$;
comment on function private.assignee_condition(text, text) is
  'me, none or a user id → an SQL condition on a column of t; an API key is nobody, so its `me` finds nothing.';

create function private.filter_conditions(workspace uuid, filter jsonb, known jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
declare
  conditions text[] := array[format('t.workspace_id = %L::uuid', workspace)];
  name text;
  value jsonb;
begin
  for name, value in select * from jsonb_each(filter) loop
    if known ->> name is null then
      perform private.refuse_field('/' || name, 'unknown_parameter', format('There is no filter %s.', name));
    end if;
    conditions := conditions
      || format(known ->> name, value #>> '{}', array(select jsonb_array_elements_text(private.json_list(value))));
  end loop;
  return conditions;
end
$$;
comment on function private.filter_conditions(uuid, jsonb, jsonb) is
  'The filter of a list ({ parameter: value }, lists as arrays) → SQL conditions on its rows t in that workspace. known: { parameter: condition, with %1$L for the value, %2$L for the list }. 422 for any other.';

create function private.contact_filter(filter jsonb, scope text) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return case when filter ? 'contact_id' then format('t.contact_id = %L::uuid', private.require_contact(filter, array[scope])) end;
end
$$;
comment on function private.contact_filter(jsonb, text) is
  '{ contact_id? } → the condition that rows t are the contact''s, found under any id that it has had; null without one. 404 contact_not_found.';

create function private.keyset_page(relation text, records text, conditions text[], key text, descending boolean, query text, args jsonb)
returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  page_size int := coalesce((args ->> 'limit')::int, 50);
  after jsonb := private.decode_cursor(args ->> 'cursor', query);
  found_records text[];
  keys text[];
  ids uuid[];
begin
  execute format($sql$
    select array_agg(record), array_agg(key), array_agg(id)
    from (
      select t.id, (%1$s)::text as key, (select row_to_json(r)::text from %2$s r where r.id = t.id) as record
      from %3$s t
      where %4$s
      order by %1$s %5$s, t.id %5$s
      limit %6$s
    ) as page
    $sql$,
    key, records, relation,
    array_to_string(conditions || case when after is not null then format('(%s, t.id) %s (%L, %L::uuid)',
      key, case when descending then '<' else '>' end, after ->> 0, after ->> 1) end, ' and '),
    case when descending then 'desc' else 'asc' end, page_size + 1)
  into found_records, keys, ids;
  return row(200, private.data_list(
      '[' || coalesce(array_to_string(found_records[:page_size], ','), '') || ']',
      case when cardinality(ids) > page_size then private.encode_cursor(query, keys[page_size], ids[page_size]) end),
    null)::private.answer;
end
$$;
comment on function private.keyset_page(text, text, text[], text, boolean, text, jsonb) is
  'A page of rows of a table (t) that meet the conditions, each as records shows it, in the order of an expression of t and the id. args: limit?, cursor?; query: what a cursor is valid for. 400 invalid_cursor. Everything but args is SQL of ours: values in it are quoted.';
