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
