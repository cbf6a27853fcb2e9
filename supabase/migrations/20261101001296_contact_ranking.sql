-- A search, ranked: exact phone or e-mail first, then what begins with it, then the rest.

create function private.search_tiers(search text) returns private.search_tier[]
language plpgsql immutable
set search_path = ''
as $$
declare
  exact text := private.exact_condition(search);
  not_exact text := 'not ' || exact;
  whole text := private.search_condition(search);
  beginning text := private.search_condition(search, prefix => true);
  whole_grams text := private.gram_condition(search);
  beginning_grams text := private.gram_condition(search, prefix => true);
  exactly text := whole || ' and ' || exact;
  at_beginning text := concat_ws(' and ', beginning, not_exact);
  within text := concat_ws(' and ', whole, not_exact, format('not (%s)', beginning));
begin
  return array[
    (exactly, whole_grams || ' and ' || exactly, whole_grams)::private.search_tier,
    (at_beginning, concat_ws(' and ', beginning_grams, at_beginning), beginning_grams)::private.search_tier,
    (within, concat_ws(' and ', whole_grams, within), whole_grams)::private.search_tier];
end
$$;
comment on function private.search_tiers(text) is
  'A search → its tiers: exact phone or e-mail (without conditions if it is neither), the beginning of something, the rest. Everybody found is in one of them.';

create function private.search_rank(search text) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return format('case when %s then 1 when %s then 2 else 3 end', coalesce(private.exact_condition(search), 'false'),
    private.search_condition(search, prefix => true));
end
$$;
comment on function private.search_rank(text) is
  'A search → the number of the tier of search_tiers that a contact c is in who was found, as an SQL expression.';

create function private.finds_few(workspace uuid, filter jsonb, rows int) returns boolean
language plpgsql stable
set search_path = ''
as $$
declare
  by_facets constant boolean := private.contact_facet_condition(filter) <> '';
  budget constant int := case when by_facets then 5000 else 1000 end;
  total constant bigint := private.contact_total(workspace);
  -- With as many private.next_walk would walk on, and walking through the tiers is faster.
  many constant int := ceil(budget * sqrt(rows / (case when by_facets then 10.0 else 3.0 end * greatest(total, 1))));
begin
  return (select cardinality(w.ids) < many from private.walk(
      private.walk_query(workspace, filter, '-created_at', null, budget, many, null)) as w)
    and (private.sees_everybody(workspace, filter, '-created_at', null, budget, total)
      -- Many, but far away.
      or private.estimated_contacts(workspace, filter - 'search', private.gram_condition(filter ->> 'search')) <= 25000);
end
$$;
comment on function private.finds_few(uuid, jsonb, int) is
  'Whether a filter with a search is fit by so few that all of them are ranked sooner than a page of that many rows is walked to.';

create function private.ranked_query(workspace uuid, filter jsonb, after jsonb, rows int) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return format($sql$
    select f.id, f.tier || ' ' || f.key as key from (
      select p.id, p.key, p.tier from (
        select c.id, c.created_at as key, %1$s as tier from %2$s where %3$s offset 0) as p
      where %4$s order by p.tier, p.key desc, p.id desc limit %5$s) as f
    $sql$, private.search_rank(filter ->> 'search'), private.contact_source(workspace, filter, null),
    private.contact_conditions(workspace, filter, not private.workspace_narrows(workspace, filter),
      private.by_grams(workspace, filter, private.gram_condition(filter ->> 'search'))),
    case when after is null then 'true' else format('(p.tier > %1$s or p.tier = %1$s and (p.key, p.id) < (%2$L::timestamptz, %3$L::uuid))',
      left(after ->> 0, 1)::int, substr(after ->> 0, 3), after ->> 1) end,
    rows);
end
$$;
comment on function private.ranked_query(uuid, jsonb, jsonb, int) is
  'The query (id, key) of the first rows of all who fit a filter with a search, ranked.';

create function private.ranked_contact_ids(
  workspace uuid, filter jsonb, after jsonb, rows int, out ids uuid[], out keys text[])
language plpgsql stable
set search_path = ''
as $$
declare
  tiers private.search_tier[];
  first int := coalesce(left(after ->> 0, 1)::int, 1);
  page record;
begin
  if private.finds_few(workspace, filter, rows) then
    select p.ids, p.keys into ids, keys from private.pick(private.ranked_query(workspace, filter, after, rows)) as p;
    return;
  end if;
  tiers := private.search_tiers(filter ->> 'search');
  ids := '{}';
  keys := '{}';
  for n in first..3 loop
    continue when tiers[n].condition is null;
    if not private.by_grams(workspace, filter, tiers[n].grams) then
      tiers[n].indexed := tiers[n].condition;
    end if;
    -- Whoever is in a tier has been found.
    page := private.found_contact_ids(workspace, filter - 'search', '-created_at',
      case when n = first and after is not null then jsonb_build_array(substr(after ->> 0, 3), after ->> 1) end,
      rows - cardinality(ids), tiers[n]);
    ids := ids || page.ids;
    keys := keys || array(select n || ' ' || key from unnest(page.keys) with ordinality as k (key, i) order by i);
    exit when cardinality(ids) = rows;
  end loop;
end
$$;
comment on function private.ranked_contact_ids(uuid, jsonb, jsonb, int) is
  'As contact_ids, for a filter with a search and no sort: by tier, each newest first. Keys begin with the tier.';
