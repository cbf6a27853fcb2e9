-- What holds for every table, view and function of the schemas public, private and api, read from
-- the catalogue. Each question is first asked of the schema as it is, then of one with a culprit
-- planted, so that a question which never finds anything fails too.
begin;
set local search_path = public, extensions;
select plan(18);

-- Ours: what no extension brought along.
create temp view our_relations as
  select c.oid, c.relkind, c.relrowsecurity, c.reloptions, format('%s.%s', n.nspname, c.relname) as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname in ('public', 'private', 'api') and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e');
create temp view our_functions as
  select p.oid, n.nspname, p.prosecdef, p.proconfig, format('%s.%s', n.nspname, p.proname) as name
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where n.nspname in ('public', 'private', 'api')
    and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e');

create temp view without_rls as
  select name from our_relations where relkind in ('r', 'p') and not relrowsecurity;
create temp view views_as_owner as
  select name from our_relations
  where relkind = 'm' or (relkind = 'v' and not coalesce(reloptions && array['security_invoker=true', 'security_invoker=on'],
    false));
create temp view loose_search_path as
  select name from our_functions where prosecdef and not coalesce('search_path=""' = any (proconfig), false);
-- A function that runs as its caller may find what it names by the caller's path: pinned as well.
create temp view caller_search_path as
  select name from our_functions where not coalesce('search_path=""' = any (proconfig), false);
create temp view callable_by_anybody as
  select name from our_functions where has_function_privilege('anon', oid, 'execute');
create temp view uncommented as
  select name from our_relations where obj_description(oid, 'pg_class') is null
  union all
  select name from our_functions where obj_description(oid, 'pg_proc') is null;
create temp view keys_without_index as
  select format('%s.%s', n.nspname, k.conname) as name
  from pg_constraint k join pg_namespace n on n.oid = k.connamespace
  where k.contype = 'f' and n.nspname in ('public', 'private', 'api')
    and not exists (
      select from pg_index i
      where i.indrelid = k.conrelid and i.indisvalid and i.indpred is null
        -- The index begins with the columns of the key, in whatever order.
        and (select array_agg(a order by a) from unnest((i.indkey::smallint[])[0:cardinality(k.conkey) - 1]) a)
          = (select array_agg(a order by a) from unnest(k.conkey) a));
create temp view open_to_anon as
  select format('%s to %s', r.name, privilege) as name
  from our_relations r, unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) privilege
  where has_table_privilege('anon', r.oid, privilege)
    or (privilege in ('select', 'insert', 'update') and has_any_column_privilege('anon', r.oid, privilege));
-- Policies for a role that nobody meant, e.g. public when `to` was forgotten.
create temp view policies_for_others as
  select format('%s on %s.%s', policyname, schemaname, tablename) as name
  from pg_policies where schemaname in ('public', 'private', 'api') and roles <> '{authenticated}';

select is_empty('table without_rls', 'row level security is on everywhere');
select is_empty('table views_as_owner', 'views ask as their caller');
select is_empty('table loose_search_path', 'definers pin their search path');
select is_empty('table caller_search_path', 'all functions pin their search path');
select is_empty('table callable_by_anybody', 'neither public nor anon may execute a function');
select is_empty('table uncommented', 'every table, view and function says what it is');
select is_empty('table keys_without_index', 'every foreign key has an index');
select is_empty('table open_to_anon', 'anon has no right on any table or view');
select is_empty('table policies_for_others', 'policies are for authenticated only');

create table private.culprits (id int, contact_id uuid references public.contacts (id));
create index on private.culprits (id, contact_id);
create index on private.culprits (contact_id) where id > 0;
grant select (id) on private.culprits to anon;
create policy culprit_select on private.culprits for select using (true);
create view private.culprit_view as select 1 as one;
create function api.culprit() returns int language sql security definer set search_path = 'public' as $$ select 1 $$;
create function private.culprit() returns int language sql as $$ select 1 $$;
grant execute on function private.culprit() to anon;
revoke execute on function api.culprit() from public;

select set_eq('table without_rls', array['private.culprits'], 'a table without row level security is found');
select set_eq('table views_as_owner', array['private.culprit_view'], 'a view that asks as its owner is found');
select set_eq('table loose_search_path', array['api.culprit'], 'a definer with another search path is found');
select set_eq('table caller_search_path', array['api.culprit', 'private.culprit'], 'a function without a search path is found');
select set_eq('table callable_by_anybody', array['private.culprit'], 'a function for everybody is found');
select set_eq('table uncommented', array['private.culprits', 'private.culprit_view', 'api.culprit', 'private.culprit'],
  'what has no comment is found');
select set_eq('table keys_without_index', array['private.culprits_contact_id_fkey'],
  'a foreign key without an index of its own is found');
select set_eq('table open_to_anon', array['private.culprits to select'], 'a column open to anon is found');
select set_eq('table policies_for_others', array['culprit_select on private.culprits'], 'a policy for everybody is found');

select * from finish();
rollback;
