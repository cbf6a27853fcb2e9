-- The mood of what people write, read from its words. What is stored of it: 000820.

-- score: -1 … 1. language: null when it is none of those that are read. is_read: whether there was
-- anything to read, so that it counts for the contact, if only as neutral.
create type private.sentiment_reading as (score numeric(4, 3), language text, is_read boolean);

-- Words ---------------------------------------------------------------------------------------

create extension if not exists hstore with schema extensions;

create function private.compile_sentiment_words() returns void
language plpgsql
set search_path = ''
as $$
begin
  execute format($function$
    create or replace function private.sentiment_codes(words text[]) returns bigint[]
    language plpgsql immutable
    set search_path = ''
    as $body$
    begin
      return (%L::extensions.hstore operator(extensions.->) words)::bigint[];
    end
    $body$
    $function$, (select extensions.hstore(array_agg(w.word::text), array_agg(w.codes::text)) from private.sentiment_words w));
  comment on function private.sentiment_codes(text[]) is
    'Words → their codes in the lexicon as it was compiled last; null for those that are not in it.';
end
$$;
comment on function private.compile_sentiment_words() is
  'Makes private.sentiment_codes(words) of the lexicon: words → their codes, null for those that are not in it. All words of a message are looked up in a constant at once, in a tenth of the time that it takes to find their rows.';
select private.compile_sentiment_words();

create function private.shorten_words(words text[]) returns text[]
language plpgsql immutable
set search_path = ''
as $$
declare
  -- Longer ones are no words, and a pattern that looks back takes the square of their length.
  longest constant int := 30;
  shortened text[] := '{}';
  word text;
  doubled text;
begin
  foreach word in array words loop
    if char_length(word) > longest then
      shortened := shortened || word;
      continue;
    end if;
    doubled := regexp_replace(word, '([[:alpha:]])\1{2,}', '\1\1', 'g');
    shortened := shortened || case
      when doubled = word then array[word]
      when (private.sentiment_codes(array[doubled]))[1] is not null then array[doubled, '!']
      else array[regexp_replace(word, '([[:alpha:]])\1{2,}', '\1', 'g'), '!'] end;
  end loop;
  return shortened;
end
$$;
comment on function private.shorten_words(text[]) is
  'Words with letters held down ("sooo goood") as they are written else; each is as good as an exclamation mark. What has more than 30 letters stays as it is.';

create function private.sentiment_words_of(body text) returns text[]
language plpgsql immutable
set search_path = ''
as $$
declare
  line text := lower(left(body, 2000));
  words text[];
begin
  -- Patterns are dear and seldom needed, so what they are for is looked for first.
  if line ~ '[☀-➿⭐🀀-🫿]' then
    line := regexp_replace(line, '([☀-➿⭐🀀-🏺🐀-🫿])[️‍🏻-🏿]*', ' \1 ', 'g');
  end if;
  if strpos(line, ':') > 0 or strpos(line, ';') > 0 or strpos(line, '<3') > 0 then
    line := regexp_replace(regexp_replace(replace(line, '<3', ' ❤ '), '[:;]-?[)dp](?![[:alnum:]])', ' 🙂 ', 'g'),
      ':-?''?\((?![[:alnum:]])', ' 🙁 ', 'g');
  end if;
  words := string_to_array(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(line,
    ',', ' , '), '.', ' . '), '!', ' ! '), '?', ' ? '), ':', ' , '), E'\n', ' . '), '¡', ' '), '¿', ' '), '''', ' '), '’', ' '),
    '(', ' '), ')', ' '), '-', ' '), '"', ' '), '*', ' '), ' ');
  if line like '%aaa%' or line like '%eee%' or line like '%iii%' or line like '%ooo%' or line like '%uuu%' or line like '%sss%' then
    words := private.shorten_words(words);
  end if;
  return (array_remove(words, ''))[:400];
end
$$;
comment on function private.sentiment_words_of(text) is
  'A text → its words, emoji and punctuation marks, as the lexicon has them.';

-- Reading -------------------------------------------------------------------------------------

create function private.sentiment_place(codes bigint[]) returns int
language plpgsql immutable
set search_path = ''
as $$
declare
  evidence bigint := 0;
  words int := 0;
  packed bigint;
  best int;
begin
  foreach packed in array codes loop
    if packed >> 30 > 0 then
      evidence := evidence + (packed >> 30);
      words := words + 1;
      -- Enough to tell, and fewer than five bits can count.
      exit when words = 15;
    end if;
  end loop;
  best := greatest(evidence & 31, evidence >> 5 & 31, evidence >> 10 & 31, evidence >> 15 & 31, evidence >> 20 & 31);
  return case when best = 0 or best < evidence >> 25 then null
    when best = evidence & 31 then 0 when best = evidence >> 5 & 31 then 1 when best = evidence >> 10 & 31 then 2
    when best = evidence >> 15 & 31 then 3 else 4 end;
end
$$;
comment on function private.sentiment_place(bigint[]) is
  'The place of the language that most of the words speak for; null: none that is read.';

create function private.weigh_sentiment(codes bigint[], place int) returns double precision
language plpgsql immutable
set search_path = ''
as $$
declare
  total double precision := 0;
  clause double precision := 0;
  valence double precision;
  strength double precision;
  -- The place up to which what was said holds.
  denied_to int := 0;
  strong_to int := 0;
  -- What was said last, and what is lost should a word after it deny it.
  said double precision;
  loss double precision;
  deniable_to int := 0;
  shouts int := 0;
  i int := 0;
  packed bigint;
  code int;
begin
  foreach packed in array codes loop
    i := i + 1;
    code := packed >> (6 * place) & 63;
    continue when code is null or code = 0;
    if code = 63 then
      -- Good morning: a greeting is no praise.
      clause := clause - case when deniable_to = i + 2 then said else 0 end;
    elsif code < 46 or code >= 54 then
      valence := case when code < 46 then (code - 23) / 5.0 when i <= denied_to then (53 - code) / 2.5 else 0 end
        * case when i <= strong_to then strength else 1 end;
      if i > denied_to or packed >> 30 = 0 then
        said := valence;
        loss := case when code >= 54 then (53 - code) / 2.5 when valence > 0 then -1.5 * valence - 0.8 end;
        deniable_to := i + 3;
      elsif code < 46 then
        -- Not good is bad, but not bad is only fair.
        valence := case when valence > 0 then -0.5 * valence - 0.8 else -0.4 * valence end;
      end if;
      clause := clause + valence;
      strong_to := 0;
    elsif code in (48, 49) then
      strength := case code when 48 then 1.3 else 0.6 end;
      strong_to := i + 2;
    elsif code = 47 and i <= deniable_to and loss < 0 then
      clause := clause + loss;
      deniable_to := 0;
    elsif code in (46, 47) then
      denied_to := i + 4;
    else
      total := case code
        when 50 then 0.5 * (total + clause)
        -- Who asks does not say.
        when 52 then total + 0.25 * clause
        else total + clause end;
      shouts := shouts + (code = 53)::int;
      clause := 0;
      denied_to := 0;
      strong_to := 0;
      deniable_to := 0;
    end if;
  end loop;
  return (total + clause) * (1 + 0.1 * least(shouts, 4));
end
$$;
comment on function private.weigh_sentiment(bigint[], int) is
  'The codes of a message''s words in their order, read in the language of that place → what they weigh together; 0: nothing.';

create function private.read_sentiment(body text) returns private.sentiment_reading
language plpgsql immutable strict
set search_path = ''
as $$
declare
  codes bigint[] := private.sentiment_codes(private.sentiment_words_of(body));
  place int := private.sentiment_place(codes);
  weight double precision;
begin
  if place is null then
    -- Emoji need no language.
    codes := array(select c from unnest(codes) with ordinality as given (c, i) where c >> 30 = 0 order by i);
  end if;
  weight := private.weigh_sentiment(codes, coalesce(place, 0));
  if weight <> 0 and body = upper(body) and body <> lower(body) then
    weight := 1.2 * weight;
  end if;
  return row(round((weight / sqrt(weight * weight + 20))::numeric, 3), ('{en,es,pt,fr,de}'::text[])[place + 1],
    place is not null or weight <> 0)::private.sentiment_reading;
end
$$;
comment on function private.read_sentiment(text) is
  'What the words of a text say of its writer''s mood; of a language that is not known only the emoji.';
