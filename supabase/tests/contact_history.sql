-- The history of stage, status and sale status: complete for every writer, set-based, with its actor.
begin;
set local search_path = public, extensions;
select plan(13);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('contact history ' || label)::uuid $$;
insert into auth.users (id, email) values (pg_temp.id('ann'), 'ann@history.example');
insert into workspaces (id, name) values (pg_temp.id('home'), 'Home');
insert into workspace_members (workspace_id, user_id, role, handle) values (pg_temp.id('home'), pg_temp.id('ann'), 'agent', 'ann');
insert into api_keys (id, workspace_id, name, prefix, key_hash, scopes)
values (pg_temp.id('key'), pg_temp.id('home'), 'key', 'lb_history0', sha256(convert_to('history', 'UTF8')), '{contacts:write}');
insert into contacts (id, workspace_id, name, status) values
  (pg_temp.id('contact'), pg_temp.id('home'), 'Contact', 'contacted'), (pg_temp.id('other'), pg_temp.id('home'), 'Other', 'new');
create function pg_temp.history(contact text default 'contact') returns text language sql as $$
  select string_agg(format('%s %s→%s %s', field, old_value, new_value, actor_type), ', ' order by changed_at, id)
  from contact_history where contact_id = pg_temp.id(contact)
$$;
create function pg_temp.change(credential jsonb, change jsonb) returns int language sql as $$
  select status from private.call(credential, 'contacts:write', 'update_contact',
    jsonb_build_object('contact_id', pg_temp.id('contact'), 'set', change))
$$;

select is(pg_temp.history(), null, 'what a contact begins with is no change');
select is(pg_temp.change(jsonb_build_object('type', 'member', 'user_id', pg_temp.id('ann')), '{"stage": "closing", "name": "New"}'), 200,
  'a member moves it');
select is(pg_temp.history(), 'stage inquiry→closing member', 'which is one line');
select is((select actor_id from contact_history where contact_id = pg_temp.id('contact')), pg_temp.id('ann'), 'and says who');
select is(pg_temp.change(jsonb_build_object('type', 'api_key', 'hash', encode(sha256(convert_to('history', 'UTF8')), 'hex')),
  '{"status": "qualified", "sale_status": "signed", "stage": "closing"}'), 200, 'a key changes several fields');
select is(pg_temp.history(),
  'stage inquiry→closing member, status contacted→qualified api_key, sale_status none→signed api_key', 'a line a field that changed');
update contacts set name = 'Newer', value = 5, status = status where id = pg_temp.id('contact');
select is((select count(*) from contact_history where contact_id = pg_temp.id('contact')), 3::bigint, 'other fields leave none');
-- Writers that are not the API: a function of ours, plain SQL, a batch.
select private.close_lead(pg_temp.id('other'));
update contacts set sale_status = 'sold' where workspace_id = pg_temp.id('home');
select is(pg_temp.history('other'), 'status new→contacted system, sale_status none→sold system', 'every writer is followed');
select is(pg_temp.history() ~ 'sale_status signed→sold system$', true, 'row by row of a statement, each from its own value');
insert into contacts (workspace_id, name) select pg_temp.id('home'), 'Many ' || n from generate_series(1, 5000) n;
update contacts set stage = 'closing' where workspace_id = pg_temp.id('home') and name like 'Many %';
select is((select count(*) from contact_history h join contacts c on c.id = h.contact_id where c.name like 'Many %'), 5000::bigint,
  'a batch of thousands too');
select private.merge_contact(pg_temp.id('contact'), pg_temp.id('other'));
select is((select count(*) from contact_history where contact_id = pg_temp.id('contact')), 6::bigint, 'a merge takes the history along');
delete from contacts where id = pg_temp.id('contact');
select is(pg_temp.history(), null, 'it goes with the contact');
select throws_ok($$ set local role service_role; update contact_history set new_value = 'x' $$, '42501', null, 'nobody writes it over');

select * from finish();
rollback;
