-- The counts of tags: true after every kind of write, kept apart by workspace, folded without a change.
begin;
set local search_path = public, extensions;
-- A writing statement in 300 folds by itself; none of these does.
select setseed(0.5);
select plan(12);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('tag counts ' || label)::uuid $$;
insert into workspaces (id, name) select pg_temp.id(place), place from unnest(array['home', 'away']) place;
insert into api_keys (workspace_id, name, prefix, key_hash, scopes)
select pg_temp.id(place), place, 'lb_tagcount', sha256(convert_to('tag counts ' || place, 'UTF8')), '{contacts:read}'
from unnest(array['home', 'away']) place;

create function pg_temp.tags(place text) returns text language sql as $$
  select coalesce(string_agg(format('%s %s', item ->> 'tag', item ->> 'count'), ', ' order by n), '-')
  from private.call(jsonb_build_object('type', 'api_key', 'hash',
      encode(sha256(convert_to('tag counts ' || place, 'UTF8')), 'hex')), 'contacts:read', 'contact_tags', '{}') a
  cross join jsonb_array_elements(a.body::jsonb -> 'data') with ordinality as t (item, n)
$$;

select is(pg_temp.tags('home'), '-', 'without contacts there is no tag');
insert into contacts (id, workspace_id, tags)
select pg_temp.id(place || ' ' || n), pg_temp.id(place), case n when 1 then '{red,blue}' when 2 then '{red}' else '{}' end::text[]
from generate_series(1, 3) n, unnest(array['home', 'away']) place;
select is(pg_temp.tags('home'), 'red 2, blue 1', 'the most used first, and nothing of the other workspace');
update contacts set tags = '{blue,green}' where id in (pg_temp.id('home 2'), pg_temp.id('home 3'));
select is(pg_temp.tags('home'), 'blue 3, green 2, red 1', 'they follow what is changed');
update contacts set name = 'Same' where workspace_id = pg_temp.id('home');
select is(pg_temp.tags('home'), 'blue 3, green 2, red 1', 'and stay if something else is');
update contacts set opted_out = true where id = pg_temp.id('home 1');
select is(pg_temp.tags('home'), 'blue 3, green 2, opt-out 1, red 1', 'a tag that a trigger adds counts');
delete from contacts where id = pg_temp.id('home 1');
select is(pg_temp.tags('home'), 'blue 2, green 2', 'who is gone does not');
select is(pg_temp.tags('away'), 'red 2, blue 1', 'all that was home''s');
select ok(private.fold_contact_tags(pg_temp.id('home')) > 2, 'deltas are folded');
select is(pg_temp.tags('home'), 'blue 2, green 2', 'which changes nothing');
select is((select count(*) from private.contact_tag_deltas where workspace_id = pg_temp.id('home')), 2::bigint, 'and leaves a row a tag');
select is(private.exact_count(pg_temp.id('home'), '{"tags": ["green"]}'), 2::bigint, 'a count of one tag is that count');
truncate contacts cascade;
select is(pg_temp.tags('away'), '-', 'truncating contacts empties the counts');

select * from finish();
rollback;
