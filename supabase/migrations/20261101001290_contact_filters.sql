-- What a filter of contacts means. Lists, counts, exports and work over many contacts ask here.

create function private.like_pattern(value text) returns text
language plpgsql immutable strict
set search_path = ''
as $$
begin
  return '%' || regexp_replace(value, '([\\%_])', '\\\1', 'g') || '%';
end
$$;
comment on function private.like_pattern(text) is 'A LIKE pattern for text that contains the value literally.';

-- Search --------------------------------------------------------------------------------------

create function private.searched_number(folded text) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  -- Commas and colons are left to prices and times.
  return case when folded ~ '^[-+()./~_·•\[\] 0-9]+$'
    -- Nobody abroad dials the (0) of +49 (0)30.
    then private.digits(regexp_replace(folded, '^(\+[^(]*)\(0\)', '\1')) end;
end
$$;
comment on function private.searched_number(text) is
  'The digits of a folded search that may be a phone number or a part of one; null if it is none.';

create function private.search_needles(search text) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
declare
  folded text := private.fold(search);
  digits text := private.searched_number(folded);
  is_number boolean := digits is not null;
  words text[] := coalesce(string_to_array(folded, ' '), '{}');
  word text;
  spellings jsonb := '[]';
  ways jsonb;
begin
  if cardinality(words) > 1 then
    -- The longest first: of many short ones not all are looked up.
    words := array(
      select w from unnest(words) with ordinality as s (w, n)
      where w <> '' group by w order by char_length(w) desc, min(n));
  end if;
  foreach word in array words loop
    -- A number between other words is looked for without its punctuation, too.
    spellings := spellings || jsonb_build_array(case
      when not is_number and word ~ '[^0-9]' and private.searched_number(word) is not null
        then jsonb_build_array(word, private.searched_number(word))
      else jsonb_build_array(word) end);
  end loop;
  ways := jsonb_build_array(spellings);
  if is_number then
    -- What looks like a phone number may be one, in parts, or a date or a part of a name ("24-7"). It
    -- is found as any of its variants.
    ways := ways || coalesce((
      select jsonb_agg(jsonb_build_array(jsonb_build_array(v)))
      from private.phone_variants(digits) v), '[]');
    -- At home it begins with a 0, where others write the country.
    if digits like '0%' and char_length(ltrim(digits, '0')) >= 4 then
      ways := ways || jsonb_build_array(jsonb_build_array(jsonb_build_array(ltrim(digits, '0'))));
    end if;
  end if;
  return ways;
end
$$;
comment on function private.search_needles(text) is
  'A search text → what to look for in search_text, as [[[spelling, …], …], …]: in any of the ways, for every word, any of its spellings.';

create function private.needle_condition(needle text, prefix boolean) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return format('c.search_text like %L', private.like_pattern(case when prefix then E'\n' else '' end || needle));
end
$$;
comment on function private.needle_condition(text, boolean) is 'An SQL condition on contacts c: its search_text has the needle; prefix: where something begins.';

create function private.needle_query(needle text, prefix boolean) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  word constant text := case when prefix then E'\n' else '' end || needle;
  n constant int := char_length(word);
  -- Of the first gram.
  size constant int := case when prefix then 4 else 3 end;
  -- One after the other they have every letter; those between would be looked up for little. But many
  -- have the same three digits, and others between.
  step constant int := case when needle ~ '^[0-9]+$' then 1 else 3 end;
  grams text[] := array[private.gram(left(word, size))];
  gram text;
begin
  if n < size then
    return private.gram(word) || ':*';
  end if;
  -- A dozen, spread over the word, leave nothing to be found by more.
  for i in size - 2 + step .. n by greatest(step, n / 12) loop
    gram := private.gram(substr(word, least(i, n - 2), 3));
    if gram <> all (grams) then
      grams := grams || gram;
    end if;
  end loop;
  return '(' || array_to_string(grams, '&') || ')';
end
$$;
comment on function private.needle_query(text, boolean) is 'The same as a tsquery on private.search_grams(search_text), which finds a few others, too.';

create function private.gram(letters text) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return '''' || replace(replace(letters, '\', '\\'), '''', '''''') || '''';
end
$$;
comment on function private.gram(text) is 'Letters as an operand in the text of a tsquery.';

create function private.search_combination(search text, prefix boolean, grams boolean) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  ways constant jsonb := private.search_needles(search);
  conjunction constant text := case when grams then '&' else ' and ' end;
  disjunction constant text := case when grams then '|' else ' or ' end;
  combined text;
  words text;
  -- Of the words those that are looked up.
  looked_up text;
  looked_up_shortest int;
  spellings text;
  spelling text;
  shortest int;
begin
  for way in 0 .. jsonb_array_length(ways) - 1 loop
    words := null;
    looked_up := null;
    looked_up_shortest := null;
    for word in 0 .. jsonb_array_length(ways -> way) - 1 loop
      spellings := null;
      shortest := null;
      for i in 0 .. jsonb_array_length(ways -> way -> word) - 1 loop
        spelling := ways -> way -> word ->> i;
        spellings := concat_ws(disjunction, spellings,
          case when grams then private.needle_query(spelling, prefix) else private.needle_condition(spelling, prefix) end);
        shortest := least(shortest, char_length(spelling) + prefix::int);
      end loop;
      words := concat_ws(conjunction, words, '(' || spellings || ')');
      -- One or two letters are in too many contacts to be looked up, if there is something longer. Of
      -- nothing but those, few: the list of a single letter is nearly everybody.
      if shortest >= 3 or word = 0 or looked_up_shortest < 3 and word < 3 and shortest = 2 then
        looked_up := concat_ws(conjunction, looked_up, '(' || spellings || ')');
        looked_up_shortest := least(looked_up_shortest, shortest);
      end if;
    end loop;
    combined := concat_ws(disjunction, combined, '(' || case when grams then looked_up else words end || ')');
  end loop;
  return nullif(combined, '');
end
$$;
comment on function private.search_combination(text, boolean, boolean) is
  'The needles of a search, put together: as an SQL condition or (grams) as the text of a tsquery. Null: nothing to look for.';

create function private.gram_condition(search text, prefix boolean default false) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  query constant text := private.search_combination(search, prefix, true);
begin
  return case when query is not null then format('private.search_grams(c.search_text) @@ %L::tsquery', query) end;
end
$$;
comment on function private.gram_condition(text, boolean) is
  'A search text → an SQL condition on contacts c that the index of the search answers: it may have every word; null: nothing to look for. prefix: where something begins.';

create function private.search_condition(search text, prefix boolean default false, indexed boolean default false) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  condition text := '(' || private.search_combination(search, prefix, false) || ')';
begin
  return coalesce(case when indexed then private.gram_condition(search, prefix) || ' and ' else '' end || condition, 'true');
end
$$;
comment on function private.search_condition(text, boolean, boolean) is
  'A search text → an SQL condition on contacts c: it has every word. prefix: where something begins; indexed: as the index of search_grams understands it.';

create function private.exact_condition(search text) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  digits text := ltrim(private.searched_number(private.fold(search)), '0');
begin
  if search like '%_@_%' and btrim(search) !~ '\s' then
    return format('coalesce(lower(c.email) = %L, false)', lower(btrim(search)));
  elsif char_length(digits) >= 7 then
    -- Without the country, whose code has three digits at most, it is the same number.
    return format('coalesce(right(c.whatsapp_contact_id, %1$s) = %2$L and char_length(c.whatsapp_contact_id) <= %1$s + 3
      or c.phone_key = %3$L, false)', char_length(digits), digits, private.phone_key(digits));
  end if;
  return null;
end
$$;
comment on function private.exact_condition(text) is
  'A search text that is a whole e-mail address or phone number → an SQL condition on contacts c who have it; else null.';

-- Filters -------------------------------------------------------------------------------------

create function private.contact_conditions(workspace uuid, filter jsonb, checked_only boolean default false,
  indexed boolean default false) returns text
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
      when 'search' then private.search_condition(value #>> '{}', indexed => indexed)
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
        format('coalesce(a.last_contact_at, ''-infinity''::timestamptz) > ''-infinity''::timestamptz
          and coalesce(a.last_contact_at, ''-infinity''::timestamptz) <= %L::timestamptz', value #>> '{}')
      when 'has_email' then case when value = 'true' then 'c.email is not null' else 'c.email is null' end
      when 'call_count_min' then format('c.call_count >= %L::int', value #>> '{}')
      when 'call_count_max' then format('c.call_count <= %L::int', value #>> '{}')
      when 'score_min' then format('c.score >= %L::int', value #>> '{}')
      when 'score_max' then format('c.score <= %L::int', value #>> '{}')
      -- The index is on the expression.
      when 'value_min' then format('c.value >= %1$L::numeric and coalesce(c.value, 0) >= %1$L::numeric', value #>> '{}')
      when 'value_max' then format('c.value <= %1$L::numeric and coalesce(c.value, 0) <= %1$L::numeric', value #>> '{}')
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
comment on function private.contact_conditions(uuid, jsonb, boolean, boolean) is
  'The filter of list-contacts ({ parameter: value }, lists as arrays) → an SQL condition on private.contact_source in that workspace. checked_only: the workspace is looked up in contact_activity and only checked in contacts; indexed: in a form that the index of the search can answer. The only place that knows what a filter means.';

create function private.leaves_somebody_out(filter jsonb) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return exists (
    select from jsonb_each(filter) as f (name, value)
    where case f.name when 'search' then private.search_condition(f.value #>> '{}') <> 'true' else f.value <> '[]' end);
end
$$;
comment on function private.leaves_somebody_out(jsonb) is
  'Whether a filter of list-contacts has a condition at all: empty lists and a search for marks that cannot be seen are none.';

create function private.range_mask(kind text, bound text, value numeric) returns bigint
language plpgsql immutable
set search_path = ''
as $$
declare
  first int := case kind when 'score' then 0 when 'value' then 24 else 43 end;
  last int := case kind when 'score' then 23 when 'value' then 42 else 51 end;
begin
  if bound = 'min' then
    first := private.range_bit(kind, value);
  else
    last := private.range_bit(kind, value);
  end if;
  return (1::bigint << (last + 1)) - (1::bigint << first);
end
$$;
comment on function private.range_mask(text, text, numeric) is 'The bits of ranges that a score, value or call_count of at least (min) or at most (max) that may have.';

create function private.facet_mask(name text, value jsonb) returns bigint
language plpgsql stable
set search_path = ''
as $$
begin
  return case
    when name in ('status', 'auto_status', 'source', 'channel', 'stage', 'sale_status', 'grade', 'sentiment', 'tags', 'tags_all')
      then private.facets(replace(name, '_all', ''), array(select jsonb_array_elements_text(private.json_list(value))))
    when name in ('has_email', 'is_vip', 'is_at_risk', 'is_mystery_shopper', 'is_contractor', 'opted_out', 'do_not_call')
      then private.facet('is', name)
    when name = 'assigned_to' and value #>> '{}' = 'none' then private.facet('is', 'none')
    -- A key is nobody.
    when name = 'assigned_to' then coalesce(private.facet('assigned_to',
      case value #>> '{}' when 'me' then private.claims() ->> 'sub' else value #>> '{}' end), 0)
  end;
end
$$;
comment on function private.facet_mask(text, jsonb) is
  'A parameter of list-contacts → the bits of its values; null: facets say nothing of it.';

create function private.contact_facet_condition(filter jsonb) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  conditions text[] := '{}';
  name text;
  value jsonb;
  mask bigint;
  -- Compared at once: a walk looks at hundreds of thousands.
  compared bigint := 0;
  present bigint := 0;
begin
  for name, value in select * from jsonb_each(filter) loop
    mask := private.facet_mask(name, value);
    if value = 'false' and mask is not null then
      compared := compared | mask;
    elsif name = 'tags_all' or mask <> 0 and mask & (mask - 1) = 0 then
      compared := compared | mask;
      present := present | mask;
    else
      conditions := conditions || case
        when mask is not null then format('(w.facets & %s) <> 0', mask)
        when name in ('score_min', 'value_min', 'call_count_min', 'score_max', 'value_max', 'call_count_max')
          then format('(w.ranges & %s) <> 0', private.range_mask(left(name, -4), right(name, 3), (value #>> '{}')::numeric)) end;
    end if;
  end loop;
  return concat_ws(' and ', case when compared <> 0 then format('(w.facets & %s) = %s', compared, present) end,
    nullif(array_to_string(conditions, ' and '), ''));
end
$$;
comment on function private.contact_facet_condition(jsonb) is
  'A filter of list-contacts → an SQL condition on w.facets and w.ranges that holds for all contacts that fit, and for few others; empty: facets say nothing of it.';

create function private.exact_by_facets(filter jsonb) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return filter - '{status,auto_status,source,sale_status,grade,sentiment,has_email,is_vip,is_at_risk,is_mystery_shopper,is_contractor,opted_out,do_not_call}'::text[]
    = case when filter ->> 'assigned_to' = 'none' then '{"assigned_to": "none"}'::jsonb else '{}' end
    || case when filter -> 'channel' <@ '["whatsapp", "web"]' then jsonb_build_object('channel', filter -> 'channel') else '{}' end;
end
$$;
comment on function private.exact_by_facets(jsonb) is
  'Whether the facet condition of a filter holds for no others, because every value has a bit of its own.';

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
