-- Deals: what a contact is worth, what happens by itself, merges, deletions, for every writer.
begin;
set local search_path = public, extensions;
select plan(51);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('deals ' || label)::uuid $$;
insert into auth.users (id, email) select pg_temp.id(n), n || '@deals.example' from unnest(array['ann', 'out']) n;
insert into workspaces (id, name) values (pg_temp.id('home'), 'Home'), (pg_temp.id('away'), 'Away');
insert into workspace_members (workspace_id, user_id, role, handle) values
  (pg_temp.id('home'), pg_temp.id('ann'), 'agent', 'ann'), (pg_temp.id('away'), pg_temp.id('out'), 'owner', 'out');
insert into contacts (id, workspace_id, name) select pg_temp.id(n), pg_temp.id('home'), n
from unnest(array['one', 'two', 'three', 'four', 'five']) n;
insert into contacts (id, workspace_id, name) values (pg_temp.id('foreign'), pg_temp.id('away'), 'foreign');

create function pg_temp.deal(contact text, title text, worth numeric default null, money text default null) returns void
language sql as $$
  insert into deals (id, workspace_id, contact_id, title, value, currency)
  select pg_temp.id(title), c.workspace_id, c.id, title, worth, money from contacts c where c.id = pg_temp.id(contact)
$$;
create function pg_temp.value(contact text) returns text language sql as $$
  select coalesce(value::text, '-') || ' ' || value_source from contacts where id = pg_temp.id(contact)
$$;

-- What a deal begins with ------------------------------------------------------------------------

select is((select count(*) from pipelines where workspace_id = pg_temp.id('home') and is_default), 1::bigint, 'a workspace has a pipeline');
select pg_temp.deal('one', 'first', 100);
select is((select row(s.name, s.position, d.currency, d.status, d.closed_at)::text from deals d join pipeline_stages s on s.id = d.stage_id
  where d.id = pg_temp.id('first')), '(New,1,USD,open,)', 'first stage of the default pipeline, the workspace''s currency, open');
select throws_ok($$ insert into deals (workspace_id, contact_id, title) values (pg_temp.id('home'), pg_temp.id('foreign'), 'x') $$,
  'PT404', 'contact_not_found', 'its contact is of the workspace');
select throws_ok($$ update deals set contact_id = pg_temp.id('foreign') where id = pg_temp.id('first') $$,
  'PT404', 'contact_not_found', 'and stays so');
select throws_ok($$ update deals set stage_id = private.first_stage(pg_temp.id('away')) where id = pg_temp.id('first') $$,
  'PT422', 'validation_failed', 'its stage too');
select throws_ok($$ update deals set assigned_to = pg_temp.id('out') where id = pg_temp.id('first') $$,
  'PT422', 'validation_failed', 'and whom it is given to');
select throws_ok(format($$ update deals set %s where id = pg_temp.id('first') $$, change), '23514', null, format('refused: %s', change))
from unnest(array['value = -1', $$title = ''$$, $$currency = 'usd'$$, 'own_probability = 101']) change;

-- The contact's value -----------------------------------------------------------------------------

select is(pg_temp.value('one'), '100.00 deals', 'a contact is worth its deal');
select pg_temp.deal('one', 'second', 50), pg_temp.deal('one', 'blank'), pg_temp.deal('one', 'other money', 1000, 'EUR');
select is(pg_temp.value('one'), '150.00 deals', 'its deals together, those in other money apart');
update deals set status = 'lost', lost_reason = 'dear' where id = pg_temp.id('second');
select is(pg_temp.value('one'), '100.00 deals', 'as long as they are open');
update deals set contact_id = pg_temp.id('two') where id = pg_temp.id('first');
select is(pg_temp.value('one') || ', ' || pg_temp.value('two'), '- deals, 100.00 deals', 'a deal that moves takes its worth along');
update contacts set value = 7 where id = pg_temp.id('two');
update deals set value = 101 where id = pg_temp.id('first');
select is(pg_temp.value('two'), '7.00 person', 'what a person has set stays');
update contacts set value = null where id = pg_temp.id('two');
select is(pg_temp.value('two'), '101.00 deals', 'until it is cleared');
update contacts set value = 8 where id = pg_temp.id('two');
update contacts set value = 101 where id = pg_temp.id('two');
select is(pg_temp.value('two'), '101.00 deals', 'or set to what the deals are worth');
update contacts set name = 'Two', value = value where id = pg_temp.id('two');
select is(pg_temp.value('two'), '101.00 deals', 'to write the same is to write nothing');
insert into contacts (id, workspace_id, name, value) values (pg_temp.id('valued'), pg_temp.id('home'), 'Valued', 3);
select is(pg_temp.value('valued'), '3.00 person', 'a contact that comes with a value has a person''s');
insert into deals (workspace_id, contact_id, title, value)
select pg_temp.id('home'), c.id, 'Bulk ' || n, n from contacts c, generate_series(1, 200) n where c.id in (pg_temp.id('three'), pg_temp.id('four'));
select is(pg_temp.value('three') || ', ' || pg_temp.value('four'), '20100.00 deals, 20100.00 deals', 'a batch is summed as one');
delete from deals where contact_id = pg_temp.id('three') and value > 100;
select is(pg_temp.value('three'), '5050.00 deals', 'a deleted deal is worth nothing');
select throws_ok($$ insert into deals (workspace_id, contact_id, title, value)
    select pg_temp.id('home'), pg_temp.id('five'), 'Huge', 999999999999.99 from generate_series(1, 2) $$,
  'PT422', 'validation_failed', 'more than can be kept is refused');
insert into workspace_settings (workspace_id, currency) values (pg_temp.id('home'), 'EUR');
select is(pg_temp.value('one') || ', ' || pg_temp.value('two'), '1000.00 deals, - deals', 'with another currency other deals count');
update workspace_settings set currency = null where workspace_id = pg_temp.id('home');
select is(pg_temp.value('one') || ', ' || pg_temp.value('two'), '- deals, 101.00 deals', 'and back');
select is((select changes from activity_log where entity_id = pg_temp.id('two') and changes ? 'value' order by id desc limit 1),
  '{"value": {"from": null, "to": 101.00}}', 'the log tells the value and not whose it is');

-- Winning and losing --------------------------------------------------------------------------------

select is((select row(closed_at is not null, lost_reason)::text from deals where id = pg_temp.id('second')), '(t,dear)', 'lost: when and why');
update deals set status = 'won' where id = pg_temp.id('second');
select is((select lost_reason from deals where id = pg_temp.id('second')), null, 'what is won was not lost for a reason');
update deals set status = 'open' where id = pg_temp.id('second');
select is((select closed_at from deals where id = pg_temp.id('second')), null, 'what is open is not closed');
update contacts set status = 'converted' where id in (pg_temp.id('one'), pg_temp.id('three'));
select is((select array_agg(distinct status) from deals where contact_id in (pg_temp.id('one'), pg_temp.id('three'))), '{won}'::deal_status[],
  'whoever makes contacts converted wins their deals');
select is(pg_temp.value('one'), '- deals', 'which are no expectation any more');
update contacts set sale_status = 'signed' where id = pg_temp.id('two');
select is((select status from deals where id = pg_temp.id('first')), 'open', 'signed is not sold');
update contacts set sale_status = 'sold' where id = pg_temp.id('two');
select is((select status from deals where id = pg_temp.id('first')), 'won', 'sold is');
update workspace_settings set auto_close_won = false where workspace_id = pg_temp.id('home');
update contacts set sale_status = 'sold' where id = pg_temp.id('four');
select is((select array_agg(distinct status) from deals where contact_id = pg_temp.id('four')), '{open}'::deal_status[],
  'unless the workspace does not want it');

-- What opens by itself --------------------------------------------------------------------------------

create temp table intent as select private.open_deal_for(pg_temp.id('five'), 'asked for the price') as deal;
select is((select row(title, value, auto_reason, status)::text from deals, intent where id = deal), '(five,,"asked for the price",open)',
  'a deal for who shows intent');
select is(private.open_deal_for(pg_temp.id('five'), 'again'), deal, 'one, however often') from intent;
select is(private.open_deals_for(array[pg_temp.id('five'), pg_temp.id('valued')], 'both'), 1, 'of several those without one');
select is((select value from deals where contact_id = pg_temp.id('valued')), 3.00, 'worth what a person expects');
update deals set status = 'lost' where contact_id = pg_temp.id('five');
select isnt(private.open_deal_for(pg_temp.id('five'), 'later'), deal, 'another once the first is closed') from intent;
update workspace_settings set auto_create_deals = false where workspace_id = pg_temp.id('home');
select is(private.open_deal_for(pg_temp.id('three'), 'x'), null, 'none where the workspace wants none');
select is(private.open_deal_for(pg_temp.id('five'), 'x') is not null, true, 'but what is open is told');
select is(private.open_deal_for(pg_temp.id('nobody'), 'x'), null, 'none for nobody');

-- Merges and deletions ---------------------------------------------------------------------------------

insert into contacts (id, workspace_id, name) select pg_temp.id(n), pg_temp.id('home'), n from unnest(array['kept', 'gone', 'typed']) n;
select pg_temp.deal('kept', 'kept deal', 10), pg_temp.deal('gone', 'gone deal', 5);
create temp table before as select version, updated_at from deals where id = pg_temp.id('gone deal');
select private.merge_contact(pg_temp.id('kept'), pg_temp.id('gone'));
select is(pg_temp.value('kept'), '15.00 deals', 'two contacts that are one are worth both');
select is((select row(d.contact_id = pg_temp.id('kept'), d.version = b.version)::text from deals d, before b where d.id = pg_temp.id('gone deal')),
  '(t,t)', 'the deal has moved and is otherwise as it was');
update contacts set value = 99 where id = pg_temp.id('typed');
select private.merge_contact(pg_temp.id('kept'), pg_temp.id('typed'));
select is(pg_temp.value('kept'), '99.00 person', 'a value that a person set goes before');
create temp table undone as
  select private.undo_merge(pg_temp.id('home'), m.id) as answer from contact_merges m where m.duplicate_id = pg_temp.id('typed');
select is(pg_temp.value('kept') || ', ' || pg_temp.value('typed'), '15.00 deals, 99.00 person', 'undone, each is worth what it was');
insert into undone
  select private.undo_merge(pg_temp.id('home'), m.id) from contact_merges m where m.duplicate_id = pg_temp.id('gone');
select is(pg_temp.value('kept') || ', ' || pg_temp.value('gone'), '10.00 deals, 5.00 deals', 'and follows its own deals again');
select is((select array_agg(answer ->> 'fields' || (answer ->> 'gone') || (answer ->> 'arrived')) from undone), array['[]{}{}', '[]{}{}'],
  'with nothing touched meanwhile');
insert into internal_notes (workspace_id, deal_id, content) values (pg_temp.id('home'), pg_temp.id('kept deal'), 'Note');
select is((select row(entity_type, entity_id = pg_temp.id('kept deal'))::text from internal_notes where content = 'Note'), '(deal,t)', 'a note on a deal');
select throws_ok($$ insert into internal_notes (workspace_id, deal_id, contact_id, content)
  values (pg_temp.id('home'), pg_temp.id('kept deal'), pg_temp.id('kept'), 'x') $$, '23514', null, 'is on that alone');
delete from contacts where id = pg_temp.id('kept');
select is_empty($$ select 1 from deals where contact_id = pg_temp.id('kept') union all select 1 from internal_notes where content = 'Note' $$,
  'deals and their notes go with the contact');
delete from workspaces where id = pg_temp.id('home');
select is_empty($$ select 1 from deals where workspace_id = pg_temp.id('home')
  union all select 1 from pipelines where workspace_id = pg_temp.id('home') $$, 'and all of it with the workspace');

select * from finish();
rollback;
