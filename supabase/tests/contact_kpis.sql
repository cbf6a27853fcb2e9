-- The KPIs: exact after every kind of write, and still the same after folding.
begin;
set local search_path = public, extensions;
-- A writing statement in 300 folds by itself; none of these does.
select setseed(0.5);
select plan(57);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('contact kpis ' || label)::uuid $$;
insert into workspaces (id, name) values (pg_temp.id('home'), 'Home'), (pg_temp.id('away'), 'Away');
insert into api_keys (workspace_id, name, prefix, key_hash, scopes)
select pg_temp.id(place), place, 'lb_kpikpi00', sha256(convert_to('contact kpis ' || place, 'UTF8')), '{contacts:read}'
from unnest(array['home', 'away']) place;

create function pg_temp.data(place text, include_test boolean) returns jsonb language sql as $$
  select body::jsonb -> 'data' from private.call(
    jsonb_build_object('type', 'api_key', 'hash', encode(sha256(convert_to('contact kpis ' || place, 'UTF8')), 'hex')),
    'contacts:read', 'contact_kpis', jsonb_build_object('include_test', include_test))
$$;
-- E.g. '5: new 2, contacted 0, qualified 1, converted 1, lost 1; 2 qualified = 40 %, 1 lost'.
create function pg_temp.kpis(place text, include_test boolean default false) returns text language sql as $$
  select format('%s: new %s, contacted %s, qualified %s, converted %s, lost %s; %s qualified = %s %%, %s lost',
    d ->> 'total_contacts',
    d #>> '{by_status,new}', d #>> '{by_status,contacted}', d #>> '{by_status,qualified}', d #>> '{by_status,converted}',
    d #>> '{by_status,lost}', d ->> 'qualified_leads', d ->> 'conversion_rate', d ->> 'lost_leads')
  from pg_temp.data(place, include_test) d
$$;
create function pg_temp.add(place text, variadic statuses text[]) returns void language sql as $$
  insert into contacts (workspace_id, name, status) select pg_temp.id(place), s, s::contact_status from unnest(statuses) s
$$;
create function pg_temp.deltas() returns bigint language sql
as $$ select count(*) from private.contact_kpi_deltas where workspace_id in (pg_temp.id('home'), pg_temp.id('away')) $$;
-- What the counts and the table disagree in, for all workspaces.
create view pg_temp.wrong as
  select workspace_id, status, test from (
    select workspace_id, status, is_mystery_shopper as test, count(*) as n from contacts group by 1, 2, 3
    union all
    select workspace_id, status, is_test, -sum(delta) from private.contact_kpi_deltas group by 1, 2, 3) as both_sides
  group by 1, 2, 3 having sum(n) <> 0;

select is(pg_temp.data('home', false),
  '{"total_contacts": 0, "qualified_leads": 0, "conversion_rate": 0, "lost_leads": 0,
    "by_status": {"new": 0, "contacted": 0, "qualified": 0, "converted": 0, "lost": 0}}', 'no contacts: all zero');

-- Insert, update, delete --------------------------------------------------------------------------

select pg_temp.add('home', 'new');
select is(pg_temp.kpis('home'), '1: new 1, contacted 0, qualified 0, converted 0, lost 0; 0 qualified = 0 %, 0 lost', 'one');
select pg_temp.add('home', 'new', 'contacted', 'qualified', 'converted', 'lost');
select is(pg_temp.kpis('home'), '6: new 2, contacted 1, qualified 1, converted 1, lost 1; 2 qualified = 33.33 %, 1 lost',
  'five at once');
update contacts set status = 'qualified' where workspace_id = pg_temp.id('home') and status = 'contacted';
select is(pg_temp.kpis('home'), '6: new 2, contacted 0, qualified 2, converted 1, lost 1; 3 qualified = 50 %, 1 lost',
  'one qualifies');
update contacts set status = 'converted' where workspace_id = pg_temp.id('home') and status = 'qualified';
select is(pg_temp.kpis('home'), '6: new 2, contacted 0, qualified 0, converted 3, lost 1; 3 qualified = 50 %, 1 lost',
  'two convert at once');
update contacts set status = case status when 'new' then 'lost' when 'lost' then 'contacted' else status end::contact_status
where workspace_id = pg_temp.id('home');
select is(pg_temp.kpis('home'), '6: new 0, contacted 1, qualified 0, converted 3, lost 2; 3 qualified = 50 %, 2 lost',
  'different changes in one statement');
create temp table before as select pg_temp.deltas() as n;
update contacts set name = name || '!', status = status where workspace_id = pg_temp.id('home');
update contacts set company = 'Acme' where workspace_id = pg_temp.id('home');
select is(pg_temp.deltas(), n, 'what changes no status appends nothing') from before;
update contacts set status = case status when 'lost' then 'contacted' else 'lost' end::contact_status
where id in (
  (select id from contacts where workspace_id = pg_temp.id('home') and status = 'lost' limit 1),
  (select id from contacts where workspace_id = pg_temp.id('home') and status = 'contacted' limit 1));
select is(pg_temp.deltas(), n, 'nor do two that swap theirs') from before;
select is(pg_temp.kpis('home'), '6: new 0, contacted 1, qualified 0, converted 3, lost 2; 3 qualified = 50 %, 2 lost',
  'the sums are as they were');
delete from contacts where id = (select id from contacts where workspace_id = pg_temp.id('home') and status = 'lost' limit 1);
select is(pg_temp.kpis('home'), '5: new 0, contacted 1, qualified 0, converted 3, lost 1; 3 qualified = 60 %, 1 lost',
  'one deleted');
delete from contacts where workspace_id = pg_temp.id('home') and status in ('converted', 'lost');
select is(pg_temp.kpis('home'), '1: new 0, contacted 1, qualified 0, converted 0, lost 0; 0 qualified = 0 %, 0 lost',
  'four deleted at once');
delete from contacts where workspace_id = pg_temp.id('home');
select is(pg_temp.kpis('home'), '0: new 0, contacted 0, qualified 0, converted 0, lost 0; 0 qualified = 0 %, 0 lost',
  'all deleted');
select is_empty('table pg_temp.wrong', 'the counts are those of the table');

select pg_temp.add('home', variadic array_fill('new'::text, array[3]) || array_fill('qualified'::text, array[4]));
select is(pg_temp.data('home', false) ->> 'conversion_rate', '57.14', 'the rate has two decimals');
select pg_temp.add('home', 'converted', 'converted');
select is(pg_temp.data('home', false) ->> 'conversion_rate', '66.67', 'and is rounded');
delete from contacts where workspace_id = pg_temp.id('home') and status = 'new';
select is(pg_temp.data('home', false) -> 'conversion_rate', '100', 'all: a hundred');
delete from contacts where workspace_id = pg_temp.id('home');

-- Other ways to write -----------------------------------------------------------------------------

insert into contacts (workspace_id, phone, status) values (pg_temp.id('home'), '+34600000001', 'new'),
  (pg_temp.id('home'), '+34600000002', 'new');
insert into contacts (workspace_id, phone, status)
values (pg_temp.id('home'), '+34600000002', 'lost'), (pg_temp.id('home'), '+34600000003', 'qualified')
on conflict (workspace_id, phone_key) do update set status = excluded.status;
select is(pg_temp.kpis('home'), '3: new 1, contacted 0, qualified 1, converted 0, lost 1; 1 qualified = 33.33 %, 1 lost',
  'an upsert that does both');
insert into contacts (workspace_id, phone) values (pg_temp.id('home'), '+34600000002') on conflict do nothing;
select is(pg_temp.data('home', false) ->> 'total_contacts', '3', 'an insert that does nothing');
do $$
begin
  perform pg_temp.add('home', 'new', 'new');
  delete from contacts where workspace_id = pg_temp.id('home') and status = 'lost';
  raise exception using errcode = 'ZZ999';
exception when sqlstate 'ZZ999' then null;
end
$$;
select is(pg_temp.kpis('home'), '3: new 1, contacted 0, qualified 1, converted 0, lost 1; 1 qualified = 33.33 %, 1 lost',
  'what is rolled back never counted');
merge into contacts c using (values ('+34600000001', 'lost'), ('+34600000009', 'converted')) as given (phone, status)
on c.workspace_id = pg_temp.id('home') and c.phone = given.phone
when matched then update set status = given.status::contact_status
when not matched then insert (workspace_id, phone, status) values (pg_temp.id('home'), given.phone, given.status::contact_status);
select is(pg_temp.kpis('home'), '4: new 0, contacted 0, qualified 1, converted 1, lost 2; 2 qualified = 50 %, 2 lost',
  'a merge that does both');
with gone as (delete from contacts where workspace_id = pg_temp.id('home') and status = 'lost' returning workspace_id)
insert into contacts (workspace_id, status) select workspace_id, 'contacted' from gone;
select is(pg_temp.kpis('home'), '4: new 0, contacted 2, qualified 1, converted 1, lost 0; 2 qualified = 50 %, 0 lost',
  'one statement that deletes and inserts');

-- Mystery shoppers ---------------------------------------------------------------------------------

insert into contacts (workspace_id, status, is_mystery_shopper) values (pg_temp.id('home'), 'converted', true),
  (pg_temp.id('home'), 'lost', true);
select is(pg_temp.kpis('home'), '4: new 0, contacted 2, qualified 1, converted 1, lost 0; 2 qualified = 50 %, 0 lost',
  'mystery shoppers are left out');
select is(pg_temp.kpis('home', true), '6: new 0, contacted 2, qualified 1, converted 2, lost 1; 3 qualified = 50 %, 1 lost',
  'unless asked for');
update contacts set is_mystery_shopper = true where workspace_id = pg_temp.id('home') and status = 'qualified';
select is(pg_temp.kpis('home'), '3: new 0, contacted 2, qualified 0, converted 1, lost 0; 1 qualified = 33.33 %, 0 lost',
  'who becomes one leaves the count');
update contacts set is_mystery_shopper = not is_mystery_shopper, status = 'new' where workspace_id = pg_temp.id('home')
  and status in ('qualified', 'contacted');
select is(pg_temp.kpis('home'), '2: new 1, contacted 0, qualified 0, converted 1, lost 0; 1 qualified = 50 %, 0 lost',
  'both ways at once, with the status');
select is(pg_temp.kpis('home', true), '6: new 3, contacted 0, qualified 0, converted 2, lost 1; 2 qualified = 33.33 %, 1 lost',
  'with them nothing is lost');
select is_empty('table pg_temp.wrong', 'the counts are those of the table');

-- Between workspaces -------------------------------------------------------------------------------

select pg_temp.add('away', 'new', 'lost');
select is(pg_temp.kpis('away'), '2: new 1, contacted 0, qualified 0, converted 0, lost 1; 0 qualified = 0 %, 1 lost',
  'another workspace has its own');
insert into contacts (workspace_id, status) values (pg_temp.id('home'), 'contacted'), (pg_temp.id('away'), 'contacted');
update contacts set workspace_id = pg_temp.id('away') where workspace_id = pg_temp.id('home');
select is(pg_temp.kpis('home', true), '0: new 0, contacted 0, qualified 0, converted 0, lost 0; 0 qualified = 0 %, 0 lost',
  'merged into it, one has none');
select is(pg_temp.kpis('away', true), '10: new 4, contacted 2, qualified 0, converted 2, lost 2; 2 qualified = 20 %, 2 lost',
  'and the other all');
select is(pg_temp.kpis('away'), '6: new 2, contacted 2, qualified 0, converted 1, lost 1; 1 qualified = 16.67 %, 1 lost',
  'mystery shoppers stay what they are');
update contacts set status = 'lost' where workspace_id in (pg_temp.id('home'), pg_temp.id('away'));
select is(pg_temp.kpis('away'), '6: new 0, contacted 0, qualified 0, converted 0, lost 6; 0 qualified = 0 %, 6 lost',
  'all are lost');

-- Folding ------------------------------------------------------------------------------------------

select pg_temp.add('away', 'new', 'contacted', 'converted', 'converted') from generate_series(1, 5);
update contacts set status = 'qualified' where workspace_id = pg_temp.id('away') and status = 'contacted';
create temp table unfolded as select pg_temp.kpis('away') as kpis, pg_temp.kpis('away', true) as with_test,
  pg_temp.deltas() as deltas;
select is(private.fold_contact_kpis(pg_temp.id('away'), 3), 3, 'no more than asked for are folded');
select is(array[pg_temp.kpis('away'), pg_temp.kpis('away', true)], array[kpis, with_test], 'which changes no sum') from unfolded;
create temp table rest as select count(*)::int as n from private.contact_kpi_deltas where workspace_id = pg_temp.id('away');
select is(private.fold_contact_kpis(pg_temp.id('away'), 100000), n, 'then the rest') from rest;
select is(array[pg_temp.kpis('away'), pg_temp.kpis('away', true)], array[kpis, with_test], 'which changes no sum either')
  from unfolded;
select is((select count(*) from private.contact_kpi_deltas where workspace_id = pg_temp.id('away')), 5::bigint,
  'one row is left for each status and kind that somebody is of');
select is_empty('select from private.contact_kpi_deltas where delta = 0 and workspace_id = pg_temp.id(''away'')',
  'and none that counts nothing');
select is(private.fold_contact_kpis(pg_temp.id('nowhere')), 0, 'an unknown workspace has nothing to fold');
select is_empty('table pg_temp.wrong', 'the counts are those of the table');

-- The log -------------------------------------------------------------------------------------------

create function pg_temp.at(moment timestamptz, include_test boolean default false) returns text language sql as $$
  select coalesce(string_agg(concat_ws(' ', status, stage, contacts), ', ' order by status, stage), '')
  from private.contact_counts_at(pg_temp.id('home'), include_test, moment)
$$;
create function pg_temp.log_rows() returns bigint language sql
as $$ select count(*) from private.kpi_log where workspace_id = pg_temp.id('home') $$;
delete from contacts where workspace_id = pg_temp.id('home');
select private.fold_contact_kpis(pg_temp.id('home'), 100000);
delete from private.kpi_log where workspace_id = pg_temp.id('home');
delete from private.kpi_log_sums where workspace_id = pg_temp.id('home');

-- Two new ones and a mystery shopper; one of the two qualifies; the shopper is none any more; the other is deleted.
insert into private.contact_kpi_deltas (workspace_id, at, status, stage, is_test, delta)
select pg_temp.id('home'), h.at::timestamptz, h.status::contact_status, h.stage, h.is_test, h.delta
from (values
  ('2026-03-01T10:20:30.5Z', 'new', 'inquiry', false, 2), ('2026-03-01T10:20:30.5Z', 'lost', 'closing', true, 1),
  ('2026-03-01T10:20:45Z', 'new', 'inquiry', false, -1), ('2026-03-01T10:20:45Z', 'qualified', 'closing', false, 1),
  ('2026-03-01T12:00:00Z', 'lost', 'closing', true, -1), ('2026-03-01T12:00:00Z', 'lost', 'closing', false, 1),
  ('2026-03-02T00:00:00Z', 'new', 'inquiry', false, -1)) as h (at, status, stage, is_test, delta);
create temp table moments (moment timestamptz primary key, told text, with_test text);
insert into moments values
  ('2026-03-01T10:20:30.499999Z', '', ''),
  ('2026-03-01T10:20:30.5Z', 'new inquiry 2', 'new inquiry 2, lost closing 1'),
  ('2026-03-01T10:20:44Z', 'new inquiry 2', 'new inquiry 2, lost closing 1'),
  ('2026-03-01T10:21:00Z', 'new inquiry 1, qualified closing 1', 'new inquiry 1, qualified closing 1, lost closing 1'),
  ('2026-03-01T12:00:00Z', 'new inquiry 1, qualified closing 1, lost closing 1', 'new inquiry 1, qualified closing 1, lost closing 1'),
  ('2026-03-01T23:59:59.9Z', 'new inquiry 1, qualified closing 1, lost closing 1', 'new inquiry 1, qualified closing 1, lost closing 1'),
  ('2026-03-02T00:00:00Z', 'qualified closing 1, lost closing 1', 'qualified closing 1, lost closing 1'),
  ('2026-09-01T00:00:00Z', 'qualified closing 1, lost closing 1', 'qualified closing 1, lost closing 1');
create view pg_temp.misremembered as
  select moment, pg_temp.at(moment) as now_told, pg_temp.at(moment, true) as now_with_test from moments
  where (pg_temp.at(moment), pg_temp.at(moment, true)) is distinct from (told, with_test);
select is_empty('table pg_temp.misremembered', 'every moment is known before anything is folded');
select is(private.fold_contact_kpis(pg_temp.id('home'), 3), 3, 'some are folded');
select is_empty('table pg_temp.misremembered', 'which changes no past');
select is(pg_temp.log_rows(), 3::bigint, 'they are in the log');
select isnt(private.fold_contact_kpis(pg_temp.id('home')), 0, 'all are folded');
select is_empty('table pg_temp.misremembered', 'nor does that');
create temp table logged as select pg_temp.log_rows() as n;
select private.fold_contact_kpis(pg_temp.id('home'));
select is(pg_temp.log_rows(), n, 'what is in the log is not written again') from logged;
create temp table summed as select count(*) as n from private.kpi_log_sums where workspace_id = pg_temp.id('home');
select private.compact_kpi_sums(pg_temp.id('home'), '2026-03-01T23:00:00Z');
select cmp_ok((select count(*) from private.kpi_log_sums where workspace_id = pg_temp.id('home')), '<', n, 'sums become fewer')
  from summed;
select is_empty('table pg_temp.misremembered', 'and say the same');
insert into private.clock (shift) values (interval '400 days');
select pg_temp.add('home', 'contacted');
select matches(pg_temp.at(now() + interval '401 days'), 'contacted', 'what happens is noted by the rules'' clock');
select doesnt_match(pg_temp.at(now() + interval '1 day'), 'contacted', 'and by no other');
delete from private.clock;
-- Of those who never were.
delete from contacts where workspace_id = pg_temp.id('home');
delete from private.contact_kpi_deltas where workspace_id = pg_temp.id('home');
delete from workspaces where id = pg_temp.id('home');
select is(pg_temp.log_rows(), 0::bigint, 'the log goes with the workspace');
select is_empty('select from private.kpi_log_sums where workspace_id = pg_temp.id(''home'')', 'and so do its sums');
insert into workspaces (id, name) values (pg_temp.id('home'), 'Home');
insert into api_keys (workspace_id, name, prefix, key_hash, scopes)
values (pg_temp.id('home'), 'home', 'lb_kpikpi00', sha256(convert_to('contact kpis home', 'UTF8')), '{contacts:read}');
select private.fold_contact_kpis(pg_temp.id('home'));

-- All gone ------------------------------------------------------------------------------------------

delete from workspaces where id = pg_temp.id('away');
select is_empty('table pg_temp.wrong', 'a deleted workspace counts nothing');
select private.sweep();
select is(pg_temp.deltas(), 0::bigint, 'and sweeping leaves no row of it, nor of one that is empty');
select pg_temp.add('home', 'new', 'lost');
truncate contacts cascade;
select is(pg_temp.kpis('home'), '0: new 0, contacted 0, qualified 0, converted 0, lost 0; 0 qualified = 0 %, 0 lost',
  'truncated: all zero');
select pg_temp.add('home', 'qualified');
select is(pg_temp.kpis('home'), '1: new 0, contacted 0, qualified 1, converted 0, lost 0; 1 qualified = 100 %, 0 lost',
  'counted anew');

select * from finish();
rollback;
