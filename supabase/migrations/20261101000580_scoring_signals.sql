-- Scoring signals: what of a contact's words and doings counts for its score, and what words are to
-- them. How messages are looked through: 000582. The ledger of what was found: 000910.

-- Words --------------------------------------------------------------------------------------------
--
-- No stop words: "how much" is a phrase worth finding. A word that stems do not know stays as it is.

create text search dictionary private.stem_en (template = pg_catalog.snowball, language = english);
create text search dictionary private.stem_es (template = pg_catalog.snowball, language = spanish);
create text search dictionary private.stem_pt (template = pg_catalog.snowball, language = portuguese);
create text search dictionary private.stem_fr (template = pg_catalog.snowball, language = french);
create text search dictionary private.stem_de (template = pg_catalog.snowball, language = german);

create text search configuration private.words_any (copy = pg_catalog.simple);
create text search configuration private.words_en (copy = pg_catalog.simple);
create text search configuration private.words_es (copy = pg_catalog.simple);
create text search configuration private.words_pt (copy = pg_catalog.simple);
create text search configuration private.words_fr (copy = pg_catalog.simple);
create text search configuration private.words_de (copy = pg_catalog.simple);
alter text search configuration private.words_en alter mapping for asciiword, word with private.stem_en;
alter text search configuration private.words_es alter mapping for asciiword, word with private.stem_es;
alter text search configuration private.words_pt alter mapping for asciiword, word with private.stem_pt;
alter text search configuration private.words_fr alter mapping for asciiword, word with private.stem_fr;
alter text search configuration private.words_de alter mapping for asciiword, word with private.stem_de;

create function private.word_vector(folded text, language text) returns tsvector
language plpgsql immutable
set search_path = ''
as $$
declare
  -- The parser would take the.end for a host, 24/7 for a file and <b> for nothing at all. Other marks part words.
  words text := replace(replace(replace(replace(replace(replace(replace(
    folded, '.', ' '), '-', ' '), '/', ' '), '+', ' '), '<', ' '), '&', ' '), '@', ' ');
begin
  -- Folding took accents away by which stems know endings: what differs for want of them is made one.
  return case language
    -- An apostrophe is left out as often as not; in other languages it parts words.
    when 'en' then to_tsvector('private.words_en', replace(words, '''', ''))
    when 'es' then to_tsvector('private.words_es', replace(replace(words, 'cion', 'ción'), 'ciónes', 'ciones'))
    when 'pt' then to_tsvector('private.words_pt', replace(words, 'oes', 'ao'))
    when 'fr' then to_tsvector('private.words_fr', replace(words, 'ee', 'e'))
    when 'de' then to_tsvector('private.words_de', words)
    else to_tsvector('private.words_any', words) end;
end
$$;
comment on function private.word_vector(text, text) is
  'A folded text → its words as stems of that language (en, es, pt, fr, de) with their places; null or another: words as they are.';

create function private.keyword_vector(body text, language text) returns tsvector
language plpgsql immutable
set search_path = ''
as $$
begin
  return private.word_vector(private.fold(left(body, 2000)), language);
end
$$;
comment on function private.keyword_vector(text, text) is
  'What a text is searched by for keywords: the words of its first 2,000 characters, see private.word_vector.';

create function private.keyword_query(keyword text, language text) returns tsquery
language plpgsql immutable
set search_path = ''
as $$
begin
  return (
    select string_agg(quote_literal(w.word), ' <-> ' order by w.place)::tsquery
    from (select u.lexeme as word, unnest(u.positions) as place from unnest(private.keyword_vector(keyword, language)) u) as w
  );
end
$$;
comment on function private.keyword_query(text, text) is
  'What finds a keyword in private.keyword_vector of the same language: its words in this order, next to each other; null if there is no word in it.';

create function private.plain_symbols(folded text) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return translate(folded, U&'\FE0E\FE0F\+01F3FB\+01F3FC\+01F3FD\+01F3FE\+01F3FF', '');
end
$$;
comment on function private.plain_symbols(text) is
  'A folded text without what only says how an emoji looks: colour of skin, in colours or not.';

create function private.keyword_substring(keyword text) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  plain text := btrim(private.plain_symbols(private.fold(keyword)));
begin
  return case when plain ~ '[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u20e3\u2190-\u2bff\u2e80-\u2fff\u3005-\u3007\u3040-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U0001f000-\U0003ffff]'
    then plain end;
end
$$;
comment on function private.keyword_substring(text) is
  'What is looked for as it is: a keyword with emoji, or in a script whose words have no spaces between them (CJK, Thai, Lao, Khmer, Myanmar); else null.';

-- Signals ------------------------------------------------------------------------------------------

create table public.scoring_signals (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  name text not null check (char_length(name) between 1 and 100),
  kind text not null check (kind in ('keyword', 'action', 'ai', 'manual')),
  category text not null check (category ~ '^[a-z][a-z0-9_]{0,31}$'),
  points int not null check (points between -1000 and 1000 and points <> 0),
  keywords text[] not null default '{}',
  language text check (language in ('en', 'es', 'pt', 'fr', 'de')),
  action text check (action ~ '^[a-z][a-z0-9_]{0,63}$'),
  description text check (char_length(description) <= 1000),
  buying_intent boolean not null default false,
  cap int check (cap > 0),
  half_life_days int check (half_life_days between 1 and 3650),
  cooldown_hours int check (cooldown_hours between 1 and 8760),
  is_active boolean not null default true,
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint scoring_signals_keywords check (cardinality(keywords) <= 100
    and (cardinality(keywords) > 0) = (kind = 'keyword') and array_position(keywords, null) is null),
  constraint scoring_signals_language check (language is null or kind = 'keyword'),
  constraint scoring_signals_action check ((action is not null) = (kind = 'action')),
  constraint scoring_signals_description check (kind <> 'ai' or description ~ '\S'),
  -- For references that hold the workspace together with the id.
  constraint scoring_signals_id_workspace_key unique (id, workspace_id)
);
create unique index scoring_signals_name_key on public.scoring_signals (workspace_id, lower(name));
create index scoring_signals_created_idx on public.scoring_signals (workspace_id, created_at, id);
create index scoring_signals_action_idx on public.scoring_signals (workspace_id, action) where action is not null;
comment on table public.scoring_signals is
  'What counts for a contact''s score. What it counted, for whom and by which evidence, is in the ledger of score events.';
comment on column public.scoring_signals.kind is
  'keyword: said in a message; action: done, by its name; ai: seen by a model; manual: given by people.';
comment on column public.scoring_signals.category is 'Points are multiplied with the weight of their category (workspace_settings.score_weights).';
comment on column public.scoring_signals.keywords is 'Words and phrases, found by their stems whatever their case and accents; any of them shows the signal.';
comment on column public.scoring_signals.language is 'Of the keywords; null: they are looked for in messages of every language.';
comment on column public.scoring_signals.description is 'Of kind ai: what a model is to look for.';
comment on column public.scoring_signals.buying_intent is 'Whoever shows it is a qualified lead.';
comment on column public.scoring_signals.cap is 'The most that it adds to a score, or takes from it, in points before their weight.';
comment on column public.scoring_signals.half_life_days is 'After so many days an event counts half; null: it counts for good.';
comment on column public.scoring_signals.cooldown_hours is 'It counts once in so many hours.';

create function private.signal_errors(s public.scoring_signals) returns table (path text, code text, message text)
language plpgsql immutable
set search_path = ''
as $$
begin
  return query
  select '/' || e.path, e.code, e.message
  from (values
    ('keywords', 'required', 'A signal of kind keyword has 1 to 100 keywords.',
      s.kind = 'keyword' and cardinality(s.keywords) not between 1 and 100),
    ('keywords', 'contradictory', format('A signal of kind %s has no keywords.', s.kind), s.kind <> 'keyword' and cardinality(s.keywords) > 0),
    ('language', 'contradictory', format('A signal of kind %s has no language.', s.kind), s.kind <> 'keyword' and s.language is not null),
    ('action', 'required', 'A signal of kind action names the action.', s.kind = 'action' and s.action is null),
    ('action', 'contradictory', format('A signal of kind %s has no action.', s.kind), s.kind <> 'action' and s.action is not null),
    ('description', 'required', 'A signal of kind ai says what a model is to look for.', s.kind = 'ai' and coalesce(s.description, '') !~ '\S')
  ) as e (path, code, message, is_wrong)
  where e.is_wrong
  union all
  select format('/keywords/%s', k.n - 1), 'invalid_value', case
    when char_length(k.word) between 1 and 100 then 'There is no word in it that could be looked for.'
    else 'A keyword has 1 to 100 characters.' end
  from unnest(s.keywords) with ordinality as k (word, n)
  where k.word is null or char_length(k.word) not between 1 and 100
    or private.keyword_query(k.word, 'any') is null and private.keyword_substring(k.word) is null;
end
$$;
comment on function private.signal_errors(public.scoring_signals) is
  'What of a signal does not fit its kind, and which keywords have nothing to be found by: path, code, sentence; no row if all is well.';

create function private.check_signal() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.refuse_fields((
    select coalesce(jsonb_agg(to_jsonb(e) order by e.path, e.code), '[]') from private.signal_errors(new) e));
  if tg_op = 'UPDATE' and new is distinct from old then
    new.version := old.version + 1;
    new.updated_at := now();
  end if;
  return new;
end
$$;
comment on function private.check_signal() is 'Trigger: refuses a signal that is not whole, with the reason per field; version and updated_at.';

create trigger scoring_signals_100_check before insert or update on public.scoring_signals
  for each row execute function private.check_signal();
create trigger scoring_signals_700_log_insert after insert on public.scoring_signals
  referencing new table as changed for each statement execute function private.log_rows('scoring_signal.created', 'scoring_signal');
create trigger scoring_signals_700_log_update after update on public.scoring_signals
  referencing old table as deleted new table as inserted for each statement
  execute function private.log_updates('scoring_signal.updated', 'scoring_signal', '{version,updated_at}');
create trigger scoring_signals_700_log_delete after delete on public.scoring_signals
  referencing old table as changed for each statement execute function private.log_rows('scoring_signal.deleted', 'scoring_signal');
