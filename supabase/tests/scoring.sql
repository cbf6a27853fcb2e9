-- Scores, grades, automatic status and risk: from what messages, people, deals and time say.
begin;
set local search_path = public, extensions;
select plan(84);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('scoring ' || label)::uuid $$;
insert into workspaces (id, name) values (pg_temp.id('home'), 'Home'), (pg_temp.id('away'), 'Away');
insert into contacts (id, workspace_id, name) select pg_temp.id(n), pg_temp.id('home'), n from unnest('{ana,bob,eve}'::text[]) n;
insert into conversations (id, workspace_id, contact_id) select pg_temp.id(n || ' thread'), pg_temp.id('home'), pg_temp.id(n) from unnest('{ana,bob,eve}'::text[]) n;
insert into scoring_signals (id, workspace_id, name, kind, category, points, keywords, language, action, cap, half_life_days, cooldown_hours, buying_intent, description) values
  (pg_temp.id('price'), pg_temp.id('home'), 'Price', 'keyword', 'intent', 10, '{price,"how much"}', 'en', null, 25, null, null, false, null),
  (pg_temp.id('buy'), pg_temp.id('home'), 'Buy', 'keyword', 'intent', 20, '{"want to buy"}', 'en', null, null, null, null, true, null),
  (pg_temp.id('chat'), pg_temp.id('home'), 'Chat', 'keyword', 'engagement', 4, '{hello}', null, null, null, null, 24, false, null),
  (pg_temp.id('rude'), pg_temp.id('home'), 'Rude', 'keyword', 'sentiment', -30, '{idiot}', null, null, null, null, null, false, null),
  (pg_temp.id('book'), pg_temp.id('home'), 'Books', 'action', 'intent', 16, '{}', null, 'meeting_scheduled', null, 10, null, true, null),
  (pg_temp.id('seen'), pg_temp.id('home'), 'Seen', 'ai', 'fit', 3, '{}', null, null, null, null, null, false, 'Has a budget.');
delete from private.batch_jobs where workspace_id = pg_temp.id('home');

create function pg_temp.say(who text, what text, at timestamptz, direction message_direction default 'inbound') returns uuid language sql as $$
  insert into messages (workspace_id, contact_id, conversation_id, direction, sender_type, type, body, status, sent_at)
  values (pg_temp.id('home'), pg_temp.id(who), pg_temp.id(who || ' thread'), direction, 'contact', 'text', what, 'received', at)
  returning id
$$;
create function pg_temp.shown(who text) returns text language sql as $$
  select concat_ws(' ', score, grade, auto_status, case when is_at_risk then 'at risk' end) from contacts where id = pg_temp.id(who)
$$;
-- What the triggers keep is what comes out of nothing.
create function pg_temp.rebuilt(who text) returns boolean language plpgsql as $$
declare
  before text := pg_temp.shown(who) || (select to_jsonb(a) - 'due_at' from contact_activity a where contact_id = pg_temp.id(who))::text;
begin
  perform private.recount_inbound(array[pg_temp.id(who)]), private.follow_contacts(array[pg_temp.id(who)]);
  return before = pg_temp.shown(who) || (select to_jsonb(a) - 'due_at' from contact_activity a where contact_id = pg_temp.id(who))::text;
end
$$;
create function pg_temp.travel(days int) returns int language plpgsql as $$
begin
  insert into private.clock (shift) values (make_interval(days => days)) on conflict (is_set) do update set shift = private.clock.shift + make_interval(days => days);
  return private.follow_due(100);
end
$$;

-- Messages -----------------------------------------------------------------------------------------

select is(pg_temp.shown('ana'), '0 new', 'nothing counts, so there is no grade');
do $$ begin perform pg_temp.say('ana', 'How much is the big one, please? What are your prices?', now()); end $$;
select is(pg_temp.shown('ana'), '10 E new', 'a message shows a signal once');
do $$ begin perform pg_temp.say('ana', 'We would like to know the price please', now()); end $$;
do $$ begin perform pg_temp.say('ana', 'Please tell us the price of it', now()); end $$;
select is(pg_temp.shown('ana'), '25 D active', 'up to its cap; and three messages make a contact active');
select is((select count(*) from score_events where contact_id = pg_temp.id('ana')), 3::bigint, 'each has its evidence');
do $$ begin perform pg_temp.say('ana', 'Our answer about the price and how much it is', now(), 'outbound'); end $$;
select is(pg_temp.shown('ana'), '25 D active', 'what we say ourselves counts for nobody');
do $$ begin perform pg_temp.say('ana', 'hello', now()), pg_temp.say('ana', 'hello hello', now()); end $$;
select is(pg_temp.shown('ana'), '29 D active', 'once in a cooldown');
select is((select deals from (select count(*) as deals from deals where contact_id = pg_temp.id('ana')) d), 0::bigint, 'no deal without intent');
do $$ begin perform pg_temp.say('ana', 'Yes, I want to buy it, please', now()); end $$;
select is(pg_temp.shown('ana'), '49 C qualified', 'who shows buying intent is qualified');
select is((select array[auto_reason, status::text] from deals where contact_id = pg_temp.id('ana')), array['A message showed "Buy".', 'open'], 'and has a deal');
do $$ begin perform pg_temp.say('ana', 'you idiot', now() + interval '1 second'); end $$;
select is(pg_temp.shown('ana'), '19 E qualified at risk', 'points are taken, and a bad mood is a risk');
update messages set body = 'you are great, thank you' where contact_id = pg_temp.id('ana') and body = 'you idiot';
select is(pg_temp.shown('ana'), '49 C qualified', 'an edited message counts as what it says now');
update messages set sentiment_score = -0.75 where contact_id = pg_temp.id('ana') and body = 'you are great, thank you';
select is(pg_temp.shown('ana'), '49 C qualified at risk', 'so does one that is read otherwise, as by a model');
select is(private.explained_status(pg_temp.id('ana')) #> '{at_risk,reasons}', '["last_mood_negative"]', 'and it is told why');
delete from messages where contact_id = pg_temp.id('ana') and body = 'you are great, thank you';
select is(pg_temp.shown('ana'), '49 C qualified', 'until it is gone');
delete from messages where contact_id = pg_temp.id('ana') and body like 'Yes, I want to buy%';
select is(pg_temp.shown('ana'), '29 D active', 'a deleted one not at all');
select ok(pg_temp.rebuilt('ana'), 'all of it is what comes out of nothing');

-- Actions and gifts ----------------------------------------------------------------------------------

insert into meetings (workspace_id, contact_id, title, starts_at) values (pg_temp.id('home'), pg_temp.id('bob'), 'Viewing', now() + interval '3 days');
select is(pg_temp.shown('bob'), '16 E qualified', 'a meeting is an action');
select is((select count(*) from deals where contact_id = pg_temp.id('bob')), 1::bigint, 'that shows intent');
do $$ begin perform private.add_score_event(pg_temp.id('bob'), '{"points": 7, "reason": "Met at the fair"}', now()); end $$;
select is(pg_temp.shown('bob'), '23 D qualified', 'points that somebody gives');
do $$ begin perform private.add_score_event(pg_temp.id('bob'), jsonb_build_object('signal_id', pg_temp.id('seen')), now()); end $$;
select is(pg_temp.shown('bob'), '26 D qualified', 'what a model saw');
select is(private.record_action(pg_temp.id('bob'), 'nothing_known', now()), '{}', 'an action that no signal is about');
select throws_ok($$ select private.add_score_event(pg_temp.id('bob'), jsonb_build_object('signal_id', pg_temp.id('price')), now()) $$,
  'PT422', 'validation_failed', 'keywords are shown by messages alone');
select is(pg_temp.travel(10), 1, 'after ten days bob is due');
select is(pg_temp.shown('bob'), '18 E qualified', 'half of what decays is left');
select is(pg_temp.travel(60), 2, 'everybody is due who ever wrote');
select is(pg_temp.shown('bob'), '10 E qualified', 'of what has decayed nothing is left in the end');
select ok(pg_temp.rebuilt('bob'), 'all of it is what comes out of nothing');
select is(pg_temp.shown('ana'), '29 D inactive', 'who has been silent for long is inactive');
delete from private.clock;
update contacts set name = name where id = pg_temp.id('ana');
do $$ begin perform private.follow_contacts(array[pg_temp.id('ana'), pg_temp.id('bob'), pg_temp.id('eve')]); end $$;

-- The life of a contact, by the clock ------------------------------------------------------------------

do $$ begin perform pg_temp.say('eve', 'good morning to all of you', private.now()); end $$;
select is(pg_temp.shown('eve'), '0 new', 'one message makes nobody active');
do $$ begin perform pg_temp.say('eve', 'is somebody there', private.now()), pg_temp.say('eve', 'is somebody there', private.now()); end $$;
select is(pg_temp.shown('eve'), '0 active', 'three do');
update contacts set status = 'qualified' where id = pg_temp.id('eve');
select is(pg_temp.shown('eve'), '0 qualified', 'people say who means to buy');
select is(pg_temp.travel(8) > 0, true, 'a week later somebody is due');
select is(pg_temp.shown('eve'), '0 qualified at risk', 'a lead has gone cold');
update contacts set status = 'converted' where id = pg_temp.id('eve');
select is(pg_temp.shown('eve'), '0 converted', 'it was bought');
do $$ begin perform pg_temp.travel(31); end $$;
select is(pg_temp.shown('eve'), '0 converted at risk', 'and nothing heard for a month');
do $$ begin perform pg_temp.travel(60); end $$;
select is(pg_temp.shown('eve'), '0 churned', 'for three');
do $$ begin perform pg_temp.say('eve', 'hello there, me again', private.now()); end $$;
select is(pg_temp.shown('eve'), '4 E converted', 'until something is');
update contacts set status = 'contacted' where id = pg_temp.id('eve');
select is(pg_temp.shown('eve'), '4 E active', 'it was not bought after all');
select ok(pg_temp.rebuilt('eve'), 'all of it is what comes out of nothing');
insert into deals (workspace_id, contact_id, title, status) values (pg_temp.id('home'), pg_temp.id('eve'), 'Won', 'won');
select is(pg_temp.shown('eve'), '4 E converted', 'a deal that is won is a purchase');
delete from deals where contact_id = pg_temp.id('eve');
select is(pg_temp.shown('eve'), '4 E active', 'unless it is no more');
insert into contacts (id, workspace_id, name, status) values (pg_temp.id('buyer'), pg_temp.id('home'), 'Buyer', 'converted');
select is(pg_temp.shown('buyer'), '0 converted', 'who comes in as a buyer is one');
select is(private.follow_due(100), 0, 'nobody is due any more');
delete from private.clock;

-- VIPs ---------------------------------------------------------------------------------------------

insert into workspace_settings (workspace_id, vip_min_value, vip_min_score) values (pg_temp.id('home'), 1000, 40)
on conflict (workspace_id) do update set vip_min_value = 1000, vip_min_score = 40;
create function pg_temp.vip(who text) returns text language sql as $$
  select is_vip || ' ' || vip_source from contacts where id = pg_temp.id(who)
$$;
update contacts set value = 999 where id = pg_temp.id('bob');
select is(pg_temp.vip('bob'), 'false rule', 'worth too little');
update contacts set value = 1000 where id = pg_temp.id('bob');
select is(pg_temp.vip('bob'), 'true rule', 'worth enough');
update contacts set is_vip = false where id = pg_temp.id('bob');
update contacts set value = 5000 where id = pg_temp.id('bob');
select is(pg_temp.vip('bob'), 'false person', 'a person says otherwise');
update contacts set is_vip = true where id = pg_temp.id('bob');
update contacts set value = 1 where id = pg_temp.id('bob');
select is(pg_temp.vip('bob'), 'false rule', 'or what the rule says, and it holds again');
do $$ begin perform private.add_score_event(pg_temp.id('bob'), '{"points": 40}', now()); end $$;
select is(pg_temp.vip('bob'), 'true rule', 'by the score');

-- Rules that change --------------------------------------------------------------------------------

create function pg_temp.work(wanted text) returns text language plpgsql as $$
declare
  ran record;
begin
  for turn in 1..20 loop
    select * into ran from private.run_batch((select id from private.batch_jobs where kind = wanted and workspace_id = pg_temp.id('home') and status = 'running' order by id desc limit 1));
    exit when ran.status is distinct from 'running';
  end loop;
  return ran.status;
end
$$;
select is(pg_temp.work('rescore'), 'completed', 'settings that change are a job');
select is(pg_temp.shown('ana'), '29 D active', 'that changes nothing here');
create temp table change as select jsonb_build_object('signals', jsonb_build_array(
    jsonb_build_object('id', pg_temp.id('price'), 'points', 30, 'cap', null, 'keywords', array['price', 'how much', 'tell us']),
    '{"name": "Morning", "kind": "keyword", "category": "fit", "points": 50, "keywords": ["good morning"]}'::jsonb,
    jsonb_build_object('id', pg_temp.id('chat'), 'is_deleted', true)), 'weights', '{"manual": 0}'::jsonb, 'grades', '{"A": 90}'::jsonb) as rules;
create temp table before as select id, score, grade from contacts where workspace_id = pg_temp.id('home');
create temp table simulation as select private.start_simulation(pg_temp.id('home'), rules) as id from change;
select is((select count(*) from private.batch_jobs where kind = 'rescore' and status = 'running'), 0::bigint, 'a simulation changes no rule');
select is(pg_temp.work('simulate'), 'completed', 'it is a job');
select set_eq('select id, score, grade from contacts where workspace_id = pg_temp.id(''home'')', 'table before', 'that changes no contact');
select is((select private.write_signal_changes(pg_temp.id('home'), rules -> 'signals') is not null from change), true, 'the change itself');
update workspace_settings set score_weights = '{"manual": 0}', grade_a = 90 where workspace_id = pg_temp.id('home');
select is((select count(*) from private.batch_jobs where kind = 'rescore' and status = 'running'), 1::bigint, 'sets off one rescoring');
select is(pg_temp.work('rescore'), 'completed', 'that ends');
select is((select answer.body::jsonb #> '{data,changed}' from simulation, private.simulation_answer(pg_temp.id('home'), id) answer),
  (select to_jsonb(count(*)) from before b join contacts c using (id) where b.grade is distinct from c.grade), 'and does what the simulation said');
select set_eq($$
  select e ->> 'contact_id' as id, (e ->> 'new_score')::int as score, e ->> 'new_grade' as grade
  from simulation, private.simulation_answer(pg_temp.id('home'), id) answer, jsonb_array_elements(answer.body::jsonb #> '{data,examples}') e $$,
  'select c.id::text, c.score, c.grade::text from before b join contacts c using (id) where b.grade is distinct from c.grade', 'contact by contact');
select is(pg_temp.shown('ana'), '90 A active', 'the past counts by the new rules');
select is((select count(*) from score_events where signal_id = pg_temp.id('chat')), 0::bigint, 'of a deleted signal nothing is left');
select throws_ok($$ select private.start_simulation(pg_temp.id('home'), '{"signals": [{"id": "00000000-0000-4000-8000-000000000000", "points": 1}]}') $$,
  'PT404', 'signal_not_found', 'what is not there cannot be changed');
select throws_ok($$ select private.start_simulation(pg_temp.id('home'), '{"grades": {"B": 95}}') $$, 'PT422', 'validation_failed',
  'what would be refused is refused');
select is((select array[l.auto_status::text, l.reason] from contact_activity a, private.workspace_settings(a.workspace_id) r,
    private.lifecycle(a.converted_at, a.shows_intent, a.message_count, a.last_inbound_at, a.last_sentiment_score, r, now()) l
  where contact_id = pg_temp.id('ana')), array['active', 'recent_messages'], 'why');
select is(private.explained_signals(pg_temp.id('ana'), pg_temp.id('home')) #>> '{0,name}', 'Price', 'what it is made of');
select is(private.explained_status(pg_temp.id('bob')) #>> '{vip,reason}', null, 'and why not');

-- Merges while it goes on ---------------------------------------------------------------------------

insert into contacts (id, workspace_id, name, created_at) values
  (pg_temp.id('passed'), pg_temp.id('home'), 'Passed', now() - interval '2 days'), (pg_temp.id('ahead'), pg_temp.id('home'), 'Ahead', now() - interval '1 day');
insert into conversations (id, workspace_id, contact_id) values (pg_temp.id('ahead thread'), pg_temp.id('home'), pg_temp.id('ahead'));
do $$ begin perform pg_temp.say('ahead', 'do you have any tulips for me', now()); end $$;
insert into scoring_signals (workspace_id, name, kind, category, points, keywords) values (pg_temp.id('home'), 'Tulips', 'keyword', 'fit', 33, '{tulips}');
update private.batch_jobs set state = state || jsonb_build_object('seen', 1, 'after_at', now() - interval '2 days', 'after_id', pg_temp.id('passed'))
where workspace_id = pg_temp.id('home') and kind = 'rescore' and status = 'running';
create temp table merged as select private.merge_contact(pg_temp.id('passed'), pg_temp.id('ahead')) as id;
select is((select score from contacts where id = pg_temp.id('passed')), 33, 'who is merged while all are rescored is rescored too');
delete from score_events where contact_id = pg_temp.id('passed');
do $$ begin perform private.undo_merge(pg_temp.id('home'), id) from merged; end $$;
select is((select array_agg(score order by created_at) from contacts where id in (pg_temp.id('passed'), pg_temp.id('ahead'))), '{0,33}', 'and whose merge is undone');
select is(pg_temp.work('rescore'), 'completed', 'it goes on');
insert into private.batch_jobs (workspace_id, kind, args, claims, status, total) values
  (pg_temp.id('away'), 'rescore', '{"signals": []}', '{}', 'running', 7), (pg_temp.id('away'), 'rescore', '{"signals": []}', '{}', 'completed', 0);
select is((private.rescoring_answer(pg_temp.id('away'))).body::jsonb -> 'data' ->> 'status', 'running',
  'what is still at work is told, also if a later one is done');
delete from private.batch_jobs where workspace_id = pg_temp.id('away') and status = 'running';
select is((private.rescoring_answer(pg_temp.id('away'))).body::jsonb -> 'data' ->> 'status', 'idle', 'until it is through');

-- A contact that comes -----------------------------------------------------------------------------

create temp table comers as select * from (values
  ('plain', 'new', 'none', 'new', false, false), ('lost', 'lost', 'none', 'new', false, false),
  ('qualified', 'qualified', 'none', 'qualified', false, true), ('pending', 'new', 'pending', 'qualified', false, true),
  ('converted', 'converted', 'none', 'converted', true, false), ('sold', 'qualified', 'sold', 'converted', true, true)
  ) c (label, status, sale_status, auto_status, bought, intends);
insert into contacts (id, workspace_id, name, status, sale_status, created_at)
select pg_temp.id(label), pg_temp.id('home'), label, status::contact_status, sale_status::contact_sale_status, private.now() from comers;
select is(array[c.auto_status::text, a.auto_status::text], array[m.auto_status, m.auto_status], label || ': begins as what its status says')
from comers m join contacts c on c.id = pg_temp.id(label) join contact_activity a on a.contact_id = c.id;
select results_eq($$ select label, a.converted_at is not distinct from case when bought then c.created_at end, a.shows_intent,
    d.due_at is not distinct from case when bought then c.created_at + interval '24 hours' * s.inactive_after_days end, c.version
    from comers join contacts c on c.id = pg_temp.id(label) join contact_activity a on a.contact_id = c.id
    left join private.due_contacts d on d.contact_id = c.id cross join private.workspace_settings(c.workspace_id) s order by label $$,
  $$ select label, true, intends, true, 1 from comers order by label $$, 'with the facts of it, looked at again when time changes it, and written once');
select ok(pg_temp.rebuilt(label), label || ': the same from nothing') from comers;

-- A contact that goes ------------------------------------------------------------------------------

delete from contacts where id = pg_temp.id('ana');
select is((select count(*) from score_events where contact_id = pg_temp.id('ana'))
  + (select count(*) from private.due_contacts where contact_id = pg_temp.id('ana')), 0::bigint, 'nothing is left of who goes');
select * from finish();
rollback;
