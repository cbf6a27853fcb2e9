-- A page of contacts, found in the way that suits how many fit.
--
-- Two ways lead to the same page. Walking: the index of the sort is read in its order, and who does
-- not fit is passed over; the page is full soon if many fit. Picking: everybody who fits is found by
-- the indexes of the filters, then sorted; that is soon done if few fit. The planner's guess which it
-- will be is often wrong by orders of magnitude, and a wrong way takes a second instead of some
-- milliseconds. So a short walk finds out.

create function private.range_condition(expression text, type text, lower_end text, upper_end text) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return nullif(concat_ws(' and ',
    case when lower_end is not null then format('%s >= %L::%s', expression, lower_end, type) end,
    case when upper_end is not null then format('%s <= %L::%s', expression, upper_end, type) end), '');
end
$$;
comment on function private.range_condition(text, text, text, text) is 'An SQL condition: between the two, null for no end; null if there is neither.';

create function private.after_condition(sort text, after jsonb) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  ordering record := private.contact_sort(sort);
begin
  return case when after is not null then format('(%s, %s) %s (%L::%s, %L::uuid)', ordering.expression, ordering.id,
    case when ordering.descending then '<' else '>' end, after ->> 0, ordering.type, after ->> 1) end;
end
$$;
comment on function private.after_condition(text, jsonb) is 'An SQL condition: after [key, id] in a sort; null: no condition.';

create function private.contact_bounds(workspace uuid, filter jsonb, sort text, after jsonb) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  ordering record := private.contact_sort(sort);
begin
  return concat_ws(' and ',
    format('%s.workspace_id = %L::uuid', split_part(ordering.id, '.', 1), workspace),
    case ltrim(sort, '-')
      when 'created_at' then
        private.range_condition(ordering.expression, ordering.type, filter ->> 'created_from', filter ->> 'created_to')
      when 'score' then
        private.range_condition(ordering.expression, ordering.type, filter ->> 'score_min', filter ->> 'score_max')
      when 'value' then
        private.range_condition(ordering.expression, ordering.type, filter ->> 'value_min', filter ->> 'value_max')
      when 'last_contact_at' then
        -- Who was never contacted stands at the beginning of time, and fits no range.
        private.range_condition(ordering.expression, ordering.type,
          coalesce(filter ->> 'last_contact_from', case when filter ? 'last_contact_to' then '4000-01-01 BC' end),
          filter ->> 'last_contact_to')
    end,
    private.after_condition(sort, after));
end
$$;
comment on function private.contact_bounds(uuid, jsonb, text, jsonb) is
  'Between where in the index of a sort all are who fit the filter and come after [key, id] (null: from the beginning), as an SQL condition.';

create function private.bounded_by_sort(filter jsonb, sort text) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return filter - case ltrim(sort, '-')
      when 'created_at' then '{created_from,created_to}'::text[]
      when 'last_contact_at' then '{last_contact_from,last_contact_to}'
      when 'score' then '{score_min,score_max}'
      -- Without a value is zero to the sort, and nothing to the filter.
      else '{}' end = '{}';
end
$$;
comment on function private.bounded_by_sort(jsonb, text) is 'Whether everybody within private.contact_bounds fits the filter.';

create function private.walk_query(
  workspace uuid, filter jsonb, sort text, after jsonb, budget int, rows int, tier text) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  ordering record := private.contact_sort(sort);
  way text := case when ordering.descending then 'desc' else 'asc' end;
  facets text := nullif(private.contact_facet_condition(filter), '');
  source text := case
    when facets is null then private.contact_source(workspace, filter, sort)
    when ordering.id = 'a.contact_id' then 'public.contact_activity a'
    else 'public.contacts c' end;
  conditions text := concat_ws(' and ', private.contact_conditions(workspace, filter, true), tier);
begin
  -- The inner limit keeps what is looked at apart from how far is walked.
  return format($sql$
    select w.id, w.key::text from (
      select %1$s as id, %2$s as key, %3$s
      from %4$s where %5$s order by %2$s %6$s, %1$s %6$s limit %7$s) as w
    %8$s order by w.key %6$s, w.id %6$s limit %9$s
    $sql$, ordering.id, ordering.expression, case when facets is null then format('(%s) as fits', conditions) else 'facets, ranges' end,
    source, private.contact_bounds(workspace, filter, sort, after), way, budget,
    -- With facets only the index is read, then the contacts that they let through, one by one: offset
    -- 0 keeps the planner from finding them first in another way.
    case when facets is null then 'where w.fits' else format(
      'cross join lateral (select from %s where c.id = w.id and %s offset 0) as c where %s',
      private.contact_source(workspace, filter, null), conditions, facets) end,
    rows);
end
$$;
comment on function private.walk_query(uuid, jsonb, text, jsonb, int, int, text) is
  'The query (id, key) of the first rows who fit of the next budget contacts of a sort. tier: a further condition on c.';

create function private.contact_total(workspace uuid) returns bigint
language plpgsql stable
set search_path = ''
as $$
begin
  return (select coalesce(sum(d.delta), 0) from private.contact_kpi_deltas d where d.workspace_id = workspace);
end
$$;
comment on function private.contact_total(uuid) is 'How many contacts a workspace has.';

create function private.is_most(workspace uuid) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return private.contact_total(workspace)
    > 0.2 * (select t.reltuples from pg_catalog.pg_class t where t.oid = 'public.contacts'::regclass);
end
$$;
comment on function private.is_most(uuid) is 'Whether a workspace has more than a fifth of all contacts.';

create function private.workspace_narrows(workspace uuid, filter jsonb) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  -- The other indexes begin with the workspace, and answer nothing without it.
  return filter ?| '{created_from,created_to,last_contact_from,last_contact_to,call_count_min,call_count_max,score_min,score_max,value_min,value_max}'
    or coalesce(filter ->> 'assigned_to' <> 'none', false)
    or not private.is_most(workspace);
end
$$;
comment on function private.workspace_narrows(uuid, jsonb) is
  'Whether the workspace helps to find who fits. If most contacts are this one''s, the filters'' index would read its whole list to leave out a few.';

create function private.by_grams(workspace uuid, filter jsonb, grams text) returns boolean
language plpgsql stable
set search_path = ''
as $$
declare
  others jsonb := filter - 'search';
begin
  return others = '{}' or private.estimated_contacts(workspace, others, null)
    >= private.estimated_contacts(workspace, '{}', grams);
end
$$;
comment on function private.by_grams(uuid, jsonb, text) is
  'Whether who fits a filter with a search is to be looked up by the search, as private.gram_condition. If that are more than fit the rest of the filter, reading their list costs more than looking at those.';

create function private.estimated_contacts(workspace uuid, filter jsonb, condition text) returns bigint
language plpgsql stable
set search_path = ''
as $$
begin
  return private.estimated_rows(format('select from %s where %s', private.contact_source(workspace, filter, null),
    concat_ws(' and ', private.contact_conditions(workspace, filter), condition)));
end
$$;
comment on function private.estimated_contacts(uuid, jsonb, text) is
  'How many contacts the planner expects to fit a filter and a further condition on c (null: none).';

create function private.pick_query(workspace uuid, filter jsonb, sort text, after jsonb, rows int, tier text default null) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  ordering record := private.contact_sort(sort);
  way text := case when ordering.descending then 'desc' else 'asc' end;
begin
  -- Offset 0 keeps the order out: the planner would walk again. Keys become text when few are left.
  return format($sql$
    select f.id, f.key::text from (
      select p.id, p.key from (
        select %1$s as id, %2$s as key from %3$s where %4$s offset 0) as p
      order by p.key %5$s, p.id %5$s limit %6$s) as f
    $sql$, ordering.id, ordering.expression, private.contact_source(workspace, filter, sort),
    concat_ws(' and ', private.contact_conditions(workspace, filter, not private.workspace_narrows(workspace, filter),
        tier is null and filter ? 'search' and private.by_grams(workspace, filter, private.gram_condition(filter ->> 'search'))),
      private.after_condition(sort, after), tier),
    way, rows);
end
$$;
comment on function private.pick_query(uuid, jsonb, text, jsonb, int, text) is
  'The query (id, key) of the first rows of all who fit, in the order of a sort. tier: a further condition on c, in a form that the index of the search can answer.';

create function private.walk(query text, out ids uuid[], out keys text[])
language plpgsql stable
set search_path = ''
  set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_hashjoin = off
  set enable_mergejoin = off set max_parallel_workers_per_gather = 0
as $$
begin
  execute format('select coalesce(array_agg(id), ''{}''), coalesce(array_agg(key), ''{}'') from (%s) as page', query)
  into ids, keys;
end
$$;
comment on function private.walk(text) is 'Runs a walk_query along its index, whatever the planner believes.';

create function private.pick(query text, out ids uuid[], out keys text[])
language plpgsql stable
set search_path = '' set enable_seqscan = off set work_mem = '32MB' set max_parallel_workers_per_gather = 0
as $$
begin
  execute format('select coalesce(array_agg(id), ''{}''), coalesce(array_agg(key), ''{}'') from (%s) as page', query)
  into ids, keys;
end
$$;
comment on function private.pick(text) is 'Runs a pick_query without reading all contacts of all workspaces.';

create function private.walk_end(workspace uuid, filter jsonb, sort text, after jsonb, budget int) returns text
language plpgsql stable
set search_path = '' set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
declare
  ordering record := private.contact_sort(sort);
  way text := case when ordering.descending then 'desc' else 'asc' end;
  key text;
begin
  execute format('select %1$s from %2$s where %3$s order by %1$s %4$s, %5$s %4$s offset %6$s limit 1', ordering.expression,
    case ordering.id when 'a.contact_id' then 'public.contact_activity a' else 'public.contacts c' end,
    private.contact_bounds(workspace, filter, sort, after), way, ordering.id, budget)
  into key;
  return key;
end
$$;
comment on function private.walk_end(uuid, jsonb, text, jsonb, int) is
  'The sort key at which a walk of that budget ends; null: it has seen everybody.';

create function private.sees_everybody(workspace uuid, filter jsonb, sort text, after jsonb, budget int, total bigint) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return case
    when total <= budget then true
    -- From the beginning to the end of all.
    when private.contact_bounds(workspace, filter, sort, after) = private.contact_bounds(workspace, '{}', sort, null) then false
    else private.walk_end(workspace, filter, sort, after, budget) is null
  end;
end
$$;
comment on function private.sees_everybody(uuid, jsonb, text, jsonb, int, bigint) is
  'Whether nobody comes after those whom a walk of that budget looks at; total: contacts of the workspace.';

create function private.next_walk(fitting int, rows int, budget int, by_facets boolean, expected bigint, total bigint) returns int
language plpgsql immutable
set search_path = ''
as $$
declare
  -- As many will go on to fit as did so far.
  needed constant bigint := budget::bigint * rows / nullif(fitting, 0);
begin
  return case
    -- By facets the index alone is read, for a tenth of what it costs to look up one of those who
    -- fit. Else every contact is looked at, for a third of it. Three times the way leaves room for chance.
    when needed < case when by_facets then 10 * (fitting * total / budget)
      else 3 * greatest(expected, fitting * total / budget) end
      then least(3 * needed, 200000)
    -- Many, but far away: imported in one go before the newest ones, for instance.
    when expected > 25000 then case when by_facets then 200000 else 50000 end
  end;
end
$$;
comment on function private.next_walk(int, int, int, boolean, bigint, bigint) is
  'The budget of a second walk, by what the first one found, by the planner''s estimate of all who fit and by the number of all contacts; null: better pick.';

create type private.search_tier as (
  condition text,
  -- The same in a form that the index of the search can answer.
  indexed text,
  -- What that index answers alone; a few others fit it, too.
  grams text
);
comment on type private.search_tier is 'A part of those whom a search finds, as SQL conditions on contacts c.';

create function private.found_contact_ids(
  workspace uuid, filter jsonb, sort text, after jsonb, rows int, tier private.search_tier default null,
  out ids uuid[], out keys text[])
language plpgsql stable
set search_path = ''
as $$
declare
  everybody constant boolean := tier is null and private.bounded_by_sort(filter, sort);
  by_facets constant boolean := private.contact_facet_condition(filter) <> '';
  -- Where values share bits, it may be many who are looked at in vain.
  budget int := case when everybody then rows when not by_facets then 1000
    when filter ?| '{stage,channel,tags,tags_all,assigned_to}' then 1500 else 5000 end;
  total bigint;
begin
  for turn in 1..2 loop
    select w.ids, w.keys into ids, keys
    from private.walk(private.walk_query(workspace, filter, sort, after, budget, rows, tier.condition)) as w;
    if everybody or cardinality(ids) = rows then
      return;
    end if;
    total := coalesce(total, private.contact_total(workspace));
    if private.sees_everybody(workspace, filter, sort, after, budget, total) then
      return;
    end if;
    exit when turn = 2;
    budget := private.next_walk(cardinality(ids), rows, budget, by_facets, private.estimated_contacts(
      workspace, filter - 'search', coalesce(tier.grams, private.gram_condition(filter ->> 'search'))), total);
    exit when budget is null;
  end loop;
  select p.ids, p.keys into ids, keys from private.pick(private.pick_query(workspace, filter, sort, after, rows, tier.indexed)) as p;
end
$$;
comment on function private.found_contact_ids(uuid, jsonb, text, jsonb, int, private.search_tier) is
  'private.contact_ids for any filter and sort: by walking, or by picking if few fit. tier: only those of it.';
