-- Everything that refers to one row refers to another.
--
-- What refers to them is found in the catalogue. What a merge writes is recorded on the way, small:
-- rows that only change hands by their keys (private.merge_moves), the few that are written over or
-- go as they were (private.merge_rows).

-- Which columns of which tables lead to a row ----------------------------------------------------

create function private.references_to(target regclass) returns table (relation regclass, attribute name)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select r.conrelid::regclass, a.attname
  from pg_catalog.pg_constraint r
  cross join lateral unnest(r.conkey, r.confkey) as k (here, there)
  join pg_catalog.pg_attribute a on a.attrelid = r.conrelid and a.attnum = k.here
  join pg_catalog.pg_attribute t on t.attrelid = r.confrelid and t.attnum = k.there and t.attname = 'id'
  -- A partition's are its table's.
  where r.confrelid = target and r.contype = 'f' and r.conparentid = 0
  order by 1, 2;
end
$$;
comment on function private.references_to(regclass) is
  'From the catalogue, so that no later table can be forgotten: every column that refers to a table''s id, also as one of several of a key.';

create function private.key_columns(relation regclass) returns table (attribute name, type text)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)
  from pg_catalog.pg_index i
  cross join lateral unnest(i.indkey::int2[]) with ordinality as k (attnum, n)
  join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
  where i.indrelid = relation and i.indisprimary
  order by k.n;
end
$$;
comment on function private.key_columns(regclass) is 'The columns of a table''s primary key and their types, in their order.';

-- What a merge may write over: whole rows, few of each contact ------------------------------------

create type private.merge_image as (relation text, key uuid, image jsonb);

create function private.is_merge_state(relation regclass) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return relation::text in ('public.contacts', 'public.contact_activity', 'public.conversations',
    'public.contact_consents', 'public.contact_assignments');
end
$$;
comment on function private.is_merge_state(regclass) is
  'Whether private.merge_state has the table''s rows, so that what becomes of them is recorded as a whole.';

create function private.merge_state(contact_ids uuid[]) returns private.merge_image[]
language plpgsql stable
set search_path = ''
as $$
begin
  return array(
    select row(s.relation, s.key, s.image)::private.merge_image
    from (
      select 'public.contacts' as relation, c.id as key, to_jsonb(c) - 'search_text' as image
      from public.contacts c where c.id = any (contact_ids)
      union all
      select 'public.contact_activity', a.contact_id, to_jsonb(a)
      from public.contact_activity a where a.contact_id = any (contact_ids)
      union all
      select 'public.conversations', v.id, to_jsonb(v)
      from public.conversations v where v.contact_id = any (contact_ids)
      union all
      select 'public.contact_consents', g.id, to_jsonb(g)
      from public.contact_consents g where g.contact_id = any (contact_ids)
      union all
      select 'public.contact_assignments', l.id, to_jsonb(l)
      from public.contact_assignments l where l.contact_id = any (contact_ids)
    ) as s);
end
$$;
comment on function private.merge_state(uuid[]) is 'The rows of contacts that a merge may write over or remove, as they are now.';

create function private.record_merge_rows(merge uuid, kept uuid, other uuid, before private.merge_image[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.merge_rows (merge_id, relation, before, after)
  select merge, relation, b.image, a.image
  from unnest(before) b
  full join unnest(private.merge_state(array[kept])) a using (relation, key)
  -- The duplicate itself is in contact_merges; the primary is recorded whatever became of it.
  where (relation, key) <> ('public.contacts', other) and (b.image is distinct from a.image or key = kept)
  -- What others refer to comes back first.
  order by relation, key;
end
$$;
comment on function private.record_merge_rows(uuid, uuid, uuid, private.merge_image[]) is
  'Records what became of the rows that private.merge_state had before the merge.';

-- Moving ---------------------------------------------------------------------------------------

create function private.move_rows(merge uuid, relation regclass, attributes jsonb) returns void
language plpgsql
-- A nested loop keeps the order of the keys, in which everybody locks several rows of a table.
set search_path = '' set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  keys jsonb;
  statement text;
begin
  select format($sql$
      with picked as materialized (select %1$s from %2$s t where %3$s order by %1$s),
      moved as (update %2$s t set %4$s from picked p where %5$s returning %1$s)
      select jsonb_build_object(%6$s) from moved t having count(*) > 0 $sql$,
    string_agg(format('t.%I', k.attribute), ', '), relation,
    (select string_agg(format('t.%I = %L', a.key, a.value ->> 0), ' and ') from jsonb_each(attributes) a),
    (select string_agg(format('%I = %L', a.key, a.value ->> 1), ', ') from jsonb_each(attributes) a),
    string_agg(format('t.%1$I = p.%1$I', k.attribute), ' and '),
    string_agg(format('%L, jsonb_agg(t.%I)', k.attribute, k.attribute), ', '))
  into statement from private.key_columns(relation) k;
  execute statement into keys;
  if keys is not null and not private.is_merge_state(relation) then
    insert into private.merge_moves (merge_id, relation, attributes, keys)
    values (merge, relation::text, attributes, keys);
  end if;
end
$$;
comment on function private.move_rows(uuid, regclass, jsonb) is
  'Rows of a table that have the first of { column: [before, after] } everywhere get the second; recorded for the merge.';

create function private.colliding_rows(relation regclass, attribute name, from_id uuid, to_id uuid)
returns table (image jsonb, gone text, stays text)
language plpgsql
set search_path = ''
as $$
declare
  key_column text := (select format('t.%I::text', max(k.attribute)) from private.key_columns(relation) k having count(*) = 1);
  candidates text := format('select to_jsonb(t) as image, %s as key', coalesce(key_column, 'null::text'));
  unique_index record;
begin
  for unique_index in
    select i.indexrelid, i.indnullsnotdistinct as null_is_one, coalesce(pg_get_expr(i.indpred, i.indrelid), 'true') as condition,
      coalesce(string_agg(format(', %s as k%s', pg_get_indexdef(i.indexrelid, k.n::int, true), k.n), '') filter (where k.attnum <> a.attnum), '')
        as expressions,
      coalesce(string_agg(format('and d.k%1$s %2$s k.k%1$s', k.n,
        case when i.indnullsnotdistinct then 'is not distinct from' else '=' end), ' ') filter (where k.attnum <> a.attnum), '') as same
    from pg_catalog.pg_index i
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attname = attribute
    cross join lateral unnest(i.indkey::int2[]) with ordinality as k (attnum, n)
    where i.indrelid = relation and i.indisunique and a.attnum = any (i.indkey) and k.n <= i.indnkeyatts
    group by i.indexrelid, i.indpred, i.indrelid, i.indnullsnotdistinct
  loop
    return query execute format(
      'select d.image, d.key, k.key from (%1$s%2$s from %3$s t where %4$I = $1 and %5$s) d
        join (%1$s%2$s from %3$s t where %4$I = $2 and %5$s) k on true %6$s',
      candidates, unique_index.expressions, relation, attribute, unique_index.condition, unique_index.same) using from_id, to_id;
  end loop;
end
$$;
comment on function private.colliding_rows(regclass, name, uuid, uuid) is
  'Rows of the first id that a unique index would not let be the second''s, which has such a row already: each as jsonb, and the single-column keys of the two.';

create function private.unite_rows(merge uuid, relation regclass, attribute name, from_id uuid, to_id uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  collision record;
  removed int;
begin
  for collision in select * from private.colliding_rows(relation, attribute, from_id, to_id) loop
    if collision.gone ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
      perform private.move_references(merge, relation, collision.gone::uuid, collision.stays::uuid);
    end if;
    execute format('delete from %s t where %I = $1 and to_jsonb(t) = $2', relation, attribute) using from_id, collision.image;
    get diagnostics removed = row_count;
    -- It may have collided twice.
    if removed > 0 then
      insert into private.merge_rows (merge_id, relation, before) values (merge, relation::text, collision.image);
    end if;
  end loop;
end
$$;
comment on function private.unite_rows(uuid, regclass, name, uuid, uuid) is
  'Of what there can be one of only, the second id''s row stays and gets what referred to the first''s, which is removed; recorded for the merge.';

create function private.move_references(merge uuid, target regclass, from_id uuid, to_id uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  reference record;
begin
  for reference in select * from private.references_to(target) loop
    perform private.unite_rows(merge, reference.relation, reference.attribute, from_id, to_id);
    perform private.move_rows(merge, reference.relation,
      jsonb_build_object(reference.attribute, jsonb_build_array(from_id, to_id)));
  end loop;
end
$$;
comment on function private.move_references(uuid, regclass, uuid, uuid) is
  'Everything that refers to one row of a table refers to another of it from now on; recorded for the merge.';
