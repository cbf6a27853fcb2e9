-- The mood of messages and of their contacts: what words say, and that whatever happens to messages
-- a contact's moods are those of its messages as they are now.
begin;
set local search_path = public, extensions;
select plan(128);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('sentiment ' || label)::uuid $$;

-- Levels ----------------------------------------------------------------------------------------

select is(private.sentiment_level(score), level::sentiment_level, format('%s is %s', score, level))
from (values (-1, 'very_negative'), (-0.6, 'very_negative'), (-0.599, 'negative'), (-0.2, 'negative'), (-0.199, 'neutral'),
  (0, 'neutral'), (0.199, 'neutral'), (0.2, 'positive'), (0.599, 'positive'), (0.6, 'very_positive'), (1, 'very_positive'))
  v (score, level);
select is(private.sentiment_level(null), 'very_positive', 'nothing has no level of its own: who asks has a score');

-- Words -----------------------------------------------------------------------------------------

create function pg_temp.score(body text) returns numeric language sql as $$ select (private.read_sentiment(body)).score $$;
create function pg_temp.reading(body text) returns text language sql as $$
  select concat_ws(' ', coalesce(r.language, '-'), private.sentiment_level(r.score), case when not r.is_read then 'unread' end)
  from private.read_sentiment(body) r
$$;
select is(pg_temp.reading(body), expected, body)
from (values
  ('The service was good', 'en positive'), ('The service was not good', 'en negative'),
  ('El servicio es bueno', 'es positive'), ('El servicio no es bueno', 'es negative'),
  ('O atendimento foi bom', 'pt positive'), ('O atendimento não foi bom', 'pt negative'),
  ('Le service est bon', 'fr positive'), ('Le service n''est pas bon', 'fr negative'),
  ('Der Service war gut', 'de positive'), ('Der Service war nicht gut', 'de negative'),
  ('me gusta', 'es positive'), ('no me gusta', 'es negative'),
  -- The denial comes after the word.
  ('Das gefällt mir nicht', 'de negative'), ('j''aime pas la couleur', 'fr negative'),
  -- Only a denial makes these bad.
  ('Nobody answers', 'en negative'), ('Who answers?', 'en neutral'), ('nadie contesta', 'es negative'),
  ('no problem', 'en neutral'),
  -- A word of another language is none of this one: poison, and a present.
  ('Das ist Gift', 'de neutral'), ('die Wohnung', 'de neutral'),
  ('What do you have for a toothache?', 'en neutral'), ('Buenos días', 'es neutral'), ('good morning', 'en neutral'),
  ('boa tarde', 'pt neutral'), ('Guten Tag', 'de neutral'),
  -- As people write on phones.
  ('EXCELENTE', 'es very_positive'), ('pesimo servicio', 'es very_negative'), ('nao gostei', 'pt negative'), ('schoene Wohnung', 'de positive'),
  ('Muchas gracias😍', 'es very_positive'), ('The pizza was gooood', 'en positive'), ('thanks :)', 'en positive'),
  ('I am late :(', 'en negative'),
  ('👍🏽', '- positive'), ('Gracias👍🏽excelente', 'es very_positive'), ('Das kommt nie an 😡', 'de very_negative'), ('❤️', '- very_positive'), ('😡😡', '- very_negative'),
  -- Whoever is not understood is neutral, but for their emoji.
  ('Il servizio è stato pessimo, non tornerò mai più', '- neutral unread'), ('Спасибо большое, всё отлично', '- neutral unread'),
  ('Спасибо большое 😍', '- very_positive'), ('服务太差了', '- neutral unread'),
  ('48213', '- neutral unread'), ('', '- neutral unread'), (E' \n ', '- neutral unread')) v (body, expected);
select cmp_ok(pg_temp.score(less), '<', pg_temp.score(more), format('%s < %s', less, more))
from (values ('The food was good', 'The food was very good'), ('The food was very bad', 'The food was bad'),
  ('bastante lento', 'un poco lento'), ('The food was good', 'The food was good!!'), ('the food was good', 'THE FOOD WAS GOOD'),
  ('I love it but it is broken', 'It is broken but I love it'), ('It is terrible', 'Is it terrible?'), ('Sooo bad', 'bad')) v (less, more);
select cmp_ok(abs(pg_temp.score(repeat('terrible ', 5000))), '<=', 1.0, 'however long the text, a score is a score');
select is(pg_temp.reading(repeat('x', 100000) || ' terrible'), '- neutral unread', 'of a very long text the beginning is read');
select lives_ok(format('select private.read_sentiment(%L)', body), 'any text can be read: ' || left(body, 20))
from unnest(array['%_\', '''''', repeat('a', 3000), '🤦🏽‍♀️', E'\t', ':(((((', '<3<3', repeat('😡', 500)]) body;

-- The lexicon is what was compiled of it ----------------------------------------------------------

select is((select count(*) from private.sentiment_words w where (private.sentiment_codes(array[w.word]))[1] is distinct from w.codes),
  0::bigint, 'every word has the codes of its row');
insert into private.sentiment_words (word, codes) select 'leadbasic', codes from private.sentiment_words where word = 'excellent';
select is(pg_temp.reading('leadbasic'), '- neutral unread', 'a new word says nothing');
select private.compile_sentiment_words();
select is(pg_temp.reading('leadbasic'), 'en very_positive', 'until the lexicon is compiled');

-- Messages and their contacts ---------------------------------------------------------------------

insert into workspaces (id, name) values (pg_temp.id('workspace'), 'Workspace');
insert into contacts (id, workspace_id, name)
select pg_temp.id(who), pg_temp.id('workspace'), who from unnest(array['ana', 'bea', 'cai', 'dot']) who;
insert into conversations (id, workspace_id, contact_id)
select pg_temp.id('with ' || who), pg_temp.id('workspace'), pg_temp.id(who) from unnest(array['ana', 'bea', 'cai', 'dot']) who;
create function pg_temp.say(who text, label text, at text, body text, direction text default 'inbound') returns void language sql as $$
  insert into messages (id, workspace_id, conversation_id, contact_id, direction, sender_type, type, body, status, sent_at)
  values (pg_temp.id(label), pg_temp.id('workspace'), pg_temp.id('with ' || who), pg_temp.id(who), direction::message_direction,
    case direction when 'inbound' then 'contact' else 'agent' end::sender_type, 'text', body, 'received',
    ('2026-01-01 ' || at || '+00')::timestamptz)
$$;
create function pg_temp.mood(who text) returns text language sql as $$
  select concat_ws(' ', a.sentiment_count, a.sentiment_sum, a.sentiment_score, c.sentiment, a.last_sentiment_score,
    to_char(a.last_sentiment_at at time zone 'UTC', 'HH24:MI'))
  from contact_activity a join contacts c on c.id = a.contact_id where a.contact_id = pg_temp.id(who)
$$;
-- What the triggers kept is what all the messages say when they are read from nothing.
create function pg_temp.rebuilt(who text) returns text language plpgsql as $$
declare
  kept text := pg_temp.mood(who);
begin
  if exists (
    select from messages m left join lateral private.read_sentiment(m.body) r on m.direction = 'inbound' and m.revoked_at is null and m.body is not null
    where m.contact_id = pg_temp.id(who) and m.sentiment_source is distinct from 'model'
      and (m.sentiment_score, m.sentiment, m.sentiment_language, m.sentiment_source) is distinct from
        (coalesce(r.score, 0), private.sentiment_level(coalesce(r.score, 0)), r.language, case when r.is_read then 'words' end)) then
    return 'a message has another reading';
  end if;
  perform private.recount_sentiment(array[pg_temp.id(who)]);
  return case when pg_temp.mood(who) = kept then 'the same' else kept || ' <> ' || pg_temp.mood(who) end;
end
$$;
select is(pg_temp.mood('ana'), '0 0.000 0.000 neutral', 'who said nothing is neutral');
select pg_temp.say('ana', 'first', '10:00', 'The service was good');
select is(pg_temp.mood('ana'), '1 0.373 0.373 positive 0.373 10:00', 'a message is its contact''s mood');
select is((select concat_ws(' ', sentiment, sentiment_score, sentiment_language, sentiment_source) from messages where id = pg_temp.id('first')),
  'positive 0.373 en words', 'and says so itself');
select pg_temp.say('ana', 'second', '09:00', 'This is terrible');
select is(pg_temp.mood('ana'), '2 -0.294 -0.147 neutral 0.373 10:00', 'an older one counts, and is not the latest');
-- The level has changed twice.
create temp table before as select ctid as place, version from contacts where id = pg_temp.id('ana');
select pg_temp.say('ana', 'same second', '10:00', 'What time is it?');
select is(pg_temp.mood('ana'), '3 -0.294 -0.098 neutral 0.000 10:00', 'of one second the lower is the latest');
select pg_temp.say('ana', 'ours', '11:00', 'Excellent!!!', 'outbound');
select pg_temp.say('ana', 'no text', '11:00', null);
select pg_temp.say('ana', 'not understood', '11:00', 'Спасибо');
select is(pg_temp.mood('ana'), '3 -0.294 -0.098 neutral 0.000 10:00', 'what we say, what has no words and what is not understood does not count');
select results_eq($$ select sentiment::text, sentiment_score, sentiment_language, sentiment_source from messages
    where id in (pg_temp.id('ours'), pg_temp.id('no text'), pg_temp.id('not understood')) $$,
  $$ select 'neutral', 0.000, null, null from generate_series(1, 3) $$, 'nor has it a mood');
select results_eq($$ select ctid, version from contacts where id = pg_temp.id('ana') $$, 'table before', 'and the contact''s row was never written');
update messages set body = 'Excellent, great!!!' where id = pg_temp.id('ours');
select is(pg_temp.mood('ana'), '3 -0.294 -0.098 neutral 0.000 10:00', 'not even what we edit');
select is(pg_temp.rebuilt('ana'), 'the same', 'as if all were read now');

update messages set body = 'The service was awful' where id = pg_temp.id('first');
select is((select sentiment::text from messages where id = pg_temp.id('first')), 'very_negative', 'an edited message is read anew');
select is(pg_temp.mood('ana'), '3 -1.334 -0.445 negative -0.667 10:00', 'for its contact, too');
select is(pg_temp.rebuilt('ana'), 'the same', 'as if it had been so from the start');
update messages set sentiment_score = sentiment_score where contact_id = pg_temp.id('ana');
select is(pg_temp.mood('ana'), '3 -1.334 -0.445 negative -0.667 10:00', 'what is written without a change changes nothing');
update messages set revoked_at = now() where id = pg_temp.id('first');
select is(pg_temp.mood('ana'), '2 -0.667 -0.334 negative 0.000 10:00', 'what was taken back counts no more');
select is(pg_temp.rebuilt('ana'), 'the same', 'as if it had never been said');
update messages set body = 'great, great, great' where id = pg_temp.id('first');
select is(pg_temp.mood('ana'), '2 -0.667 -0.334 negative 0.000 10:00', 'not even when it is edited');
update messages set sent_at = '2026-01-01 12:00+00' where id = pg_temp.id('second');
select is(pg_temp.mood('ana'), '2 -0.667 -0.334 negative -0.667 12:00', 'the latest is by the time of the messages');
delete from messages where id = pg_temp.id('second');
select is(pg_temp.mood('ana'), '1 0.000 0.000 neutral 0.000 10:00', 'a message that is gone counts no more');
delete from messages where contact_id = pg_temp.id('ana');
select is(pg_temp.mood('ana'), '0 0.000 0.000 neutral', 'nor do all of them');

-- Merges ------------------------------------------------------------------------------------------

select pg_temp.say('bea', 'b1', '10:00', 'I love it');
select pg_temp.say('bea', 'b2', '11:00', 'not good');
select pg_temp.say('cai', 'c1', '11:30', 'horrible');
select pg_temp.say('cai', 'c2', '09:00', 'ok, thanks');
select private.merge_contacts(array[pg_temp.id('bea'), pg_temp.id('cai')]);
select is((select count(*) from contacts where id in (pg_temp.id('bea'), pg_temp.id('cai'))), 1::bigint, 'of two that are one');
select is(pg_temp.rebuilt(who), 'the same', 'the mood is that of all their messages') from unnest(array['bea', 'cai']) who
where exists (select from contacts where id = pg_temp.id(who));
select is(a.sentiment_count || ' ' || a.last_sentiment_score, '4 -0.667', 'each counted once') from contact_activity a
where a.contact_id in (pg_temp.id('bea'), pg_temp.id('cai'));

select lives_ok(format('select private.undo_merge(%L, %L)', workspace_id, id), 'and are two again') from contact_merges
where workspace_id = pg_temp.id('workspace');
select is(a.sentiment_count || ' ' || a.last_sentiment_score, v.expected, who || ' has the mood of before')
from (values ('bea', '2 -0.355'), ('cai', '2 -0.667')) v (who, expected)
join contact_activity a on a.contact_id = pg_temp.id(who);
select is(pg_temp.rebuilt(who), 'the same', 'which is that of all messages of ' || who) from unnest(array['bea', 'cai']) who;

-- A chat history that is told as news later ------------------------------------------------------------

select pg_temp.say('ana', 'from history', '08:00', 'good');
select private.apply_message_sums(private.sum_messages(array[pg_temp.id('from history')]), false);
select is(pg_temp.rebuilt('ana'), 'the same', 'a message that has the effects of news later counts once');

-- Many at once, by one statement ----------------------------------------------------------------------

insert into messages (workspace_id, conversation_id, contact_id, direction, sender_type, type, body, status, sent_at)
select pg_temp.id('workspace'), pg_temp.id('with dot'), pg_temp.id('dot'), 'inbound', 'contact', 'text',
  (array['great', 'awful', 'What time is it?', null, '😍'])[n % 5 + 1], 'received', '2026-02-01'::timestamptz + n % 7 * interval '1 second'
from generate_series(1, 100) n;
select is((select sentiment_count from contact_activity where contact_id = pg_temp.id('dot')), 80, 'a batch counts as its messages');
select is(pg_temp.rebuilt('dot'), 'the same', 'and is the same as one by one');

-- A language model ------------------------------------------------------------------------------------

select is((select count(*) from private.sentiment_queue), 0::bigint, 'nothing is queued without a model');
select is(private.sentiment_due(false), false, 'nor is anything due');
select is(private.sentiment_due(true), true, 'a model that is new is to be told');
select private.use_sentiment_model(true);
select is(private.sentiment_due(true), false, 'once');
select pg_temp.say('dot', 'm1', '10:00', 'good');
select pg_temp.say('dot', 'm2', '10:00', 'bad');
select pg_temp.say('dot', 'm3', '10:00', 'bad', 'outbound');
select set_eq('select message_id from private.sentiment_queue', array[pg_temp.id('m1'), pg_temp.id('m2')], 'what people write is queued');
select is(private.sentiment_due(true), true, 'and due');
select set_eq('select id, body, attempt from private.claim_sentiment(5)',
  $$ values (pg_temp.id('m1'), 'good', 1), (pg_temp.id('m2'), 'bad', 1) $$, 'it is claimed');
select is((select count(*) from private.claim_sentiment(5)), 0::bigint, 'once');
update messages set body = 'very good' where id = pg_temp.id('m2');
select private.finish_sentiment(jsonb_build_array(
  jsonb_build_object('id', pg_temp.id('m1'), 'attempt', 1, 'score', -0.9, 'language', 'it'),
  jsonb_build_object('id', pg_temp.id('m2'), 'attempt', 1, 'score', -0.9, 'language', 'it')), '[]');
select results_eq($$ select sentiment::text, sentiment_score, sentiment_language, sentiment_source from messages where id in (pg_temp.id('m1'),
    pg_temp.id('m2')) order by sentiment_source $$,
  $$ values ('very_negative', -0.900, 'it', 'model'), ('positive', 0.464, 'en', 'words') $$,
  'the model''s reading goes in the words'' place, but not that of a text that has changed');
select is(pg_temp.rebuilt('dot'), 'the same', 'and counts for the contact');
select set_eq('select message_id from private.sentiment_queue', array[pg_temp.id('m2')], 'what has changed is read again');
create function pg_temp.fail() returns void language sql as $$
  select private.finish_sentiment('[]', (select jsonb_agg(to_jsonb(c)) from private.claim_sentiment(5) c))
$$;
select pg_temp.fail();
select is((select next_attempt_at - now() from private.sentiment_queue), '10 seconds', 'what failed is due again later');
update private.sentiment_queue set next_attempt_at = now();
select pg_temp.fail();
select is((select next_attempt_at - now() from private.sentiment_queue), '40 seconds', 'and later');
update private.sentiment_queue set next_attempt_at = now();
select pg_temp.fail();
select is((select count(*) from private.sentiment_queue), 0::bigint, 'until the words'' reading stands');
select pg_temp.say('dot', 'm4', '10:00', 'bad');
update messages set revoked_at = now() where id = pg_temp.id('m4');
select is((select count(*) from private.claim_sentiment(5)), 0::bigint, 'what was taken back is not read');
select pg_temp.say('dot', 'm5', '10:00', 'bad');
select private.use_sentiment_model(false);
select is((select count(*) from private.sentiment_queue), 0::bigint, 'without the model nothing waits for it');
select pg_temp.say('dot', 'm6', '10:00', 'bad');
select is((select count(*) from private.sentiment_queue), 0::bigint, 'nor is anything queued');

select is(private.shorten_words(array['sooo', repeat('ab', 14) || 'ccc']), array['so', '!', repeat('ab', 14) || 'ccc'],
  'what is too long for a word is left as it is');
-- A pattern that looks back would take minutes.
set local statement_timeout = '5s';
select is((select pg_temp.score(string_agg(chr(97 + n * n % 26), '') || 'aaa') from generate_series(1, 1990) n), 0::numeric,
  'a message of one endless word is read in time');

select * from finish();
rollback;
