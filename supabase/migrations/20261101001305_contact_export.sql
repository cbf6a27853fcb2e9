-- Contacts as a CSV file: the statement that streams it.

create function private.csv_text(value text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case when value ~ E'^\'*[=+\\-@\t\r＝＋－＠]' then '''' || value else value end;
end
$$;
comment on function private.csv_text(text) is
  'A text as a cell that no spreadsheet takes for a formula: what matches ^''*[=+\-@\t\r＝＋－＠] begins with one '' more. An import takes one '' away from what matches ^''+[=+\-@\t\r＝＋－＠], so that every text comes back as it was.';

create function private.csv_list(items text[]) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return private.csv_text((
    select string_agg(case
      -- Separators, quotes, white space that a reader would trim away, and what Google Contacts calls
      -- the groups that are its own, which an import leaves out.
      when item ~ E'[;,"]|:::|^[*] |^[\\s\u00a0\u2007\u202f\ufeff]|[\\s\u00a0\u2007\u202f\ufeff]$'
      then '"' || replace(item, '"', '""') || '"' else item end, ';' order by n)
    from unnest(items) with ordinality as i (item, n)));
end
$$;
comment on function private.csv_list(text[]) is
  'A list as a cell: items separated by ";"; one that holds a separator or a quote, begins with "* " or has edge spaces, stands in double quotes, with its own doubled. Null for none.';

create function private.csv_cell(expression text, type oid) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return case
    -- A million rows have ten million texts: the code of the first character, or one look at a whole
    -- list, tells nearly always what to do.
    when type = 'text'::regtype then format($sql$case
      when ascii(%1$s) in (61, 43, 45, 64, 9, 13, 65309, 65291, 65293, 65312) then '''' || %1$s
      when ascii(%1$s) = 39 then private.csv_text(%1$s) else %1$s end$sql$, expression)
    when type = 'text[]'::regtype then format($sql$case
      when cardinality(%1$s) = 0 then null
      when '|' || array_to_string(%1$s, '|') || '|'
        ~ E'[;,"]|:::|[|][*] |[|][\\s\u00a0\u2007\u202f\ufeff]|[\\s\u00a0\u2007\u202f\ufeff][|]|^[|][=+\\-@\'＝＋－＠]'
      then private.csv_list(%1$s) else array_to_string(%1$s, ';') end$sql$, expression)
    -- ISO 8601, as the API's other answers have it; the session's time zone is UTC.
    when type = 'timestamptz'::regtype then format($sql$replace(%s::text, ' ', 'T') || ':00'$sql$, expression)
    when type = 'numeric'::regtype then format('trim_scale(%s)', expression)
    when type = 'boolean'::regtype then format('%s::text', expression)
    else expression
  end;
end
$$;
comment on function private.csv_cell(text, oid) is
  'An SQL expression of that type → what stands in the cell. Numbers stay numbers, negative ones too: they are no formulas, and a spreadsheet can add them up.';

create function private.contact_csv(workspace uuid, filter jsonb, sort text) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  ordering record := private.contact_sort(case sort when 'rank' then '-created_at' else sort end);
  way text := case when ordering.descending then 'desc' else 'asc' end;
  columns text := (
    select string_agg(format('%s as %I',
        private.csv_cell(format('%s.%I', case when c.attnum is null then 'a' else 'c' end, field.attname), field.atttypid),
        field.attname), ', ' order by field.attnum)
    from pg_catalog.pg_attribute field
    left join pg_catalog.pg_attribute c
      on c.attrelid = 'public.contacts'::regclass and c.attname = field.attname and not c.attisdropped
    where field.attrelid = 'private.contact_records'::regclass and field.attnum > 0);
begin
  return format('copy (select %s from %s where %s order by %s%s %s, %s %s) to stdout with (format csv, header, encoding ''UTF8'')',
    -- As for the sort that needs both tables, since the columns do.
    columns, private.contact_source(workspace, filter, 'last_contact_at'), private.contact_conditions(workspace, filter),
    case sort when 'rank' then private.search_rank(filter ->> 'search') || ', ' end, ordering.expression, way, ordering.id, way);
end
$$;
comment on function private.contact_csv(uuid, jsonb, text) is
  'The statement that streams the contacts of a filter as CSV, in the order of a sort (rank: as list_contacts ranks a search), with the fields of private.contact_records as columns. To be run with the time zone UTC.';

create function api.export_contacts(args jsonb) returns private.answer
language plpgsql stable
-- Definer: it is the service that runs the statement, and nobody else may make one. The workspace
-- condition stands in it instead of a policy, as in list_contacts.
security definer set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:read');
  filter jsonb := private.with_saved_filter(workspace, coalesce(args -> 'filter', '{}'));
  sort text := coalesce(args ->> 'sort', case when filter ? 'search' then 'rank' else '-created_at' end);
begin
  return row(200, private.data(json_build_object('statement', private.contact_csv(workspace, filter, sort))), null)::private.answer;
end
$$;
comment on function api.export_contacts(jsonb) is
  '{ filter, sort } → the statement that export-contacts runs. 403 insufficient_scope, 404 filter_not_found.';
