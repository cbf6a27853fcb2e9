-- Merging and undoing: no table forgotten, whatever it looks like, and both ways.
begin;
set local search_path = public, extensions;
select plan(30);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('merges ' || label)::uuid $$;
insert into workspaces (id, name) values (pg_temp.id('home'), 'Home'), (pg_temp.id('away'), 'Away');
insert into contacts (id, workspace_id, name, phone) values
  (pg_temp.id('one'), pg_temp.id('home'), 'One', '+34600100001'), (pg_temp.id('two'), pg_temp.id('home'), 'Two', '+34600100002');
insert into conversations (id, workspace_id, contact_id) values
  (pg_temp.id('thread one'), pg_temp.id('home'), pg_temp.id('one')), (pg_temp.id('thread two'), pg_temp.id('home'), pg_temp.id('two'));

-- What a later migration may add -----------------------------------------------------------------

create table public.later_deals (
  id uuid primary key default gen_random_uuid(),
  contact_id uuid not null references contacts (id) on delete cascade,
  second_contact_id uuid references contacts (id) on delete set null,
  title text
);
-- One a contact, with rows of its own hanging on it.
create table public.later_profiles (
  id uuid primary key default gen_random_uuid(),
  contact_id uuid not null unique references contacts (id) on delete cascade,
  facts jsonb,
  doubled int generated always as (jsonb_array_length(facts) * 2) stored
);
create table public.later_profile_lines (
  id bigint generated always as identity primary key,
  profile_id uuid references later_profiles (id) on delete cascade,
  line text
);
-- A key that the reference is part of, and a unique index of an expression over some rows.
create table public.later_labels (
  contact_id uuid not null references contacts (id) on delete cascade,
  label text not null,
  colour text,
  primary key (contact_id, label)
);
create table public.later_nicknames (
  id uuid primary key default gen_random_uuid(),
  contact_id uuid not null references contacts (id) on delete cascade,
  nickname text,
  is_old boolean not null default false
);
create unique index on public.later_nicknames (contact_id, lower(nickname)) where not is_old;
-- A reference of two columns, and one to conversations.
alter table public.contacts add constraint later_contacts_key unique (workspace_id, id);
create table public.later_tickets (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  contact_id uuid not null,
  conversation_id uuid unique references conversations (id) on delete cascade,
  foreign key (workspace_id, contact_id) references contacts (workspace_id, id) on delete cascade
);
create table private.later_secrets (
  id uuid primary key default gen_random_uuid(),
  contact_id uuid not null references contacts (id) on delete cascade
);

insert into later_deals (id, contact_id, second_contact_id, title) values
  (pg_temp.id('deal one'), pg_temp.id('one'), pg_temp.id('two'), 'Of one'), (pg_temp.id('deal two'), pg_temp.id('two'), null, 'Of two');
insert into later_profiles (id, contact_id, facts) values
  (pg_temp.id('profile one'), pg_temp.id('one'), '[1]'), (pg_temp.id('profile two'), pg_temp.id('two'), '[1, 2]');
insert into later_profile_lines (profile_id, line) values (pg_temp.id('profile one'), 'one'), (pg_temp.id('profile two'), 'two');
insert into later_labels (contact_id, label, colour) values (pg_temp.id('one'), 'both', 'red'), (pg_temp.id('one'), 'mine', 'red'),
  (pg_temp.id('two'), 'both', 'blue'), (pg_temp.id('two'), 'theirs', 'blue');
insert into later_nicknames (contact_id, nickname, is_old) values (pg_temp.id('one'), 'Bo', false), (pg_temp.id('one'), null, false),
  (pg_temp.id('two'), 'BO', false), (pg_temp.id('two'), 'bo', true), (pg_temp.id('two'), null, false);
insert into later_tickets (workspace_id, contact_id, conversation_id)
select pg_temp.id('home'), pg_temp.id(n), pg_temp.id('thread ' || n) from unnest('{one,two}'::text[]) n;
insert into private.later_secrets (contact_id) values (pg_temp.id('two'));

create function pg_temp.later_rows() returns jsonb language sql
as $$
  select jsonb_build_object(
    'deals', (select jsonb_agg(t order by t.id) from later_deals t), 'profiles', (select jsonb_agg(t order by t.id) from later_profiles t),
    'lines', (select jsonb_agg(t order by t.id) from later_profile_lines t), 'labels', (select jsonb_agg(t order by t.label, t.colour) from later_labels t),
    'nicknames', (select jsonb_agg(t order by t.id) from later_nicknames t), 'tickets', (select jsonb_agg(t order by t.id) from later_tickets t),
    'secrets', (select jsonb_agg(t order by t.id) from private.later_secrets t))
$$;
create temp table before as select pg_temp.later_rows() as rows;

create temp table merge as select private.merge_contact(pg_temp.id('one'), pg_temp.id('two')) as id;

select is((select count(*) from contacts where workspace_id = pg_temp.id('home')), 1::bigint, 'of two contacts one is left');
select results_eq('select title, contact_id, second_contact_id from later_deals order by title',
  $$ values ('Of one', pg_temp.id('one'), pg_temp.id('one')), ('Of two', pg_temp.id('one'), null) $$,
  'a later table goes along, with every column that refers to contacts');
select results_eq('select id, facts from later_profiles', $$ values (pg_temp.id('profile one'), '[1]'::jsonb) $$,
  'of what there can be one of only, the primary''s stays');
select results_eq('select line, profile_id from later_profile_lines order by line',
  $$ values ('one', pg_temp.id('profile one')), ('two', pg_temp.id('profile one')) $$, 'and gets what hung on the other');
select results_eq('select contact_id, label, colour from later_labels order by label',
  $$ values (pg_temp.id('one'), 'both', 'red'), (pg_temp.id('one'), 'mine', 'red'), (pg_temp.id('one'), 'theirs', 'blue') $$,
  'where the reference is part of a key, too');
select results_eq('select nickname, is_old from later_nicknames order by is_old, nickname',
  $$ values ('Bo', false), (null, false), (null, false), ('bo', true) $$, 'unique indexes count as Postgres counts them: partial, of expressions, nulls apart');
select results_eq('select contact_id, conversation_id from later_tickets',
  $$ values (pg_temp.id('one'), pg_temp.id('thread one')) $$, 'a reference of several columns, and one that is unique to a conversation');
select is((select contact_id from private.later_secrets), pg_temp.id('one'), 'a table of the service');
select is(private.undo_merge(pg_temp.id('home'), (select id from merge)) - 'conversations',
  '{"fields": [], "duplicate_fields": [], "arrived": {}, "gone": {}}', 'undone, with nothing touched');
select is(pg_temp.later_rows(), (select rows from before), 'all of them are what they were, row by row');

-- Every table of ours ----------------------------------------------------------------------------

select is_empty($$
  select r.relation from (
    select relation from private.references_to('contacts') union select relation from private.references_to('conversations')) r
  where not exists (select from private.key_columns(r.relation)) $$,
  'every table that refers to contacts or conversations has a primary key, by which a merge is undone');
select is_empty($$
  select r.relation, r.attribute from private.references_to('contacts') r
  where not exists (
    select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attname = r.attribute
    where i.indrelid = r.relation and i.indkey[0] = a.attnum)
    and r.relation::text !~ 'later_' $$,
  'and finds a contact''s rows by an index');
select set_eq(
  $$ select relation::text from private.references_to('public.contacts') where relation::text !~ 'later_' $$,
  $$ select distinct conrelid::regclass::text from pg_constraint
    where contype = 'f' and confrelid = 'contacts'::regclass and conrelid::regclass::text !~ 'later_' $$,
  'nothing that refers to contacts refers to anything but their id');

-- Chains -----------------------------------------------------------------------------------------

insert into contacts (id, workspace_id, name, phone, tags)
select pg_temp.id(n), pg_temp.id('home'), n, null, array[n] from unnest('{a,b,c,d}'::text[]) n;
insert into conversations (id, workspace_id, contact_id)
select pg_temp.id('thread ' || n), pg_temp.id('home'), pg_temp.id(n) from unnest('{a,b,c}'::text[]) n;
create temp table chain as select private.merge_contact(pg_temp.id('b'), pg_temp.id('a')) as a_into_b;
alter table chain add b_into_c uuid, add d_into_c uuid;
update chain set b_into_c = private.merge_contact(pg_temp.id('c'), pg_temp.id('b'));
update chain set d_into_c = private.merge_contact(pg_temp.id('c'), pg_temp.id('d'));
select is(private.current_contact(pg_temp.id('home'), pg_temp.id('a')), pg_temp.id('c'), 'an id that was merged twice leads to the last');
select is(private.current_contact(pg_temp.id('away'), pg_temp.id('a')), null, 'not for another workspace');
select is(private.current_conversation(pg_temp.id('thread a')), pg_temp.id('thread c'), 'a conversation''s likewise');
select is(private.merged_ids(pg_temp.id('home'), pg_temp.id('a')) @> array[pg_temp.id('a'), pg_temp.id('b'), pg_temp.id('c'), pg_temp.id('d')],
  true, 'and all of them are one history');
select is(private.merged_ids(pg_temp.id('away'), pg_temp.id('a')), array[pg_temp.id('a')], 'which another workspace does not see');
select is((select tags from contacts where id = pg_temp.id('c')), '{c,b,a,d}', 'tags are united in the order of the merges');

create function pg_temp.refusal(statement text) returns text language plpgsql
as $$
declare
  code text; extra text;
begin
  execute statement;
  return 'none';
exception when others then
  get stacked diagnostics code = message_text, extra = pg_exception_hint;
  return sqlstate || ' ' || code || ' ' || coalesce(nullif(extra, '')::jsonb ->> 'merge_id', '');
end
$$;
create function pg_temp.undo(merge text, place text default 'home') returns text language sql
as $$ select format('select private.undo_merge(%L, (select %I from chain))', pg_temp.id(place), merge) $$;
select is(pg_temp.refusal(pg_temp.undo('a_into_b')), 'PT409 merge_not_latest ' || (select d_into_c from chain), 'an older merge waits for the newer ones, the last first');
select is(pg_temp.refusal(pg_temp.undo('b_into_c')), 'PT409 merge_not_latest ' || (select d_into_c from chain), 'also where it was of others');
select is(pg_temp.refusal(pg_temp.undo('d_into_c', 'away')), 'PT404 merge_not_found ', 'another workspace has no such merge');
select is(pg_temp.refusal(pg_temp.undo('d_into_c')), 'none', 'the last is undone');
select is(pg_temp.refusal(pg_temp.undo('d_into_c')), 'PT409 merge_undone ', 'once');
select is(pg_temp.refusal(pg_temp.undo('b_into_c')), 'none', 'then the one before');
select is(array[private.current_contact(pg_temp.id('home'), pg_temp.id('a')), private.current_conversation(pg_temp.id('thread a'))],
  array[pg_temp.id('b'), pg_temp.id('thread b')], 'so that the first id leads where it led then');
select is(pg_temp.refusal(pg_temp.undo('a_into_b')), 'none', 'then the first');
select results_eq($$ select name, tags from contacts where workspace_id = pg_temp.id('home') and phone is null order by name $$,
  $$ values ('a', '{a}'::text[]), ('b', '{b}'), ('c', '{c}'), ('d', '{d}') $$, 'and all are themselves again');
select is((select count(*) from private.merge_rows) + (select count(*) from private.merge_moves)
  + (select count(*) from contact_merges m where m.workspace_id = pg_temp.id('home') and m.duplicate <> '{}'), 0::bigint,
  'of what is undone nothing personal is kept');
delete from contacts where id = pg_temp.id('a');
select is(private.current_contact(pg_temp.id('home'), pg_temp.id('a')), null, 'nor does a merge that was undone lead anywhere');

select * from finish();
rollback;
