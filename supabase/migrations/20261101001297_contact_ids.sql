-- Which way to a page of contacts. Newest first with a last contact has one of its own.

create function private.activity_query(workspace uuid, filter jsonb, after jsonb, ranges text[], rows int) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  -- Offset 0, twice: first the index alone, in order; then contacts, one by one.
  return format($sql$
    select w.id, w.key::text from (
      select * from (%1$s) as a order by a.key desc, a.id desc offset 0) as w
    cross join lateral (select from public.contacts c where c.id = w.id and %2$s offset 0) as c
    where %3$s order by w.key desc, w.id desc limit %4$s
    $sql$,
    (select string_agg(format('select a.contact_id as id, a.contact_created_at as key, a.facets, a.ranges from public.contact_activity a where %s',
        concat_ws(' and ', private.contact_bounds(workspace, filter, '-last_contact_at', null), range,
          case when after is not null then format('(a.contact_created_at, a.contact_id) < (%L::timestamptz, %L::uuid)',
            after ->> 0, after ->> 1) end)), ' union all ')
      from unnest(ranges) as range),
    private.contact_conditions(workspace, filter - '{last_contact_from,last_contact_to}'::text[], true),
    coalesce(nullif(private.contact_facet_condition(filter), ''), 'true'), rows);
end
$$;
comment on function private.activity_query(uuid, jsonb, jsonb, text[], int) is
  'The query (id, key) of the first rows who fit a filter with a last contact, newest first, found in contact_activity a alone. ranges: conditions on a; nobody is in two of them.';

create function private.contact_ids_until(
  workspace uuid, filter jsonb, after jsonb, rows int, out ids uuid[], out keys text[])
language plpgsql stable
set search_path = ''
as $$
declare
  until constant timestamptz := (filter ->> 'last_contact_to')::timestamptz + interval '1 hour';
  met_before constant text := 'a.contact_created_at - a.last_contact_at > interval ''1 hour'' and a.contact_created_at > %L::timestamptz';
  rest record;
begin
  -- Who was created later and fits was met before; most of the newest did not fit.
  select w.ids, w.keys into ids, keys from private.walk(private.activity_query(
    workspace, filter, after, array[format(met_before, until)], rows)) as w;
  if cardinality(ids) < rows then
    rest := private.contact_ids_created_until(workspace, filter, until, after, rows - cardinality(ids));
    ids := ids || rest.ids;
    keys := keys || rest.keys;
  end if;
end
$$;
comment on function private.contact_ids_until(uuid, jsonb, jsonb, int) is
  'private.contact_ids for a filter with last_contact_to, newest first.';

create function private.contact_ids_created_until(
  workspace uuid, filter jsonb, until timestamptz, after jsonb, rows int, out ids uuid[], out keys text[])
language plpgsql stable
set search_path = ''
as $$
declare
  budget int;
  since timestamptz;
begin
  -- Further down the list most fit again.
  foreach budget in array case when (after ->> 0)::timestamptz <= until then '{}' else '{8000,40000}'::int[] end loop
    since := coalesce(private.walk_end(workspace, filter, '-last_contact_at', null, budget), '4000-01-01 BC');
    select p.ids, p.keys into ids, keys from private.pick(private.activity_query(workspace, filter, after, array[
      -- An hour after the last contact of who is not looked at, nobody of those was created.
      format('a.contact_created_at - a.last_contact_at <= interval ''1 hour'' and a.contact_created_at between %L and %L
        and coalesce(a.last_contact_at, ''-infinity''::timestamptz) >= %L', since + interval '1 hour', until, since),
      format('a.contact_created_at - a.last_contact_at > interval ''1 hour'' and a.contact_created_at between %L and %L',
        since + interval '1 hour', until)], rows)) as p;
    if cardinality(ids) = rows or since = '4000-01-01 BC' then
      return;
    end if;
  end loop;
  select f.ids, f.keys into ids, keys from private.found_contact_ids(workspace, filter || jsonb_build_object(
    'created_to', least(until, (filter ->> 'created_to')::timestamptz)), '-created_at', after, rows) as f;
end
$$;
comment on function private.contact_ids_created_until(uuid, jsonb, timestamptz, jsonb, int) is
  'The same of those who were created until an hour after it.';

create function private.contact_ids(
  workspace uuid, filter jsonb, sort text, after jsonb, rows int, out ids uuid[], out keys text[])
language plpgsql stable
set search_path = ''
as $$
declare
  page record;
begin
  if sort = '-created_at' and filter ? 'last_contact_to' then
    page := private.contact_ids_until(workspace, filter, after, rows);
  else
    page := private.found_contact_ids(workspace, filter, sort, after, rows);
  end if;
  ids := page.ids;
  keys := page.keys;
end
$$;
comment on function private.contact_ids(uuid, jsonb, text, jsonb, int) is
  'The ids and sort keys of the first rows of contacts that fit a filter, after [key, id] (null: from the beginning).';
