-- Scoring signals: what is refused, what of a text finds which, in which language.
begin;
set local search_path = public, extensions;
select plan(147);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('scoring signals ' || label)::uuid $$;
insert into workspaces (id, name) values (pg_temp.id('home'), 'Home'), (pg_temp.id('away'), 'Away'), (pg_temp.id('full'), 'Full');
create function pg_temp.signal(label text, words text[], spoken text default null) returns void language sql as $$
  insert into scoring_signals (id, workspace_id, name, kind, category, points, keywords, language)
  values (pg_temp.id(label), pg_temp.id('home'), label, 'keyword', 'intent', 10, words, spoken)
$$;
create function pg_temp.found(body text, spoken text) returns text language sql as $$
  select coalesce(string_agg(s.name, ' ' order by s.name), '-')
  from scoring_signals s
  where s.id = any (private.signal_matches(body, spoken, private.workspace_queries(pg_temp.id('home'))))
$$;

create function pg_temp.refusal(words text[]) returns text language plpgsql as $$
declare
  extra text;
begin
  perform pg_temp.signal('refused', words);
exception when sqlstate 'PT422' then
  get stacked diagnostics extra = pg_exception_hint;
  return extra;
end
$$;

-- Stems, phrases, accents, case, punctuation ---------------------------------------------------------

-- keyword, text, language, whether the one is found in the other
create temp table cases (keyword text, body text, language text, is_found boolean, said text) on commit drop;
insert into cases values
  ('visit', 'We are VISITING on Monday', 'en', true, 'English stems'),
  ('booking', 'Can I book?', 'en', true, 'the keyword is stemmed as well'),
  ('house', 'Your opening hours, please', 'en', false, 'hours are no house'),
  ('house', 'Both houses, please', 'en', true, 'houses are'),
  ('price', 'The pricelist', 'en', false, 'a part of a word is not the word'),
  ('how much', 'How much?', 'en', true, 'a phrase of words that say nothing by themselves'),
  ('how much', 'how, very much', 'en', false, 'its words are next to each other'),
  ('how much', 'much how', 'en', false, 'in their order'),
  ('not interested', 'I''m NOT—interested', 'en', true, 'whatever mark is between'),
  ('price list', 'the price-list.', 'en', true, 'a hyphen'),
  ('the end', 'that is the.end', 'en', true, 'what looks like a host'),
  ('24 7', 'open 24/7', 'en', true, 'what looks like a file'),
  ('bed', 'a<bed>b', 'en', true, 'what looks like a tag'),
  ('acme', 'mail me@acme.com', 'en', true, 'what looks like an address'),
  ('5', 'not +5 nor -5 but.5', 'en', true, 'a number whatever its sign'),
  ('don''t want', 'I dont want it', 'en', true, 'an apostrophe that is left out'),
  ('dont want', 'I don’t want it', 'en', true, 'or typeset'),
  ('precio', '¿Qué PRECIOS tienen?', 'es', true, 'Spanish stems'),
  ('cuánto cuesta', 'cuanto   cuesta...', 'es', true, 'without its accent'),
  ('cuanto cuesta', '¡¿CUÁNTO cuesta?!', 'es', true, 'with an accent too many'),
  ('información', 'Más informaciones', 'es', true, 'a plural that loses the accent'),
  ('informaciones', 'mas informacion', 'es', true, 'and the other way round'),
  ('comprar', 'quiero compartir', 'es', false, 'sharing is not buying'),
  ('promoção', 'Tem promoções?', 'pt', true, 'Portuguese stems'),
  ('reuniões', 'uma reuniao', 'pt', true, 'without its tilde'),
  ('preço', 'Quais os PRECOS', 'pt', true, 'without its cedilla'),
  ('orçamento', 'oração', 'pt', false, 'a prayer is no estimate'),
  ('intéressé', 'Elle est interessee', 'fr', true, 'French stems'),
  ('rendez-vous', 'un Rendez vous', 'fr', true, 'a hyphen less'),
  ('appartement', 'l''appartement', 'fr', true, 'an article that is run together'),
  ('prix', 'je prie', 'fr', false, 'praying is no price'),
  ('Wohnung', 'zwei WOHNUNGEN', 'de', true, 'German stems'),
  ('Häuser', 'das Haus', 'de', true, 'with an umlaut'),
  ('Größe', 'grosse', 'de', true, 'and a sharp s'),
  ('Termin', 'Terminator', 'de', false, 'a Terminator is no appointment'),
  ('prezzo', 'Che PREZZO?', 'it', true, 'another language word by word'),
  ('prezzo', 'I prezzi', 'it', false, 'without stems'),
  ('цена', 'Какая Цена?', 'ru', true, 'another script'),
  ('سعر', 'كم سِعر', 'ar', true, 'from right to left, vowels left aside');
select is(coalesce(private.keyword_vector(body, language) @@ private.keyword_query(keyword, language), false), is_found,
  format('%s: %s in %s', said, keyword, body)) from cases;
-- The same for whole signals, and where the language of a text is not known.
do $$
declare
  c cases;
  n int := 0;
begin
  for c in select * from cases loop
    n := n + 1;
    perform pg_temp.signal('case ' || n, array['no such ' || c.keyword, c.keyword],
      case when c.language in ('en', 'es', 'pt', 'fr', 'de') then c.language end);
  end loop;
end
$$;
select is(array_position(private.signal_matches(c.body, c.language, private.workspace_queries(pg_temp.id('home'))),
    pg_temp.id('case ' || c.n)) is not null, c.is_found, format('as a signal, %s: %s in %s', c.said, c.keyword, c.body))
from (select *, row_number() over () as n from cases) as c;
select is(
  array(select c.n from (select *, row_number() over () as n from cases) c
    where c.is_found and not pg_temp.id('case ' || c.n)
      = any (private.signal_matches(c.body, null, private.workspace_queries(pg_temp.id('home')))) order by c.n),
  '{}', 'where a language is not known, what any of them finds is found');
delete from scoring_signals where workspace_id = pg_temp.id('home');
select is(pg_temp.found('anything', 'en'), '-', 'without signals nothing is found');
select is((select count(*) from private.signal_queries q join scoring_signals s on s.id = q.signal_id
  where s.workspace_id = pg_temp.id('home')), 0::bigint, 'nothing of them stays');

-- Languages ------------------------------------------------------------------------------------------

select pg_temp.signal('everywhere', '{price,precio}'), pg_temp.signal('spanish', '{precio,vale}', 'es');
select is(pg_temp.found('Qué precios', 'es'), 'everywhere spanish', 'a message in Spanish');
select is(pg_temp.found('precio', 'en'), 'everywhere', 'keywords of Spanish are not looked for in English');
select is(pg_temp.found('Vale, prices', null), 'everywhere spanish', 'but where the language is not known');
select is(pg_temp.found('precio', 'it'), 'everywhere', 'nor in a language that is known and has no stems');
select is(pg_temp.found('', 'es') || pg_temp.found(null, 'es') || pg_temp.found(null, null), '---', 'nothing said, nothing found');
select is(private.signal_matches('price', 'en', array(select q from private.signal_queries q
    where q.signal_id in (pg_temp.id('everywhere'), pg_temp.id('spanish')))), array[pg_temp.id('everywhere')],
  'queries without overviews are well too');
select is(pg_temp.found(repeat('x ', 997) || 'price', 'en') || ' ' || pg_temp.found(repeat('x ', 1000) || 'price', 'en'), 'everywhere -',
  'of a text the first 2,000 characters are read');
update scoring_signals set is_active = false where id = pg_temp.id('spanish');
select is(pg_temp.found('precio', 'es'), 'everywhere', 'what is switched off is not looked for');
update scoring_signals set is_active = true, keywords = '{cuesta}' where id = pg_temp.id('spanish');
select is(pg_temp.found('precio, costar, cuestan', 'es'), 'everywhere spanish', 'what is switched on again is, by the keywords that it has now');
select is(pg_temp.found('vale', 'es'), '-', 'and no more by the old ones');
update scoring_signals set language = 'fr' where id = pg_temp.id('spanish');
select is(pg_temp.found('cuesta', 'es') || ' ' || pg_temp.found('cuesta', 'fr'), '- spanish', 'and in the language that it has now');
insert into scoring_signals (workspace_id, name, kind, category, points, keywords)
values (pg_temp.id('away'), 'elsewhere', 'keyword', 'fit', 1, '{price}');
select is((select count(*) from unnest(private.signal_matches('price', 'en', private.workspace_queries(pg_temp.id('home'))))), 1::bigint,
  'signals of another workspace are not looked for');

-- What has no words ------------------------------------------------------------------------------------

select pg_temp.signal('cjk', '{价格,値段,가격}'), pg_temp.signal('thai', '{ราคา}'), pg_temp.signal('emoji', '{👍,❤️,🇪🇸}'),
  pg_temp.signal('mixed', '{Hot 🔥,iPhone价格}', 'en');
select is(pg_temp.found(body, spoken), expected, body)
from (values ('这个价格多少', null, 'cjk'), ('お値段はいくらですか', null, 'cjk'), ('가격이 얼마예요?', null, 'cjk'), ('价钱', null, '-'),
  ('สอบถามราคาหน่อย', null, 'thai'), ('great👍', 'en', 'emoji'), ('👍🏽', null, 'emoji'), ('love it ❤', 'en', 'emoji'), ('Olé 🇪🇸🇪🇸', 'es', 'emoji'),
  ('🇫🇷 👎', null, '-'), ('that is HOT 🔥🔥', 'en', 'mixed'), ('so hot', 'en', '-'), ('IPHONE价格?', 'en', 'cjk mixed'), ('hot 🔥', 'es', '-'),
  ('价格, price 👍', 'en', 'cjk emoji everywhere')) as v (body, spoken, expected);

-- All at once is each by itself ------------------------------------------------------------------------

select setseed(0.42);
create function pg_temp.words(n int) returns text language sql volatile as $$
  select string_agg(v.words[1 + floor(random() * 24)::int], (array[' ', ', ', '-', '? '])[1 + floor(random() * 4)::int])
  from generate_series(1, n) g,
    (select '{price,prices,how,much,precio,PRECIOS,cuánto,cuesta,informações,informação,maison,Häuser,house,hours,👍,👍🏽,价格,ราคา,don''t,dont,e-mail,24/7,la,de}'::text[]) as v (words)
  -- New for every row.
  where g is not null
$$;
insert into scoring_signals (workspace_id, name, kind, category, points, keywords, language)
select pg_temp.id('away'), 'random ' || n, 'keyword', 'fit', 1,
  array(select pg_temp.words(1 + floor(random() * 3)::int) from generate_series(1, 1 + n % 4) k where k <= n + 4),
  (array['en', 'es', 'pt', 'fr', 'de'])[n % 9]
from generate_series(1, 40) n;
create temp table texts on commit drop as
  select pg_temp.words(1 + n % 9) as body, (array['en', 'es', 'pt', 'fr', 'de', 'it'])[n % 8] as spoken from generate_series(1, 400) n;
create temp table compared on commit drop as
select t.body, t.spoken, array(
    select unnest(private.signal_matches(t.body, t.spoken, private.workspace_queries(pg_temp.id('away')))) order by 1) as at_once, array(
    select s.id from scoring_signals s
    where s.workspace_id = pg_temp.id('away') and exists (
      select from unnest(s.keywords) k, unnest('{en,es,pt,fr,de,any}'::text[]) l
      where (s.language is null or s.language = l)
        and (t.spoken is null or l = case when t.spoken = 'it' then 'any' else t.spoken end)
        and case when private.keyword_substring(k) is null then private.keyword_vector(t.body, l) @@ private.keyword_query(k, l)
          else strpos(private.plain_symbols(private.fold(t.body)), private.keyword_substring(k)) > 0 end)
    order by 1) as one_by_one
from texts t;
select is_empty('select * from compared where at_once <> one_by_one', 'random keywords are found in random texts as they are one by one');
select cmp_ok((select count(*) from compared where one_by_one <> '{}'), '>', 100::bigint, 'in many of them there are some');
select cmp_ok((select count(*) from compared where one_by_one = '{}'), '>', 10::bigint, 'and in some there are none');
delete from scoring_signals where workspace_id = pg_temp.id('away') and name like 'random %';

-- What is refused --------------------------------------------------------------------------------------

select throws_ok(format($$ insert into scoring_signals (workspace_id, name, kind, category, points, %s)
    values (pg_temp.id('home'), 'Refused', %s) $$, columns, given), 'PT422', 'validation_failed', format('refused: %s of %s', columns, given))
from (values ('keywords', $$'keyword', 'fit', 1, '{}'$$), ('keywords', $$'keyword', 'fit', 1, '{price,?!}'$$), ('keywords', $$'keyword', 'fit', 1, '{…}'$$),
  ('keywords', $$'keyword', 'fit', 1, '{。}'$$), ('keywords', $$'keyword', 'fit', 1, '{""}'$$), ('keywords', $$'keyword', 'fit', 1, '{price,null}'$$),
  ('keywords', $$'keyword', 'fit', 1, array[repeat('x', 101)]$$), ('keywords', $$'keyword', 'fit', 1, array_fill('x'::text, '{101}')$$),
  ('keywords', $$'manual', 'fit', 1, '{price}'$$), ('language', $$'ai', 'fit', 1, 'en'$$), ('action', $$'action', 'fit', 1, null$$),
  ('action', $$'manual', 'fit', 1, 'booked'$$), ('description', $$'ai', 'fit', 1, ' '$$)) as v (columns, given);
select throws_ok(format($$ update scoring_signals set %s where id = pg_temp.id('thai') $$, change), '23514', null, format('refused: %s', change))
from unnest(array[$$name = ''$$, 'points = 0', 'points = 1001', $$category = 'In Tent'$$, $$language = 'it'$$, 'cap = 0', 'half_life_days = 0',
  'half_life_days = 3651', 'cooldown_hours = 8761', $$kind = 'other', keywords = '{}'$$]) change;
select throws_ok($$ select pg_temp.signal('EMOJI', '{x}') $$, '23505', null, 'names are told apart by more than their case');
select is((select extra::jsonb -> 'errors' -> 0 ->> 'path' from pg_temp.refusal('{price,...}') as extra), '/keywords/1', 'the keyword is named');
select lives_ok($$ insert into scoring_signals (workspace_id, name, kind, category, points, action, description)
  select pg_temp.id('full'), 'Action ' || n, 'action', 'engagement', -5, 'action_' || n, null from generate_series(1, 500) n $$, '500 signals');
select throws_ok($$ insert into scoring_signals (workspace_id, name, kind, category, points) values (pg_temp.id('full'), 'One more', 'manual', 'fit', 1) $$,
  'PT409', 'too_many_signals', 'and no more');
select throws_ok($$ insert into scoring_signals (workspace_id, name, kind, category, points, keywords, language)
    select pg_temp.id('away'), 'Wordy ' || n, 'keyword', 'fit', 1, array(select 'word ' || k from generate_series(1, 100) k), 'en'
    from generate_series(1, 50) n $$, 'PT409', 'too_many_signals', 'nor more than 5,000 keywords, one being there');
select lives_ok($$ update scoring_signals set points = 6 where workspace_id = pg_temp.id('full') $$, 'those that are there can be changed');

-- Version and log --------------------------------------------------------------------------------------

select is((select min(version) || ' ' || max(version) from scoring_signals where workspace_id = pg_temp.id('full')), '2 2', 'a change is a version');
update scoring_signals set points = 6 where workspace_id = pg_temp.id('full');
select is((select max(version) from scoring_signals where workspace_id = pg_temp.id('full')), 2, 'no change is none');
delete from scoring_signals where id = pg_temp.id('cjk');
select is((select count(*) from activity_log where entity_type = 'scoring_signal' and action = 'scoring_signal.created'
  and workspace_id = pg_temp.id('full')), 500::bigint, 'what is made is logged');
select is((select changes from activity_log where workspace_id = pg_temp.id('full') and action = 'scoring_signal.updated' limit 1),
  '{"points": {"from": -5, "to": 6}}', 'what is changed is logged with the change');
select is((select count(*) from activity_log where entity_id = pg_temp.id('cjk') and action = 'scoring_signal.deleted'), 1::bigint,
  'what is deleted is logged');
select lives_ok($$ delete from workspaces where id in (pg_temp.id('home'), pg_temp.id('full')) $$, 'signals go with their workspace');
select is((select count(*) from private.signal_matchers where workspace_id = pg_temp.id('home')), 0::bigint, 'and what they are found by');

select * from finish();
rollback;
